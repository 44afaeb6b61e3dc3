//! One thing is broken, and everything else goes on: a trade or an item whose change the books do not take is set aside
//! and nobody waits for it; what is large is done in slices.

use danbao_store::Bind;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::order::Call;
use super::refund_batches::{NOPWD, PWD, batch, error_of, item, paid_direct, refunder, results};
use super::refunds::at_the_desk;
use super::world::{Merchant, World, days, minutes, on_both_databases, on_both_databases_with, request};

/// An escrow trade that Zhang has paid and the shop has shipped; the clock will confirm it.
fn shipped(world: &mut World, order: &str) -> String {
    let (shop, zhang) = (world.shop.clone(), world.zhang());
    let call = Call::escrow(&shop, order, "10.00").addressed();
    let paid = world.checkout(&call.url(), &zhang.email, Value::Null);
    let no = paid["trade_no"].as_str().unwrap().to_owned();
    world.act(&no, json!({ "action": "send_goods" }));
    world.acknowledge_all();
    no
}

fn set_balance(world: &mut World, account: &str, fen: i64) {
    let sql = "UPDATE account SET balance = $2 WHERE account = $1";
    world.vandalize(sql, &[Bind::Text(account), Bind::Int(fen)]);
}

/// The escrow account of one trade was emptied behind the gateway's back: its confirmation cannot be written, and would
/// have taken every step of the node with it, requests included.
#[test]
fn a_deadline_whose_change_the_books_refuse_is_set_aside_and_the_others_are_kept() {
    on_both_databases(|world| {
        let (broken, sound) = (shipped(world, "s1"), shipped(world, "s2"));
        let escrow = format!("escrow:{broken}");
        set_balance(world, &escrow, 0);
        world.later(days(10));
        assert_eq!(world.get("/livez").status(), StatusCode::OK, "nobody waits for it");
        assert_eq!(world.status(&sound), "TRADE_FINISHED");
        assert_eq!(world.status(&broken), "WAIT_BUYER_CONFIRM_GOODS");
        assert_eq!(world.acknowledge_all(), ["TRADE_FINISHED"], "and nothing was told of it");
        let again = world.next_due().unwrap();
        assert!(again > world.now, "it does not keep the node awake");
        set_balance(world, &escrow, 1_000);
        world.later(minutes(60));
        assert_eq!(world.status(&broken), "TRADE_FINISHED", "it is tried again by itself");
        world.acknowledge_all();
    });
}

/// The same in a slice of a batch: the one item fails and says so, the others are refunded.
#[test]
fn an_item_whose_refund_the_books_refuse_fails_alone() {
    on_both_databases(|world| {
        let shop = refunder(world);
        // The second is too small for a charge.
        let with_charge = paid_direct(world, &shop, "s3", "10.00");
        let without = paid_direct(world, &shop, "s4", "0.10");
        let last = paid_direct(world, &shop, "s5", "0.10");
        set_balance(world, "fee", 0);
        let items = [item(&without, "0.10"), item(&with_charge, "10.00"), item(&last, "0.10")];
        let call = batch(world, &shop, NOPWD, "001", &items);
        assert_eq!(error_of(world, &call), None, "the call itself is kept");
        assert_eq!(results(world, &shop, "001"), ["SUCCESS", "BATCH_REFUND_DATA_ERROR", "SUCCESS"]);
        assert_eq!(world.status(&with_charge), "TRADE_SUCCESS");
        let letters: Vec<String> =
            std::iter::from_fn(|| (!world.sent.is_empty()).then(|| world.acknowledge()))
                .map(|said| said.get("success_num").to_owned())
                .filter(|success| !success.is_empty())
                .collect();
        assert_eq!(letters, ["2"]);
        set_balance(world, "fee", 6);
        let call = batch(world, &shop, NOPWD, "002", &[item(&with_charge, "10.00")]);
        assert_eq!(error_of(world, &call), None);
        assert_eq!(results(world, &shop, "002"), ["SUCCESS"], "and can be asked for again");
        world.acknowledge_all();
    });
}

