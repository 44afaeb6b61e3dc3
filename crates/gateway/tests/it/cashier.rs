//! The cashier by its real pages: a person's browser, forms as they are shown.

use danbao_protocol::charset::Charset;
use http::StatusCode;
use serde_json::json;

use super::browser::{Browser, Page};
use super::order::Call;
use super::world::{Message, RETURN_URL, World, minutes, on_both_databases};

/// A buyer who is sent to the cashier by the merchant's page.
fn at_the_cashier(world: &mut World, browser: &mut Browser, call: &Call) -> Page {
    let page = browser.open(world, &call.url());
    assert_eq!(page.status, StatusCode::OK, "{}", page.html);
    assert!(page.at.starts_with("/cashier/"), "{}", page.at);
    page
}

/// Signs in at the cashier and confirms its first page.
fn sign_in(world: &mut World, browser: &mut Browser, page: &Page, email: &str) -> Page {
    let form = page.form("/member").with("account", email).with("login_password", "login123");
    browser.send(world, &form)
}

/// Follows the link back to the merchant and reads what the browser brings it.
fn back_to_the_merchant(world: &mut World, browser: &mut Browser, paid: &Page) -> Message {
    assert!(paid.at.ends_with("/paid"), "{}: {}", paid.at, paid.html);
    let path = paid.at.replace("/paid", "/return");
    assert!(paid.shows(&path) && paid.html.contains("http-equiv=\"refresh\""));
    let back = browser.open(world, &path);
    let (address, query) = back.at.split_once('?').unwrap();
    assert_eq!(address, RETURN_URL);
    Message::read(query.as_bytes(), &world.shop.key, Charset::Utf8)
}

#[test]
fn a_member_signs_in_pays_from_the_balance_and_returns() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let mut browser = Browser::default();
        let page = at_the_cashier(world, &mut browser, &Call::direct(&shop, "c1", "10.00"));
        for shown in ["录音笔 2G", "竹里小铺", "c1", "10.00"] {
            assert!(page.shows(shown), "{shown}");
        }
        let pay = sign_in(world, &mut browser, &page, &zhang.email);
        assert!(pay.at.ends_with("/pay") && pay.shows("10000.00"), "{}", pay.html);
        let form = pay.form("/pay").with("method", "balance").with("payment_password", "pay123");
        let paid = browser.send(world, &form);
        let returned = back_to_the_merchant(world, &mut browser, &paid);
        assert_eq!(returned.get("trade_status"), "TRADE_FINISHED");
        assert_eq!(returned.get("out_trade_no"), "c1");
        assert_eq!(world.acknowledge().get("trade_no"), returned.get("trade_no"));
        assert_eq!(world.balance(&format!("user:{}", zhang.user_id)), "9990.00");

        // The browser's back button and an impatient second click find the trade paid, and pay nothing twice.
        assert!(browser.send(world, &form).at.ends_with("/paid"));
        assert!(browser.open(world, &page.at).at.ends_with("/paid"));
        assert_eq!(world.balance(&format!("user:{}", zhang.user_id)), "9990.00");
        assert!(world.sent.is_empty());
    });
}

#[test]
fn a_wrong_password_says_so_and_five_lock_the_account_for_a_quarter_of_an_hour() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let mut browser = Browser::default();
        let page = at_the_cashier(world, &mut browser, &Call::direct(&shop, "c2", "10.00"));
        let form = page.form("/member").with("account", &zhang.email);
        let empty = browser.send(world, &form);
        assert!(empty.says("sign_in_empty"));
        for _ in 0..5 {
            let wrong = browser.send(world, &form.clone().with("login_password", "pay123"));
            assert!(wrong.says("sign_in_wrong"));
            assert_eq!(wrong.form("/member").fields["account"], zhang.email, "what was typed stays");
            assert!(!wrong.html.contains("pay123"), "but no password");
        }
        let locked = browser.send(world, &form.clone().with("login_password", "login123"));
        assert!(locked.says("locked"));
        world.later(minutes(15));
        assert!(browser.send(world, &form.with("login_password", "login123")).at.ends_with("/pay"));
        let nobody =
            page.form("/member").with("account", "nobody@x.example").with("login_password", "login123");
        assert!(Browser::default().open(world, &page.at).status.is_success());
        assert!(browser.send(world, &nobody).says("sign_in_wrong"), "nobody learns which accounts there are");
    });
}

