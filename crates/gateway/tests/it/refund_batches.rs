//! Refunds of direct payments: batches by server and by page, from the desk, what they move and who is told.

use danbao_gateway::keys;
use danbao_protocol::ids::PartnerId;
use danbao_protocol::params::Params;
use danbao_protocol::reply::Reply;
use danbao_protocol::sign::pasted::Key;
use danbao_protocol::sign::{SignType, Signer, rsa};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::order::Call;
use super::refunds::at_the_desk;
use super::world::{Merchant, Message, World, days, on_both_databases};

const REFUNDS_URL: &str = "http://shop.example/refunds";
pub(crate) const NOPWD: &str = "refund_fastpay_by_platform_nopwd";
pub(crate) const PWD: &str = "refund_fastpay_by_platform_pwd";

/// A merchant whose payments stay refundable, at a charge of 0.6 %.
pub(crate) fn refunder(world: &mut World) -> Merchant {
    world.merchant("pro@shop.example", json!({ "is_refundable": true, "fee_ppm": 6_000 }))
}

/// A direct trade that Zhang has paid.
fn paid(world: &mut World, call: &Call) -> String {
    let zhang = world.zhang();
    let paid = world.checkout(&call.url(), &zhang.email, Value::Null);
    world.acknowledge_all();
    paid["trade_no"].as_str().unwrap_or_else(|| panic!("{paid}")).to_owned()
}

pub(crate) fn paid_direct(
    world: &mut World,
    merchant: &Merchant,
    out_trade_no: &str,
    total_fee: &str,
) -> String {
    paid(world, &Call::direct(merchant, out_trade_no, total_fee))
}

/// A batch of today with these items.
pub(crate) fn batch(
    world: &mut World,
    merchant: &Merchant,
    service: &str,
    sequence: &str,
    items: &[String],
) -> Call {
    let now = world.clock();
    Call::new(merchant, service)
        .with("seller_email", &merchant.seller_email)
        .with("refund_date", &now.wire())
        .with("batch_no", &format!("{}{sequence}", now.wire_day()))
        .with("batch_num", &items.len().to_string())
        .with("detail_data", &items.join("#"))
        .with("notify_url", REFUNDS_URL)
}

pub(crate) fn item(trade_no: &str, amount: &str) -> String {
    format!("{trade_no}^{amount}^协商退款")
}

/// `None` for is_success T, or the code.
pub(crate) fn error_of(world: &mut World, call: &Call) -> Option<String> {
    Reply::parse(world.get(&call.url()).body()).unwrap().error
}

/// A batch from server to server, accepted.
fn refund(world: &mut World, merchant: &Merchant, sequence: &str, items: &[String]) {
    let call = batch(world, merchant, NOPWD, sequence, items);
    assert_eq!(error_of(world, &call), None);
}

/// The results that a batch has, as its page and the sandbox show them.
pub(crate) fn results(world: &mut World, merchant: &Merchant, sequence: &str) -> Vec<String> {
    let shown = stored(world, merchant, sequence);
    let items = shown["items"].as_array().unwrap();
    items.iter().map(|item| item["result"].as_str().unwrap_or("-").to_owned()).collect()
}

pub(crate) fn stored(world: &mut World, merchant: &Merchant, sequence: &str) -> Value {
    let day = world.clock().wire_day();
    let path = format!("/refund-batches?partner={}&batch_no={day}{sequence}", merchant.partner);
    world.done(Method::GET, &path, &Value::Null)
}

/// The code that one item alone comes to.
fn result_of(world: &mut World, merchant: &Merchant, sequence: &str, item: &str) -> String {
    refund(world, merchant, sequence, &[item.to_owned()]);
    world.acknowledge_all();
    results(world, merchant, sequence).remove(0)
}

/// The query by which the sandbox finds a batch that a merchant has sent; for the test of its description.
pub(crate) fn refunded_by_call(world: &mut World) -> String {
    let merchant = refunder(world);
    let trade_no = paid_direct(world, &merchant, "for-openapi", "10.00");
    refund(world, &merchant, "001", &[item(&trade_no, "1.00")]);
    world.acknowledge_all();
    format!("?partner={}&batch_no=20120229001", merchant.partner)
}

