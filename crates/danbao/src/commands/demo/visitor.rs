//! A buyer's browser at the shop: it keeps cookies, follows the shop's own redirects, and goes elsewhere when it is told.

use std::cell::RefCell;
use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use http::{Method, Uri, header};
use serde_json::{Value, json};

use super::wire::Wire;

/// How a purchase begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entrance {
    /// A program places the order.
    Program,
    /// 先登录后购买: signs in on a page of goods, then buys.
    LoginFirst,
    /// 先购买后登录: fills the cart, signs in, and uses an address from the gateway.
    CartFirst,
    /// Comes by a click on etao.
    Etao(Known),
}

/// Where a visitor from etao is signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// By the real name.
    AtThePlatform,
    /// By a nickname.
    AtTheMarket,
    /// And so has no name.
    Nowhere,
}

/// The browser.
pub(super) struct Visitor<'a> {
    wire: &'a Wire,
    gateway: &'a str,
    shop: &'a str,
    cookies: RefCell<BTreeMap<String, String>>,
}

/// What a page of the shop did: showed itself, or sent the browser on.
enum Came {
    Page(String),
    SentTo(String),
}

impl<'a> Visitor<'a> {
    pub(super) fn new(wire: &'a Wire, gateway: &'a str, shop: &'a str) -> Visitor<'a> {
        Visitor { wire, gateway, shop, cookies: RefCell::default() }
    }

    /// Signs in on this page of the shop, and is back on it.
    pub(super) fn sign_in(&self, page: &str, user: &str) -> anyhow::Result<()> {
        let url = sent(self.post("/login", &[("back", page)])?)?;
        let told = self.ask("login", &json!({ "url": url, "user": user }))?;
        let back = sent(self.get(&text(&told, "return_url")?)?)?;
        ensure!(back == page, "the login on {page} led to {back}");
        Ok(())
    }

    /// Clicks on a thing of the shop's on etao, and is on its page.
    pub(super) fn come_by_etao(
        &self,
        partner: &str,
        good: &str,
        user: Option<&str>,
        by_nickname: bool,
    ) -> anyhow::Result<()> {
        let target_url = format!("{}/goods/{good}?from=etao", self.shop);
        let click = json!({
            "partner": partner,
            "target_url": target_url,
            "user": user,
            "by_nickname": by_nickname,
            "return_url": format!("{}/login/return", self.shop),
        });
        let told = self.ask("etao", &click)?;
        let on = sent(self.get(&text(&told, "return_url")?)?)?;
        ensure!(on == target_url, "etao's {target_url} led to {on}");
        Ok(())
    }

    /// Chooses the first address of the gateway's book; the check-out is filled in with it.
    pub(super) fn use_my_address(&self) -> anyhow::Result<()> {
        let url = sent(self.post("/address", &[])?)?;
        let told = self.ask("address", &json!({ "url": url }))?;
        let (return_url, body) = (text(&told, "return_url")?, text(&told, "body")?);
        // Another site makes the browser POST: the shop's cookies stay at home.
        let answer = self.wire.post_form(&return_url, &body)?;
        let to = answer.headers().get(header::LOCATION).and_then(|to| to.to_str().ok());
        ensure!(to == Some("/checkout"), "the address was answered {}", answer.status());
        Ok(())
    }

    pub(super) fn put_into_cart(&self, good: &str) -> anyhow::Result<()> {
        sent(self.post("/cart", &[("good", good), ("add", "1")])?).map(drop)
    }

    /// By which name the shop greets this browser on a page, if it knows who it is.
    pub(super) fn greeted(&self, path: &str) -> anyhow::Result<Option<String>> {
        let page = match self.get(path)? {
            Came::Page(html) => html,
            Came::SentTo(elsewhere) => anyhow::bail!("{path} led to {elsewhere}"),
        };
        let greeting = page.split_once("class=\"who\"").and_then(|(_, rest)| rest.split_once("<b>"));
        let name = greeting.and_then(|(_, rest)| rest.split_once("</b>"));
        Ok(name.map(|(name, _)| name.to_owned()))
    }

    /// Places the order: the signed address of the cashier.
    pub(super) fn place(&self, service: &str, charset: &str) -> anyhow::Result<String> {
        let fields = [
            ("service", service),
            ("charset", charset),
            ("receive_name", "张三"),
            ("receive_mobile", "13900000000"),
            ("receive_zip", "200062"),
            ("receive_address", "某路100号"),
        ];
        sent(self.post("/checkout", &fields)?)
    }

    fn ask(&self, what: &str, body: &Value) -> anyhow::Result<Value> {
        let told =
            self.wire.sandbox(Method::POST, &format!("{}/sandbox/v1/{what}", self.gateway), Some(body))?;
        match told.get("error_code") {
            Some(code) => anyhow::bail!("{what} was refused: {code}"),
            None => Ok(told),
        }
    }

    fn get(&self, url: &str) -> anyhow::Result<Came> {
        self.go(Method::GET, url, String::new())
    }

    fn post(&self, path: &str, fields: &[(&str, &str)]) -> anyhow::Result<Came> {
        let mut form = danbao_protocol::params::Params::new();
        for (name, value) in fields {
            form.push(name, value.as_bytes());
        }
        self.go(Method::POST, path, form.to_urlencoded())
    }

    fn go(&self, method: Method, url: &str, form: String) -> anyhow::Result<Came> {
        let url = if url.starts_with('/') { format!("{}{url}", self.shop) } else { url.to_owned() };
        let uri: Uri = url.parse().with_context(|| format!("{url} is no address"))?;
        let cookies: Vec<String> =
            self.cookies.borrow().iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = http::Request::builder()
            .method(method)
            .uri(uri)
            .header(header::COOKIE, cookies.join("; "))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let answer = self.wire.exchange(request.body(form.into())?)?;
        for cookie in answer.headers().get_all(header::SET_COOKIE) {
            let pair = cookie.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
            if let Some((name, value)) = pair.split_once('=') {
                self.cookies.borrow_mut().insert(name.to_owned(), value.to_owned());
            }
        }
        let to = answer.headers().get(header::LOCATION).and_then(|to| to.to_str().ok());
        match to {
            Some(to) => Ok(Came::SentTo(to.to_owned())),
            None if answer.status().is_success() => {
                Ok(Came::Page(String::from_utf8_lossy(answer.body()).into_owned()))
            }
            None => anyhow::bail!("{url} was answered {}", answer.status()),
        }
    }
}

fn sent(came: Came) -> anyhow::Result<String> {
    match came {
        Came::SentTo(to) => Ok(to),
        Came::Page(_) => anyhow::bail!("the shop showed a page where it was to send the browser on"),
    }
}

fn text(value: &Value, key: &str) -> anyhow::Result<String> {
    value[key].as_str().map(str::to_owned).with_context(|| format!("no `{key}` in {value}"))
}
