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

/// How far the platform knows an account holder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum UserStatus {
    /// 会员: has passwords and a balance.
    Member,
    /// 非会员: pays through a bank and has left contact data only.
    Visitor,
}

impl UserStatus {
    /// The word in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            UserStatus::Member => "member",
            UserStatus::Visitor => "visitor",
        }
    }

    /// Reads the word; `None` for any other.
    pub fn from_name(name: &str) -> Option<UserStatus> {
        [UserStatus::Member, UserStatus::Visitor].into_iter().find(|status| status.as_str() == name)
    }
}

/// Whose money it is: one side of a payment, or of a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holder {
    /// How far the platform knows whose account it is.
    pub status: UserStatus,
    /// Whose account it is.
    pub kind: AccountKind,
    /// 冻结: the account neither pays nor takes an instant payment.
    pub is_frozen: bool,
}

impl Holder {
    /// Whether the account may give money of a direct payment back, as its seller or as a party of its royalty.
    ///
    /// protocol.md §7.5 refuses an account "that may not pay" (SELLER_STATUS_NOT_ALLOW of the whole call,
    /// TXN_RESULT_ACCOUNT_STATUS_NOT_VALID of an item), and of the royalty "a visitor's or a frozen one"
    /// (ROYALTYER_NOT_SIGN_PROTOCOL): a frozen account pays nothing (docs/adr/0016), and a visitor's has no balance to pay
    /// from.
    pub fn may_give_back(&self) -> bool {
        self.status == UserStatus::Member && !self.is_frozen
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Every account there can be.
    fn holders() -> impl Iterator<Item = Holder> {
        let kinds = [AccountKind::Private, AccountKind::Company];
        let all = [UserStatus::Member, UserStatus::Visitor].map(|status| {
            kinds.map(|kind| [false, true].map(|is_frozen| Holder { status, kind, is_frozen }))
        });
        all.into_iter().flatten().flatten()
    }

    #[test]
    fn members_who_are_not_frozen_give_money_back_and_nobody_else_does() {
        for holder in holders() {
            let refused = holder.is_frozen || holder.status == UserStatus::Visitor;
            assert_eq!(holder.may_give_back(), !refused, "{holder:?}");
        }
        assert_eq!(holders().filter(Holder::may_give_back).count(), 2, "a person's and a company's");
    }

    #[test]
    fn the_words_of_the_database_are_read_back() {
        for status in [UserStatus::Member, UserStatus::Visitor] {
            assert_eq!(UserStatus::from_name(status.as_str()), Some(status));
        }
        for kind in [AccountKind::Private, AccountKind::Company] {
            assert_eq!(AccountKind::from_name(kind.as_str()), Some(kind));
        }
        assert_eq!((UserStatus::from_name("guest"), AccountKind::from_name("")), (None, None));
    }
}
