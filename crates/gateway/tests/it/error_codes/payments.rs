//! What all three payment services refuse.

use serde_json::{Value, json};

use super::super::browser::Browser;
use super::super::order::Call;
use super::super::world::{Merchant, World, minutes};
use super::stage::{COMPANY, SERVICES, Stage};
use super::{
    ALTERED, Asked, FORBIDDEN, HERE, NOBODY, OTHER_PAGE, Row, SHOP_PAGE, heard, heard_from, row, steps,
};

/// Makes an order of one of the services.
pub(super) type Make = fn(&Merchant, &str, &str) -> Call;

pub(super) const MAKES: [(&str, Make); 3] =
    [(SERVICES[0], Call::escrow), (SERVICES[1], Call::direct), (SERVICES[2], Call::dual)];

pub(super) fn rows(stage: &Stage) -> Vec<Row> {
    let chapters = [admission, form, contract, parties, repeats, finer, cashier];
    let of = |(service, order): (&'static str, Make)| {
        chapters.into_iter().flat_map(move |chapter| chapter(stage, service, order))
    };
    MAKES.into_iter().flat_map(of).collect()
}

/// Who calls, and is it that call? (protocol.md §8.5 items 1 to 6)
fn admission(stage: &Stage, service: &'static str, order: Make) -> Vec<Row> {
    let good = || order(&stage.shop, service, "10.00");
    let mut rows = vec![
        row("ILLEGAL_SERVICE", service, "misspelt", good().with("service", "create_direct_pay")),
        row("ILLEGAL_SERVICE", service, "none", good().without("service")),
        row("ILLEGAL_SERVICE", service, "nothing arrived", "/gateway.do".to_owned()),
        row("ILLEGAL_CHARSET", service, "unknown", good().with("_input_charset", "big5")),
        row("ILLEGAL_CHARSET", service, "not text in it", good().with_bytes("subject", b"\xff\xfe")),
        row("ILLEGAL_PARTNER", service, "no such partner", good().with("partner", NOBODY)),
        row("ILLEGAL_PARTNER", service, "none", good().without("partner")),
        row("ILLEGAL_PARTNER", service, "not 16 digits", good().with("partner", " 2088000000000001")),
        row("ILLEGAL_SIGN_TYPE", service, "lower case", good().signed_then("sign_type", "md5")),
        row("ILLEGAL_SIGN_TYPE", service, "none", good().signed_then("sign_type", "")),
        row(
            "ILLEGAL_SECURITY_PROFILE",
            service,
            "no key of the kind",
            good().signed_then("sign_type", "RSA"),
        ),
        row("ILLEGAL_SIGN", service, "another key", good().keyed("0123456789abcdef0123456789abcdef")),
        row("ILLEGAL_SIGN", service, "altered after signing", good().signed_then("subject", "x")),
        row("ILLEGAL_SIGN", service, "one more than was signed", good().signed_then("submit", "x")),
        row("ILLEGAL_SIGN", service, "no signature", good().signed_then("sign", "")),
        row("ILLEGAL_SIGN", service, "unsigned", format!("{}&sign_type=MD5", good().unsigned_url())),
        row(
            "HAS_NO_PRIVILEGE",
            service,
            "the contract does not name it",
            order(&stage.bare, service, "10.00"),
        ),
    ];
    for (why, merchant) in &stage.withheld {
        rows.push(row(withheld_code(why), service, why, order(merchant, service, "10.00")));
    }
    rows
}

pub(super) fn withheld_code(why: &str) -> &'static str {
    match why {
        "unopened" => "ILLEGAL_PARTNER_EXTERFACE",
        "closed" => "EXTERFACE_IS_CLOSED",
        "misconfigured" => "ILLEGAL_EXTERFACE",
        "no_product" => "PRODUCT_NOT_EXIST",
        other => panic!("{other}"),
    }
}

