//! The purchases of the demo, and one buyer who makes them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use danbao_protocol::params::Params;
use http::Method;
use serde_json::{Value, json};

use super::report::Told;
use super::visitor::{Entrance, Known, Visitor};
use super::wire::Wire;
use super::words::{Words, fill};

/// One way to buy one thing.
pub(super) struct Flow {
    /// Its name in the JSON report.
    pub(super) name: &'static str,
    pub(super) service: &'static str,
    pub(super) charset: &'static str,
    /// How it begins.
    entrance: Entrance,
    /// What the buyer chooses at the cashier; only a dual trade asks.
    mode: Option<&'static str>,
    /// Where the money comes from: `balance` or `bank`.
    method: &'static str,
    /// What happens once it is paid.
    afterwards: &'static [Step],
    /// How it ends: `trade_status`, and `refund_status` if there was a refund.
    pub(super) ends: (&'static str, Option<&'static str>),
    /// How many notifications the shop refuses. The buyer of such a purchase also closes the page before it returns.
    refusals: u32,
}

/// Something that happens to a paid trade.
#[derive(Clone, Copy)]
enum Step {
    /// The shop ships, by interface.
    Ship,
    /// Buyer or seller do what the sandbox API calls by this name.
    Act(&'static str),
    /// Nobody does anything for so many days.
    Wait(u32),
}

const DIRECT: &str = "create_direct_pay_by_user";
const ESCROW: &str = "create_partner_trade_by_buyer";
const DUAL: &str = "trade_create_by_buyer";

const RECEIVED: &[Step] = &[Step::Ship, Step::Act("confirm_goods")];
const NEVER_SENT: &[Step] = &[Step::Act("apply_refund"), Step::Act("agree_refund")];
const SENT_BACK: &[Step] = &[
    Step::Ship,
    Step::Act("apply_refund"),
    Step::Act("refuse_refund"),
    Step::Act("apply_refund"),
    Step::Act("agree_refund"),
    Step::Act("return_goods"),
    Step::Act("confirm_return"),
];
/// What is bought.
const GOOD: &str = "bookmark";
const FINISHED: (&str, Option<&str>) = ("TRADE_FINISHED", None);
pub(super) const REFUNDED: (&str, Option<&str>) = ("TRADE_CLOSED", Some("REFUND_SUCCESS"));

/// Plain first; each charset with each service.
pub(super) const FLOWS: &[Flow] = &[
    flow("direct_by_balance", DIRECT, "utf-8", "balance"),
    flow("direct_by_bank", DIRECT, "gbk", "bank"),
    Flow { afterwards: RECEIVED, ..flow("escrow", ESCROW, "gbk", "balance") },
    Flow { afterwards: RECEIVED, ..flow("escrow_by_bank", ESCROW, "utf-8", "bank") },
    Flow { mode: Some("escrow"), afterwards: RECEIVED, ..flow("dual_as_escrow", DUAL, "utf-8", "balance") },
    Flow { mode: Some("direct"), ..flow("dual_as_direct", DUAL, "gbk", "balance") },
    Flow { refusals: 2, ..flow("direct_refused_twice", DIRECT, "utf-8", "balance") },
    Flow {
        afterwards: &[Step::Ship, Step::Wait(10)],
        ..flow("escrow_confirmed_by_time", ESCROW, "utf-8", "balance")
    },
    Flow { afterwards: NEVER_SENT, ends: REFUNDED, ..flow("refund_never_sent", ESCROW, "gbk", "bank") },
    Flow { afterwards: SENT_BACK, ends: REFUNDED, ..flow("refund_sent_back", ESCROW, "utf-8", "balance") },
    Flow { entrance: Entrance::LoginFirst, ..flow("login_then_buy", DIRECT, "utf-8", "balance") },
    Flow {
        entrance: Entrance::CartFirst,
        afterwards: RECEIVED,
        ..flow("cart_then_login", ESCROW, "gbk", "balance")
    },
    Flow {
        entrance: Entrance::Etao(Known::AtThePlatform),
        ..flow("etao_platform", DIRECT, "utf-8", "balance")
    },
    Flow { entrance: Entrance::Etao(Known::AtTheMarket), ..flow("etao_market", DIRECT, "gbk", "balance") },
    Flow { entrance: Entrance::Etao(Known::Nowhere), ..flow("etao_nobody", DIRECT, "utf-8", "bank") },
];

const fn flow(
    name: &'static str,
    service: &'static str,
    charset: &'static str,
    method: &'static str,
) -> Flow {
    let entrance = Entrance::Program;
    Flow {
        name,
        service,
        charset,
        entrance,
        mode: None,
        method,
        afterwards: &[],
        ends: FINISHED,
        refusals: 0,
    }
}

/// An instant purchase from the balance that ends in this way.
pub(super) const fn direct(
    name: &'static str,
    charset: &'static str,
    ends: (&'static str, Option<&'static str>),
) -> Flow {
    Flow { ends, ..flow(name, DIRECT, charset, "balance") }
}

#[cfg(test)]
impl Flow {
    /// What buyer and seller do in it.
    pub(super) fn deeds(&self) -> impl Iterator<Item = &'static str> {
        self.afterwards.iter().filter_map(|step| match *step {
            Step::Act(action) => Some(action),
            _ => None,
        })
    }
}

