//! Every sequence of commands by everybody, deadlines included, for all services, modes and contracts: no state but
//! those of protocol.md §5.3-5.6 is reached, by no way but theirs.
//!
//! The clock stands still, so that two sequences which leave everything alike can be told to be alike; what comes after
//! such a place is then walked once for all of them. So the walk ends by itself, when a round finds no new place: it
//! covers sequences of **every** length, and not only up to a depth. No place is farther away than nine commands; the
//! tenth round finds nothing new. What needs the clock to move (`t_s_send_1`, the lengths of extensions) is told in the
//! stories instead.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use danbao_protocol::money::Fen;
use danbao_protocol::service::payment::{
    LogisticsGroup, LogisticsPayment, LogisticsType, PaymentService, TransportType,
};
use danbao_protocol::status::{RefundStatus, TradeStatus};

use super::{
    BUYER, Books, NOON, SELLER, choice, company, frozen_buyer, frozen_seller, home, opening, parcel, parties,
    request, user,
};
use crate::change::{Actor, Change, Command, Grounds};
use crate::chart::Account;
use crate::deadlines::{Clocks, Deadline, DeadlineKind};
use crate::fastpay_refund::{self, Balances, PaidRefund};
use crate::machine::{self, Means, Opening};
use crate::refund::{self, Application};
use crate::refusal::Refusal;
use crate::settlement;
use crate::trade::{Mode, Trade};
use crate::triggers::Triggers;

const PURSE: Fen = Fen(2_000);
const CUT: Fen = Fen(-100);
const PART: Fen = Fen(400);

/// What a message tells of a trade.
type State = (TradeStatus, Option<RefundStatus>);
type Steps = BTreeSet<(Option<State>, State, Command)>;
/// What the clock does: from, command, to.
pub(super) type Rings = BTreeSet<(State, Command, State)>;

/// What is true of one trade at one moment of a walk.
#[derive(Debug, Clone)]
struct Spot {
    trade: Option<Trade>,
    books: Books,
    deadlines: Vec<Deadline>,
}

/// One walk's ground: a request and a contract, and what was found on it.
struct Ground {
    opening: Opening,
    notifies: bool,
    tells_all: bool,
    steps: Steps,
    rings: Rings,
    tried: u64,
}

/// How far all walks together have come.
#[derive(Debug, Default)]
struct Tally {
    /// Places that differ.
    spots: usize,
    /// Commands tried, lawful or not.
    tried: u64,
    /// The longest of the shortest ways to a place.
    rounds: usize,
    /// Lawful sequences of at most ten commands.
    sequences_of_10: u128,
}

#[test]
fn no_sequence_of_commands_leaves_the_lawful_paths() {
    let mut tally = Tally::default();
    for service in PaymentService::ALL.iter().copied() {
        for is_refundable in [false, true] {
            for (notifies, tells_all) in [(false, false), (true, false), (true, true)] {
                if tells_all && !service.is_direct() {
                    continue;
                }
                let mut ground = Ground::of(service, is_refundable, notifies, tells_all);
                ground.walk(&mut tally);
                let lawful = lawful_steps(service, is_refundable);
                let unlawful: Vec<_> = ground.steps.difference(&lawful).collect();
                let untrodden: Vec<_> = lawful.difference(&ground.steps).collect();
                assert!(unlawful.is_empty() && untrodden.is_empty(), "{service}: {unlawful:?} {untrodden:?}");
            }
        }
    }
    println!("{tally:?}");
    assert_eq!(tally.rounds, 10, "the first line of this file says how far the walk goes: {tally:?}");
    assert!(tally.sequences_of_10 > 20_000_000, "the walk was short: {tally:?}");
}

/// Everything that the clock was seen to do on any ground.
pub(super) fn rings() -> Rings {
    let mut rings = Rings::new();
    for service in PaymentService::ALL.iter().copied() {
        for is_refundable in [false, true] {
            let mut ground = Ground::of(service, is_refundable, true, true);
            ground.walk(&mut Tally::default());
            rings.append(&mut ground.rings);
        }
    }
    rings
}