fn states(message: &Message) -> [String; 2] {
    [message.get("trade_status").to_owned(), message.get("refund_status").to_owned()]
}

/// protocol.md §5.6, §7.5: a part, then the rest, by the merchant's server.
#[test]
fn a_part_and_then_the_rest_go_back_and_the_charge_with_them() {
    on_both_databases(|world| {
        let (shop, zhang) = (refunder(world), world.zhang());
        let trade_no = paid_direct(world, &shop, "b1", "10.00");
        let seller = format!("user:{}", shop.seller_id);
        let buyer = format!("user:{}", zhang.user_id);
        assert_eq!((world.balance(&seller), world.balance("fee")), ("9.94".to_owned(), "0.06".to_owned()));

        refund(world, &shop, "001", &[item(&trade_no, "4.00")]);
        assert_eq!((world.balance(&seller), world.balance("fee")), ("5.96".to_owned(), "0.04".to_owned()));
        assert_eq!(world.balance(&buyer), "9994.00");
        let told = world.acknowledge();
        assert_eq!(states(&told), ["TRADE_SUCCESS", "REFUND_SUCCESS"].map(str::to_owned));
        assert!(told.has("gmt_refund") && !told.has("gmt_close"), "the trade goes on");
        assert_eq!((told.get("total_fee"), told.get("out_trade_no")), ("10.00", "b1"));
        let letter = world.acknowledge();
        assert_eq!(letter.get("notify_type"), "batch_refund_notify");
        assert_eq!((letter.get("batch_no"), letter.get("success_num")), ("20120229001", "1"));
        let charge = format!("$pro@shop.example^{}^0.02^SUCCESS", shop.seller_id);
        assert_eq!(letter.get("result_details"), format!("{trade_no}^4.00^SUCCESS{charge}"));
        let verify = format!(
            "/gateway.do?service=notify_verify&partner={}&notify_id={}",
            shop.partner,
            letter.get("notify_id")
        );
        assert_eq!(world.get_text(&verify), "true");
        assert!(world.sent.is_empty(), "each is told once");

        let query = Call::new(&shop, "single_trade_query").with("out_trade_no", "b1");
        let said = world.get_text(&query.url());
        assert!(said.contains("<refund_fee>4.00</refund_fee>"), "{said}");
        assert!(said.contains("<refund_status>REFUND_SUCCESS</refund_status>"), "{said}");
        assert_eq!(world.trade(&trade_no)["deadlines"][0]["kind"], "finish_refundable");

        assert_eq!(result_of(world, &shop, "002", &item(&trade_no, "6.01")), "REFUND_TRADE_FEE_ERROR");
        refund(world, &shop, "003", &[item(&trade_no, "6.00")]);
        let told = world.acknowledge();
        assert_eq!(states(&told), ["TRADE_CLOSED", "REFUND_SUCCESS"].map(str::to_owned));
        assert_eq!(told.get("gmt_close"), told.get("gmt_refund"));
        world.acknowledge_all();
        assert_eq!([world.balance(&seller), world.balance("fee")], ["0.00", "0.00"].map(str::to_owned));
        assert_eq!(world.balance(&buyer), "10000.00");
        assert_eq!(world.trade(&trade_no)["deadlines"], json!([]), "nothing is left to come");
        assert_eq!(result_of(world, &shop, "004", &item(&trade_no, "0.01")), "TRADE_HAS_CLOSED");
    });
}

