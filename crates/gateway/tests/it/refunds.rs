//! Refunds of escrow trades, prices that change and clocks that are put forward: by the desk's pages and by the sandbox.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::browser::{Browser, Form, Page};
use super::order::Call;
use super::world::{Message, World, days, on_both_databases};

/// Signs in at the desk.
pub(crate) fn at_the_desk(world: &mut World, account: &str) -> Browser {
    let mut browser = Browser::default();
    let form = browser.open(world, "/desk").form("/desk/sign-in");
    let desk = browser.send(world, &form.with("account", account).with("login_password", "login123"));
    assert_eq!(desk.at, "/desk", "{}", desk.html);
    browser
}

fn detail(world: &mut World, browser: &mut Browser, trade_no: &str) -> Page {
    browser.open(world, &format!("/desk/trades/{trade_no}"))
}

/// An escrow trade of 50 yuan that Zhang has paid.
fn paid_trade(world: &mut World, out_trade_no: &str, wish: Value) -> String {
    let (shop, zhang) = (world.shop.clone(), world.zhang());
    let paid = world.checkout(&Call::escrow(&shop, out_trade_no, "50.00").url(), &zhang.email, wish);
    world.acknowledge_all();
    paid["trade_no"].as_str().unwrap().to_owned()
}

fn shipped_trade(world: &mut World, out_trade_no: &str) -> String {
    let trade_no = paid_trade(world, out_trade_no, Value::Null);
    world.act(&trade_no, json!({ "action": "send_goods" }));
    world.acknowledge_all();
    trade_no
}

/// Acts without a browser, and hears the one notification of it.
fn act_and_hear(world: &mut World, trade_no: &str, action: Value) -> Message {
    let said = action.to_string();
    let done = world.act(trade_no, action);
    assert!(done.get("error_code").is_none(), "{said}: {done}");
    assert_eq!(world.sent.len(), 1, "{said}: every change is told once");
    world.acknowledge()
}

/// Both states as a message tells them.
fn states(message: &Message) -> (String, String) {
    (message.get("trade_status").to_owned(), message.get("refund_status").to_owned())
}

fn pair(trade_status: &str, refund_status: &str) -> (String, String) {
    (trade_status.to_owned(), refund_status.to_owned())
}

/// What single_trade_query answers.
fn query(world: &mut World, out_trade_no: &str) -> String {
    let shop = world.shop.clone();
    let call = Call::new(&shop, "single_trade_query").with("out_trade_no", out_trade_no);
    world.get_text(&call.url())
}

fn refused(code: &str) -> Value {
    json!({ "error_code": code })
}

