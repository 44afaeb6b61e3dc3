//! The kiosk gives money back: batches that it keeps, asks for, and hears the results of (protocol.md §7.5).

use danbao_merchant::refund::{AccountRef, RefundBatch, RefundItem, RoyaltyRefund};
use danbao_merchant::{Account, Genuine, Received, Signed, answer, read_reply};
use danbao_protocol::charset::Charset;
use danbao_protocol::ids::TradeNo;
use danbao_protocol::money::Fen;
use danbao_protocol::node::{AskId, NoAnswer, Output, Response};
use danbao_protocol::params::Params;
use danbao_protocol::time::Timestamp;
use danbao_store::{Error, Tx};
use serde_json::{Value, json};

use super::{Kiosk, Waiting};
use crate::stage::SHOP;

/// Batches by number, and what the merchant believes came of each item.
pub(super) const SCHEMA: &str = "
    CREATE TABLE batch (batch_no TEXT PRIMARY KEY, sequence TEXT NOT NULL, wish TEXT NOT NULL, asked_at BIGINT NOT NULL);
    CREATE TABLE batch_result (
        batch_no TEXT NOT NULL, line BIGINT NOT NULL, trade_no TEXT NOT NULL, amount BIGINT NOT NULL,
        outcome TEXT NOT NULL, charge BIGINT NOT NULL
    );";

impl Kiosk {
    /// A clerk wants a new batch, `{"items": [...]}`, or one that is kept asked for once more, `{"batch_no": "..."}`.
    pub(super) fn refund(
        &mut self,
        now: Timestamp,
        ask: AskId,
        body: &[u8],
        outputs: &mut Vec<Output>,
    ) -> Result<(), Error> {
        let wish: Value = serde_json::from_slice(body).unwrap_or_default();
        let batch = match wish["batch_no"].as_str() {
            Some(batch_no) => self.kept(batch_no)?,
            None => self.keep(now, &wish)?,
        };
        if wish["by_page"] == true {
            let form = batch.and_then(|batch| self.page_form(&batch)).unwrap_or_else(|| json!({}));
            outputs.push(Output::Respond { id: ask, response: Response::new(form.to_string().into()) });
            return Ok(());
        }
        let request =
            batch.and_then(|batch| Some((self.account.refund_request(&batch).ok()?, batch.batch_no)));
        match request {
            Some((request, batch_no)) => {
                let batch_no = batch_no.to_string();
                self.send(request, Waiting::Batch { ask, batch_no }, outputs);
            }
            None => outputs.push(Output::Respond { id: ask, response: Response::new("{}".into()) }),
        }
        Ok(())
    }

    /// The form that leads the seller to the gateway's page, as a browser would send it.
    fn page_form(&self, batch: &RefundBatch) -> Option<Value> {
        let html = self.account.refund_form(batch, "退款").ok()?;
        let (_, rest) = html.split_once("action=\"")?;
        let (url, fields) = rest.split_once('"')?;
        let mut params = Params::new();
        for field in fields.split("<input type=\"hidden\" name=\"").skip(1) {
            let (name, rest) = field.split_once("\" value=\"")?;
            let (value, _) = rest.split_once("\">")?;
            params.push(name, &batch.charset.encode(&unescaped(value)).ok()?);
        }
        Some(
            json!({ "batch_no": batch.batch_no.as_str(), "url": unescaped(url), "body": params.to_urlencoded() }),
        )
    }

    /// Writes a batch down before anybody is asked for it: its result must be held against it.
    fn keep(&mut self, now: Timestamp, wish: &Value) -> Result<Option<RefundBatch>, Error> {
        let asked_at = now.plus(self.gateway_ahead);
        let mut tx = Tx::begin(&mut *self.conn)?;
        let sequence = format!("{:05}", Kiosk::count(&mut tx)?);
        let Some(batch) = batch_of(&self.account, &sequence, wish, asked_at) else { return Ok(None) };
        tx.execute(
            "INSERT INTO batch (batch_no, sequence, wish, asked_at) VALUES ($1, $2, $3, $4)",
            &[
                batch.batch_no.as_str().into(),
                sequence.as_str().into(),
                wish.to_string().as_str().into(),
                asked_at.0.into(),
            ],
        )?;
        tx.commit()?;
        Ok(Some(batch))
    }

    fn kept(&mut self, batch_no: &str) -> Result<Option<RefundBatch>, Error> {
        let sql = "SELECT sequence, wish, asked_at FROM batch WHERE batch_no = $1";
        let Some(row) = self.conn.query(sql, &[batch_no.into()])?.into_iter().next() else { return Ok(None) };
        let (sequence, wish): (String, String) = (row.get(0)?, row.get(1)?);
        let wish = serde_json::from_str(&wish).unwrap_or_default();
        Ok(batch_of(&self.account, &sequence, &wish, Timestamp(row.get(2)?)))
    }

