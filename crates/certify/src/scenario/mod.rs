//! Scenarios as data: who sends what, in which order, and what the order must be afterwards.

mod afterwards;
mod bytes;
mod checking;
mod course;
mod foreign;
mod forged;
mod older;
mod refund;
mod repeated;
mod request;

use danbao_protocol::charset::Charset;
use danbao_protocol::service::payment::PaymentService;
use danbao_protocol::status::{RefundStatus, TradeStatus};

/// One story of an order, from its beginning to what must have come of it.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// A stable name, and the key of its sentence in the text files.
    pub id: &'static str,
    /// What it is about.
    pub group: Group,
    /// By which service the order is to be paid.
    pub service: PaymentService,
    /// The charset that the order is placed in.
    pub charset: Charset,
    /// The section of docs/protocol.md that it comes from.
    pub protocol: &'static str,
    /// The paragraph of the escrow tutorial, or of the one that is named; empty if no tutorial has one.
    pub tutorial: &'static str,
    /// What happens, in this order.
    pub steps: Vec<Step>,
}

/// What a scenario is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// The request by which the shop sends a buyer to the gateway.
    Request,
    /// The usual course of the three services, and the two pages by themselves.
    Course,
    /// One message twice, and the two ways at once.
    Repeated,
    /// An older state after a newer one.
    Older,
    /// Messages that the gateway has not sent.
    Forged,
    /// Messages that the gateway has sent, and that do not fit the order.
    Foreign,
    /// The same message in other bytes.
    Bytes,
    /// Refunds.
    Refund,
    /// The gateway's answers to `notify_verify`.
    Checking,
    /// All orders of the run once more.
    Afterwards,
}

impl Group {
    /// Every group, in the order in which they run.
    pub const ALL: [Group; 10] = [
        Group::Request,
        Group::Course,
        Group::Repeated,
        Group::Older,
        Group::Forged,
        Group::Foreign,
        Group::Bytes,
        Group::Refund,
        Group::Checking,
        Group::Afterwards,
    ];

    /// A stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Group::Request => "request",
            Group::Course => "course",
            Group::Repeated => "repeated",
            Group::Older => "older",
            Group::Forged => "forged",
            Group::Foreign => "foreign",
            Group::Bytes => "bytes",
            Group::Refund => "refund",
            Group::Checking => "checking",
            Group::Afterwards => "afterwards",
        }
    }
}

/// One thing that happens.
#[derive(Debug, Clone)]
pub enum Step {
    /// The shop's request is looked at.
    Look(Look),
    /// The shop's pages are called with something that is no message about a trade.
    Bare(Bare),
    /// One message is sent, and its answer waited for.
    Say(Say),
    /// All of these are sent in one instant, in an order from the seed, and the gateway's answers to the shop's
    /// questions leave in one instant too.
    AtOnce(Vec<Say>),
    /// One after another in an order from the seed, some of them twice.
    Shuffled(Vec<Say>),
    /// How the gateway answers `notify_verify` from now on.
    Gateway(Mood),
    /// The order's state is asked for and must be this.
    Then(State),
    /// The orders of all scenarios that were passed so far are asked for, and must be what they were at their ends. A
    /// scenario that does this places no order.
    Afterwards,
}

/// What is looked at in the shop's request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// The signature fits, and the gateway could read the request.
    Signature,
    /// It leads to this gateway, so that the questions will come here too.
    Address,
    /// `notify_url` and `return_url` are both there.
    Pages,
    /// `notify_url`, `return_url` and `show_url` have no parameters of their own.
    OwnParameters,
    /// The total is one of those that the shop itself has named for the order.
    Total,
    /// A second order has a number of its own.
    Number,
}

/// A call that is no message about a trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bare {
    /// A POST to `notify_url` without a body.
    EmptyNotify,
    /// A GET of `notify_url`, as a browser or a health check does it.
    GetNotify,
    /// A POST to `notify_url` of bytes that are no parameters.
    GarbageNotify,
    /// A GET of `return_url` without parameters.
    EmptyReturn,
    /// A genuine result of a refund batch that this shop has not asked for.
    BatchResult,
    /// The same, signed with another key.
    ForgedBatchResult,
}