/// The tables of protocol.md §5.3, §5.5 and §5.6, written down apart from the machine.
fn lawful_steps(service: PaymentService, is_refundable: bool) -> Steps {
    use TradeStatus::*;
    let unpaid = (WaitBuyerPay, None);
    let mut steps = Steps::from([
        (None, unpaid, Command::Create),
        (Some(unpaid), unpaid, Command::Arrange),
        (Some(unpaid), unpaid, Command::AdjustPrice),
        (Some(unpaid), (TradeClosed, None), Command::Close),
    ]);
    if service.is_direct() && is_refundable {
        steps.insert((Some(unpaid), (TradeSuccess, None), Command::Pay));
        steps.extend(lawful_paid_steps());
        steps.insert((Some((TradePending, None)), (TradeSuccess, None), Command::Release));
    } else if service != PaymentService::CreatePartnerTradeByBuyer {
        // Dual trades are done at once whatever the contract for direct pay says (protocol.md §5.5).
        steps.insert((Some(unpaid), (TradeFinished, None), Command::Pay));
        steps.insert((Some((TradePending, None)), (TradeFinished, None), Command::Release));
    }
    if service != PaymentService::CreatePartnerTradeByBuyer {
        steps.insert((Some(unpaid), (TradePending, None), Command::PayHeld));
    }
    if !service.is_direct() {
        steps.insert((Some(unpaid), (WaitSellerSendGoods, None), Command::Pay));
        steps.extend(lawful_escrow_steps());
    }
    steps
}

/// The table of protocol.md §5.6 once an advanced contract's payment was made.
fn lawful_paid_steps() -> Steps {
    use TradeStatus::*;
    let back = Some(RefundStatus::RefundSuccess);
    let mut steps = Steps::new();
    for before in [None, back] {
        steps.insert((Some((TradeSuccess, before)), (TradeFinished, before), Command::Finish));
        for to in [TradeSuccess, TradeClosed] {
            steps.insert((Some((TradeSuccess, before)), (to, back), Command::RefundPaid));
        }
    }
    steps
}

/// The table of protocol.md §5.4 over both states in which money is held, with what ships, confirms and extends.
fn lawful_escrow_steps() -> Steps {
    use RefundStatus::*;
    use TradeStatus::*;
    let mut steps = Steps::new();
    let mut may = |from: State, to: State, command| steps.insert((Some(from), to, command));
    let (ready, sent, closed, finished) =
        (WaitSellerSendGoods, WaitBuyerConfirmGoods, TradeClosed, TradeFinished);
    for held in [ready, sent] {
        for before in [None, Some(RefundClosed), Some(SellerRefuseBuyer)] {
            may((held, before), (held, Some(WaitSellerAgree)), Command::ApplyRefund);
        }
        may((held, Some(WaitSellerAgree)), (held, Some(SellerRefuseBuyer)), Command::RefuseRefund);
        may((held, Some(WaitSellerAgree)), (closed, Some(RefundSuccess)), Command::AgreeRefund);
        for open in [WaitSellerAgree, SellerRefuseBuyer] {
            may((held, Some(open)), (held, Some(RefundClosed)), Command::WithdrawRefund);
        }
    }
    // Only what was sent can be sent back, and only of what was sent can a part be refunded.
    may((sent, Some(WaitSellerAgree)), (finished, Some(RefundSuccess)), Command::AgreeRefund);
    may((sent, Some(WaitSellerAgree)), (sent, Some(WaitBuyerReturnGoods)), Command::AgreeRefund);
    may((sent, Some(WaitBuyerReturnGoods)), (sent, Some(WaitSellerConfirmGoods)), Command::ReturnGoods);
    for back in [WaitBuyerReturnGoods, WaitSellerConfirmGoods] {
        may((sent, Some(back)), (sent, Some(RefundClosed)), Command::WithdrawRefund);
    }
    for end in [closed, finished] {
        may((sent, Some(WaitSellerConfirmGoods)), (end, Some(RefundSuccess)), Command::ConfirmReturn);
    }
    may((ready, None), (sent, None), Command::SendGoods);
    for before in [WaitSellerAgree, SellerRefuseBuyer, RefundClosed] {
        may((ready, Some(before)), (sent, Some(RefundClosed)), Command::SendGoods);
    }
    may((sent, None), (finished, None), Command::ConfirmGoods);
    for before in
        [WaitSellerAgree, SellerRefuseBuyer, WaitBuyerReturnGoods, WaitSellerConfirmGoods, RefundClosed]
    {
        may((sent, Some(before)), (finished, Some(RefundClosed)), Command::ConfirmGoods);
    }
    for still in [None, Some(RefundClosed)] {
        may((ready, still), (ready, still), Command::AdviseRefund);
        may((sent, still), (sent, still), Command::ExtendTimeout);
    }
    steps
}

