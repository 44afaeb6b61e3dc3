//! The pages that people see: the cashier (收银台), the desk (交易管理) and the debug-error page (调试错误).
//!
//! A route fills a context (a plain struct of facts, amounts and times already written out) and calls [`render`].
//! Templates hold structure, `pages/text/*.toml` hold every word, one file a language; Rust holds neither.

mod cashier;
mod desk;
mod explanation;
mod faults;
mod front;
mod login;
mod order;
mod raised;
mod refunds;
mod words;

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};
use serde::Serialize;

pub use danbao_node::Lang;

pub use cashier::{Balance, Bank, Cashier, Member, Method, NextStep, Paid, Pay, PayAddress, Return, Visitor};
pub use desk::{
    Action, Address, AddressEntry, Addresses, ApplyRefund, Attempt, BookEntry, BookForm, Desk, DeskRow, Due,
    DueKind, Event, LedgerAccount, NoticeFact, NoticeState, Party, Posting, RefundFacts, RefundForms,
    RegionChoice, RegionOption, Resend, Role, SendGoods, Shipment, SignIn, TradeDetail,
};
pub use explanation::{Errors, Explanation, OneError, explain};
pub use faults::{FaultChoice, FaultPlanFact, FaultRecord, FaultRuleFact, FaultShop, Faults};
pub use front::{
    DebugDetail, DebugError, DebugLabel, DemoAccount, Home, Link, LinkLabel, Notice, NoticeKind,
};
pub use login::{
    AddressChoice, AddressForm, AddressPosting, Consent, Etao, EtaoShop, EtaoVisitor, HandoverSignIn, Purpose,
};
pub use order::{BANKS, BANKS_BY_REQUEST, FormError, LogisticsChoice, Message, Mode, Order, WebLink, Word};
pub use raised::Raised;
pub use refunds::{BatchState, RefundBatch, RefundLine, RefundPaid};

/// The one style sheet, to be served at [`CSS_PATH`] as `text/css; charset=utf-8`.
pub const CSS: &str = include_str!("../../pages/danbao.css");

/// Where the pages look for [`CSS`].
pub const CSS_PATH: &str = "/static/danbao.css";

/// The mark, a shield that holds a scale, to be served at [`MARK_PATH`] as `image/svg+xml`.
pub const MARK: &str = include_str!("../../pages/mark.svg");

/// Where the pages look for [`MARK`] as their icon.
pub const MARK_PATH: &str = "/static/danbao.svg";

/// What surrounds every page.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Shell {
    /// The language to write in.
    pub lang: Lang,
    /// This same page in the other language, e.g. `/desk?role=buyer&lang=en`.
    pub switch_url: String,
    /// Display name of who is signed in: real name, or the account.
    pub user: Option<String>,
    /// Whether this gateway is a sandbox: a ribbon then says that no real money moves.
    pub sandbox: bool,
    /// The token that every form on the page carries as `csrf`. May be empty where a page has no form and no user.
    pub csrf: String,
}

/// A page: a context and the template that shows it.
pub trait Page: Serialize {
    /// File name of the template, e.g. `cashier.html`.
    const TEMPLATE: &'static str;
}

/// Writes a page out as a whole HTML document.
///
/// A template that fails is a bug, not the visitor's fault: it is traced and a plain apology comes instead, so that
/// a page can never take the node down. The tests render every page in every language with undefined names refused.
pub fn render<P: Page>(shell: &Shell, page: &P) -> String {
    render_strictly(shell, page).unwrap_or_else(|error| {
        tracing::error!(template = P::TEMPLATE, error = format!("{error:#}"), "page did not render");
        write("fault.html", shell, Value::UNDEFINED).unwrap_or_default()
    })
}

fn render_strictly<P: Page>(shell: &Shell, page: &P) -> Result<String, minijinja::Error> {
    write(P::TEMPLATE, shell, Value::from(Serde(page)))
}

fn write(template: &str, shell: &Shell, page: Value) -> Result<String, minijinja::Error> {
    let context = context! { t => words::of(shell.lang), shell => Value::from(Serde(shell)), page };
    ENGINE.get_template(template)?.render(context)
}

macro_rules! templates {
    ($($name:literal),+ $(,)?) => {
        /// Every template by its file name.
        const TEMPLATES: &[(&str, &str)] =
            &[("mark.svg", MARK), $(($name, include_str!(concat!("../../pages/html/", $name))),)+];
    };
}

templates!(
    "shell.html",
    "parts.html",
    "fault.html",
    "home.html",
    "cashier.html",
    "pay.html",
    "bank.html",
    "paid.html",
    "notice.html",
    "debug_error.html",
    "errors.html",
    "error.html",
    "error_parts.html",
    "sign_in.html",
    "desk.html",
    "trade.html",
    "refund.html",
    "refund_paid.html",
    "refund_lines.html",
    "refund_batch.html",
    "addresses.html",
    "handover_sign_in.html",
    "consent.html",
    "address_choice.html",
    "address_form.html",
    "address_posting.html",
    "etao.html",
    "faults.html",
);

/// Compiled once; holds nothing that changes, so it is no state of a node.
static ENGINE: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut engine = Environment::new();
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    engine.set_auto_escape_callback(|_| AutoEscape::Html);
    engine.add_filter("fill", words::fill);
    engine.add_function("cause_of", explanation::cause_of);
    engine.add_global("css_path", CSS_PATH);
    engine.add_global("mark_path", MARK_PATH);
    for (name, source) in TEMPLATES {
        if let Err(error) = engine.add_template(name, source) {
            tracing::error!(template = name, error = format!("{error:#}"), "template does not parse");
        }
    }
    engine
});
