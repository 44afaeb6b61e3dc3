//! Fault plans: what they do to notifications, that a run can be repeated, and that nothing that is owed is lost.

use std::time::Duration;

use danbao_protocol::charset::Charset;
use danbao_protocol::node::{Carriage, NoAnswer};
use danbao_protocol::params::Params;
use danbao_protocol::sign::{self, Leniency, Verifier};
use http::Method;
use serde_json::{Value, json};

use super::browser::Browser;
use super::order::Call;
use super::world::{World, days, on_both_databases};

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn plan(world: &mut World, more: Value) -> i64 {
    let mut body = json!({ "partner": world.shop.partner });
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    world.is_rough = true;
    world.done(Method::POST, "/faults", &body)["plan_id"].as_i64().unwrap()
}

fn end(world: &mut World, plan_id: i64) {
    world.done(Method::POST, &format!("/faults/{plan_id}/end"), &Value::Null);
    world.is_rough = false;
}

fn buy(world: &mut World, call: &Call) -> String {
    let zhang = world.zhang();
    let bought = world.checkout(&call.url(), &zhang.email, Value::Null);
    bought["trade_no"].as_str().unwrap_or_else(|| panic!("{bought}")).to_owned()
}

/// The only notification of a direct trade.
fn notice(world: &mut World, trade_no: &str) -> Value {
    world.trade(trade_no)["notices"][0].clone()
}

/// Outcome and faults of each try.
fn tries(notice: &Value) -> Vec<(String, Vec<String>)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let attempts = notice["attempts"].as_array().unwrap().iter();
    attempts
        .map(|attempt| {
            (text(&attempt["outcome"]), attempt["faults"].as_array().unwrap().iter().map(text).collect())
        })
        .collect()
}

fn tried(outcome: &str, faults: &[&str]) -> (String, Vec<String>) {
    (outcome.to_owned(), faults.iter().map(|fault| (*fault).to_owned()).collect())
}

#[test]
fn a_dropped_try_never_leaves_and_the_schedule_goes_on() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        plan(world, json!({ "faults": [{ "fault": "drop", "tries": 1 }] }));
        let trade_no = buy(world, &Call::direct(&shop, "f1", "1.00"));
        assert!(world.sent.is_empty());
        world.later(seconds(5));
        assert_eq!(world.acknowledge().get("trade_status"), "TRADE_FINISHED");
        let told = notice(world, &trade_no);
        assert_eq!(tries(&told), [tried("timed_out", &["drop"]), tried("acknowledged", &[])]);
        assert_eq!(told["state"], "acknowledged");
    });
}

#[test]
fn an_outage_of_25_hours_loses_nothing() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        plan(world, json!({ "faults": [{ "fault": "outage" }] }));
        let direct = buy(world, &Call::direct(&shop, "f2", "1.00"));
        let escrow = buy(world, &Call::escrow(&shop, "f3", "1.00"));
        let ledger = world.done(Method::GET, "/ledger", &Value::Null);
        for _ in 0..294 {
            world.later(seconds(300));
        }
        assert!(world.sent.is_empty());
        let told = notice(world, &direct);
        assert_eq!(told["state"], "pending", "used up, but not given up");
        assert!(
            tries(&told).len() == 8
                && tries(&told).iter().all(|one| *one == tried("unreachable", &["outage"]))
        );
        world.later(seconds(1_800));
        world.is_rough = false;
        world.wake();
        let mut all = world.acknowledge_all();
        all.sort_unstable();
        assert_eq!(all, ["TRADE_FINISHED", "WAIT_BUYER_PAY", "WAIT_SELLER_SEND_GOODS"]);
        assert_eq!(notice(world, &direct)["state"], "acknowledged");
        assert_eq!(notice(world, &escrow)["state"], "acknowledged");
        assert_eq!(world.done(Method::GET, "/ledger", &Value::Null), ledger);
    });
}

