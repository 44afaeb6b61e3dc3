//! The inbox in the merchant's own database: the only writer of an order's state.
//!
//! Everything here happens in the caller's transaction. What the merchant does because of a message (ship, credit) is
//! written in the same one, and so happens exactly as often as the change itself: once.

use std::fmt;

use bytes::Bytes;
use danbao_protocol::ids::{OutTradeNo, PartnerId};
use danbao_protocol::money::Fen;
use danbao_protocol::node::Response;
use danbao_protocol::params::Params;
use danbao_protocol::reported::Reported;
use danbao_protocol::status::{RefundStatus, TradeStatus};
use danbao_protocol::time::Timestamp;
use danbao_store::{Bind, Conn, Error, Tx};

use super::reading::{read_message, read_order};
use super::{Heard, OrderState, Verdict, verdict};
use crate::answer;
use crate::facts::OrderFacts;
use crate::message::{Checked, Genuine, Way};
use crate::rejected::Rejected;

/// The tables of the inbox, to be one of the merchant's own migrations: `order_state`, `message`, `heard`. One text for
/// SQLite and PostgreSQL, which does not change any more.
///
/// ```
/// use danbao_merchant::inbox::{MIGRATION_2_SQL, MIGRATION_SQL};
/// use danbao_merchant::store::{Migration, migrate, open};
///
/// let mut conn = open("sqlite::memory:")?;                                // or a postgresql:// URL
/// migrate(&mut *conn, &[
///     Migration { version: 1, name: "inbox", sql: MIGRATION_SQL },
///     Migration { version: 2, name: "inbox_2", sql: MIGRATION_2_SQL },
/// ])?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub const MIGRATION_SQL: &str = include_str!("schema.sql");

/// What [`MIGRATION_SQL`] lacks, to be a later one of the merchant's migrations: the indexes by which old messages are
/// found, to be [pruned](super::prune) and to be shown in pages. Without them both work, slowly.
pub const MIGRATION_2_SQL: &str = include_str!("schema_2.sql");

/// Longer messages are cut when they are stored; no message of the gateway is near this long.
pub const RAW_BYTES_MAX: usize = 64 * 1024;

/// One order: what was asked for and what was heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// What the merchant asked for.
    pub facts: OrderFacts,
    /// What was heard since.
    pub state: OrderState,
    /// How many messages have changed the state.
    pub times_applied: i64,
    /// When the order was opened.
    pub opened_at: Timestamp,
    /// When a message last changed it.
    pub changed_at: Timestamp,
    pub(super) version: i64,
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Stored, and the gateway's word on it is not known yet. Stays so if the process dies before the answer.
    Waiting,
    /// It changed the order.
    Applied,
    /// The order knew it already.
    AlreadyDone,
    /// The order knows something newer.
    Stale,
    /// It cannot be true together with what the order knows.
    Conflict(String),
    /// It tells a status that the protocol does not have; kept and not applied.
    Unknown(String),
    /// It was not believed.
    Rejected(Rejected),
}

/// What [`receive`] has done.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "the merchant's own side of a change is written in the same transaction"]
pub struct Receipt {
    /// What became of the message.
    pub outcome: Outcome,
    /// The order that it is about, as it is now; `None` if it could not be found.
    pub order: Option<Order>,
    /// The order became paid by this very message: the moment, and the only one, to deliver or to credit.
    pub became_paid: bool,
}

/// One message as it came.
#[derive(Clone, PartialEq, Eq)]
pub struct MessageRow {
    /// The caller's id of it.
    pub id: String,
    /// By which way it came.
    pub way: Way,
    /// When.
    pub received_at: Timestamp,
    /// Query or body, byte for byte.
    pub raw: Bytes,
    /// What became of it: the word of [`Outcome::as_str`].
    pub outcome: String,
    /// Why, for people; empty if there is nothing to say.
    pub note: String,
}