/// A word that this release does not know, written by a newer node on the same database, costs its own row alone.
#[test]
fn rows_that_cannot_be_read_hold_up_nobody() {
    on_both_databases(|world| {
        let shop = refunder(world);
        let (odd, sound) = (shipped(world, "s6"), shipped(world, "s7"));
        let sql = "INSERT INTO deadline (trade_no, kind, due_at) VALUES ($1, 'of_tomorrow', 1)";
        world.vandalize(sql, &[Bind::Text(&odd)]);
        let trade_no = paid_direct(world, &shop, "s8", "10.00");
        let unread = batch(world, &shop, NOPWD, "001", &[item(&trade_no, "1.00")]);
        world.act(&sound, json!({ "action": "confirm_goods" }));
        assert_eq!(error_of(world, &unread), None);
        world.vandalize("UPDATE refund_batch SET origin = 'of_tomorrow', due_at = 1, done = 0", &[]);
        world.vandalize(
            "UPDATE notice SET sign_type = 'TOMORROW', due_at = 1, awaiting = 0 WHERE letter IS NOT NULL",
            &[],
        );
        let good = batch(world, &shop, NOPWD, "002", &[item(&trade_no, "2.00")]);
        assert_eq!(error_of(world, &good), None);
        assert_eq!(results(world, &shop, "002"), ["SUCCESS"]);
        assert!(world.next_due().unwrap() > world.now);
        world.vandalize("DELETE FROM deadline WHERE kind = 'of_tomorrow'", &[]);
        world.vandalize("UPDATE refund_batch SET origin = 'nopwd', due_at = NULL, done = items", &[]);
        world.sent.clear();
    });
}

fn freeze(world: &mut World, user_id: &str, is_frozen: bool) {
    world.done(Method::POST, &format!("/users/{user_id}"), &json!({ "is_frozen": is_frozen }));
}

/// So many payments of one yuan to a seller who was frozen in between.
fn pending(world: &mut World, shop: &Merchant, count: usize) -> Vec<String> {
    let zhang = world.zhang();
    let made: Vec<String> = (0..count)
        .map(|n| {
            let url = Call::direct(shop, &format!("p{n}"), "1.00").url();
            let made = world.checkout(&url, &zhang.email, json!({ "stop_unpaid": true }));
            made["trade_no"].as_str().unwrap().to_owned()
        })
        .collect();
    freeze(world, &shop.seller_id, true);
    for no in &made {
        assert_eq!(world.act(no, json!({ "action": "pay" }))["trade_status"], "TRADE_PENDING");
    }
    world.acknowledge_all();
    made
}

const STILL_PENDING: &str = "SELECT COUNT(*) FROM trade WHERE trade_status = 'TRADE_PENDING'";

/// An account for which very many payments wait is released at once, and the payments follow in slices.
#[test]
fn what_waits_for_an_account_is_passed_on_in_slices_and_stops_when_it_is_frozen_again() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        let made = pending(world, &shop, 230);
        freeze(world, &shop.seller_id, false);
        assert_eq!(world.count(STILL_PENDING), 30, "a slice went with the release itself");
        assert!(world.next_due().unwrap() <= world.now, "the rest wants to go at once");
        let shown = world.count("SELECT COUNT(*) FROM deadline WHERE kind = 'release'");
        freeze(world, &shop.seller_id, true);
        assert!(shown == 30 && world.count(STILL_PENDING) == 30, "a frozen account takes nothing");
        assert_eq!(world.count("SELECT COUNT(*) FROM deadline WHERE kind = 'release'"), 0);
        freeze(world, &shop.seller_id, false);
        assert_eq!(world.count(STILL_PENDING), 0);
        assert_eq!(world.balance(&format!("user:{}", shop.seller_id)), "227.70".to_owned());
        assert_eq!(world.status(&made[0]), "TRADE_FINISHED");
        world.acknowledge_all();
    });
}

/// One broken payment used to keep the whole account frozen: the release was refused with a fault each time.
#[test]
fn a_payment_that_cannot_be_passed_on_does_not_keep_its_account_frozen() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        let made = pending(world, &shop, 3);
        let escrow = format!("escrow:{}", made[1]);
        set_balance(world, &escrow, 50);
        freeze(world, &shop.seller_id, false);
        let states: Vec<String> = made.iter().map(|no| world.status(no)).collect();
        assert_eq!(states, ["TRADE_FINISHED", "TRADE_PENDING", "TRADE_FINISHED"]);
        set_balance(world, &escrow, 100);
        world.later(minutes(60));
        assert_eq!(world.status(&made[1]), "TRADE_FINISHED");
        world.acknowledge_all();
    });
}

