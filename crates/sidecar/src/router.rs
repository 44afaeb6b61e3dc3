//! Which handler takes which request.

use std::sync::LazyLock;

use danbao_merchant::answer;
use danbao_merchant::protocol::node::{AskId, NoAnswer, Request, Response};
use http::header::{ALLOW, AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderValue, Method, StatusCode};
use matchit::Router;
use subtle::ConstantTimeEq;

use crate::problem::Problem;
use crate::rows::visit::Purpose;
use crate::turn::{Turn, Waiting};
use crate::{
    belief, counts, deliveries, events, incoming, messages, orders, payment_requests, polling, refunds,
    refusals, settling, visits, web, webhooks,
};
use danbao_node::Fault;

/// The API's description.
pub(crate) const OPENAPI: &str = include_str!("openapi.json");

/// The path of `return_url`.
pub(crate) const RETURN_PATH: &str = "/pay/return";
/// The path of `notify_url`.
pub(crate) const NOTIFY_PATH: &str = "/pay/notify";
/// The path of a refund batch's `notify_url`.
pub(crate) const REFUND_PATH: &str = "/pay/refund_notify";
/// The path of `error_notify_url`.
pub(crate) const ERROR_PATH: &str = "/pay/error_notify";
/// The path of a quick login's `return_url`, before the number of the visit; by itself it is etao's.
pub(crate) const LOGIN_PATH: &str = "/pay/login";
/// The path of an address query's `return_url`, before the number of the visit.
pub(crate) const ADDRESS_PATH: &str = "/pay/address";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Route {
    Return,
    Notify,
    RefundNotify,
    ErrorNotify,
    LoginReturn,
    AddressReturn,
    Ready,
    Metrics,
    OpenApi,
    Orders,
    Order,
    CloseOrder,
    PaymentRequests,
    PaymentRequest,
    Messages,
    Query,
    Ship,
    Close,
    Refunds,
    Refund,
    SettleRefund,
    Logins,
    Login,
    Addresses,
    Address,
    Buyer,
    Events,
    Event,
    ReplayEvent,
    Webhook,
    Deliveries,
    EnableWebhook,
    ReplayWebhook,
}

const ROUTES: &[(&str, Route)] = &[
    (RETURN_PATH, Route::Return),
    (NOTIFY_PATH, Route::Notify),
    (REFUND_PATH, Route::RefundNotify),
    (ERROR_PATH, Route::ErrorNotify),
    (LOGIN_PATH, Route::LoginReturn),
    ("/pay/login/{id}", Route::LoginReturn),
    ("/pay/address/{id}", Route::AddressReturn),
    ("/readyz", Route::Ready),
    ("/healthz", Route::Ready),
    ("/metrics", Route::Metrics),
    ("/v1/openapi.json", Route::OpenApi),
    ("/v1/orders", Route::Orders),
    ("/v1/orders/{id}", Route::Order),
    ("/v1/orders/{id}/close", Route::CloseOrder),
    ("/v1/orders/{id}/payment_requests", Route::PaymentRequests),
    ("/v1/payment_requests/{id}", Route::PaymentRequest),
    ("/v1/payment_requests/{id}/messages", Route::Messages),
    ("/v1/payment_requests/{id}/query", Route::Query),
    ("/v1/payment_requests/{id}/ship", Route::Ship),
    ("/v1/payment_requests/{id}/close", Route::Close),
    ("/v1/refunds", Route::Refunds),
    ("/v1/refunds/{id}", Route::Refund),
    ("/v1/refunds/{id}/settle", Route::SettleRefund),
    ("/v1/logins", Route::Logins),
    ("/v1/logins/{id}", Route::Login),
    ("/v1/addresses", Route::Addresses),
    ("/v1/addresses/{id}", Route::Address),
    ("/v1/buyers/{id}", Route::Buyer),
    ("/v1/events", Route::Events),
    ("/v1/events/{id}", Route::Event),
    ("/v1/events/{id}/replay", Route::ReplayEvent),
    ("/v1/webhook", Route::Webhook),
    ("/v1/webhook/deliveries", Route::Deliveries),
    ("/v1/webhook/enable", Route::EnableWebhook),
    ("/v1/webhook/replay", Route::ReplayWebhook),
];

static ROUTER: LazyLock<Router<Route>> = LazyLock::new(|| {
    let mut router = Router::new();
    for (path, route) in ROUTES {
        // The table has no two routes alike; a test walks all of them.
        let _ = router.insert(*path, *route);
    }
    router
});