/// Opens an order, before the buyer is sent to the gateway.
///
/// # Errors
/// [`Error::Unique`] if the partner has used this order number already.
///
/// ```
/// use danbao_merchant::inbox;
/// use danbao_merchant::store::Tx;
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs")); }
/// # let (mut conn, facts, now) = (example::database(), example::order("A-1"), example::NOON);
///
/// let mut tx = Tx::begin(&mut *conn)?;
/// inbox::open_order(&mut tx, &facts, now)?;                               // beside your own row of the order
/// tx.commit()?;
/// let order = inbox::load_order(&mut *conn, &facts.partner, &facts.out_trade_no)?.ok_or("no such order")?;
/// assert!(order.facts == facts && order.state.is_payable());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn open_order(tx: &mut Tx<'_>, facts: &OrderFacts, now: Timestamp) -> Result<(), Error> {
    let choice = OrderState::new(facts.service).choice;
    tx.execute(
        "INSERT INTO order_state (partner, out_trade_no, service, charset, seller_email, seller_id, total_fees, mode,
             mode_basis, times_applied, version, opened_at, changed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, 0, $10, $10)",
        &[
            facts.partner.as_str().into(),
            facts.out_trade_no.as_str().into(),
            facts.service.as_str().into(),
            facts.charset.label().into(),
            facts.seller_email.as_str().into(),
            facts.seller_id.as_str().into(),
            (&join(&facts.total_fees)).into(),
            choice.map(|c| c.mode.as_str()).into(),
            choice.map(|c| c.basis.as_str()).into(),
            now.0.into(),
        ],
    )?;
    Ok(())
}

/// Finds an order; `None` if the partner has none of this number. The example is at [`open_order`].
///
/// # Errors
/// The store's.
pub fn load_order(
    conn: &mut dyn Conn,
    partner: &PartnerId,
    out_trade_no: &OutTradeNo,
) -> Result<Option<Order>, Error> {
    if out_trade_no.as_str().contains('\0') {
        return Ok(None);
    }
    let row = conn.query_opt(
        "SELECT partner, out_trade_no, service, charset, seller_email, seller_id, total_fees, times_applied,
             opened_at, changed_at, version, mode, mode_basis, trade_no, trade_status, refund_status, total_fee,
             buyer_id, buyer_email, notify_time, notify_id
         FROM order_state WHERE partner = $1 AND out_trade_no = $2",
        &[partner.as_str().into(), out_trade_no.as_str().into()],
    )?;
    row.as_ref().map(read_order).transpose()
}

/// Stores a message as it came, before anything of it is believed. `id` is the caller's, unique for ever: two tries of
/// one notification are two messages. The example is at [`receive`].
///
/// # Errors
/// The store's; [`Error::Unique`] if the id was used before.
pub fn arrive(tx: &mut Tx<'_>, id: &str, way: Way, raw: &[u8], now: Timestamp) -> Result<(), Error> {
    keep(tx, id, way, raw, claimed_order(raw).as_deref(), now)
}

fn keep(
    tx: &mut Tx<'_>,
    id: &str,
    way: Way,
    raw: &[u8],
    claimed: Option<&str>,
    now: Timestamp,
) -> Result<(), Error> {
    let raw = raw.get(..RAW_BYTES_MAX).unwrap_or(raw);
    tx.execute(
        "INSERT INTO message (id, way, received_at, raw, claimed_out_trade_no, outcome, note)
         VALUES ($1, $2, $3, $4, $5, $6, '')",
        &[
            id.into(),
            way.as_str().into(),
            now.0.into(),
            raw.into(),
            claimed.into(),
            Outcome::Waiting.as_str().into(),
        ],
    )?;
    Ok(())
}