#[test]
fn with_the_end_of_a_plan_a_merchant_that_is_still_down_has_its_whole_schedule() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        let plan_id = plan(world, json!({ "faults": [{ "fault": "drop" }], "seconds": 864_000 }));
        let trade_no = buy(world, &Call::direct(&shop, "f4", "1.00"));
        for _ in 0..26 {
            world.later(seconds(3_600));
        }
        let spoiled = tries(&notice(world, &trade_no)).len();
        assert_eq!(notice(world, &trade_no)["state"], "pending");
        end(world, plan_id);
        assert_eq!(world.sent.len(), 1, "it goes with the end");
        for _ in 0..30 {
            while !world.sent.is_empty() {
                world.answer_with(500, "down");
            }
            world.later(seconds(3_600));
        }
        let told = notice(world, &trade_no);
        assert_eq!(told["state"], "given_up");
        assert!(tries(&told).len() >= spoiled + 8, "{told}");
    });
}

#[test]
fn a_delayed_try_goes_later_and_a_reordered_one_behind_the_next() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        let delay = plan(world, json!({ "faults": [{ "fault": "delay", "seconds": 30, "tries": 1 }] }));
        let trade_no = buy(world, &Call::escrow(&shop, "f5", "1.00"));
        assert!(world.sent.is_empty(), "the second waits for the first");
        world.later(seconds(30));
        assert_eq!(world.acknowledge().get("trade_status"), "WAIT_BUYER_PAY");
        world.later(seconds(30));
        assert_eq!(world.acknowledge().get("trade_status"), "WAIT_SELLER_SEND_GOODS");
        assert_eq!(tries(&notice(world, &trade_no)), [tried("acknowledged", &["delay"])]);
        end(world, delay);

        plan(world, json!({ "faults": [{ "fault": "reorder", "seconds": 60 }], "seed": 3 }));
        let trade_no = buy(world, &Call::escrow(&shop, "f6", "1.00"));
        world.wake();
        world.later(seconds(60));
        world.wake();
        let mut told = world.acknowledge_all();
        let trade = world.trade(&trade_no);
        let waited: Vec<i64> =
            [0, 1].map(|n| trade["notices"][n]["faults"][0]["detail"].as_i64().unwrap()).into();
        let in_order = ["WAIT_BUYER_PAY", "WAIT_SELLER_SEND_GOODS"];
        assert!(waited[0] > waited[1], "this seed draws the longer wait for the first: {waited:?}");
        told.reverse();
        assert_eq!(told, in_order);
    });
}

#[test]
fn with_the_end_of_a_plan_what_it_put_off_goes_at_once() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        let delay = json!({ "fault": "delay", "seconds": 86_400 });
        let plan_id = plan(world, json!({ "faults": [delay] }));
        let trade_no = buy(world, &Call::direct(&shop, "f20", "1.00"));
        world.later(seconds(1));
        assert!(world.sent.is_empty(), "put off by hours");
        end(world, plan_id);
        world.wake();
        assert_eq!(world.acknowledge().get("out_trade_no"), "f20");
        assert_eq!(notice(world, &trade_no)["state"], "acknowledged");
    });
}

#[test]
fn a_duplicate_comes_so_many_times_under_the_same_id() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        plan(world, json!({ "faults": [{ "fault": "duplicate", "times": 3 }] }));
        let trade_no = buy(world, &Call::direct(&shop, "f7", "1.00"));
        assert_eq!(world.sent.len(), 4, "they are on their way together");
        let ids: Vec<String> = world.sent.iter().map(|sent| sent.said.get("notify_id").to_owned()).collect();
        assert!(ids.iter().all(|id| *id == ids[0]));
        assert!(world.sent.iter().all(|sent| sent.request.body() == world.sent[0].request.body()));
        world.answer_with(500, "no");
        assert_eq!(world.acknowledge().get("trade_status"), "TRADE_FINISHED");
        world.acknowledge_all();
        let told = notice(world, &trade_no);
        assert_eq!(told["state"], "acknowledged", "who says success to a copy has been told");
        let resends = told["resends"].as_array().unwrap();
        assert_eq!(resends.len(), 3);
        assert!(resends.iter().all(|one| one["reason"] == "duplicate" && one["outcome"] == "acknowledged"));
        world.later(days(2));
        assert!(world.sent.is_empty());
    });
}

