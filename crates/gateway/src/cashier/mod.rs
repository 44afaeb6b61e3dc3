//! 收银台: from the merchant's request to the money (protocol.md §3.2, §3.4).
//!
//! `/cashier/{id}` chooses logistics, mode and payer; that creates the trade. `/pay` takes the address and the money,
//! `/bank/{code}` stands in for a bank, `/paid` says so, `/return` sends the browser back to the merchant.

mod bank;
mod checkout;
mod front;
mod paid;
mod pay;
mod shown;

pub(crate) use checkout::{Checkout, Source, open, pay as pay_trade};
pub(crate) use front::{is_contact, next_user_id, sign_in};
pub(crate) use paid::return_url;
pub(crate) use pay::{ADDRESSES_MAX, CHANNELS, check_payment_password, entered_address};
pub(crate) use shown::{address, chosen_logistics, mode, order};

use danbao_engine::deadlines::close_unpaid;
use danbao_engine::standing::UserStatus;
use danbao_engine::trade::Trade;
use danbao_node::Fault;
use danbao_protocol::error_code::ErrorCode;
use danbao_protocol::ids::{Token, TradeNo};
use danbao_protocol::node::{Request, Response};
use danbao_protocol::status::TradeStatus;
use http::{Method, StatusCode};
use subtle::ConstantTimeEq;

use crate::login;
use crate::pages::{DebugError, Link, LinkLabel, NoticeKind, explain};
use crate::rows::payment_request::{self, StoredRequest};
use crate::rows::trade;
use crate::rows::users::User;
use crate::services::Call;
use crate::turn::Turn;
use crate::visit::Visit;
use crate::web::{self, Fields};

/// Where a request's cashier page is. The trade number finds it, the secret keeps others out.
pub(crate) fn path(stored: &StoredRequest) -> String {
    format!("/cashier/{}", id(stored))
}

/// Sends the browser to its cashier page. A token that holds signs its buyer in, for this trade alone; whoever is signed
/// in already stays so (quick-login tutorial 4: the login state is looked at first). The token is the one of this call: a
/// repeated request brings a newer one than the first.
pub(crate) fn enter(
    turn: &mut Turn<'_>,
    request: &Request,
    call: &Call,
    stored: &StoredRequest,
) -> Result<Response, Fault> {
    let token = call.params.get_text("token", call.charset).ok().flatten().map(Token::new);
    let Some(token) = token else { return Ok(web::see_other(&path(stored))) };
    let Some(user) = login::token::holder(turn, &token, &call.partner.partner)? else {
        return Ok(web::see_other(&path(stored)));
    };
    let mut visit = Visit::of(turn, request)?;
    if visit.member().is_none() {
        visit.sign_in(turn, user, Some(stored.trade_no.clone()))?;
    }
    Ok(visit.see_other(&path(stored)))
}

fn id(stored: &StoredRequest) -> String {
    format!("{}{}", stored.trade_no, stored.secret)
}

/// One visitor at one cashier page.
struct At {
    visit: Visit,
    stored: StoredRequest,
    trade: Option<Trade>,
    merchant: String,
}

/// Answers everything below `/cashier/{id}`.
pub(crate) fn route(
    turn: &mut Turn<'_>,
    request: &Request,
    id: &str,
    rest: &[&str],
) -> Result<Response, Fault> {
    let visit = Visit::of(turn, request)?;
    let stored = match find(turn, id)? {
        Found::Request(stored) => stored,
        Found::Altered => return Ok(altered(&visit)),
        Found::Nothing => return Ok(visit.not_found()),
    };
    let trade = trade::load(turn.tx, &stored.trade_no)?;
    let merchant = merchant_name(turn, &stored)?;
    let at = At { visit, stored, trade, merchant };
    if at.has_expired(turn) {
        return Ok(at.visit.notice(StatusCode::GONE, NoticeKind::CashierExpired, Vec::new()));
    }
    if request.method() == Method::POST {
        let form = Fields::of_body(request);
        if !at.visit.is_own_form(&form) {
            let links = vec![at.cashier_link()];
            return Ok(at.visit.notice(StatusCode::FORBIDDEN, NoticeKind::FormExpired, links));
        }
        return match rest {
            ["member"] => front::member(turn, at, &form),
            ["visitor"] => front::visitor(turn, at, &form),
            ["pay"] => pay::submit(turn, at, &form),
            ["bank", code] => bank::submit(turn, at, code, &form),
            _ => Ok(at.visit.not_found()),
        };
    }
    match rest {
        [] => front::show(turn, at, request),
        ["pay"] => pay::show(turn, at, request),
        ["bank", code] => bank::show(turn, at, code),
        ["paid"] => paid::show(at, request),
        ["return"] => paid::go_back(turn, at),
        _ => Ok(at.visit.not_found()),
    }
}