/// Escrow tutorial 4.4, goods received, by the pages of both desks.
#[test]
fn goods_go_back_and_then_the_money_by_the_pages_of_both_desks() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let trade_no = shipped_trade(world, "r1");
        let (mut buyer, mut seller) =
            (at_the_desk(world, &zhang.email), at_the_desk(world, &shop.seller_email));

        let page = detail(world, &mut seller, &trade_no);
        assert!(!page.has_form("/apply_refund") && !page.has_form("/agree_refund"));
        let page = detail(world, &mut buyer, &trade_no);
        assert!(!page.has_form("/agree_refund") && !page.has_form("/withdraw_refund"));
        let form = page.form("/apply_refund");
        assert_eq!(
            (form.fields["goods_received"].as_str(), form.fields["amount"].as_str()),
            ("yes", "50.00")
        );
        assert!(buyer.send(world, &form).says("reason_missing"));
        let form = form.with("refund_reason", "颜色不对");
        for amount in ["0", "50.01", "-1", "1.001", "x"] {
            let wrong = buyer.send(world, &form.clone().with("amount", amount));
            assert!(wrong.says("amount_wrong"), "{amount}");
            assert!(wrong.shows("颜色不对"), "what was typed stays");
        }
        assert!(world.sent.is_empty());
        let applied = buyer.send(world, &form);
        assert!(applied.at.ends_with("?done=apply_refund") && applied.shows("WAIT_SELLER_AGREE"));
        let told = world.acknowledge();
        assert_eq!(states(&told), pair("WAIT_BUYER_CONFIRM_GOODS", "WAIT_SELLER_AGREE"));
        assert!(!told.has("gmt_refund") && !told.has("gmt_close"), "the money is not back yet");
        assert!(query(world, "r1").contains("<refund_status>WAIT_SELLER_AGREE</refund_status>"));
        assert_eq!(buyer.send(world, &form).code(), "TRADE_STATUS_NOT_AVAILD", "a second click");

        let page = detail(world, &mut seller, &trade_no);
        assert!(page.shows("颜色不对") && page.has_form("/refuse_refund"));
        assert!(!page.has_form("/extend_timeout"), "no clock to put forward");
        let form = page.form("/agree_refund");
        assert!(seller.send(world, &form).says("payment_password_empty"));
        let wrong = seller.send(world, &form.clone().with("payment_password", "login123"));
        assert!(wrong.says("payment_password_wrong"));
        assert!(world.sent.is_empty(), "nothing was agreed to");
        seller.send(world, &form.with("payment_password", "pay123"));
        assert_eq!(states(&world.acknowledge()), pair("WAIT_BUYER_CONFIRM_GOODS", "WAIT_BUYER_RETURN_GOODS"));

        let form = detail(world, &mut buyer, &trade_no).form("/return_goods");
        assert!(buyer.send(world, &form).says("carrier_missing"));
        buyer.send(world, &form.with("logistics_name", "EMS").with("invoice_no", "EM777"));
        assert_eq!(
            states(&world.acknowledge()),
            pair("WAIT_BUYER_CONFIRM_GOODS", "WAIT_SELLER_CONFIRM_GOODS")
        );

        let page = detail(world, &mut seller, &trade_no);
        assert!(page.shows("EM777"), "the seller sees how the goods come back");
        let form = page.form("/confirm_return");
        assert!(seller.send(world, &form).says("payment_password_empty"));
        assert_eq!(world.balance(&format!("escrow:{trade_no}")), "50.00");
        let done = seller.send(world, &form.clone().with("payment_password", "pay123"));
        assert!(done.at.ends_with("?done=confirm_return") && done.shows("REFUND_SUCCESS"));
        assert_eq!(world.sent.len(), 1, "both states in one message");
        let told = world.acknowledge();
        assert_eq!(states(&told), pair("TRADE_CLOSED", "REFUND_SUCCESS"));
        assert!(told.has("gmt_refund") && told.has("gmt_close"));
        assert_eq!(told.get("gmt_refund"), told.get("gmt_close"));
        let answer = query(world, "r1");
        assert!(answer.contains("<refund_status>REFUND_SUCCESS</refund_status>"), "{answer}");
        assert!(
            answer.contains("<gmt_refund>") && answer.contains("<trade_status>TRADE_CLOSED</trade_status>")
        );
        assert_eq!(world.balance(&format!("user:{}", zhang.user_id)), "10000.00");
        assert_eq!(world.balance(&format!("user:{}", shop.seller_id)), "0.00");
        assert_eq!(world.balance("fee"), "0.00", "nothing was earned, so nothing is charged");
        let late = seller.send(world, &form.with("payment_password", "pay123"));
        assert_eq!(late.code(), "TRADE_STATUS_NOT_AVAILD");
    });
}