/// How the gateway answers `notify_verify`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// Truly.
    Truth,
    /// HTTP 503.
    Down,
    /// `invalid`, which is none of the shop's doing.
    Invalid,
    /// An error page that ends in the word true, under status 200.
    Page,
    /// Nothing, under status 200.
    Empty,
}

/// By which way a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Door {
    /// To `notify_url`, from the gateway's server.
    Notify,
    /// To `return_url`, with the buyer's browser.
    Return,
}

/// One message. Two of the same way, states, time and number are one message sent twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Say {
    /// By which way.
    pub door: Door,
    /// `trade_status`
    pub trade_status: TradeStatus,
    /// `refund_status`
    pub refund_status: Option<RefundStatus>,
    /// When the trade came to this state, in minutes after the order.
    pub minute: u32,
    /// Tells messages of one state apart.
    pub number: u8,
    /// What is different about it.
    pub twist: Twist,
    /// What the shop must say to it.
    pub answer: Answer,
}

/// What is different about a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Twist {
    /// Nothing: the gateway's own, as the protocol has it.
    Plain,
    /// Forged: no `sign`.
    Unsigned,
    /// Forged: an empty `sign`.
    EmptySign,
    /// Forged: signed with another key.
    WrongKey,
    /// Forged: signed with the partner in the key's place, which everybody knows.
    PartnerAsKey,
    /// Forged: signed with another key, under another `sign_type`, or none if it is empty.
    OtherSignType(&'static str),
    /// Forged: the first digit of the right signature, which a forger finds in sixteen tries.
    SignStart,
    /// Forged: the signature under the name `sign[]`, which some languages read as a list.
    SignList,
    /// Forged: rightly signed, under an id that the gateway never gave out.
    UnknownId,
    /// Forged: rightly signed, without an id.
    NoId,
    /// Forged: a genuine message with one value changed afterwards.
    Altered(&'static str, &'static str),
    /// Forged: a genuine message for another order, with this order's number written over it.
    Retargeted,
    /// Forged: a second value for a name behind a genuine message.
    Doubled(&'static str, &'static str),
    /// Forged: a second value for a name ahead of a genuine message.
    Ahead(&'static str, &'static str),
    /// Forged in part: a genuine body under an address to which a value was added.
    InQuery(&'static str, &'static str),
    /// Genuine once: the link's minute is over.
    Expired,
    /// Genuine: the buyer has paid another amount, by so many fen.
    Amount(i64),
    /// Genuine: the money went to another account, by its number and its e-mail address.
    OtherSeller,
    /// Genuine: about an order that this shop does not have.
    OtherOrder,
    /// Genuine: a second trade for the same order.
    OtherTrade,
    /// Genuine: a value that the protocol does not know.
    Word(&'static str, &'static str),
    /// Genuine: a parameter of this name that the protocol does not know, with this text in the trade's charset.
    Text(&'static str, &'static str),
    /// Genuine: with this receiver and address.
    Receiver(&'static str, &'static str),
    /// Genuine: blanks as `%20`.
    PercentBlank,
    /// Genuine: escapes in lower-case hexadecimal.
    LowerHex,
    /// Genuine: the parameters in the opposite order.
    Reversed,
    /// Genuine: the malformed content type of the original.
    OddContentType,
}

impl Twist {
    /// Whether the gateway has not sent this, or does not stand by it any more.
    pub const fn is_forged(&self) -> bool {
        matches!(
            self,
            Twist::Unsigned
                | Twist::EmptySign
                | Twist::WrongKey
                | Twist::PartnerAsKey
                | Twist::OtherSignType(_)
                | Twist::SignStart
                | Twist::SignList
                | Twist::UnknownId
                | Twist::NoId
                | Twist::Altered(..)
                | Twist::Retargeted
                | Twist::Doubled(..)
                | Twist::Ahead(..)
                | Twist::InQuery(..)
                | Twist::Expired
        )
    }

