//! The kiosk keeps what it is told of refused requests, each once (protocol.md §8.4).

use danbao_merchant::{Genuine, Received, Signed, answer};
use danbao_protocol::charset::Charset;
use danbao_protocol::node::{AskId, NoAnswer, Output, Response};
use danbao_store::{Error, Tx};

use super::{Care, Kiosk, Waiting};

/// Without a key, so that a merchant who forgets to look can keep a letter twice.
pub(super) const SCHEMA: &str =
    "CREATE TABLE complaint (notify_id TEXT NOT NULL, out_trade_no TEXT NOT NULL, code TEXT NOT NULL);";

impl Kiosk {
    /// Somebody says that a request was refused.
    pub(super) fn complaint(&mut self, ask: AskId, body: &[u8], charset: Charset, outputs: &mut Vec<Output>) {
        let signed = Received::notification(None, body).and_then(|letter| letter.check_sign(&self.account));
        match signed {
            Ok(signed) => self.send(signed.question(), Waiting::Complaint { ask, signed, charset }, outputs),
            Err(_) => outputs.push(Output::Respond { id: ask, response: answer::fail() }),
        }
    }

    /// The gateway has said whether the letter is its own.
    pub(super) fn hear_complaint(
        &mut self,
        signed: Signed,
        charset: Charset,
        outcome: &Result<Response, NoAnswer>,
    ) -> Result<Response, Error> {
        let genuine = outcome.as_ref().ok().and_then(|said| signed.hear(said).ok());
        let is_kept = match genuine {
            Some(genuine) => self.keep_complaint(genuine, charset)?,
            None => false,
        };
        Ok(if is_kept { answer::success() } else { answer::fail() })
    }

    fn keep_complaint(&mut self, genuine: Genuine, charset: Charset) -> Result<bool, Error> {
        let Ok(refused) = genuine.refused_request(charset) else { return Ok(false) };
        let notify_id = refused.notify_id().as_str();
        let mut tx = Tx::begin(&mut *self.conn)?;
        let sql = "SELECT 1 FROM complaint WHERE notify_id = $1 LIMIT 1";
        let is_known = tx.query_opt(sql, &[notify_id.into()])?.is_some();
        if !is_known || self.care == Care::NoDuplicateCheck {
            let number = refused.out_trade_no().map_or("", |number| number.as_str());
            tx.execute(
                "INSERT INTO complaint (notify_id, out_trade_no, code) VALUES ($1, $2, $3)",
                &[notify_id.into(), number.into(), refused.refused().as_str().into()],
            )?;
        }
        tx.commit()?;
        Ok(true)
    }
}
