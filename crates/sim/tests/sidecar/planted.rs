//! Bugs that are planted in the sidecar and in the shops behind it: the audit finds each of them.

use danbao_sim::sidecar_life::{Care, Cast, Kind, live};
use danbao_sim::tampered::{Fate, Plant, Tampered, int, run, text};
use danbao_store::{Conn, Error, Value};

/// Seeds in one of which a bug must have shown.
const SEEDS: u64 = 12;

/// Whether a bug is found in one of the seeds, in these words.
fn is_found(kind: Kind, cast: Cast, words: &str) {
    let mut others = Vec::new();
    for seed in 0..SEEDS {
        let findings = live(&kind.draw(seed), cast, false).unwrap().findings;
        if findings.iter().any(|finding| finding.contains(words)) {
            return;
        }
        others.extend(findings);
    }
    panic!("nobody says {words:?}; said was {others:?}");
}

fn careless(care: Care) -> Cast {
    Cast { shop: care, ..Cast::PRODUCT }
}

fn careless_reader(care: Care) -> Cast {
    Cast { reader: care, ..Cast::PRODUCT }
}

macro_rules! planted {
    ($($name:ident: $kind:ident, $cast:expr, $words:literal;)+) => {$(
        #[test]
        fn $name() {
            is_found(Kind::$kind, $cast, $words);
        }
    )+};
}

macro_rules! planted_in_the_sidecar {
    ($($name:ident: $kind:ident, $bug:ident, $words:literal;)+) => {$(
        #[test]
        fn $name() {
            let sidecar_conn = |conn| Tampered::boxed(conn, Planted(Bug::$bug));
            is_found(Kind::$kind, Cast { sidecar_conn, ..Cast::PRODUCT }, $words);
        }
    )+};
}

planted! {
    a_shop_that_forgets_which_events_it_has_taken_in_is_found:
        Drawn, careless(Care::NoEventRow), "taken in 2 times";
    a_shop_that_believes_unsigned_webhooks_is_found:
        Drawn, careless(Care::NoSignature), "was never told by the sidecar";
    a_shop_that_keeps_its_place_in_another_transaction_is_found:
        Drawn, careless_reader(Care::CursorFirst), "taken in 0 times";
    a_shop_that_lets_in_whoever_brings_a_result_is_found:
        Visits, careless(Care::NoState), "the burglar is in as";
    a_shop_that_passes_over_money_that_came_again_is_found:
        Tries, careless(Care::NoSecondMoney), "webhook shop: came again";
    a_shop_that_keeps_a_place_of_a_lost_history_is_found:
        Restored, careless_reader(Care::KeepsPlace), "taken in 0 times";
    a_shop_that_compares_changes_of_two_histories_is_found:
        Restored, careless(Care::KeepsChanges), "webhook shop: the trades stand at";
    a_shop_that_packs_by_the_event_and_not_by_the_order_is_found:
        Restored, careless_reader(Care::NoOrderKey), "feed shop: packed were";
}

