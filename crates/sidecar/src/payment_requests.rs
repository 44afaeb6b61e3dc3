//! Payment requests over REST: tries at paying an order, each with an `out_trade_no` of its own.

use danbao_merchant::inbox::{self, Order};
use danbao_merchant::protocol::ids::OutTradeNo;
use danbao_merchant::protocol::node::{AskId, NoAnswer, Request, Response};
use danbao_merchant::protocol::service::payment::{Party, TransportType};
use danbao_merchant::protocol::service::single_trade_query::TradeRef;
use danbao_merchant::protocol::status::{RefundStatus, TradeStatus};
use danbao_merchant::{Account, BuyerSession, OrderFacts, Parcel, read_reply};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::idempotency::{self, Made};
use crate::problem::Problem;
use crate::rows::orders::OrderRow;
use crate::rows::payment_request::RequestRow;
use crate::terms::{self, Terms};
use crate::turn::{Turn, Waiting};
use crate::{polling, refusals, rows, web};
use danbao_node::Fault;

/// The words on the button of a payment form, for browsers that run no script.
const BUTTON: &str = "付款 / Pay";

/// `POST /v1/orders/{order_no}/payment_requests`
pub(crate) fn create(turn: &mut Turn<'_, '_>, request: &Request, order_no: &str) -> Result<Response, Fault> {
    let body = match web::read::<Terms>(request) {
        Ok(body) => body,
        Err(problem) => return Ok(problem.respond()),
    };
    idempotency::once(turn, request, &body.hash, |turn| make(turn, order_no, &body.value))
}

fn make(turn: &mut Turn<'_, '_>, order_no: &str, terms: &Terms) -> Made {
    let Some(order) = rows::orders::load(&mut **turn.tx, order_no)? else {
        return Ok(Err(Problem::not_found("order")));
    };
    if order.paid_by.is_some() {
        return Ok(Err(Problem::conflict("order_paid", "the order is paid")));
    }
    if order.closed_at.is_some() {
        return Ok(Err(Problem::conflict("order_closed", "the order was closed")));
    }
    if !terms.keep_others
        && let Some(number) = pending(turn, order_no)?
    {
        let detail = format!("the buyer's money is on its way by {number}: wait for it, or send keep_others");
        return Ok(Err(Problem::conflict("payment_pending", detail)));
    }
    let request = match open(turn, &order, terms)? {
        Ok(request) => request,
        Err(problem) => return Ok(Err(problem)),
    };
    if !terms.keep_others {
        close_all_but(turn, order_no, Some(&request.out_trade_no))?;
    }
    Ok(Ok((StatusCode::CREATED, shown(turn, &order, &request)?)))
}

/// The payment request of an order for which the buyer has paid and the seller cannot be paid yet (protocol.md §3.7): it
/// cannot be closed, and becomes paid by itself or never. Another one beside it would ask the buyer to pay twice.
fn pending(turn: &mut Turn<'_, '_>, order_no: &str) -> Result<Option<OutTradeNo>, Fault> {
    for request in rows::payment_request::of_order(&mut **turn.tx, order_no)? {
        if heard(turn, &request)?.state.trade_status() == Some(TradeStatus::TradePending) {
            return Ok(Some(request.out_trade_no));
        }
    }
    Ok(None)
}

/// Whether a payment request can be made of these terms; writes nothing.
pub(crate) fn check(turn: &mut Turn<'_, '_>, order: &OrderRow, terms: &Terms) -> Result<Checked, Fault> {
    let buyer = match buyer_of(turn, terms)? {
        Ok(buyer) => buyer,
        Err(problem) => return Ok(Err(problem)),
    };
    let number = numbered(order, order.requests + 1);
    let prepared = terms.prepare(turn.config, order, number, buyer.as_ref());
    Ok(prepared.map(|_| buyer))
}

/// The buyer of a payment request that can be made, if they have signed in.
type Checked = Result<Option<BuyerSession>, Problem>;

fn buyer_of(turn: &mut Turn<'_, '_>, terms: &Terms) -> Result<Checked, Fault> {
    let Some(user_id) = &terms.user_id else { return Ok(Ok(None)) };
    let account = match terms.account(turn.config) {
        Ok(account) => account,
        Err(problem) => return Ok(Err(problem)),
    };
    let found = rows::buyer::load(&mut **turn.tx, account.partner(), user_id)?;
    let unknown = || Problem::unprocessable("buyer_unknown", "no such buyer has signed in");
    Ok(found.map(Some).ok_or_else(unknown))
}