/// Every byte that leaves for a batch's notify_url, but the random part of the id and the signature over it all.
#[test]
fn the_notification_of_a_batch_is_written_just_so() {
    on_both_databases(|world| {
        let shop = refunder(world);
        let trade_no = paid_direct(world, &shop, "c1", "10.00");
        refund(world, &shop, "a9Z", &[item(&trade_no, "10.00"), item("2012022900000099", "1.00")]);
        let trades_own = world.sent.pop_front().unwrap();
        world.answer(trades_own.id, Ok(super::world::answer(200, "success")));
        let sent = world.sent.front().unwrap();
        assert_eq!(sent.request.uri().to_string(), REFUNDS_URL);
        let headers = sent.request.headers();
        assert_eq!(headers["content-type"], "application/x-www-form-urlencoded; charset=utf-8");
        let body = String::from_utf8(sent.request.body().to_vec()).unwrap();
        let said = &sent.said;
        let (id, sign) = (said.get("notify_id").to_owned(), said.get("sign").to_owned());
        assert_eq!((id.len(), &id[..14], &id[32..]), (34, "20120229000000", "01"));
        let expected = format!(
            "notify_type=batch_refund_notify&batch_no=20120229a9Z&success_num=1&result_details={trade_no}%5E10.00\
             %5ESUCCESS%24pro%40shop.example%5E{}%5E0.06%5ESUCCESS%232012022900000099%5E1.00%5ETRADE_NOT_EXISTS\
             &notify_id={id}&notify_time=2012-02-29+12%3A00%3A00&sign={sign}&sign_type=MD5",
            shop.seller_id
        );
        assert_eq!(body, expected);

        // Nobody said `success`: the same once more, later.
        let first = world.answer_with(500, "");
        world.later(days(1));
        let again = world.sent.pop_front().unwrap();
        assert_eq!(again.said.get("result_details"), first.get("result_details"));
        assert_eq!(again.said.get("notify_time"), first.get("notify_time"));
        world.answer(again.id, Ok(super::world::answer(200, "success")));
    });
}

