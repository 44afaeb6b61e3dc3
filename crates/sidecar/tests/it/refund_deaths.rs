//! Refunds while sidecars die and what they say is lost: the gateway keeps one batch and pays back once, and the shop hears
//! what came of each item under one id. What cannot be known is not told as a failure.

use danbao_store::faulty::Death;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::town::{Loss, Town, each_death, each_loss, on_each_disk, refund_letter};
use crate::world::{Bought, config, config_of_another_partner, text};

/// 2012-03-01 23:59:30 in Beijing.
const BEFORE_MIDNIGHT: i64 = 1_330_531_200_000 + 86_400_000 - 30_000;

/// A paid order, of which everything was told.
fn paid(town: &mut Town<'_>, order_no: &str, trade_no: &str) -> Bought {
    let bought = town.direct(order_no).with_trade_no(trade_no);
    assert!(town.gateway.moves(&bought, "TRADE_FINISHED", town.now, true));
    town.work();
    town.work();
    assert_eq!(town.kinds_of(order_no), ["order.paid"]);
    bought
}

fn wish(bought: &[&Bought]) -> Value {
    let item =
        |bought: &&Bought| json!({ "out_trade_no": bought.number, "amount": "4.00", "reason": "颜色不符" });
    json!({ "items": bought.iter().map(item).collect::<Vec<_>>() })
}

/// Asks for a refund twice under one key, as a shop does that has lost the first answer.
fn refund(town: &mut Town<'_>, bought: &[&Bought], key: &str) -> String {
    let first = town.api(Method::POST, "/v1/refunds", &wish(bought), key);
    assert_eq!((first.0, &first.1["state"]), (StatusCode::CREATED, &json!("waiting")), "{}", first.1);
    assert_eq!(town.api(Method::POST, "/v1/refunds", &wish(bought), key), first, "one key, one batch");
    first.1["batch_no"].as_str().unwrap().to_owned()
}

fn shown(town: &mut Town<'_>, batch_no: &str) -> Value {
    town.get(&format!("/v1/refunds/{batch_no}"))
}

/// One batch of two items, of which the second fails.
fn partly_refunded(town: &mut Town<'_>, name: &str, trouble: impl FnOnce(&mut Town<'_>)) {
    let [a, b] = ["a", "b"].map(|letter| format!("{name}{letter}"));
    let (good, bad) = (paid(town, &a, "2012030100000001"), paid(town, &b, "2012030100000002"));
    town.gateway.failing.insert(bad.trade_no());
    trouble(town);
    let batch_no = refund(town, &[&good, &bad], &format!("refund of {name}"));
    town.pass(20);
    town.heal();
    town.pass(10);

    let kept: Vec<&String> = town.gateway.batches.keys().collect();
    assert_eq!(kept, [&batch_no], "one batch at the gateway");
    assert!(town.gateway.calls.iter().all(|call| *call == batch_no), "{:?}", town.gateway.calls);
    assert_eq!(town.gateway.refunded, [(good.trade_no(), "4.00".to_owned())], "paid back once");
    let refund = shown(town, &batch_no);
    assert_eq!(refund["state"], "done", "{refund}");
    let codes: Vec<&Value> = refund["items"].as_array().unwrap().iter().map(|i| &i["error_code"]).collect();
    assert_eq!(codes, [&Value::Null, &json!("TRADE_HAS_FINISHED")]);
    assert_eq!(town.kinds_of(&a), ["order.paid", "refund.succeeded"]);
    assert_eq!(town.kinds_of(&b), ["order.paid", "refund.failed"]);
}

#[test]
fn a_death_at_any_moment_of_a_refund_pays_back_once_and_tells_each_item_once() {
    on_each_disk(|disk| {
        for (instances, letters_first) in [(1, false), (2, false), (2, true)] {
            let deaths = each_death(|death, name| {
                let mut town = Town::new(disk, instances);
                town.letters_first = letters_first;
                partly_refunded(&mut town, &format!("D{instances}{letters_first}{name}"), |town| {
                    town.die(death)
                });
                town.deaths > 0
            });
            assert!(deaths > 60, "{deaths}");
        }
    });
}