/// The number of an order's nth payment request. Two orders cannot have one alike: what follows the last `-` is the
/// count.
fn numbered(order: &OrderRow, nth: i64) -> OutTradeNo {
    OutTradeNo::new(format!("{}-{nth}", order.order_no))
}

/// Opens a payment request; writes nothing if it is a problem.
pub(crate) fn open(
    turn: &mut Turn<'_, '_>,
    order: &OrderRow,
    terms: &Terms,
) -> Result<Result<RequestRow, Problem>, Fault> {
    let buyer = match check(turn, order, terms)? {
        Ok(buyer) => buyer,
        Err(problem) => return Ok(Err(problem)),
    };
    let position = rows::orders::count_request(&mut **turn.tx, &order.order_no)?;
    let out_trade_no = numbered(order, position);
    let prepared = match terms.prepare(turn.config, order, out_trade_no.clone(), buyer.as_ref()) {
        Ok(prepared) => prepared,
        Err(problem) => return Err(Fault::invariant(format!("{out_trade_no}: {problem:?}"))),
    };
    let request = RequestRow {
        out_trade_no,
        order_no: order.order_no.clone(),
        position,
        partner: prepared.account.partner().clone(),
        sign_type: prepared.account.sign_type(),
        terms: terms.to_json()?,
        closing: false,
        query_due_at: Some(turn.now.plus(polling::UNPAID_WAIT_MIN)),
        created_at: turn.now,
    };
    rows::payment_request::insert(&mut **turn.tx, &request)?;
    if let Some(buyer) = &buyer {
        rows::buyer::equip(&mut **turn.tx, &request.out_trade_no, buyer)?;
    }
    inbox::open_order(turn.tx, &prepared.facts, turn.now)?;
    Ok(Ok(request))
}

/// The payment requests of an order, all or all but one, are not to be paid any more.
pub(crate) fn close_all_but(
    turn: &mut Turn<'_, '_>,
    order_no: &str,
    kept: Option<&OutTradeNo>,
) -> Result<(), Fault> {
    for request in rows::payment_request::of_order(&mut **turn.tx, order_no)? {
        let heard = heard(turn, &request)?;
        if Some(&request.out_trade_no) != kept && heard.state.is_payable() {
            rows::payment_request::plan(&mut **turn.tx, &request.out_trade_no, true, Some(turn.now))?;
        }
    }
    Ok(())
}

/// `GET /v1/payment_requests/{out_trade_no}`
pub(crate) fn show(turn: &mut Turn<'_, '_>, number: &str) -> Result<Response, Fault> {
    let Some((order, request)) = find(turn, number)? else {
        return Ok(Problem::not_found("payment request").respond());
    };
    Ok(web::json(StatusCode::OK, &shown(turn, &order, &request)?))
}

/// `POST /v1/payment_requests/{out_trade_no}/close`: it is not to be paid any more. The gateway is told in the
/// background, until it agrees.
pub(crate) fn close(turn: &mut Turn<'_, '_>, number: &str) -> Result<Response, Fault> {
    let Some((_, request)) = find(turn, number)? else {
        return Ok(Problem::not_found("payment request").respond());
    };
    if heard(turn, &request)?.state.is_payable() {
        rows::payment_request::plan(&mut **turn.tx, &request.out_trade_no, true, Some(turn.now))?;
    }
    show(turn, number)
}

/// The body of `POST /v1/payment_requests/{out_trade_no}/ship`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Shipping {
    transport_type: String,
    logistics_name: Option<String>,
    invoice_no: Option<String>,
}

