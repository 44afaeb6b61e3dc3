//! 交易管理: the pages where buyers and sellers look after their trades.

use serde::Serialize;

use super::Page;
use super::order::{FormError, LogisticsChoice, Mode, Order, Word, text_keys};
use super::refunds::{RefundLine, RefundPaid};

/// GET and POST `/desk/sign-in`: sends `csrf`, `account`, `login_password`, `next`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct SignIn {
    /// What stands in the account's input.
    pub account: String,
    /// Where to go afterwards: a path of ours, checked by the route.
    pub next: String,
    /// Why the form came back.
    pub error: Option<FormError>,
}

impl Page for SignIn {
    const TEMPLATE: &'static str = "sign_in.html";
}

text_keys! {
    /// On which side of a trade the viewer stands (table `role`).
    Role {
        /// 买家
        Buyer = "buyer",
        /// 卖家
        Seller = "seller",
    }
}

/// GET `/desk?role=buyer|seller&status=WAIT_BUYER_PAY&page=2`: the list of trades.
#[derive(Debug, Clone, Serialize)]
pub struct Desk {
    /// The account.
    pub account: String,
    /// 余额
    pub balance: String,
    /// The tab.
    pub role: Role,
    /// The filter; `None` shows all.
    pub status: Option<Word>,
    /// The statuses that can be filtered by: `TradeStatus::ALL`.
    pub statuses: Vec<Word>,
    /// One page of trades, newest first.
    pub rows: Vec<DeskRow>,
    /// Number of this page, from 1.
    pub page: u32,
    /// Whether an older page follows.
    pub more: bool,
}

impl Page for Desk {
    const TEMPLATE: &'static str = "desk.html";
}

/// One trade of the list.
#[derive(Debug, Clone, Serialize)]
pub struct DeskRow {
    /// 交易号
    pub trade_no: String,
    /// 商户订单号
    pub out_trade_no: String,
    /// Goods' name.
    pub subject: String,
    /// The other side's name.
    pub other: String,
    /// Amount.
    pub total: String,
    /// `trade_status`
    pub status: Word,
    /// `refund_status`
    pub refund_status: Option<Word>,
    /// When it was made, Beijing time: `2011-11-11 11:11:11`.
    pub created_at: String,
    /// What the viewer may do next, as the list's button: pay, send_goods or confirm_goods.
    pub to_do: Option<Action>,
}

text_keys! {
    /// What a viewer may do to a trade; also the last part of the path that a form POSTs to (table `action`).
    Action {
        /// 付款: leads to the cashier
        Pay = "pay",
        /// 发货
        SendGoods = "send_goods",
        /// 确认收货
        ConfirmGoods = "confirm_goods",
        /// 关闭交易
        Close = "close",
        /// 修改价格
        AdjustPrice = "adjust_price",
        /// 延长收货时间
        ExtendTimeout = "extend_timeout",
        /// 申请退款
        ApplyRefund = "apply_refund",
        /// 同意退款
        AgreeRefund = "agree_refund",
        /// 拒绝退款
        RefuseRefund = "refuse_refund",
        /// 退货
        ReturnGoods = "return_goods",
        /// 确认收到退货
        ConfirmReturn = "confirm_return",
        /// 撤销退款申请
        WithdrawRefund = "withdraw_refund",
        /// 退款, of a direct payment
        RefundPaid = "refund_paid",
    }
}

