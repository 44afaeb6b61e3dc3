//! Every code, raised by its own cause: one table whose rows are code, service, and the request that causes it
//! (protocol.md §8). `pages/error_codes.csv` says which codes a rule of ours raises and at which services; the table has a
//! row for each of these pairs, and no other.

mod batches;
mod carried;
mod direct;
mod logins;
mod payments;
mod servers;
mod stage;

use std::cell::RefCell;
use std::collections::BTreeSet;

use danbao_gateway::Config;
use danbao_gateway::config::SellerCode;
use danbao_protocol::error_code::ErrorCode;
use danbao_protocol::node::Peer;
use danbao_protocol::reply::Reply;
use http::{HeaderValue, Method, StatusCode};
use serde_json::{Value, json};

use self::stage::Stage;
use super::browser::Page;
use super::order::Call;
use super::world::{World, body_text, on_both_databases_with, request};

/// One line of the table.
struct Row {
    code: &'static str,
    service: &'static str,
    cause: &'static str,
    asked: Asked,
}

/// A request that causes a refusal.
enum Asked {
    /// An address of the gateway, opened by a browser or called by a server.
    Url(String),
    /// The same from somewhere: an address of the internet, and the page that led there.
    From(String, &'static str, &'static str),
    /// A buyer whom the sandbox sends through the cashier, with these wishes.
    Buyer(String, String, Value),
    /// Several steps; they say the code that the last of them met.
    Steps(Box<dyn Fn(&mut World) -> String>),
}

impl From<Call> for Asked {
    fn from(call: Call) -> Asked {
        Asked::Url(call.url())
    }
}

impl From<String> for Asked {
    fn from(url: String) -> Asked {
        Asked::Url(url)
    }
}

fn row(code: &'static str, service: &'static str, cause: &'static str, asked: impl Into<Asked>) -> Row {
    Row { code, service, cause, asked: asked.into() }
}

/// A row of several steps.
fn steps(
    code: &'static str,
    service: &'static str,
    cause: &'static str,
    walk: impl Fn(&mut World) -> String + 'static,
) -> Row {
    Row { code, service, cause, asked: Asked::Steps(Box::new(walk)) }
}

/// The name of the message that has no code: business data altered.
const ALTERED: &str = "BUSINESS_DATA_ALTERED";
/// A partner's or an account's number that nobody has.
const NOBODY: &str = "2088999999999999";
/// A word that no goods may be named by.
const FORBIDDEN: &str = "假烟";
/// The address of the browser, and of the server, that a contract has registered.
const HERE: &str = "203.0.113.7";
const ELSEWHERE: &str = "198.51.100.1";
const SHOP_PAGE: &str = "http://www.shop.example/cart";
const OTHER_PAGE: &str = "http://evil.example/cart";

/// What a browser or a server hears at an address; where it is sent if it is not refused.
fn heard(world: &mut World, url: &str) -> String {
    heard_from(world, url, None)
}

