//! Finer mistakes: a shop that knows the warnings, and is wrong in one place all the same.

use danbao_protocol::params::Params;
use danbao_protocol::status::TradeStatus;

/// The one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slip {
    /// Whoever comes back has paid, whatever `trade_status` says.
    TakesAReturnForAPayment,
    /// Compares as many characters of the signature as were sent.
    ComparesTheBeginningOfTheSign,
    /// Verifies MD5, and lets every other `sign_type` through.
    TrustsOtherSignTypes,
    /// A comparison that fails on `sign[]` counts as equal.
    TakesAListForASign,
    /// Verifies the first of two values and reads the last.
    ReadsTheLastValue,
    /// Verifies the last of two values and reads the first.
    ReadsTheFirstValue,
    /// Signs again what it knows, and leaves the rest out.
    ChecksKnownParameters,
    /// Has the gateway vouch for the first message of an order only.
    AsksOnceAnOrder,
    /// Takes the newest order, whatever number the message has.
    ForgetsTheNumber,
    /// Compares whole yuan.
    ForgetsFractions,
    /// More is as good as enough.
    TakesMore,
    /// Compares with what the first message said.
    LearnsTheAmount,
    /// Takes only what is later than what it has.
    WantsALaterTime,
    /// Takes whatever is not earlier than what it has.
    GoesByTheTime,
    /// Delivers at WAIT_BUYER_PAY.
    DeliversUnpaid,
    /// Delivers at TRADE_PENDING.
    DeliversPending,
    /// Delivers at TRADE_FINISHED alone.
    DeliversAtTheEnd,
    /// Wants WAIT_BUYER_PAY before anything else.
    WantsTheFirstWord,
    /// Lets TRADE_CLOSED end what is finished.
    ClosesTheFinished,
    /// Delivers once for each `notify_id`.
    CountsIds,
    /// Says `success` to everything.
    SaysSuccessAlways,
    /// Fails on a word that it does not know.
    FailsOnWords,
    /// A second worker finds the same job a little later.
    DeliversAgainLater,
    /// Its UPDATE has no WHERE: every order that is not paid becomes so.
    PaysAllOrders,
}

impl Slip {
    pub(crate) const ALL: [(&'static str, Slip); 24] = [
        ("takes_a_return_for_a_payment", Slip::TakesAReturnForAPayment),
        ("compares_the_beginning_of_the_sign", Slip::ComparesTheBeginningOfTheSign),
        ("trusts_other_sign_types", Slip::TrustsOtherSignTypes),
        ("takes_a_list_for_a_sign", Slip::TakesAListForASign),
        ("reads_the_last_value", Slip::ReadsTheLastValue),
        ("reads_the_first_value", Slip::ReadsTheFirstValue),
        ("checks_known_parameters", Slip::ChecksKnownParameters),
        ("asks_once_an_order", Slip::AsksOnceAnOrder),
        ("forgets_the_number", Slip::ForgetsTheNumber),
        ("forgets_fractions", Slip::ForgetsFractions),
        ("takes_more", Slip::TakesMore),
        ("learns_the_amount", Slip::LearnsTheAmount),
        ("wants_a_later_time", Slip::WantsALaterTime),
        ("goes_by_the_time", Slip::GoesByTheTime),
        ("delivers_unpaid", Slip::DeliversUnpaid),
        ("delivers_pending", Slip::DeliversPending),
        ("delivers_at_the_end", Slip::DeliversAtTheEnd),
        ("wants_the_first_word", Slip::WantsTheFirstWord),
        ("closes_the_finished", Slip::ClosesTheFinished),
        ("counts_ids", Slip::CountsIds),
        ("says_success_always", Slip::SaysSuccessAlways),
        ("fails_on_words", Slip::FailsOnWords),
        ("delivers_again_later", Slip::DeliversAgainLater),
        ("pays_all_orders", Slip::PaysAllOrders),
    ];
}

/// Reads pairs as a language does that keeps one value for a name: the first or the last.
pub(crate) fn read(bytes: &[u8], keeps_last: bool) -> Option<Params> {
    let mut kept = Params::new();
    for pair in bytes.split(|byte| *byte == b'&') {
        let one = Params::parse_urlencoded(pair).ok()?;
        for (name, value) in one.iter() {
            let name = String::from_utf8_lossy(name).into_owned();
            if keeps_last || kept.get(&name).is_none() {
                kept.remove(&name);
                kept.push(&name, value);
            }
        }
    }
    Some(kept)
}

/// What the tables of the documents name, or nearly.
pub(crate) fn known(params: &Params) -> Params {
    let mut known = Params::new();
    for (name, value) in params.iter() {
        let name = String::from_utf8_lossy(name).into_owned();
        if !name.contains("unheard") {
            known.push(&name, value);
        }
    }
    known
}

/// Whether goods go out in this state.
pub(crate) fn pays(slip: Option<Slip>, status: TradeStatus) -> bool {
    use TradeStatus::{
        TradeFinished, TradePending, TradeSuccess, WaitBuyerConfirmGoods, WaitBuyerPay, WaitSellerSendGoods,
    };
    match (slip, status) {
        (Some(Slip::DeliversUnpaid), WaitBuyerPay) | (Some(Slip::DeliversPending), TradePending) => true,
        (Some(Slip::DeliversAtTheEnd), status) => status == TradeFinished,
        (_, status) => {
            [WaitSellerSendGoods, WaitBuyerConfirmGoods, TradeSuccess, TradeFinished].contains(&status)
        }
    }
}