/// What is behind a cashier's address.
enum Found {
    Request(StoredRequest),
    /// The trade number is right and the rest is not: somebody has changed the link.
    Altered,
    Nothing,
}

fn find(turn: &mut Turn<'_>, id: &str) -> Result<Found, Fault> {
    let Some((trade_no, secret)) = id.split_at_checked(16) else { return Ok(Found::Nothing) };
    Ok(match payment_request::load(turn.tx, &TradeNo::new(trade_no))? {
        Some(stored) if bool::from(stored.secret.as_bytes().ct_eq(secret.as_bytes())) => {
            Found::Request(stored)
        }
        Some(_) => Found::Altered,
        None => Found::Nothing,
    })
}

/// 业务数据被篡改: the tutorials' message without a code (escrow tutorial 4.1).
fn altered(visit: &Visit) -> Response {
    visit.page(&DebugError {
        error: explain(ErrorCode::BusinessDataAltered, visit.shell.lang),
        parameter: None,
        is_planned: false,
        service: None,
        details: Vec::new(),
    })
}

/// 商户名称: the partner's name, as the contract has it.
fn merchant_name(turn: &mut Turn<'_>, stored: &StoredRequest) -> Result<String, Fault> {
    if let Some(partner) = turn.partner(&stored.request.partner)? {
        return Ok(partner.display_name.clone());
    }
    let seller = turn.party(&stored.request.seller)?;
    Ok(seller.map(|seller| seller.display_name).unwrap_or_default())
}

impl At {
    fn cashier_link(&self) -> Link {
        Link { label: LinkLabel::Cashier, url: path(&self.stored) }
    }

    fn desk_link(&self) -> Link {
        Link { label: LinkLabel::Trade, url: format!("/desk/trades/{}", self.stored.trade_no) }
    }

    /// Whether a trade that nobody has confirmed would be closed by now, had it been made when the request came last.
    fn has_expired(&self, turn: &Turn<'_>) -> bool {
        let it_b_pay = self.stored.request.timeouts.it_b_pay;
        let end = close_unpaid(it_b_pay, &turn.config.clocks, self.stored.asked_at);
        self.trade.is_none() && turn.now >= end.due_at
    }

    /// The member who is signed in here, by login state or by token.
    fn member(&self) -> Option<&User> {
        self.visit.payer(&self.stored.trade_no).filter(|user| user.status == UserStatus::Member)
    }

    fn go(&self, step: &str) -> Response {
        self.visit.see_other(&format!("{}{step}", path(&self.stored)))
    }

    /// The page for a trade that is no longer to be paid: paid ones go on, closed ones say so. `None` while unpaid.
    fn past(&self) -> Option<Response> {
        let trade = self.trade.as_ref()?;
        match trade.trade_status {
            TradeStatus::WaitBuyerPay => None,
            TradeStatus::TradeClosed => {
                Some(self.visit.notice(StatusCode::GONE, NoticeKind::TradeClosed, vec![self.desk_link()]))
            }
            _ => {
                let payer = self.visit.payer(&trade.trade_no);
                if payer.is_some_and(|payer| payer.user_id == trade.buyer) {
                    return Some(self.go("/paid"));
                }
                Some(self.visit.notice(StatusCode::OK, NoticeKind::AlreadyPaid, vec![self.desk_link()]))
            }
        }
    }
}
