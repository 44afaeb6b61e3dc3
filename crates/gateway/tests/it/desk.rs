//! 交易管理: buyer and seller look after their trades by the real pages.

use http::StatusCode;
use serde_json::{Value, json};

use super::browser::{Browser, Page};
use super::order::Call;
use super::world::{World, on_both_databases};

/// Signs in at the desk.
fn at_the_desk(world: &mut World, account: &str) -> Browser {
    let mut browser = Browser::default();
    let form = browser.open(world, "/desk").form("/desk/sign-in");
    let desk = browser.send(world, &form.with("account", account).with("login_password", "login123"));
    assert_eq!(desk.at, "/desk", "{}", desk.html);
    browser
}

/// An escrow trade that Zhang has paid.
fn paid_trade(world: &mut World, out_trade_no: &str) -> String {
    let (shop, zhang) = (world.shop.clone(), world.zhang());
    let paid = world.checkout(&Call::escrow(&shop, out_trade_no, "50.00").url(), &zhang.email, Value::Null);
    world.acknowledge_all();
    paid["trade_no"].as_str().unwrap().to_owned()
}

fn unpaid_trade(world: &mut World, out_trade_no: &str) -> String {
    let (shop, zhang) = (world.shop.clone(), world.zhang());
    let url = Call::escrow(&shop, out_trade_no, "50.00").url();
    let made = world.checkout(&url, &zhang.email, json!({ "stop_unpaid": true }));
    world.acknowledge_all();
    made["trade_no"].as_str().unwrap().to_owned()
}

fn detail(world: &mut World, browser: &mut Browser, trade_no: &str) -> Page {
    browser.open(world, &format!("/desk/trades/{trade_no}"))
}

#[test]
fn goods_are_shipped_and_confirmed_at_the_desks() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let trade_no = paid_trade(world, "d1");
        let mut seller = at_the_desk(world, &shop.seller_email);
        let list = seller.open(world, "/desk?role=seller");
        assert!(list.shows(&trade_no) && list.shows("WAIT_SELLER_SEND_GOODS") && list.shows("张三"));
        let page = detail(world, &mut seller, &trade_no);
        assert!(page.shows("上海 普陀区 某路100号"), "the seller sees where to send the goods");
        assert!(!page.has_form("/confirm_goods") && !page.has_form("/close"));
        let form = page.form("/send_goods");
        assert_eq!(form.fields["transport_type"], "EXPRESS", "as agreed");
        assert!(seller.send(world, &form).says("carrier_missing"));
        let long = form.clone().with("logistics_name", &"长".repeat(65));
        assert!(seller.send(world, &long).says("too_long"));
        let shipped =
            seller.send(world, &form.clone().with("logistics_name", "顺丰速运").with("invoice_no", "SF9"));
        assert!(shipped.at.ends_with("?done=send_goods") && shipped.shows("SF9"), "{}", shipped.at);
        assert_eq!(world.acknowledge_all(), ["WAIT_BUYER_CONFIRM_GOODS"]);
        let again = seller.send(world, &form.with("logistics_name", "EMS"));
        assert!(
            again.at.ends_with("?done=send_goods") && again.shows("SF9"),
            "a second click changes nothing"
        );
        assert!(world.sent.is_empty());

        let mut buyer = at_the_desk(world, &zhang.email);
        assert!(buyer.open(world, "/desk?status=WAIT_BUYER_CONFIRM_GOODS").shows(&trade_no));
        assert!(!buyer.open(world, "/desk?status=WAIT_BUYER_PAY").shows(&trade_no));
        assert!(!buyer.open(world, "/desk?role=seller").shows(&trade_no));
        let page = detail(world, &mut buyer, &trade_no);
        assert!(!page.has_form("/send_goods"));
        let form = page.form("/confirm_goods");
        assert!(buyer.send(world, &form).says("payment_password_empty"));
        let wrong = buyer.send(world, &form.clone().with("payment_password", "login123"));
        assert!(wrong.says("payment_password_wrong"));
        assert_eq!(world.balance(&format!("escrow:{trade_no}")), "50.00");
        let done = buyer.send(world, &form.clone().with("payment_password", "pay123"));
        assert!(done.at.ends_with("?done=confirm_goods") && done.shows("TRADE_FINISHED"));
        assert_eq!(world.acknowledge_all(), ["TRADE_FINISHED"]);
        assert_eq!(world.balance(&format!("user:{}", shop.seller_id)), "49.70");
        let late = buyer.send(world, &form.with("payment_password", "pay123"));
        assert_eq!(late.code(), "TRADE_STATUS_NOT_AVAILD");
        for (shown, what) in
            [("send_goods", "history"), ("0.30", "fee"), ("success", "the merchant's answer")]
        {
            assert!(late.shows(shown), "{what}");
        }
    });
}