/// Escrow tutorial 4.4, nothing received, and a refusal before it.
#[test]
fn a_refusal_gives_its_reason_and_a_new_application_is_agreed_to() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let trade_no = paid_trade(world, "r2", Value::Null);
        let (mut buyer, mut seller) =
            (at_the_desk(world, &zhang.email), at_the_desk(world, &shop.seller_email));
        let form = detail(world, &mut buyer, &trade_no).form("/apply_refund");
        assert!(!form.fields.contains_key("goods_received") && !form.fields.contains_key("amount"));
        let form = form.with("refund_reason", "一直没有发货");
        for (field, value, code) in
            [("goods_received", "yes", "ILLEGAL_ARGUMENT"), ("amount", "10.00", "REFUND_TRADE_FEE_ERROR")]
        {
            assert_eq!(buyer.send(world, &form.clone().with(field, value)).code(), code, "nothing was sent");
        }
        buyer.send(world, &form);
        assert_eq!(states(&world.acknowledge()), pair("WAIT_SELLER_SEND_GOODS", "WAIT_SELLER_AGREE"));

        let page = detail(world, &mut seller, &trade_no);
        assert!(
            page.has_form("/send_goods") && page.shows("买家的退款申请自动关闭"),
            "shipping is an answer"
        );
        let form = page.form("/refuse_refund");
        assert!(seller.send(world, &form).says("reason_missing"));
        assert!(seller.send(world, &form.clone().with("answer", &"长".repeat(201))).says("too_long"));
        seller.send(world, &form.with("answer", "明天就发"));
        assert_eq!(states(&world.acknowledge()), pair("WAIT_SELLER_SEND_GOODS", "SELLER_REFUSE_BUYER"));

        let page = detail(world, &mut buyer, &trade_no);
        assert!(page.shows("明天就发"), "the buyer reads why");
        buyer.send(world, &page.form("/apply_refund").with("refund_reason", "不等了"));
        assert_eq!(states(&world.acknowledge()), pair("WAIT_SELLER_SEND_GOODS", "WAIT_SELLER_AGREE"));
        let form = detail(world, &mut seller, &trade_no).form("/agree_refund");
        let done = seller.send(world, &form.with("payment_password", "pay123"));
        assert!(done.at.ends_with("?done=agree_refund"), "{}", done.at);
        assert_eq!(states(&world.acknowledge()), pair("TRADE_CLOSED", "REFUND_SUCCESS"));
        assert_eq!(world.balance(&format!("user:{}", zhang.user_id)), "10000.00");
        let page = detail(world, &mut buyer, &trade_no);
        assert!(!page.shows("id=\"actions\""), "nothing is left to do");
        for event in ["apply_refund", "refuse_refund", "agree_refund", "SELLER_REFUSE_BUYER"] {
            assert!(page.shows(event), "the history tells of {event}");
        }
    });
}

#[test]
fn a_buyer_withdraws_at_the_desk_and_confirms_after_all() {
    on_both_databases(|world| {
        let zhang = world.zhang();
        let trade_no = shipped_trade(world, "r3");
        let mut buyer = at_the_desk(world, &zhang.email);
        let form = detail(world, &mut buyer, &trade_no).form("/apply_refund");
        buyer.send(world, &form.with("refund_reason", "没有收到").with("goods_received", "no"));
        let page = detail(world, &mut buyer, &trade_no);
        assert!(page.shows("确认收货会关闭您的退款申请"), "the buyer is told before confirming");
        let form = page.form("/withdraw_refund");
        buyer.send(world, &form);
        world.acknowledge();
        assert_eq!(states(&world.acknowledge()), pair("WAIT_BUYER_CONFIRM_GOODS", "REFUND_CLOSED"));
        let page = detail(world, &mut buyer, &trade_no);
        assert!(page.has_form("/apply_refund") && !page.has_form("/withdraw_refund"));
        buyer.send(world, &page.form("/confirm_goods").with("payment_password", "pay123"));
        assert_eq!(states(&world.acknowledge()), pair("TRADE_FINISHED", "REFUND_CLOSED"));
    });
}