/// Writes down what became of a message. [`receive`] does it by itself.
///
/// # Errors
/// The store's; [`Error::Shape`] if no message has [`arrive`]d under this id.
///
/// ```
/// use danbao_merchant::inbox::{self, Outcome};
/// use danbao_merchant::store::Tx;
/// use danbao_merchant::{Received, Way};
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs")); }
/// # let (mut conn, account, now) = (example::database(), example::account(), example::NOON);
///
/// // Somebody has posted something to notify_url:
/// let body = b"out_trade_no=A-1&trade_status=TRADE_FINISHED&sign=0&sign_type=MD5";
/// let mut tx = Tx::begin(&mut *conn)?;
/// inbox::arrive(&mut tx, "1", Way::Notify, body, now)?;
/// let rejected = Received::notification(None, body)?.check_sign(&account).unwrap_err();
/// let outcome = Outcome::Rejected(rejected);
/// inbox::settle(&mut tx, "1", &outcome, now)?;
/// tx.commit()?;
/// assert_eq!(outcome.answer().body().as_ref(), b"fail");
/// assert_eq!(outcome.note(), "sign: the signature does not fit");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn settle(tx: &mut Tx<'_>, id: &str, outcome: &Outcome, now: Timestamp) -> Result<(), Error> {
    let rows = tx.execute(
        "UPDATE message SET outcome = $1, note = $2, settled_at = $3 WHERE id = $4",
        &[outcome.as_str().into(), (&storable(&outcome.note())).into(), now.0.into(), id.into()],
    )?;
    if rows == 1 { Ok(()) } else { Err(Error::Shape(format!("no message has arrived as `{id}`"))) }
}

/// Takes a genuine message into the order that it names: holds it against the order, decides by
/// [`verdict`](super::verdict), and stores what changed. `id` is the one that it was stored under by [`arrive`].
///
/// Two instances that take two messages of one order at once cannot both win: the row carries a version.
///
/// # Errors
/// The store's; [`Error::Conflict`] if another instance was faster: roll back and try again, or answer `fail` and hear the
/// message again. [`Error::Shape`] if no message has [`arrive`]d under this id.
///
/// ```
/// use danbao_merchant::inbox::{self, Outcome};
/// use danbao_merchant::store::Tx;
/// use danbao_merchant::{Received, Way};
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs")); }
/// # let (mut conn, account, now) = (example::database(), example::account(), example::NOON);
/// # let mut tx = Tx::begin(&mut *conn)?;
/// # inbox::open_order(&mut tx, &example::order("A-1"), now)?;
/// # tx.commit()?;
/// # let body = example::told("A-1", "TRADE_FINISHED", "19.90");
///
/// // A notification of a payment, and its second try:
/// for (id, outcome) in [("1", Outcome::Applied), ("2", Outcome::AlreadyDone)] {
///     let mut tx = Tx::begin(&mut *conn)?;
///     inbox::arrive(&mut tx, id, Way::Notify, body.as_bytes(), now)?;
///     let signed = Received::notification(None, body.as_bytes())?.check_sign(&account)?;
///     let genuine = signed.hear(&example::answered("true"))?;
///     let receipt = inbox::receive(&mut tx, id, genuine, now)?;
///     if receipt.became_paid {
///         tx.execute("INSERT INTO delivery (out_trade_no) VALUES ($1)", &["A-1".into()])?;
///     }
///     tx.commit()?;
///     assert_eq!(receipt.outcome, outcome);
///     assert_eq!(receipt.outcome.answer().body().as_ref(), b"success");
/// }
/// assert_eq!(conn.query("SELECT out_trade_no FROM delivery", &[])?.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn receive(tx: &mut Tx<'_>, id: &str, genuine: Genuine, now: Timestamp) -> Result<Receipt, Error> {
    let receipt = weigh(tx, id, genuine, now)?;
    settle(tx, id, &receipt.outcome, now)?;
    Ok(receipt)
}