/// The combined states of protocol.md §5.4 and §5.6, written down once more as its table.
fn is_lawful(state: State) -> bool {
    use RefundStatus::*;
    use TradeStatus::*;
    match state {
        (WaitBuyerPay | TradePending, refund) => refund.is_none(),
        (TradeSuccess, refund) => matches!(refund, None | Some(RefundSuccess)),
        (WaitSellerSendGoods, refund) => {
            matches!(refund, None | Some(WaitSellerAgree | SellerRefuseBuyer | RefundClosed))
        }
        (WaitBuyerConfirmGoods, refund) => refund != Some(RefundSuccess),
        (TradeClosed, refund) => matches!(refund, None | Some(RefundSuccess)),
        (TradeFinished, refund) => matches!(refund, None | Some(RefundClosed | RefundSuccess)),
    }
}

/// What happens by itself in a state: the seller's shipping has no end, only an advice.
fn due_in(state: State) -> Vec<DeadlineKind> {
    use RefundStatus::*;
    use TradeStatus::*;
    match state {
        (WaitBuyerPay, _) => vec![DeadlineKind::CloseUnpaid],
        (TradeSuccess, _) => vec![DeadlineKind::FinishRefundable],
        (TradePending, _) => vec![DeadlineKind::Release],
        (WaitSellerSendGoods | WaitBuyerConfirmGoods, Some(WaitSellerAgree)) => {
            vec![DeadlineKind::AgreeRefund]
        }
        (WaitSellerSendGoods | WaitBuyerConfirmGoods, Some(SellerRefuseBuyer | WaitBuyerReturnGoods)) => {
            vec![DeadlineKind::WithdrawRefund]
        }
        (WaitBuyerConfirmGoods, Some(WaitSellerConfirmGoods)) => vec![DeadlineKind::ConfirmReturn],
        (WaitSellerSendGoods, None | Some(RefundClosed)) => vec![DeadlineKind::AdviseRefund],
        (WaitBuyerConfirmGoods, None | Some(RefundClosed)) => vec![DeadlineKind::ConfirmGoods],
        _ => Vec::new(),
    }
}

/// How many days the clock of a state is set to (protocol.md §5.7).
fn days_in(trade: &Trade) -> u64 {
    let by = |parcel: Option<&crate::trade::Shipment>| parcel.unwrap().transport_type;
    match due_in((trade.trade_status, trade.refund_status))[0] {
        DeadlineKind::CloseUnpaid => 15,
        DeadlineKind::FinishRefundable => 90,
        DeadlineKind::AdviseRefund => 7,
        DeadlineKind::AgreeRefund if trade.shipment.is_none() => 7,
        DeadlineKind::AgreeRefund => 15,
        DeadlineKind::WithdrawRefund => 7,
        DeadlineKind::ConfirmGoods if by(trade.shipment.as_ref()) == TransportType::Direct => 3,
        DeadlineKind::ConfirmGoods => 10,
        DeadlineKind::ConfirmReturn => {
            let parcel = trade.refund.as_ref().and_then(|refund| refund.parcel.as_ref());
            if by(parcel) == TransportType::Post { 30 } else { 10 }
        }
        DeadlineKind::Release => panic!("no command on the trade itself plans its release"),
    }
}