#[test]
fn success_to_a_spoiled_message_acknowledges_nothing() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        plan(world, json!({ "faults": [{ "fault": "corrupt_sign", "tries": 1 }] }));
        let trade_no = buy(world, &Call::direct(&shop, "f8", "1.00"));
        let body = world.sent[0].request.body().clone();
        let params = Params::parse_urlencoded(&body).unwrap();
        let verifier = Verifier::Md5(shop.key.clone());
        assert!(sign::verify(&params, &verifier, &Leniency::STRICT).is_err());
        world.acknowledge();
        let told = notice(world, &trade_no);
        assert_eq!(
            tries(&told),
            [tried("acknowledged", &["corrupt_sign"])],
            "a merchant that does not verify"
        );
        assert_eq!(told["state"], "pending");
        let id = told["notify_id"].as_str().unwrap();
        let full = world.done(Method::GET, &format!("/notices/{id}"), &Value::Null);
        assert_eq!(full["spoiled_bodies"][0]["body"], String::from_utf8(body.to_vec()).unwrap());
        world.is_rough = false;
        world.later(seconds(5));
        assert_eq!(full["body"], String::from_utf8(world.sent[0].request.body().to_vec()).unwrap());
        world.acknowledge();
        assert_eq!(notice(world, &trade_no)["state"], "acknowledged");
    });
}

#[test]
fn in_the_wrong_charset_the_values_are_not_what_the_message_says() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        plan(world, json!({ "faults": [{ "fault": "wrong_charset", "tries": 1 }] }));
        buy(world, &Call::direct(&shop, "f9", "1.00"));
        let sent = world.sent.pop_front().unwrap();
        let params = Params::parse_urlencoded(sent.request.body()).unwrap();
        assert_eq!(params.get_text("subject", Charset::Gbk).unwrap().unwrap(), "录音笔 2G");
        assert!(sent.request.headers()["content-type"].to_str().unwrap().ends_with("utf-8"));
        world.answer(sent.id, Err(NoAnswer::Broken));
        world.is_rough = false;
        world.later(seconds(5));
        world.acknowledge();
    });
}

#[test]
fn slow_and_cut_bodies_are_the_hosts_to_carry() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        let slow = plan(world, json!({ "faults": [{ "fault": "slow_body", "seconds": 3 }] }));
        let trade_no = buy(world, &Call::direct(&shop, "f10", "1.00"));
        let carriage = world.sent[0].request.extensions().get::<Carriage>().copied();
        assert_eq!(carriage, Some(Carriage::Slow(seconds(3))));
        world.acknowledge();
        assert_eq!(notice(world, &trade_no)["state"], "acknowledged", "slow, and whole");
        end(world, slow);
        plan(world, json!({ "faults": [{ "fault": "cut_body", "tries": 1 }] }));
        let trade_no = buy(world, &Call::direct(&shop, "f11", "1.00"));
        let request = &world.sent[0].request;
        let Some(Carriage::Cut { after_bytes }) = request.extensions().get().copied() else {
            panic!("whole")
        };
        assert!(after_bytes < request.body().len());
        world.acknowledge();
        assert_eq!(notice(world, &trade_no)["state"], "pending");
        world.later(seconds(5));
        assert!(world.sent[0].request.extensions().get::<Carriage>().is_none());
        world.acknowledge();
    });
}

