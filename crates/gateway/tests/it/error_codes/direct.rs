//! What direct pay alone has, and the timestamp that it shares with dual trades.

use std::time::Duration;

use serde_json::json;

use super::super::order::Call;
use super::super::world::Merchant;
use super::stage::{FROZEN, OTHER_BROWSER, Stage, UNCERTIFIED, stamp};
use super::{Asked, HERE, Row, SHOP_PAGE, heard, heard_from, row, steps};

const DIRECT: &str = "create_direct_pay_by_user";
const DUAL: &str = "trade_create_by_buyer";

pub(super) fn rows(stage: &Stage) -> Vec<Row> {
    let chapters = [terms, accounts, royalty, ways_to_pay, finer, phishing];
    chapters.into_iter().flat_map(|chapter| chapter(stage)).collect()
}

fn terms(stage: &Stage) -> Vec<Row> {
    let good = || Call::direct(&stage.shop, "1", "10.00");
    let barred = || Call::direct(&stage.barred, "1", "10.00");
    let product = Call::direct(&stage.registered, "1", "10.00").with("product_type", "CHANNEL_SLOW_PAY");
    let echo = "ILLEGAL_EXTRA_COMMON_PARAM";
    vec![
        row("ILLEGAL_FEE_PARAM", DIRECT, "too much", good().with("total_fee", "100000000.01")),
        row(
            "ILLEGAL_FEE_PARAM",
            DIRECT,
            "said in two ways",
            good().with("price", "10.00").with("quantity", "1"),
        ),
        row("ILLEGAL_ARGUMENT", DIRECT, "said in none", good().without("total_fee")),
        row(echo, DIRECT, "an equals sign", good().with("extra_common_param", "a=b")),
        row(echo, DIRECT, "too long", good().with("extra_common_param", &"x".repeat(101))),
        row("TOKEN_LEN_TOO_LONG", DIRECT, "too long", good().with("token", &"t".repeat(41))),
        row(
            "NEED_CTU_CHECK_PARAMETER_ERROR",
            DIRECT,
            "neither Y nor N",
            good().with("need_ctu_check", "yes"),
        ),
        row("NEED_CTU_CHECK_NOT_ALLOWED", DIRECT, "barred", barred().with("need_ctu_check", "Y")),
        row("BUYER_EMAIL_ID_MUST_NULL", DIRECT, "barred", barred().with("buyer_email", &stage.zhang.email)),
        row("PRODUCT_NOT_ALLOWED", DIRECT, "not in the contract", product),
    ]
}

fn accounts(stage: &Stage) -> Vec<Row> {
    let frozen = || Call::direct(&stage.frozen, "1", "10.00");
    vec![
        row("SELLER_ENABLE_STATUS_FORBID", DIRECT, "frozen", frozen()),
        row(
            "ROYALTY_SELLER_ENABLE_STATUS_FORBID",
            DIRECT,
            "frozen, with royalty",
            shared(frozen(), &stage.zhang.email),
        ),
    ]
}

/// One yuan of it goes to somebody.
fn shared(order: Call, receiver: &str) -> Call {
    order.with("royalty_type", "10").with("royalty_parameters", &format!("{receiver}^1.00^备注"))
}