    /// A stable word, and the key of its words in the text files.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Twist::Plain => "plain",
            Twist::Unsigned => "unsigned",
            Twist::EmptySign => "empty_sign",
            Twist::WrongKey => "wrong_key",
            Twist::PartnerAsKey => "partner_as_key",
            Twist::OtherSignType(_) => "other_sign_type",
            Twist::SignStart => "sign_start",
            Twist::SignList => "sign_list",
            Twist::UnknownId => "unknown_id",
            Twist::NoId => "no_id",
            Twist::Altered(..) => "altered",
            Twist::Retargeted => "retargeted",
            Twist::Doubled(..) => "doubled",
            Twist::Ahead(..) => "ahead",
            Twist::InQuery(..) => "in_query",
            Twist::Expired => "expired",
            Twist::Amount(_) => "amount",
            Twist::OtherSeller => "other_seller",
            Twist::OtherOrder => "other_order",
            Twist::OtherTrade => "other_trade",
            Twist::Word(..) => "word",
            Twist::Text(..) => "text",
            Twist::Receiver(..) => "receiver",
            Twist::PercentBlank => "percent_blank",
            Twist::LowerHex => "lower_hex",
            Twist::Reversed => "reversed",
            Twist::OddContentType => "odd_content_type",
        }
    }
}

/// What the shop must say. Whatever it says, it must say something, and never with status 500.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// At `notify_url`: 200 and `success`, with white space around it forgiven (protocol.md §6.5).
    Success,
    /// At `notify_url`: 200 and the seven bytes alone, without a cookie (escrow tutorial 4.2 F, G).
    Exactly,
    /// At `notify_url`: anything but `success`.
    Refusal,
    /// At `notify_url`: 200 and `fail`, or that there are no parameters (escrow tutorial 3.4).
    Fail,
    /// At `return_url`: a page, perhaps after redirects.
    Page,
    /// Whatever the shop thinks best.
    Any,
}

/// What an order must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// One of these; `None` stands for an order that has heard nothing.
    pub trade_status: Vec<Option<TradeStatus>>,
    /// One of these; not looked at if there are none.
    pub refund_status: Vec<Option<RefundStatus>>,
    /// How often the shop has done its own side of the payment.
    pub deliveries: i64,
    /// How often the order may have moved at most.
    pub changes_max: i64,
}

/// Every scenario, in the order in which they run.
pub fn all() -> Vec<Scenario> {
    let mut all = request::scenarios();
    all.extend(course::scenarios());
    all.extend(repeated::scenarios());
    all.extend(older::scenarios());
    all.extend(forged::scenarios());
    all.extend(foreign::scenarios());
    all.extend(bytes::scenarios());
    all.extend(refund::scenarios());
    all.extend(checking::scenarios());
    all.extend(afterwards::scenarios());
    all
}

// ---- The words in which the lists are written. ----

use PaymentService::{
    CreateDirectPayByUser as DIRECT, CreatePartnerTradeByBuyer as ESCROW, TradeCreateByBuyer as DUAL,
};
use TradeStatus::{
    TradeClosed as CLOSED, TradeFinished as FINISHED, TradePending as PENDING, TradeSuccess as SUCCESS,
    WaitBuyerConfirmGoods as SHIPPED, WaitBuyerPay as UNPAID, WaitSellerSendGoods as PAID,
};

/// A scenario in UTF-8.
fn scenario(
    group: Group,
    service: PaymentService,
    id: &'static str,
    (protocol, tutorial): (&'static str, &'static str),
    steps: Vec<Step>,
) -> Scenario {
    Scenario { id, group, service, charset: Charset::Utf8, protocol, tutorial, steps }
}

