//! Webhooks: signed, in order, tried again, told again.

use base64ct::{Base64, Encoding};
use bytes::Bytes;
use danbao_merchant::protocol::node::{Input, Response};
use danbao_store::testing::Database;
use hmac::{Hmac, KeyInit, Mac};
use http::header::RETRY_AFTER;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::world::{WEBHOOK_SECRET, World, on_both_databases, open};

#[test]
fn a_webhook_carries_the_event_of_the_feed_and_its_signature_fits() {
    on_both_databases(|world| {
        let bought = world.direct("A");
        let _ = world.bring(bought.notify(1, "TRADE_FINISHED"), "true");
        assert_eq!(world.wait(), 0);
        let (send, hook) = world.sent_to("shop").unwrap();
        let event: Value = serde_json::from_slice(hook.body()).unwrap();
        assert_eq!(event, world.events()[0]);
        let header = |name: &str| hook.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("webhook-id"), event["id"].as_str().unwrap());
        assert_eq!(header("webhook-timestamp"), (world.now.0 / 1000).to_string());
        let key = Base64::decode_vec(WEBHOOK_SECRET.strip_prefix("whsec_").unwrap()).unwrap();
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        mac.update(format!("{}.{}.", header("webhook-id"), header("webhook-timestamp")).as_bytes());
        mac.update(hook.body());
        let expected = format!("v1,{}", Base64::encode_string(&mac.finalize().into_bytes()));
        assert_eq!(header("webhook-signature"), expected);
        world.step(vec![Input::Answer { id: send, outcome: Ok(Response::new(Bytes::new())) }]);
        let path = format!("/v1/events/{}", event["id"].as_str().unwrap());
        let (_, state) = world.api(Method::GET, &path, &Value::Null);
        assert_eq!(
            (&state["delivery"]["state"], &state["delivery"]["tries"]),
            (&json!("delivered"), &json!(1))
        );
    });
}

#[test]
fn what_is_not_taken_is_told_again_on_a_schedule_until_it_is_given_up() {
    on_both_databases(|world| {
        let bought = world.direct("A");
        let _ = world.bring(bought.notify(1, "TRADE_FINISHED"), "true");
        let mut waits = Vec::new();
        for _ in 0..10 {
            waits.push(world.wait());
            let _ = world.shop_says(500);
        }
        assert_eq!(waits, [0, 5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400]);
        assert!(world.is_idle(), "given up, and a finished trade is not asked after");
        let (_, webhook) = world.api(Method::GET, "/v1/webhook", &Value::Null);
        assert_eq!(webhook["deliveries"], json!({ "waiting": 0, "given_up": 1, "oldest_waiting_at": null }));

        let id = world.events()[0]["id"].as_str().unwrap().to_owned();
        let (status, replayed) = world.api(Method::POST, &format!("/v1/events/{id}/replay"), &Value::Null);
        assert_eq!((status, &replayed["replayed"]), (StatusCode::ACCEPTED, &json!(1)));
        assert_eq!(world.wait(), 0);
        assert_eq!(world.shop_says(204)["id"], json!(id), "under the same id");
        let (status, replayed) = world.api(Method::POST, "/v1/webhook/replay", &json!({}));
        assert_eq!((status, replayed), (StatusCode::ACCEPTED, json!({ "replayed": 1, "last": id })));
        let (_, replayed) = world.api(Method::POST, "/v1/webhook/replay", &json!({ "after": id }));
        assert_eq!(replayed, json!({ "replayed": 0, "last": null }));
    });
}

#[test]
fn first_tries_of_one_order_go_in_order_and_no_order_waits_for_another() {
    on_both_databases(|world| {
        let (a, b) = (world.direct("A"), world.direct("B"));
        let _ = world.bring(a.notify(1, "WAIT_BUYER_PAY"), "true");
        let _ = world.bring(a.notify(2, "TRADE_SUCCESS"), "true");
        let _ = world.bring(b.notify(3, "TRADE_SUCCESS"), "true");
        world.due();
        let (first, _) = world.sent_to("shop").unwrap();
        let (other, hook) = world.sent_to("shop").unwrap();
        let event: Value = serde_json::from_slice(hook.body()).unwrap();
        assert_eq!(event["data"]["order_no"], "B");
        assert!(world.sent_to("shop").is_none(), "A's second change waits until its first was told");
        world.step(vec![Input::Answer { id: other, outcome: Ok(Response::new(Bytes::new())) }]);
        // The first is not taken; that does not hold up the second.
        let mut busy = Response::new(Bytes::new());
        *busy.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        busy.headers_mut().insert(RETRY_AFTER, "60".parse().unwrap());
        world.step(vec![Input::Answer { id: first, outcome: Ok(busy) }]);
        assert_eq!(world.wait(), 0);
        assert_eq!(world.shop_says(200)["type"], "order.paid");
        assert_eq!(world.wait(), 60, "as long as the shop has asked for");
        assert_eq!(world.shop_says(200)["data"]["trade_status"], "WAIT_BUYER_PAY");
    });
}