/// As [`receive`], for the answer to a `single_trade_query` of ours, `raw` as it came. The answer is kept among the
/// messages, under `id`, only if it says something new: whoever asks often hears mostly what is known.
///
/// # Errors
/// As [`receive`].
///
/// ```
/// use danbao_merchant::protocol::charset::Charset;
/// use danbao_merchant::protocol::ids::OutTradeNo;
/// use danbao_merchant::protocol::service::single_trade_query::TradeRef;
/// use danbao_merchant::store::Tx;
/// use danbao_merchant::{Queried, inbox};
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs")); }
/// # let (mut conn, account, now) = (example::database(), example::account(), example::NOON);
/// # let mut tx = Tx::begin(&mut *conn)?;
/// # inbox::open_order(&mut tx, &example::order("A-1"), now)?;
/// # tx.commit()?;
/// # let send = |_question| example::answered(&example::found("A-1", "TRADE_FINISHED", "19.90"));
///
/// // Paid, as the buyer says, and no notification has come:
/// let trade = TradeRef::OutTradeNo(OutTradeNo::new("A-1"));
/// let answer = send(account.query_request(trade, Charset::Utf8)?);
/// if let Queried::Trade(genuine) = account.read_queried(&answer, Charset::Utf8, now)? {
///     let mut tx = Tx::begin(&mut *conn)?;
///     let receipt = inbox::receive_queried(&mut tx, "3", genuine, answer.body(), now)?;
///     assert!(receipt.became_paid);                                       // deliver, in this transaction
///     tx.commit()?;
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn receive_queried(
    tx: &mut Tx<'_>,
    id: &str,
    genuine: Genuine,
    raw: &[u8],
    now: Timestamp,
) -> Result<Receipt, Error> {
    let named = genuine.order_named().ok().map(|number| storable(number.as_str()));
    let receipt = weigh(tx, id, genuine, now)?;
    if !matches!(receipt.outcome, Outcome::AlreadyDone | Outcome::Stale) {
        keep(tx, id, Way::Query, raw, named.as_deref(), now)?;
        settle(tx, id, &receipt.outcome, now)?;
    }
    Ok(receipt)
}

fn weigh(tx: &mut Tx<'_>, id: &str, genuine: Genuine, now: Timestamp) -> Result<Receipt, Error> {
    Ok(match find(tx, &genuine)? {
        Err(rejected) => Receipt { outcome: Outcome::Rejected(rejected), order: None, became_paid: false },
        Ok(order) => match genuine.against(&order.facts) {
            Err(rejected) => {
                Receipt { outcome: Outcome::Rejected(rejected), order: Some(order), became_paid: false }
            }
            Ok(checked) => take(tx, id, order, &checked, now)?,
        },
    })
}

/// As [`receive`], for what came of believing a message, whichever it is: a rejection is written down, too, so that no
/// message stays `waiting` and the answer is right in every case.
///
/// # Errors
/// As [`receive`].
///
/// ```
/// use danbao_merchant::store::Tx;
/// use danbao_merchant::{Genuine, Received, Rejected, Way, inbox};
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs")); }
/// # let (mut conn, account, now) = (example::database(), example::account(), example::NOON);
/// # let mut tx = Tx::begin(&mut *conn)?;
/// # inbox::open_order(&mut tx, &example::order("A-1"), now)?;
/// # tx.commit()?;
/// # let body = example::told("A-1", "TRADE_FINISHED", "0.01");
///
/// let believe = || -> Result<Genuine, Rejected> {
///     let signed = Received::notification(None, body.as_bytes())?.check_sign(&account)?;
///     signed.hear(&example::answered("true"))
/// };
/// let mut tx = Tx::begin(&mut *conn)?;
/// inbox::arrive(&mut tx, "1", Way::Notify, body.as_bytes(), now)?;
/// let receipt = inbox::conclude(&mut tx, "1", believe(), now)?;
/// tx.commit()?;
/// // The buyer has paid 0.01 for what costs 19.90:
/// assert!(!receipt.became_paid);
/// assert_eq!(receipt.outcome.note(), "total_fee: the amount 0.01 is not what the order costs");
/// assert_eq!(receipt.outcome.answer().body().as_ref(), b"fail");
/// # Ok::<(), danbao_merchant::store::Error>(())
/// ```
pub fn conclude(
    tx: &mut Tx<'_>,
    id: &str,
    believed: Result<Genuine, Rejected>,
    now: Timestamp,
) -> Result<Receipt, Error> {
    match believed {
        Ok(genuine) => receive(tx, id, genuine, now),
        Err(rejected) => {
            let outcome = Outcome::Rejected(rejected);
            settle(tx, id, &outcome, now)?;
            Ok(Receipt { outcome, order: None, became_paid: false })
        }
    }
}