#[test]
fn whatever_is_lost_of_a_refund_it_is_paid_back_once_and_each_item_is_told_once() {
    on_each_disk(|disk| {
        for (instances, letters_first) in [(1, false), (2, true), (3, false)] {
            let losses = each_loss(|loss, nth, name| {
                let mut town = Town::new(disk, instances);
                town.letters_first = letters_first;
                let name = format!("L{instances}{letters_first}{name}");
                partly_refunded(&mut town, &name, |town| town.lose(loss, nth));
                town.losses > 0
            });
            assert!(losses > 15, "{losses}");
        }
    });
}

#[test]
fn a_refusal_after_a_try_that_may_have_arrived_is_no_failure() {
    on_each_disk(|disk| {
        for loss in [Loss::Answer, Loss::Silence, Loss::Asker] {
            let mut town = Town::new(disk, 2);
            let bought = paid(&mut town, &format!("R{loss:?}"), "2012030100000001");
            town.lose(loss, 1);
            let batch_no = refund(&mut town, &[&bought], &format!("R{loss:?}"));
            // The batch is kept, the answer is lost, and the letter comes late.
            town.gateway_is_mute(|town| {
                town.work();
                town.gateway.refuses = Some("SELLER_STATUS_NOT_ALLOW");
                town.pass(10);
            });
            assert!(town.gateway.calls.len() > 1, "told again");
            assert_eq!(shown(&mut town, &batch_no)["state"], "waiting", "{loss:?}");
            assert_eq!(
                town.kinds_of(&bought_order(&bought)),
                ["order.paid"],
                "nothing is known yet: {loss:?}"
            );
            town.pass(2);
            assert_eq!(shown(&mut town, &batch_no)["state"], "done");
            assert_eq!(town.kinds_of(&bought_order(&bought)), ["order.paid", "refund.succeeded"]);
        }
    });
}

fn bought_order(bought: &Bought) -> String {
    bought.number.rsplit_once('-').unwrap().0.to_owned()
}

#[test]
fn a_batch_that_was_kept_before_midnight_is_not_told_as_failed_after_it() {
    on_each_disk(|disk| {
        let mut town = Town::new(disk, 1);
        let bought = paid(&mut town, "M", "2012030100000001");
        town.now.0 = BEFORE_MIDNIGHT;
        town.lose(Loss::Answer, 1);
        let batch_no = refund(&mut town, &[&bought], "M");
        // A batch number begins with the day on which it is told (protocol.md §7.5).
        town.gateway_is_mute(|town| {
            town.work();
            town.pass(3);
        });
        assert!(town.gateway.calls.len() > 1, "told again");
        let refund = shown(&mut town, &batch_no);
        assert_eq!(
            (&refund["state"], &refund["error_code"]),
            (&json!("unclear"), &json!("BATCH_NO_FORMAT_ERROR"))
        );
        assert_eq!(town.kinds_of("M"), ["order.paid", "refund.unclear"]);
        let calls = town.gateway.calls.len();
        town.gateway_is_mute(|town| town.pass(70));
        assert_eq!(town.gateway.calls.len(), calls, "and not told for ever");
        town.pass(2);
        assert_eq!(shown(&mut town, &batch_no)["state"], "done");
        assert_eq!(town.kinds_of("M"), ["order.paid", "refund.unclear", "refund.succeeded"]);
        assert_eq!(town.gateway.refunded.len(), 1);
    });
}

#[test]
fn a_batch_that_never_reached_the_gateway_before_midnight_has_failed_and_may_be_asked_for_anew() {
    on_each_disk(|disk| {
        let mut town = Town::new(disk, 1);
        let bought = paid(&mut town, "N", "2012030100000001");
        town.now.0 = BEFORE_MIDNIGHT;
        town.lose(Loss::Unreachable, 1);
        let batch_no = refund(&mut town, &[&bought], "N");
        town.pass(3);
        assert_eq!(shown(&mut town, &batch_no)["state"], "refused");
        assert_eq!(town.kinds_of("N"), ["order.paid", "refund.failed"]);
        let anew = refund(&mut town, &[&bought], "N anew");
        town.pass(3);
        assert_eq!(shown(&mut town, &anew)["state"], "done");
        assert_eq!(town.kinds_of("N"), ["order.paid", "refund.failed", "refund.succeeded"]);
        assert_eq!(town.gateway.refunded.len(), 1);
    });
}

