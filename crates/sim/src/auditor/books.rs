//! The rows of both databases, as plain as they are stored.

use std::fmt;

use danbao_store::faulty::Disk;
use danbao_store::{Conn, Error, Reader, Row};

/// What the gateway has written down.
pub(super) struct Gateway {
    pub(super) trades: Vec<Trade>,
    pub(super) refunds: Vec<Refund>,
    /// (user_id, email) of everybody.
    pub(super) users: Vec<(String, String)>,
    pub(super) events: Vec<Event>,
    pub(super) deadlines: Vec<(String, String, i64)>,
    pub(super) accounts: Vec<Account>,
    pub(super) journals: Vec<Journal>,
    pub(super) postings: Vec<Posting>,
    pub(super) notices: Vec<Notice>,
    pub(super) attempts: Vec<Attempt>,
    pub(super) page_return_ids: Vec<String>,
    pub(super) batches: Vec<Batch>,
    pub(super) items: Vec<Item>,
    /// Notifications of other things than trades; their states are empty.
    pub(super) letters: Vec<Notice>,
    pub(super) resends: Vec<Resend>,
    pub(super) mishaps: Vec<Mishap>,
    pub(super) plans: Vec<Plan>,
}

/// Refunds of direct payments that were asked for together.
pub(super) struct Batch {
    pub(super) thread: String,
    pub(super) batch_no: String,
    pub(super) origin: String,
    pub(super) seller: String,
    pub(super) notify_url: Option<String>,
    pub(super) items: i64,
    pub(super) done: i64,
    pub(super) succeeded: i64,
    pub(super) received_at: i64,
    pub(super) confirmed_at: Option<i64>,
    pub(super) finished_at: Option<i64>,
}

/// One of them.
pub(super) struct Item {
    pub(super) thread: String,
    pub(super) line: i64,
    pub(super) trade_no: String,
    pub(super) amount: i64,
    /// As on the wire.
    pub(super) royalty: String,
    /// Empty until it is taken.
    pub(super) result: String,
    pub(super) charge: i64,
    pub(super) done_at: i64,
}

pub(super) struct Trade {
    pub(super) trade_no: String,
    pub(super) out_trade_no: String,
    pub(super) seller: String,
    pub(super) buyer: String,
    pub(super) mode: String,
    pub(super) is_refundable: bool,
    pub(super) fee_ppm: i64,
    pub(super) status: Status,
    pub(super) discount: i64,
    pub(super) total_fee: i64,
    /// How much of it has gone back.
    pub(super) refunded: i64,
    pub(super) transport_type: Option<String>,
    pub(super) gmt_payment: Option<i64>,
    pub(super) version: i64,
}

/// Both states of a trade; the second is empty until a refund was applied for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Status {
    pub(super) trade: String,
    pub(super) refund: String,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.refund.as_str() {
            "" => f.write_str(&self.trade),
            refund => write!(f, "{} + {refund}", self.trade),
        }
    }
}

pub(super) struct Refund {
    pub(super) trade_no: String,
    pub(super) goods_received: bool,
    pub(super) amount: i64,
    pub(super) transport_type: Option<String>,
}

pub(super) struct Event {
    pub(super) trade_no: String,
    pub(super) version: i64,
    pub(super) at: i64,
    pub(super) actor: String,
    pub(super) command: String,
    pub(super) status: Status,
    pub(super) journal_id: Option<i64>,
}

pub(super) struct Account {
    pub(super) account: String,
    pub(super) balance: i64,
    pub(super) last_posting: i64,
    pub(super) previous_posting: i64,
}

pub(super) struct Journal {
    pub(super) journal_id: i64,
    pub(super) at: i64,
    pub(super) trade_no: Option<String>,
}

#[derive(Clone)]
pub(super) struct Posting {
    pub(super) posting_id: i64,
    pub(super) debit: String,
    pub(super) credit: String,
    pub(super) amount: i64,
    pub(super) debit_previous: i64,
    pub(super) credit_previous: i64,
}

pub(super) struct Notice {
    /// Of a letter: its thread.
    pub(super) trade_no: String,
    pub(super) seq: i64,
    pub(super) notify_id: String,
    /// What a letter says; empty of a trade's notice.
    pub(super) letter: Vec<u8>,
    pub(super) status: Status,
    pub(super) discount: i64,
    pub(super) total_fee: i64,
    pub(super) first_sent_at: Option<i64>,
    pub(super) sent_at: Option<i64>,
    pub(super) attempts: i64,
    pub(super) due_at: Option<i64>,
    pub(super) acknowledged_at: Option<i64>,
    /// A fault plan let later ones of the thread go before its first try.
    pub(super) passes: bool,
    /// Its tries began anew then, because a fault plan had spoiled those before.
    pub(super) begun_anew_at: Option<i64>,
    /// How many were those before.
    pub(super) tries_before: i64,
    pub(super) notify_url: String,
    pub(super) created_at: i64,
}

