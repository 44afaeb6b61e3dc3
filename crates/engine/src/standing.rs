//! 帐户状态: what an account may do, whoever holds it (docs/adr/0016).

use danbao_protocol::error_code::ErrorCode;
use danbao_protocol::money::Fen;

use crate::refusal::Refusal;

/// Whose account it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AccountKind {
    /// 个人: a person's.
    Private,
    /// 公司: a company's.
    Company,
}

impl AccountKind {
    /// The word in the database and in the sandbox API.
    pub const fn as_str(self) -> &'static str {
        match self {
            AccountKind::Private => "private",
            AccountKind::Company => "company",
        }
    }

    /// Reads the word; `None` for any other.
    pub fn from_name(name: &str) -> Option<AccountKind> {
        [AccountKind::Private, AccountKind::Company].into_iter().find(|kind| kind.as_str() == name)
    }
}

/// One side of a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holder {
    /// Whose account it is.
    pub kind: AccountKind,
    /// 冻结: the account neither pays nor takes an instant payment.
    pub is_frozen: bool,
}

/// What the platform knows of both sides at the moment of a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parties {
    /// Who pays.
    pub buyer: Holder,
    /// Who is to have the money.
    pub seller: Holder,
    /// The most that a company pays a private account at once (protocol.md §3.5).
    pub company_to_private_max: Fen,
}

/// 50,000.00 yuan (protocol.md §3.5).
pub const COMPANY_TO_PRIVATE_MAX: Fen = Fen(5_000_000);

impl Parties {
    /// Whether these two may settle a payment of this size.
    ///
    /// # Errors
    /// [`Refusal::AccountFrozen`] for a frozen buyer; `MAX_MONEY_COMPANY_TO_INDIVIDUAL`.
    pub fn check(&self, total: Fen) -> Result<(), Refusal> {
        if self.buyer.is_frozen {
            return Err(Refusal::AccountFrozen);
        }
        let kinds = (self.buyer.kind, self.seller.kind);
        if kinds == (AccountKind::Company, AccountKind::Private) && total > self.company_to_private_max {
            return Err(ErrorCode::MaxMoneyCompanyToIndividual.into());
        }
        Ok(())
    }
}