/// What concerns the call keeps nothing: no item of a refused batch is looked at.
#[test]
fn each_rule_of_a_call_has_its_code_and_nothing_of_it_is_kept() {
    on_both_databases(|world| {
        let (shop, zhang) = (refunder(world), world.zhang());
        let trade_no = paid_direct(world, &shop, "d1", "10.00");
        let good = batch(world, &shop, NOPWD, "001", &[item(&trade_no, "1.00")]);
        let two = |second: &str| format!("{}#{second}", item(&trade_no, "1.00"));
        let long = "x".repeat(256);
        let table: Vec<(Call, &str)> = vec![
            (good.clone().with("batch_num", "x"), "BATCH_NUM_ERROR"),
            (good.clone().with("batch_num", "1001"), "BATCH_NUM_EXCEED_LIMIT"),
            (good.clone().with("batch_num", "2"), "BATCH_NUM_NOT_EQUAL_TOTAL"),
            (good.clone().with("refund_date", "today"), "REFUND_DATE_ERROR"),
            (good.clone().with("batch_no", "20120228001"), "BATCH_NO_FORMAT_ERROR"),
            (good.clone().with("batch_no", "20120229000"), "BATCH_NO_FORMAT_ERROR"),
            (good.clone().with("detail_data", "x"), "DETAIL_DATA_FORMAT_ERROR"),
            (
                good.clone().with("detail_data", &two(&item(&trade_no, "2.00"))).with("batch_num", "2"),
                "DUBL_TRADE_NO_IN_SAME_BATCH",
            ),
            (good.clone().with("detail_data", "T^0^x"), "REFUND_TRADE_FEE_ERROR"),
            (good.clone().with("detail_data", "T^x^x"), "REFUND_AMOUNT_NOT_VALID"),
            (good.clone().with("detail_data", "T^1^x$$1^y"), "REFUND_SUBTRADE_FEE_ERROR"),
            (good.clone().with("detail_data", "T^1^x$a^b^1^y"), "NO_REFUND_CHARGE_PRIVILEDGE"),
            (good.clone().with("detail_data", "T^1^x|a^^b^^1^y|a^^b^^2^y"), "DUBL_ROYALTY_IN_DETAIL"),
            (good.clone().with("detail_data", "T^1^x|a^^b^^1^y|a^^b^^1^y"), "DUP_ROYALTY_REFUND_ITEM"),
            (good.clone().with("detail_data", "T^1^x|a^^b^^0^y"), "REFUND_ROYALTY_FEE_ERROR"),
            (good.clone().with("detail_data", &format!("T^1^{long}")), "BATCH_MEMO_LENGTH_EXCEED_LIMIT"),
            (
                good.clone().with("detail_data", &format!("T^1^x|{}", "a".repeat(4_000))),
                "SINGLE_DETAIL_DATA_EXCEED_LIMIT",
            ),
            (good.clone().with("detail_data", "T^1^a\tb"), "SINGLE_DETAIL_DATA_ENCODING_NOT_SUPPORT"),
            (good.clone().with_bytes("detail_data", b"T^1^\xFF"), "INVALID_CHARACTER_SET"),
            (good.clone().without("seller_email"), "ILLEGAL_ARGUMENT"),
            (good.clone().with("notify_url", "shop.example"), "ILLEGAL_ARGUMENT"),
            (good.clone().with("seller_email", "nobody@x.example"), "ACCOUNT_NOT_EXISTS"),
            (good.clone().with("seller_user_id", "2088999999999999"), "ACCOUNT_NOT_EXISTS"),
            (good.clone().with("seller_user_id", &zhang.user_id), "EMAIL_USERID_NOT_MATCH"),
            (good.clone().with("seller_email", &zhang.email), "SELLER_NOT_SIGN_PROTOCOL"),
            (good.clone().keyed("0123456789abcdef0123456789abcdef"), "ILLEGAL_SIGN"),
        ];
        for (call, code) in table {
            assert_eq!(error_of(world, &call).as_deref(), Some(code));
            let page = world.get_text(&call.with("service", PWD).url());
            assert!(page.contains(code), "a browser is shown {code}");
        }
        let ordinary = world.shop.clone();
        let call = batch(world, &ordinary, NOPWD, "001", &[item(&trade_no, "1.00")]);
        assert_eq!(error_of(world, &call).as_deref(), Some("PARTNER_NOT_SIGN_PROTOCOL"));
        let without = json!({ "is_refundable": true, "services": ["create_direct_pay_by_user"] });
        let stranger = world.merchant("none@shop.example", without);
        let call = batch(world, &stranger, NOPWD, "001", &[item(&trade_no, "1.00")]);
        assert_eq!(error_of(world, &call).as_deref(), Some("HAS_NO_PRIVILEGE"));
        assert_eq!(world.count("SELECT COUNT(*) FROM refund_batch"), 0);
        assert_eq!(world.count("SELECT COUNT(*) FROM refund_item"), 0);

        let by_id = good.clone().without("seller_email").with("seller_user_id", &shop.seller_id);
        assert_eq!(error_of(world, &by_id), None);
        world.acknowledge_all();
        assert_eq!(error_of(world, &good).as_deref(), Some("DUPLICATE_BATCH_NO"), "the very same again");
        assert!(world.get_text(&good.with("service", PWD).url()).contains("DUPLICATE_BATCH_NO"));
    });
}