planted_in_the_sidecar! {
    a_sidecar_that_drops_an_event_is_found: Drawn, Dropped, "stands at";
    a_sidecar_that_writes_an_event_twice_is_found: Drawn, Doubled, "told as paid 2 times";
    a_sidecar_that_forgets_what_it_answered_to_a_key_is_found: Drawn, Forgetful, "was refused";
    a_sidecar_that_never_asks_by_itself_is_found: Drawn, NeverAsks, "last told was";
    a_sidecar_that_never_hears_the_shop_is_back_is_found: Drawn, GoneForGood, "is waiting after";
    a_sidecar_that_heeds_a_410_from_before_is_found: Drawn, OldGone, "is waiting after";
    a_sidecar_that_refunds_once_for_each_try_is_found: Refunds, Forgetful, "was asked for once and is";
    a_sidecar_that_refunds_another_amount_is_found: Refunds, OtherAmount, "which the shop did not ask for";
    a_sidecar_that_says_a_failed_refund_succeeded_is_found: Refunds, RefundLies, "is told as refund.succeeded";
    a_sidecar_that_forgets_what_came_of_a_batch_is_found: Refunds, ResultForgotten, "told [], made were [[";
    a_sidecar_that_lets_a_buyer_in_as_another_is_found: Visits, SignedInAsAnother, "was made 0 times";
    a_sidecar_that_forgets_who_is_in_is_found: Visits, SignInUntold, "was let in 1 times, told";
    a_sidecar_that_mixes_up_addresses_is_found: Visits, AddressMixedUp, "which the buyer did not choose";
    a_sidecar_that_pays_an_order_twice_is_found: Tries, PaidTwice, "is order.paid, first: false";
    a_sidecar_that_is_silent_about_money_that_came_again_is_found: Tries, SilentAgain, "told as paid 0 times";
    a_sidecar_that_never_closes_is_found: Tries, NeverCloses, "was to be closed at";
    a_sidecar_that_does_not_say_late_is_found: Tries, NeverLate, "told as late: false";
    a_sidecar_that_waits_to_be_told_is_found_where_switches_are_off: Frost, NeverAsks, "last told was";
    a_sidecar_that_forgets_a_letter_about_a_refusal_is_found: Frost, LetterForgotten, "was heard, and forgotten";
    a_sidecar_that_is_silent_about_a_refusal_is_found: Frost, RefusalUntold, "were kept, told were {}";
    a_sidecar_that_tells_another_reason_is_found: Frost, RefusalReworded, "SELLER_NOT_EXIST";
    a_sidecar_that_names_events_of_two_histories_alike_is_found:
        Restored, NoTail, "says something else than the sidecar";
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bug {
    /// Every third event is not written, nor is its delivery.
    Dropped,
    /// Every event of a payment is written once more, under a name and a place of its own.
    Doubled,
    /// No answer is kept under its Idempotency-Key.
    Forgetful,
    /// No trade is ever asked after.
    NeverAsks,
    /// Once the shop wanted no webhooks, it is never called again.
    GoneForGood,
    /// A try that was on its way when the shop came back still counts.
    OldGone,
    /// A fen more than was asked for is refunded.
    OtherAmount,
    /// Every refund is told as made.
    RefundLies,
    /// What came of a batch is told to nobody.
    ResultForgotten,
    /// Whoever signs in is told as somebody else.
    SignedInAsAnother,
    /// Nobody is told of anybody who signs in.
    SignInUntold,
    /// An address is kept with another name on it.
    AddressMixedUp,
    /// An order can be paid as often as one likes.
    PaidTwice,
    /// Money that came again is an ordinary change.
    SilentAgain,
    /// Nothing is ever closed.
    NeverCloses,
    /// Nothing is ever told as late.
    NeverLate,
    /// Letters about refused payment requests are told of, and not kept.
    LetterForgotten,
    /// Refused payment requests are told to nobody.
    RefusalUntold,
    /// Every refusal is told with the same code.
    RefusalReworded,
    /// The number of an event is all of its name.
    NoTail,
}

/// One bug in the sidecar.
struct Planted(Bug);

/// The same event again, as if it had been written by two.
fn double(conn: &mut dyn Conn, sql: &str, binds: &[Value]) -> Result<(), Error> {
    let [Value::Int(seq), Value::Text(id), order_no, at, Value::Text(body)] = binds else { return Ok(()) };
    let next = seq + 1;
    let tail = id.rsplit('_').next().unwrap_or_default();
    let second = format!("evt_{next:016}_{tail}");
    let body = body.replace(id, &second);
    conn.execute("UPDATE counter SET value = value + 1 WHERE name = 'event'", &[])?;
    let again = [Value::Int(next), Value::Text(second), order_no.clone(), at.clone(), Value::Text(body)];
    run(conn, sql, &again)?;
    Ok(())
}

/// Other words in the event that is about to be written.
fn reword(binds: &mut [Value], from: &str, to: &str) {
    let body = text(binds, 4).replace(from, to);
    binds[4] = Value::Text(body);
}

/// The event's name, without what tells two histories apart.
fn without_tail(binds: &mut [Value]) {
    let id = text(binds, 1).to_owned();
    let short = format!("{}_000000000000", id.rsplit_once('_').map_or("", |(head, _)| head));
    reword(binds, &id, &short);
    binds[1] = Value::Text(short);
}

/// The event is about another person.
fn other_person(binds: &mut [Value]) {
    let body = text(binds, 4).to_owned();
    let Some((_, rest)) = body.split_once("\"user_id\":\"") else { return };
    let Some((user_id, _)) = rest.split_once('"') else { return };
    let other: String = user_id.chars().rev().collect();
    reword(binds, user_id, &other);
}

impl Plant for Planted {
    fn execute(&mut self, conn: &mut dyn Conn, sql: &str, binds: &mut [Value]) -> Result<Fate, Error> {
        if sql.starts_with("INSERT INTO event ") {
            return self.write_event(conn, sql, binds);
        }
        match self.0 {
            Bug::Dropped if sql.starts_with("INSERT INTO delivery ") && int(binds, 0) % 3 == 0 => {
                return Ok(Fate::Skipped);
            }
            Bug::Forgetful if sql.starts_with("INSERT INTO idempotency ") => return Ok(Fate::Skipped),
            Bug::GoneForGood if sql.starts_with("DELETE FROM gone_endpoint") => return Ok(Fate::Skipped),
            Bug::OldGone if sql.starts_with("UPDATE delivery SET awaiting = 0, due_at") => {
                return Ok(Fate::Skipped);
            }
            Bug::OtherAmount if sql.starts_with("INSERT INTO refund_batch ") => {
                let items = text(binds, 4).replace("\"amount\":100,", "\"amount\":101,");
                binds[4] = Value::Text(items);
            }
            Bug::AddressMixedUp if sql.starts_with("UPDATE visit SET") => {
                let address = text(binds, 1).replace("\"fullname\":\"", "\"fullname\":\"某某");
                if !address.is_empty() {
                    binds[1] = Value::Text(address);
                }
            }
            Bug::LetterForgotten if sql.starts_with("INSERT INTO refusal ") => return Ok(Fate::Skipped),
            Bug::PaidTwice if sql.starts_with("UPDATE orders SET paid_by") => return Ok(Fate::Skipped),
            Bug::NeverCloses if sql.starts_with("UPDATE payment_request SET closing") => {
                binds[0] = Value::Int(0);
            }
            _ => {}
        }
        Ok(Fate::Done)
    }

    fn query(
        &mut self,
        _: &mut dyn Conn,
        sql: &str,
        binds: &mut Vec<Value>,
    ) -> Result<Option<String>, Error> {
        let none = match self.0 {
            Bug::NeverAsks if sql.starts_with("UPDATE payment_request SET query_due_at") => {
                "SELECT 1 FROM payment_request WHERE 1 = 0"
            }
            Bug::NeverAsks if sql.starts_with("SELECT min(query_due_at)") => {
                "SELECT min(query_due_at) FROM payment_request WHERE 1 = 0"
            }
            _ => return Ok(None),
        };
        binds.clear();
        Ok(Some(none.to_owned()))
    }
}

impl Planted {
    fn write_event(&self, conn: &mut dyn Conn, sql: &str, binds: &mut [Value]) -> Result<Fate, Error> {
        let is = |kind: &str| text(binds, 4).contains(&format!("\"type\":\"{kind}\""));
        match self.0 {
            Bug::Dropped if int(binds, 0) % 3 == 0 => return Ok(Fate::Skipped),
            Bug::Doubled if is("order.paid") => double(conn, sql, binds)?,
            Bug::RefundLies => reword(binds, "refund.failed", "refund.succeeded"),
            Bug::ResultForgotten => reword(binds, "\"type\":\"refund.", "\"type\":\"silence."),
            Bug::SignedInAsAnother if is("buyer.signed_in") => other_person(binds),
            Bug::SignInUntold => reword(binds, "\"type\":\"buyer.signed_in", "\"type\":\"silence"),
            Bug::SilentAgain => reword(binds, "order.paid_again", "trade.changed"),
            Bug::RefusalUntold => reword(binds, "\"type\":\"payment_request.refused", "\"type\":\"silence"),
            Bug::RefusalReworded => reword(binds, "TRADE_NOT_ALLOWED_PAY", "SELLER_NOT_EXIST"),
            Bug::NoTail => without_tail(binds),
            Bug::NeverLate => reword(binds, "\"late\":true", "\"late\":false"),
            _ => {}
        }
        Ok(Fate::Done)
    }
}
