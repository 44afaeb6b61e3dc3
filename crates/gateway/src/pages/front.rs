//! The pages around the cashier and the desk: the welcome, the short notices and the debug-error page.

use serde::Serialize;

use super::order::{WebLink, text_keys};
use super::{Explanation, Page};

/// GET `/`: what this gateway is.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Home {
    /// The model shop, where a purchase can be tried.
    pub shop_url: Option<WebLink>,
    /// The stand-in for etao, a path of ours; in a sandbox alone.
    pub etao_url: Option<String>,
    /// The sandbox API's description, a path of ours.
    pub api_docs_url: Option<String>,
    /// Who to sign in as, in a sandbox; else empty. These are play passwords, shown in full.
    pub demo_accounts: Vec<DemoAccount>,
}

impl Page for Home {
    const TEMPLATE: &'static str = "home.html";
}

/// An account of a sandbox.
#[derive(Debug, Clone, Serialize)]
pub struct DemoAccount {
    /// Whether it is a seller's.
    pub seller: bool,
    /// Account.
    pub account: String,
    /// Login password.
    pub login_password: String,
    /// Payment password.
    pub payment_password: String,
}

/// A short page that says one thing: the link is stale, the trade is closed, nothing is here.
#[derive(Debug, Clone, Serialize)]
pub struct Notice {
    /// What is said.
    pub kind: NoticeKind,
    /// The wire's error code, shown small.
    pub code: Option<String>,
    /// Where to go from here.
    pub links: Vec<Link>,
}

impl Page for Notice {
    const TEMPLATE: &'static str = "notice.html";
}

text_keys! {
    /// What a notice says (table `notice`, each a table of `title` and `text`).
    NoticeKind {
        /// The cashier's link is too old: EXTERFACE_INVOKE_CONTEXT_EXPIRED.
        CashierExpired = "cashier_expired",
        /// A step of the cashier out of order: ILLEGAL_REQUEST.
        CashierOutOfOrder = "cashier_out_of_order",
        /// The trade is closed: TRADE_NOT_ALLOWED_PAY.
        TradeClosed = "trade_closed",
        /// The trade is paid already: TRADE_NOT_ALLOWED_PAY.
        AlreadyPaid = "already_paid",
        /// The trade belongs to another buyer: TRADE_BUYER_NOT_MATCH.
        OtherBuyer = "other_buyer",
        /// The refund batch is another seller's.
        OtherSeller = "other_seller",
        /// Nothing is at this address.
        NotFound = "not_found",
        /// It is there, but not for this viewer.
        Forbidden = "forbidden",
        /// The form's csrf token does not fit.
        FormExpired = "form_expired",
        /// The request cannot be read: too long, malformed.
        BadRequest = "bad_request",
        /// The page does not take this method.
        MethodNotAllowed = "method_not_allowed",
        /// Signed out.
        SignedOut = "signed_out",
        /// A login or an address that took too long: SESSION_TIMEOUT.
        HandoverExpired = "handover_expired",
        /// The buyer has not let the merchant know anything.
        Declined = "declined",
        /// A fault of ours; nothing was changed.
        Fault = "fault",
    }
}

/// A way on from a notice.
#[derive(Debug, Clone, Serialize)]
pub struct Link {
    /// What it says.
    pub label: LinkLabel,
    /// A path of ours, or a merchant's URL that went through [`WebLink`].
    pub url: String,
}

text_keys! {
    /// Words of links (table `link`).
    LinkLabel {
        /// To the gateway's first page.
        Home = "home",
        /// To the desk.
        Desk = "desk",
        /// To the trade at the desk.
        Trade = "trade",
        /// Back to the cashier.
        Cashier = "cashier",
        /// Back to the merchant.
        Merchant = "merchant",
        /// To the sign-in.
        SignIn = "sign_in",
        /// To the goods' page.
        Goods = "goods",
        /// The same page once more.
        Again = "again",
    }
}

/// 调试错误: a merchant's request was refused (protocol.md §8.1). Written for the merchant's developer.
#[derive(Debug, Clone, Serialize)]
pub struct DebugError {
    /// 错误代码 and what it means.
    pub error: Explanation,
    /// The parameter at fault, if one can be named.
    pub parameter: Option<String>,
    /// Whether the refusal was asked for through the sandbox API: nothing is wrong with the request.
    pub is_planned: bool,
    /// `service` as it came, if it came.
    pub service: Option<String>,
    /// What helps the developer; a sandbox alone fills this. Never a key, never a signature that would fit.
    pub details: Vec<DebugDetail>,
}

impl Page for DebugError {
    const TEMPLATE: &'static str = "debug_error.html";
}

/// One labelled text for the developer.
#[derive(Debug, Clone, Serialize)]
pub struct DebugDetail {
    /// What it is.
    pub label: DebugLabel,
    /// The text itself, shown monospace; undecodable bytes already made visible.
    pub text: String,
}

text_keys! {
    /// What a developer is shown (table `debug_label`).
    DebugLabel {
        /// How the request came: method and path.
        Request = "request",
        /// The parameters as they were understood, one a line.
        Received = "received",
        /// The charset in force.
        Charset = "charset",
        /// The text that was signed, by our reading, without the key.
        SignedText = "signed_text",
        /// The signature that came.
        SignReceived = "sign_received",
        /// What was expected of the parameter.
        Expected = "expected",
        /// What it was.
        Got = "got",
        /// What the first request with this order number said.
        FirstRequest = "first_request",
        /// A guess at the cause, e.g. that the signature fits another charset.
        Hint = "hint",
    }
}

/// A place in one of the tutorials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Seen {
    /// Key in the table `tutorial`.
    pub(super) tutorial: &'static str,
    /// Its section about the debugging error.
    pub(super) section: &'static str,
}

const ESCROW: Seen = Seen { tutorial: "escrow", section: "4.1" };
const DIRECT: Seen = Seen { tutorial: "direct", section: "5.1" };
const DUAL: Seen = Seen { tutorial: "dual", section: "4.1" };
const LOGIN: Seen = Seen { tutorial: "login", section: "8.1" };

/// The table of protocol.md §8.3, one arm a kind of row.
pub(super) fn seen(code: &str) -> &'static [Seen] {
    match code {
        "HAS_NO_PRIVILEGE"
        | "ILLEGAL_PARTNER"
        | "ILLEGAL_ARGUMENT"
        | "ILLEGAL_SIGN"
        | "seller_not_in_specified_sellers"
        | "SELLER_NOT_IN_SPECIFIED_SELLERS"
        | "TRADE_NOT_ALLOWED_PAY"
        | "SELLER_NOT_EXIST"
        | "BUYER_SELLER_EQUAL"
        | "TRADE_DATA_MATCH_ERROR"
        | "ILLEGAL_SERVICE"
        | "ILLEGAL_FEE_PARAM"
        | "ILLEGAL_SIGN_TYPE" => &[ESCROW, DIRECT, DUAL, LOGIN],
        "ILLEGAL_LOGISTICS_FORMAT" | "none" => &[ESCROW, DUAL, LOGIN],
        "ROYALTY_FORAMT_ERROR"
        | "SELF_TIMEOUT_NOT_SUPPORT"
        | "ILLEGAL_ANTI_PHISHING_KEY"
        | "ILLEGAL_EXTER_INVOKE_IP" => &[DIRECT, LOGIN],
        "ILLEGAL_PARTNER_EXTERFACE" => &[LOGIN],
        _ => &[],
    }
}