#[test]
fn a_wrong_payment_password_pays_nothing() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let mut browser = Browser::default();
        let page = at_the_cashier(world, &mut browser, &Call::direct(&shop, "c3", "10.00"));
        let pay = sign_in(world, &mut browser, &page, &zhang.email);
        let form = pay.form("/pay").with("method", "balance");
        assert!(
            browser.send(world, &form.clone().with("payment_password", "")).says("payment_password_empty")
        );
        let wrong = browser.send(world, &form.with("payment_password", "login123"));
        assert!(wrong.says("payment_password_wrong"));
        assert_eq!(world.balance(&format!("user:{}", zhang.user_id)), "10000.00");
        assert!(world.sent.is_empty());
    });
}

#[test]
fn somebody_without_an_account_pays_through_a_bank() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        let mut browser = Browser::default();
        let page = at_the_cashier(world, &mut browser, &Call::direct(&shop, "c4", "10.00"));
        let form = page.form("/member").by_button_to("visitor");
        assert!(browser.send(world, &form.clone().with("contact", "139")).says("contact_wrong"));
        let member = world.zhang().email;
        assert!(browser.send(world, &form.clone().with("contact", &member)).says("contact_is_member"));
        let pay = browser.send(world, &form.with("contact", "13900000001").with("contact_name", "赵六"));
        let asked = pay.form("/pay");
        assert_eq!(asked.fields["method"], "bank", "a visitor has no balance");
        assert!(browser.send(world, &asked.clone().with("bank", "NOBANK")).says("bank_wrong"));
        assert!(browser.send(world, &asked.clone().with("method", "balance")).says("bank_wrong"));
        let bank = browser.send(world, &asked.with("bank", "ICBCB2C"));
        assert!(bank.at.ends_with("/bank/ICBCB2C") && bank.shows("竹里小铺"));
        let paid = browser.send(world, &bank.form("/bank/ICBCB2C").with("decision", "pay"));
        let returned = back_to_the_merchant(world, &mut browser, &paid);
        assert_eq!(returned.get("trade_status"), "TRADE_FINISHED");
        assert_eq!(returned.get("buyer_email"), "13900000001");
        assert_eq!(world.balance("bank:ICBCB2C"), "-10.00");
        // A visitor's session opens this trade and nothing else.
        assert!(browser.open(world, "/desk").at.starts_with("/desk/sign-in"));
    });
}

#[test]
fn a_bank_that_declines_leaves_the_trade_unpaid_and_payable() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let mut browser = Browser::default();
        let page = at_the_cashier(world, &mut browser, &Call::direct(&shop, "c5", "10.00"));
        let pay = sign_in(world, &mut browser, &page, &zhang.email);
        let bank = browser.send(world, &pay.form("/pay").with("method", "bank").with("bank", "CMB"));
        let declined = browser.send(world, &bank.form("/bank/CMB").with("decision", "decline"));
        assert!(declined.says("bank_declined"));
        assert!(world.sent.is_empty());
        assert_eq!(world.balance("bank:CMB"), "0.00");
        let bank = browser.send(world, &declined.form("/pay").with("method", "bank").with("bank", "CCB"));
        let paid = browser.send(world, &bank.form("/bank/CCB").with("decision", "pay"));
        back_to_the_merchant(world, &mut browser, &paid);
        assert_eq!(world.balance("bank:CCB"), "-10.00");
        // Coming back to the bank's page afterwards pays nothing twice.
        assert!(browser.send(world, &bank.form("/bank/CCB").with("decision", "pay")).at.ends_with("/paid"));
        assert_eq!(world.balance("bank:CCB"), "-10.00");
    });
}

#[test]
fn the_merchant_names_the_bank_and_the_ways_to_pay() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let mut browser = Browser::default();
        let call =
            Call::direct(&shop, "c6", "10.00").with("paymethod", "bankPay").with("defaultbank", "fdb101");
        let page = at_the_cashier(world, &mut browser, &call);
        let pay = sign_in(world, &mut browser, &page, &zhang.email);
        let form = pay.form("/pay");
        assert_eq!((form.fields["method"].as_str(), form.fields["bank"].as_str()), ("bank", "fdb101"));

        let call = Call::direct(&shop, "c7", "10.00").with("enable_paymethod", "bankPay");
        let page = browser.open(world, &call.url());
        let pay = browser.send(world, &page.form("/member"));
        assert_eq!(pay.form("/pay").fields["method"], "bank");
        let forced = pay.form("/pay").with("method", "balance").with("payment_password", "pay123");
        assert!(browser.send(world, &forced).says("bank_wrong"), "what the merchant leaves out stays out");
        assert_eq!(world.balance(&format!("user:{}", zhang.user_id)), "10000.00");
    });
}

