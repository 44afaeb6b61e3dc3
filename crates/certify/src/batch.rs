//! The result of a refund batch, which comes to the same door as the messages about trades (protocol.md §7.5).

use bytes::Bytes;
use danbao_protocol::batch_refund_notify::{BatchResults, ItemResult, Outcome, build};
use danbao_protocol::ids::{BatchNo, TradeNo};
use danbao_protocol::money::Fen;

use crate::issue::{CannotIssue, Issued, Issuer, post};
use crate::scenario::Twist;

impl Issuer<'_> {
    /// Says that this order's trade was refunded in a batch, which the shop has not asked for; signed with the
    /// gateway's key or, forged, with another.
    pub(crate) fn batch_result(&self, is_forged: bool) -> Result<Issued, CannotIssue> {
        let item = ItemResult {
            trade_no: TradeNo::new(self.trade_no(&Twist::Plain)),
            amount: self.offer.total().unwrap_or(Fen::ZERO),
            outcome: Outcome::Success,
            charge: None,
        };
        let batch_no = BatchNo::new(format!("{}{:06}", self.created.wire_day(), self.serial % 1_000_000));
        let results = BatchResults { batch_no, success_num: 1, results: vec![item] };
        let mut params = build(&results, self.offer.charset()).map_err(CannotIssue::because)?;
        let notify_id = format!("{}{:018x}", self.trade_no(&Twist::Plain), self.run);
        params.push("notify_id", notify_id.as_bytes());
        params.push("notify_time", self.created.wire().as_bytes());
        let twist = if is_forged { Twist::WrongKey } else { Twist::Plain };
        self.sign(&mut params, &twist).map_err(CannotIssue::because)?;
        let page = self.offer.request.notify_url.as_deref().unwrap_or_default();
        const FORM: &str = "application/x-www-form-urlencoded";
        let request = post(page, Some(FORM), Bytes::from(params.to_urlencoded()))?;
        Ok(Issued { request, notify_id, is_known: true })
    }
}
