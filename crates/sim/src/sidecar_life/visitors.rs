//! Who is in at the little shop: browsers by their cookie, and the results that the sidecar sends them back with.

use base64ct::{Base64UrlUnpadded, Encoding};
use danbao_protocol::node::Request;
use danbao_protocol::time::Timestamp;
use danbao_store::{Conn, Error, Tx};
use hmac::{Hmac, KeyInit, Mac};
use http::header::COOKIE;
use serde_json::Value;
use sha2::Sha256;

use super::RESULT_SECRET;
use super::recipe::Care;

/// The name of the cookie.
pub(super) const COOKIE_NAME: &str = "sid";

/// What a browser was sent to the gateway for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Errand {
    Login,
    Address,
}

impl Errand {
    const fn column(self) -> &'static str {
        match self {
            Errand::Login => "login_state",
            Errand::Address => "address_state",
        }
    }

    /// What is asked for at the sidecar.
    pub(super) const fn path(self) -> &'static str {
        match self {
            Errand::Login => "/v1/logins",
            Errand::Address => "/v1/addresses",
        }
    }

    /// Where the browser is to be sent, in the sidecar's answer.
    pub(super) const fn url(self) -> &'static str {
        match self {
            Errand::Login => "login_url",
            Errand::Address => "address_url",
        }
    }
}

/// The browser's number in a request.
pub(super) fn sid(request: &Request) -> Option<String> {
    let line = request.headers().get(COOKIE)?.to_str().ok()?;
    let mut pairs = line.split("; ").filter_map(|pair| pair.split_once('='));
    pairs.find(|(name, _)| *name == COOKIE_NAME).map(|(_, value)| value.to_owned())
}

/// Remembers that this browser was sent away with this state.
pub(super) fn send_away(tx: &mut Tx<'_>, sid: &str, errand: Errand, state: &str) -> Result<(), Error> {
    let column = errand.column();
    tx.execute(
        &format!(
            "INSERT INTO visitor (sid, {column}) VALUES ($1, $2) ON CONFLICT (sid) DO UPDATE SET {column} = $2"
        ),
        &[sid.into(), state.into()],
    )?;
    Ok(())
}

/// Who is in on this browser.
pub(super) fn user_of(conn: &mut dyn Conn, sid: &str) -> Result<Option<String>, Error> {
    let row = conn.query_opt("SELECT user_id FROM visitor WHERE sid = $1", &[sid.into()])?;
    row.map_or(Ok(None), |row| row.get(0))
}

/// The claims of a result that is the sidecar's own and not too old, by hand and not with the sidecar's own code.
pub(super) fn claims(now: Timestamp, request: &Request) -> Option<Value> {
    let query = request.uri().query()?;
    let token = query.split('&').find_map(|pair| pair.strip_prefix("danbao_result="))?;
    let (signed, signature) = token.rsplit_once('.')?;
    let signature = Base64UrlUnpadded::decode_vec(signature).ok()?;
    let mac = Hmac::<Sha256>::new_from_slice(RESULT_SECRET).ok()?;
    mac.chain_update(signed).verify_slice(&signature).ok()?;
    let claims = Base64UrlUnpadded::decode_vec(signed.split_once('.')?.1).ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    (claims["exp"].as_i64()?.checked_mul(1000)? > now.0).then_some(claims)
}

/// Somebody comes back from the gateway; whether they are let on.
pub(super) fn come_back(tx: &mut Tx<'_>, care: Care, sid: &str, claims: &Value) -> Result<bool, Error> {
    let errand = match claims["kind"].as_str() {
        Some("login") => Errand::Login,
        Some("address") => Errand::Address,
        _ => return Ok(true),
    };
    if claims["verified"] != true {
        return Ok(false);
    }
    // Whoever comes from etao was sent by nobody, and has no state.
    if let Some(state) = claims["state"].as_str() {
        let column = errand.column();
        let sql = format!("UPDATE visitor SET {column} = NULL WHERE sid = $1 AND {column} = $2");
        let is_sent = tx.execute(&sql, &[sid.into(), state.into()])? == 1;
        if !is_sent && care != Care::NoState {
            return Ok(false);
        }
    }
    if let (Some(user_id), Errand::Login) = (claims["user_id"].as_str(), errand) {
        tx.execute(
            "INSERT INTO visitor (sid, user_id) VALUES ($1, $2) ON CONFLICT (sid) DO UPDATE SET user_id = $2",
            &[sid.into(), user_id.into()],
        )?;
        tx.execute(
            "INSERT INTO sign_in (sid, user_id, login_id) VALUES ($1, $2, $3)",
            &[sid.into(), user_id.into(), claims["login_id"].as_str().into()],
        )?;
    }
    Ok(true)
}