/// Takes a request: answers it in this turn, or lets it wait for the gateway.
pub(crate) fn request(turn: &mut Turn<'_, '_>, ask: AskId, request: &Request) -> Result<(), Fault> {
    if let Some(response) = dispatch(turn, ask, request)? {
        turn.respond(ask, response);
    }
    Ok(())
}

/// Takes an answer for whoever waits for it.
pub(crate) fn answer(
    turn: &mut Turn<'_, '_>,
    waiting: Waiting,
    outcome: &Result<Response, NoAnswer>,
) -> Result<(), Fault> {
    let ask = waiting.ask();
    let response = match waiting {
        Waiting::Verify { way, message_id, signed, .. } => {
            incoming::heard(turn, way, &message_id, *signed, outcome)?
        }
        Waiting::Query { out_trade_no, .. } => incoming::queried(turn, &out_trade_no, outcome)?,
        Waiting::Ship { out_trade_no, .. } => payment_requests::shipped(turn, &out_trade_no, outcome)?,
        Waiting::Close { out_trade_no } => return polling::closed(turn, &out_trade_no, outcome),
        Waiting::Believe { door, message_id, signed, .. } => {
            belief::heard(turn, &door, &message_id, *signed, outcome)?
        }
        Waiting::Refund { batch_no, nth, is_sole } => {
            return refunds::answered(turn, &batch_no, refunds::Try { nth, is_sole }, outcome);
        }
        Waiting::Deliver { seq, nth } => return webhooks::heard(turn, seq, nth, outcome),
    };
    if let Some(ask) = ask {
        turn.respond(ask, response);
    }
    Ok(())
}

/// Whether the gateway is calling, and waits for `success` or `fail`.
pub(crate) fn is_notification(request: &Request) -> bool {
    matches!(request.uri().path(), NOTIFY_PATH | REFUND_PATH | ERROR_PATH)
}

fn dispatch(turn: &mut Turn<'_, '_>, ask: AskId, request: &Request) -> Result<Option<Response>, Fault> {
    let Ok(found) = ROUTER.at(request.uri().path()) else {
        return Ok(Some(Problem::not_found("address").respond()));
    };
    let route = *found.value;
    let id = found.params.get("id").unwrap_or_default();
    if route.is_the_shops() && !is_shop(turn, request) {
        let mut response = Problem::unauthorized().respond();
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        return Ok(Some(response));
    }
    if !route.takes(request.method()) {
        // A health check, or a curious person (protocol.md §10, trap 42).
        let mut response = match route {
            Route::Notify | Route::RefundNotify | Route::ErrorNotify => answer::fail(),
            _ => Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method", "see Allow").respond(),
        };
        response.headers_mut().insert(ALLOW, HeaderValue::from_static(route.methods()));
        return Ok(Some(response));
    }
    if !is_number(id) {
        return Ok(Some(Problem::not_found("number").respond()));
    }
    let response = match route {
        Route::Return => return incoming::page_return(turn, ask, request),
        Route::Notify => return incoming::notification(turn, ask, request),
        Route::RefundNotify => return refunds::notification(turn, ask, request),
        Route::ErrorNotify => return refusals::notification(turn, ask, request),
        Route::LoginReturn => return visits::login_return(turn, ask, request, id),
        Route::AddressReturn => return visits::address_return(turn, ask, request, id),
        Route::Query => return payment_requests::query(turn, ask, id),
        Route::Ship => return payment_requests::ship(turn, ask, request, id),
        // Whoever reads this has been in a transaction of the database.
        Route::Ready => web::plain("ok"),
        Route::Metrics => counts::metrics(turn, request)?,
        Route::OpenApi => web::json_text(StatusCode::OK, OPENAPI.to_owned()),
        Route::Orders => orders::create(turn, request)?,
        Route::Order => orders::show(turn, id)?,
        Route::CloseOrder => orders::close(turn, id)?,
        Route::PaymentRequests => payment_requests::create(turn, request, id)?,
        Route::PaymentRequest => payment_requests::show(turn, id)?,
        Route::Messages => messages::list(turn, request, id)?,
        Route::Close => payment_requests::close(turn, id)?,
        Route::Refunds => refunds::create(turn, request)?,
        Route::Refund => refunds::show(turn, id)?,
        Route::SettleRefund => settling::settle(turn, request, id)?,
        Route::Logins => visits::create(turn, request, Purpose::Login)?,
        Route::Login => visits::show(turn, Purpose::Login, id)?,
        Route::Addresses => visits::create(turn, request, Purpose::Address)?,
        Route::Address => visits::show(turn, Purpose::Address, id)?,
        Route::Buyer => visits::buyer(turn, id)?,
        Route::Events => events::feed(turn, request)?,
        Route::Event => events::show(turn, id)?,
        Route::ReplayEvent => webhooks::replay_one(turn, id)?,
        Route::Webhook => webhooks::show(turn)?,
        Route::Deliveries => deliveries::list(turn, request)?,
        Route::EnableWebhook => webhooks::enable(turn)?,
        Route::ReplayWebhook => webhooks::replay(turn, request)?,
    };
    Ok(Some(response))
}