impl Spot {
    /// What tells one place from another. Not the instants of deadlines: no decision reads one but an extension, which
    /// adds to it.
    fn key(&self) -> String {
        let kinds: Vec<_> = self.deadlines.iter().map(|deadline| deadline.kind).collect();
        let same = self.trade.as_ref().map(|trade| {
            let own = (&trade.amount, trade.total_fee, trade.mode, &trade.logistics, &trade.receive);
            let way = (trade.trade_status, trade.refund_status, &trade.refund, &trade.shipment, &trade.gmt);
            format!("{own:?} {way:?} {:?} {}", trade.paid_from, trade.refunded)
        });
        format!("{same:?} {:?} {kinds:?}", self.books)
    }
}

impl Ground {
    fn of(service: PaymentService, is_refundable: bool, notifies: bool, tells_all: bool) -> Ground {
        let mut asked = request(service, Fen(1_000));
        if !service.is_direct() {
            asked.logistics.push(LogisticsGroup {
                logistics_type: LogisticsType::Ems,
                logistics_fee: Fen(500),
                logistics_payment: LogisticsPayment::BuyerPay,
            });
        }
        asked.notify_url = asked.notify_url.filter(|_| notifies);
        let triggers = if tells_all { Triggers::of(Triggers::SWITCHED).unwrap() } else { Triggers::STANDARD };
        let opening = Opening { is_refundable, fee_ppm: 6_000, triggers, ..opening(asked) };
        Ground { opening, notifies, tells_all, steps: Steps::new(), rings: Rings::new(), tried: 0 }
    }

    /// Round by round, until a round finds no place that was not known.
    fn walk(&mut self, tally: &mut Tally) {
        let start = Spot { trade: None, books: Books::with_purse(PURSE), deadlines: Vec::new() };
        let mut known = BTreeMap::from([(start.key(), 0_usize)]);
        let mut ways: Vec<Vec<usize>> = Vec::new();
        let mut ahead = vec![start];
        let mut rounds = 0;
        while !ahead.is_empty() {
            rounds += 1;
            let mut found = Vec::new();
            for spot in ahead {
                let mut exits = Vec::new();
                for decided in self.all_commands(&spot) {
                    self.tried += 1;
                    let Some(next) = self.taken(&spot, decided) else { continue };
                    let count = known.len();
                    let index = *known.entry(next.key()).or_insert(count);
                    exits.push(index);
                    if index == count {
                        found.push(next);
                    }
                }
                ways.push(exits);
            }
            ahead = found;
        }
        tally.spots += known.len();
        tally.tried += self.tried;
        tally.rounds = tally.rounds.max(rounds);
        tally.sequences_of_10 += sequences(&ways, 10);
    }

    fn taken(&mut self, spot: &Spot, decided: Result<Option<Change>, Refusal>) -> Option<Spot> {
        match decided {
            Ok(change) => change.map(|change| self.step(spot, &change)),
            Err(refusal) => {
                // Whatever is refused is refused by a state, a kind of trade, a wrong person, a missing address, an empty purse, goods
                // that were never sent, an amount or a number of days that cannot be, and changes nothing.
                let lawful = [
                    "ACCOUNT_FROZEN",
                    "MAX_MONEY_COMPANY_TO_INDIVIDUAL",
                    "BUYER_SELLER_EQUAL",
                    "TRADE_BUYER_NOT_MATCH",
                    "TRADE_NOT_ALLOWED_PAY",
                    "TRADE_STATUS_NOT_AVAILD",
                    "ADDRESS_MISSING",
                    "BALANCE_NOT_ENOUGH",
                    "ILLEGAL_ARGUMENT",
                    "REFUND_TRADE_FEE_ERROR",
                    "TRADE_PRODUCT_TYPE_NOT_ALLOW_REFUND",
                    "TRADE_STATUS_ERROR",
                    "TRADE_HAS_FINISHED",
                    "TRADE_HAS_CLOSED",
                    "TXN_RESULT_ACCOUNT_BALANCE_NOT_ENOUGH",
                ];
                assert!(lawful.contains(&refusal.code()), "{refusal}");
                None
            }
        }
    }

