//! Everything that one decision wants written, as one value.

use danbao_protocol::ids::UserId;
use danbao_protocol::money::Fen;
use danbao_protocol::time::Timestamp;

use crate::chart::Account;
use crate::deadlines::Deadline;
use crate::notices::Notice;
use crate::trade::Trade;

/// What one command does to one trade: the trade as it is afterwards, and all that changes with it. Written whole in
/// one transaction, or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a change that is not applied has not happened"]
pub struct Change {
    /// The trade as it is after the change. Its `version` is still that of the trade that the decision was made on.
    pub trade: Trade,
    /// Whether the trade is new.
    pub is_new: bool,
    /// What happened, for the trade's history.
    pub event: Event,
    /// What is posted; `None` if no money moves.
    pub journal: Option<Journal>,
    /// Who is to be told; `None` if the trade names no notify_url or the state is not announced.
    pub notice: Option<Notice>,
    /// Deadlines to set, replacing one of the same kind.
    pub set_deadlines: Vec<Deadline>,
    /// Whether every deadline that the trade had before falls away.
    pub clear_deadlines: bool,
}

/// One line of a trade's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// What, as a verb.
    pub command: Command,
    /// What was said with it, if this is a thing that is said.
    pub grounds: Option<Grounds>,
}

/// What one side of a trade tells the other about a refund.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grounds {
    /// Why.
    pub reason: String,
    /// 凭证: what shows that it is so; may be empty.
    pub evidence: String,
}

/// What can be done to a trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Command {
    /// The buyer confirmed the cashier page.
    Create,
    /// The buyer chose another way to ship or to trade, unpaid.
    Arrange,
    /// The buyer paid.
    Pay,
    /// The buyer paid, and the seller's frozen account cannot take it: the platform holds it.
    PayHeld,
    /// The seller's account can take what was held for it.
    Release,
    /// The seller has not shipped for long: the platform advises the buyer to apply for a refund.
    AdviseRefund,
    /// The seller shipped.
    SendGoods,
    /// The goods were received, or the time for saying otherwise is over.
    ConfirmGoods,
    /// The trade was closed unpaid.
    Close,
    /// The refund period of an advanced contract ended.
    Finish,
    /// The seller changed the price, unpaid.
    AdjustPrice,
    /// The seller gave the buyer more time to confirm.
    ExtendTimeout,
    /// The buyer applied for a refund, or applied again.
    ApplyRefund,
    /// The seller agreed to a refund, or said nothing in time.
    AgreeRefund,
    /// The seller refused a refund.
    RefuseRefund,
    /// The buyer sent the goods back.
    ReturnGoods,
    /// The goods came back, or the time for saying otherwise is over.
    ConfirmReturn,
    /// The buyer withdrew a refund, or let a step of its own lapse.
    WithdrawRefund,
    /// The seller gave money of a direct payment back.
    RefundPaid,
}

impl Command {
    /// Every command.
    pub const ALL: [Command; 19] = [
        Command::Create,
        Command::Arrange,
        Command::Pay,
        Command::PayHeld,
        Command::Release,
        Command::AdviseRefund,
        Command::SendGoods,
        Command::ConfirmGoods,
        Command::Close,
        Command::Finish,
        Command::AdjustPrice,
        Command::ExtendTimeout,
        Command::ApplyRefund,
        Command::AgreeRefund,
        Command::RefuseRefund,
        Command::ReturnGoods,
        Command::ConfirmReturn,
        Command::WithdrawRefund,
        Command::RefundPaid,
    ];

    /// Reads the word in the trade's history.
    pub fn from_name(name: &str) -> Option<Command> {
        Command::ALL.into_iter().find(|command| command.as_str() == name)
    }

    /// The word in the trade's history.
    pub const fn as_str(self) -> &'static str {
        match self {
            Command::Create => "create",
            Command::Arrange => "arrange",
            Command::Pay => "pay",
            Command::PayHeld => "pay_held",
            Command::Release => "release",
            Command::AdviseRefund => "advise_refund",
            Command::SendGoods => "send_goods",
            Command::ConfirmGoods => "confirm_goods",
            Command::Close => "close",
            Command::Finish => "finish",
            Command::AdjustPrice => "adjust_price",
            Command::ExtendTimeout => "extend_timeout",
            Command::ApplyRefund => "apply_refund",
            Command::AgreeRefund => "agree_refund",
            Command::RefuseRefund => "refuse_refund",
            Command::ReturnGoods => "return_goods",
            Command::ConfirmReturn => "confirm_return",
            Command::WithdrawRefund => "withdraw_refund",
            Command::RefundPaid => "refund_paid",
        }
    }
}

/// Who did it (protocol.md §5.8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// The buyer, at the cashier or the desk.
    Buyer(UserId),
    /// The seller, at the desk.
    Seller(UserId),
    /// The merchant's server, by an interface.
    Partner,
    /// A deadline.
    Timer,
    /// The platform's staff, who freeze accounts and release them.
    Platform,
}

impl Actor {
    /// Every word that [`Actor::role`] gives.
    pub const ROLES: [&'static str; 5] = ["buyer", "seller", "partner", "timer", "platform"];

    /// The word in the trade's history.
    pub fn role(&self) -> &'static str {
        match self {
            Actor::Buyer(_) => "buyer",
            Actor::Seller(_) => "seller",
            Actor::Partner => "partner",
            Actor::Timer => "timer",
            Actor::Platform => "platform",
        }
    }
}

/// 凭证: postings that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Journal {
    /// The postings, in order; never empty.
    pub postings: Vec<Posting>,
}

/// 分录: money goes from one account to another. Two-sided, so that an unbalanced journal cannot be written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posting {
    /// The account that gives.
    pub debit: Account,
    /// The account that takes.
    pub credit: Account,
    /// How much; more than zero.
    pub amount: Fen,
}