fn royalty(stage: &Stage) -> Vec<Row> {
    let good = || Call::direct(&stage.shop, "1", "10.00");
    let list = |list: &str| good().with("royalty_type", "10").with("royalty_parameters", list);
    let (zhang, li) = (&stage.zhang.email, &stage.li.email);
    let format = "ROYALTY_FORAMT_ERROR";
    let eleven = [format!("{zhang}^0.01^").as_str(); 11].join("|");
    let unagreed =
        Asked::From(shared(Call::direct(&stage.registered, "1", "10.00"), li).url(), HERE, SHOP_PAGE);
    let more = Call::direct(&stage.shop, "more", "10.00").with("royalty_type", "10");
    let more = more.with("royalty_parameters", &format!("{zhang}^10.00^备注")).url();
    vec![
        row(format, DIRECT, "no amount", list(zhang)),
        row(format, DIRECT, "nothing", list(&format!("{zhang}^0.00^"))),
        row(format, DIRECT, "less than nothing", list(&format!("{zhang}^-1.00^"))),
        row(format, DIRECT, "eleven of them", list(&eleven)),
        row(format, DIRECT, "no list", good().with("royalty_type", "10")),
        row(format, DIRECT, "to oneself", shared(good(), &stage.shop.seller_email)),
        row("ROYALTY_TYPE_ERROR", DIRECT, "not 10", shared(good(), zhang).with("royalty_type", "11")),
        row("ROYALTY_LENGTH_ERROR", DIRECT, "too long", list(&format!("{zhang}^1.00^{}", "备".repeat(1000)))),
        row("ROYALTY_RECEIVE_EMAIL_NOT_EXIST", DIRECT, "to nobody", shared(good(), "nobody@x.example")),
        row(
            "ROYALTY_PAY_EMAIL_NOT_EXIST",
            DIRECT,
            "from nobody",
            list(&format!("nobody@x.example^{zhang}^1.00^")),
        ),
        row("ROYALTY_RECEIVER_NOT_IN_SPECIFIED_ACCOUNTS", DIRECT, "has not agreed", unagreed),
        row("ROYALTY_RECEIVE_EMAIL_NOT_CERTIFY", DIRECT, "nobody knows who", shared(good(), UNCERTIFIED)),
        row("ROYALTY_SELLER_ENABLE_STATUS_FORBID", DIRECT, "a frozen receiver", shared(good(), FROZEN)),
        row(
            "ROYALTY_SELLER_NOT_CERTIFY",
            DIRECT,
            "nobody knows who the seller is",
            shared(Call::direct(&stage.unknown, "1", "10.00"), zhang),
        ),
        row(
            "COMMISION_NOT_SUPPORT",
            DIRECT,
            "barred",
            shared(Call::direct(&stage.barred, "1", "10.00"), zhang),
        ),
        row(
            "NAVIGATION_INCOME_OF_ROYALTY_ACCOUNT",
            DIRECT,
            "all of it, and the charge is the seller's",
            Asked::Buyer(more, li.clone(), json!({})),
        ),
    ]
}

fn ways_to_pay(stage: &Stage) -> Vec<Row> {
    let good = || Call::direct(&stage.shop, "1", "10.00");
    let barred = |paymethod: &str| Call::direct(&stage.barred, "1", "10.00").with("paymethod", paymethod);
    let cents = Call::direct(&stage.shop, "1", "0.99").with("defaultbank", "abc1003");
    let visa = Call::direct(&stage.barred, "1", "10.00").with("defaultbank", "abc1004");
    let bank = Call::direct(&stage.barred, "1", "10.00").with("defaultbank", "ICBCB2C");
    vec![
        row("DEFAULT_BANK_INVALID", DIRECT, "no such bank", good().with("defaultbank", "NOBANK")),
        row("DEFAULT_BANK_INVALID", DIRECT, "no bank", good().with("paymethod", "bankPay")),
        row("CHANNEL_NOT_EXIST", DIRECT, "none is known", good().with("enable_paymethod", "barter")),
        row("ILLEGAL_ARGUMENT", DIRECT, "no such way", good().with("paymethod", "barter")),
        row("DIRECT_PAY_WITHOUT_CERT_CLOSE", DIRECT, "barred", barred("directPay")),
        row("EBANK_CERDIT_GW_RULE_NOT_OPEN", DIRECT, "barred", barred("creditPay")),
        row("NOT_SUPPORT_GATEWAY", DIRECT, "barred", barred("bankPay").with("defaultbank", "ICBCB2C")),
        row("NOT_SUPPORT_GATEWAY", DIRECT, "a bank is a way too", bank),
        row("EBANK_VISA_GW_RULE_NOT_OPEN", DIRECT, "barred", visa),
        row("EBANK_VISA_GW_RULE_NOT_OPEN", DIRECT, "below one yuan", cents),
    ]
}

