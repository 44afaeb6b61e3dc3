//! 交易管理: where buyers and sellers look after their trades.

pub(crate) mod addresses;
pub(crate) mod faults;
pub(crate) mod refund_batch;
pub(crate) mod sign_in;
pub(crate) mod trade;

use danbao_engine::chart::Account;
use danbao_engine::trade::Trade;
use danbao_node::Fault;
use danbao_protocol::node::{Request, Response};
use danbao_protocol::status::TradeStatus;

use crate::pages::{Action, Desk, DeskRow, Role};
use crate::rows::account;
use crate::rows::trade::{self as trades, Side};
use crate::rows::users::User;
use crate::turn::Turn;
use crate::visit::Visit;
use crate::web::Fields;

/// Trades on one page of the list.
const ROWS: i64 = 20;
/// Pages that can be leafed through; older trades are found by their status or their number.
const PAGES_MAX: u32 = 500;

/// The signed-in member, or the way to the sign-in and back.
pub(crate) fn member(visit: &Visit, request: &Request) -> Result<User, Response> {
    if let Some(user) = visit.member() {
        return Ok(user.clone());
    }
    let here = request.uri().path_and_query().map_or("/desk", |here| here.as_str());
    let mut next = danbao_protocol::params::Params::new();
    next.push("next", here.as_bytes());
    Err(visit.see_other(&format!("/desk/sign-in?{}", next.to_urlencoded())))
}

/// GET `/desk`.
pub(crate) fn list(turn: &mut Turn<'_>, request: &Request) -> Result<Response, Fault> {
    let visit = Visit::of(turn, request)?;
    let user = match member(&visit, request) {
        Ok(user) => user,
        Err(response) => return Ok(response),
    };
    let query = Fields::of_query(request);
    let role = if query.get("role") == Role::Seller.key() { Role::Seller } else { Role::Buyer };
    let status = TradeStatus::from_wire(query.get("status"));
    let number =
        query.get("page").parse::<u32>().ok().filter(|number| (1..=PAGES_MAX).contains(number)).unwrap_or(1);
    let offset = i64::from(number - 1) * ROWS;
    let side = match role {
        Role::Buyer => Side::Buyer,
        Role::Seller => Side::Seller,
    };
    let mut found = trades::load_of(turn.tx, side, &user.user_id, status, offset, ROWS + 1)?;
    let more = found.len() > usize::try_from(ROWS).unwrap_or(usize::MAX);
    found.truncate(usize::try_from(ROWS).unwrap_or(usize::MAX));
    let mut rows = Vec::with_capacity(found.len());
    for trade in &found {
        rows.push(row(turn, trade, role)?);
    }
    let page = Desk {
        account: user.email.clone(),
        balance: account::balance(turn.tx, &Account::User(user.user_id.clone()))?.to_string(),
        role,
        status: status.map(TradeStatus::as_str),
        statuses: TradeStatus::ALL.iter().map(|status| status.as_str()).collect(),
        rows,
        page: number,
        more,
    };
    Ok(visit.page(&page))
}

fn row(turn: &mut Turn<'_>, trade: &Trade, role: Role) -> Result<DeskRow, Fault> {
    let other = match role {
        Role::Buyer => &trade.seller,
        Role::Seller => &trade.buyer,
    };
    let to_do = match (role, trade.trade_status) {
        (Role::Buyer, TradeStatus::WaitBuyerPay) => Some(Action::Pay),
        (Role::Buyer, TradeStatus::WaitBuyerConfirmGoods) => Some(Action::ConfirmGoods),
        (Role::Seller, TradeStatus::WaitSellerSendGoods) => Some(Action::SendGoods),
        _ => None,
    };
    Ok(DeskRow {
        trade_no: trade.trade_no.to_string(),
        out_trade_no: trade.request.out_trade_no.to_string(),
        subject: trade.request.subject.clone(),
        other: turn.user(other)?.map(|user| user.display_name).unwrap_or_default(),
        total: trade.total_fee.to_string(),
        status: trade.trade_status.as_str(),
        refund_status: trade.refund_status.map(|status| status.as_str()),
        created_at: trade.gmt.create.wire(),
        to_do,
    })
}