/// The messages that name an order, oldest first, the ones that were not believed among them. All partners' together: an
/// order number says nothing of its partner before the message is believed. Anybody can send as many as are
/// [kept](super::Keep) for one order: [`messages_of_after`] gives them in pages.
///
/// # Errors
/// The store's.
///
/// ```
/// use danbao_merchant::inbox;
/// use danbao_merchant::store::Tx;
/// use danbao_merchant::{Way, protocol::ids::OutTradeNo};
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs")); }
/// # let mut conn = example::database();
///
/// let mut tx = Tx::begin(&mut *conn)?;
/// inbox::arrive(&mut tx, "1", Way::Notify, b"out_trade_no=A-1&sign=forged", example::NOON)?;
/// tx.commit()?;
/// let messages = inbox::messages_of(&mut *conn, &OutTradeNo::new("A-1"))?;
/// assert_eq!((messages.len(), messages[0].outcome.as_str()), (1, "waiting"));
/// # Ok::<(), danbao_merchant::store::Error>(())
/// ```
pub fn messages_of(conn: &mut dyn Conn, out_trade_no: &OutTradeNo) -> Result<Vec<MessageRow>, Error> {
    let rows = conn.query(
        "SELECT id, way, received_at, raw, outcome, note FROM message
         WHERE claimed_out_trade_no = $1 ORDER BY received_at, id",
        &[out_trade_no.as_str().into()],
    )?;
    rows.iter().map(read_message).collect()
}

/// As [`messages_of`], at most `limit` of them, behind one: that of this instant and id, which need not be there any more.
///
/// # Errors
/// The store's.
///
/// ```
/// use danbao_merchant::inbox;
/// use danbao_merchant::store::Tx;
/// use danbao_merchant::{Way, protocol::ids::OutTradeNo};
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs")); }
/// # let mut conn = example::database();
///
/// let mut tx = Tx::begin(&mut *conn)?;
/// for id in ["1", "2", "3"] {
///     inbox::arrive(&mut tx, id, Way::Notify, b"out_trade_no=A-1&sign=forged", example::NOON)?;
/// }
/// tx.commit()?;
/// let order = OutTradeNo::new("A-1");
/// let first = inbox::messages_of_after(&mut *conn, &order, None, 2)?;
/// let place = first.last().map(|last| (last.received_at, last.id.as_str()));
/// let rest = inbox::messages_of_after(&mut *conn, &order, place, 2)?;
/// assert_eq!((first.len(), rest.len(), rest[0].id.as_str()), (2, 1, "3"));
/// # Ok::<(), danbao_merchant::store::Error>(())
/// ```
pub fn messages_of_after(
    conn: &mut dyn Conn,
    out_trade_no: &OutTradeNo,
    after: Option<(Timestamp, &str)>,
    limit: u32,
) -> Result<Vec<MessageRow>, Error> {
    let (instant, id) = after.unwrap_or((Timestamp(i64::MIN), ""));
    let rows = conn.query(
        "SELECT id, way, received_at, raw, outcome, note FROM message
         WHERE claimed_out_trade_no = $1 AND (received_at, id) > ($2, $3) ORDER BY received_at, id LIMIT $4",
        &[out_trade_no.as_str().into(), instant.0.into(), id.into(), i64::from(limit).into()],
    )?;
    rows.iter().map(read_message).collect()
}

