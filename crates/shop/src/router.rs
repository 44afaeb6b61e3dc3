//! Which handler takes which request.

use std::sync::LazyLock;

use danbao_merchant::answer;
use danbao_merchant::protocol::node::{AskId, NoAnswer, Request, Response};
use danbao_node::Fault;
use http::header::ALLOW;
use http::{HeaderValue, Method, StatusCode};
use matchit::Router;

use crate::turn::{Turn, Waiting};
use crate::visitor::Visitor;
use crate::{address, api, cart, catalogue, checkout, direct, incoming, login, order, pages, shipping, web};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Route {
    Shelf,
    Good,
    Cart,
    Checkout,
    Orders,
    Order,
    Pay,
    Ship,
    Return,
    Notify,
    Login,
    LoginReturn,
    Logout,
    Address,
    AddressReturn,
    Direct,
    File,
    Picture,
    Ready,
}

const ROUTES: &[(&str, Route)] = &[
    ("/", Route::Shelf),
    ("/goods/{id}", Route::Good),
    ("/cart", Route::Cart),
    ("/checkout", Route::Checkout),
    ("/orders", Route::Orders),
    ("/orders/{id}", Route::Order),
    ("/orders/{id}/pay", Route::Pay),
    ("/orders/{id}/ship", Route::Ship),
    ("/pay/return", Route::Return),
    (NOTIFY_PATH, Route::Notify),
    ("/login", Route::Login),
    (LOGIN_RETURN_PATH, Route::LoginReturn),
    ("/logout", Route::Logout),
    ("/address", Route::Address),
    (ADDRESS_RETURN_PATH, Route::AddressReturn),
    ("/direct", Route::Direct),
    ("/static/{id}", Route::File),
    ("/static/goods/{id}", Route::Picture),
    ("/readyz", Route::Ready),
    ("/healthz", Route::Ready),
];

/// The path of `return_url`.
pub(crate) const RETURN_PATH: &str = "/pay/return";

/// The path of the quick login's `return_url`, which is also where etao sends its buyers.
pub(crate) const LOGIN_RETURN_PATH: &str = "/login/return";

/// The path of the address query's `return_url`.
pub(crate) const ADDRESS_RETURN_PATH: &str = "/address/return";

/// The path of `notify_url`.
pub(crate) const NOTIFY_PATH: &str = "/pay/notify";

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
    let config = &turn.base.config;
    let mut visitor = Visitor::of(request, config.lang, config.own_url.starts_with("https://"));
    if request.method() == Method::POST
        && !is_for_others(request)
        && web::is_of_another_site(request, &config.own_url)
    {
        // Nothing of it is done, and no cookie set: browsers keep ours to themselves here, and a new one would replace it.
        let response = pages::problem(turn, &visitor, StatusCode::FORBIDDEN)?;
        turn.respond(ask, response);
        return Ok(());
    }
    let Some(mut response) = dispatch(turn, ask, request, &mut visitor)? else {
        return Ok(());
    };
    if !is_notification(request) {
        visitor.sign(&mut response);
    }
    turn.respond(ask, response);
    Ok(())
}

/// Takes the gateway's answer for whoever waits for it.
pub(crate) fn answer(
    turn: &mut Turn<'_, '_>,
    waiting: Waiting,
    outcome: &Result<Response, NoAnswer>,
) -> Result<(), Fault> {
    let ask = waiting.ask();
    let response = match waiting {
        Waiting::Verify { way, message_id, signed, visitor, .. } => {
            incoming::heard(turn, way, &message_id, *signed, outcome, &visitor)?
        }
        Waiting::Login { signed, visitor, .. } => login::heard(turn, *signed, outcome, visitor)?,
        Waiting::Address { signed, visitor, .. } => address::heard(turn, *signed, outcome, &visitor)?,
        Waiting::Ship { out_trade_no, ask: _ } => shipping::heard(turn, &out_trade_no, outcome)?,
    };
    turn.respond(ask, response);
    Ok(())
}

/// Whether the gateway is calling `notify_url`.
pub(crate) fn is_notification(request: &Request) -> bool {
    request.uri().path() == NOTIFY_PATH
}