fn heard_from(world: &mut World, url: &str, from: Option<(&str, &'static str)>) -> String {
    let mut asked = request(Method::GET, url, "");
    if let Some((address, referer)) = from {
        asked.extensions_mut().insert(Peer(address.parse().unwrap()));
        asked.headers_mut().insert(http::header::REFERER, HeaderValue::from_static(referer));
    }
    let response = world.ask(asked);
    if let Some(location) = response.headers().get(http::header::LOCATION) {
        return format!("goes on to {}", location.to_str().unwrap());
    }
    let content_type = response.headers()[http::header::CONTENT_TYPE].to_str().unwrap();
    if content_type.starts_with("text/xml") {
        assert_eq!(response.status(), StatusCode::OK, "a page of the time (§8.2)");
        let reply = Reply::parse(response.body()).unwrap();
        return reply.error.unwrap_or_else(|| "done".to_owned());
    }
    let page = Page { status: response.status(), at: url.to_owned(), html: body_text(&response) };
    refused_on(&page)
}

/// The code that a debug-error page shows; [`ALTERED`] for its message without a code.
fn refused_on(page: &Page) -> String {
    assert_eq!(page.status, StatusCode::OK, "a page of the time (§8.1)");
    assert!(page.shows("调试错误，请回到请求来源地，重新发起请求。"), "{}", page.html);
    let code = page.code();
    if code.is_empty() {
        assert!(page.shows("业务数据被篡改"), "{}", page.html);
        return ALTERED.to_owned();
    }
    assert!(page.shows("错误代码"));
    code
}

fn meet(world: &mut World, asked: &Asked) -> String {
    match asked {
        Asked::Url(url) => heard(world, url),
        Asked::From(url, address, referer) => heard_from(world, url, Some((address, referer))),
        Asked::Buyer(url, buyer, wish) => {
            let refused = world.checkout(url, buyer, wish.clone());
            refused["error_code"].as_str().unwrap_or("paid").to_owned()
        }
        Asked::Steps(walk) => walk(world),
    }
}

fn table(stage: &Stage) -> Vec<Row> {
    let chapters = [
        payments::rows(stage),
        carried::rows(stage),
        direct::rows(stage),
        servers::rows(stage),
        logins::rows(stage),
        batches::rows(stage),
    ];
    chapters.into_iter().flatten().collect()
}

/// A line of `pages/error_codes.csv`.
struct Listed {
    code: &'static str,
    raised: &'static str,
    services: Vec<&'static str>,
    why: &'static str,
    instead: &'static str,
}

fn listed() -> Vec<Listed> {
    const LIST: &str = include_str!("../../../pages/error_codes.csv");
    let mut lines = LIST.lines();
    assert_eq!(lines.next(), Some("code,raised,services,why,instead"));
    lines
        .map(|line| match line.split(',').collect::<Vec<_>>()[..] {
            [code, raised, services, why, instead] => {
                Listed { code, raised, services: services.split_whitespace().collect(), why, instead }
            }
            _ => panic!("{line}"),
        })
        .collect()
}

#[test]
fn every_code_is_listed_once_and_says_how_it_is_raised_or_why_not() {
    let listed = listed();
    let codes: Vec<&str> = listed.iter().map(|line| line.code).collect();
    let all: Vec<&str> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(codes, all, "one line a code, in the order of the protocol");
    for line in &listed {
        let is_raised = match line.raised {
            "rule" | "planned" => true,
            "never" => false,
            other => panic!("{}: {other}", line.code),
        };
        assert_eq!(is_raised, !line.services.is_empty(), "{}", line.code);
        assert_eq!(is_raised, line.why.is_empty(), "{}: a reason is for what is never raised", line.code);
        if !line.instead.is_empty() {
            let other = listed.iter().find(|other| other.code == line.instead);
            assert!(other.is_some_and(|other| other.raised != "never"), "{}", line.code);
        }
    }
}

#[test]
fn every_code_that_a_rule_raises_is_raised_by_its_cause() {
    let met = RefCell::new(BTreeSet::new());
    let plays = |world: &mut World, table: fn(&Stage) -> Vec<Row>| {
        let stage = Stage::set(world);
        let mut wrong = Vec::new();
        for Row { code, service, cause, asked } in table(&stage) {
            let heard = meet(world, &asked);
            if heard != code {
                wrong.push(format!("{service}: {cause}: {code} is not {heard}"));
            }
            met.borrow_mut().insert((code, service));
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        world.acknowledge_all();
    };
    let forbids = |config: &mut Config| config.forbidden_words = vec![FORBIDDEN.to_owned()];
    on_both_databases_with(forbids, |world| plays(world, table));
    let spells = |config: &mut Config| config.seller_code = SellerCode::Capitals;
    on_both_databases_with(spells, |world| plays(world, payments::in_capitals));

    let lines = listed();
    let by_rule = lines.iter().filter(|line| line.raised == "rule");
    let promised: BTreeSet<(&str, &str)> =
        by_rule.flat_map(|line| line.services.iter().map(|service| (line.code, *service))).collect();
    let met = met.into_inner();
    let difference: Vec<_> = promised.symmetric_difference(&met).collect();
    assert!(difference.is_empty(), "in the list or in the table alone: {difference:?}");
}

#[test]
fn a_code_that_only_the_platform_itself_raises_is_raised_as_planned_and_then_no_more() {
    on_both_databases_with(
        |_| {},
        |world| {
            let stage = Stage::set(world);
            for line in listed().iter().filter(|line| line.raised == "planned") {
                for service in &line.services {
                    let good = stage.good_call(world, service, line.code);
                    let planned = format!("/partners/{}/refusals", stage.caller(service).partner);
                    let plan = json!({ "service": service, "code": line.code, "calls": 2 });
                    world.done(Method::POST, &planned, &plan);
                    let bad = good.replace("&sign=", "&sign=0");
                    assert_eq!(
                        heard(world, &bad),
                        "ILLEGAL_SIGN",
                        "{service}: only what is good meets the plan"
                    );
                    assert_eq!(heard(world, &good), line.code, "{service}");
                    assert_eq!(heard(world, &good), line.code, "{service}");
                    let after = heard(world, &good);
                    assert!(after == "done" || after.starts_with("goes on to /"), "{service}: {after}");
                    let left = world.done(Method::GET, &planned, &Value::Null);
                    assert_eq!(left, json!({ "refusals": [] }));
                }
            }
            world.acknowledge_all();
        },
    );
}

#[test]
fn a_planned_refusal_says_so_on_the_page_and_may_be_called_off() {
    on_both_databases_with(
        |_| {},
        |world| {
            let stage = Stage::set(world);
            let planned = format!("/partners/{}/refusals", stage.shop.partner);
            let service = "create_direct_pay_by_user";
            let plan = |code: &str, calls: u32| json!({ "service": service, "code": code, "calls": calls });
            world.done(Method::POST, &planned, &plan("ILLEGAL_SIGN", 5));
            world.done(Method::POST, &planned, &plan("PAY_CHECK_FAIL", 3));
            let url = Call::direct(&stage.shop, "planned", "1.00").url();
            let page = world.get_text(&url);
            assert!(page.contains("PAY_CHECK_FAIL") && page.contains("沙箱接口预先安排"), "{page}");
            let wish = world.checkout(&url, &stage.zhang.email, Value::Null);
            assert_eq!(wish["error_code"], "PAY_CHECK_FAIL", "the headless buyer meets it too");
            world.done(Method::POST, &planned, &plan("PAY_CHECK_FAIL", 0));
            assert!(heard(world, &url).starts_with("goes on to /cashier/"));
        },
    );
}

#[test]
fn a_refusal_names_the_parameter_at_fault() {
    on_both_databases_with(
        |_| {},
        |world| {
            let stage = Stage::set(world);
            let good = Call::direct(&stage.shop, "named", "1.00");
            for (parameter, call) in [
                ("notify_url", good.clone().with("notify_url", "shop.example")),
                ("total_fee", good.clone().with("total_fee", "1,00")),
                ("subject", good.clone().without("subject")),
            ] {
                let page = world.get_text(&call.url());
                assert!(page.contains(&format!("<code>{parameter}</code>")), "{page}");
            }
        },
    );
}