/// The form of each parameter (item 7), by the codes of the tutorials.
fn form(stage: &Stage, service: &'static str, order: Make) -> Vec<Row> {
    let good = || order(&stage.shop, service, "10.00");
    let amount = amount_of(service);
    let twice = format!("{}&subject=twice", good().url());
    vec![
        row("ILLEGAL_ARGUMENT", service, "one name with two values", twice),
        row("ILLEGAL_ARGUMENT", service, "no order number", good().without("out_trade_no")),
        row("ILLEGAL_ARGUMENT", service, "no subject", good().without("subject")),
        row("ILLEGAL_ARGUMENT", service, "too long", good().with("out_trade_no", &"1".repeat(65))),
        row("ILLEGAL_ARGUMENT", service, "no address", good().with("notify_url", "shop.example/notify")),
        row("ILLEGAL_ARGUMENT", service, "no seller", good().without("seller_email")),
        row("ILLEGAL_FEE_PARAM", service, "three decimals", good().with(amount, "0.001")),
        row("ILLEGAL_FEE_PARAM", service, "negative", good().with(amount, "-1.00")),
        row("ILLEGAL_FEE_PARAM", service, "no number", good().with(amount, "1e3")),
        row("ILLEGAL_FEE_PARAM", service, "huge", good().with(amount, "99999999999999999999")),
        row("TOTAL_FEE_LESSEQUAL_ZERO", service, "nothing to pay", free(good(), service)),
        row("ILLEGAL_OUTTIME_ARGUMENT", service, "not a time", good().with("it_b_pay", "1.5h")),
        row("ILLEGAL_PAYMENT_TYPE", service, "unknown kind", good().with("payment_type", "9")),
    ]
}

/// An order for which nothing is left to pay.
fn free(good: Call, service: &str) -> Call {
    if is_direct(service) { good.with("total_fee", "0.00") } else { good.with("discount", "-10.00") }
}

fn is_direct(service: &str) -> bool {
    service == "create_direct_pay_by_user"
}

/// What the amount stands in.
fn amount_of(service: &str) -> &'static str {
    if is_direct(service) { "total_fee" } else { "price" }
}

/// What contract and installation say (item 7, at its end, and item 8).
fn contract(stage: &Stage, service: &'static str, order: Make) -> Vec<Row> {
    let good = || order(&stage.shop, service, "10.00");
    let registered = || order(&stage.registered, service, "10.00");
    let from = |page| Asked::From(registered().url(), HERE, page);
    let plain = order(&stage.plain, service, "1.00").with("it_b_pay", "1h");
    let described = good().with("body", &format!("真正的{FORBIDDEN}"));
    vec![
        row("SELF_TIMEOUT_NOT_SUPPORT", service, "not agreed", plain),
        row("ILLEGAL_AGENT", service, "not registered", registered().with("agent", "agent-2")),
        row("EXPARTNER_INFO_UNCORRECT", service, "half of a pair", good().with("sign_id_ext", "7")),
        row("SUBJECT_HAS_FORBIDDENWORD", service, "its name", good().with("subject", FORBIDDEN)),
        row("BODY_HAS_FORBIDDENWORD", service, "its description", described),
        row("ILLEGAL_REQUEST_REFERER", service, "led there by a foreign page", from(OTHER_PAGE)),
        row("ILLEGAL_REQUEST_REFERER", service, "nobody says by what", registered()),
        steps("ILLEGAL_REQUEST_REFERER", service, "but not from the merchant's own", {
            let url = registered().with("agent", "agent-1").url();
            move |world| {
                let own = heard_from(world, &url, Some((HERE, SHOP_PAGE)));
                assert!(own.starts_with("goes on to /cashier/"), "{own}");
                heard_from(world, &url, Some((HERE, OTHER_PAGE)))
            }
        }),
    ]
}

/// Who is paid, and who is to pay (items 9 and 10).
fn parties(stage: &Stage, service: &'static str, order: Make) -> Vec<Row> {
    let good = || order(&stage.shop, service, "10.00");
    let strangers = good().with("seller_email", &stage.stranger.seller_email);
    vec![
        row("SELLER_NOT_EXIST", service, "nobody", good().with("seller_email", "nobody@x.example")),
        row("SELLER_NOT_EXIST", service, "the id wins", good().with("seller_id", NOBODY)),
        row("seller_not_in_specified_sellers", service, "another's seller", strangers),
        row("BUYER_NOT_EXIST", service, "nobody", good().with("buyer_id", NOBODY)),
        row("BUYER_SELLER_EQUAL", service, "named", good().with("buyer_email", &stage.shop.seller_email)),
    ]
}