/// What concerns one item is its result, and the others go on.
#[test]
fn each_item_stands_by_itself_and_its_result_has_its_own_code() {
    on_both_databases(|world| {
        let shop = refunder(world);
        let other = world.merchant("other@shop.example", json!({ "is_refundable": true }));
        let good = paid_direct(world, &shop, "e1", "10.00");
        let escrow = paid(world, &Call::escrow(&shop, "e2", "10.00"));
        let foreign = paid_direct(world, &other, "e3", "10.00");
        let zhang = world.zhang();
        let url = Call::direct(&shop, "e4", "10.00").url();
        let unpaid = world.checkout(&url, &zhang.email, json!({ "stop_unpaid": true }));
        let unpaid = unpaid["trade_no"].as_str().unwrap().to_owned();
        let royal = format!("{}|carol@x.example^^{}^^1.00^x", item(&good, "1.00"), shop.seller_email);
        let items: Vec<String> = vec![
            item("2012022900099999", "1.00"),
            item(&escrow, "1.00"),
            item(&foreign, "1.00"),
            item(&unpaid, "1.00"),
            royal,
        ];
        refund(world, &shop, "001", &items);
        assert_eq!(
            results(world, &shop, "001"),
            [
                "TRADE_NOT_EXISTS",
                "TRADE_PRODUCT_TYPE_NOT_ALLOW_REFUND",
                "NOT_THIS_PARTNERS_TRADE",
                "TRADE_STATUS_ERROR",
                "ACCOUNT_NOT_EXISTS"
            ]
        );
        let letter = world.acknowledge();
        assert_eq!(letter.get("success_num"), "0");
        assert!(letter.get("result_details").ends_with(&format!("{good}^1.00^ACCOUNT_NOT_EXISTS")));
        assert!(world.sent.is_empty(), "no trade has changed");

        let mismatch = format!(
            "{}|{}^{}^{}^^1.00^x",
            item(&good, "1.00"),
            zhang.email,
            shop.seller_id,
            shop.seller_email
        );
        assert_eq!(result_of(world, &shop, "002", &mismatch), "EMAIL_USERID_NOT_MATCH");
        let unshared = format!("{}|{}^^{}^^1.00^x", item(&good, "1.00"), zhang.email, shop.seller_email);
        assert_eq!(result_of(world, &shop, "003", &unshared), "REFUND_ROYALTY_FEE_ERROR");

        let set = "UPDATE trade SET trade_status = $2 WHERE trade_no = $1";
        let name = danbao_store::Bind::Text(&good);
        world.vandalize(set, &[name, danbao_store::Bind::Text("NONSENSE")]);
        assert_eq!(result_of(world, &shop, "004", &item(&good, "1.00")), "BATCH_REFUND_DATA_ERROR");
        world.vandalize(set, &[name, danbao_store::Bind::Text("TRADE_SUCCESS")]);
        world.later(days(91));
        world.acknowledge_all();
        assert_eq!(result_of(world, &shop, "005", &item(&good, "1.00")), "TRADE_HAS_FINISHED");
    });
}

#[test]
fn a_frozen_account_refunds_nothing() {
    on_both_databases(|world| {
        let shop = refunder(world);
        let carol = world.member("carol@x.example", "0.00");
        let carol = format!("/users/{}", carol["user_id"].as_str().unwrap());
        let seller = format!("/users/{}", shop.seller_id);
        let shared = Call::direct(&shop, "g1", "10.00")
            .with("royalty_type", "10")
            .with("royalty_parameters", "carol@x.example^3.00^佣金");
        let trade_no = paid(world, &shared);
        let freeze = |world: &mut World, user: &str, is_frozen: bool| {
            world.done(Method::POST, user, &json!({ "is_frozen": is_frozen }));
        };
        // Frozen before a call, and between the slices of a batch that was confirmed before; its last item comes too late.
        let mut items: Vec<String> = (0..100).map(|n| item(&format!("20120228{n:08}"), "1.00")).collect();
        items.push(item(&trade_no, "1.00"));
        let waiting = batch(world, &shop, PWD, "001", &items);
        let path = world.get(&waiting.url()).headers()["location"].to_str().unwrap().to_owned();
        let mut browser = at_the_desk(world, &shop.seller_email);
        let form = browser.open(world, &path).form(&path).with("payment_password", "pay123");
        browser.send(world, &form);
        freeze(world, &seller, true);
        let call = batch(world, &shop, NOPWD, "002", &[item(&trade_no, "1.00")]);
        assert_eq!(error_of(world, &call).as_deref(), Some("SELLER_STATUS_NOT_ALLOW"));
        let results_of_all = results(world, &shop, "001");
        assert_eq!(results_of_all.last().unwrap(), "TXN_RESULT_ACCOUNT_STATUS_NOT_VALID");
        world.acknowledge_all();
        freeze(world, &seller, false);

        freeze(world, &carol, true);
        let back = format!("{}|carol@x.example^^pro@shop.example^^1.00^x", item(&trade_no, "1.00"));
        assert_eq!(result_of(world, &shop, "003", &back), "ROYALTYER_NOT_SIGN_PROTOCOL");
        assert_eq!(world.trade(&trade_no)["refunded"], "0.00");
    });
}