impl Notice {
    pub(super) fn is_given_up(&self) -> bool {
        self.due_at.is_none() && self.acknowledged_at.is_none()
    }
}

pub(super) struct Attempt {
    pub(super) trade_no: String,
    pub(super) seq: i64,
    pub(super) attempt: i64,
    pub(super) sent_at: i64,
    pub(super) duration_ms: i64,
    pub(super) outcome: String,
}

/// A send beside a notification's schedule.
pub(super) struct Resend {
    pub(super) thread: String,
    pub(super) seq: i64,
    pub(super) due_at: Option<i64>,
    pub(super) outcome: String,
}

/// What a fault plan did to a try, and whose plan it was.
pub(super) struct Mishap {
    pub(super) thread: String,
    pub(super) seq: i64,
    pub(super) attempt: i64,
    pub(super) fault: String,
    pub(super) plan_id: i64,
    pub(super) at: i64,
}

/// A fault plan.
pub(super) struct Plan {
    pub(super) plan_id: i64,
    pub(super) partner: String,
    pub(super) trade_no: Option<String>,
    pub(super) begun_at: i64,
    pub(super) until_at: i64,
}

/// What the merchant has written down.
pub(super) struct Merchant {
    pub(super) orders: Vec<Order>,
    /// (out_trade_no, how often it was delivered)
    pub(super) deliveries: Vec<(String, i64)>,
    /// (notify_id, out_trade_no) of every message that was taken in.
    pub(super) heard: Vec<(String, String)>,
    pub(super) messages: Vec<Message>,
    /// What it believes of the items of its batches, as (batch_no, trade_no, fen, outcome, charge); a shop has none.
    pub(super) batch_results: Vec<BatchResult>,
    /// What it was told of refused requests, as (notify_id, out_trade_no, error_code); a shop has none.
    pub(super) complaints: Vec<(String, String, String)>,
}

/// (batch_no, trade_no, amount, outcome, charge)
pub(super) type BatchResult = (String, String, i64, String, i64);

/// A message that was kept, believed or not.
pub(super) struct Message {
    pub(super) way: String,
    pub(super) raw: Vec<u8>,
    pub(super) outcome: String,
    pub(super) note: String,
}

pub(super) struct Order {
    pub(super) out_trade_no: String,
    pub(super) trade_no: Option<String>,
    pub(super) status: Option<Status>,
    pub(super) total_fee: Option<i64>,
    pub(super) times_applied: i64,
    pub(super) mode: Option<String>,
    pub(super) mode_basis: Option<String>,
}

impl Gateway {
    /// A trade's history, oldest first.
    pub(super) fn history(&self, trade: &Trade) -> Vec<&Event> {
        self.events.iter().filter(|event| event.trade_no == trade.trade_no).collect()
    }

    /// What the buyer of a trade wanted back last.
    pub(super) fn refund(&self, trade: &Trade) -> Option<&Refund> {
        self.refunds.iter().find(|refund| refund.trade_no == trade.trade_no)
    }

    pub(super) fn load(disk: &Disk) -> Result<Gateway, Error> {
        disk.inspect(Gateway::read)
    }