/// The same order number again (item 11).
fn repeats(stage: &Stage, service: &'static str, order: Make) -> Vec<Row> {
    let amount = amount_of(service);
    let zhang = stage.zhang.email.clone();
    let bought = order(&stage.shop, &format!("bought-{service}"), "10.00");
    let open = order(&stage.shop, &format!("open-{service}"), "10.00");
    let again = |cause, changed: Call| {
        let first = open.url();
        steps("TRADE_DATA_MATCH_ERROR", service, cause, move |world| {
            assert!(heard(world, &first).starts_with("goes on to /cashier/"));
            heard(world, &changed.url())
        })
    };
    vec![
        steps("TRADE_NOT_ALLOWED_PAY", service, "paid", {
            let (url, zhang) = (bought.url(), zhang.clone());
            move |world| {
                world.checkout(&url, &zhang, Value::Null);
                heard(world, &url)
            }
        }),
        row("TRADE_NOT_ALLOWED_PAY", service, "before the data", bought.with(amount, "9.00")),
        steps("TRADE_NOT_ALLOWED_PAY", service, "closed", {
            let url = order(&stage.shop, &format!("closed-{service}"), "10.00").url();
            move |world| {
                let unpaid = world.checkout(&url, &zhang, json!({ "stop_unpaid": true }));
                world.act(unpaid["trade_no"].as_str().unwrap(), json!({ "action": "close" }));
                heard(world, &url)
            }
        }),
        again("another amount", open.clone().with(amount, "9.00")),
        again("another buyer", open.clone().with("buyer_id", &stage.zhang.user_id)),
        again("another time-out", open.clone().with("it_b_pay", "1h")),
    ]
}

/// The finer codes, for a contract that wants them (protocol.md §8.6).
fn finer(stage: &Stage, service: &'static str, order: Make) -> Vec<Row> {
    let good = || order(&stage.fine, service, "10.00");
    let amount = amount_of(service);
    let counted =
        || if is_direct(service) { good().without("total_fee").with("price", "1.00") } else { good() };
    let open = order(&stage.fine, &format!("open-{service}"), "10.00");
    let again = |code, cause, changed: Call| {
        let first = open.url();
        steps(code, service, cause, move |world| {
            assert!(heard(world, &first).starts_with("goes on to /cashier/"));
            heard(world, &changed.url())
        })
    };
    vec![
        row("PARAMTER_IS_NULL", service, "no order number", good().without("out_trade_no")),
        row("ILLEGAL_LENGTH", service, "too long", good().with("out_trade_no", &"1".repeat(65))),
        row("REGEXP_MATCH_FAIL", service, "no address", good().with("notify_url", "shop.example/notify")),
        row("ILLEGAL_NUMBER_FORMAT", service, "no number", good().with(amount, "1e3")),
        row("ILLEGAL_MONEY_FORMAT", service, "three decimals", good().with(amount, "0.001")),
        row("ILLEGAL_INTEGER_FORMAT", service, "half a book", counted().with("quantity", "1.5")),
        row("ILLEGAL_USER", service, "no user id", good().with("seller_id", "42")),
        row("ILLEGAL_USER", service, "nor the buyer's", good().with("buyer_id", "42")),
        row(
            "ILLEGAL_ENCODING",
            service,
            "not text in the charset",
            good().with_bytes("subject", b"\xff\xfe"),
        ),
        row("ILLEGAL_FEE_PARAM", service, "an amount, but too much", good().with(amount, "999999999.99")),
        again("TRADE_BUYER_NOT_MATCH", "another buyer", open.clone().with("buyer_id", &stage.zhang.user_id)),
        again("TRADE_DATA_MATCH_ERROR", "another service", {
            let other: Make = if is_direct(service) { Call::escrow } else { Call::direct };
            other(&stage.fine, &format!("open-{service}"), "10.00")
        }),
        two_sellers(stage, service, order),
    ]
}

