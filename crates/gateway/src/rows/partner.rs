//! Partners: who may call, with which key, for which sellers.

use std::collections::BTreeSet;

use danbao_engine::triggers::Triggers;
use danbao_node::Fault;
use danbao_protocol::ids::{PartnerId, UserId};
use danbao_protocol::service::Service;
use danbao_protocol::sign::{Md5Key, SignType, Signer};
use danbao_protocol::time::Timestamp;
use danbao_store::{Bind, Conn};

use crate::rows::contract::{self, Terms};
use crate::rows::key::{self, Owner, StoredKey};
use crate::rows::word;

/// 合作者: a merchant under contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Partner {
    pub(crate) partner: PartnerId,
    /// 商户名称, shown at the cashier.
    pub(crate) display_name: String,
    /// The account that signed the contract.
    pub(crate) user_id: UserId,
    /// 服务费率, in parts per million.
    pub(crate) fee_ppm: i64,
    /// Advanced direct-pay contract: TRADE_SUCCESS first (protocol.md §5.6).
    pub(crate) is_refundable: bool,
    /// May set time-outs of its own (protocol.md §3.2).
    pub(crate) custom_timeouts: bool,
    /// The anti-phishing check is on: timestamp and client IP are required for direct pay (protocol.md §3.3).
    pub(crate) anti_phishing: bool,
    /// Which changes of direct pay it is told of (protocol.md §5.6).
    pub(crate) triggers: Triggers,
    /// Whether refused requests are told to their error_notify_url (protocol.md §8.4).
    pub(crate) error_notify: bool,
    /// Its keys, the newest of each kind first, retired ones among them.
    pub(crate) keys: Vec<StoredKey>,
    /// Interfaces that the contract names.
    pub(crate) services: BTreeSet<Service>,
    /// What it says beyond that.
    pub(crate) terms: Terms,
    /// Sellers on whose behalf the partner may ask for money.
    pub(crate) sellers: BTreeSet<UserId>,
}

impl Partner {
    /// What a request of this kind may be signed with, the newest first; empty if the partner has no key of the kind.
    pub(crate) fn accepted(&self, sign_type: SignType, now: Timestamp) -> Vec<&StoredKey> {
        let is_accepted = |stored: &&StoredKey| stored.sign_type == sign_type && stored.is_active(now);
        self.keys.iter().filter(is_accepted).collect()
    }

    /// The shared key to sign with.
    pub(crate) fn md5_key(&self, now: Timestamp) -> Option<Md5Key> {
        match key::signing(&self.keys, SignType::Md5, now)?.key.signer(SignType::Md5)? {
            Signer::Md5(key) => Some(key),
            _ => None,
        }
    }
}

/// Looks a partner up, with its keys, its contract and its sellers. Ask [`crate::turn::Turn::partner`], which does so
/// once a transaction.
pub(crate) fn load(tx: &mut dyn Conn, partner: &PartnerId) -> Result<Option<Partner>, Fault> {
    let id = [Bind::Text(partner.as_str())];
    let row = tx.query_opt(
        "SELECT display_name, user_id, fee_ppm, is_refundable, custom_timeouts, anti_phishing, triggers,
                error_notify
         FROM partner WHERE partner = $1",
        &id,
    )?;
    let Some(row) = row else { return Ok(None) };
    let (services, terms) = contract::load(tx, partner)?;
    let sellers = tx.query("SELECT user_id FROM partner_seller WHERE partner = $1", &id)?;
    Ok(Some(Partner {
        partner: partner.clone(),
        display_name: row.get(0)?,
        user_id: UserId::new(row.get::<String>(1)?),
        fee_ppm: row.get(2)?,
        is_refundable: row.get(3)?,
        custom_timeouts: row.get(4)?,
        anti_phishing: row.get(5)?,
        triggers: word(&row.get::<String>(6)?, Triggers::from_words)?,
        error_notify: row.get(7)?,
        keys: key::load(tx, &Owner::Partner(partner.clone()))?,
        services,
        terms,
        sellers: sellers
            .iter()
            .map(|row| Ok(UserId::new(row.get::<String>(0)?)))
            .collect::<Result<_, Fault>>()?,
    }))
}

/// Whether there is such a partner.
pub(crate) fn exists(tx: &mut dyn Conn, partner: &PartnerId) -> Result<bool, Fault> {
    let row = tx.query_opt("SELECT 1 FROM partner WHERE partner = $1", &[Bind::Text(partner.as_str())])?;
    Ok(row.is_some())
}

/// All partners' ids.
pub(crate) fn load_ids(tx: &mut dyn Conn) -> Result<Vec<PartnerId>, Fault> {
    let rows = tx.query("SELECT partner FROM partner ORDER BY partner LIMIT 100", &[])?;
    rows.iter().map(|row| Ok(PartnerId::new(row.get::<String>(0)?))).collect()
}

/// Writes what a partner wants to be told of. Ask [`crate::turn::Turn::change_partner`], which forgets what it knew.
pub(crate) fn update_telling(tx: &mut dyn Conn, partner: &Partner) -> Result<(), Fault> {
    tx.execute(
        "UPDATE partner SET triggers = $2, error_notify = $3 WHERE partner = $1",
        &[
            Bind::Text(partner.partner.as_str()),
            Bind::Text(&partner.triggers.words()),
            partner.error_notify.into(),
        ],
    )?;
    Ok(())
}

/// Writes a new partner with its keys, its contract and its sellers.
pub(crate) fn insert(tx: &mut dyn Conn, partner: &Partner, now: Timestamp) -> Result<(), Fault> {
    let id = Bind::Text(partner.partner.as_str());
    tx.execute(
        "INSERT INTO partner (partner, display_name, user_id, fee_ppm, is_refundable, custom_timeouts,
                              anti_phishing, created_at, triggers, error_notify)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        &[
            id,
            Bind::Text(&partner.display_name),
            Bind::Text(partner.user_id.as_str()),
            Bind::Int(partner.fee_ppm),
            partner.is_refundable.into(),
            partner.custom_timeouts.into(),
            partner.anti_phishing.into(),
            Bind::Int(now.0),
            Bind::Text(&partner.triggers.words()),
            partner.error_notify.into(),
        ],
    )?;
    for stored in &partner.keys {
        key::insert(tx, &Owner::Partner(partner.partner.clone()), stored)?;
    }
    for service in &partner.services {
        tx.execute(
            "INSERT INTO contract (partner, service) VALUES ($1, $2)",
            &[id, Bind::Text(service.as_str())],
        )?;
    }
    contract::save_terms(tx, &partner.partner, &partner.terms)?;
    for seller in &partner.sellers {
        tx.execute(
            "INSERT INTO partner_seller (partner, user_id) VALUES ($1, $2)",
            &[id, Bind::Text(seller.as_str())],
        )?;
    }
    Ok(())
}
