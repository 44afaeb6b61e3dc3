//! What the services for servers refuse, in XML.

use serde_json::json;

use super::super::order::Call;
use super::payments::withheld_code;
use super::stage::{OTHER_BROWSER, SERVICES, Stage};
use super::{Asked, HERE, NOBODY, Row, SHOP_PAGE, heard, heard_from, row, steps};

const SEND: &str = SERVICES[3];
const CLOSE: &str = SERVICES[5];
const TIMESTAMP: &str = SERVICES[6];
const NO_TRADE: &str = "2012022999999999";

pub(super) fn rows(stage: &Stage) -> Vec<Row> {
    let mut rows: Vec<Row> = SERVICES[3..7].iter().flat_map(|service| admission(stage, service)).collect();
    rows.extend(SERVICES[3..6].iter().flat_map(|service| trades(stage, service)));
    rows.extend(shipping(stage));
    rows.extend(states(stage));
    rows
}

/// A call that names no trade of anybody.
fn call(stage: &Stage, service: &str) -> Call {
    let call = Call::new(&stage.shop, service);
    match service {
        TIMESTAMP => call,
        SEND => call.with("trade_no", NO_TRADE).with("transport_type", "DIRECT"),
        _ => call.with("trade_no", NO_TRADE),
    }
}

fn admission(stage: &Stage, service: &'static str) -> Vec<Row> {
    let good = || call(stage, service);
    let registered = Call::new(&stage.registered, service).url();
    let mut rows = vec![
        row("ILLEGAL_PARTNER", service, "no such partner", good().with("partner", NOBODY)),
        row("HAS_NO_PRIVILEGE", service, "the contract does not name it", Call::new(&stage.bare, service)),
        row(
            "ILLEGAL_CLIENT_IP",
            service,
            "a server that is not registered",
            Asked::From(registered.clone(), OTHER_BROWSER, SHOP_PAGE),
        ),
        steps("ILLEGAL_CLIENT_IP", service, "but not one that is", move |world| {
            let own = heard_from(world, &registered, Some((HERE, SHOP_PAGE)));
            assert_ne!(own, "ILLEGAL_CLIENT_IP");
            heard_from(world, &registered, Some(("2001:db8::1", SHOP_PAGE)))
        }),
    ];
    for (why, merchant) in &stage.withheld {
        rows.push(row(withheld_code(why), service, why, Call::new(merchant, service)));
    }
    rows
}

fn trades(stage: &Stage, service: &'static str) -> Vec<Row> {
    let good = || call(stage, service);
    let stranger = stage.stranger.clone();
    let (url, zhang) =
        (Call::direct(&stage.shop, &format!("of-{service}"), "1.00").url(), stage.zhang.email.clone());
    vec![
        row("TRADE_NOT_EXIST", service, "no such trade", good()),
        steps("TRADE_NOT_EXIST", service, "another partner's", move |world| {
            let paid = world.checkout(&url, &zhang, json!({}));
            let theirs = Call::new(&stranger, service).with("trade_no", paid["trade_no"].as_str().unwrap());
            heard(world, &theirs.with("transport_type", "DIRECT").url())
        }),
        row("ILLEGAL_ARGUMENT", service, "no trade is named", good().without("trade_no")),
        row("ILLEGAL_CHARSET", service, "unknown", good().with("_input_charset", "big5")),
        row("ILLEGAL_SIGN_TYPE", service, "lower case", good().signed_then("sign_type", "md5")),
        row("ILLEGAL_SIGN_TYPE", service, "none", good().unsigned_url()),
        row(
            "ILLEGAL_SECURITY_PROFILE",
            service,
            "no key of the kind",
            good().signed_then("sign_type", "DSA"),
        ),
        row("ILLEGAL_SIGN", service, "another key", good().keyed("x")),
        row("ILLEGAL_SIGN", service, "altered after signing", good().signed_then("trade_no", "1")),
    ]
}

fn shipping(stage: &Stage) -> Vec<Row> {
    let good = || call(stage, SEND);
    vec![
        row("ILLEGAL_ARGUMENT", SEND, "an unknown way", good().with("transport_type", "ROCKET")),
        row("ILLEGAL_ARGUMENT", SEND, "no carrier", good().with("transport_type", "EXPRESS")),
        row("ILLEGAL_ARGUMENT", SEND, "no address", good().with("seller_ip", "localhost")),
    ]
}

fn states(stage: &Stage) -> Vec<Row> {
    let shop = stage.shop.clone();
    let zhang = stage.zhang.email.clone();
    let of = |service: &'static str, number: &'static str, stop_unpaid: bool| {
        let (shop, zhang) = (shop.clone(), zhang.clone());
        move |world: &mut super::super::world::World| {
            let url = Call::escrow(&shop, number, "1.00").url();
            let trade = world.checkout(&url, &zhang, json!({ "stop_unpaid": stop_unpaid }));
            let named = Call::new(&shop, service).with("trade_no", trade["trade_no"].as_str().unwrap());
            heard(world, &named.with("transport_type", "DIRECT").url())
        }
    };
    let code = "TRADE_STATUS_NOT_AVAILD";
    vec![
        steps(code, SEND, "nothing is paid", of(SEND, "unpaid", true)),
        steps(code, CLOSE, "it is paid", of(CLOSE, "paid", false)),
    ]
}