/// Runs the same purchases under a seed and says what happened, without ids and times.
fn run(world: &mut World, seed: i64, prefix: &str) -> Value {
    let faults = ["delay", "reorder", "drop", "cut_body", "corrupt_sign", "wrong_charset", "duplicate"]
        .map(|fault| json!({ "fault": fault, "percent": 40 }));
    let shop = world.shop.clone();
    let plan_id = plan(world, json!({ "seed": seed, "faults": faults }));
    for n in 0..4 {
        buy(world, &Call::escrow(&shop, &format!("{prefix}{n}"), "1.00"));
        for _ in 0..20 {
            world.acknowledge_all();
            world.later(seconds(120));
        }
    }
    let record = world.done(Method::GET, &format!("/faults/{plan_id}"), &Value::Null)["record"].clone();
    end(world, plan_id);
    let lines = record.as_array().unwrap().iter();
    lines.map(|line| json!([line["place"], line["try"], line["fault"], line["detail"]])).collect()
}

#[test]
fn the_same_seed_and_the_same_inputs_give_the_same_faults() {
    on_both_databases(|world| {
        let first = run(world, 7, "r");
        assert!(first.as_array().unwrap().len() > 8, "{first}");
        assert_eq!(run(world, 7, "s"), first, "other order numbers, other ids");
        assert_ne!(run(world, 8, "t"), first);
        for _ in 0..10 {
            world.later(seconds(7_200));
            world.acknowledge_all();
        }
        assert_eq!(world.count("SELECT COUNT(*) FROM notice WHERE acknowledged_at IS NULL"), 0);
    });
}

#[test]
fn a_trades_own_plan_goes_before_its_partners_and_leaves_others_alone() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        let trade_no = buy(world, &Call::escrow(&shop, "f12", "1.00"));
        let other = buy(world, &Call::escrow(&shop, "f13", "1.00"));
        world.acknowledge_all();
        plan(world, json!({ "faults": [{ "fault": "duplicate" }] }));
        let body = json!({ "trade_no": trade_no, "faults": [{ "fault": "drop" }] });
        world.done(Method::POST, "/faults", &body);
        world.act(&trade_no, json!({ "action": "send_goods" }));
        assert!(world.sent.is_empty());
        world.act(&other, json!({ "action": "send_goods" }));
        assert_eq!(world.sent.len(), 2);
        world.acknowledge_all();
        let stranger = world.merchant("stranger@shop.example", json!({}));
        buy(world, &Call::direct(&stranger, "f14", "1.00"));
        assert_eq!(world.sent.len(), 1, "another partner's");
        world.acknowledge_all();
        let plans = world.done(Method::GET, &format!("/faults?partner={}", shop.partner), &Value::Null);
        assert_eq!(plans["plans"].as_array().unwrap().len(), 2);
    });
}

#[test]
fn a_plan_outlives_the_process() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        plan(world, json!({ "faults": [{ "fault": "duplicate", "times": 1, "seconds": 60 }] }));
        let trade_no = buy(world, &Call::direct(&shop, "f15", "1.00"));
        world.restart();
        world.sent.clear();
        world.later(seconds(120));
        assert_eq!(world.sent.len(), 2, "the try after the lost one, and the lost one's copy");
        world.acknowledge_all();
        world.later(seconds(120));
        world.acknowledge_all();
        assert_eq!(tries(&notice(world, &trade_no))[0], tried("lost", &["duplicate"]));
        assert_eq!(notice(world, &trade_no)["state"], "acknowledged");
    });
}

