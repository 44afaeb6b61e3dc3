//! Refund batches under load: in slices, in races and through deaths.

use danbao_gateway::password::PasswordCost;
use danbao_gateway::{Config, Gateway};
use danbao_protocol::node::{AskId, Input, Node, Output, Request};
use danbao_protocol::sign::Md5Key;
use danbao_store::faulty::Death;
use danbao_store::testing::Database;
use http::Method;
use serde_json::{Value, json};

use super::order::Call;
use super::refund_batches::{NOPWD, PWD, batch, error_of, item, paid_direct, refunder, results, stored};
use super::refunds::at_the_desk;
use super::world::{Merchant, NOON, World, on_both_databases, request};

/// A thousand items go in slices; in between others are served, and the page says how far it is.
#[test]
fn a_thousand_items_are_taken_in_slices_and_told_once() {
    on_both_databases(|world| {
        let shop = refunder(world);
        let zhang = world.zhang();
        let mut items = Vec::new();
        for n in 0..30 {
            let trade_no = paid_direct(world, &shop, &format!("j{n}"), "10.00");
            items.push(item(&trade_no, "1.00"));
        }
        items.extend((0..970).map(|n| item(&format!("20120228{n:08}"), "1.00")));
        let call = batch(world, &shop, PWD, "001", &items);
        let asked = request(Method::POST, "/gateway.do", call.signed());
        let path = world.ask(asked).headers()["location"].to_str().unwrap().to_owned();
        let mut seller = at_the_desk(world, &shop.seller_email);
        let form = seller.open(world, &path).form(&path).with("payment_password", "pay123");
        let page = seller.send(world, &form);
        assert!(page.html.contains("http-equiv=\"refresh\""), "it shows itself anew");
        // The click's own step took a slice, and so did every look at the page since.
        let shown = stored(world, &shop, "001");
        let done = shown["done"].as_i64().unwrap();
        assert!((50..=200).contains(&done), "{done}");
        assert_eq!(shown["finished_at"], Value::Null);
        let url = Call::direct(&shop, "j-between", "1.00").url();
        let between = world.checkout(&url, &zhang.email, Value::Null);
        assert!(between["return_url"].is_string(), "others are served");
        let mut done = stored_done(world);
        while done < 1_000 {
            assert!(world.next_due().unwrap() <= world.now, "it wants to go on at once");
            world.wake();
            assert_eq!(stored_done(world), done + 50);
            done += 50;
        }
        let letters = world.count("SELECT COUNT(*) FROM notice WHERE letter IS NOT NULL");
        assert_eq!(letters, 1);
        let mut told = Vec::new();
        while !world.sent.is_empty() {
            let said = world.acknowledge();
            if said.get("notify_type") == "batch_refund_notify" {
                told.push(said);
            }
        }
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].get("success_num"), "30");
        assert_eq!(told[0].get("result_details").split('#').count(), 1_000);
        assert_eq!(stored(world, &shop, "001")["succeeded"], 30);
        let page = seller.open(world, &path);
        assert!(!page.html.contains("http-equiv=\"refresh\""));
    });
}

#[test]
fn two_batches_cannot_refund_more_of_a_trade_than_there_is() {
    on_both_databases(|world| {
        let shop = refunder(world);
        let trade_no = paid_direct(world, &shop, "k1", "10.00");
        paid_direct(world, &shop, "k2", "100.00");
        let calls: Vec<Call> = ["001", "002", "003"]
            .map(|sequence| batch(world, &shop, NOPWD, sequence, &[item(&trade_no, "6.00")]))
            .into();
        let inputs: Vec<Input> =
            calls.iter().map(|call| world.input(request(Method::GET, &call.url(), ""))).collect();
        world.step(inputs);
        world.acknowledge_all();
        let mut all: Vec<String> =
            ["001", "002", "003"].iter().flat_map(|sequence| results(world, &shop, sequence)).collect();
        all.sort();
        assert_eq!(all, ["REFUND_TRADE_FEE_ERROR", "REFUND_TRADE_FEE_ERROR", "SUCCESS"]);
        assert_eq!(world.trade(&trade_no)["refunded"], "6.00");
    });
}

