//! Orders that are paid twice, and orders that are given up while they are paid, while sidecars die and what they say is
//! lost: the shop hears of each payment once and knows which is the one too many, and nothing stays half closed.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::town::{Town, each_death, each_loss, on_each_disk};
use crate::world::{Bought, DIRECT, call, read};

/// What goes wrong in a story, from here on.
type Trouble = Box<dyn FnOnce(&mut Town<'_>)>;

fn shown(town: &mut Town<'_>, bought: &Bought) -> Value {
    town.get(&format!("/v1/payment_requests/{}", bought.number))
}

/// Both payment requests of an order are paid in the same minute; of the second no letter may come.
fn paid_twice(town: &mut Town<'_>, order_no: &str, tell: bool, trouble: Trouble) {
    let first = town.direct(order_no);
    trouble(town);
    let terms = json!({ "service": DIRECT, "keep_others": true });
    let path = format!("/v1/orders/{order_no}/payment_requests");
    let (status, second) = town.api(Method::POST, &path, &terms, &format!("second of {order_no}"));
    assert_eq!(status, StatusCode::CREATED, "{second}");
    let second = Bought::of(&second).with_trade_no("2012030100000002");
    assert_eq!(second.number, format!("{order_no}-2"), "one key, one payment request");
    assert!(town.gateway.moves(&first, "TRADE_FINISHED", town.now, true));
    assert!(town.gateway.moves(&second, "TRADE_FINISHED", town.now, tell));
    town.pass(20);
    town.heal();
    town.pass(10);

    let events = town.events_of(order_no);
    let kinds: Vec<&Value> = events.iter().map(|event| &event["type"]).collect();
    assert_eq!(kinds, ["order.paid", "order.paid_again"], "{events:?}");
    let order = town.get(&format!("/v1/orders/{order_no}"));
    assert_eq!(order["paid_by"], events[0]["data"]["out_trade_no"]);
    assert_ne!(order["paid_by"], events[1]["data"]["out_trade_no"]);
    for bought in [&first, &second] {
        let request = shown(town, bought);
        assert_eq!((&request["paid"], &request["next_query_at"]), (&json!(true), &Value::Null), "{request}");
    }
}

#[test]
fn an_order_that_is_paid_twice_is_paid_once_and_paid_again_once_whoever_dies() {
    on_each_disk(|disk| {
        for (instances, tell) in [(1, false), (2, true)] {
            let deaths = each_death(|death, name| {
                let mut town = Town::new(disk, instances);
                let order_no = format!("D{instances}{name}");
                paid_twice(&mut town, &order_no, tell, Box::new(move |town| town.die(death)));
                town.deaths > 0
            });
            assert!(deaths > 50, "{deaths}");
        }
    });
}

#[test]
fn an_order_that_is_paid_twice_is_paid_once_and_paid_again_once_whatever_is_lost() {
    on_each_disk(|disk| {
        for (instances, tell) in [(1, true), (2, false), (3, true)] {
            let losses = each_loss(|loss, nth, name| {
                let mut town = Town::new(disk, instances);
                let order_no = format!("L{instances}{name}");
                paid_twice(&mut town, &order_no, tell, Box::new(move |town| town.lose(loss, nth)));
                town.losses > 0
            });
            assert!(losses > 15, "{losses}");
        }
    });
}

/// When the buyer pays an order that the shop gives up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pays {
    Before,
    /// Between the shop's wish and the sidecar's call to the gateway, if the gateway still lets him.
    Meanwhile,
    /// With an address from before, by which the trade comes into being only then.
    Late,
    Never,
}

/// Each with a number of instances.
const PAYMENTS: [(Pays, usize); 4] =
    [(Pays::Before, 2), (Pays::Meanwhile, 1), (Pays::Late, 2), (Pays::Never, 3)];

/// An order that the shop gives up; its buyer has seen the cashier, or will come late.
fn given_up(town: &mut Town<'_>, order_no: &str, pays: Pays, trouble: Trouble) {
    let bought = town.direct(order_no);
    if pays != Pays::Late {
        assert!(town.gateway.moves(&bought, "WAIT_BUYER_PAY", town.now, true));
        town.pass(1);
    }
    trouble(town);
    if pays == Pays::Before {
        assert!(town.gateway.moves(&bought, "TRADE_FINISHED", town.now, false));
    }
    let close = call(Method::POST, &format!("/v1/orders/{order_no}/close"), &Value::Null, "k");
    let (status, order) = read(&town.insist(&close));
    assert_eq!(status, StatusCode::OK, "no instance knows of a payment yet: {order}");
    assert_eq!(order["payment_requests"][0]["payment_url"], Value::Null, "nobody is sent to pay it");
    let mut is_paid = pays == Pays::Before;
    if pays == Pays::Meanwhile {
        is_paid = town.gateway.moves(&bought, "TRADE_FINISHED", town.now, true);
    }
    town.pass(5);
    if pays == Pays::Late {
        is_paid = town.gateway.moves(&bought, "TRADE_FINISHED", town.now, false);
    }
    town.pass(20);
    town.heal();
    town.pass(60);

    let status = if is_paid { "TRADE_FINISHED" } else { "TRADE_CLOSED" };
    assert_eq!(town.gateway.status_of(&bought), Some(status));
    let request = shown(town, &bought);
    let said = (&request["trade_status"], &request["closing"], &request["next_query_at"]);
    assert_eq!(said, (&json!(status), &json!(false), &Value::Null), "{pays:?} {request}");
    let events = town.events_of(order_no);
    let last = events.last().unwrap();
    let paid = events.iter().filter(|event| event["type"] == "order.paid").count();
    assert_eq!((paid, &last["data"]["trade_status"]), (usize::from(is_paid), &json!(status)), "{events:?}");
    if is_paid {
        assert_eq!((&last["type"], &last["data"]["late"]), (&json!("order.paid"), &json!(true)), "{last}");
    }
    let again = read(&town.insist(&close));
    assert_eq!(again.0, if is_paid { StatusCode::CONFLICT } else { StatusCode::OK }, "{}", again.1);
}

#[test]
fn an_order_given_up_while_it_is_paid_ends_closed_or_paid_late_whoever_dies() {
    on_each_disk(|disk| {
        for (pays, instances) in PAYMENTS {
            let deaths = each_death(|death, name| {
                let mut town = Town::new(disk, instances);
                let order_no = format!("D{instances}{pays:?}{name}");
                given_up(&mut town, &order_no, pays, Box::new(move |town| town.die(death)));
                town.deaths > 0
            });
            assert!(deaths > 50, "{deaths}");
        }
    });
}

#[test]
fn an_order_given_up_while_it_is_paid_ends_closed_or_paid_late_whatever_is_lost() {
    on_each_disk(|disk| {
        for (pays, instances) in PAYMENTS {
            let losses = each_loss(|loss, nth, name| {
                let mut town = Town::new(disk, instances);
                let order_no = format!("L{instances}{pays:?}{name}");
                given_up(&mut town, &order_no, pays, Box::new(move |town| town.lose(loss, nth)));
                town.losses > 0
            });
            assert!(losses >= 5, "{losses}");
        }
    });
}