/// GET `/desk/trades/{trade_no}`: all about one trade, and what may be done to it.
///
/// Forms POST to `/desk/trades/{trade_no}/{action}` with `csrf` and: `send_goods` (`transport_type`,
/// `logistics_name`, `invoice_no`), `confirm_goods` (`payment_password`), `close`,
/// `adjust_price` (`discount`), `extend_timeout` (`days`), `apply_refund` (`goods_received` yes | no, `amount`,
/// `refund_reason`, `evidence`), `agree_refund` and `confirm_return` (`payment_password`), `refuse_refund` (`answer`, `answer_evidence`), `return_goods`
/// (as `send_goods`), `withdraw_refund`, `refund_paid` (`amount`, `refund_reason`, `payment_password`).
#[derive(Debug, Clone, Serialize)]
pub struct TradeDetail {
    /// 交易号
    pub trade_no: String,
    /// The viewer's side.
    pub role: Role,
    /// What was bought; its total is the trade's amount.
    pub order: Order,
    /// `service`
    pub service: Word,
    /// The way of trading; `None` while a dual trade's buyer has not chosen.
    pub mode: Option<Mode>,
    /// `trade_status`
    pub status: Word,
    /// `refund_status`
    pub refund_status: Option<Word>,
    /// The buyer; `None` while nobody has signed in at the cashier.
    pub buyer: Option<Party>,
    /// The seller.
    pub seller: Party,
    /// The chosen logistics; `None` for direct pay.
    pub logistics: Option<LogisticsChoice>,
    /// Where the goods go.
    pub address: Option<Address>,
    /// The parcel, once shipped.
    pub shipment: Option<Shipment>,
    /// What the clock will do next.
    pub due: Option<Due>,
    /// Whether the platform has advised a refund, because nothing was shipped.
    pub is_advised: bool,
    /// What happened, oldest first.
    pub events: Vec<Event>,
    /// The cashier, if the viewer may pay.
    pub pay_url: Option<String>,
    /// The shipping form, if the viewer may ship.
    pub send_goods: Option<SendGoods>,
    /// Whether the viewer may confirm the receipt.
    pub may_confirm_goods: bool,
    /// Whether the viewer may close the trade.
    pub may_close: bool,
    /// The discount in the price form, if the viewer may change the price.
    pub discount: Option<String>,
    /// The days by which the viewer may extend the buyer's time to confirm; empty if not.
    pub extension_days: Vec<u64>,
    /// What the buyer wants back, once a refund was applied for.
    pub refund: Option<RefundFacts>,
    /// What the viewer may do about a refund.
    pub refund_forms: RefundForms,
    /// The form for giving a direct payment back, if the viewer may.
    pub refund_paid: Option<RefundPaid>,
    /// What was asked to be refunded of a direct payment, oldest first; a buyer sees what was.
    pub refund_lines: Vec<RefundLine>,
    /// What has just been done: a green line at the top.
    pub done: Option<Action>,
    /// Why a form came back.
    pub error: Option<FormError>,
}

impl Page for TradeDetail {
    const TEMPLATE: &'static str = "trade.html";
}

/// 退款: what was applied for, and how it went.
#[derive(Debug, Clone, Serialize)]
pub struct RefundFacts {
    /// Whether the buyer has the goods.
    pub goods_received: bool,
    /// How much.
    pub amount: String,
    /// Why, in the buyer's words.
    pub reason: String,
    /// 凭证: the buyer's; may be empty.
    pub evidence: String,
    /// Why not, in the seller's words; may be empty.
    pub answer: String,
    /// 凭证: the seller's; may be empty.
    pub answer_evidence: String,
    /// How the goods come back, once they do.
    pub parcel: Option<Shipment>,
}

/// What a viewer may do about a refund.
#[derive(Debug, Clone, Default, Serialize)]
pub struct RefundForms {
    /// Whether there is any form at all.
    pub any: bool,
    /// The buyer may apply, or apply again.
    pub apply: Option<ApplyRefund>,
    /// The seller may agree or refuse.
    pub may_answer: bool,
    /// The buyer may say how the goods come back.
    pub return_goods: Option<SendGoods>,
    /// The seller may confirm that they are back.
    pub may_confirm_return: bool,
    /// The buyer may withdraw.
    pub may_withdraw: bool,
}

/// What stands in the application form.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ApplyRefund {
    /// Whether the goods were sent, so that the buyer may have them.
    pub may_have_received: bool,
    /// The preselected answer.
    pub goods_received: bool,
    /// Yuan.
    pub amount: String,
    /// Why.
    pub reason: String,
    /// 凭证
    pub evidence: String,
}

