//! What refunds of direct payments refuse: a call as a whole, by page or in XML, and one item of a batch, as its result.

use http::Method;
use serde_json::{Value, json};

use super::super::order::Call;
use super::super::refund_batches::{NOPWD, PWD, batch, item, results};
use super::super::refunds::at_the_desk;
use super::super::world::{Merchant, World, days};
use super::payments::withheld_code;
use super::stage::{OTHER_BROWSER, Stage};
use super::{Asked, NOBODY, Row, SHOP_PAGE, heard, row, steps};

pub(super) fn rows(stage: &Stage) -> Vec<Row> {
    let mut rows = vec![row(
        "ILLEGAL_CLIENT_IP",
        NOPWD,
        "a server that is not registered",
        Asked::From(Call::new(&stage.registered, NOPWD).url(), OTHER_BROWSER, SHOP_PAGE),
    )];
    for service in [NOPWD, PWD] {
        rows.extend(admission(stage, service));
        rows.extend(calls(stage, service));
        rows.extend(sellers(stage, service));
        rows.extend(items(stage, service));
        rows.extend(shares(stage, service));
    }
    rows.push(frozen_meanwhile(stage));
    rows
}

fn admission(stage: &Stage, service: &'static str) -> Vec<Row> {
    let good = || Call::new(&stage.refunder, service);
    let mut rows = vec![
        row("ILLEGAL_PARTNER", service, "no such partner", good().with("partner", NOBODY)),
        row("HAS_NO_PRIVILEGE", service, "the contract does not name it", Call::new(&stage.bare, service)),
        row("ILLEGAL_CHARSET", service, "unknown", good().with("_input_charset", "big5")),
        row("ILLEGAL_SIGN_TYPE", service, "unsigned", good().unsigned_url()),
        row(
            "ILLEGAL_SECURITY_PROFILE",
            service,
            "no key of the kind",
            good().signed_then("sign_type", "RSA"),
        ),
        row("ILLEGAL_SIGN", service, "another key", good().keyed("x")),
    ];
    for (why, merchant) in &stage.withheld {
        rows.push(row(withheld_code(why), service, why, Call::new(merchant, service)));
    }
    rows
}

/// A batch of one item that would be good if the trade were there, with one thing bent.
fn bent(
    stage: &Stage,
    service: &'static str,
    (code, cause, bend): (&'static str, &'static str, fn(Call) -> Call),
) -> Row {
    let refunder = stage.refunder.clone();
    steps(code, service, cause, move |world| {
        let good = batch(world, &refunder, service, "bent", &[item("2012022900099999", "1.00")]);
        heard(world, &bend(good).url())
    })
}