/// Two gateways on one database take two batches for the same trades at the same time.
#[test]
fn two_nodes_that_race_for_the_same_trades_refund_each_once() {
    let Some(database) = Database::postgres().unwrap() else { return };
    let mut config = Config::sandbox("http://pay.example");
    config.password_cost = PasswordCost::SIMULATED;
    let open = |seed| Gateway::open(database.connect().unwrap(), config.clone(), [seed; 32], NOON).unwrap();
    let (mut one, mut other) = (open(1), open(2));
    let demo = one.ensure_demo(NOON, None).unwrap();
    let ask = |gateway: &mut Gateway, asked: Request| -> Value {
        let outputs = gateway.step(NOON, vec![Input::Request { id: AskId(1), request: asked }]).unwrap();
        let answer = outputs.into_iter().find_map(|output| match output {
            Output::Respond { response, .. } => Some(response),
            Output::Send { .. } => None,
        });
        serde_json::from_slice(answer.unwrap().body()).unwrap_or_default()
    };
    let sandbox = |method: Method, path: &str, body: Value| {
        let mut asked = request(method, &format!("/sandbox/v1{path}"), body.to_string());
        let bearer = format!("Bearer {}", demo.sandbox_token);
        asked.headers_mut().insert(http::header::AUTHORIZATION, bearer.parse().unwrap());
        asked
    };
    let contract = json!({ "seller_email": "pro@shop.example", "is_refundable": true });
    let made = ask(&mut one, sandbox(Method::POST, "/partners", contract));
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    let shop = Merchant {
        partner: text("partner"),
        key: Md5Key::new(text("key")),
        seller_email: text("seller_email"),
        seller_id: text("seller_id"),
    };
    let mut items = Vec::new();
    for n in 0..20 {
        let url = Call::direct(&shop, &format!("r{n}"), "10.00").url();
        let body = json!({ "url": url, "buyer": demo.buyers[0].email });
        let paid = ask(&mut one, sandbox(Method::POST, "/checkout", body));
        items.push(item(paid["trade_no"].as_str().unwrap(), "6.00"));
    }
    let call = |sequence: &str| {
        let call = Call::new(&shop, NOPWD)
            .with("seller_email", &shop.seller_email)
            .with("refund_date", &NOON.wire())
            .with("batch_no", &format!("20120229{sequence}"))
            .with("batch_num", &items.len().to_string())
            .with("detail_data", &items.join("#"));
        Input::Request { id: AskId(1), request: request(Method::GET, &call.url(), "") }
    };
    std::thread::scope(|threads| {
        for (gateway, sequence) in [(&mut one, "001"), (&mut other, "002")] {
            let input = call(sequence);
            threads.spawn(move || {
                gateway.step(NOON, vec![input]).unwrap();
                for _ in 0..5 {
                    gateway.step(NOON, vec![Input::Due]).unwrap();
                }
            });
        }
    });
    let results: Vec<String> = ["001", "002"]
        .into_iter()
        .flat_map(|sequence| {
            let path = format!("/refund-batches?partner={}&batch_no=20120229{sequence}", shop.partner);
            let shown = ask(&mut one, sandbox(Method::GET, &path, Value::Null));
            assert!(shown["finished_at"].is_string(), "{shown}");
            let items = shown["items"].as_array().unwrap().clone();
            items.into_iter().map(|item| item["result"].as_str().unwrap().to_owned())
        })
        .collect();
    let of = |word: &str| results.iter().filter(|result| *result == word).count();
    assert_eq!((of("SUCCESS"), of("REFUND_TRADE_FEE_ERROR")), (20, 20), "{results:?}");
    let ledger = ask(&mut one, sandbox(Method::GET, "/ledger", Value::Null));
    assert_eq!(ledger["accounts"][format!("user:{}", shop.seller_id)], "80.00");
    assert_eq!(ledger["imbalance"], "0.00");
}

/// The process dies before one statement after another: an item is refunded once or not yet, and the batch goes on.
#[test]
fn a_death_between_slices_loses_no_item_and_repeats_none() {
    on_both_databases(|world| {
        let shop = refunder(world);
        let mut items = Vec::new();
        for n in 0..60 {
            let trade_no = paid_direct(world, &shop, &format!("m{n}"), "10.00");
            items.push(item(&trade_no, "3.00"));
        }
        let call = batch(world, &shop, NOPWD, "001", &items);
        let mut deaths = 0;
        // In the call itself, then in a slice at several of its statements, then at its very commit.
        for n in [3, 40, 200] {
            let died = world.dies(Death::BeforeStatement(n), request(Method::GET, &call.url(), ""));
            deaths += u32::from(died);
            world.restart();
            assert_eq!(world.count("SELECT COUNT(*) FROM refund_batch"), 0, "nothing is kept of it");
        }
        assert_eq!(error_of(world, &call), None);
        assert_eq!(stored_done(world), 50);
        for death in [Death::BeforeStatement(5), Death::BeforeStatement(60), Death::AfterCommit(1)] {
            deaths += u32::from(world.dies(death, request(Method::GET, "/livez", "")));
            world.restart();
            world.sent.clear();
        }
        world.wake();
        assert!(deaths >= 5, "{deaths}");
        assert_eq!(stored_done(world), 60);
        assert_eq!(world.count("SELECT COUNT(*) FROM trade WHERE refunded = 300"), 60);
        assert_eq!(world.count("SELECT COUNT(*) FROM trade_event WHERE command = 'refund_paid'"), 60);
        assert_eq!(world.count("SELECT COUNT(*) FROM notice WHERE letter IS NOT NULL"), 1);
    });
}

fn stored_done(world: &mut World) -> i64 {
    world.count("SELECT done FROM refund_batch")
}