#[test]
fn neither_a_stranger_nor_the_other_side_does_anything_about_a_refund() {
    on_both_databases(|world| {
        let (shop, zhang, li) = (world.shop.clone(), world.zhang(), world.li());
        let trade_no = shipped_trade(world, "r4");
        act_and_hear(world, &trade_no, json!({ "action": "apply_refund" }));
        let deeds = |csrf: &str, action: &str| Form {
            action: format!("/desk/trades/{trade_no}/{action}"),
            fields: [
                ("csrf", csrf),
                ("payment_password", "pay123"),
                ("answer", "不"),
                ("refund_reason", "不"),
                ("transport_type", "DIRECT"),
                ("discount", "-1.00"),
                ("days", "3"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        };
        let sides = [
            (&li.email, &["apply_refund", "agree_refund", "refuse_refund", "withdraw_refund"][..]),
            (
                &zhang.email,
                &["agree_refund", "refuse_refund", "confirm_return", "adjust_price", "extend_timeout"],
            ),
            (&shop.seller_email, &["apply_refund", "return_goods", "withdraw_refund", "confirm_goods"]),
        ];
        for (who, actions) in sides {
            let mut browser = at_the_desk(world, who);
            let csrf = browser.open(world, "/desk").form("/desk/sign-out").fields["csrf"].clone();
            let is_stranger = *who == li.email;
            for action in actions {
                let page = browser.send(world, &deeds(&csrf, action));
                if is_stranger {
                    assert_eq!(page.status, StatusCode::NOT_FOUND, "{action}");
                    assert!(!page.shows("录音笔"));
                } else {
                    assert_eq!(page.code(), "TRADE_STATUS_NOT_AVAILD", "{who} {action}");
                }
            }
        }
        let trade = world.trade(&trade_no);
        assert_eq!(trade["refund_status"], "WAIT_SELLER_AGREE");
        assert!(world.sent.is_empty());
    });
}

#[test]
fn both_branches_without_a_browser_and_a_bank_gets_its_money_back() {
    on_both_databases(|world| {
        let zhang = world.zhang();
        let trade_no = paid_trade(world, "r5", json!({ "method": "bank", "bank": "CMB" }));
        assert_eq!(world.balance("bank:CMB"), "-50.00");
        let hear = |world: &mut World, action: &str| {
            states(&act_and_hear(world, &trade_no, json!({ "action": action, "reason": "坏了" })))
        };
        assert_eq!(hear(world, "apply_refund"), pair("WAIT_SELLER_SEND_GOODS", "WAIT_SELLER_AGREE"));
        assert_eq!(hear(world, "refuse_refund"), pair("WAIT_SELLER_SEND_GOODS", "SELLER_REFUSE_BUYER"));
        assert_eq!(hear(world, "apply_refund"), pair("WAIT_SELLER_SEND_GOODS", "WAIT_SELLER_AGREE"));
        assert_eq!(hear(world, "withdraw_refund"), pair("WAIT_SELLER_SEND_GOODS", "REFUND_CLOSED"));
        assert_eq!(hear(world, "apply_refund"), pair("WAIT_SELLER_SEND_GOODS", "WAIT_SELLER_AGREE"));
        assert_eq!(hear(world, "send_goods"), pair("WAIT_BUYER_CONFIRM_GOODS", "REFUND_CLOSED"));
        assert_eq!(hear(world, "apply_refund"), pair("WAIT_BUYER_CONFIRM_GOODS", "WAIT_SELLER_AGREE"));
        assert_eq!(hear(world, "agree_refund"), pair("WAIT_BUYER_CONFIRM_GOODS", "WAIT_BUYER_RETURN_GOODS"));
        assert_eq!(
            hear(world, "return_goods"),
            pair("WAIT_BUYER_CONFIRM_GOODS", "WAIT_SELLER_CONFIRM_GOODS")
        );
        assert_eq!(
            world.act(&trade_no, json!({ "action": "agree_refund" })),
            refused("TRADE_STATUS_NOT_AVAILD")
        );
        assert_eq!(hear(world, "confirm_return"), pair("TRADE_CLOSED", "REFUND_SUCCESS"));
        assert_eq!(world.balance("bank:CMB"), "0.00");
        assert_eq!(world.balance(&format!("user:{}", zhang.user_id)), "10000.00", "never touched");
        let trade = world.trade(&trade_no);
        assert_eq!(trade["refund"]["parcel"]["transport_type"], "EXPRESS");
        assert_eq!(
            (&trade["refund"]["amount"], &trade["refund"]["reason"]),
            (&json!("50.00"), &json!("坏了"))
        );
        let long = json!({ "action": "apply_refund", "reason": "长".repeat(201) });
        let (status, _) = world.sandbox(Method::POST, &format!("/trades/{trade_no}/actions"), &long);
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    });
}

#[test]
fn a_refund_of_a_part_finishes_the_trade_and_the_seller_pays_the_fee_on_the_rest() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let trade_no = shipped_trade(world, "r6");
        let part = |amount: &str| json!({ "action": "apply_refund", "amount": amount, "goods_received": false, "reason": "少了一件" });
        for wrong in ["0", "50.01", "-3.00"] {
            assert_eq!(world.act(&trade_no, part(wrong)), refused("REFUND_TRADE_FEE_ERROR"), "{wrong}");
        }
        act_and_hear(world, &trade_no, part("20.00"));
        let told = act_and_hear(world, &trade_no, json!({ "action": "agree_refund" }));
        assert_eq!(states(&told), pair("TRADE_FINISHED", "REFUND_SUCCESS"));
        assert!(told.has("gmt_refund") && told.get("total_fee") == "50.00");
        assert_eq!(world.balance(&format!("user:{}", zhang.user_id)), "9970.00");
        assert_eq!(world.balance(&format!("user:{}", shop.seller_id)), "29.82");
        assert_eq!(world.balance("fee"), "0.18");
    });
}