    /// Everything that anybody may try here, lawful or not.
    fn all_commands(&self, spot: &Spot) -> Vec<Result<Option<Change>, Refusal>> {
        let clocks = Clocks::default();
        let (buyer, now) = (user(BUYER), NOON);
        let modes = [Mode::Escrow, Mode::Direct];
        let Some(trade) = &spot.trade else {
            let create = |mode| {
                let choice = choice(Some(mode), 0, None);
                machine::create(Opening { choice, ..self.opening.clone() }, &clocks, now).map(Some)
            };
            return modes.into_iter().map(create).collect();
        };
        let mut tried = Vec::new();
        for mode in modes {
            let way = usize::from(!trade.request.logistics.is_empty());
            for wish in [choice(Some(mode), 0, None), choice(Some(mode), way, Some(home()))] {
                tried.push(machine::arrange(trade, &buyer, wish, now));
            }
        }
        // Not all of them with all of the others: who is frozen has nothing to do with where the goods go.
        let bank = Means::Bank("ICBCB2C".to_owned());
        for parties in [frozen_seller(), frozen_buyer(), company(trade.total_fee), company(Fen(1))] {
            let paid = machine::pay(trade, &buyer, &bank, Some(home()), &parties, &clocks, now);
            tried.push(paid.map(Some));
        }
        for means in [Means::Balance(spot.books.purse()), Means::Bank("ICBCB2C".to_owned())] {
            for receive in [None, Some(home())] {
                tried.push(machine::pay(trade, &buyer, &means, receive, &parties(), &clocks, now).map(Some));
            }
        }
        let seller = user(SELLER);
        for other in [seller.clone(), user("stranger")] {
            let bank = Means::Bank("ICBCB2C".to_owned());
            tried.push(machine::pay(trade, &other, &bank, Some(home()), &parties(), &clocks, now).map(Some));
            tried.push(machine::arrange(trade, &other, choice(None, 0, Some(home())), now));
        }
        for by in [TransportType::Express, TransportType::Direct] {
            for actor in [Actor::Seller(seller.clone()), Actor::Partner] {
                tried.push(machine::send_goods(trade, actor, parcel(by), &clocks, now));
            }
        }
        for discount in [Fen::ZERO, CUT] {
            tried.push(machine::adjust_price(trade, &seller, discount, now));
        }
        let confirming = spot.deadlines.iter().find(|deadline| deadline.kind == DeadlineKind::ConfirmGoods);
        let due_at = confirming.map(|deadline| deadline.due_at);
        for days in [3, 4] {
            tried.push(machine::extend_timeout(trade, &seller, days, due_at, now).map(Some));
        }
        tried.push(machine::confirm_goods(trade, Actor::Buyer(buyer.clone()), now).map(Some));
        for actor in [Actor::Buyer(buyer), Actor::Seller(seller), Actor::Partner] {
            tried.push(machine::close(trade, actor, now).map(Some));
        }
        tried.push(machine::finish(trade, now).map(Some));
        tried.push(machine::release(trade, &clocks, now).map(Some));
        tried.extend(refund_commands(trade, &clocks));
        tried.extend(paid_refunds(trade, &spot.books));
        tried.extend(DeadlineKind::ALL.map(|kind| {
            let change = machine::expire(trade, kind, &clocks, now).unwrap();
            let is_due = due_in((trade.trade_status, trade.refund_status)).contains(&kind);
            assert_eq!(change.is_some(), is_due, "{kind:?} {trade:?}");
            // Advice is given once: its deadline is gone then.
            let is_planned = spot.deadlines.iter().any(|deadline| deadline.kind == kind);
            Ok(change.filter(|_| is_planned))
        }));
        tried
    }