#[test]
fn an_escrow_buyer_chooses_an_address_or_enters_a_new_one() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let mut browser = Browser::default();
        let page = at_the_cashier(world, &mut browser, &Call::escrow(&shop, "c8", "20.00"));
        let pay = sign_in(world, &mut browser, &page, &zhang.email);
        assert_eq!(world.acknowledge_all(), ["WAIT_BUYER_PAY"]);
        let form = pay.form("/pay").with("method", "balance").with("payment_password", "pay123");
        assert_eq!(form.fields["address"], "0", "the first of the address book is preselected");

        let fresh = form.with("address", "new").with("receive_name", "孙七").with("receive_zip", "100000");
        assert!(browser.send(world, &fresh).says("address_incomplete"));
        let fresh =
            fresh.with("receive_address", "北京市 东城区 某街2号").with("receive_mobile", "13600000000");
        let long = fresh.clone().with("receive_name", &"名".repeat(200));
        assert!(browser.send(world, &long).says("too_long"));
        let paid = browser.send(world, &fresh);
        let returned = back_to_the_merchant(world, &mut browser, &paid);
        assert_eq!(returned.get("trade_status"), "WAIT_SELLER_SEND_GOODS");
        assert_eq!(returned.get("receive_name"), "孙七");
        assert_eq!(returned.get("receive_address"), "北京市 东城区 某街2号");
        assert_eq!(returned.get("seller_actions"), "SEND_GOODS");
        assert_eq!(world.acknowledge().get("receive_mobile"), "13600000000");

        // The new address is in the book the next time, and the first one pays.
        let page = browser.open(world, &Call::escrow(&shop, "c9", "20.00").url());
        let pay = browser.send(world, &page.form("/member"));
        assert!(pay.shows("某街2号") && pay.shows("某路100号"));
        let paid = browser
            .send(world, &pay.form("/pay").with("method", "balance").with("payment_password", "pay123"));
        assert_eq!(back_to_the_merchant(world, &mut browser, &paid).get("receive_name"), "张三");
    });
}

#[test]
fn an_address_that_the_merchant_gave_is_not_asked_for() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let mut browser = Browser::default();
        let page = at_the_cashier(world, &mut browser, &Call::escrow(&shop, "c10", "20.00").addressed());
        let pay = sign_in(world, &mut browser, &page, &zhang.email);
        assert!(!pay.form("/pay").fields.contains_key("address") && pay.shows("王五"));
        let told = world.acknowledge();
        assert_eq!((told.get("trade_status"), told.get("receive_name")), ("WAIT_BUYER_PAY", "王五"));
        let form = pay.form("/pay").with("method", "balance").with("payment_password", "pay123");
        let sneaked =
            form.with("receive_name", "别人").with("receive_address", "别处").with("address", "new");
        let paid = browser.send(world, &sneaked);
        assert_eq!(back_to_the_merchant(world, &mut browser, &paid).get("receive_name"), "王五");
    });
}

#[test]
fn a_dual_buyer_may_change_their_mind_until_they_pay() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let mut browser = Browser::default();
        let page = at_the_cashier(world, &mut browser, &Call::dual(&shop, "c11", "30.00"));
        assert_eq!(page.form("/member").fields["mode"], "escrow", "escrow is preselected");
        let pay = sign_in(world, &mut browser, &page, &zhang.email);
        assert!(pay.form("/pay").fields.contains_key("address"));
        let again = browser.open(world, &page.at);
        let pay = browser.send(world, &again.form("/member").with("mode", "direct"));
        assert!(!pay.form("/pay").fields.contains_key("address"), "nothing is sent to anybody");
        let form = pay.form("/pay").with("method", "balance").with("payment_password", "pay123");
        let paid = browser.send(world, &form);
        let returned = back_to_the_merchant(world, &mut browser, &paid);
        assert_eq!(returned.get("trade_status"), "TRADE_FINISHED");
        assert_eq!(world.acknowledge_all(), ["WAIT_BUYER_PAY", "WAIT_BUYER_PAY", "TRADE_FINISHED"]);
    });
}