#[test]
fn a_batch_and_a_question_wait_for_an_account_that_only_another_instance_knows() {
    on_each_disk(|disk| {
        let mut town = Town::new(disk, 2);
        let (paid, unpaid) = (paid(&mut town, "K", "2012030100000001"), town.direct("U"));
        let batch_no = refund(&mut town, &[&paid], "K");
        town.restart_with(config_of_another_partner);
        town.pass(3);
        assert!(town.gateway.calls.is_empty() && town.gateway.asked.is_empty());
        town.restart_with(config);
        assert!(town.gateway.moves(&unpaid, "TRADE_FINISHED", town.now, false));
        town.pass(70);
        assert_eq!(shown(&mut town, &batch_no)["state"], "done", "the account is back");
        assert_eq!(town.kinds_of("U"), ["order.paid"]);
    });
}

#[test]
fn a_genuine_result_is_the_last_word_even_after_a_refusal_and_tells_what_is_news() {
    on_each_disk(|disk| {
        let mut town = Town::new(disk, 2);
        let (a, b) = (paid(&mut town, "A", "2012030100000001"), paid(&mut town, "B", "2012030100000002"));
        town.gateway.refuses = Some("SELLER_STATUS_NOT_ALLOW");
        let batch_no = refund(&mut town, &[&a, &b], "A and B");
        town.pass(3);
        assert_eq!(town.gateway.calls.len(), 1);
        assert_eq!(shown(&mut town, &batch_no)["state"], "refused");
        let details = format!("{}^4.00^SUCCESS#{}^4.00^TRADE_HAS_FINISHED", a.trade_no(), b.trade_no());
        for _ in 0..2 {
            let answer = town.insist(&refund_letter(&batch_no, 1, &details));
            assert_eq!(text(&answer), "success");
        }
        town.pass(3);
        assert_eq!(shown(&mut town, &batch_no)["state"], "done");
        assert_eq!(town.kinds_of("A"), ["order.paid", "refund.failed", "refund.succeeded"]);
        assert_eq!(town.kinds_of("B"), ["order.paid", "refund.failed"]);
    });
}

#[test]
fn a_batch_that_cannot_be_told_holds_up_nothing_else_and_is_told_when_it_can() {
    on_each_disk(|disk| {
        let mut town = Town::new(disk, 2);
        let bought = paid(&mut town, "W", "2012030100000001");
        let batch_no = refund(&mut town, &[&bought], "W");
        let other = town.direct("V");
        let items: String = disk.inspect(|conn| {
            let row = conn.query_one("SELECT items FROM refund_batch WHERE send_due_at IS NOT NULL", &[]);
            row.unwrap().get::<&str>(0).unwrap().to_owned()
        });
        let write = |items: &str| {
            let sql = "UPDATE refund_batch SET items = $1 WHERE send_due_at IS NOT NULL";
            disk.inspect(|conn| conn.execute(sql, &[items.into()])).unwrap()
        };
        assert_eq!(write("nonsense"), 1);
        assert!(town.gateway.moves(&other, "TRADE_FINISHED", town.now, true));
        town.work();
        town.work();
        assert_eq!(town.kinds_of("V"), ["order.paid"], "told, whatever else cannot be");
        assert!(town.gateway.calls.is_empty());
        assert_eq!(write(&items), 1);
        town.pass(70);
        assert_eq!(shown(&mut town, &batch_no)["state"], "done");
        assert_eq!(town.kinds_of("W"), ["order.paid", "refund.succeeded"]);
    });
}

#[test]
fn a_death_while_a_refusal_is_written_tells_the_failure_once() {
    on_each_disk(|disk| {
        let deaths = each_death(|death: Option<Death>, name| {
            let mut town = Town::new(disk, 1);
            let order_no = format!("F{name}");
            let bought = paid(&mut town, &order_no, "2012030100000001");
            let batch_no = refund(&mut town, &[&bought], &order_no);
            town.gateway.refuses = Some("SELLER_STATUS_NOT_ALLOW");
            town.die(death);
            town.pass(10);
            town.heal();
            let died = town.deaths > 0;
            let refund = shown(&mut town, &batch_no);
            let kinds = town.kinds_of(&order_no);
            if refund["state"] == "waiting" {
                // Whoever sent it died before the answer was written: the gateway may have kept it.
                assert!(died && kinds == ["order.paid"], "{refund}");
                town.gateway.refuses = None;
                town.pass(60);
                assert_eq!(town.kinds_of(&order_no), ["order.paid", "refund.succeeded"]);
            } else {
                assert_eq!((&refund["state"], kinds.len()), (&json!("refused"), 2), "{refund}");
            }
            died
        });
        assert!(deaths > 20, "{deaths}");
    });
}