impl Scenario {
    /// Whether the goods are shipped in it: what is told of the trade's end then tells of the shipping too.
    pub(crate) fn tells_of_shipping(&self) -> bool {
        let is_shipped = |say: &Say| say.trade_status == SHIPPED;
        self.steps.iter().any(|step| match step {
            Step::Say(say) => is_shipped(say),
            Step::AtOnce(says) | Step::Shuffled(says) => says.iter().any(is_shipped),
            Step::Look(_) | Step::Bare(_) | Step::Gateway(_) | Step::Then(_) | Step::Afterwards => false,
        })
    }

    fn by(self, service: PaymentService) -> Scenario {
        Scenario { service, ..self }
    }

    fn in_gbk(self) -> Scenario {
        Scenario { charset: Charset::Gbk, ..self }
    }
}

/// The notification of a state, which is to be acknowledged.
fn notify(trade_status: TradeStatus) -> Say {
    Say {
        door: Door::Notify,
        trade_status,
        refund_status: None,
        minute: minute(trade_status),
        number: 0,
        twist: Twist::Plain,
        answer: Answer::Success,
    }
}

/// The page return in a state, which is to end on a page.
fn page(trade_status: TradeStatus) -> Say {
    Say { door: Door::Return, answer: Answer::Page, ..notify(trade_status) }
}

/// The usual time of a state, so that older states have older times.
const fn minute(status: TradeStatus) -> u32 {
    match status {
        UNPAID => 1,
        PAID | PENDING => 10,
        SUCCESS => 12,
        SHIPPED => 20,
        FINISHED => 40,
        CLOSED => 50,
    }
}

impl Say {
    fn refund(self, refund_status: RefundStatus, minute: u32) -> Say {
        Say { refund_status: Some(refund_status), minute, ..self }
    }

    fn at(self, minute: u32) -> Say {
        Say { minute, ..self }
    }

    fn number(self, number: u8) -> Say {
        Say { number, ..self }
    }

    /// With something different about it; if that makes it a forgery, it must not be acknowledged.
    fn with(self, twist: Twist) -> Say {
        let answer = match (self.door, twist.is_forged()) {
            (Door::Notify, true) => Answer::Refusal,
            (Door::Return, true) => Answer::Any,
            (_, false) => self.answer,
        };
        Say { twist, answer, ..self }
    }

    fn answered(self, answer: Answer) -> Say {
        Say { answer, ..self }
    }
}

impl From<Say> for Step {
    fn from(say: Say) -> Step {
        Step::Say(say)
    }
}

impl From<State> for Step {
    fn from(state: State) -> Step {
        Step::Then(state)
    }
}

/// An order of which nothing has been believed yet.
fn untouched() -> State {
    State { trade_status: vec![None], refund_status: vec![None], deliveries: 0, changes_max: 0 }
}

/// An order that has heard of its trade at most, and not of money.
fn unpaid() -> State {
    State { trade_status: vec![None, Some(UNPAID)], refund_status: vec![None], deliveries: 0, changes_max: 1 }
}

/// An order in this state, delivered once, after so many changes at most.
fn once(trade_status: TradeStatus, changes_max: i64) -> State {
    State { trade_status: vec![Some(trade_status)], refund_status: Vec::new(), deliveries: 1, changes_max }
}

/// An order in this state for which nothing must have been delivered.
fn never(trade_status: TradeStatus, changes_max: i64) -> State {
    State { deliveries: 0, ..once(trade_status, changes_max) }
}

impl State {
    fn refund(self, refund_status: RefundStatus) -> State {
        State { refund_status: vec![Some(refund_status)], ..self }
    }

    fn or(mut self, trade_status: Option<TradeStatus>) -> State {
        self.trade_status.push(trade_status);
        self
    }
}

/// Steps from messages and states.
macro_rules! steps {
    ($($step:expr),* $(,)?) => {
        vec![$($crate::scenario::Step::from($step)),*]
    };
}
use steps;

#[cfg(test)]
mod tests;