#[test]
fn every_clock_of_a_refund_does_what_silence_means() {
    on_both_databases(|world| {
        let due = |world: &mut World, trade_no: &str| {
            let trade = world.trade(trade_no);
            let deadlines = trade["deadlines"].as_array().unwrap().clone();
            assert!(deadlines.len() <= 1, "{deadlines:?}");
            deadlines.first().map(|deadline| {
                (
                    deadline["kind"].as_str().unwrap().to_owned(),
                    deadline["due_at"].as_str().unwrap().to_owned(),
                )
            })
        };
        let at = |kind: &str, day: &str| Some((kind.to_owned(), format!("{day} 12:00:00")));

        // The seller says nothing: the goods go back, and then nothing comes back.
        let trade_no = shipped_trade(world, "r7");
        assert_eq!(due(world, &trade_no), at("confirm_goods", "2012-03-10"));
        world.later(days(9));
        act_and_hear(world, &trade_no, json!({ "action": "apply_refund" }));
        assert_eq!(due(world, &trade_no), at("agree_refund", "2012-03-24"), "15 days once shipped");
        world.later(days(14));
        assert!(world.sent.is_empty(), "the confirmation's clock stands still");
        world.later(days(1));
        assert_eq!(states(&world.acknowledge()), pair("WAIT_BUYER_CONFIRM_GOODS", "WAIT_BUYER_RETURN_GOODS"));
        world.later(days(7));
        assert_eq!(states(&world.acknowledge()), pair("WAIT_BUYER_CONFIRM_GOODS", "REFUND_CLOSED"));
        assert_eq!(due(world, &trade_no), at("confirm_goods", "2012-04-10"), "ten days anew");

        // The buyer lets a refusal stand.
        act_and_hear(world, &trade_no, json!({ "action": "apply_refund" }));
        act_and_hear(world, &trade_no, json!({ "action": "refuse_refund", "reason": "完好" }));
        world.later(days(7));
        assert_eq!(states(&world.acknowledge()), pair("WAIT_BUYER_CONFIRM_GOODS", "REFUND_CLOSED"));
        world.later(days(10));
        assert_eq!(states(&world.acknowledge()), pair("TRADE_FINISHED", "REFUND_CLOSED"));
        assert_eq!(due(world, &trade_no), None);
        let last = world.trade(&trade_no)["history"].as_array().unwrap().last().unwrap().clone();
        assert_eq!((&last["actor"], &last["command"]), (&json!("timer"), &json!("confirm_goods")));
    });
}