#[test]
fn a_notification_is_sent_again_on_request_and_its_schedule_goes_on() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        let trade_no = buy(world, &Call::direct(&shop, "f16", "1.00"));
        let first = world.answer_with(200, "fail");
        let id = first.get("notify_id").to_owned();
        let due = notice(world, &trade_no)["next_at"].clone();
        let full = world.done(Method::POST, &format!("/notices/{id}/resend"), &Value::Null);
        assert_eq!(full["resends"][0]["reason"], "asked");
        assert_eq!(world.answer_with(200, "fail").get("notify_id"), id);
        let told = notice(world, &trade_no);
        assert_eq!((&told["next_at"], tries(&told).len()), (&due, 1));
        world.later(seconds(5));
        world.acknowledge();
        // An acknowledged one too.
        world.done(Method::POST, &format!("/notices/{id}/resend"), &Value::Null);
        assert_eq!(world.answer_with(500, "again?").get("notify_id"), id);
        let told = notice(world, &trade_no);
        assert_eq!(
            (&told["state"], &told["resends"][1]["outcome"]),
            (&json!("acknowledged"), &json!("refused"))
        );
        assert!(world.sent.is_empty());
    });
}

#[test]
fn a_resend_whose_process_dies_is_over_and_the_notification_is_owed_as_before() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        let trade_no = buy(world, &Call::direct(&shop, "f17", "1.00"));
        let id = world.answer_with(200, "fail").get("notify_id").to_owned();
        world.done(Method::POST, &format!("/notices/{id}/resend"), &Value::Null);
        world.restart();
        world.sent.clear();
        world.later(seconds(60));
        assert_eq!(world.sent.len(), 1, "the try that its schedule wants, and no other");
        let told = notice(world, &trade_no);
        assert_eq!(told["resends"][0]["outcome"], "lost");
        world.acknowledge();
        assert_eq!(notice(world, &trade_no)["state"], "acknowledged");
        assert!(world.is_idle(), "nothing is left to be done");
    });
}

#[test]
fn the_list_is_filtered_and_comes_in_pages() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        let stranger = world.merchant("stranger@shop.example", json!({}));
        for n in 0..3 {
            buy(world, &Call::escrow(&shop, &format!("l{n}"), "1.00"));
        }
        world.acknowledge_all();
        world.later(seconds(60));
        buy(world, &Call::direct(&stranger, "m1", "1.00"));
        world.answer_with(500, "no");
        let mut seen = Vec::new();
        let mut after = String::new();
        loop {
            let page = world.done(Method::GET, &format!("/notices?limit=2&after={after}"), &Value::Null);
            for notice in page["notices"].as_array().unwrap() {
                seen.push(notice["notify_id"].as_str().unwrap().to_owned());
            }
            let Some(next) = page["next"].as_str() else { break };
            after = next.to_owned();
        }
        assert_eq!(seen.len(), 7);
        let mut unique = seen.clone();
        unique.dedup();
        assert_eq!(unique, seen);
        let mut count = |query: &str| {
            let page = world.done(Method::GET, &format!("/notices?{query}"), &Value::Null);
            page["notices"].as_array().unwrap().len()
        };
        assert_eq!(count(&format!("partner={}", shop.partner)), 6);
        assert_eq!(count("state=pending"), 1);
        assert_eq!(count("state=acknowledged"), 6);
        assert_eq!(count("since=2012-02-29+12%3A01%3A00"), 1);
        assert_eq!(count(&format!("state=given_up&partner={}", shop.partner)), 0);
    });
}

#[test]
fn who_follows_the_sends_misses_none() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        plan(world, json!({ "faults": [{ "fault": "drop", "tries": 1 }] }));
        let trade_no = buy(world, &Call::direct(&shop, "w1", "1.00"));
        world.later(seconds(5));
        world.answer_with(500, "no");
        let first = world.done(Method::GET, "/attempts?limit=1", &Value::Null);
        assert_eq!(first["attempts"][0]["faults"], json!(["drop"]));
        let next = first["next"].as_i64().unwrap();
        let more = world.done(Method::GET, &format!("/attempts?after={next}"), &Value::Null);
        assert_eq!(more["attempts"].as_array().unwrap().len(), 1);
        assert_eq!(
            (&more["attempts"][0]["trade_no"], &more["attempts"][0]["answer"]),
            (&json!(trade_no), &json!("no"))
        );
        let none = world.done(Method::GET, "/attempts?after=last", &Value::Null);
        assert_eq!((&none["attempts"], &none["next"]), (&json!([]), &more["next"]));
        let beyond = world.done(Method::GET, "/attempts?after=1000", &Value::Null);
        assert_eq!((&beyond["next"], &beyond["last"]), (&json!(1000), &more["next"]));
    });
}

