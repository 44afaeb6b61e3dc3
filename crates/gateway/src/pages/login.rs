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