/// A stranger who has a contract may put any number into a batch. It is refused there, and the trade's own seller hears
/// nothing of the stranger's words.
#[test]
fn what_a_stranger_asks_of_a_trade_is_not_shown_to_its_seller() {
    on_both_databases(|world| {
        let shop = refunder(world);
        let stranger = world.merchant("stranger@shop.example", json!({ "is_refundable": true }));
        let trade_no = paid_direct(world, &shop, "s9", "10.00");
        let own = batch(world, &shop, NOPWD, "001", &[item(&trade_no, "1.00")]);
        assert_eq!(error_of(world, &own), None);
        let words = format!("{trade_no}^1.00^call-me-at-evil.example");
        let call = batch(world, &stranger, NOPWD, "777", &[words]);
        assert_eq!(error_of(world, &call), None);
        assert_eq!(results(world, &stranger, "777"), ["NOT_THIS_PARTNERS_TRADE"]);
        let page = at_the_desk(world, &shop.seller_email).open(world, &format!("/desk/trades/{trade_no}"));
        assert!(page.html.contains("20120229001"), "the seller's own batch is there");
        assert!(!page.html.contains("evil.example") && !page.html.contains("20120229777"), "{}", page.html);
        world.sent.clear();
    });
}

/// A frozen account pays nothing: the desk does not offer it, and a batch's page says why instead of burning the batch.
#[test]
fn a_frozen_seller_is_offered_no_refund_and_loses_no_batch() {
    on_both_databases(|world| {
        let shop = refunder(world);
        let trade_no = paid_direct(world, &shop, "s10", "10.00");
        let call = batch(world, &shop, PWD, "001", &[item(&trade_no, "1.00")]);
        let led = world.ask(request(Method::POST, "/gateway.do", call.signed()));
        let path = led.headers()["location"].to_str().unwrap().to_owned();
        let mut seller = at_the_desk(world, &shop.seller_email);
        let at = format!("/desk/trades/{trade_no}");
        let desk_form = seller.open(world, &at).form("/refund_paid");
        let form = seller.open(world, &path).form(&path).with("payment_password", "pay123");
        freeze(world, &shop.seller_id, true);
        assert!(!seller.open(world, &at).has_form("/refund_paid"));
        let page = seller.open(world, &path);
        assert!(!page.has_form(&path) && page.says("account_frozen"), "{}", page.html);
        assert!(seller.send(world, &form).says("account_frozen"), "an old page's form");
        assert_eq!(results(world, &shop, "001"), ["-"], "it waits");
        let filled = desk_form.with("payment_password", "pay123").with("refund_reason", "x");
        let refused = seller.send(world, &filled);
        assert!(refused.says("account_frozen"), "{}", refused.html);
        freeze(world, &shop.seller_id, false);
        seller.send(world, &form);
        assert_eq!(results(world, &shop, "001"), ["SUCCESS"]);
        world.acknowledge_all();
    });
}

/// Refunds in parts have no end, and each is told: an id finds its notification however many there were before.
#[test]
fn a_trade_with_very_many_changes_is_still_found_by_its_ids() {
    on_both_databases(|world| {
        let shop = refunder(world);
        let trade_no = paid_direct(world, &shop, "s11", "10.00");
        world.vandalize("UPDATE trade SET version = 1299 WHERE trade_no = $1", &[Bind::Text(&trade_no)]);
        world.act(&trade_no, json!({ "action": "refund_paid", "amount": "1.00", "reason": "x" }));
        let said = world.acknowledge();
        let url = format!(
            "/gateway.do?service=notify_verify&partner={}&notify_id={}",
            shop.partner,
            said.get("notify_id")
        );
        assert_eq!(world.get_text(&url), "true");
    });
}