/// The seller signs in.
fn seller(world: &mut World) -> Browser {
    let mut browser = Browser::default();
    let form = browser.open(world, "/desk/faults").form("/desk/sign-in");
    let account = world.shop.seller_email.clone();
    let page = browser.send(world, &form.with("account", &account).with("login_password", "login123"));
    assert_eq!(page.at, "/desk/faults");
    browser
}

#[test]
fn a_seller_plans_faults_at_the_desk_and_sees_on_the_trade_what_they_did() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        let mut browser = seller(world);
        let page = browser.open(world, "/desk/faults?lang=en");
        let form = page.form("/desk/faults").with("partner", &shop.partner);
        let unchosen = |mut form: super::browser::Form| {
            form.fields.retain(|name, _| {
                ![
                    "outage",
                    "delay",
                    "reorder",
                    "drop",
                    "cut_body",
                    "slow_body",
                    "corrupt_sign",
                    "wrong_charset",
                    "duplicate",
                ]
                .contains(&name.as_str())
            });
            form
        };
        let form = unchosen(form);
        assert!(browser.send(world, &form).shows("Choose at least one fault."));
        let wrong = form.clone().with("drop", "1").with("drop_percent", "101");
        assert!(browser.send(world, &wrong).shows("A number is wrong or out of its range."));
        let stranger = form.clone().with("drop", "1").with("trade_no", "2012022999999999");
        assert!(browser.send(world, &stranger).shows("This merchant has no such trade."));
        let wished = form.with("drop", "1").with("drop_tries", "1").with("seed", "7");
        let page = browser.send(world, &wished);
        assert!(
            page.shows("The plan has begun.") && page.shows("Plan 1") && page.shows("Seed 7"),
            "{}",
            page.html
        );

        let trade_no = buy(world, &Call::direct(&shop, "p1", "1.00"));
        world.later(seconds(5));
        world.acknowledge();
        let trade = browser.open(world, &format!("/desk/trades/{trade_no}"));
        assert!(trade.shows("Loss"), "{}", trade.html);
        assert!(browser.open(world, "/desk/faults").shows("notification 1, try 1"));
        let ended = browser.open(world, "/desk/faults").form("/desk/faults/1/end");
        let page = browser.send(world, &ended);
        assert!(page.shows("ended") && !page.has_form("/end"));
    });
}

#[test]
fn nobody_plans_faults_for_another_sellers_notifications() {
    on_both_databases(|world| {
        let zhang = world.zhang();
        let mut browser = seller(world);
        let form = browser.open(world, "/desk/faults").form("/desk/faults");
        let stranger = world.merchant("stranger@shop.example", json!({}));
        let foreign = form.with("partner", &stranger.partner).with("drop", "1");
        browser.send(world, &foreign);
        assert_eq!(world.count("SELECT COUNT(*) FROM fault_plan"), 0);
        let body = json!({ "partner": stranger.partner, "faults": [{ "fault": "drop" }] });
        world.done(Method::POST, "/faults", &body);
        let mut form = browser.open(world, "/desk/faults").form("/desk/faults");
        form.action = "/desk/faults/1/end".to_owned();
        assert_eq!(browser.send(world, &form).status, http::StatusCode::NOT_FOUND);

        let mut buyer = Browser::default();
        let sign_in = buyer.open(world, "/desk/faults").form("/desk/sign-in");
        let page =
            buyer.send(world, &sign_in.with("account", &zhang.email).with("login_password", "login123"));
        assert!(!page.has_form("/desk/faults"), "a buyer has no contract");
    });
}