    fn read(conn: &mut dyn Conn) -> Result<Gateway, Error> {
        Ok(Gateway {
            trades: rows(
                conn,
                "SELECT t.trade_no, r.out_trade_no, t.seller, t.buyer, t.mode, t.is_refundable, t.fee_ppm,
                        t.trade_status, t.refund_status, t.discount, t.total_fee, t.refunded, t.transport_type,
                        t.gmt_payment, t.version
                 FROM trade t JOIN payment_request r ON r.trade_no = t.trade_no ORDER BY t.trade_no",
                |c| {
                    Ok(Trade {
                        trade_no: c.next()?,
                        out_trade_no: c.next()?,
                        seller: c.next()?,
                        buyer: c.next()?,
                        mode: c.next()?,
                        is_refundable: c.next()?,
                        fee_ppm: c.next()?,
                        status: status(c)?,
                        discount: c.next()?,
                        total_fee: c.next()?,
                        refunded: c.next()?,
                        transport_type: c.next()?,
                        gmt_payment: c.next()?,
                        version: c.next()?,
                    })
                },
            )?,
            refunds: rows(
                conn,
                "SELECT trade_no, goods_received, amount, transport_type FROM refund ORDER BY trade_no",
                |c| {
                    Ok(Refund {
                        trade_no: c.next()?,
                        goods_received: c.next()?,
                        amount: c.next()?,
                        transport_type: c.next()?,
                    })
                },
            )?,
            users: rows(conn, "SELECT user_id, email FROM users ORDER BY user_id", |c| {
                Ok((c.next()?, c.next()?))
            })?,
            events: rows(
                conn,
                "SELECT trade_no, version, at, actor, command, trade_status, refund_status, journal_id
                 FROM trade_event ORDER BY trade_no, version",
                |c| {
                    Ok(Event {
                        trade_no: c.next()?,
                        version: c.next()?,
                        at: c.next()?,
                        actor: c.next()?,
                        command: c.next()?,
                        status: status(c)?,
                        journal_id: c.next()?,
                    })
                },
            )?,
            deadlines: rows(conn, "SELECT trade_no, kind, due_at FROM deadline", |c| {
                Ok((c.next()?, c.next()?, c.next()?))
            })?,
            accounts: rows(
                conn,
                "SELECT account, balance, last_posting, previous_posting FROM account ORDER BY account",
                |c| {
                    Ok(Account {
                        account: c.next()?,
                        balance: c.next()?,
                        last_posting: c.next()?,
                        previous_posting: c.next()?,
                    })
                },
            )?,
            journals: rows(conn, "SELECT journal_id, at, trade_no FROM journal ORDER BY at, journal_id", |c| {
                Ok(Journal { journal_id: c.next()?, at: c.next()?, trade_no: c.next()? })
            })?,
            postings: rows(
                conn,
                "SELECT posting_id, debit, credit, amount, debit_previous, credit_previous FROM posting
                 ORDER BY posting_id",
                |c| {
                    Ok(Posting {
                        posting_id: c.next()?,
                        debit: c.next()?,
                        credit: c.next()?,
                        amount: c.next()?,
                        debit_previous: c.next()?,
                        credit_previous: c.next()?,
                    })
                },
            )?,
            notices: rows(
                conn,
                "SELECT thread, seq, notify_id, trade_status, refund_status, discount, total_fee, first_sent_at,
                        sent_at, attempts, due_at, acknowledged_at, passes, begun_anew_at, tries_before, notify_url,
                        created_at
                 FROM notice WHERE trade_status IS NOT NULL ORDER BY thread, seq",
                |c| {
                    Ok(Notice {
                        trade_no: c.next()?,
                        seq: c.next()?,
                        notify_id: c.next()?,
                        letter: Vec::new(),
                        status: status(c)?,
                        discount: c.next()?,
                        total_fee: c.next()?,
                        first_sent_at: c.next()?,
                        sent_at: c.next()?,
                        attempts: c.next()?,
                        due_at: c.next()?,
                        acknowledged_at: c.next()?,
                        passes: c.next()?,
                        begun_anew_at: c.next()?,
                        tries_before: c.next()?,
                        notify_url: c.next()?,
                        created_at: c.next()?,
                    })
                },
            )?,
            attempts: rows(conn, "SELECT thread, seq, attempt, sent_at, duration_ms, outcome FROM attempt ORDER BY thread, seq, attempt", |c| {
                Ok(Attempt {
                    trade_no: c.next()?,
                    seq: c.next()?,
                    attempt: c.next()?,
                    sent_at: c.next()?,
                    duration_ms: c.next()?,
                    outcome: c.next()?,
                })
            })?,
            page_return_ids: rows(conn, "SELECT notify_id FROM page_return", |c| c.next())?,
            batches: rows(
                conn,
                "SELECT thread, batch_no, origin, seller, notify_url, items, done, succeeded, received_at, confirmed_at,
                        finished_at
                 FROM refund_batch ORDER BY thread",
                |c| {
                    Ok(Batch {
                        thread: c.next()?,
                        batch_no: c.next()?,
                        origin: c.next()?,
                        seller: c.next()?,
                        notify_url: c.next()?,
                        items: c.next()?,
                        done: c.next()?,
                        succeeded: c.next()?,
                        received_at: c.next()?,
                        confirmed_at: c.next()?,
                        finished_at: c.next()?,
                    })
                },
            )?,
            items: rows(
                conn,
                "SELECT thread, line, trade_no, amount, royalty, COALESCE(result, ''), charge, COALESCE(done_at, 0)
                 FROM refund_item ORDER BY thread, line",
                |c| {
                    Ok(Item {
                        thread: c.next()?,
                        line: c.next()?,
                        trade_no: c.next()?,
                        amount: c.next()?,
                        royalty: c.next()?,
                        result: c.next()?,
                        charge: c.next()?,
                        done_at: c.next()?,
                    })
                },
            )?,
            resends: rows(conn, "SELECT thread, seq, due_at, COALESCE(outcome, '') FROM resend", |c| {
                Ok(Resend { thread: c.next()?, seq: c.next()?, due_at: c.next()?, outcome: c.next()? })
            })?,
            mishaps: mishaps(conn)?,
            plans: plans(conn)?,
            letters: rows(
                conn,
                "SELECT thread, seq, notify_id, letter, first_sent_at, sent_at, attempts, due_at, acknowledged_at,
                        passes, begun_anew_at, tries_before, notify_url, created_at
                 FROM notice WHERE trade_status IS NULL ORDER BY thread, seq",
                |c| {
                    Ok(Notice {
                        trade_no: c.next()?,
                        seq: c.next()?,
                        notify_id: c.next()?,
                        letter: c.next()?,
                        status: Status { trade: String::new(), refund: String::new() },
                        discount: 0,
                        total_fee: 0,
                        first_sent_at: c.next()?,
                        sent_at: c.next()?,
                        attempts: c.next()?,
                        due_at: c.next()?,
                        acknowledged_at: c.next()?,
                        passes: c.next()?,
                        begun_anew_at: c.next()?,
                        tries_before: c.next()?,
                        notify_url: c.next()?,
                        created_at: c.next()?,
                    })
                },
            )?,
        })
    }
}

