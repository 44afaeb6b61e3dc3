//! How fast a database takes payments: `cargo run --release -p danbao-store --example payments -- URL [payments] [group]`.
//!
//! One payment is what the gateway writes for one: a trade's new status, three postings, three balances, a notice and a
//! deadline, with a look at each row before: 13 statements. A group is committed together.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a program for people: it has a clock and a terminal"
)]

use std::time::Instant;

use danbao_store::{Bind, Conn, Error, Tx, open};

const SCHEMA: &str = "
    DROP TABLE IF EXISTS trade; DROP TABLE IF EXISTS account; DROP TABLE IF EXISTS posting;
    DROP TABLE IF EXISTS notice; DROP TABLE IF EXISTS deadline;
    CREATE TABLE trade (id BIGINT PRIMARY KEY, status TEXT NOT NULL, version BIGINT NOT NULL);
    CREATE TABLE account (id BIGINT PRIMARY KEY, balance BIGINT NOT NULL, last_posting BIGINT);
    CREATE TABLE posting (id BIGINT PRIMARY KEY, debit BIGINT NOT NULL, credit BIGINT NOT NULL,
        amount BIGINT NOT NULL, previous BIGINT);
    CREATE TABLE notice (id BIGINT PRIMARY KEY, trade_id BIGINT NOT NULL, due_at BIGINT);
    CREATE INDEX notice_due ON notice (due_at) WHERE due_at IS NOT NULL;
    CREATE TABLE deadline (id BIGINT PRIMARY KEY, due_at BIGINT NOT NULL)";

fn main() -> Result<(), Error> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().unwrap_or_else(|| "sqlite::memory:".to_owned());
    let mut number = |default: i64| arguments.next().and_then(|text| text.parse().ok()).unwrap_or(default);
    let (payments, group) = (number(20_000), number(100));
    let mut conn = open(&url)?;
    conn.batch(SCHEMA)?;
    prepare(&mut *conn, payments)?;
    let since = Instant::now();
    let mut next = 0;
    while next < payments {
        let end = payments.min(next + group);
        let mut tx = Tx::begin(&mut *conn)?;
        for id in next..end {
            pay(&mut tx, id)?;
        }
        tx.commit()?;
        next = end;
    }
    let took = since.elapsed();
    let each = took / u32::try_from(payments).unwrap_or(u32::MAX).max(1);
    println!("{payments} payments in groups of {group}: {took:.2?}, {each:.1?} each");
    Ok(())
}

fn prepare(conn: &mut dyn Conn, payments: i64) -> Result<(), Error> {
    let mut tx = Tx::begin(conn)?;
    for id in 0..payments {
        tx.execute("INSERT INTO trade (id, status, version) VALUES ($1, 'WAIT_BUYER_PAY', 0)", &[id.into()])?;
        tx.execute("INSERT INTO account (id, balance) VALUES ($1, 1000000)", &[id.into()])?;
    }
    tx.commit()
}

fn pay(tx: &mut Tx<'_>, id: i64) -> Result<(), Error> {
    let trade = tx.query_one("SELECT status, version FROM trade WHERE id = $1", &[id.into()])?;
    let (_status, version): (String, i64) = (trade.get(0)?, trade.get(1)?);
    tx.execute(
        "UPDATE trade SET status = $3, version = version + 1 WHERE id = $1 AND version = $2",
        &[id.into(), version.into(), "WAIT_SELLER_SEND_GOODS".into()],
    )?;
    for leg in 0..3 {
        let account: i64 = if leg == 0 { id } else { leg };
        let posting = id * 3 + leg;
        let previous = tx.query_one("SELECT last_posting FROM account WHERE id = $1", &[account.into()])?;
        let previous: Option<i64> = previous.get(0)?;
        tx.execute(
            "INSERT INTO posting (id, debit, credit, amount, previous) VALUES ($1, $2, $3, $4, $5)",
            &[posting.into(), account.into(), 1.into(), 1.into(), Bind::from(previous)],
        )?;
        tx.execute(
            "UPDATE account SET balance = balance - $2, last_posting = $3 WHERE id = $1",
            &[account.into(), 1.into(), posting.into()],
        )?;
    }
    tx.execute("INSERT INTO notice (id, trade_id, due_at) VALUES ($1, $1, $2)", &[id.into(), id.into()])?;
    tx.execute("INSERT INTO deadline (id, due_at) VALUES ($1, $2)", &[id.into(), id.into()])?;
    Ok(())
}
