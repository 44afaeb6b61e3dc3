//! The sidecar against the real gateway: a refund, a login, etao and an address, over HTTP alone.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::service::{RESULT_SECRET, Service};
use super::shop;
use crate::installation::Home;
use crate::wire;

const REFUND_MAX: Duration = Duration::from_secs(60);

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("no {name}: {value}")).to_owned()
}

#[test]
fn a_shop_in_any_language_refunds_and_has_members() {
    let home = Home::new();
    let mut danbao = home.start();
    let directory = home.ready_file().parent().unwrap().to_owned();
    // Refunds are a term of the contract, and the first partner's has none.
    let contract = json!({ "seller_email": "stationer@shop.example", "is_refundable": true });
    let made = danbao.sandbox().post("/partners", &contract).unwrap();
    assert_eq!(made["partner"], made["seller_id"], "what the sidecar takes them for");
    danbao.ready.partner.seller_email = "stationer@shop.example".to_owned();
    danbao.ready.partner.partner = text(&made, "partner");
    danbao.ready.partner.key = text(&made, "key");
    let merchant = Service::start(&danbao.ready, &directory, "http://127.0.0.1:9");
    let (sandbox, buyer) = (danbao.sandbox(), danbao.ready.buyers[0].email.clone());

    // Signs in, is known, and pays with the token.
    let login = merchant.post("/v1/logins", &json!({ "state": "s1" }));
    let told = sandbox.post("/login", &json!({ "url": login["login_url"], "user": buyer })).unwrap();
    let _ = merchant.result(&text(&told, "return_url"));
    let login = merchant.get(&format!("/v1/logins/{}", text(&login, "login_id")));
    let user_id = text(&login, "user_id");
    assert_eq!(merchant.get(&format!("/v1/buyers/{user_id}"))["came_by"], "quick_login");

    // Chooses an address, which the browser brings by a POST.
    let wish = json!({ "state": "s2", "user_id": user_id });
    let address = merchant.post("/v1/addresses", &wish);
    let told = sandbox.post("/address", &json!({ "url": address["address_url"] })).unwrap();
    let (host, path) = split(&text(&told, "return_url"));
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    let answer = wire::ask(&host, "POST", &path, form, &text(&told, "body")).unwrap();
    assert_eq!(answer.status(), 303, "{answer:?}");
    let address = merchant.get(&format!("/v1/addresses/{}", text(&address, "address_id")));
    assert!(!text(&address["address"], "address").is_empty(), "{address}");

    // Comes by etao.
    let click = json!({
        "partner": danbao.ready.partner.partner,
        "target_url": "http://127.0.0.1:9/goods/tea",
        "user": buyer,
        "by_nickname": false,
        "return_url": format!("{host}/pay/login"),
    });
    let told = sandbox.post("/etao", &click).unwrap();
    let _ = merchant.result(&text(&told, "return_url"));
    assert_eq!(merchant.get(&format!("/v1/buyers/{user_id}"))["came_by"], "etao");

    // Pays, and gets the money back.
    let paid = sandbox.checkout(&merchant.place("A"), &buyer, None, "balance").unwrap();
    let token = merchant.result(&text(&paid, "return_url"));
    assert!(shop::PYTHON.believes(&token, RESULT_SECRET));
    let items = json!([{ "out_trade_no": "A-1", "amount": "0.01", "reason": "颜色不符" }]);
    let refund = merchant.create("/v1/refunds", &json!({ "items": items }));
    let path = format!("/v1/refunds/{}", text(&refund, "batch_no"));
    let since = Instant::now();
    let done = loop {
        let refund = merchant.get(&path);
        if refund["state"] == "done" || refund["state"] == "refused" {
            break refund;
        }
        assert!(since.elapsed() < REFUND_MAX, "never told: {refund}");
        std::thread::sleep(Duration::from_millis(20));
    };
    assert_eq!(done["items"][0]["state"], "succeeded", "{done}");
    let events = merchant.get("/v1/events?limit=1000");
    let kinds: Vec<&str> =
        events["events"].as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap()).collect();
    for kind in ["buyer.signed_in", "address.chosen", "order.paid", "refund.succeeded"] {
        assert!(kinds.contains(&kind), "{kind} is not among {kinds:?}");
    }
    drop(danbao);
}

/// `http://host:port` and the rest.
fn split(url: &str) -> (String, String) {
    let at = url.match_indices('/').nth(2).map_or(url.len(), |(at, _)| at);
    (url[..at].to_owned(), url[at..].to_owned())
}