fn calls(stage: &Stage, service: &'static str) -> Vec<Row> {
    type Bend = (&'static str, &'static str, fn(Call) -> Call);
    let bends: [Bend; 23] = [
        ("ILLEGAL_ARGUMENT", "no seller", |good| good.without("seller_email")),
        ("ILLEGAL_ARGUMENT", "no address", |good| good.with("notify_url", "shop.example")),
        ("BATCH_NUM_ERROR", "no number", |good| good.with("batch_num", "x")),
        ("BATCH_NUM_ERROR", "none", |good| good.with("batch_num", "0")),
        ("BATCH_NUM_EXCEED_LIMIT", "too many", |good| good.with("batch_num", "1001")),
        ("BATCH_NUM_NOT_EQUAL_TOTAL", "not so many", |good| good.with("batch_num", "2")),
        ("REFUND_DATE_ERROR", "no date", |good| good.with("refund_date", "today")),
        ("BATCH_NO_FORMAT_ERROR", "another day", |good| good.with("batch_no", "20110228001")),
        ("BATCH_NO_FORMAT_ERROR", "none", |good| good.without("batch_no")),
        ("DETAIL_DATA_FORMAT_ERROR", "no list", |good| good.with("detail_data", "x")),
        ("DUBL_TRADE_NO_IN_SAME_BATCH", "one trade twice", |good| {
            good.with("detail_data", "T^1^x#T^2^x").with("batch_num", "2")
        }),
        ("REFUND_TRADE_FEE_ERROR", "nothing", |good| good.with("detail_data", "T^0^x")),
        ("REFUND_AMOUNT_NOT_VALID", "no amount", |good| good.with("detail_data", "T^x^x")),
        ("REFUND_SUBTRADE_FEE_ERROR", "a sub-trade", |good| good.with("detail_data", "T^1^x$$1^y")),
        ("NO_REFUND_CHARGE_PRIVILEDGE", "the charge", |good| good.with("detail_data", "T^1^x$a^b^1^y")),
        ("DUBL_ROYALTY_IN_DETAIL", "one pair twice", |good| {
            good.with("detail_data", "T^1^x|a^^b^^1^y|a^^b^^2^y")
        }),
        ("DUP_ROYALTY_REFUND_ITEM", "one part twice", |good| {
            good.with("detail_data", "T^1^x|a^^b^^1^y|a^^b^^1^y")
        }),
        ("REFUND_ROYALTY_FEE_ERROR", "no share", |good| good.with("detail_data", "T^1^x|a^^b^^0^y")),
        ("BATCH_MEMO_LENGTH_EXCEED_LIMIT", "a long reason", |good| {
            good.with("detail_data", &format!("T^1^{}", "x".repeat(256)))
        }),
        ("SINGLE_DETAIL_DATA_EXCEED_LIMIT", "a long item", |good| {
            good.with("detail_data", &format!("T^1^x|{}", "a".repeat(4_000)))
        }),
        ("SINGLE_DETAIL_DATA_ENCODING_NOT_SUPPORT", "a tab", |good| good.with("detail_data", "T^1^a\tb")),
        ("INVALID_CHARACTER_SET", "not text in it", |good| good.with_bytes("detail_data", b"T^1^\xFF")),
        ("ACCOUNT_NOT_EXISTS", "nobody", |good| good.with("seller_email", "nobody@x.example")),
    ];
    bends.into_iter().map(|bend| bent(stage, service, bend)).collect()
}

fn sellers(stage: &Stage, service: &'static str) -> Vec<Row> {
    let good = |cause, code, merchant: &Merchant, name: &'static str, value: &str| {
        let (merchant, value) = (merchant.clone(), value.to_owned());
        steps(code, service, cause, move |world| {
            let good = batch(world, &merchant, service, "from", &[item("2012022900099999", "1.00")]);
            heard(world, &good.with(name, &value).url())
        })
    };
    let (refunder, zhang) = (&stage.refunder, &stage.zhang);
    let plain = &stage.plain;
    let frozen = &stage.frozen_refunder;
    let (again, sequence) = (refunder.clone(), if service == NOPWD { "again" } else { "again2" });
    vec![
        good("two accounts", "EMAIL_USERID_NOT_MATCH", refunder, "seller_user_id", &zhang.user_id),
        good("somebody else", "SELLER_NOT_SIGN_PROTOCOL", refunder, "seller_email", &zhang.email),
        good("ordinary contract", "PARTNER_NOT_SIGN_PROTOCOL", plain, "seller_email", &plain.seller_email),
        good("frozen", "SELLER_STATUS_NOT_ALLOW", frozen, "seller_email", &frozen.seller_email),
        steps("DUPLICATE_BATCH_NO", service, "used before", move |world| {
            let kept = batch(world, &again, NOPWD, sequence, &[item("2012022900099999", "1.00")]);
            assert_eq!(heard(world, &kept.url()), "done");
            world.acknowledge_all();
            heard(world, &kept.with("service", service).url())
        }),
    ]
}

/// What one item of a batch comes to.
fn result(world: &mut World, merchant: &Merchant, service: &str, sequence: &str, item: &str) -> String {
    let path = sent(world, merchant, service, sequence, item);
    confirm(world, merchant, path.as_deref());
    world.acknowledge_all();
    results(world, merchant, sequence).remove(0)
}

/// Sends a batch of one item; the page where its seller confirms it, if it needs that.
fn sent(world: &mut World, merchant: &Merchant, service: &str, sequence: &str, item: &str) -> Option<String> {
    let call = batch(world, merchant, service, sequence, &[item.to_owned()]);
    let heard = heard(world, &call.url());
    let path = heard.strip_prefix("goes on to ").map(str::to_owned);
    assert!(path.is_some() || heard == "done", "{heard}");
    path
}

