//! The kiosk's purchases, one of them with a royalty share, and the batch by which it refunds them.

use anyhow::{Context, bail, ensure};
use danbao_merchant::protocol::batch_refund_notify::{BATCH_REFUND_NOTIFY, ItemResult, SUCCESS};
use danbao_merchant::protocol::ids::{OutTradeNo, PartnerId, TradeNo, UserId};
use danbao_merchant::protocol::money::Fen;
use danbao_merchant::protocol::params::Params;
use danbao_merchant::protocol::service::payment::{Amount, PaymentService, RoyaltyShare};
use danbao_merchant::protocol::sign::Md5Key;
use danbao_merchant::refund::{AccountRef, RefundBatch, RefundItem, RoyaltyRefund};
use danbao_merchant::{Account, CheckedBatch, Received, read_reply};
use danbao_protocol::charset::Charset;
use danbao_protocol::time::Timestamp;
use http::Method;
use serde_json::{Value, json};

use super::flow::{Flow, REFUNDED, Stage, direct, text};
use super::kiosk::{Heard, NOTIFY_PATH};
use super::report::Told;
use super::words::fill;

/// What becomes of the kiosk's purchases: all in one batch.
pub(super) const REFUNDS: &[Flow] = &[
    direct("batch_part", "utf-8", ("TRADE_SUCCESS", Some("REFUND_SUCCESS"))),
    direct("batch_all", "gbk", REFUNDED),
    direct("batch_royalty", "utf-8", REFUNDED),
];

const PRICE: Fen = Fen(1_000);
const PART: Fen = Fen(400);
const SHARE: Fen = Fen(300);
const SELLER: &str = "kiosk@danbao.example";
const AGENT: &str = "agent@danbao.example";

/// The kiosk's own side: its account under an advanced contract, and what it heard.
struct Kiosk<'a> {
    stage: &'a Stage<'a>,
    heard: &'a Heard,
    account: Account,
}

/// Buys, refunds and compares; what everybody knows of each purchase in the end.
pub(super) fn play(stage: &Stage<'_>, heard: &Heard, number: usize) -> Vec<Told> {
    let mut told: Vec<Told> = REFUNDS.iter().map(Told::of).collect();
    if let Err(error) = story(stage, heard, number, &mut told) {
        let trouble = format!("{error:#}");
        (stage.tell)(&stage.words.trouble(&trouble));
        for told in told.iter_mut().filter(|told| !told.agrees) {
            told.trouble = Some(trouble.clone());
        }
    }
    told
}

fn story(stage: &Stage<'_>, heard: &Heard, number: usize, told: &mut [Told]) -> anyhow::Result<()> {
    let kiosk = Kiosk { stage, heard, account: open(stage)? };
    for (at, (flow, told)) in (number..).zip(REFUNDS.iter().zip(told.iter_mut())) {
        (stage.tell)(&stage.words.heading(at, flow));
        kiosk.sell(flow, told)?;
    }
    (stage.tell)(&format!("\n{}\n", stage.words.batch));
    kiosk.refund(told)?;
    for (flow, told) in REFUNDS.iter().zip(told.iter_mut()) {
        kiosk.compare(flow, told)?;
    }
    kiosk.check_agent()
}

/// Signs the contract, and makes the agent who gets a share.
fn open(stage: &Stage<'_>) -> anyhow::Result<Account> {
    let contract = json!({ "seller_email": SELLER, "is_refundable": true, "fee_ppm": 6_000 });
    let made = stage.wire.sandbox(Method::POST, &stage.sandbox("partners"), Some(&contract))?;
    let agent = json!({ "email": AGENT });
    stage.wire.sandbox(Method::POST, &stage.sandbox("users"), Some(&agent))?;
    let partner = PartnerId::new(text(&made, "partner")?);
    let seller = UserId::new(text(&made, "seller_id")?);
    let gateway = format!("{}/gateway.do", stage.gateway);
    Ok(Account::new(partner, Md5Key::new(text(&made, "key")?), SELLER, seller, &gateway)?)
}