/// A seller who has given its shares away can only refund with them coming back first.
#[test]
fn royalty_shares_come_back_before_the_seller_pays() {
    on_both_databases(|world| {
        let shop = refunder(world);
        let carol = world.member("carol@x.example", "0.00");
        let carol_id = carol["user_id"].as_str().unwrap().to_owned();
        let shared = Call::direct(&shop, "f1", "10.00")
            .with("royalty_type", "10")
            .with("royalty_parameters", "carol@x.example^9.00^佣金");
        let trade_no = paid(world, &shared);
        assert_eq!(
            result_of(world, &shop, "001", &item(&trade_no, "10.00")),
            "TXN_RESULT_ACCOUNT_BALANCE_NOT_ENOUGH"
        );
        let back = |amount: &str, part: &str| {
            format!("{}|^{carol_id}^pro@shop.example^^{part}^佣金", item(&trade_no, amount))
        };
        assert_eq!(result_of(world, &shop, "002", &back("10.00", "9.01")), "REFUND_ROYALTY_FEE_ERROR");
        assert_eq!(result_of(world, &shop, "003", &back("4.00", "3.60")), "SUCCESS");
        assert_eq!(world.balance(&format!("user:{carol_id}")), "5.40");
        assert_eq!(result_of(world, &shop, "004", &back("6.00", "5.41")), "REFUND_ROYALTY_FEE_ERROR");
        assert_eq!(result_of(world, &shop, "005", &back("6.00", "5.40")), "SUCCESS");
        assert_eq!(world.balance(&format!("user:{carol_id}")), "0.00");
        assert_eq!(world.balance(&format!("user:{}", shop.seller_id)), "0.00");
        assert_eq!(world.status(&trade_no), "TRADE_CLOSED");

        // Carol has spent hers.
        let trade_no = paid(world, &shared.with("out_trade_no", "f2"));
        let other = world.merchant("kiosk@shop.example", json!({}));
        let url = Call::direct(&other, "f3", "9.00").url();
        world.checkout(&url, "carol@x.example", Value::Null);
        world.acknowledge_all();
        let back = format!("{}|carol@x.example^^pro@shop.example^^9.00^x", item(&trade_no, "10.00"));
        assert_eq!(result_of(world, &shop, "006", &back), "REASON_REFUND_ROYALTY_ERROR");
        assert_eq!(world.status(&trade_no), "TRADE_SUCCESS");
    });
}

#[test]
fn a_seller_confirms_a_batch_on_its_page_with_the_payment_password() {
    on_both_databases(|world| {
        let (shop, zhang) = (refunder(world), world.zhang());
        let trades: Vec<String> =
            (0..3).map(|n| paid_direct(world, &shop, &format!("h{n}"), "10.00")).collect();
        let items: Vec<String> = trades.iter().map(|trade_no| item(trade_no, "2.00")).collect();
        let call = batch(world, &shop, PWD, "001", &items);
        let answer = world.get(&call.url());
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        let path = answer.headers()["location"].to_str().unwrap().to_owned();
        // The same again leads to the same page, even if the merchant's clock has moved on.
        let again = world.get(&call.clone().with("refund_date", "2012-02-29 12:34:56").url());
        assert_eq!(again.headers()["location"].to_str().unwrap(), path);
        let other = call.clone().with("detail_data", &item(&trades[0], "1.00")).with("batch_num", "1");
        assert!(world.get_text(&other.url()).contains("DUPLICATE_BATCH_NO"), "other items, the same number");
        assert_eq!(
            error_of(world, &call.clone().with("service", NOPWD)).as_deref(),
            Some("DUPLICATE_BATCH_NO"),
            "what waits for a password is not done without one"
        );

        let mut stranger = at_the_desk(world, &zhang.email);
        let page = stranger.open(world, &path);
        assert_eq!(page.status, StatusCode::FORBIDDEN);
        assert!(!page.shows(&trades[0]), "somebody else's batch");
        assert_eq!(world.get(&path[..path.len() - 1]).status(), StatusCode::NOT_FOUND, "not to be guessed");
        assert!(world.get(&path).headers()["location"].to_str().unwrap().starts_with("/desk/sign-in?next="));

        let mut seller = at_the_desk(world, &shop.seller_email);
        let page = seller.open(world, &path);
        assert!(trades.iter().all(|trade_no| page.shows(trade_no)) && page.shows("协商退款"));
        assert!(!page.html.contains("http-equiv=\"refresh\""));
        let form = page.form(&path);
        assert!(seller.send(world, &form).says("payment_password_empty"));
        let wrong = seller.send(world, &form.clone().with("payment_password", "login123"));
        assert!(wrong.says("payment_password_wrong"));
        let forged = form.clone().with("csrf", "x").with("payment_password", "pay123");
        assert!(seller.send(world, &forged).says("form_expired"));
        assert_eq!(results(world, &shop, "001"), ["-", "-", "-"]);
        assert!(world.sent.is_empty());

        let done = seller.send(world, &form.clone().with("payment_password", "pay123"));
        assert_eq!(done.at, path);
        assert!(!done.has_form(&path), "nothing is left to confirm");
        assert_eq!(results(world, &shop, "001"), ["SUCCESS"; 3]);
        world.acknowledge_all();
        let twice = seller.send(world, &form.with("payment_password", "pay123"));
        assert_eq!(twice.at, path, "a second click shows the same page");
        assert!(world.sent.is_empty() && world.trade(&trades[0])["refunded"] == "2.00");
        assert!(world.get_text(&call.url()).contains("DUPLICATE_BATCH_NO"), "confirmed is confirmed");
        let history = world.trade(&trades[0])["history"].clone();
        assert_eq!(history.as_array().unwrap().last().unwrap()["actor"], "seller");
    });
}

