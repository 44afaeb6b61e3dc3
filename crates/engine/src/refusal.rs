//! A lawful no.

use danbao_protocol::error_code::ErrorCode;

/// Why a command is not carried out. Nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A refusal that the wire has a code for.
    #[error("{}", .0.as_str())]
    Wire(ErrorCode),
    /// The buyer's balance does not cover the payment. The cashier's own word: the wire never says it.
    #[error("BALANCE_NOT_ENOUGH")]
    BalanceNotEnough,
    /// The buyer's account is frozen and pays nothing (docs/adr/0016). The cashier's own word too.
    #[error("ACCOUNT_FROZEN")]
    AccountFrozen,
    /// An escrow trade needs somewhere to send the goods (protocol.md §3.2: the cashier asks for an address).
    #[error("ADDRESS_MISSING")]
    AddressMissing,
}

impl Refusal {
    /// The code by which pages, logs and the sandbox name this refusal; the wire's code where there is one.
    pub fn code(self) -> &'static str {
        match self {
            Refusal::Wire(code) => code.as_str(),
            Refusal::BalanceNotEnough => "BALANCE_NOT_ENOUGH",
            Refusal::AccountFrozen => "ACCOUNT_FROZEN",
            Refusal::AddressMissing => "ADDRESS_MISSING",
        }
    }
}

impl From<ErrorCode> for Refusal {
    fn from(code: ErrorCode) -> Self {
        Refusal::Wire(code)
    }
}