impl Kiosk<'_> {
    fn sell(&self, flow: &Flow, told: &mut Told) -> anyhow::Result<()> {
        let stage = self.stage;
        let charset = Charset::from_label(flow.charset).context("a flow's charset")?;
        let amount = Amount { price: PRICE, quantity: 1, discount: Fen::ZERO };
        let service = PaymentService::CreateDirectPayByUser;
        let order = OutTradeNo::new(format!("KIOSK-{}", flow.name));
        let mut request = self.account.payment(service, charset, order.clone(), "雨伞", amount);
        request.notify_url = Some(self.notify_url());
        if is_shared(flow) {
            request.direct.royalty = vec![RoyaltyShare {
                payer_email: None,
                receiver_email: AGENT.to_owned(),
                amount: SHARE,
                memo: "佣金".to_owned(),
            }];
        }
        told.out_trade_no = order.to_string();
        let checkout = json!({ "url": self.account.payment_url(&request)?, "buyer": stage.buyer });
        let paid = stage.wire.sandbox(Method::POST, &stage.sandbox("checkout"), Some(&checkout))?;
        if let Some(code) = paid.get("error_code") {
            bail!("the cashier refused: {code}");
        }
        told.trade_no = text(&paid, "trade_no")?;
        stage.step(told, fill(&stage.words.paid, &[&told.trade_no.clone()]));
        if is_shared(flow) {
            stage.step(told, fill(&stage.words.shared, &[&SHARE.to_string(), AGENT]));
        }
        stage.settle(told)
    }

    /// A part, all, all with the share, and one trade that does not exist.
    fn refund(&self, told: &mut [Told]) -> anyhow::Result<()> {
        let stage = self.stage;
        let items = REFUNDS.iter().zip(told.iter()).map(|(flow, told)| self.item(flow, &told.trade_no));
        let unknown = self.item(&REFUNDS[0], "2012010100000000");
        let clock = stage.wire.sandbox(Method::GET, &stage.sandbox("clock"), None)?;
        let now = Timestamp(clock["now_ms"].as_i64().context("no `now_ms`")?);
        let mut batch =
            self.account.refund_batch("001", items.chain([unknown]).collect(), Charset::Utf8, now);
        batch.notify_url = Some(self.notify_url());
        let reply = read_reply(&stage.wire.exchange(self.account.refund_request(&batch)?)?)?;
        ensure!(reply.is_success, "the batch was refused: {:?}", reply.error);
        let placed =
            fill(&stage.words.batch_sent, &[batch.batch_no.as_str(), &batch.items.len().to_string()]);
        (stage.tell)(&format!("   {placed}\n"));
        let checked = self.results(&batch)?;
        for result in checked.results() {
            (stage.tell)(&format!("   {}\n", self.line(result)));
            if let Some(told) = told.iter_mut().find(|told| told.trade_no == result.trade_no.as_str()) {
                ensure!(result.outcome.as_str() == SUCCESS, "{} was not refunded", told.trade_no);
                told.steps.push(self.line(result));
            }
        }
        let last = checked.results().last().map(|result| result.outcome.as_str());
        ensure!(last == Some("TRADE_NOT_EXISTS"), "an unknown trade came to {last:?}");
        for told in told.iter_mut() {
            stage.settle(told)?;
        }
        Ok(())
    }

    fn item(&self, flow: &Flow, trade_no: &str) -> RefundItem {
        let share = || RoyaltyRefund {
            payer: AccountRef::by_email(AGENT),
            receiver: AccountRef::by_email(SELLER),
            amount: SHARE,
            reason: "退佣金".to_owned(),
        };
        RefundItem {
            trade_no: TradeNo::new(trade_no),
            amount: if flow.ends == REFUNDED { PRICE } else { PART },
            reason: "雨停了".to_owned(),
            royalty: is_shared(flow).then(share).into_iter().collect(),
        }
    }

    /// Waits for the batch's result and believes it by the steps of the kit.
    fn results(&self, batch: &RefundBatch) -> anyhow::Result<CheckedBatch> {
        let mut heard = None;
        self.stage.until("the kiosk is told of the batch", || {
            heard = self.heard.all().into_iter().find(|body| is_of_batch(body));
            Ok(heard.is_some())
        })?;
        let body = heard.unwrap_or_default();
        let signed = Received::notification(None, &body)?.check_sign(&self.account)?;
        let answer = self.stage.wire.exchange(signed.question())?;
        Ok(signed.hear(&answer)?.against_batch(batch)?)
    }

    fn line(&self, result: &ItemResult) -> String {
        let charge = result.charge.as_ref().map_or(Fen::ZERO, |charge| charge.amount);
        let (amount, charge) = (result.amount.to_string(), charge.to_string());
        let words = [result.trade_no.as_str(), &amount, result.outcome.as_str(), &charge];
        fill(&self.stage.words.batch_item, &words)
    }

    fn compare(&self, flow: &Flow, told: &mut Told) -> anyhow::Result<()> {
        let trade = self.stage.trade(told)?;
        told.trade_status = text(&trade, "trade_status")?;
        told.refund_status = trade["refund_status"].as_str().map(str::to_owned);
        let states = self.states(&told.trade_no);
        told.shop_status = states.last().cloned().unwrap_or_default();
        told.delivered = states.iter().any(|state| state == "TRADE_SUCCESS");
        told.escrow_left = Fen::ZERO.to_string();
        let refunded = if flow.ends == REFUNDED { PRICE } else { PART };
        told.agrees = flow.ends == (told.trade_status.as_str(), told.refund_status.as_deref())
            && told.shop_status == told.trade_status
            && told.delivered
            && trade["refunded"] == refunded.to_string()
            && told.notices == told.attempts;
        Ok(())
    }

    /// The states of a trade that the kiosk was told.
    fn states(&self, trade_no: &str) -> Vec<String> {
        let heard = self.heard.all();
        let read = |body: &bytes::Bytes| {
            let params = Params::parse_urlencoded(body).ok()?;
            let is_of = params.get("trade_no") == Some(trade_no.as_bytes());
            let status = params.get("trade_status").filter(|_| is_of)?;
            Some(String::from_utf8_lossy(status).into_owned())
        };
        heard.iter().filter_map(read).collect()
    }

    /// The agent has given its share back.
    fn check_agent(&self) -> anyhow::Result<()> {
        let state = self.stage.wire.sandbox(Method::GET, &self.stage.sandbox("state"), None)?;
        let users = state["users"].as_array().map(Vec::as_slice).unwrap_or_default();
        let agent = users.iter().find(|user| user["email"] == AGENT).context("the agent is gone")?;
        let ledger = self.stage.wire.sandbox(Method::GET, &self.stage.sandbox("ledger"), None)?;
        let account = format!("user:{}", text(agent, "user_id")?);
        let left = ledger["accounts"].get(account).and_then(Value::as_str).unwrap_or("0.00");
        ensure!(left == "0.00", "the agent still holds {left}");
        Ok(())
    }

    fn notify_url(&self) -> String {
        format!("{}{NOTIFY_PATH}", self.stage.shop)
    }
}

fn is_shared(flow: &Flow) -> bool {
    flow.name == "batch_royalty"
}

fn is_of_batch(body: &[u8]) -> bool {
    let params = Params::parse_urlencoded(body).unwrap_or_default();
    params.get("notify_type") == Some(BATCH_REFUND_NOTIFY.as_bytes())
}