#[test]
fn wrong_payment_passwords_lock_the_account_on_this_page_too() {
    on_both_databases(|world| {
        let shop = refunder(world);
        let trade_no = paid_direct(world, &shop, "i1", "10.00");
        let call = batch(world, &shop, PWD, "001", &[item(&trade_no, "2.00")]);
        let path = world.get(&call.url()).headers()["location"].to_str().unwrap().to_owned();
        let mut seller = at_the_desk(world, &shop.seller_email);
        let form = seller.open(world, &path).form(&path);
        for _ in 0..5 {
            seller.send(world, &form.clone().with("payment_password", "guess"));
        }
        let locked = seller.send(world, &form.with("payment_password", "pay123"));
        assert!(locked.says("locked"));
        assert_eq!(results(world, &shop, "001"), ["-"]);
    });
}

#[test]
fn reasons_in_gbk_are_shown_and_results_are_told_in_gbk() {
    on_both_databases(|world| {
        let shop = refunder(world);
        let trade_no = paid_direct(world, &shop, "n1", "10.00");
        let reason = "退".repeat(127);
        let call = batch(world, &shop, NOPWD, "001", &[format!("{trade_no}^1.00^{reason}")]).in_gbk();
        assert_eq!(error_of(world, &call), None);
        world.acknowledge();
        let sent = world.sent.front().unwrap();
        let kind = sent.request.headers()["content-type"].to_str().unwrap();
        assert!(kind.ends_with("charset=gbk"), "{kind}");
        world.acknowledge();
        assert_eq!(stored(world, &shop, "001")["items"][0]["reason"], reason);
        let mut seller = at_the_desk(world, &shop.seller_email);
        let page = seller.open(world, &format!("/desk/trades/{trade_no}"));
        assert!(page.shows(&reason) && page.shows("20120229001"), "the desk lists it");
    });
}

/// Whoever signs with RSA is told with RSA.
#[test]
fn a_batch_signed_with_rsa_is_told_with_rsa() {
    on_both_databases(|world| {
        let shop = refunder(world);
        let own = Key::from(&Signer::Rsa(rsa::PrivateKey::generate([9; 32], 1024).unwrap()));
        world.keys(|conn, now| {
            keys::add(conn, &keys::Owner::Gateway, SignType::Rsa, own, None, [5; 32], now).unwrap()
        });
        let signer = Signer::Rsa(rsa::PrivateKey::generate([3; 32], 1024).unwrap());
        let theirs = Key::from(&signer.verifier());
        let owner = keys::Owner::Partner(PartnerId::new(shop.partner.as_str()));
        world.keys(|conn, now| keys::add(conn, &owner, SignType::Rsa, theirs, None, [5; 32], now).unwrap());
        let trade_no = paid_direct(world, &shop, "o1", "10.00");
        let call = batch(world, &shop, NOPWD, "001", &[item(&trade_no, "1.00")])
            .with("sign_type", "RSA")
            .signed_by(&signer);
        assert_eq!(error_of(world, &call), None);
        world.acknowledge();
        let letter = world.sent.front().unwrap();
        let params = Params::parse_urlencoded(letter.request.body()).unwrap();
        assert_eq!(params.get("sign_type"), Some(b"RSA".as_slice()));
        assert_eq!(letter.said.get("success_num"), "1");
        world.acknowledge();
    });
}

