//! Refused payment requests, while sidecars die and what they say is lost: the shop hears of each refusal once, and the
//! order is paid as if there had been none.

use danbao_merchant::protocol::error_code::ErrorCode;
use serde_json::json;

use crate::town::{Town, each_death, each_loss, on_each_disk};

/// A buyer is refused twice and pays then.
fn refused_twice(town: &mut Town<'_>, order_no: &str, trouble: impl FnOnce(&mut Town<'_>)) {
    let bought = town.direct(order_no);
    trouble(town);
    town.gateway.refuses(&bought, ErrorCode::SellerEnableStatusForbid, town.now);
    town.pass(2);
    town.gateway.refuses(&bought, ErrorCode::TradeDataMatchError, town.now);
    assert!(town.gateway.moves(&bought, "TRADE_FINISHED", town.now, true));
    town.pass(20);
    town.heal();
    town.pass(10);

    let mut events = town.events_of(order_no);
    events.retain(|event| event["type"] == "payment_request.refused");
    let mut codes: Vec<&str> =
        events.iter().map(|event| event["data"]["error_code"].as_str().unwrap()).collect();
    codes.sort_unstable();
    assert_eq!(codes, ["SELLER_ENABLE_STATUS_FORBID", "TRADE_DATA_MATCH_ERROR"], "{events:?}");
    let mut kinds = town.kinds_of(order_no);
    kinds.retain(|kind| kind != "payment_request.refused");
    assert_eq!(kinds, ["order.paid"]);
    let shown = town.get(&format!("/v1/payment_requests/{}", bought.number));
    assert_eq!(shown["last_refusal"]["error_code"], "TRADE_DATA_MATCH_ERROR", "{shown}");
    assert_eq!(shown["paid"], json!(true), "{shown}");
}

#[test]
fn each_refusal_is_told_once_whoever_dies() {
    on_each_disk(|disk| {
        for instances in [1, 2] {
            let deaths = each_death(|death, name| {
                let mut town = Town::new(disk, instances);
                refused_twice(&mut town, &format!("D{instances}{name}"), |town| town.die(death));
                town.deaths > 0
            });
            assert!(deaths > 50, "{deaths}");
        }
    });
}

#[test]
fn each_refusal_is_told_once_whatever_is_lost() {
    on_each_disk(|disk| {
        for instances in [1, 2, 3] {
            let losses = each_loss(|loss, nth, name| {
                let mut town = Town::new(disk, instances);
                refused_twice(&mut town, &format!("L{instances}{name}"), |town| town.lose(loss, nth));
                town.losses > 0
            });
            assert!(losses > 15, "{losses}");
        }
    });
}
