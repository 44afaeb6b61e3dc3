//! Balances and postings: the ledger's reading side.

use danbao_engine::chart::Account;
use danbao_node::Fault;
use danbao_protocol::money::Fen;
use danbao_store::{Bind, Conn};

/// What an account holds; nothing if it was never posted to.
pub(crate) fn balance(tx: &mut dyn Conn, account: &Account) -> Result<Fen, Fault> {
    let name = account.to_string();
    let row = tx.query_opt("SELECT balance FROM account WHERE account = $1", &[Bind::Text(&name)])?;
    Ok(Fen(row.map(|row| row.get(0)).transpose()?.unwrap_or(0)))
}

/// Every account that holds something, by name.
pub(crate) fn balances(tx: &mut dyn Conn) -> Result<Vec<(String, Fen)>, Fault> {
    let rows = tx.query("SELECT account, balance FROM account WHERE balance <> 0 ORDER BY account", &[])?;
    rows.iter().map(|row| Ok((row.get(0)?, Fen(row.get(1)?)))).collect()
}

/// A posting as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredPosting {
    pub(crate) debit: String,
    pub(crate) credit: String,
    pub(crate) amount: Fen,
}

/// The postings of one journal, in order.
pub(crate) fn postings(tx: &mut dyn Conn, journal_id: i64) -> Result<Vec<StoredPosting>, Fault> {
    let first = super::apply::posting_id(journal_id, 0)?;
    let last = super::apply::posting_id(journal_id, super::apply::LINES_MAX - 1)?;
    let rows = tx.query(
        "SELECT debit, credit, amount FROM posting WHERE posting_id BETWEEN $1 AND $2 ORDER BY posting_id",
        &[Bind::Int(first), Bind::Int(last)],
    )?;
    rows.iter()
        .map(|row| Ok(StoredPosting { debit: row.get(0)?, credit: row.get(1)?, amount: Fen(row.get(2)?) }))
        .collect()
}