#[test]
fn a_seller_refunds_one_trade_at_the_desk() {
    on_both_databases(|world| {
        let (shop, zhang) = (refunder(world), world.zhang());
        let trade_no = paid_direct(world, &shop, "p1", "10.00");
        let path = format!("/desk/trades/{trade_no}");
        let mut seller = at_the_desk(world, &shop.seller_email);
        let mut buyer = at_the_desk(world, &zhang.email);
        assert!(!buyer.open(world, &path).has_form("/refund_paid"));
        let form = seller.open(world, &path).form("/refund_paid");
        assert_eq!(form.fields["amount"], "10.00");
        let form = form.with("payment_password", "pay123").with("amount", "4.00");
        assert!(seller.send(world, &form).says("reason_missing"));
        let form = form.with("refund_reason", "少发一件^|$#");
        assert!(
            seller.send(world, &form.clone().with("payment_password", "")).says("payment_password_empty")
        );
        for amount in ["0", "10.01", "-1", "x"] {
            assert!(
                seller.send(world, &form.clone().with("amount", amount)).says("amount_wrong"),
                "{amount}"
            );
        }
        assert_eq!(world.count("SELECT COUNT(*) FROM refund_batch"), 0, "nothing was kept");
        let done = seller.send(world, &form);
        assert!(done.at.ends_with("?done=refund_paid") && done.shows("REFUND_SUCCESS"), "{}", done.html);
        assert!(done.shows("少发一件^|$#") && done.shows("6.00"), "listed, and the rest is offered");
        let told = world.acknowledge();
        assert_eq!(states(&told), ["TRADE_SUCCESS", "REFUND_SUCCESS"].map(str::to_owned));
        assert!(world.sent.is_empty(), "no merchant's batch, so no letter");
        assert!(buyer.open(world, &path).shows("少发一件"));

        let spent = world.act(&trade_no, json!({ "action": "refund_paid", "amount": "6.01" }));
        assert_eq!(spent, json!({ "error_code": "REFUND_TRADE_FEE_ERROR" }));
        let after = world.act(&trade_no, json!({ "action": "refund_paid", "reason": "全退" }));
        assert_eq!((&after["trade_status"], &after["refunded"]), (&json!("TRADE_CLOSED"), &json!("10.00")));
        assert_eq!(world.acknowledge_all(), ["TRADE_CLOSED"]);
        assert!(!seller.open(world, &path).has_form("/refund_paid"));
        assert_eq!(seller.send(world, &form).code(), "TRADE_HAS_CLOSED");
    });
}

/// A retry of an earlier refund's notification says what it said, whatever was refunded since.
#[test]
fn a_late_notification_of_a_refund_keeps_its_own_time() {
    on_both_databases(|world| {
        let shop = refunder(world);
        let trade_no = paid_direct(world, &shop, "q1", "10.00");
        world.act(&trade_no, json!({ "action": "refund_paid", "amount": "1.00" }));
        let first = world.answer_with(500, "");
        world.later(std::time::Duration::from_secs(1));
        world.act(&trade_no, json!({ "action": "refund_paid", "amount": "9.00" }));
        assert_eq!(world.acknowledge().get("trade_status"), "TRADE_CLOSED");
        world.later(days(1));
        let again = world.acknowledge();
        for name in ["trade_status", "refund_status", "gmt_refund", "gmt_close", "notify_time"] {
            assert_eq!(again.get(name), first.get(name), "{name}");
        }
    });
}
