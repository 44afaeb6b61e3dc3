//! 收银台: the pages between a merchant's shop and the money.

use serde::Serialize;

use super::Page;
use super::desk::{Address, AddressEntry};
use super::order::{FormError, LogisticsChoice, Mode, Order, Word, text_keys};

/// GET `/cashier/{id}`: order, logistics, way of trading, and who pays.
///
/// One form; its two buttons POST to `/cashier/{id}/member` (`account`, `login_password`; none of the two when the
/// signed-in member continues) and `/cashier/{id}/visitor` (`contact`, `contact_name`). Both send `csrf`,
/// `logistics` (index, absent when there is no logistics) and `mode` (`escrow` | `direct`, dual trades only).
/// Return pressed in the visitor's input sends the form by its first button: a POST to `member` whose account and
/// password are empty while `contact` is not comes from a visitor.
#[derive(Debug, Clone, Serialize)]
pub struct Cashier {
    /// The id in the path.
    pub id: String,
    /// What is bought.
    pub order: Order,
    /// The groups to choose from, one of them chosen; empty for direct pay.
    pub logistics: Vec<LogisticsChoice>,
    /// How the money goes; for a dual trade the preselected one.
    pub mode: Mode,
    /// Whether the buyer may choose the mode: dual trades.
    pub mode_open: bool,
    /// 支付方式一
    pub member: Member,
    /// 支付方式二, with what was entered before; `None` if only members may pay.
    pub visitor: Option<Visitor>,
    /// Why the form came back.
    pub error: Option<FormError>,
}

/// How the cashier knows, or comes to know, the paying member.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Member {
    /// To sign in, with the account as it was entered or as the request names it.
    Unknown {
        /// What stands in the account's input.
        account: String,
        /// Whether the request names the buyer, so that no other account may pay.
        fixed: bool,
    },
    /// Signed in already.
    SignedIn {
        /// The account.
        account: String,
        /// Where to begin anew with another account; `None` if the request names this buyer.
        other_url: Option<String>,
    },
}

/// What a non-member has entered.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Visitor {
    /// E-mail address or mobile number.
    pub contact: String,
    /// Name, may be empty.
    pub name: String,
}

impl Page for Cashier {
    const TEMPLATE: &'static str = "cashier.html";
}

/// GET `/cashier/{id}/pay`: where the goods go and where the money comes from.
///
/// POST `/cashier/{id}/pay` sends `csrf`, `method` (`balance` | `bank`), `payment_password`, `bank` (code) and, where
/// there is an address, `address` (index | `new`), `receive_name`, `receive_address`, `receive_zip`, `receive_phone`,
/// `receive_mobile`.
#[derive(Debug, Clone, Serialize)]
pub struct Pay {
    /// The id in the path.
    pub id: String,
    /// What is bought; its total is the amount to be paid, carriage included.
    pub order: Order,
    /// The chosen logistics; `None` for direct pay.
    pub logistics: Option<LogisticsChoice>,
    /// The chosen way of trading.
    pub mode: Mode,
    /// Who pays: the member's account or the visitor's contact.
    pub payer: String,
    /// Where the goods go.
    pub address: PayAddress,
    /// The balance; `None` for visitors and where the merchant's paymethods leave it out.
    pub balance: Option<Balance>,
    /// Codes of the banks offered: [`super::BANKS`], and the `defaultbank` of the request if it is another.
    pub banks: Vec<Word>,
    /// The preselected bank: `defaultbank`, or what was entered before.
    pub bank: String,
    /// The preselected method.
    pub method: Method,
    /// Back to the first page.
    pub back_url: Option<String>,
    /// Why the form came back.
    pub error: Option<FormError>,
}

impl Page for Pay {
    const TEMPLATE: &'static str = "pay.html";
}

text_keys! {
    /// 付款方式 (table `method`).
    Method {
        /// 余额
        Balance = "balance",
        /// 网上银行
        Bank = "bank",
    }
}

/// Where the goods go.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PayAddress {
    /// Nothing is shipped: direct pay.
    None,
    /// The merchant's request named it (`receive_*`).
    Given {
        /// The address.
        address: Address,
    },
    /// The buyer chooses from the book or enters a new one.
    Choose {
        /// The buyer's address book; empty for visitors.
        book: Vec<Address>,
        /// Index of the chosen one; `None`: the new one.
        chosen: Option<usize>,
        /// What was entered as the new one.
        entry: AddressEntry,
    },
}

/// A member's balance beside the amount.
#[derive(Debug, Clone, Serialize)]
pub struct Balance {
    /// What is there.
    pub available: String,
    /// What is missing; `None` if it is enough.
    pub missing: Option<String>,
}

/// GET `/cashier/{id}/bank/{bank}`: the simulated bank. POST to the same URL sends `csrf` and `decision`
/// (`pay` | `decline`).
#[derive(Debug, Clone, Serialize)]
pub struct Bank {
    /// The cashier's id in the path.
    pub id: String,
    /// The bank's code in the path.
    pub bank: String,
    /// Who gets the money.
    pub payee: String,
    /// What for.
    pub subject: String,
    /// 交易号
    pub trade_no: String,
    /// How much.
    pub amount: String,
}

impl Page for Bank {
    const TEMPLATE: &'static str = "bank.html";
}

/// GET `/cashier/{id}/paid`: 您已成功付款0.01元!
#[derive(Debug, Clone, Serialize)]
pub struct Paid {
    /// How much.
    pub amount: String,
    /// To whom.
    pub merchant: String,
    /// 交易号
    pub trade_no: String,
    /// 商户订单号
    pub out_trade_no: String,
    /// What comes next.
    pub next: NextStep,
    /// Back to the merchant; `None` if the request named no return_url.
    pub back: Option<Return>,
    /// The trade at the desk; `None` for visitors, who have nothing to confirm there.
    pub trade_url: Option<String>,
}

impl Page for Paid {
    const TEMPLATE: &'static str = "paid.html";
}

/// The way back to the merchant.
#[derive(Debug, Clone, Serialize)]
pub struct Return {
    /// Our own path that redirects with the signed return: `/cashier/{id}/return`.
    pub url: String,
    /// After how many seconds the browser follows it by itself, 1 to 10; `None` if it waits to be told.
    pub seconds: Option<u32>,
    /// This page without the countdown, for whoever reads more slowly (WCAG 2.2.1).
    pub stay_url: String,
}

text_keys! {
    /// What comes after the payment (table `next`).
    NextStep {
        /// The seller ships, the buyer confirms, the seller is paid.
        SellerShips = "seller_ships",
        /// The seller has the money; all done.
        Done = "done",
        /// Paid, but the seller's account cannot take it yet: TRADE_PENDING.
        Pending = "pending",
    }
}
