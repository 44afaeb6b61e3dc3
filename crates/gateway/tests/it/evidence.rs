//! 凭证 and the platform's advice: what stands on both desks and in the timeline beside a refund.

use serde_json::{Value, json};

use super::browser::Browser;
use super::order::Call;
use super::world::{World, days, on_both_databases};

fn at_the_desk(world: &mut World, account: &str) -> Browser {
    let mut browser = Browser::default();
    let form = browser.open(world, "/desk").form("/desk/sign-in");
    let desk = browser.send(world, &form.with("account", account).with("login_password", "login123"));
    assert_eq!(desk.at, "/desk", "{}", desk.html);
    browser
}

/// An escrow trade that Zhang has paid and nobody has shipped.
fn paid(world: &mut World, call: &Call) -> String {
    let zhang = world.zhang();
    let paid = world.checkout(&call.url(), &zhang.email, Value::Null);
    world.acknowledge_all();
    paid["trade_no"].as_str().unwrap().to_owned()
}

#[test]
fn both_sides_show_their_evidence_and_the_timeline_keeps_all_of_it() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let trade_no = paid(world, &Call::escrow(&shop, "v1", "10.00"));
        let path = format!("/desk/trades/{trade_no}");
        let mut buyer = at_the_desk(world, &zhang.email);
        let mut seller = at_the_desk(world, &shop.seller_email);

        let form = buyer.open(world, &path).form("/apply_refund").with("refund_reason", "没有发货");
        let long = buyer.send(world, &form.clone().with("evidence", &"长".repeat(1_001)));
        assert!(long.says("too_long"), "{}", long.html);
        let applied = buyer.send(world, &form.with("evidence", "聊天记录：\n说好三天 <b>"));
        assert!(applied.at.ends_with("?done=apply_refund"), "{}", applied.at);

        let page = seller.open(world, &path);
        assert!(page.shows("没有发货") && page.shows("说好三天 <b>"), "{}", page.html);
        let form = page.form("/refuse_refund").with("answer", "今天发").with("answer_evidence", "运单照片");
        seller.send(world, &form);
        let page = buyer.open(world, &path);
        assert!(page.shows("今天发") && page.shows("运单照片"));
        let form = page.form("/apply_refund").with("refund_reason", "还是没有").with("evidence", "截图两张");
        buyer.send(world, &form);

        let page = seller.open(world, &path);
        for said in ["没有发货", "说好三天", "今天发", "运单照片", "还是没有", "截图两张"]
        {
            assert!(page.shows(said), "{said}");
        }
        let trade = world.trade(&trade_no);
        assert_eq!(trade["refund"]["evidence"], "截图两张");
        assert_eq!(trade["refund"]["answer_evidence"], "", "a new application has no answer yet");
        let history = trade["history"].as_array().unwrap().clone();
        let said: Vec<_> = history.iter().filter_map(|event| event["evidence"].as_str()).collect();
        assert_eq!(said, ["聊天记录：\n说好三天 <b>", "运单照片", "截图两张"]);
        world.acknowledge_all();
    });
}

#[test]
fn a_seller_who_does_not_ship_is_advised_against_after_seven_days_and_nothing_else_happens() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let trade_no = paid(world, &Call::escrow(&shop, "v2", "10.00"));
        let path = format!("/desk/trades/{trade_no}");
        let (mut buyer, mut seller) =
            (at_the_desk(world, &zhang.email), at_the_desk(world, &shop.seller_email));
        let advice = ["您很久没有发货", "卖家很久没有发货"];
        world.later(days(6));
        let pages = [seller.open(world, &path), buyer.open(world, &path)];
        assert!(pages.iter().zip(advice).all(|(page, note)| !page.shows(note)));
        world.later(days(1));
        // Nobody stays signed in for a day.
        let (mut buyer, mut seller) =
            (at_the_desk(world, &zhang.email), at_the_desk(world, &shop.seller_email));
        let pages = [seller.open(world, &path), buyer.open(world, &path)];
        assert!(pages.iter().zip(advice).all(|(page, note)| page.shows(note)), "{}", pages[0].html);
        let trade = world.trade(&trade_no);
        assert_eq!(
            (&trade["trade_status"], &trade["deadlines"]),
            (&json!("WAIT_SELLER_SEND_GOODS"), &json!([]))
        );
        assert!(world.sent.is_empty(), "nobody is told");
        world.act(&trade_no, json!({ "action": "send_goods" }));
        assert!(!buyer.open(world, &path).shows("卖家很久没有发货"));
        world.acknowledge_all();
    });
}

#[test]
fn the_day_of_the_advice_is_the_merchants_where_its_contract_allows_that() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        let trade_no = paid(world, &Call::escrow(&shop, "v3", "10.00").with("t_s_send_2", "2d"));
        let commands = |world: &mut World| world.trade(&trade_no)["history"].as_array().unwrap().len();
        let before = commands(world);
        world.later(days(2));
        assert_eq!(commands(world), before + 1);
        world.later(days(30));
        assert_eq!(commands(world), before + 1, "once");
    });
}