/// `POST /v1/payment_requests/{out_trade_no}/ship`: the goods are on their way. Safe to ask again.
pub(crate) fn ship(
    turn: &mut Turn<'_, '_>,
    ask: AskId,
    request: &Request,
    number: &str,
) -> Result<Option<Response>, Fault> {
    let Some((_, row)) = find(turn, number)? else {
        return Ok(Some(Problem::not_found("payment request").respond()));
    };
    let shipping = web::read::<Shipping>(request).map(|body| body.value);
    let parcel = shipping.and_then(|shipping| {
        Ok(Parcel {
            transport_type: terms::known(
                "transport_type",
                &shipping.transport_type,
                TransportType::from_wire,
            )?,
            logistics_name: shipping.logistics_name,
            invoice_no: shipping.invoice_no,
        })
    });
    let parcel = match parcel {
        Ok(parcel) => parcel,
        Err(problem) => return Ok(Some(problem.respond())),
    };
    let heard = heard(turn, &row)?;
    let can_ship = matches!(
        heard.state.trade_status(),
        Some(TradeStatus::WaitSellerSendGoods | TradeStatus::WaitBuyerConfirmGoods)
    );
    let (Some(said), true) = (&heard.state.heard, can_ship) else {
        let detail = "only a paid escrow trade can be shipped";
        return Ok(Some(Problem::conflict("not_to_be_shipped", detail).respond()));
    };
    let account = match account_of(turn, &row) {
        Ok(account) => account,
        Err(problem) => return Ok(Some(problem.respond())),
    };
    match account.send_goods_request(&said.trade_no, &parcel, heard.facts.charset) {
        Ok(call) => {
            turn.send(call, Waiting::Ship { ask, out_trade_no: row.out_trade_no });
            Ok(None)
        }
        Err(why) => Ok(Some(Problem::unprocessable("parcel_refused", why.to_string()).respond())),
    }
}

/// The gateway has answered on the shipping, or has not. The state is not changed here: that is for the notification,
/// or for a query a little later if none comes.
pub(crate) fn shipped(
    turn: &mut Turn<'_, '_>,
    number: &OutTradeNo,
    outcome: &Result<Response, NoAnswer>,
) -> Result<Response, Fault> {
    let reply = match outcome.as_ref().map(read_reply) {
        Ok(Ok(reply)) => reply,
        Ok(Err(why)) => return Ok(Problem::unheard(&why.to_string()).respond()),
        Err(why) => return Ok(Problem::unheard(why.as_str()).respond()),
    };
    match reply.accepted() {
        Ok(_) => {
            if let Some(row) = rows::payment_request::load(&mut **turn.tx, number)? {
                let soon = turn.now.plus(polling::SOON);
                rows::payment_request::plan(&mut **turn.tx, number, row.closing, Some(soon))?;
            }
            show(turn, number.as_str())
        }
        Err(no) => Ok(Problem::refused(no.as_str().to_owned()).respond()),
    }
}

/// `POST /v1/payment_requests/{out_trade_no}/query`: asks the gateway how the trade stands and takes in what it says.
pub(crate) fn query(turn: &mut Turn<'_, '_>, ask: AskId, number: &str) -> Result<Option<Response>, Fault> {
    let Some((_, row)) = find(turn, number)? else {
        return Ok(Some(Problem::not_found("payment request").respond()));
    };
    let account = match account_of(turn, &row) {
        Ok(account) => account,
        Err(problem) => return Ok(Some(problem.respond())),
    };
    let call = query_call(account, &row)?;
    turn.send(call, Waiting::Query { ask: Some(ask), out_trade_no: row.out_trade_no });
    Ok(None)
}

/// The question how a trade stands.
pub(crate) fn query_call(account: &Account, row: &RequestRow) -> Result<Request, Fault> {
    let charset = Terms::stored(&row.terms)?.charset()?;
    let call = account.query_request(TradeRef::OutTradeNo(row.out_trade_no.clone()), charset);
    call.map_err(|why| Fault::invariant(format!("{}: {why}", row.out_trade_no)))
}

/// The request that a trade be closed.
pub(crate) fn close_call(account: &Account, row: &RequestRow) -> Result<Request, Fault> {
    let charset = Terms::stored(&row.terms)?.charset()?;
    let call = account.close_request(TradeRef::OutTradeNo(row.out_trade_no.clone()), charset);
    call.map_err(|why| Fault::invariant(format!("{}: {why}", row.out_trade_no)))
}

/// The account under which a payment request was made, or that there is none of its partner any more.
pub(crate) fn account_of<'c>(turn: &Turn<'c, '_>, row: &RequestRow) -> Result<&'c Account, Problem> {
    turn.config.accounts.of(&row.partner, row.sign_type).ok_or_else(|| {
        let detail = format!("the settings hold no account of partner {} any more", row.partner);
        Problem::conflict("account_gone", detail)
    })
}