/// All numbers and ids of ours are such texts; anything else in their place names nothing, and reaches no database.
fn is_number(id: &str) -> bool {
    id.len() <= 128 && id.bytes().all(|byte| byte.is_ascii_graphic())
}

fn is_shop(turn: &Turn<'_, '_>, request: &Request) -> bool {
    const SCHEME: &[u8] = b"Bearer ";
    let header = request.headers().get(AUTHORIZATION).map(HeaderValue::as_bytes);
    let Some((scheme, token)) = header.and_then(|header| header.split_at_checked(SCHEME.len())) else {
        return false;
    };
    // The name of a scheme may be written in any case (RFC 9110, 11.1).
    if !scheme.eq_ignore_ascii_case(SCHEME) {
        return false;
    }
    // All are compared, so that the time tells nothing.
    let fits = turn.config.api_tokens.iter().map(|known| known.reveal().ct_eq(token));
    fits.fold(subtle::Choice::from(0), |any, one| any | one).into()
}

impl Route {
    /// Whether only the shop may ask: everything but what the gateway, browsers and watchdogs call.
    const fn is_the_shops(self) -> bool {
        !matches!(
            self,
            Route::Return
                | Route::Notify
                | Route::RefundNotify
                | Route::ErrorNotify
                | Route::LoginReturn
                | Route::AddressReturn
                | Route::Ready
                | Route::Metrics
                | Route::OpenApi
        )
    }

    const fn methods(self) -> &'static str {
        match self {
            Route::Notify
            | Route::RefundNotify
            | Route::ErrorNotify
            | Route::Orders
            | Route::Refunds
            | Route::SettleRefund
            | Route::AddressReturn
            | Route::Logins
            | Route::Addresses
            | Route::CloseOrder
            | Route::PaymentRequests
            | Route::Query
            | Route::Ship
            | Route::Close
            | Route::ReplayEvent
            | Route::EnableWebhook
            | Route::ReplayWebhook => "POST",
            Route::Return
            | Route::Ready
            | Route::Metrics
            | Route::OpenApi
            | Route::Order
            | Route::PaymentRequest
            | Route::Messages
            | Route::Refund
            | Route::LoginReturn
            | Route::Login
            | Route::Address
            | Route::Buyer
            | Route::Events
            | Route::Event
            | Route::Webhook
            | Route::Deliveries => "GET, HEAD",
        }
    }

    fn takes(self, method: &Method) -> bool {
        self.methods().split(", ").any(|known| known == method.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_of_the_table_is_found() {
        for (path, route) in ROUTES {
            assert_eq!(*ROUTER.at(&path.replace("{id}", "x")).unwrap().value, *route, "{path}");
        }
    }

    #[test]
    fn every_route_of_the_api_is_described_and_every_description_has_a_route() {
        let openapi: serde_json::Value = serde_json::from_str(OPENAPI).unwrap();
        let mut described: Vec<String> = Vec::new();
        for (path, item) in openapi["paths"].as_object().unwrap() {
            for method in item.as_object().unwrap().keys() {
                let unnamed =
                    ["{order_no}", "{out_trade_no}", "{batch_no}", "{login_id}", "{address_id}", "{user_id}"]
                        .iter()
                        .fold(path.clone(), |path, name| path.replace(name, "{id}"));
                described.push(format!("{} /v1{unnamed}", method.to_uppercase()));
            }
        }
        let api = ROUTES.iter().filter(|(path, _)| path.starts_with("/v1/"));
        let mut routed: Vec<String> =
            api.map(|(path, route)| format!("{} {path}", route.methods().replace(", HEAD", ""))).collect();
        described.sort();
        routed.sort();
        assert_eq!(described, routed);
    }
}