fn find(tx: &mut Tx<'_>, genuine: &Genuine) -> Result<Result<Order, Rejected>, Error> {
    let named = match genuine.order_named() {
        Ok(named) => named,
        Err(rejected) => return Ok(Err(rejected)),
    };
    let order = load_order(&mut **tx, genuine.partner(), &named)?;
    Ok(order.ok_or(Rejected::NoSuchOrder))
}

fn take(
    tx: &mut Tx<'_>,
    id: &str,
    order: Order,
    message: &Checked,
    now: Timestamp,
) -> Result<Receipt, Error> {
    let (next, outcome) = match verdict(&order.state, message) {
        Verdict::Apply(next) => (next, Outcome::Applied),
        Verdict::AlreadyDone(next) => (next, Outcome::AlreadyDone),
        Verdict::Stale(next) => (next, Outcome::Stale),
        Verdict::Conflict(conflict) => (order.state.clone(), Outcome::Conflict(conflict.to_string())),
        Verdict::Unknown { name, value } => {
            (order.state.clone(), Outcome::Unknown(format!("{name}={value}")))
        }
    };
    let taken_in = matches!(outcome, Outcome::Applied | Outcome::AlreadyDone | Outcome::Stale);
    if taken_in && !note_heard(tx, id, message)? {
        return Ok(Receipt { outcome: Outcome::AlreadyDone, order: Some(order), became_paid: false });
    }
    let became_paid = !order.state.is_paid() && next.is_paid();
    let order = write(tx, order, next, outcome == Outcome::Applied, now)?;
    Ok(Receipt { outcome, order: Some(order), became_paid })
}

/// `false` if this very message was taken in before.
fn note_heard(tx: &mut Tx<'_>, id: &str, message: &Checked) -> Result<bool, Error> {
    let trade = message.trade();
    let trade_status = said(&trade.trade_status, TradeStatus::as_str);
    let refund_status = trade.refund_status.as_ref().map(|status| said(status, RefundStatus::as_str));
    let rows = tx.execute(
        "INSERT INTO heard (partner, notify_id, trade_status, refund_status, out_trade_no, message_id)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        &[
            message.partner().as_str().into(),
            (&storable(trade.notify_id.as_str())).into(),
            (&trade_status).into(),
            refund_status.as_deref().unwrap_or_default().into(),
            trade.out_trade_no.as_str().into(),
            id.into(),
        ],
    )?;
    Ok(rows == 1)
}

/// Stores what is known now, if it is anything new.
fn write(
    tx: &mut Tx<'_>,
    order: Order,
    next: OrderState,
    applied: bool,
    now: Timestamp,
) -> Result<Order, Error> {
    if next == order.state {
        return Ok(order);
    }
    let times_applied = order.times_applied + i64::from(applied);
    let changed_at = if applied { now } else { order.changed_at };
    let heard = next.heard.as_ref();
    let choice = next.choice;
    let text = |read: fn(&Heard) -> &str| heard.map(|h| storable(read(h)));
    let rows = tx.execute(
        "UPDATE order_state SET mode = $1, mode_basis = $2, trade_no = $3, trade_status = $4, refund_status = $5,
             total_fee = $6, buyer_id = $7, buyer_email = $8, notify_time = $9, notify_id = $10,
             times_applied = $11, changed_at = $12, version = version + 1
         WHERE partner = $13 AND out_trade_no = $14 AND version = $15",
        &[
            choice.map(|c| c.mode.as_str()).into(),
            choice.map(|c| c.basis.as_str()).into(),
            (&text(|h| h.trade_no.as_str())).into(),
            next.trade_status().map(TradeStatus::as_str).into(),
            next.refund_status().map(RefundStatus::as_str).into(),
            heard.map(|h| h.total_fee.0).into(),
            (&text(|h| &h.buyer_id)).into(),
            (&text(|h| &h.buyer_email)).into(),
            heard.map(|h| h.moment.notify_time.0).into(),
            (&text(|h| h.moment.notify_id.as_str())).into(),
            times_applied.into(),
            changed_at.0.into(),
            order.facts.partner.as_str().into(),
            order.facts.out_trade_no.as_str().into(),
            Bind::Int(order.version),
        ],
    )?;
    if rows != 1 {
        return Err(Error::Conflict(format!(
            "order {} was changed by another instance",
            order.facts.out_trade_no
        )));
    }
    Ok(Order { state: next, times_applied, changed_at, version: order.version + 1, ..order })
}