impl Merchant {
    pub(super) fn load(disk: &Disk) -> Result<Merchant, Error> {
        disk.inspect(Merchant::read)
    }

    fn read(conn: &mut dyn Conn) -> Result<Merchant, Error> {
        Ok(Merchant {
            orders: rows(
                conn,
                "SELECT out_trade_no, trade_no, trade_status, refund_status, total_fee, times_applied, mode,
                        mode_basis
                 FROM order_state ORDER BY out_trade_no",
                |c| {
                    Ok(Order {
                        out_trade_no: c.next()?,
                        trade_no: c.next()?,
                        status: {
                            let (trade, refund) = (c.next::<Option<String>>()?, c.next::<Option<String>>()?);
                            trade.map(|trade| Status { trade, refund: refund.unwrap_or_default() })
                        },
                        total_fee: c.next()?,
                        times_applied: c.next()?,
                        mode: c.next()?,
                        mode_basis: c.next()?,
                    })
                },
            )?,
            deliveries: rows(
                conn,
                "SELECT out_trade_no, count(*) FROM delivery GROUP BY out_trade_no ORDER BY out_trade_no",
                |c| Ok((c.next()?, c.next()?)),
            )?,
            heard: rows(conn, "SELECT notify_id, out_trade_no FROM heard", |c| Ok((c.next()?, c.next()?)))?,
            messages: rows(conn, "SELECT way, raw, outcome, note FROM message ORDER BY id", |c| {
                Ok(Message { way: c.next()?, raw: c.next()?, outcome: c.next()?, note: c.next()? })
            })?,
            // A merchant that wants to hear of no refusals has no such table.
            complaints: rows(conn, "SELECT notify_id, out_trade_no, code FROM complaint", |c| {
                Ok((c.next()?, c.next()?, c.next()?))
            })
            .unwrap_or_default(),
            // A merchant that refunds nothing has no such table.
            batch_results: rows(
                conn,
                "SELECT batch_no, trade_no, amount, outcome, charge FROM batch_result ORDER BY batch_no, line",
                |c| Ok((c.next()?, c.next()?, c.next()?, c.next()?, c.next()?)),
            )
            .unwrap_or_default(),
        })
    }
}

/// What the fault plans did.
pub(super) fn mishaps(conn: &mut dyn Conn) -> Result<Vec<Mishap>, Error> {
    rows(conn, "SELECT thread, seq, attempt, fault, plan_id, at FROM mishap", |c| {
        Ok(Mishap {
            thread: c.next()?,
            seq: c.next()?,
            attempt: c.next()?,
            fault: c.next()?,
            plan_id: c.next()?,
            at: c.next()?,
        })
    })
}

/// The fault plans.
pub(super) fn plans(conn: &mut dyn Conn) -> Result<Vec<Plan>, Error> {
    let sql = "SELECT plan_id, partner, trade_no, begun_at, until_at FROM fault_plan ORDER BY plan_id";
    rows(conn, sql, |c| {
        Ok(Plan {
            plan_id: c.next()?,
            partner: c.next()?,
            trade_no: c.next()?,
            begun_at: c.next()?,
            until_at: c.next()?,
        })
    })
}

/// Two columns: the trade's state and the refund's.
fn status(columns: &mut Reader<'_>) -> Result<Status, Error> {
    Ok(Status { trade: columns.next()?, refund: columns.next::<Option<String>>()?.unwrap_or_default() })
}

fn rows<T>(
    conn: &mut dyn Conn,
    sql: &str,
    read: impl Fn(&mut Reader<'_>) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    conn.query(sql, &[])?.iter().map(|row: &Row| read(&mut row.reader())).collect()
}