/// An account holder in a trade.
#[derive(Debug, Clone, Serialize)]
pub struct Party {
    /// Name; may equal the account.
    pub name: String,
    /// Account: e-mail address or mobile number.
    pub account: String,
    /// 16 digits; empty for a visitor without an account.
    pub user_id: String,
}

/// A parcel on its way.
#[derive(Debug, Clone, Serialize)]
pub struct Shipment {
    /// `transport_type`
    pub transport_type: Word,
    /// `logistics_name`, the carrier; may be empty
    pub logistics_name: String,
    /// `invoice_no`, the way-bill; may be empty
    pub invoice_no: String,
}

/// What was entered in the shipping form.
#[derive(Debug, Clone, Default, Serialize)]
pub struct SendGoods {
    /// `transport_type`; preselected
    pub transport_type: String,
    /// The types to choose from (protocol.md §3.9).
    pub transport_types: Vec<Word>,
    /// `logistics_name`
    pub logistics_name: String,
    /// `invoice_no`
    pub invoice_no: String,
}

/// What the clock will do to a trade.
#[derive(Debug, Clone, Serialize)]
pub struct Due {
    /// What.
    pub kind: DueKind,
    /// When, Beijing time.
    pub at: String,
}

text_keys! {
    /// What the clock does (table `due`).
    DueKind {
        /// The unpaid trade closes.
        Close = "close",
        /// The platform advises a refund of what was not shipped.
        AdviseRefund = "advise_refund",
        /// The receipt counts as confirmed.
        Confirm = "confirm",
        /// The refund period of an advanced contract ends.
        Finish = "finish",
        /// The seller's silence counts as agreement to a refund.
        AgreeRefund = "agree_refund",
        /// Goods that are sent back count as received.
        ConfirmReturn = "confirm_return",
        /// The refund falls away.
        WithdrawRefund = "withdraw_refund",
    }
}

/// One change of a trade: who did what, where the money went, who was told.
#[derive(Debug, Clone, Serialize)]
pub struct Event {
    /// When, Beijing time: `2011-11-11 11:11:11`.
    pub at: String,
    /// Who: `Actor::role()` (table `actor`).
    pub actor: Word,
    /// What: `Command::as_str()` (table `event`).
    pub command: Word,
    /// `trade_status` afterwards
    pub status: Word,
    /// `refund_status` afterwards
    pub refund_status: Option<Word>,
    /// What was said with it; may be empty.
    pub reason: String,
    /// 凭证; may be empty.
    pub evidence: String,
    /// Where the money went.
    pub postings: Vec<Posting>,
    /// Who was told.
    pub notices: Vec<NoticeFact>,
}

/// 分录
#[derive(Debug, Clone, Serialize)]
pub struct Posting {
    /// The account that gives.
    pub debit: LedgerAccount,
    /// The account that takes.
    pub credit: LedgerAccount,
    /// How much.
    pub amount: String,
}

/// An account of the ledger, by kind and holder.
#[derive(Debug, Clone, Serialize)]
pub struct LedgerAccount {
    /// `user`, `escrow`, `bank`, `fee`, `sandbox` (table `ledger`)
    pub kind: String,
    /// User id, trade number or bank code; empty for the platform's own.
    pub holder: String,
}

impl From<&str> for LedgerAccount {
    /// Takes the ledger's name: `escrow:2011111100000001`, `fee`.
    fn from(name: &str) -> Self {
        let (kind, holder) = name.split_once(':').unwrap_or((name, ""));
        Self { kind: kind.to_owned(), holder: holder.to_owned() }
    }
}

/// 通知: one notification and its attempts.
#[derive(Debug, Clone, Serialize)]
pub struct NoticeFact {
    /// `notify_id`
    pub notify_id: String,
    /// Where it goes.
    pub notify_url: String,
    /// How far it is.
    pub state: NoticeState,
    /// When the next attempt is due, Beijing time.
    pub next_at: Option<String>,
    /// What came of it so far, oldest first.
    pub attempts: Vec<Attempt>,
    /// What a fault plan has done to the try that is to come (table `fault`).
    pub waits: Vec<&'static str>,
    /// Sends beside the schedule.
    pub resends: Vec<Resend>,
}

