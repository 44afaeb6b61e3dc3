//! The chart of accounts: whose money an account holds, and how it is named in the ledger.
//!
//! Every balance is credits minus debits, so what the platform owes somebody is positive and what a bank holds for
//! the platform is negative; all balances together are always zero.

use std::fmt;

use danbao_protocol::ids::{TradeNo, UserId};

/// One account of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Account {
    /// What the platform owes an account holder. Never below zero.
    User(UserId),
    /// What the platform holds for one trade: its amount while it is held, in escrow or because the seller's account
    /// cannot take it; zero before and after.
    Escrow(TradeNo),
    /// 银行清算: what passed through one bank, by its code (protocol.md §3.8). Negative: the bank holds it for us.
    Bank(String),
    /// 服务费: what the platform earned.
    Fee,
    /// Where a sandbox's play money comes from.
    Sandbox,
}

impl Account {
    /// Whether the account may be overdrawn: only those that stand for the outside world.
    pub fn may_be_negative(&self) -> bool {
        matches!(self, Account::Bank(_) | Account::Sandbox)
    }

    /// Reads the ledger's name of an account back; `None` if it is none.
    pub fn from_name(name: &str) -> Option<Account> {
        match name.split_once(':') {
            Some(("user", id)) => Some(Account::User(UserId::new(id))),
            Some(("escrow", no)) => Some(Account::Escrow(TradeNo::new(no))),
            Some(("bank", code)) => Some(Account::Bank(code.to_owned())),
            Some(_) => None,
            None if name == "fee" => Some(Account::Fee),
            None if name == "sandbox" => Some(Account::Sandbox),
            None => None,
        }
    }
}

/// The ledger's name: `user:2088…`, `escrow:2012…`, `bank:ICBCB2C`, `fee`, `sandbox`.
impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Account::User(id) => write!(f, "user:{id}"),
            Account::Escrow(no) => write!(f, "escrow:{no}"),
            Account::Bank(code) => write!(f, "bank:{code}"),
            Account::Fee => f.write_str("fee"),
            Account::Sandbox => f.write_str("sandbox"),
        }
    }
}