#[test]
fn an_unpaid_trade_is_closed_by_either_side_and_paid_by_the_buyer() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let (first, second, third) =
            (unpaid_trade(world, "d2"), unpaid_trade(world, "d3"), unpaid_trade(world, "d4"));
        let mut buyer = at_the_desk(world, &zhang.email);
        let page = detail(world, &mut buyer, &first);
        assert!(page.shows("href=\"/cashier/"), "the buyer can go on paying");
        let closed = buyer.send(world, &page.form("/close"));
        assert!(closed.shows("TRADE_CLOSED"));
        assert_eq!(buyer.send(world, &page.form("/close")).code(), "TRADE_STATUS_NOT_AVAILD", "too late");

        let mut seller = at_the_desk(world, &shop.seller_email);
        let page = detail(world, &mut seller, &second);
        assert!(!page.shows("href=\"/cashier/"));
        assert!(seller.send(world, &page.form("/close")).shows("TRADE_CLOSED"));
        assert_eq!(world.acknowledge_all(), ["TRADE_CLOSED", "TRADE_CLOSED"]);

        let page = detail(world, &mut buyer, &third);
        let pay = buyer.open(world, &page.link("/cashier/"));
        assert!(pay.has_form("/member"), "signed in, the buyer goes on");
        assert!(buyer.send(world, &pay.form("/member")).at.ends_with("/pay"));
    });
}

#[test]
fn a_strangers_trade_is_not_there() {
    on_both_databases(|world| {
        let (zhang, li) = (world.zhang(), world.li());
        let trade_no = paid_trade(world, "d5");
        let mut buyer = at_the_desk(world, &zhang.email);
        let form = detail(world, &mut buyer, &trade_no);
        assert_eq!(form.status, StatusCode::OK);
        let mut stranger = at_the_desk(world, &li.email);
        let strange = detail(world, &mut stranger, &trade_no);
        let nothing = detail(world, &mut stranger, "2012022999999999");
        assert_eq!((strange.status, nothing.status), (StatusCode::NOT_FOUND, StatusCode::NOT_FOUND));
        assert!(!strange.shows("录音笔"));
        let csrf = stranger.open(world, "/desk").form("/desk/sign-out").fields["csrf"].clone();
        for action in ["send_goods", "confirm_goods", "close"] {
            let mut forged = super::browser::Form {
                action: format!("/desk/trades/{trade_no}/{action}"),
                fields: [("csrf".to_owned(), csrf.clone())].into(),
            };
            forged.fields.insert("payment_password".to_owned(), "pay123".to_owned());
            assert_eq!(stranger.send(world, &forged).status, StatusCode::NOT_FOUND, "{action}");
        }
        assert_eq!(world.status(&trade_no), "WAIT_SELLER_SEND_GOODS");
    });
}

#[test]
fn each_side_has_its_own_actions() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let trade_no = paid_trade(world, "d6");
        let mut buyer = at_the_desk(world, &zhang.email);
        let csrf = buyer.open(world, "/desk").form("/desk/sign-out").fields["csrf"].clone();
        let act = |action: &str| super::browser::Form {
            action: format!("/desk/trades/{trade_no}/{action}"),
            fields: [
                ("csrf".to_owned(), csrf.clone()),
                ("transport_type".to_owned(), "DIRECT".to_owned()),
                ("payment_password".to_owned(), "pay123".to_owned()),
            ]
            .into(),
        };
        assert!(buyer.send(world, &act("send_goods")).says("trade_moved_on"), "the buyer does not ship");
        assert_eq!(
            buyer.send(world, &act("confirm_goods")).code(),
            "TRADE_STATUS_NOT_AVAILD",
            "not shipped yet"
        );
        assert_eq!(buyer.send(world, &act("refund")).status, StatusCode::NOT_FOUND);
        assert_eq!(world.status(&trade_no), "WAIT_SELLER_SEND_GOODS");
        let mut seller = at_the_desk(world, &shop.seller_email);
        let form = detail(world, &mut seller, &trade_no).form("/send_goods");
        let unsigned = form.clone().with("csrf", "").with("transport_type", "DIRECT");
        assert!(seller.send(world, &unsigned).says("form_expired"));
        assert!(seller.send(world, &form.clone().with("transport_type", "ROCKET")).says("carrier_missing"));
        assert_eq!(world.status(&trade_no), "WAIT_SELLER_SEND_GOODS");
        let direct = seller.send(world, &form.with("transport_type", "DIRECT"));
        assert!(direct.at.ends_with("?done=send_goods"), "nothing is carried, so no carrier is needed");
    });
}

#[test]
fn the_desk_leads_to_the_sign_in_and_back_and_never_elsewhere() {
    on_both_databases(|world| {
        let zhang = world.zhang();
        let trade_no = paid_trade(world, "d7");
        let mut browser = Browser::default();
        let page = detail(world, &mut browser, &trade_no);
        assert!(page.at.starts_with("/desk/sign-in?next="));
        let form =
            page.form("/desk/sign-in").with("account", &zhang.email).with("login_password", "login123");
        let wrong = browser.send(world, &form.clone().with("login_password", "no"));
        assert!(wrong.says("sign_in_wrong"));
        let expired = browser.send(world, &form.clone().with("csrf", "x"));
        assert!(expired.says("form_expired"));
        assert_eq!(browser.send(world, &form.clone()).at, format!("/desk/trades/{trade_no}"));
        for next in ["https://evil.example/", "//evil.example", "/\\evil.example"] {
            assert_eq!(browser.send(world, &form.clone().with("next", next)).at, "/desk", "{next}");
        }
        let out = browser.open(world, "/desk").form("/desk/sign-out");
        browser.send(world, &out.clone().with("csrf", "x"));
        assert_eq!(browser.open(world, "/desk").at, "/desk", "a forged sign-out does nothing");
        browser.send(world, &out);
        assert!(browser.open(world, "/desk").at.starts_with("/desk/sign-in"));
    });
}

