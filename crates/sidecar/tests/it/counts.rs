//! The numbers of a sidecar: of what was committed, and of how things stand.

use danbao_merchant::protocol::node::Watcher;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::world::{World, on_both_databases, plain, refused, silent, text};

fn metrics(world: &mut World) -> String {
    let mut question = plain(Method::GET, "/metrics", String::new());
    question.extensions_mut().insert(Watcher);
    let answer = world.get(question);
    assert_eq!(answer.status(), StatusCode::OK);
    text(&answer).to_owned()
}

fn assert_says(text: &str, lines: &[&str]) {
    for line in lines {
        assert!(text.lines().any(|known| known == *line), "{line} is not in\n{text}");
    }
}

#[test]
fn messages_are_counted_by_what_came_of_them() {
    on_both_databases(|world| {
        let bought = world.direct("A");
        let notify = bought.notify(1, "TRADE_FINISHED");
        let _ = world.bring(notify, "true");
        let _ = world.bring(bought.notify(1, "TRADE_FINISHED"), "true");
        let _ = world.bring(bought.notify_with(2, "TRADE_FINISHED", &[("total_fee", "0.01")]), "true");
        let _ = world.bring(bought.notify(3, "TRADE_FINISHED"), "false");
        let forged = bought.message(4, "TRADE_FINISHED", &[], "another key").to_urlencoded();
        let _ = world.get(crate::world::notification(forged));
        let _ = world.get(plain(Method::POST, "/pay/notify", String::new()));
        let text = metrics(world);
        let messages: Vec<&str> =
            text.lines().filter(|line| line.starts_with("danbao_sidecar_messages_total{")).collect();
        let total: u64 =
            messages.iter().map(|line| line.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap()).sum();
        assert_eq!(total, 6, "each once: {messages:?}");
        assert_says(
            &text,
            &[
                "danbao_sidecar_messages_total{way=\"notify\",outcome=\"applied\",check=\"\"} 1",
                "danbao_sidecar_messages_total{way=\"notify\",outcome=\"rejected\",check=\"sign\"} 1",
                "danbao_sidecar_asked_total{what=\"verify\",outcome=\"answered\"} 4",
            ],
        );
    });
}

#[test]
fn webhooks_and_refunds_are_counted_and_how_they_stand_is_seen() {
    on_both_databases(|world| {
        let bought = world.direct("A");
        let _ = world.bring(bought.notify(1, "TRADE_FINISHED"), "true");
        world.due();
        let _ = world.shop_says(500);
        world.now.0 += 90_000;
        let text = metrics(world);
        assert_says(
            &text,
            &[
                "danbao_sidecar_webhook_tries_total{result=\"failed\"} 1",
                "danbao_sidecar_webhooks{state=\"waiting\"} 1",
                "danbao_sidecar_webhooks{state=\"given_up\"} 0",
                "danbao_sidecar_webhook_oldest_seconds 90",
            ],
        );
        world.due();
        let _ = world.shop_says(200);
        let wish = json!({ "items": [{ "out_trade_no": bought.number, "amount": "1.00" }] });
        let (status, refund) = world.api(Method::POST, "/v1/refunds", &wish);
        assert_eq!(status, StatusCode::CREATED, "{refund}");
        let waiting = metrics(world);
        world.due();
        let (first, _) = world.sent_to("gateway").unwrap();
        world.step(vec![silent(first)]);
        world.now.0 += 86_400_000;
        world.due();
        let _ = world.gateway_says(refused("BATCH_NO_FORMAT_ERROR"));
        assert_says(&waiting, &["danbao_sidecar_refund_batches{state=\"waiting\"} 1"]);
        assert_says(
            &metrics(world),
            &[
                "danbao_sidecar_webhook_tries_total{result=\"delivered\"} 1",
                "danbao_sidecar_refund_batches{state=\"waiting\"} 0",
                "danbao_sidecar_refund_batches{state=\"unclear\"} 1",
                "danbao_sidecar_asked_total{what=\"refund\",outcome=\"timed_out\"} 1",
            ],
        );
    });
}

#[test]
fn whoever_comes_through_the_front_door_finds_no_numbers() {
    on_both_databases(|world| {
        let answer = world.get(plain(Method::GET, "/metrics", String::new()));
        assert_eq!(answer.status(), StatusCode::NOT_FOUND);
        let (status, _) = world.api(Method::GET, "/metrics", &Value::Null);
        assert_eq!(status, StatusCode::NOT_FOUND, "not even with the API's token, which moves money");
    });
}