#[test]
fn carriage_that_the_buyer_bears_is_in_the_total() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let call = Call::escrow(&shop, "c12", "338.00")
            .with("logistics_type_1", "EMS")
            .with("logistics_fee_1", "10.00")
            .with("logistics_payment_1", "BUYER_PAY");
        let mut browser = Browser::default();
        let page = at_the_cashier(world, &mut browser, &call);
        assert!(page.shows("348.00"));
        let form = page.form("/member").with("account", &zhang.email).with("login_password", "login123");
        for outside in ["2", "-1", "EMS", "99999999999999999999"] {
            let refused = browser.send(world, &form.clone().with("logistics", outside));
            assert_eq!(refused.code(), "LOGISTICS_CHOOSE_ERROR", "{outside}");
        }
        let pay = browser.send(world, &form.with("logistics", "1"));
        assert!(pay.shows("348.00"));
        let paid = browser
            .send(world, &pay.form("/pay").with("method", "balance").with("payment_password", "pay123"));
        let returned = back_to_the_merchant(world, &mut browser, &paid);
        assert_eq!((returned.get("total_fee"), returned.get("logistics_fee")), ("348.00", "10.00"));
    });
}

#[test]
fn the_same_order_leads_to_the_same_cashier_and_a_changed_one_nowhere() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let mut browser = Browser::default();
        let call = Call::direct(&shop, "c13", "10.00");
        let first = at_the_cashier(world, &mut browser, &call);
        let again = at_the_cashier(world, &mut browser, &call.clone().with("subject", "另一个名字"));
        assert_eq!(first.at, again.at);
        assert!(again.shows("录音笔 2G") && !again.shows("另一个名字"), "the first text stays");
        let by_id = call.clone().with("seller_email", "").with("seller_id", &shop.seller_id);
        assert_eq!(
            at_the_cashier(world, &mut browser, &by_id).at,
            first.at,
            "the same seller by another name"
        );
        let changed = call.clone().with("total_fee", "9.00");
        assert_eq!(browser.open(world, &changed.url()).code(), "TRADE_DATA_MATCH_ERROR");
        let pay = sign_in(world, &mut browser, &first, &zhang.email);
        assert_eq!(browser.open(world, &changed.url()).code(), "TRADE_DATA_MATCH_ERROR", "unpaid");
        let paid = browser
            .send(world, &pay.form("/pay").with("method", "balance").with("payment_password", "pay123"));
        back_to_the_merchant(world, &mut browser, &paid);
        assert_eq!(browser.open(world, &call.url()).code(), "TRADE_NOT_ALLOWED_PAY", "paid");
        assert_eq!(browser.open(world, &changed.url()).code(), "TRADE_NOT_ALLOWED_PAY", "paid comes first");
    });
}

#[test]
fn a_seller_cannot_buy_from_themselves() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        let mut browser = Browser::default();
        let page = at_the_cashier(world, &mut browser, &Call::escrow(&shop, "c14", "10.00"));
        let refused = sign_in(world, &mut browser, &page, &shop.seller_email);
        assert!(refused.says("buyer_is_seller"));
        assert_eq!(refused.code(), "BUYER_SELLER_EQUAL");
        assert!(refused.form("/member").fields.contains_key("login_password"), "somebody else may sign in");
        assert!(world.sent.is_empty(), "no trade was made");
    });
}

#[test]
fn a_trade_belongs_to_the_buyer_who_confirmed_it() {
    on_both_databases(|world| {
        let (shop, zhang, li) = (world.shop.clone(), world.zhang(), world.li());
        let (mut hers, mut his) = (Browser::default(), Browser::default());
        let page = at_the_cashier(world, &mut hers, &Call::direct(&shop, "c15", "10.00"));
        let pay = sign_in(world, &mut hers, &page, &zhang.email);
        let his_page = his.open(world, &page.at);
        let refused = sign_in(world, &mut his, &his_page, &li.email);
        assert_eq!(refused.code(), "TRADE_BUYER_NOT_MATCH");
        assert!(!his.open(world, &pay.at).at.ends_with("/pay"), "he is sent back to the first page");
        let paid =
            hers.send(world, &pay.form("/pay").with("method", "balance").with("payment_password", "pay123"));
        let paid_page = his.open(world, &page.at);
        assert_eq!(paid_page.code(), "TRADE_NOT_ALLOWED_PAY");
        let return_path = paid.at.replace("/paid", "/return");
        assert!(his.open(world, &return_path).at.starts_with("/cashier/"), "the return is the buyer's alone");
        back_to_the_merchant(world, &mut hers, &paid);
    });
}