/// A payment request and its order, by number.
pub(crate) fn find(turn: &mut Turn<'_, '_>, number: &str) -> Result<Option<(OrderRow, RequestRow)>, Fault> {
    let Some(request) = rows::payment_request::load(&mut **turn.tx, &OutTradeNo::new(number))? else {
        return Ok(None);
    };
    let order = rows::orders::load(&mut **turn.tx, &request.order_no)?;
    let order = order.ok_or_else(|| Fault::invariant(format!("{number} belongs to no order")))?;
    Ok(Some((order, request)))
}

/// What was heard of a payment request.
pub(crate) fn heard(turn: &mut Turn<'_, '_>, row: &RequestRow) -> Result<Order, Fault> {
    let order = inbox::load_order(&mut **turn.tx, &row.partner, &row.out_trade_no)?;
    order.ok_or_else(|| Fault::invariant(format!("{} was never opened", row.out_trade_no)))
}

/// The payment request as the API shows it.
pub(crate) fn shown(turn: &mut Turn<'_, '_>, order: &OrderRow, row: &RequestRow) -> Result<Value, Fault> {
    let heard = heard(turn, row)?;
    let state = &heard.state;
    let said = state.heard.as_ref();
    let total_fees: Vec<String> = heard.facts.total_fees.iter().map(ToString::to_string).collect();
    let is_wanted = !row.closing && order.closed_at.is_none() && order.paid_by.is_none();
    let (payment_url, payment_form) = if state.is_payable() && is_wanted {
        ways_to_pay(turn, row, order, &heard.facts)?
    } else {
        (None, None)
    };
    let last_refusal = refusals::last_shown(turn, row)?;
    Ok(json!({
        "out_trade_no": row.out_trade_no.as_str(),
        "order_no": row.order_no,
        "partner": row.partner.as_str(),
        "sign_type": row.sign_type.as_str(),
        "service": heard.facts.service.as_str(),
        "charset": heard.facts.charset.label(),
        "total_fees": total_fees,
        "payment_url": payment_url,
        "payment_form": payment_form,
        "paid": state.is_paid(),
        "closing": row.closing,
        "trade_no": said.map(|heard| heard.trade_no.as_str()),
        "trade_status": state.trade_status().map(TradeStatus::as_str),
        "refund_status": state.refund_status().map(RefundStatus::as_str),
        "total_fee": said.map(|heard| heard.total_fee.to_string()),
        "buyer_email": said.map(|heard| heard.buyer_email.as_str()).filter(|email| !email.is_empty()),
        "buyer_id": said.map(|heard| heard.buyer_id.as_str()).filter(|id| !id.is_empty()),
        "mode": state.choice.map(|choice| choice.mode.as_str()),
        "mode_basis": state.choice.map(|choice| choice.basis.as_str()),
        "last_refusal": last_refusal,
        "changes": heard.times_applied,
        "created_at": web::rfc3339(row.created_at),
        "changed_at": (heard.times_applied > 0).then(|| web::rfc3339(heard.changed_at)),
        "next_query_at": row.query_due_at.map(web::rfc3339),
    }))
}

/// The signed address, and the form where a form can carry the request. Neither, while the settings hold no account for
/// it.
fn ways_to_pay(
    turn: &mut Turn<'_, '_>,
    row: &RequestRow,
    order: &OrderRow,
    facts: &OrderFacts,
) -> Result<(Option<String>, Option<String>), Fault> {
    let Some(account) = turn.config.accounts.of(&row.partner, row.sign_type) else { return Ok((None, None)) };
    let terms = Terms::stored(&row.terms)?;
    let buyer = rows::buyer::of_request(&mut **turn.tx, &row.out_trade_no)?;
    let request = terms.request(turn.config, account, order, row.out_trade_no.clone(), buyer.as_ref());
    let mut request =
        request.map_err(|problem| Fault::invariant(format!("{}: {problem:?}", row.out_trade_no)))?;
    // The settings may name another seller by now; what is paid to him would not be believed to be for this order.
    request.seller = Party::Email(facts.seller_email.clone());
    Ok((account.payment_url(&request).ok(), account.payment_form(&request, BUTTON).ok()))
}