/// How long two programs on one machine may take to agree.
const AGREE_MAX: Duration = Duration::from_secs(20);
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// How far the sandbox's clock is moved when a notification waits for its next try.
const CLOCK_STEP_SECONDS: u32 = 120;

/// Everything a purchase needs.
pub(super) struct Stage<'a> {
    pub(super) wire: Wire,
    pub(super) gateway: String,
    pub(super) shop: String,
    pub(super) partner: String,
    pub(super) buyer: String,
    /// How many notifications the shop will still refuse.
    pub(super) refusals: Arc<AtomicU32>,
    pub(super) words: &'static Words,
    pub(super) tell: &'a dyn Fn(&str),
}

impl Stage<'_> {
    /// Buys, and says what everybody knows of it in the end.
    pub(super) fn play(&self, flow: &Flow) -> Told {
        let mut told = Told::of(flow);
        if let Err(error) = self.buy(flow, &mut told).and_then(|()| self.compare(flow, &mut told)) {
            told.trouble = Some(format!("{error:#}"));
        }
        told
    }

    /// What all balances of the ledger add up to; `0.00` or something is wrong.
    pub(super) fn imbalance(&self) -> anyhow::Result<String> {
        let ledger = self.wire.sandbox(Method::GET, &self.sandbox("ledger"), None)?;
        text(&ledger, "imbalance")
    }

    fn buy(&self, flow: &Flow, told: &mut Told) -> anyhow::Result<()> {
        let words = self.words;
        let payment_url = match flow.entrance {
            Entrance::Program => self.order(flow)?,
            entrance => self.browse(flow, entrance, told)?,
        };
        told.out_trade_no = number_in(&payment_url)?;
        self.step(told, fill(&words.placed, &[&told.out_trade_no]));

        self.refusals.store(flow.refusals, Ordering::Relaxed);
        let checkout = json!({
            "url": payment_url,
            "buyer": self.buyer,
            "mode": flow.mode,
            "method": flow.method,
        });
        let paid = self.wire.sandbox(Method::POST, &self.sandbox("checkout"), Some(&checkout))?;
        if let Some(code) = paid.get("error_code") {
            bail!("the cashier refused: {code}");
        }
        told.trade_no = text(&paid, "trade_no")?;
        self.step(told, fill(&words.paid, &[&told.trade_no]));

        if flow.refusals == 0 {
            let returned = self.wire.get(&text(&paid, "return_url")?)?;
            ensure!(returned.status().as_u16() < 400, "the page return was answered {}", returned.status());
            self.step(told, words.returned.to_owned());
        } else {
            self.step(told, words.closed.to_owned());
        }
        self.settle(told)?;
        for step in flow.afterwards {
            match *step {
                Step::Ship => self.ship(told)?,
                Step::Act(action) => self.act(told, action)?,
                Step::Wait(days) => self.wait(told, days)?,
            }
            self.settle(told)?;
        }
        Ok(())
    }

    /// A program places an order: the signed address of the cashier.
    fn order(&self, flow: &Flow) -> anyhow::Result<String> {
        let order = json!({
            "service": flow.service,
            "charset": flow.charset,
            "lines": [{ "good": GOOD, "quantity": 1 }],
        });
        let order = self.wire.open(Method::POST, &format!("{}/orders", self.shop), Some(&order))?;
        text(&order, "payment_url")
    }

    /// A buyer comes to the shop, by login or by etao, and places an order: the signed address of the cashier.
    fn browse(&self, flow: &Flow, entrance: Entrance, told: &mut Told) -> anyhow::Result<String> {
        let words = self.words;
        let visitor = Visitor::new(&self.wire, &self.gateway, &self.shop);
        match entrance {
            Entrance::Program => {}
            Entrance::LoginFirst => {
                visitor.sign_in(&format!("/goods/{GOOD}"), &self.buyer)?;
                self.step(told, words.login_first.clone());
                visitor.put_into_cart(GOOD)?;
            }
            Entrance::CartFirst => {
                visitor.put_into_cart(GOOD)?;
                visitor.sign_in("/checkout", &self.buyer)?;
                self.step(told, words.cart_first.clone());
                visitor.use_my_address()?;
                self.step(told, words.address.clone());
            }
            Entrance::Etao(known) => {
                let user = Some(self.buyer.as_str()).filter(|_| known != Known::Nowhere);
                visitor.come_by_etao(&self.partner, GOOD, user, known == Known::AtTheMarket)?;
                let name = visitor.greeted(&format!("/goods/{GOOD}"))?;
                ensure!(name.is_some() == user.is_some(), "the shop takes a visitor from etao for {name:?}");
                let told_name = name.map(|name| fill(&words.etao, &[&name]));
                self.step(told, told_name.unwrap_or_else(|| words.etao_nobody.clone()));
                visitor.put_into_cart(GOOD)?;
            }
        }
        visitor.place(flow.service, flow.charset)
    }

    fn ship(&self, told: &mut Told) -> anyhow::Result<()> {
        let url = format!("{}/orders/{}/ship", self.shop, told.out_trade_no);
        let shipped = self.wire.post_form(&url, "logistics_name=EMS&invoice_no=EA123456789CN")?;
        ensure!(shipped.status().as_u16() < 400, "shipping was answered {}", shipped.status());
        self.until("the trade waits for the goods to be confirmed", || {
            Ok(self.trade(told)?["trade_status"] == "WAIT_BUYER_CONFIRM_GOODS")
        })?;
        self.step(told, self.words.shipped.to_owned());
        Ok(())
    }

    fn act(&self, told: &mut Told, action: &'static str) -> anyhow::Result<()> {
        let actions = self.sandbox(&format!("trades/{}/actions", told.trade_no));
        let done = self.wire.sandbox(Method::POST, &actions, Some(&json!({ "action": action })))?;
        if let Some(code) = done.get("error_code") {
            bail!("{action} was refused: {code}");
        }
        self.step(told, self.words.deed(action).to_owned());
        Ok(())
    }

    /// Lets days pass on the gateway's clock.
    fn wait(&self, told: &mut Told, days: u32) -> anyhow::Result<()> {
        let advance = json!({ "seconds": days * 86_400 });
        self.wire.sandbox(Method::POST, &self.sandbox("clock/advance"), Some(&advance))?;
        self.step(told, fill(&self.words.waited, &[&days.to_string()]));
        Ok(())
    }

    /// Waits until the shop has acknowledged every notification; moves the clock for those it has refused.
    pub(super) fn settle(&self, told: &mut Told) -> anyhow::Result<()> {
        let started = Instant::now();
        let mut advanced_after = 0;
        loop {
            let trade = self.trade(told)?;
            let notices = trade["notices"].as_array().map(Vec::as_slice).unwrap_or_default();
            self.retell(told, notices);
            let waiting = notices.iter().find(|notice| notice["state"] != "acknowledged");
            let Some(waiting) = waiting else { return Ok(()) };
            ensure!(started.elapsed() < AGREE_MAX, "a notification stays unacknowledged: {waiting}");
            let attempts = waiting["attempts"].as_array().map(Vec::as_slice).unwrap_or_default();
            if attempts.len() > advanced_after {
                advanced_after = attempts.len();
                let advance = json!({ "seconds": CLOCK_STEP_SECONDS });
                self.wire.sandbox(Method::POST, &self.sandbox("clock/advance"), Some(&advance))?;
            }
            std::thread::sleep(LOOK_AGAIN);
        }
    }

    /// Tells the attempts that have not been told yet.
    fn retell(&self, told: &mut Told, notices: &[Value]) {
        let mut attempts = Vec::new();
        for notice in notices {
            let words = |key: &str| notice[key].as_str().unwrap_or_default().to_owned();
            let status =
                format!("{} {}", words("trade_status"), words("refund_status")).trim_end().to_owned();
            for attempt in notice["attempts"].as_array().map(Vec::as_slice).unwrap_or_default() {
                attempts.push((status.clone(), attempt["answer"].as_str().unwrap_or_default()));
            }
        }
        for (status, answer) in attempts.iter().skip(told.attempts) {
            self.step(told, fill(&self.words.notified, &[status.as_str(), answer]));
        }
        told.attempts = attempts.len();
        told.notices = notices.len();
    }

    /// Gathers what gateway, ledger and shop say, and whether it is the same.
    fn compare(&self, flow: &Flow, told: &mut Told) -> anyhow::Result<()> {
        let trade = self.trade(told)?;
        told.trade_status = text(&trade, "trade_status")?;
        told.refund_status = trade["refund_status"].as_str().map(str::to_owned);
        let order = format!("{}/orders/{}.json", self.shop, told.out_trade_no);
        self.until("the shop knows what the gateway knows", || {
            let order = self.wire.open(Method::GET, &order, None)?;
            told.shop_status = order["status"].as_str().unwrap_or_default().to_owned();
            told.delivered = order["delivered"] == true;
            let same_refund = order["refund_status"].as_str() == told.refund_status.as_deref();
            Ok(told.shop_status == told.trade_status && same_refund)
        })?;
        let ledger = self.wire.sandbox(Method::GET, &self.sandbox("ledger"), None)?;
        let escrow = ledger["accounts"].get(format!("escrow:{}", told.trade_no));
        told.escrow_left = escrow.and_then(Value::as_str).unwrap_or("0.00").to_owned();
        let refused = told.attempts.saturating_sub(told.notices);
        told.agrees = flow.ends == (told.trade_status.as_str(), told.refund_status.as_deref())
            && told.shop_status == told.trade_status
            && told.delivered
            && told.escrow_left == "0.00"
            && text(&ledger, "imbalance")? == "0.00"
            && refused == flow.refusals as usize;
        Ok(())
    }

    pub(super) fn trade(&self, told: &Told) -> anyhow::Result<Value> {
        self.wire.sandbox(Method::GET, &self.sandbox(&format!("trades/{}", told.trade_no)), None)
    }

    pub(super) fn sandbox(&self, path: &str) -> String {
        format!("{}/sandbox/v1/{path}", self.gateway)
    }

    pub(super) fn until(
        &self,
        what: &str,
        mut seen: impl FnMut() -> anyhow::Result<bool>,
    ) -> anyhow::Result<()> {
        let started = Instant::now();
        while !seen()? {
            ensure!(started.elapsed() < AGREE_MAX, "waited in vain until {what}");
            std::thread::sleep(LOOK_AGAIN);
        }
        Ok(())
    }

    pub(super) fn step(&self, told: &mut Told, text: String) {
        (self.tell)(&format!("   {text}\n"));
        told.steps.push(text);
    }
}

/// The order's number, as the shop has signed it.
fn number_in(payment_url: &str) -> anyhow::Result<String> {
    let query = payment_url.split_once('?').map_or("", |(_, query)| query);
    let params = Params::parse_urlencoded(query.as_bytes())?;
    let number = params.get("out_trade_no").with_context(|| format!("no out_trade_no in {payment_url}"))?;
    Ok(String::from_utf8_lossy(number).into_owned())
}

pub(super) fn text(value: &Value, key: &str) -> anyhow::Result<String> {
    value[key].as_str().map(str::to_owned).with_context(|| format!("no `{key}` in {value}"))
}