#[test]
fn a_buyer_named_by_the_merchant_is_the_only_one_who_may_pay() {
    on_both_databases(|world| {
        let (shop, zhang, li) = (world.shop.clone(), world.zhang(), world.li());
        let call = Call::direct(&shop, "c16", "10.00").with("buyer_email", &zhang.email);
        let mut browser = Browser::default();
        let page = at_the_cashier(world, &mut browser, &call);
        assert_eq!(page.form("/member").fields["account"], zhang.email, "filled in");
        assert!(!page.html.contains("name=\"contact\""), "no way for visitors");
        assert_eq!(sign_in(world, &mut browser, &page, &li.email).code(), "TRADE_BUYER_NOT_MATCH");
        let form = page.form("/member").by_button_to("visitor").with("contact", "13900000001");
        assert_eq!(browser.send(world, &form).code(), "TRADE_BUYER_NOT_MATCH");
        assert!(sign_in(world, &mut browser, &page, &zhang.email).at.ends_with("/pay"));
    });
}

#[test]
fn a_buyer_named_by_an_address_without_an_account_may_pay_as_a_visitor_under_it() {
    on_both_databases(|world| {
        let (shop, li) = (world.shop.clone(), world.li());
        let call = Call::direct(&shop, "c24", "10.00").with("buyer_email", "new@x.example");
        let mut browser = Browser::default();
        let page = at_the_cashier(world, &mut browser, &call);
        let form = page.form("/member").by_button_to("visitor");
        assert_eq!(form.fields["contact"], "new@x.example", "filled in");
        let other = browser.send(world, &form.clone().with("contact", "13900000001"));
        assert_eq!(other.code(), "TRADE_BUYER_NOT_MATCH");
        assert_eq!(sign_in(world, &mut browser, &page, &li.email).code(), "TRADE_BUYER_NOT_MATCH");
        let mut hers = Browser::default();
        let page = hers.open(world, &page.at);
        let pay = hers.send(world, &page.form("/member").by_button_to("visitor"));
        let bank = hers.send(world, &pay.form("/pay").with("bank", "CMB"));
        let paid = hers.send(world, &bank.form("/bank/CMB").with("decision", "pay"));
        assert_eq!(back_to_the_merchant(world, &mut hers, &paid).get("buyer_email"), "new@x.example");
    });
}

#[test]
fn forms_of_other_pages_do_nothing() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let mut browser = Browser::default();
        let page = at_the_cashier(world, &mut browser, &Call::direct(&shop, "c17", "10.00"));
        let form = page.form("/member").with("account", &zhang.email).with("login_password", "login123");
        for forged in ["", "0123456789abcdefghijklmnop"] {
            let refused = browser.send(world, &form.clone().with("csrf", forged));
            assert_eq!(refused.status, StatusCode::FORBIDDEN);
        }
        let foreign = Browser::default().send(world, &form);
        assert_eq!(foreign.status, StatusCode::FORBIDDEN, "another browser's form");
        let pay = browser.send(world, &form);
        let form = pay.form("/pay").with("method", "balance").with("payment_password", "pay123");
        assert_eq!(browser.send(world, &form.clone().with("csrf", "x")).status, StatusCode::FORBIDDEN);
        assert_eq!(world.balance(&format!("user:{}", zhang.user_id)), "10000.00");
    });
}

#[test]
fn the_cashier_is_found_by_its_secret_alone() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        let mut browser = Browser::default();
        let page = at_the_cashier(world, &mut browser, &Call::direct(&shop, "c18", "10.00"));
        let id = page.at.strip_prefix("/cashier/").unwrap();
        for altered in [&id[..16], &id[..40], &format!("{id}x")] {
            let shown = browser.open(world, &format!("/cashier/{altered}"));
            assert!(shown.shows("业务数据被篡改") && !shown.shows("确认"), "the link was altered: {altered}");
        }
        for wrong in ["x", "", &"中".repeat(9)] {
            let path: String = format!("/cashier/{}", wrong.replace('中', "%E4%B8%AD"));
            assert_eq!(browser.open(world, &path).status, StatusCode::NOT_FOUND, "{path}");
        }
        for step in ["/pay", "/paid", "/return", "/bank/CMB"] {
            let sent_on = browser.open(world, &format!("{}{step}", page.at));
            assert_eq!(sent_on.at, page.at, "{step} out of order leads to the beginning");
        }
        assert_eq!(browser.open(world, &format!("{}/bank/NOBANK", page.at)).status, StatusCode::NOT_FOUND);
        assert_eq!(browser.open(world, &format!("{}/nothing", page.at)).status, StatusCode::NOT_FOUND);
    });
}

