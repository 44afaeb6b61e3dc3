//! Pages on which a buyer signs in for a merchant and says what the merchant may know.

use serde::Serialize;

use super::Page;
use super::order::{FormError, text_keys};

text_keys! {
    /// What a merchant has sent the buyer here for (table `purpose`, each a table of `heading` and `text`).
    Purpose {
        /// 快捷登录
        Login = "login",
        /// 物流地址查询
        Address = "address",
    }
}

/// GET `/handover/{id}`: the sign-in on the way to a login or an address. POST to `/handover/{id}/sign-in` sends `csrf`,
/// `account`, `login_password`; to `/decline`, `csrf` alone.
#[derive(Debug, Clone, Serialize)]
pub struct HandoverSignIn {
    /// The handover's id in the path.
    pub id: String,
    /// Who asks.
    pub merchant: String,
    /// What for.
    pub purpose: Purpose,
    /// What was entered, or what the merchant's request suggests.
    pub account: String,
    /// Why the form came back.
    pub error: Option<FormError>,
}

impl Page for HandoverSignIn {
    const TEMPLATE: &'static str = "handover_sign_in.html";
}

/// GET `/handover/{id}` once signed in: may the merchant know? POST to `/handover/{id}/consent`, `/decline` or `/other`
/// sends `csrf` alone.
#[derive(Debug, Clone, Serialize)]
pub struct Consent {
    /// The handover's id in the path.
    pub id: String,
    /// Who asks.
    pub merchant: String,
    /// The site to which the buyer goes back.
    pub site: String,
    /// Account of who is signed in.
    pub account: String,
    /// 姓名, which is always told.
    pub name: String,
    /// Whether the account's name is told too.
    pub tells_email: bool,
    /// Whether the grade is told too.
    pub tells_grade: bool,
}

impl Page for Consent {
    const TEMPLATE: &'static str = "consent.html";
}
