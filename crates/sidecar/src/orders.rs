//! Orders over REST.

use danbao_merchant::protocol::node::{Request, Response};
use danbao_merchant::protocol::time::Timestamp;
use danbao_node::Fault;
use http::StatusCode;
use serde_json::{Value, json};

use crate::idempotency::{self, Made};
use crate::payment_requests;
use crate::problem::Problem;
use crate::rows;
use crate::rows::orders::OrderRow;
use crate::terms::NewOrder;
use crate::turn::Turn;
use crate::web;

/// `POST /v1/orders`: an order, and at once a payment request for it if the body names its terms.
pub(crate) fn create(turn: &mut Turn<'_, '_>, request: &Request) -> Result<Response, Fault> {
    let body = match web::read::<NewOrder>(request) {
        Ok(body) => body,
        Err(problem) => return Ok(problem.respond()),
    };
    idempotency::once(turn, request, &body.hash, |turn| make(turn, &body.value))
}

fn make(turn: &mut Turn<'_, '_>, wish: &NewOrder) -> Made {
    let order = match wish.row(turn.now) {
        Ok(order) => order,
        Err(problem) => return Ok(Err(problem)),
    };
    if rows::orders::load(&mut **turn.tx, &order.order_no)?.is_some() {
        return Ok(Err(Problem::conflict("order_exists", "there is an order of this order_no already")));
    }
    if let Some(terms) = &wish.payment_request
        && let Err(problem) = payment_requests::check(turn, &order, terms)?
    {
        return Ok(Err(problem));
    }
    rows::orders::insert(&mut **turn.tx, &order)?;
    if let Some(terms) = &wish.payment_request
        && let Err(problem) = payment_requests::open(turn, &order, terms)?
    {
        // The number was free when it was looked for, in this same transaction.
        return Err(Fault::invariant(format!("a checked payment request was refused: {problem:?}")));
    }
    Ok(Ok((StatusCode::CREATED, shown(turn, &order.order_no)?.unwrap_or_default())))
}

/// `GET /v1/orders/{order_no}`
pub(crate) fn show(turn: &mut Turn<'_, '_>, order_no: &str) -> Result<Response, Fault> {
    Ok(match shown(turn, order_no)? {
        Some(order) => web::json(StatusCode::OK, &order),
        None => Problem::not_found("order").respond(),
    })
}

/// `POST /v1/orders/{order_no}/close`: the shop gives the order up. Its payment requests are closed at the gateway, in
/// the background and until the gateway agrees; money that comes all the same is told as late.
pub(crate) fn close(turn: &mut Turn<'_, '_>, order_no: &str) -> Result<Response, Fault> {
    let Some(order) = rows::orders::load(&mut **turn.tx, order_no)? else {
        return Ok(Problem::not_found("order").respond());
    };
    if order.paid_by.is_some() {
        return Ok(Problem::conflict("order_paid", "the order is paid").respond());
    }
    rows::orders::set_closed(&mut **turn.tx, order_no, turn.now)?;
    payment_requests::close_all_but(turn, order_no, None)?;
    show(turn, order_no)
}

/// The order as the API shows it.
fn shown(turn: &mut Turn<'_, '_>, order_no: &str) -> Result<Option<Value>, Fault> {
    let Some(order) = rows::orders::load(&mut **turn.tx, order_no)? else {
        return Ok(None);
    };
    let mut requests = Vec::new();
    for request in rows::payment_request::of_order(&mut **turn.tx, order_no)? {
        requests.push(payment_requests::shown(turn, &order, &request)?);
    }
    Ok(Some(json!({
        "order_no": order.order_no,
        "subject": order.subject,
        "body": order.body,
        "show_url": order.show_url,
        "price": order.amount.price.to_string(),
        "quantity": order.amount.quantity,
        "discount": order.amount.discount.to_string(),
        "receive": receive(&order),
        "return_page": order.return_page,
        "paid_by": order.paid_by,
        "created_at": web::rfc3339(order.created_at),
        "closed_at": order.closed_at.map(|at: Timestamp| web::rfc3339(at)),
        "payment_requests": requests,
    })))
}

fn receive(order: &OrderRow) -> Value {
    order.receive.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}