    /// Takes a lawful step and holds everything that must be true after it.
    fn step(&mut self, spot: &Spot, change: &Change) -> Spot {
        let after = &change.trade;
        let state = (after.trade_status, after.refund_status);
        let from = spot.trade.as_ref().map(|trade| (trade.trade_status, trade.refund_status));
        self.steps.insert((from, state, change.event.command));
        if let (Some(from), Actor::Timer) = (from, &change.event.actor) {
            self.rings.insert((from, change.event.command, state));
        }
        assert_eq!(change.is_new, from.is_none());
        assert!(is_lawful(state), "{state:?}");
        let is_refund_known = after.mode == Mode::Escrow || after.service().is_direct();
        assert!(after.refund_status.is_none() || is_refund_known, "{after:?}");
        assert_eq!(after.refund.is_some(), after.refund_status.is_some() && after.mode == Mode::Escrow);
        assert_eq!(after.refunded.is_positive(), after.refund_status == Some(RefundStatus::RefundSuccess));
        assert_eq!(after.gmt.close.is_some(), after.trade_status.is_final());
        assert_eq!(after.gmt.refund.is_some(), after.refund_status == Some(RefundStatus::RefundSuccess));
        let is_unpaid_end = state == (TradeStatus::TradeClosed, None);
        let is_before_payment = after.trade_status == TradeStatus::WaitBuyerPay || is_unpaid_end;
        assert_eq!(after.gmt.payment.is_none(), is_before_payment, "{after:?}");

        self.check_notice(change);
        let books = books_after(spot, change);
        let deadlines = deadlines_after(spot, change);
        Spot { trade: Some(after.clone()), books, deadlines }
    }

    /// Every change of a state is told, of its own state, and nothing else is.
    fn check_notice(&self, change: &Change) {
        let after = &change.trade;
        let told = match after.service() {
            PaymentService::CreateDirectPayByUser => {
                let switched =
                    matches!(after.trade_status, TradeStatus::WaitBuyerPay | TradeStatus::TradeClosed);
                // A refund is told of, even where closing is not (protocol.md §5.6).
                !switched || self.tells_all || change.event.command == Command::RefundPaid
            }
            _ => !matches!(change.event.command, Command::ExtendTimeout | Command::AdviseRefund),
        };
        assert_eq!(change.notice.is_some(), told && self.notifies, "{change:?}");
        if let Some(notice) = &change.notice {
            let said = (notice.trade_status, notice.refund_status);
            assert_eq!(said, (after.trade_status, after.refund_status));
        }
    }
}

/// A part, all that is left, more than that, nothing, and a seller who has spent the money.
fn paid_refunds(trade: &Trade, books: &Books) -> Vec<Result<Option<Change>, Refusal>> {
    let held = books.of(&Account::User(user(SELLER)));
    let rich = Balances::from([(user(SELLER), held)]);
    let left = fastpay_refund::left(trade);
    let cases = [
        (PART, &rich),
        (left, &rich),
        (Fen(left.0 + 1), &rich),
        (Fen::ZERO, &rich),
        (left, &Balances::new()),
    ];
    let tried = cases.into_iter().map(|(amount, balances)| {
        let asked = PaidRefund { amount, royalty: Vec::new() };
        let refunded = fastpay_refund::refund(trade, &asked, balances, Actor::Partner, NOON)?;
        Ok(Some(refunded.change))
    });
    tried.collect()
}

fn application(goods_received: bool, amount: Fen) -> Application {
    let (reason, evidence) = ("不想要了".to_owned(), String::new());
    Application { goods_received, amount, reason, evidence }
}

fn refund_commands(trade: &Trade, clocks: &Clocks) -> Vec<Result<Option<Change>, Refusal>> {
    let (buyer, seller, now) = (user(BUYER), user(SELLER), NOON);
    let mut tried = Vec::new();
    for goods_received in [false, true] {
        for amount in [PART, trade.total_fee, Fen(trade.total_fee.0 + 1)] {
            let application = application(goods_received, amount);
            tried.push(refund::apply_for(trade, &buyer, application, clocks, now));
        }
    }
    tried.push(refund::agree(trade, Actor::Seller(seller.clone()), clocks, now));
    tried.push(refund::refuse(
        trade,
        &seller,
        Grounds { reason: "完好无损".to_owned(), evidence: String::new() },
        clocks,
        now,
    ));
    for by in [TransportType::Express, TransportType::Post] {
        tried.push(refund::return_goods(trade, &buyer, parcel(by), clocks, now));
    }
    tried.push(refund::confirm_return(trade, Actor::Seller(seller), now));
    tried.push(refund::withdraw(trade, Actor::Buyer(buyer), clocks, now));
    tried.into_iter().map(|decided| decided.map(Some)).collect()
}