/// What may go into a log: not the message itself, which holds accounts and a signature.
impl fmt::Debug for MessageRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageRow")
            .field("id", &self.id)
            .field("way", &self.way)
            .field("received_at", &self.received_at)
            .field("outcome", &self.outcome)
            .field("note", &self.note)
            .finish_non_exhaustive()
    }
}

impl Outcome {
    /// A stable word: `waiting`, `applied`, `already_done`, `stale`, `conflict`, `unknown`, `rejected`.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Outcome::Waiting => "waiting",
            Outcome::Applied => "applied",
            Outcome::AlreadyDone => "already_done",
            Outcome::Stale => "stale",
            Outcome::Conflict(_) => "conflict",
            Outcome::Unknown(_) => "unknown",
            Outcome::Rejected(_) => "rejected",
        }
    }

    /// Why, for people; for a rejection it begins with the name of the check. Empty if there is nothing to say.
    pub fn note(&self) -> String {
        match self {
            Outcome::Conflict(why) | Outcome::Unknown(why) => why.clone(),
            Outcome::Rejected(rejected) => format!("{}: {rejected}", rejected.check().as_str()),
            Outcome::Waiting | Outcome::Applied | Outcome::AlreadyDone | Outcome::Stale => String::new(),
        }
    }

    /// What to say at `notify_url`, once the transaction has committed: `success` to all that is taken in or kept,
    /// `fail` to what was not believed and to what contradicts the order, so that the gateway's record shows it too.
    ///
    /// ```
    /// use danbao_merchant::Rejected;
    /// use danbao_merchant::inbox::Outcome;
    ///
    /// assert_eq!(Outcome::AlreadyDone.answer().body().as_ref(), b"success");  // else it would come again
    /// assert_eq!(Outcome::Rejected(Rejected::Sign).answer().body().as_ref(), b"fail");
    /// ```
    pub fn answer(&self) -> Response {
        match self {
            Outcome::Applied | Outcome::AlreadyDone | Outcome::Stale | Outcome::Unknown(_) => {
                answer::success()
            }
            Outcome::Waiting | Outcome::Conflict(_) | Outcome::Rejected(_) => answer::fail(),
        }
    }
}

fn said<T: Copy>(status: &Reported<T>, word: impl Fn(T) -> &'static str) -> String {
    match status {
        Reported::Known(status) => word(*status).to_owned(),
        Reported::Unknown(text) => storable(text),
    }
}

/// PostgreSQL stores no NUL in a text.
fn storable(text: &str) -> String {
    text.replace('\0', "")
}

fn join(amounts: &[Fen]) -> String {
    let texts: Vec<String> = amounts.iter().map(|fen| fen.0.to_string()).collect();
    texts.join(",")
}

/// The order that the bytes name, for the record only.
fn claimed_order(raw: &[u8]) -> Option<String> {
    let params = Params::parse_urlencoded(raw).ok()?;
    let claimed = params.get("out_trade_no").filter(|value| !value.is_empty() && value.len() <= 64)?;
    let printable = claimed.iter().all(u8::is_ascii_graphic);
    printable.then(|| String::from_utf8_lossy(claimed).into_owned())
}