    /// What the gateway said to a batch: `T`, a code, or nothing that can be read.
    pub(super) fn answer_clerk(batch_no: &str, outcome: &Result<Response, NoAnswer>) -> Response {
        let reply = outcome.as_ref().ok().and_then(|said| read_reply(said).ok());
        let said = reply.map(|reply| if reply.is_success { Some("T".to_owned()) } else { reply.error });
        Response::new(json!({ "batch_no": batch_no, "said": said.flatten() }).to_string().into())
    }

    /// Somebody brings the result of a batch.
    pub(super) fn letter(&mut self, ask: AskId, body: &[u8], outputs: &mut Vec<Output>) {
        let signed = Received::notification(None, body).and_then(|letter| letter.check_sign(&self.account));
        match signed {
            Ok(signed) => self.send(signed.question(), Waiting::Letter { ask, signed }, outputs),
            Err(_) => outputs.push(Output::Respond { id: ask, response: answer::fail() }),
        }
    }

    /// The gateway has said whether the letter is its own.
    pub(super) fn hear_letter(
        &mut self,
        signed: Signed,
        outcome: &Result<Response, NoAnswer>,
    ) -> Result<Response, Error> {
        let genuine = outcome.as_ref().ok().and_then(|said| signed.hear(said).ok());
        let is_taken_in = match genuine {
            Some(genuine) => self.take_in(genuine)?,
            None => false,
        };
        Ok(if is_taken_in { answer::success() } else { answer::fail() })
    }

    /// Believes the result if it is that of the batch, and writes it down once.
    fn take_in(&mut self, genuine: Genuine) -> Result<bool, Error> {
        let Ok(batch_no) = genuine.batch_named() else { return Ok(false) };
        let Some(batch) = self.kept(batch_no.as_str())? else { return Ok(false) };
        let Ok(checked) = genuine.against_batch(&batch) else { return Ok(false) };
        let mut tx = Tx::begin(&mut *self.conn)?;
        let sql = "SELECT line FROM batch_result WHERE batch_no = $1 LIMIT 1";
        if tx.query_opt(sql, &[batch_no.as_str().into()])?.is_some() {
            return Ok(true);
        }
        for (line, result) in (1_i64..).zip(checked.results()) {
            let charge = result.charge.as_ref().map_or(0, |charge| charge.amount.0);
            tx.execute(
                "INSERT INTO batch_result (batch_no, line, trade_no, amount, outcome, charge)
                 VALUES ($1, $2, $3, $4, $5, $6)",
                &[
                    batch_no.as_str().into(),
                    line.into(),
                    result.trade_no.as_str().into(),
                    result.amount.0.into(),
                    result.outcome.as_str().into(),
                    charge.into(),
                ],
            )?;
        }
        tx.commit()?;
        Ok(true)
    }
}

/// What an attribute of HTML says.
fn unescaped(text: &str) -> String {
    let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    entities.into_iter().fold(text.to_owned(), |text, (entity, character)| text.replace(entity, character))
}

/// The batch of a clerk's wish.
fn batch_of(account: &Account, sequence: &str, wish: &Value, asked_at: Timestamp) -> Option<RefundBatch> {
    let items = wish["items"].as_array()?.iter().map(item).collect::<Option<Vec<_>>>()?;
    let charset = Charset::from_label(wish["charset"].as_str()?)?;
    let mut batch = account.refund_batch(sequence, items, charset, asked_at);
    batch.notify_url = Some(format!("http://{SHOP}/refunds/notify"));
    Some(batch)
}

/// An item as a clerk writes it: `trade_no`, `amount` in fen, and shares that come back.
fn item(wish: &Value) -> Option<RefundItem> {
    let share = |part: &Value| {
        Some(RoyaltyRefund {
            payer: AccountRef::by_email(part["payer"].as_str()?),
            receiver: AccountRef::by_email(part["receiver"].as_str()?),
            amount: Fen(part["amount"].as_i64()?),
            reason: String::new(),
        })
    };
    Some(RefundItem {
        trade_no: TradeNo::new(wish["trade_no"].as_str()?),
        amount: Fen(wish["amount"].as_i64()?),
        reason: "退款".to_owned(),
        royalty: wish["royalty"].as_array().into_iter().flatten().map(share).collect::<Option<_>>()?,
    })
}