fn confirm(world: &mut World, merchant: &Merchant, path: Option<&str>) {
    let Some(path) = path else { return };
    let mut seller = at_the_desk(world, &merchant.seller_email);
    let form = seller.open(world, path).form(path).with("payment_password", "pay123");
    seller.send(world, &form);
}

/// Pays an order; its trade number.
fn paid(world: &mut World, order: &Call, buyer: &str) -> String {
    let paid = world.checkout(&order.url(), buyer, Value::Null);
    world.acknowledge_all();
    paid["trade_no"].as_str().unwrap_or_else(|| panic!("{paid}")).to_owned()
}

/// Numbers of orders and batches that no other row uses.
fn number(service: &str, row: &str) -> String {
    format!("{row}{}", if service == NOPWD { "n" } else { "p" })
}

fn items(stage: &Stage, service: &'static str) -> Vec<Row> {
    let (refunder, zhang) = (stage.refunder.clone(), stage.zhang.email.clone());
    let of = |code,
              cause,
              name: &'static str,
              order: Call,
              prepare: fn(&mut World, &str),
              amount: &'static str| {
        let (refunder, zhang, number) = (refunder.clone(), zhang.clone(), number(service, name));
        steps(code, service, cause, move |world| {
            let trade_no = paid(world, &order.clone().with("out_trade_no", &number), &zhang);
            prepare(world, &trade_no);
            result(world, &refunder, service, &number, &item(&trade_no, amount))
        })
    };
    let own = || Call::direct(&stage.refunder, "", "10.00");
    let unpaid = {
        let (refunder, zhang, number) = (refunder.clone(), zhang.clone(), number(service, "unpaid"));
        steps("TRADE_STATUS_ERROR", service, "nothing was paid", move |world| {
            let url = Call::direct(&refunder, &number, "10.00").url();
            let trade = world.checkout(&url, &zhang, json!({ "stop_unpaid": true }));
            let item = item(trade["trade_no"].as_str().unwrap(), "1.00");
            result(world, &refunder, service, &number, &item)
        })
    };
    let unknown = {
        let (refunder, number) = (refunder.clone(), number(service, "unknown"));
        steps("TRADE_NOT_EXISTS", service, "no such trade", move |world| {
            result(world, &refunder, service, &number, &item("2012022900099999", "1.00"))
        })
    };
    let refund_all = |world: &mut World, trade_no: &str| {
        world.act(trade_no, json!({ "action": "refund_paid" }));
        world.acknowledge_all();
    };
    let foreign = Call::direct(&stage.stranger, "", "10.00");
    let escrow = Call::escrow(&stage.refunder, "", "10.00");
    let code = "TRADE_PRODUCT_TYPE_NOT_ALLOW_REFUND";
    vec![
        unknown,
        unpaid,
        of(code, "an escrow trade", "escrow", escrow, |_, _| {}, "1.00"),
        of("NOT_THIS_PARTNERS_TRADE", "another merchant's", "foreign", foreign, |_, _| {}, "1.00"),
        of("REFUND_TRADE_FEE_ERROR", "more than is left", "more", own(), |_, _| {}, "10.01"),
        of("TRADE_HAS_CLOSED", "refunded before", "closed", own(), refund_all, "1.00"),
        of(
            "TRADE_HAS_FINISHED",
            "past its period",
            "late",
            own(),
            |world, _| {
                world.later(days(91));
                world.acknowledge_all();
            },
            "1.00",
        ),
        of(
            "BATCH_REFUND_DATA_ERROR",
            "a row of ours is broken",
            "broken",
            own(),
            |world, trade_no| {
                let set = "UPDATE trade SET trade_status = 'NONSENSE' WHERE trade_no = $1";
                world.vandalize(set, &[danbao_store::Bind::Text(trade_no)]);
            },
            "1.00",
        ),
    ]
}

