//! The cashier's two decisions, apart from its pages: open the trade, pay it. The pages and the sandbox's headless
//! buyer both go through here.

use danbao_engine::chart::Account;
use danbao_engine::machine::{self, Choice, Means, Opening};
use danbao_engine::refusal::Refusal;
use danbao_engine::standing::{Holder, Parties};
use danbao_engine::trade::Trade;
use danbao_node::Fault;
use danbao_protocol::error_code::ErrorCode;
use danbao_protocol::ids::UserId;
use danbao_protocol::service::payment::Receive;

use crate::rows::payment_request::StoredRequest;
use crate::rows::{account, apply};
use crate::services::payment::load_royalty;
use crate::turn::Turn;

/// A lawful no is a value, a fault is not.
pub(crate) type Decided<T> = Result<Result<T, Refusal>, Fault>;

/// What a buyer wants of a cashier page.
#[derive(Debug)]
pub(crate) struct Checkout<'a> {
    pub(crate) stored: &'a StoredRequest,
    pub(crate) trade: Option<&'a Trade>,
    pub(crate) buyer: &'a UserId,
    pub(crate) choice: Choice,
}

/// The buyer confirms the cashier page: the trade is created, or arranged anew while it is unpaid.
pub(crate) fn open(turn: &mut Turn<'_>, checkout: Checkout<'_>) -> Decided<Trade> {
    let Checkout { stored, trade, buyer, choice } = checkout;
    let change = match trade {
        Some(trade) => match machine::arrange(trade, buyer, choice, turn.now) {
            Ok(None) => return Ok(Ok(trade.clone())),
            Ok(Some(change)) => change,
            Err(refusal) => return Ok(Err(refusal)),
        },
        None => match create(turn, stored, buyer, choice)? {
            Ok(change) => change,
            Err(refusal) => return Ok(Err(refusal)),
        },
    };
    apply::apply(turn, &change).map(Ok)
}

fn create(
    turn: &mut Turn<'_>,
    stored: &StoredRequest,
    buyer: &UserId,
    choice: Choice,
) -> Decided<danbao_engine::change::Change> {
    let request = &stored.request;
    let no = |code: ErrorCode| Ok(Err(Refusal::Wire(code)));
    let Some(partner) = turn.partner(&request.partner)? else {
        return no(ErrorCode::IllegalPartner);
    };
    let Some(seller) = turn.party(&request.seller)? else {
        return no(ErrorCode::SellerNotExist);
    };
    let named_buyer = match &request.buyer {
        None => None,
        Some(party) => match turn.party(party)? {
            Some(user) => Some(user.user_id),
            // Named by an account that nobody has opened: so it is not whoever is here.
            None => return no(ErrorCode::TradeBuyerNotMatch),
        },
    };
    let royalty = match load_royalty(turn, request)? {
        Ok(royalty) => royalty,
        Err(code) => return no(code),
    };
    let opening = Opening {
        trade_no: stored.trade_no.clone(),
        request: stored.request.clone(),
        seller: seller.user_id,
        named_buyer,
        buyer: buyer.clone(),
        choice,
        is_refundable: partner.is_refundable,
        fee_ppm: partner.fee_ppm,
        triggers: partner.triggers,
        royalty,
    };
    Ok(machine::create(opening, &turn.config.clocks, turn.now))
}

/// Where the money of a payment comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// The buyer's balance.
    Balance,
    /// A bank, by its code.
    Bank(String),
}

/// The buyer pays.
pub(crate) fn pay(
    turn: &mut Turn<'_>,
    trade: &Trade,
    buyer: &UserId,
    source: Source,
    receive: Option<Receive>,
) -> Decided<Trade> {
    let means = match source {
        Source::Balance => Means::Balance(account::balance(turn.tx, &Account::User(buyer.clone()))?),
        Source::Bank(code) => Means::Bank(code),
    };
    let parties = parties(turn, trade)?;
    match machine::pay(trade, buyer, &means, receive, &parties, &turn.config.clocks, turn.now) {
        Ok(change) => apply::apply(turn, &change).map(Ok),
        Err(refusal) => Ok(Err(refusal)),
    }
}

/// Both sides of a trade, as they stand now.
pub(super) fn parties(turn: &mut Turn<'_>, trade: &Trade) -> Result<Parties, Fault> {
    let mut holder = |id: &UserId| -> Result<Holder, Fault> {
        let user = turn.user(id)?;
        user.map(|user| user.holder())
            .ok_or_else(|| Fault::invariant(format!("a trade names the unknown user {id}")))
    };
    let (buyer, seller) = (holder(&trade.buyer)?, holder(&trade.seller)?);
    Ok(Parties { buyer, seller, company_to_private_max: turn.config.company_to_private_max })
}