/// A send beside the schedule.
#[derive(Debug, Clone, Serialize)]
pub struct Resend {
    /// `asked` or `duplicate` (table `resend`)
    pub reason: String,
    /// What came of it; `None` while it waits.
    pub ended: Option<Attempt>,
}

text_keys! {
    /// How far a notification is (table `notice_state`).
    NoticeState {
        /// To be sent, or to be sent again.
        Pending = "pending",
        /// The merchant said `success`.
        Acknowledged = "acknowledged",
        /// 24 hours and 22 minutes are over.
        GivenUp = "given_up",
    }
}

/// 一次投递
#[derive(Debug, Clone, Serialize)]
pub struct Attempt {
    /// When, Beijing time.
    pub at: String,
    /// The HTTP status, `200`, or the word for no answer: `unreachable`, `timed_out`, `broken` (table `no_answer`).
    pub outcome: String,
    /// The first bytes of the answer; may be empty.
    pub answer: String,
    /// How long it took.
    pub duration_ms: i64,
    /// Whether it was acknowledged.
    pub ok: bool,
    /// What a fault plan did to it (table `fault`).
    pub faults: Vec<&'static str>,
}

/// GET `/desk/addresses`, with `?edit={id}` to change an entry. POST to the same sends `csrf` and `action`: `add` with
/// the fields of [`BookForm`], or `delete` with `id`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Addresses {
    /// The address book.
    pub book: Vec<BookEntry>,
    /// What is being entered or changed.
    pub form: BookForm,
    /// Why the form came back.
    pub error: Option<FormError>,
}

impl Page for Addresses {
    const TEMPLATE: &'static str = "addresses.html";
}

/// An entry of an address book.
#[derive(Debug, Clone, Serialize)]
pub struct BookEntry {
    /// What a form or a link sends to name it.
    pub id: i64,
    /// The address in one line.
    pub address: Address,
    /// Whether its region is not known, so that no merchant can be told it.
    pub lacks_region: bool,
}

/// The form of an address book: `receive_*` as at the cashier, `region_1` to `region_3`, `id` of an entry that is
/// changed. `list` asks for the next level of regions.
#[derive(Debug, Clone, Default, Serialize)]
pub struct BookForm {
    /// Which entry is changed; `None`: it is a new one.
    pub id: Option<i64>,
    /// What stands in the inputs; `address` is the street alone.
    pub entry: AddressEntry,
    /// The region, as far as it is chosen.
    pub region: RegionChoice,
}

/// 所在地区, chosen level by level: each list is empty until the level above it is chosen.
#[derive(Debug, Clone, Default, Serialize)]
pub struct RegionChoice {
    /// 省, 自治区, 直辖市
    pub provinces: Vec<RegionOption>,
    /// 市
    pub cities: Vec<RegionOption>,
    /// 区, 县
    pub areas: Vec<RegionOption>,
    /// Whether no level is left to choose.
    pub is_complete: bool,
}

/// One region to choose.
#[derive(Debug, Clone, Serialize)]
pub struct RegionOption {
    /// 行政区划代码
    pub code: String,
    /// Its name.
    pub name: Word,
    /// Whether it is the chosen one.
    pub chosen: bool,
}

/// An address of the book or of a trade (`receive_*`). Parts may be empty.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Address {
    /// What a form sends to name it.
    pub index: usize,
    /// `receive_name`
    pub name: String,
    /// `receive_address`
    pub address: String,
    /// `receive_zip`
    pub zip: String,
    /// `receive_phone`
    pub phone: String,
    /// `receive_mobile`
    pub mobile: String,
}

/// What stands in the inputs of a new address.
#[derive(Debug, Clone, Default, Serialize)]
pub struct AddressEntry {
    /// `receive_name`
    pub name: String,
    /// `receive_address`
    pub address: String,
    /// `receive_zip`
    pub zip: String,
    /// `receive_phone`
    pub phone: String,
    /// `receive_mobile`
    pub mobile: String,
}