#[test]
fn the_list_is_leafed_through_by_twenties() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        for number in 0..25 {
            let url = Call::direct(&shop, &format!("d8-{number}"), "1.00")
                .with("subject", &format!("<b>№{number}</b>"));
            world.checkout(&url.url(), &zhang.email, Value::Null);
        }
        world.acknowledge_all();
        let mut buyer = at_the_desk(world, &zhang.email);
        let first = buyer.open(world, "/desk");
        assert_eq!(first.html.matches("<td class=\"what\">").count(), 20);
        assert!(first.shows("№24") && !first.shows("№4<"), "newest first");
        assert!(!first.html.contains("<b>№"), "a merchant's text is text");
        let second = buyer.open(world, "/desk?page=2");
        assert_eq!(second.html.matches("<td class=\"what\">").count(), 5);
        for odd in ["page=0", "page=-1", "page=99999999999", "page=x", "role=x&status=x"] {
            assert_eq!(buyer.open(world, &format!("/desk?{odd}")).status, StatusCode::OK, "{odd}");
        }
    });
}

#[test]
fn the_address_book_is_kept_at_the_desk() {
    on_both_databases(|world| {
        let zhang = world.zhang();
        let mut buyer = at_the_desk(world, &zhang.email);
        let page = buyer.open(world, "/desk/addresses");
        assert!(page.shows("某路100号"));
        let csrf = page.form("/desk/addresses").fields["csrf"].clone();
        let form = super::browser::Form {
            action: "/desk/addresses".to_owned(),
            fields: [("csrf".to_owned(), csrf), ("action".to_owned(), "add".to_owned())].into(),
        };
        assert!(buyer.send(world, &form).says("region_incomplete"));
        let placed = form.clone().with("region_1", "330000").with("region_2", "330100");
        assert!(buyer.send(world, &placed).says("region_incomplete"));
        let placed = placed.with("region_3", "330106");
        assert!(buyer.send(world, &placed).says("address_incomplete"));
        let full = placed
            .with("receive_name", "孙七")
            .with("receive_address", "某街2号")
            .with("receive_phone", "010-1");
        assert!(buyer.send(world, &full).shows("某街2号"));
        for _ in 0..18 {
            buyer.send(world, &full);
        }
        assert!(buyer.send(world, &full).says("address_book_full"));
        let delete = form.with("action", "delete");
        let first = page.form("/desk/addresses").fields["id"].clone();
        let without = buyer.send(world, &delete.clone().with("id", &first));
        assert!(!without.shows("某路100号"));
        for nothing in [&first, "99", "-1", "x"] {
            assert_eq!(buyer.send(world, &delete.clone().with("id", nothing)).status, StatusCode::OK);
        }
        let li = world.li();
        let mut other = at_the_desk(world, &li.email);
        let theirs = other.open(world, "/desk/addresses");
        assert!(!theirs.shows("某街2号"), "each their own");
        let theirs = theirs.form("/desk/addresses").fields["id"].clone();
        buyer.send(world, &delete.with("id", &theirs));
        assert!(other.open(world, "/desk/addresses").shows("某路100号"), "nobody takes away another's");
    });
}

#[test]
fn an_address_is_changed_where_it_stands() {
    on_both_databases(|world| {
        let zhang = world.zhang();
        let mut buyer = at_the_desk(world, &zhang.email);
        let page = buyer.open(world, "/desk/addresses");
        let page = buyer.open(world, page.link("/desk/addresses?edit=").split('#').next().unwrap());
        let form = page.form_with("region_3");
        assert_eq!(
            (form.fields["region_1"].as_str(), form.fields["region_3"].as_str()),
            ("310000", "310107")
        );
        assert_eq!(form.fields["receive_address"], "某路100号");
        // Another province: its cities are listed, then their districts; a municipality is its own city.
        let page = buyer.send(world, &form.clone().with("region_1", "440000"));
        assert!(page.says("region_incomplete") && page.shows("东莞市"));
        let form = page.form_with("region_2").with("region_2", "441900").with("receive_name", "张小三");
        let page = buyer.send(world, &form);
        assert!(page.shows("广东省 东莞市 某路100号") && page.shows("张小三") && !page.shows("普陀区 某路"));
        let hostile = form.with("receive_name", "<script>x</script>").with("receive_address", "a\nb\u{1}c");
        let page = buyer.send(world, &hostile);
        assert!(page.shows("a b c") && !page.html.contains("<script>"));
        let long = hostile.with("receive_address", &"长".repeat(127));
        assert!(
            buyer.send(world, &long).says("too_long"),
            "the line has room for 128 characters, regions and all"
        );
    });
}
