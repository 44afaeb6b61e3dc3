//! Every sequence of commands to some depth, for all services, modes and contracts: no state but those of protocol.md
//! §5.3, §5.5 and §5.6 is reached, by no way but theirs.

use std::collections::BTreeSet;
use std::time::Duration;

use danbao_protocol::money::Fen;
use danbao_protocol::service::payment::{
    LogisticsGroup, LogisticsPayment, LogisticsType, PaymentService, TransportType,
};
use danbao_protocol::status::TradeStatus;
use danbao_protocol::time::Timestamp;

use super::{BUYER, Books, NOON, SELLER, choice, home, opening, parcel, request, user};
use crate::change::{Actor, Change, Command};
use crate::chart::Account;
use crate::deadlines::{Clocks, Deadline, DeadlineKind};
use crate::machine::{self, Means, Opening};
use crate::refusal::Refusal;
use crate::trade::{Mode, Trade};

const DEPTH: usize = 8;

/// What is true of one trade at one moment of a walk.
#[derive(Clone)]
struct Spot {
    trade: Option<Trade>,
    books: Books,
    deadlines: Vec<Deadline>,
    now: Timestamp,
}

/// One walk's ground: a request and a contract.
struct Ground {
    opening: Opening,
    notifies: bool,
    steps: BTreeSet<(Option<TradeStatus>, TradeStatus, Command)>,
    walked: u64,
}

#[test]
fn no_sequence_of_commands_leaves_the_lawful_paths() {
    let mut walked = 0;
    for service in PaymentService::ALL.iter().copied() {
        for is_refundable in [false, true] {
            for notifies in [false, true] {
                let mut ground = Ground::of(service, is_refundable, notifies);
                let start = Spot {
                    trade: None,
                    books: Books::with_purse(Fen(2_000)),
                    deadlines: Vec::new(),
                    now: NOON,
                };
                ground.walk(&start, DEPTH);
                assert_eq!(ground.steps, lawful_steps(service, is_refundable), "{service} {is_refundable}");
                walked += ground.walked;
            }
        }
    }
    assert!(walked > 10_000, "the walk was short: {walked}");
}

/// The tables of protocol.md §5.3, §5.5 and §5.6 without refunds, written down apart from the machine.
fn lawful_steps(
    service: PaymentService,
    is_refundable: bool,
) -> BTreeSet<(Option<TradeStatus>, TradeStatus, Command)> {
    use TradeStatus::*;
    let unpaid = [(None, WaitBuyerPay, Command::Create), (Some(WaitBuyerPay), TradeClosed, Command::Close)];
    let arrange = (Some(WaitBuyerPay), WaitBuyerPay, Command::Arrange);
    let escrow = [
        arrange,
        (Some(WaitBuyerPay), WaitSellerSendGoods, Command::Pay),
        (Some(WaitSellerSendGoods), WaitBuyerConfirmGoods, Command::SendGoods),
        (Some(WaitBuyerConfirmGoods), TradeFinished, Command::ConfirmGoods),
    ];
    let ordinary = [(Some(WaitBuyerPay), TradeFinished, Command::Pay)];
    let advanced = [
        (Some(WaitBuyerPay), TradeSuccess, Command::Pay),
        (Some(TradeSuccess), TradeFinished, Command::Finish),
    ];
    let direct: &[_] = if is_refundable { &advanced } else { &ordinary };
    let own: Vec<_> = match service {
        PaymentService::CreateDirectPayByUser => [&[arrange], direct].concat(),
        PaymentService::CreatePartnerTradeByBuyer => escrow.to_vec(),
        // Dual trades are done at once whatever the contract for direct pay says (protocol.md §5.5).
        PaymentService::TradeCreateByBuyer => [&escrow[..], &ordinary].concat(),
    };
    unpaid.into_iter().chain(own).collect()
}

impl Ground {
    fn of(service: PaymentService, is_refundable: bool, notifies: bool) -> Ground {
        let mut asked = request(service, Fen(1_000));
        if !service.is_direct() {
            asked.logistics.push(LogisticsGroup {
                logistics_type: LogisticsType::Ems,
                logistics_fee: Fen(500),
                logistics_payment: LogisticsPayment::BuyerPay,
            });
        }
        asked.notify_url = asked.notify_url.filter(|_| notifies);
        let opening = Opening { is_refundable, fee_ppm: 6_000, ..opening(asked) };
        Ground { opening, notifies, steps: BTreeSet::new(), walked: 0 }
    }

