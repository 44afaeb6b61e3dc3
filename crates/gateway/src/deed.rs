//! What buyers and sellers do to a trade, wherever they do it: at the desk or through the sandbox API.

use danbao_engine::change::{Actor, Change, Grounds};
use danbao_engine::deadlines::DeadlineKind;
use danbao_engine::machine;
use danbao_engine::refund::{self, Application};
use danbao_engine::refusal::Refusal;
use danbao_engine::trade::{Shipment, Trade};
use danbao_node::Fault;
use danbao_protocol::error_code::ErrorCode;
use danbao_protocol::money::Fen;

use crate::refunds::{self, DeskRefund};
use crate::rows::{apply, deadline};
use crate::turn::Turn;

/// Something that a party of a trade does to it (protocol.md §5.8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Deed {
    /// The seller changes the price of an unpaid trade by another discount.
    AdjustPrice(Fen),
    /// The seller agrees to a refund.
    AgreeRefund,
    /// The buyer applies for a refund.
    ApplyRefund(Application),
    /// Either side gives an unpaid trade up.
    Close,
    /// The buyer has the goods.
    ConfirmGoods,
    /// The seller has the goods back.
    ConfirmReturn,
    /// The seller gives the buyer so many days more to confirm.
    ExtendTimeout(u64),
    /// The seller gives money of a direct payment back.
    RefundPaid(DeskRefund),
    /// The seller refuses a refund and says why.
    RefuseRefund(Grounds),
    /// The buyer sends the goods back.
    ReturnGoods(Shipment),
    /// The seller ships.
    SendGoods(Shipment),
    /// The buyer withdraws a refund.
    WithdrawRefund,
}

/// The longest reason, in characters.
pub(crate) const REASON_MAX: usize = 200;
/// The longest evidence, in characters.
pub(crate) const EVIDENCE_MAX: usize = 1_000;

/// On which side of the trade the doer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// 买家
    Buyer,
    /// 卖家
    Seller,
}

/// Carries a deed out; the trade as it is afterwards, or a lawful no. A deed of the other side is one.
pub(crate) fn carry_out(
    turn: &mut Turn<'_>,
    trade: &Trade,
    side: Side,
    deed: Deed,
) -> Result<Result<Trade, Refusal>, Fault> {
    if let (Side::Seller, Deed::RefundPaid(asked)) = (side, &deed) {
        return refunds::by_seller(turn, trade, asked);
    }
    match decide(turn, trade, side, deed)? {
        Ok(Some(change)) => apply::apply(turn, &change).map(Ok),
        Ok(None) => Ok(Ok(trade.clone())),
        Err(refusal) => Ok(Err(refusal)),
    }
}

fn decide(
    turn: &mut Turn<'_>,
    trade: &Trade,
    side: Side,
    deed: Deed,
) -> Result<Result<Option<Change>, Refusal>, Fault> {
    let (clocks, now) = (&turn.config.clocks, turn.now);
    let (buyer, seller) = (&trade.buyer, &trade.seller);
    let by = match side {
        Side::Buyer => Actor::Buyer(buyer.clone()),
        Side::Seller => Actor::Seller(seller.clone()),
    };
    Ok(match (side, deed) {
        (Side::Buyer, Deed::ApplyRefund(application)) => {
            refund::apply_for(trade, buyer, application, clocks, now).map(Some)
        }
        (Side::Buyer, Deed::ConfirmGoods) => machine::confirm_goods(trade, by, now).map(Some),
        (Side::Buyer, Deed::ReturnGoods(parcel)) => {
            refund::return_goods(trade, buyer, parcel, clocks, now).map(Some)
        }
        (Side::Buyer, Deed::WithdrawRefund) => refund::withdraw(trade, by, clocks, now).map(Some),
        (Side::Seller, Deed::AdjustPrice(discount)) => machine::adjust_price(trade, seller, discount, now),
        (Side::Seller, Deed::AgreeRefund) => refund::agree(trade, by, clocks, now).map(Some),
        (Side::Seller, Deed::ConfirmReturn) => refund::confirm_return(trade, by, now).map(Some),
        (Side::Seller, Deed::ExtendTimeout(days)) => {
            let planned = deadline::load_of(turn.tx, &trade.trade_no)?;
            let due_at = planned.into_iter().find(|(kind, _)| *kind == DeadlineKind::ConfirmGoods);
            machine::extend_timeout(trade, seller, days, due_at.map(|(_, at)| at), now).map(Some)
        }
        (Side::Seller, Deed::RefuseRefund(answer)) => {
            refund::refuse(trade, seller, answer, clocks, now).map(Some)
        }
        (Side::Seller, Deed::SendGoods(shipment)) => machine::send_goods(trade, by, shipment, clocks, now),
        (_, Deed::Close) => machine::close(trade, by, now).map(Some),
        _ => Err(ErrorCode::TradeStatusNotAvaild.into()),
    })
}
