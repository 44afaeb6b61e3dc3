//! Orders and payment requests that the shop has given up: closed at the gateway soon, or paid and told as late.

use std::time::Duration;

use danbao_store::Error;

use super::{Audit, Case, Event, Wish, rows};
use crate::sidecar_life::office::order_no;

/// The sidecar asks at least once a day, and needs an answer.
const CLOSED_WITHIN: Duration = Duration::from_secs(2 * 86_400);

/// A trade in the gateway's books.
struct Trade {
    out_trade_no: String,
    status: String,
    created_at: i64,
    paid_at: Option<i64>,
    closed_at: Option<i64>,
}

pub(super) fn audit(
    audit: &mut Audit,
    case: &Case<'_>,
    events: &[Event],
    wishes: &[Wish],
) -> Result<(), Error> {
    let trades = rows(
        &case.disks.gateway,
        "SELECT r.out_trade_no, t.trade_status, t.gmt_create, t.gmt_payment, t.gmt_close
         FROM trade t JOIN payment_request r ON r.trade_no = t.trade_no ORDER BY t.trade_no",
        |c| {
            Ok(Trade {
                out_trade_no: c.next()?,
                status: c.next()?,
                created_at: c.next()?,
                paid_at: c.next()?,
                closed_at: c.next()?,
            })
        },
    )?;
    for trade in &trades {
        let given_up = given_up(&trade.out_trade_no, wishes);
        match (trade.paid_at, given_up) {
            (Some(paid_at), _) => late(audit, &trade.out_trade_no, paid_at, given_up, events, wishes),
            (None, Some(at)) => {
                audit.mark("unpaid trade closed for the shop");
                let from = at.max(trade.created_at).max(case.quiet_since.0);
                let bound = from.saturating_add(i64::try_from(CLOSED_WITHIN.as_millis()).unwrap_or(i64::MAX));
                if trade.status != "TRADE_CLOSED" || trade.closed_at.is_none_or(|closed| closed > bound) {
                    let Trade { out_trade_no, status, closed_at, .. } = trade;
                    audit.find(format!(
                        "gateway: {out_trade_no} was to be closed at {at} and is {status} since {closed_at:?}"
                    ));
                }
            }
            (None, None) => {}
        }
    }
    Ok(())
}

/// When the shop was first told that this is not to be paid any more.
fn given_up(number: &str, wishes: &[Wish]) -> Option<i64> {
    let closes = |wish: &&Wish| {
        let order = format!("/v1/orders/{}/close", order_no(number));
        wish.is_granted()
            && (wish.path == order || wish.path == format!("/v1/payment_requests/{number}/close"))
    };
    wishes.iter().filter(closes).map(|wish| wish.answered_at).min()
}

/// Whether anybody has ever asked for this to be closed, heard or not; another payment request closes the earlier ones.
fn may_be_given_up(number: &str, wishes: &[Wish]) -> bool {
    let order = format!("/v1/orders/{}/", order_no(number));
    wishes.iter().any(|wish| {
        let replaces = wish.kind == "again" && wish.body["keep_others"] != true;
        let closes = wish.kind == "close order" || replaces;
        (closes && wish.path.starts_with(&order))
            || wish.path == format!("/v1/payment_requests/{number}/close")
    })
}

/// What was paid after the shop had given it up is told as late, and nothing else is but a second payment: the first has
/// closed its way.
fn late(
    audit: &mut Audit,
    number: &str,
    paid_at: i64,
    given_up: Option<i64>,
    events: &[Event],
    wishes: &[Wish],
) {
    let told = events.iter().find(|event| event.is_paid() && event.text("out_trade_no") == number);
    let Some(event) = told else { return };
    let is_late = event.body["data"]["late"] == true;
    audit.mark(if is_late { "paid late" } else { "paid in time" });
    let must_be = given_up.is_some_and(|at| at < paid_at);
    let may_be = event.kind() == "order.paid_again" || may_be_given_up(number, wishes);
    if (must_be && !is_late) || (is_late && !may_be) {
        audit.find(format!(
            "sidecar: {number} was given up at {given_up:?} and paid at {paid_at}, told as late: {is_late}"
        ));
    }
}