#[test]
fn a_closed_trade_is_gone_from_the_cashier() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let mut browser = Browser::default();
        let call = Call::escrow(&shop, "c19", "10.00").with("it_b_pay", "1h");
        let page = at_the_cashier(world, &mut browser, &call);
        let pay = sign_in(world, &mut browser, &page, &zhang.email);
        let form = pay.form("/pay").with("method", "balance").with("payment_password", "pay123");
        assert_eq!(world.acknowledge_all(), ["WAIT_BUYER_PAY"]);
        world.later(minutes(60));
        for late in [browser.open(world, &page.at), browser.open(world, &pay.at), browser.send(world, &form)]
        {
            assert_eq!((late.status, late.code().as_str()), (StatusCode::GONE, "TRADE_NOT_ALLOWED_PAY"));
        }
        assert_eq!(world.acknowledge_all(), ["TRADE_CLOSED"]);
        assert_eq!(browser.open(world, &call.url()).code(), "TRADE_NOT_ALLOWED_PAY");
    });
}

#[test]
fn a_session_ends_after_ten_idle_minutes() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let mut browser = Browser::default();
        let page = at_the_cashier(world, &mut browser, &Call::direct(&shop, "c20", "10.00"));
        let pay = sign_in(world, &mut browser, &page, &zhang.email);
        for _ in 0..3 {
            world.later(minutes(9));
            assert!(browser.open(world, &pay.at).at.ends_with("/pay"), "in use it is put off");
        }
        world.later(minutes(11));
        let idle = browser.open(world, &pay.at);
        assert_eq!(idle.at, format!("{}?timeout=1", page.at));
        assert_eq!(idle.code(), "SESSION_TIMEOUT");
        assert!(idle.form("/member").fields.contains_key("login_password"));
    });
}

#[test]
fn a_balance_too_low_pays_nothing_and_offers_the_bank() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        world.member("poor@danbao.example", "1.00");
        let mut browser = Browser::default();
        let page = at_the_cashier(world, &mut browser, &Call::direct(&shop, "c21", "10.00"));
        let pay = sign_in(world, &mut browser, &page, "poor@danbao.example");
        assert!(pay.shows("9.00"), "what is missing is said");
        let form = pay.form("/pay").with("method", "balance").with("payment_password", "pay123");
        let refused = browser.send(world, &form);
        assert!(refused.says("balance_too_low"));
        let bank = browser.send(world, &refused.form("/pay").with("method", "bank").with("bank", "ABC"));
        let paid = browser.send(world, &bank.form("/bank/ABC").with("decision", "pay"));
        back_to_the_merchant(world, &mut browser, &paid);
    });
}

#[test]
fn pages_speak_the_language_that_was_chosen() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        let mut browser = Browser::default();
        let page = at_the_cashier(world, &mut browser, &Call::direct(&shop, "c22", "10.00"));
        assert!(page.html.contains("<html lang=\"zh"));
        let english = browser.open(world, &format!("{}?lang=en", page.at));
        assert!(english.html.contains("<html lang=\"en"));
        assert!(browser.open(world, &page.at).html.contains("<html lang=\"en"), "it stays chosen");
    });
}

#[test]
fn a_buyer_who_confirms_twice_makes_one_trade() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let mut browser = Browser::default();
        let page = at_the_cashier(world, &mut browser, &Call::escrow(&shop, "c23", "10.00"));
        sign_in(world, &mut browser, &page, &zhang.email);
        let again = sign_in(world, &mut browser, &page, &zhang.email);
        assert!(again.at.ends_with("/pay"));
        assert_eq!(world.acknowledge_all(), ["WAIT_BUYER_PAY"], "told once");
        let listed = world.done(http::Method::GET, "/trades?out_trade_no=c23", &json!(null));
        assert_eq!(listed["trades"].as_array().unwrap().len(), 1);
    });
}