/// Royalty: nine of ten yuan went to somebody, who may have to give them back.
fn shares(stage: &Stage, service: &'static str) -> Vec<Row> {
    let of = |code, cause, name: &'static str, part: &'static str, then: fn(&mut World, &str, bool)| {
        let (refunder, zhang) = (stage.refunder.clone(), stage.zhang.email.clone());
        let (number, kiosk) = (number(service, name), stage.plain.clone());
        steps(code, service, cause, move |world| {
            let carol = format!("carol-{number}@x.example");
            let member = world.member(&carol, "0.00");
            let carol_id = member["user_id"].as_str().unwrap().to_owned();
            // More than the merchant has of other rows.
            let (total, share) = if name == "poor" { ("900.00", "890.00") } else { ("10.00", "9.00") };
            let order = Call::direct(&refunder, &number, total)
                .with("royalty_type", "10")
                .with("royalty_parameters", &format!("{carol}^{share}^佣金"));
            let trade_no = paid(world, &order, &zhang);
            if name == "spent" {
                paid(world, &Call::direct(&kiosk, &number, "9.00"), &carol);
            }
            then(world, &carol_id, true);
            let part = part.replace("CAROL", &carol).replace("SELLER", &refunder.seller_email);
            let item = format!("{}{}", item(&trade_no, total), part.replace("ID", &refunder.seller_id));
            let result = result(world, &refunder, service, &number, &item);
            then(world, &carol_id, false);
            result
        })
    };
    let freeze = |world: &mut World, user_id: &str, is_frozen: bool| {
        world.done(Method::POST, &format!("/users/{user_id}"), &json!({ "is_frozen": is_frozen }));
    };
    let nothing = |_: &mut World, _: &str, _: bool| {};
    let back = "|CAROL^^SELLER^^9.00^x";
    vec![
        of("REFUND_ROYALTY_FEE_ERROR", "more than was shared", "greedy", "|CAROL^^SELLER^^9.01^x", nothing),
        of("ACCOUNT_NOT_EXISTS", "from nobody", "nobody", "|nobody@x.example^^SELLER^^1.00^x", nothing),
        of("EMAIL_USERID_NOT_MATCH", "two accounts", "two", "|CAROL^ID^SELLER^^1.00^x", nothing),
        of("ROYALTYER_NOT_SIGN_PROTOCOL", "may not give it back", "frozen", back, freeze),
        of("REASON_REFUND_ROYALTY_ERROR", "it is spent", "spent", back, nothing),
        of("TXN_RESULT_ACCOUNT_BALANCE_NOT_ENOUGH", "the seller has given it away", "poor", "", nothing),
    ]
}

/// Between the call and the seller's payment password.
fn frozen_meanwhile(stage: &Stage) -> Row {
    let (refunder, zhang) = (stage.refunder.clone(), stage.zhang.email.clone());
    steps("TXN_RESULT_ACCOUNT_STATUS_NOT_VALID", PWD, "frozen meanwhile", move |world| {
        let trade_no = paid(world, &Call::direct(&refunder, "meanwhile", "10.00"), &zhang);
        // Two slices go with the password and with the look at the page after it; the freeze comes before the third.
        let mut items: Vec<String> = (0..100).map(|n| item(&format!("20120228{n:08}"), "1.00")).collect();
        items.push(item(&trade_no, "1.00"));
        let heard = {
            let call = batch(world, &refunder, PWD, "meanwhile", &items);
            heard(world, &call.url())
        };
        let seller = format!("/users/{}", refunder.seller_id);
        confirm(world, &refunder, heard.strip_prefix("goes on to "));
        world.done(Method::POST, &seller, &json!({ "is_frozen": true }));
        world.acknowledge_all();
        world.done(Method::POST, &seller, &json!({ "is_frozen": false }));
        results(world, &refunder, "meanwhile").remove(100)
    })
}

/// A batch that nobody has sent yet.
pub(super) fn good_call(world: &mut World, merchant: &Merchant, service: &str) -> String {
    let before = world.count("SELECT COUNT(*) FROM refund_batch");
    let items = [item("2012022900099999", "1.00")];
    batch(world, merchant, service, &format!("good{before}"), &items).url()
}