#[test]
fn goods_on_their_way_back_and_an_unanswered_application_end_in_the_money_coming_back() {
    on_both_databases(|world| {
        for (out_trade_no, transport_type, length) in [("r8", "EXPRESS", 10), ("r9", "POST", 30)] {
            let trade_no = shipped_trade(world, out_trade_no);
            for action in [
                json!({ "action": "apply_refund" }),
                json!({ "action": "agree_refund" }),
                json!({ "action": "return_goods", "transport_type": transport_type }),
            ] {
                act_and_hear(world, &trade_no, action);
            }
            world.later(days(length - 1));
            assert!(world.sent.is_empty());
            world.later(days(1));
            assert_eq!(
                states(&world.acknowledge()),
                pair("TRADE_CLOSED", "REFUND_SUCCESS"),
                "{transport_type}"
            );
        }
        let trade_no = paid_trade(world, "r10", Value::Null);
        act_and_hear(world, &trade_no, json!({ "action": "apply_refund" }));
        world.later(days(7));
        assert_eq!(states(&world.acknowledge()), pair("TRADE_CLOSED", "REFUND_SUCCESS"), "7 days unshipped");
        let zhang = world.zhang();
        assert_eq!(world.balance(&format!("user:{}", zhang.user_id)), "10000.00");
    });
}

#[test]
fn with_t_s_send_1_nobody_applies_before_the_sellers_time_to_ship_is_over() {
    on_both_databases(|world| {
        let shop = world.merchant("patient@shop.example", json!({ "custom_timeouts": true }));
        let zhang = world.zhang();
        let url = Call::escrow(&shop, "r11", "50.00").with("t_s_send_1", "3d").url();
        let paid = world.checkout(&url, &zhang.email, Value::Null);
        let trade_no = paid["trade_no"].as_str().unwrap().to_owned();
        world.acknowledge_all();
        let mut buyer = at_the_desk(world, &zhang.email);
        assert!(!detail(world, &mut buyer, &trade_no).has_form("/apply_refund"), "no form in vain");
        let apply = json!({ "action": "apply_refund" });
        assert_eq!(world.act(&trade_no, apply.clone()), refused("TRADE_STATUS_NOT_AVAILD"));
        world.later(days(3));
        let mut buyer = at_the_desk(world, &zhang.email);
        assert!(detail(world, &mut buyer, &trade_no).has_form("/apply_refund"));
        act_and_hear(world, &trade_no, apply);
    });
}

#[test]
fn a_late_notification_tells_of_the_refund_as_it_was() {
    on_both_databases(|world| {
        let trade_no = shipped_trade(world, "r12");
        world.act(&trade_no, json!({ "action": "apply_refund", "goods_received": false }));
        world.act(&trade_no, json!({ "action": "agree_refund" }));
        let applied = world.acknowledge();
        assert_eq!(states(&applied), pair("WAIT_BUYER_CONFIRM_GOODS", "WAIT_SELLER_AGREE"));
        assert!(!applied.has("gmt_refund") && !applied.has("gmt_close"));
        assert_eq!(states(&world.acknowledge()), pair("TRADE_CLOSED", "REFUND_SUCCESS"));
        assert!(world.sent.is_empty());
    });
}

#[test]
fn a_price_is_changed_at_the_desk_and_told_by_one_more_wait_buyer_pay() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let url = Call::escrow(&shop, "p1", "50.00").addressed().url();
        let made = world.checkout(&url, &zhang.email, json!({ "stop_unpaid": true }));
        let trade_no = made["trade_no"].as_str().unwrap().to_owned();
        let mut seller = at_the_desk(world, &shop.seller_email);
        let form = detail(world, &mut seller, &trade_no).form("/adjust_price");
        for wrong in ["-50.00", "1000000.00", "x", "", "0.001", "99999999999999999999"] {
            assert!(
                seller.send(world, &form.clone().with("discount", wrong)).says("amount_wrong"),
                "{wrong}"
            );
        }
        let done = seller.send(world, &form.clone().with("discount", "-5.00"));
        assert!(done.at.ends_with("?done=adjust_price") && done.shows("45.00"));
        seller.send(world, &form.clone().with("discount", "-5.00"));
        // The first was not yet acknowledged, and says what was true when it came to be owed.
        let first = world.acknowledge();
        let values = |message: &Message| {
            ["trade_status", "total_fee", "discount", "price", "is_total_fee_adjust"]
                .map(|name| message.get(name).to_owned())
        };
        assert_eq!(values(&first), ["WAIT_BUYER_PAY", "50.00", "0.00", "50.00", "N"]);
        assert_eq!(values(&world.acknowledge()), ["WAIT_BUYER_PAY", "45.00", "-5.00", "50.00", "Y"]);
        assert!(world.sent.is_empty(), "the same price once more changes nothing");
        assert!(query(world, "p1").contains("<is_total_fee_adjust>T</is_total_fee_adjust>"));

        world.act(&trade_no, json!({ "action": "pay" }));
        let paid = world.acknowledge();
        assert_eq!(values(&paid), ["WAIT_SELLER_SEND_GOODS", "45.00", "-5.00", "50.00", "Y"]);
        assert_eq!(world.balance(&format!("user:{}", zhang.user_id)), "9955.00");
        assert!(!detail(world, &mut seller, &trade_no).has_form("/adjust_price"));
        assert_eq!(seller.send(world, &form).code(), "TRADE_STATUS_NOT_AVAILD", "paid is paid");
        let adjust = json!({ "action": "adjust_price", "discount": "1.00" });
        assert_eq!(world.act(&trade_no, adjust), refused("TRADE_STATUS_NOT_AVAILD"));
    });
}

