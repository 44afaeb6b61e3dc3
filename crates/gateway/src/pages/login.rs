//! Pages on which a buyer signs in for a merchant and says what the merchant may know.

use serde::Serialize;

use super::Page;
use super::desk::{Address, BookEntry, BookForm};
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

/// GET `/handover/{id}` once signed in: which address shall the merchant have? POST to `/handover/{id}/choose` sends
/// `csrf` and `address`, an entry's id; to `/decline` or `/other`, `csrf` alone.
#[derive(Debug, Clone, Serialize)]
pub struct AddressChoice {
    /// The handover's id in the path.
    pub id: String,
    /// Who asks.
    pub merchant: String,
    /// Account of whose book it is.
    pub account: String,
    /// The address book.
    pub book: Vec<BookEntry>,
    /// Id of the entry that is chosen to begin with.
    pub chosen: Option<i64>,
    /// Whether a sign-in can be undone; a token cannot.
    pub can_change_account: bool,
    /// Why the form came back.
    pub error: Option<FormError>,
}

impl Page for AddressChoice {
    const TEMPLATE: &'static str = "address_choice.html";
}

/// GET `/handover/{id}/entry`, with `?edit={id}` to change an entry. POST to the same sends `csrf` and the fields of
/// [`BookForm`].
#[derive(Debug, Clone, Serialize)]
pub struct AddressForm {
    /// The handover's id in the path.
    pub id: String,
    /// What is being entered or changed.
    pub form: BookForm,
    /// Whether there is a book to go back to.
    pub has_book: bool,
    /// Why the form came back.
    pub error: Option<FormError>,
}

impl Page for AddressForm {
    const TEMPLATE: &'static str = "address_form.html";
}

/// The answer to a choice: a form that the buyer's browser POSTs to the merchant, in the charset of the request
/// (protocol.md §4.6). Its id holds for a minute, so the page goes back to the choice before that is over.
#[derive(Debug, Clone, Serialize)]
pub struct AddressPosting {
    /// The handover's id in the path.
    pub id: String,
    /// Who gets it.
    pub merchant: String,
    /// The chosen address.
    pub address: Address,
    /// The merchant's `return_url`.
    pub action: String,
    /// `accept-charset` of the form.
    pub charset: &'static str,
    /// The signed parameters.
    pub fields: Vec<(String, String)>,
    /// After how many seconds the page goes back to the choice by itself.
    pub seconds: u64,
}

impl Page for AddressPosting {
    const TEMPLATE: &'static str = "address_posting.html";
}

text_keys! {
    /// Whom a visitor of etao is known as (table `etao_visitor`).
    EtaoVisitor {
        /// Signed in at the platform.
        Platform = "platform",
        /// Signed in at the market, with a nickname.
        Market = "market",
        /// Signed in nowhere.
        Nobody = "nobody",
    }
}

/// GET `/etao`, in a sandbox: a click on a shop's goods. POST to the same sends `csrf`, `partner`, `target_url`, `visitor`.
#[derive(Debug, Clone, Serialize)]
pub struct Etao {
    /// The shops that can be clicked on; empty before one has asked for a login.
    pub shops: Vec<EtaoShop>,
    /// The page that is clicked on.
    pub target_url: String,
    /// Name of who is signed in.
    pub name: Option<String>,
    /// Nickname of who is signed in.
    pub nickname: Option<String>,
    /// Which of the three is chosen.
    pub visitor: EtaoVisitor,
    /// Why the form came back.
    pub error: Option<FormError>,
}

/// A shop that etao leads to.
#[derive(Debug, Clone, Serialize)]
pub struct EtaoShop {
    /// 合作者身份
    pub partner: String,
    /// 商户名称
    pub name: String,
    /// Where it is.
    pub site: String,
    /// Whether it is the chosen one.
    pub chosen: bool,
}

impl Page for Etao {
    const TEMPLATE: &'static str = "etao.html";
}