/// What nobody confirms falls away after a day, says so, and is refunded neither by an old page nor by the same call again.
#[test]
fn a_batch_that_nobody_confirms_expires() {
    let settings = |config: &mut danbao_gateway::Config| config.unconfirmed_batch = minutes(5);
    on_both_databases_with(settings, |world| {
        let shop = refunder(world);
        let trade_no = paid_direct(world, &shop, "s12", "10.00");
        let call = batch(world, &shop, PWD, "001", &[item(&trade_no, "1.00")]);
        let led = world.ask(request(Method::POST, "/gateway.do", call.signed()));
        let path = led.headers()["location"].to_str().unwrap().to_owned();
        let mut seller = at_the_desk(world, &shop.seller_email);
        let page = seller.open(world, &path);
        assert!(page.shows("2012-02-29 12:05:00"), "{}", page.html);
        let form = page.form(&path).with("payment_password", "pay123");
        world.later(minutes(4));
        let same = world.ask(request(Method::POST, "/gateway.do", call.signed()));
        assert_eq!(same.headers()["location"].to_str().unwrap(), path, "a call again does not begin it anew");
        world.later(minutes(1));
        let page = seller.open(world, &path);
        assert!(!page.has_form(&path) && page.shows("批量退款已过期"), "{}", page.html);
        assert!(seller.send(world, &form).says("batch_expired"));
        assert_eq!(results(world, &shop, "001"), ["-"]);
        let again = world.ask(request(Method::POST, "/gateway.do", call.signed()));
        assert!(String::from_utf8_lossy(again.body()).contains("DUPLICATE_BATCH_NO"));
        assert_eq!(world.trade(&trade_no)["refunded"], "0.00");
    });
}

/// A page holds a hundred items of a thousand, and says which.
#[test]
fn a_large_batch_is_shown_a_hundred_items_at_a_time() {
    on_both_databases(|world| {
        let shop = refunder(world);
        let items: Vec<String> = (1..=201).map(|n| item(&format!("20120228{n:08}"), "1.00")).collect();
        let call = batch(world, &shop, PWD, "001", &items);
        let led = world.ask(request(Method::POST, "/gateway.do", call.signed()));
        let path = led.headers()["location"].to_str().unwrap().to_owned();
        let mut seller = at_the_desk(world, &shop.seller_email);
        let first = seller.open(world, &path);
        assert!(first.html.contains("2012022800000100") && !first.html.contains("2012022800000101"));
        assert!(first.shows("201.00"), "the sum is the batch's, not the page's");
        let last = seller.open(world, &format!("{path}?page=3"));
        assert!(last.html.contains("2012022800000201") && !last.html.contains("2012022800000200"));
        assert!(last.html.contains("?page=2") && !last.html.contains("?page=4"));
        for odd in ["4", "0", "-1", "x", "99999999999999999999"] {
            let page = seller.open(world, &format!("{path}?page={odd}"));
            assert!(page.html.contains("2012022800000001"), "{odd}");
        }
    });
}

/// The clock has jumped over the end of very many refund periods: a batch that comes at the same moment finds them over.
#[test]
fn a_batch_does_not_overtake_the_end_of_a_refund_period() {
    on_both_databases(|world| {
        let shop = refunder(world);
        let mut last = String::new();
        for n in 0..201 {
            last = paid_direct(world, &shop, &format!("late{n}"), "1.00");
        }
        world.later(days(90).saturating_sub(minutes(60)));
        let call = batch(world, &shop, NOPWD, "001", &[item(&last, "1.00")]);
        world.now = world.now.plus(minutes(61));
        assert_eq!(error_of(world, &call), None);
        world.wake();
        assert_eq!(world.status(&last), "TRADE_FINISHED");
        let refunded = world.texts("SELECT COALESCE(result, '-') FROM refund_item");
        assert_eq!(refunded, ["TRADE_HAS_FINISHED"]);
        while !world.sent.is_empty() {
            world.acknowledge();
        }
    });
}

/// A click that was made twice, or a page that was open in two tabs: the second finds another rest than it showed.
#[test]
fn a_part_is_refunded_once_by_one_form_of_the_desk() {
    on_both_databases(|world| {
        let shop = refunder(world);
        let trade_no = paid_direct(world, &shop, "s13", "10.00");
        let at = format!("/desk/trades/{trade_no}");
        let mut seller = at_the_desk(world, &shop.seller_email);
        let form = seller.open(world, &at).form("/refund_paid");
        let form = form.with("amount", "4.00").with("refund_reason", "x").with("payment_password", "pay123");
        let first = seller.send(world, &form);
        assert!(first.at.ends_with("?done=refund_paid"), "{}", first.html);
        let second = seller.send(world, &form);
        assert!(second.says("trade_moved_on"), "{}", second.html);
        assert_eq!(world.trade(&trade_no)["refunded"], "4.00");
        let anew = seller.open(world, &at).form("/refund_paid");
        let anew = anew.with("amount", "4.00").with("refund_reason", "x").with("payment_password", "pay123");
        assert!(seller.send(world, &anew).at.ends_with("?done=refund_paid"));
        assert_eq!(world.trade(&trade_no)["refunded"], "8.00");
        world.acknowledge_all();
    });
}