/// The escrow account holds the total while the money is held and nothing before and after; at the end everybody has
/// what is theirs.
fn books_after(spot: &Spot, change: &Change) -> Books {
    let after = &change.trade;
    let mut books = spot.books.clone();
    if let Some(journal) = &change.journal {
        books.post(journal);
    }
    use TradeStatus::{TradePending, WaitBuyerConfirmGoods, WaitSellerSendGoods};
    let held = matches!(after.trade_status, WaitSellerSendGoods | WaitBuyerConfirmGoods | TradePending);
    let escrow = books.of(&Account::Escrow(after.trade_no.clone()));
    assert_eq!(escrow, if held { after.total_fee } else { Fen::ZERO }, "{after:?}");

    let back = after.refunded;
    if let (Some(RefundStatus::RefundSuccess), Some(refund)) = (after.refund_status, &after.refund) {
        assert_eq!(refund.application.amount, back);
    }
    let is_paid = after.gmt.payment.is_some();
    let given = if is_paid { after.total_fee.checked_sub(back).unwrap() } else { Fen::ZERO };
    let bank = books.of(&Account::Bank("ICBCB2C".to_owned()));
    let (from_purse, from_bank) = (PURSE.checked_sub(books.purse()).unwrap(), bank.checked_neg().unwrap());
    let is_by_bank = matches!(after.paid_from, Some(Account::Bank(_)));
    let sources = if is_by_bank { (Fen::ZERO, given) } else { (given, Fen::ZERO) };
    assert_eq!((from_purse, from_bank), sources, "{after:?}");
    let sold = if held { Fen::ZERO } else { given };
    let fee = settlement::fee(sold, after.fee_ppm).unwrap();
    assert_eq!(books.of(&Account::Fee), fee);
    assert_eq!(books.of(&Account::User(user(SELLER))), sold.checked_sub(fee).unwrap());
    books
}

/// One clock runs in every state that has one, and is set to its length by what leads there.
fn deadlines_after(spot: &Spot, change: &Change) -> Vec<Deadline> {
    let after = &change.trade;
    let mut deadlines = if change.clear_deadlines { Vec::new() } else { spot.deadlines.clone() };
    for new in &change.set_deadlines {
        assert!(new.due_at > NOON, "a deadline lies ahead");
        deadlines.retain(|old| old.kind != new.kind);
        deadlines.push(*new);
    }
    let kinds: Vec<DeadlineKind> = deadlines.iter().map(|deadline| deadline.kind).collect();
    let is_advised = kinds.is_empty() && is_ready(after);
    // Only the release of the seller's account, which no trade knows of, plans that of the trade.
    let is_held = kinds.is_empty() && after.trade_status == TradeStatus::TradePending;
    let is_right = kinds == due_in((after.trade_status, after.refund_status));
    assert!(is_advised || is_held || is_right, "{after:?}");
    if let Some(deadline) = change.set_deadlines.first() {
        let length = Duration::from_secs(86_400 * days_in(after));
        if change.event.command == Command::ExtendTimeout {
            let before = spot.deadlines.first().unwrap().due_at;
            assert_eq!(deadline.due_at, before.plus(Duration::from_secs(3 * 86_400)));
        } else {
            assert_eq!(deadline.due_at, NOON.plus(length), "{:?} {after:?}", deadline.kind);
        }
    }
    deadlines
}

/// Whether the platform's advice may have been given: then nothing is planned any more.
fn is_ready(trade: &Trade) -> bool {
    let is_open = trade.refund_status.is_some_and(refund::is_open);
    trade.trade_status == TradeStatus::WaitSellerSendGoods && !is_open
}

/// How many lawful sequences there are of one to `length` commands.
fn sequences(ways: &[Vec<usize>], length: usize) -> u128 {
    let mut from = vec![0_u128; ways.len()];
    for _ in 0..length {
        from = ways.iter().map(|exits| exits.iter().map(|exit| 1 + from[*exit]).sum()).collect();
    }
    from[0]
}