/// A repeat can only name another seller that is one of the partner's too.
fn two_sellers(stage: &Stage, service: &'static str, order: Make) -> Row {
    let fine = stage.fine.clone();
    let other = stage.stranger.clone();
    steps("TRADE_SELLER_NOT_MATCH", service, "another of its sellers", move |world| {
        let url = order(&fine, &format!("seller-{service}"), "10.00");
        assert!(heard(world, &url.url()).starts_with("goes on to /cashier/"));
        world.add_seller(&fine.partner, &other.seller_id);
        heard(world, &url.with("seller_email", &other.seller_email).url())
    })
}

/// What the cashier finds (item 12).
fn cashier(stage: &Stage, service: &'static str, order: Make) -> Vec<Row> {
    let named =
        order(&stage.shop, &format!("named-{service}"), "10.00").with("buyer_id", &stage.zhang.user_id);
    let own = order(&stage.shop, &format!("own-{service}"), "10.00").url();
    let seller = stage.shop.seller_email.clone();
    let zhang = stage.zhang.email.clone();
    let much = order(&stage.shop, &format!("much-{service}"), "50000.01").url();
    let buys = |url: &str, buyer: &str| Asked::Buyer(url.to_owned(), buyer.to_owned(), json!({}));
    vec![
        row("BUYER_SELLER_EQUAL", service, "the seller came to the cashier", buys(&own, &seller)),
        row("MAX_MONEY_COMPANY_TO_INDIVIDUAL", service, "a company pays a person", buys(&much, COMPANY)),
        row("TRADE_BUYER_NOT_MATCH", service, "somebody else came", buys(&named.url(), &stage.li.email)),
        steps("BUYER_SELLER_EQUAL", service, "the seller signed in at the cashier", {
            let seller = seller.clone();
            move |world| sign_in(world, &mut Browser::default(), &own, &seller).code()
        }),
        steps("SESSION_TIMEOUT", service, "eleven minutes without a click", {
            let url = order(&stage.shop, &format!("slow-{service}"), "10.00").url();
            move |world| {
                let mut browser = Browser::default();
                let pay = sign_in(world, &mut browser, &url, &zhang);
                world.later(minutes(11));
                let late = browser.send(world, &pay.form("/pay").with("payment_password", "pay123"));
                late.code()
            }
        }),
        steps("EXTERFACE_INVOKE_CONTEXT_EXPIRED", service, "longer than a trade would wait", {
            let url = order(&stage.shop, &format!("stale-{service}"), "10.00").with("it_b_pay", "5m").url();
            move |world| {
                let mut browser = Browser::default();
                let page = browser.open(world, &url);
                world.later(minutes(4));
                assert_eq!(browser.open(world, &page.at).code(), "", "not yet");
                browser.open(world, &url);
                world.later(minutes(4));
                assert_eq!(browser.open(world, &page.at).code(), "", "it was asked for again");
                world.later(minutes(1));
                browser.open(world, &page.at).code()
            }
        }),
    ]
}

/// In an installation that spells the code in capitals.
pub(super) fn in_capitals(stage: &Stage) -> Vec<Row> {
    let strangers = |(service, order): (&'static str, Make)| {
        let call = order(&stage.shop, service, "10.00").with("seller_email", &stage.stranger.seller_email);
        row("SELLER_NOT_IN_SPECIFIED_SELLERS", service, "another's seller", call)
    };
    MAKES.into_iter().map(strangers).collect()
}

/// Opens the cashier and confirms its first page as somebody.
pub(super) fn sign_in(
    world: &mut World,
    browser: &mut Browser,
    url: &str,
    email: &str,
) -> super::super::browser::Page {
    let page = browser.open(world, url);
    assert!(page.at.starts_with("/cashier/"), "{}: {ALTERED}?", page.at);
    let form = page.form("/member").with("account", email).with("login_password", "login123");
    browser.send(world, &form)
}