/// Whether others than the shop's own pages may POST there: the gateway, its pages, and programs.
fn is_for_others(request: &Request) -> bool {
    [NOTIFY_PATH, ADDRESS_RETURN_PATH, "/orders"].contains(&request.uri().path())
}

fn dispatch(
    turn: &mut Turn<'_, '_>,
    ask: AskId,
    request: &Request,
    visitor: &mut Visitor,
) -> Result<Option<Response>, Fault> {
    let Ok(found) = ROUTER.at(request.uri().path()) else {
        return pages::problem(turn, visitor, StatusCode::NOT_FOUND).map(Some);
    };
    let id = found.params.get("id").unwrap_or_default();
    let reads = request.method() == Method::GET || request.method() == Method::HEAD;
    let posts = request.method() == Method::POST;
    let response = match *found.value {
        Route::Shelf if reads => pages::shelf(turn, visitor)?,
        Route::Good if reads => pages::good(turn, visitor, id)?,
        Route::Cart if reads => cart::show(turn, request, visitor)?,
        Route::Cart if posts => cart::change(turn, request, visitor)?,
        Route::Login if reads => login::show(turn, request, visitor)?,
        Route::Login if posts => login::begin(turn, request, visitor)?,
        Route::LoginReturn if reads => return login::returned(turn, ask, request, visitor),
        Route::Logout if posts => login::sign_out(turn, request, visitor)?,
        Route::Address if posts => address::ask(turn, request, visitor)?,
        Route::AddressReturn if posts => return address::returned(turn, ask, request, visitor),
        Route::Direct if reads => direct::show(turn, visitor)?,
        Route::Direct if posts => direct::pay(turn, request, visitor)?,
        Route::Checkout if reads => checkout::show(turn, visitor)?,
        Route::Checkout if posts => checkout::place(turn, request, visitor)?,
        Route::Orders if reads => order::list(turn, visitor)?,
        Route::Orders if posts => api::place(turn, request)?,
        Route::Order if reads => match id.strip_suffix(".json") {
            Some(number) => api::state(turn, number)?,
            None => order::show(turn, request, visitor, id)?,
        },
        Route::Pay if posts => order::pay_again(turn, visitor, id)?,
        Route::Ship if posts => return shipping::ship(turn, ask, request, visitor, id),
        Route::Return if reads => return incoming::page_return(turn, ask, request, visitor),
        Route::Notify if posts => return incoming::notification(turn, ask, request, visitor),
        // A health check, or a curious person (protocol.md §10, trap 42).
        Route::Notify => answer::fail(),
        // Whoever reads this has been in a transaction of the database.
        Route::Ready if reads => web::plain("ok"),
        Route::File if reads => match id {
            "shop.css" => web::file("text/css; charset=utf-8", pages::CSS),
            "mark.svg" => web::file("image/svg+xml", pages::MARK),
            _ => pages::problem(turn, visitor, StatusCode::NOT_FOUND)?,
        },
        Route::Picture if reads => match id.strip_suffix(".svg").and_then(catalogue::find) {
            Some(good) => web::file("image/svg+xml", good.svg),
            None => pages::problem(turn, visitor, StatusCode::NOT_FOUND)?,
        },
        route => {
            let mut response = pages::problem(turn, visitor, StatusCode::METHOD_NOT_ALLOWED)?;
            response.headers_mut().insert(ALLOW, HeaderValue::from_static(route.methods()));
            response
        }
    };
    Ok(Some(response))
}

impl Route {
    const fn methods(self) -> &'static str {
        match self {
            Route::Cart | Route::Checkout | Route::Orders | Route::Login | Route::Direct => "GET, HEAD, POST",
            Route::Pay
            | Route::Ship
            | Route::Notify
            | Route::Logout
            | Route::Address
            | Route::AddressReturn => "POST",
            Route::Shelf
            | Route::Good
            | Route::Order
            | Route::Return
            | Route::LoginReturn
            | Route::File
            | Route::Picture
            | Route::Ready => "GET, HEAD",
        }
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
        assert!(ROUTER.at(RETURN_PATH).is_ok());
    }
}