fn finer(stage: &Stage) -> Vec<Row> {
    let good = || Call::direct(&stage.fine, "1", "10.00");
    let counted = |price: &str, quantity: &str| {
        let call = Call::direct(&stage.fine, "counted", "1.00").without("total_fee");
        call.with("price", price).with("quantity", quantity)
    };
    let again = |code, cause, first: Call, changed: Call| {
        steps(code, DIRECT, cause, move |world| {
            assert!(heard(world, &first.url()).starts_with("goes on to /cashier/"));
            heard(world, &changed.url())
        })
    };
    let total = |total: &str| Call::direct(&stage.fine, "total", total);
    vec![
        row("SUBJECT_MUST_NOT_BE_NULL", DIRECT, "no subject", good().without("subject")),
        row("CHANNEL_NOT_EXIST", DIRECT, "no such way", good().with("paymethod", "barter")),
        again("TRADE_PRICE_NOT_MATCH", "another price", counted("5.00", "2"), counted("6.00", "2")),
        again("TRADE_QUANTITY_NOT_MATCH", "another count", counted("5.00", "2"), counted("5.00", "3")),
        again("TRADE_TOTALFEE_NOT_MATCH", "another total", total("5.00"), total("6.00")),
    ]
}

/// Timestamp and browser, for a contract that has the check.
fn phishing(stage: &Stage) -> Vec<Row> {
    let guarded = stage.guarded.clone();
    let direct = |number: &str| Call::direct(&guarded, number, "10.00").with("exter_invoke_ip", HERE);
    let dual = |number: &str| Call::dual(&guarded, number, "10.00");
    let mut rows = Vec::new();
    for (service, order) in [(DIRECT, direct("guarded")), (DUAL, dual("guarded-too"))] {
        rows.push(row("ILLEGAL_ANTI_PHISHING_KEY", service, "none", order.clone()));
        let invented = order.clone().with("anti_phishing_key", "invented");
        rows.push(row("ILLEGAL_ANTI_PHISHING_KEY", service, "invented", invented));
        rows.push(steps("ILLEGAL_ANTI_PHISHING_KEY", service, "given to another merchant", {
            let (order, stranger) = (order.clone(), stage.stranger.clone());
            move |world| {
                let key = stamp(world, &stranger);
                heard(world, &order.clone().with("anti_phishing_key", &key).url())
            }
        }));
        rows.push(steps("ANTI_PHISHING_KEY_TIMEOUT", service, "31 seconds old", {
            let guarded = guarded.clone();
            move |world| {
                let key = stamp(world, &guarded);
                world.later(Duration::from_secs(31));
                heard(world, &order.clone().with("anti_phishing_key", &key).url())
            }
        }));
    }
    rows.extend(addresses(&guarded));
    rows
}

fn addresses(guarded: &Merchant) -> Vec<Row> {
    let code = "ILLEGAL_EXTER_INVOKE_IP";
    let wrong = |cause, ip: Option<&'static str>| {
        let guarded = guarded.clone();
        steps(code, DIRECT, cause, move |world| {
            let key = stamp(world, &guarded);
            let order = Call::direct(&guarded, "addressed", "10.00").with("anti_phishing_key", &key);
            let order = if let Some(ip) = ip { order.with("exter_invoke_ip", ip) } else { order };
            heard(world, &order.url())
        })
    };
    let guarded = guarded.clone();
    vec![
        wrong("none", None),
        wrong("empty", Some("")),
        wrong("no address", Some("localhost")),
        steps(code, DIRECT, "not the browser's", move |world| {
            let key = stamp(world, &guarded);
            let order = Call::direct(&guarded, "addressed", "10.00").with("anti_phishing_key", &key);
            let url = order.with("exter_invoke_ip", HERE).url();
            let same = heard_from(world, &url, Some((HERE, SHOP_PAGE)));
            assert!(same.starts_with("goes on to /cashier/"), "{same}");
            heard_from(world, &url, Some((OTHER_BROWSER, SHOP_PAGE)))
        }),
    ]
}