    fn walk(&mut self, spot: &Spot, depth: usize) {
        if depth == 0 {
            return;
        }
        for decided in self.all_commands(spot) {
            self.walked += 1;
            match decided {
                Ok(None) => {}
                // Whatever is refused is refused by a state, a missing address or an empty purse, and changes nothing.
                Err(refusal) => assert!(
                    [
                        "TRADE_NOT_ALLOWED_PAY",
                        "TRADE_STATUS_NOT_AVAILD",
                        "ADDRESS_MISSING",
                        "BALANCE_NOT_ENOUGH"
                    ]
                    .contains(&refusal.code()),
                    "{refusal}"
                ),
                Ok(Some(change)) => {
                    let next = self.step(spot, &change);
                    self.walk(&next, depth - 1);
                }
            }
        }
    }

    /// Everything that anybody may try here, lawful or not.
    fn all_commands(&self, spot: &Spot) -> Vec<Result<Option<Change>, Refusal>> {
        let clocks = Clocks::default();
        let (buyer, now) = (user(BUYER), spot.now);
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
        for means in [Means::Balance(spot.books.purse()), Means::Bank("ICBCB2C".to_owned())] {
            for receive in [None, Some(home())] {
                tried.push(machine::pay(trade, &buyer, &means, receive, &clocks, now).map(Some));
            }
        }
        let seller = Actor::Seller(user(SELLER));
        for by in [TransportType::Express, TransportType::Direct] {
            tried.push(machine::send_goods(trade, seller.clone(), parcel(by), &clocks, now));
        }
        tried.push(machine::confirm_goods(trade, Actor::Buyer(buyer), now).map(Some));
        tried.push(machine::close(trade, Actor::Partner, now).map(Some));
        tried.push(machine::finish(trade, now).map(Some));
        tried.extend(DeadlineKind::ALL.map(|kind| Ok(machine::expire(trade, kind, now))));
        tried
    }

    /// Takes a lawful step and holds everything that must be true after it.
    fn step(&mut self, spot: &Spot, change: &Change) -> Spot {
        let after = &change.trade;
        let from = spot.trade.as_ref().map(|trade| trade.trade_status);
        self.steps.insert((from, after.trade_status, change.event.command));
        assert_eq!(change.is_new, from.is_none());

        let told = match after.service() {
            PaymentService::CreateDirectPayByUser => {
                matches!(after.trade_status, TradeStatus::TradeSuccess | TradeStatus::TradeFinished)
            }
            _ => true,
        };
        assert_eq!(change.notice.is_some(), told && self.notifies, "{change:?}");
        assert!(change.notice.as_ref().is_none_or(|notice| notice.trade_status == after.trade_status));

        let mut books = spot.books.clone();
        if let Some(journal) = &change.journal {
            books.post(journal);
        }
        let held = matches!(
            after.trade_status,
            TradeStatus::WaitSellerSendGoods | TradeStatus::WaitBuyerConfirmGoods
        );
        let escrow = books.of(&Account::Escrow(after.trade_no.clone()));
        assert_eq!(escrow, if held { after.total_fee } else { Fen::ZERO }, "{after:?}");

        let mut deadlines = if change.clear_deadlines { Vec::new() } else { spot.deadlines.clone() };
        for new in &change.set_deadlines {
            assert!(new.due_at > spot.now, "a deadline lies ahead");
            deadlines.retain(|old| old.kind != new.kind);
            deadlines.push(*new);
        }
        let kinds: Vec<DeadlineKind> = deadlines.iter().map(|deadline| deadline.kind).collect();
        assert_eq!(kinds, due_in(after.trade_status), "{}", after.trade_status);
        assert_eq!(after.gmt.close.is_some(), after.trade_status.is_final());
        Spot { trade: Some(after.clone()), books, deadlines, now: spot.now.plus(Duration::from_secs(1)) }
    }
}

/// What happens by itself in a state: every state that waits for somebody has its end, but the seller's shipping.
fn due_in(status: TradeStatus) -> Vec<DeadlineKind> {
    match status {
        TradeStatus::WaitBuyerPay => vec![DeadlineKind::CloseUnpaid],
        TradeStatus::WaitBuyerConfirmGoods => vec![DeadlineKind::ConfirmGoods],
        TradeStatus::TradeSuccess => vec![DeadlineKind::FinishRefundable],
        _ => Vec::new(),
    }
}
