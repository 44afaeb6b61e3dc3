//! 帐户状态: what an account may do, whoever holds it (docs/adr/0016).

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