#[test]
fn a_shop_that_wants_no_more_is_left_alone_until_it_says_otherwise() {
    on_both_databases(|world| {
        let (a, b) = (world.direct("A"), world.direct("B"));
        let _ = world.bring(a.notify(1, "TRADE_FINISHED"), "true");
        world.due();
        let _ = world.shop_says(410);
        let _ = world.bring(b.notify(2, "TRADE_FINISHED"), "true");
        world.due();
        assert!(world.sent_to("shop").is_none());
        let (_, webhook) = world.api(Method::GET, "/v1/webhook", &Value::Null);
        assert!(webhook["gone_at"].is_string());
        assert_eq!(webhook["deliveries"]["waiting"], 2);
        let (_, webhook) = world.api(Method::POST, "/v1/webhook/enable", &Value::Null);
        assert_eq!(webhook["gone_at"], Value::Null);
        world.now.0 += 5_000;
        world.due();
        assert_eq!(world.shop_says(200)["data"]["order_no"], "A");
        assert_eq!(world.shop_says(200)["data"]["order_no"], "B");
    });
}

/// The shop's 410 is slow; meanwhile it is back, and says so. What it said before is not what it wants now.
#[test]
fn a_410_that_comes_after_the_shop_has_said_otherwise_does_not_count() {
    on_both_databases(|world| {
        let (a, b) = (world.direct("A"), world.direct("B"));
        let _ = world.bring(a.notify(1, "TRADE_FINISHED"), "true");
        world.due();
        let (late, _) = world.sent_to("shop").unwrap();
        let (_, webhook) = world.api(Method::POST, "/v1/webhook/enable", &Value::Null);
        assert_eq!(webhook["gone_at"], Value::Null);
        let mut gone = Response::new(Bytes::new());
        *gone.status_mut() = StatusCode::GONE;
        world.step(vec![Input::Answer { id: late, outcome: Ok(gone) }]);
        let (_, webhook) = world.api(Method::GET, "/v1/webhook", &Value::Null);
        assert_eq!(webhook["gone_at"], Value::Null);
        let _ = world.bring(b.notify(2, "TRADE_FINISHED"), "true");
        world.due();
        assert_eq!(
            world.shop_says(200)["data"]["order_no"],
            "A",
            "the try that was on its way is begun anew"
        );
        assert_eq!(world.shop_says(200)["data"]["order_no"], "B");
    });
}

#[test]
fn a_shop_that_hangs_does_not_pile_up_webhooks() {
    on_both_databases(|world| {
        for order_no in 0..40 {
            let bought = world.direct(&format!("A{order_no}"));
            let _ = world.bring(bought.notify(1, "TRADE_FINISHED"), "true");
        }
        for _ in 0..3 {
            world.due();
        }
        let (first, _) = world.sent_to("shop").unwrap();
        let mut on_their_way = 1;
        while world.sent_to("shop").is_some() {
            on_their_way += 1;
        }
        assert_eq!(on_their_way, 32);
        assert!(world.is_idle(), "nothing is due before one of them has ended");
        world.step(vec![Input::Answer { id: first, outcome: Ok(Response::new(Bytes::new())) }]);
        assert_eq!(world.wait(), 0);
        assert!(world.sent_to("shop").is_some());
        assert!(world.sent_to("shop").is_none());
    });
}

/// Found by the simulation (refunds 11): a sidecar that died often gave a webhook up within hours.
#[test]
fn tries_that_die_with_their_process_do_not_use_up_the_schedule() {
    for database in Database::of_each_kind().unwrap() {
        let mut world = World::on(open(database.connect().unwrap()));
        let bought = world.direct("A");
        let _ = world.bring(bought.notify(1, "TRADE_FINISHED"), "true");
        for _ in 0..20 {
            let _ = world.wait();
            assert!(world.sent_to("shop").is_some(), "told, and dead before the answer");
            let now = world.now;
            world = World::on(open(database.connect().unwrap()));
            world.now = now;
        }
        let mut waits = Vec::new();
        for _ in 0..10 {
            waits.push(world.wait());
            let _ = world.shop_says(500);
        }
        assert_eq!(waits[1..], [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400]);
        drop(world);
    }
}