#[test]
fn a_buyer_pays_no_other_price_than_the_one_that_was_shown() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let url = Call::escrow(&shop, "p2", "50.00").addressed().url();
        let made = world.checkout(&url, &zhang.email, json!({ "stop_unpaid": true }));
        let trade_no = made["trade_no"].as_str().unwrap().to_owned();
        let mut buyer = at_the_desk(world, &zhang.email);
        let cashier = detail(world, &mut buyer, &trade_no).link("/cashier/");
        let front = buyer.open(world, &cashier);
        let pay = buyer.send(world, &front.form("/member")).form("/pay");
        let adjust = |discount: &str| json!({ "action": "adjust_price", "discount": discount });
        world.act(&trade_no, adjust("7.00"));
        let balance = pay.clone().with("method", "balance").with("payment_password", "pay123");
        let again = buyer.send(world, &balance);
        assert!(again.says("price_changed") && again.shows("57.00"), "{}", again.html);

        let pay = again.form("/pay");
        let bank = buyer.send(world, &pay.with("method", "bank").with("bank", "CMB")).form("/bank/CMB");
        world.act(&trade_no, adjust("8.00"));
        let again = buyer.send(world, &bank.with("decision", "pay"));
        assert!(again.says("price_changed") && again.shows("58.00"));
        assert_eq!(world.status(&trade_no), "WAIT_BUYER_PAY");
        let pay = again.form("/pay").with("method", "balance").with("payment_password", "pay123");
        assert!(buyer.send(world, &pay).at.ends_with("/paid"));
        assert_eq!(world.balance(&format!("escrow:{trade_no}")), "58.00");
    });
}

#[test]
fn a_seller_gives_the_buyer_more_days_to_confirm_and_nobody_is_told() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        let trade_no = shipped_trade(world, "e1");
        let mut seller = at_the_desk(world, &shop.seller_email);
        let form = detail(world, &mut seller, &trade_no).form("/extend_timeout");
        assert_eq!(
            seller.send(world, &form.clone().with("days", "4")).code(),
            "ILLEGAL_ARGUMENT",
            "3, 5, 7 or 10"
        );
        let done = seller.send(world, &form.with("days", "7"));
        assert!(
            done.at.ends_with("?done=extend_timeout") && done.shows("2012-03-17 12:00:00"),
            "{}",
            done.html
        );
        for days in [3, 5, 10] {
            world.act(&trade_no, json!({ "action": "extend_timeout", "days": days }));
        }
        assert!(world.sent.is_empty(), "no state has changed");
        world.later(days(34));
        assert!(world.sent.is_empty());
        world.later(days(1));
        assert_eq!(world.acknowledge_all(), ["TRADE_FINISHED"], "10 + 7 + 3 + 5 + 10 days after shipping");
        let extend = json!({ "action": "extend_timeout", "days": 3 });
        assert_eq!(world.act(&trade_no, extend), refused("TRADE_STATUS_NOT_AVAILD"));
    });
}
