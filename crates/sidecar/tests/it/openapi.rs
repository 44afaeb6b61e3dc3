//! The description of the API and the API itself say the same. That every route is described is a test of the router's.

use danbao_merchant::protocol::error_code::ErrorCode;
use danbao_node::openapi::{self, check};
use danbao_store::testing::Database;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::refusals::letter;
use crate::world::{World, call, on_both_databases, plain, read, refused};

fn described(world: &mut World) -> Value {
    let response = world.get(plain(Method::GET, "/v1/openapi.json", String::new()));
    let (status, openapi) = read(&response);
    assert_eq!((status, &openapi["openapi"]), (StatusCode::OK, &json!("3.1.0")));
    openapi
}

/// The schema of an answer's body.
fn schema_of<'a>(openapi: &'a Value, method: &Method, path: &str, status: StatusCode) -> &'a Value {
    let operation = &openapi["paths"][path][method.as_str().to_lowercase()];
    openapi::schema_of(openapi, operation, status).unwrap()
}

#[test]
fn every_example_fits_its_schema() {
    on_both_databases(|world| {
        let openapi = described(world);
        let mut examples = 0;
        for (path, item) in openapi["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let body = &operation["requestBody"]["content"]["application/json"];
                if body.is_object() {
                    check(&openapi, &body["schema"], &body["example"], &format!("{method} {path}")).unwrap();
                    examples += 1;
                }
            }
        }
        for (name, response) in openapi["components"]["responses"].as_object().unwrap() {
            let content = &response["content"]["application/problem+json"];
            check(&openapi, &content["schema"], &content["example"], name).unwrap();
            examples += 1;
        }
        assert!(examples > 8);
    });
}

#[test]
fn what_any_call_may_come_to_is_described_everywhere() {
    on_both_databases(|world| {
        let openapi = described(world);
        for (path, item) in openapi["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let is_described = |status: &str| operation["responses"].get(status).is_some();
                assert!(is_described("503"), "{method} {path}");
                assert!(is_described("500") || path == "/openapi.json", "{method} {path}");
                assert_eq!(is_described("413"), operation.get("requestBody").is_some(), "{method} {path}");
            }
        }
    });
    for database in Database::of_each_kind().unwrap() {
        let mut world = World::on(crate::world::open(database.connect().unwrap()));
        let openapi = described(&mut world);
        let _ = world.direct("A");
        let mut conn = database.connect().unwrap();
        conn.execute("UPDATE payment_request SET terms = 'nonsense'", &[]).unwrap();
        drop(conn);
        let (status, problem) = world.api(Method::GET, "/v1/orders/A", &Value::Null);
        assert_eq!((status, &problem["code"]), (StatusCode::INTERNAL_SERVER_ERROR, &json!("internal")));
        let schema = schema_of(&openapi, &Method::GET, "/orders/{order_no}", status);
        check(&openapi, schema, &problem, "500").unwrap();
    }
}

#[test]
fn every_described_path_answers_as_it_is_described() {
    on_both_databases(|world| {
        let openapi = described(world);
        let bought = world.escrow("20120301-1");
        let _ = world.bring(bought.notify(1, "WAIT_SELLER_SEND_GOODS"), "true");
        let id = world.events()[0]["id"].as_str().unwrap().to_owned();
        world.due();
        let _ = world.shop_says(500);
        let open = world.direct("open");
        let told = letter(&open, "r1", "2012-03-01 00:00:04", ErrorCode::SellerNotExist);
        let _ = world.bring(told, "true");
        // The one that the example refunds.
        let refunded = world.direct("bookmark");
        let _ = world.bring(refunded.notify(1, "TRADE_FINISHED"), "true");
        let (mut batch_no, mut login_id, mut address_id) = (String::new(), String::new(), String::new());
        crate::buyers::signed_in(world);
        let mut asked = 0;
        for (path, item) in openapi["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                if path == "/openapi.json" {
                    continue;
                }
                let method: Method = method.to_uppercase().parse().unwrap();
                let body = operation["requestBody"]["content"]["application/json"]["example"].clone();
                let order_no = if path == "/orders/{order_no}" { "20120301-1" } else { "open" };
                let address = path
                    .replace("{order_no}", order_no)
                    .replace("{out_trade_no}", &bought.number)
                    .replace("{batch_no}", &batch_no)
                    .replace("{login_id}", &login_id)
                    .replace("{address_id}", &address_id)
                    .replace("{user_id}", crate::buyers::USER)
                    .replace("{id}", &id);
                if path.ends_with("/settle") {
                    // The gateway works on it, and never tells.
                    world.due();
                    let _ = world.gateway_says(crate::world::done());
                }
                let query = if path == "/webhook/deliveries" { "?state=waiting" } else { "" };
                let address = format!("/v1{address}{query}");
                let (ask, input) = world.ask(call(method.clone(), &address, &body, path));
                world.step(vec![input]);
                if path.ends_with("/ship") {
                    let _ = world.gateway_says(crate::world::done());
                }
                if path.ends_with("/query") {
                    let said = bought.queried("WAIT_BUYER_CONFIRM_GOODS", "2012-03-01 00:09:00");
                    let _ = world.gateway_says(said);
                }
                let (status, answer) = read(&world.answered(ask).unwrap());
                // The paths are walked in the order of their names: the open order is closed before it is to be paid.
                let closed = path == "/orders/{order_no}/payment_requests";
                assert!(status.is_success() || closed, "{method} {path}: {answer}");
                check(&openapi, schema_of(&openapi, &method, path, status), &answer, path).unwrap();
                let made = |name: &str| answer[name].as_str().unwrap().to_owned();
                match path.as_str() {
                    "/refunds" => batch_no = made("batch_no"),
                    "/logins" => login_id = made("login_id"),
                    "/addresses" => address_id = made("address_id"),
                    _ => {}
                }
                asked += 1;
            }
        }
        assert_eq!(asked, 24);
        for event in world.events() {
            check(&openapi, &openapi["components"]["schemas"]["Event"], &event, "event").unwrap();
        }
    });
}

#[test]
fn every_mistake_is_a_problem_that_is_described() {
    on_both_databases(|world| {
        let openapi = described(world);
        let bought = world.direct("paid");
        let _ = world.bring(bought.notify(1, "TRADE_FINISHED"), "true");
        let terms = json!({ "service": "create_direct_pay_by_user" });
        let (get, post) = (Method::GET, Method::POST);
        let mistakes = [
            (&post, "/orders", "/orders", json!({}), "malformed_json"),
            (
                &post,
                "/orders",
                "/orders",
                json!({ "order_no": "paid", "subject": "x", "price": "1" }),
                "order_exists",
            ),
            (
                &post,
                "/orders",
                "/orders",
                json!({ "order_no": "x", "subject": "x", "price": "x" }),
                "amount_malformed",
            ),
            (&get, "/orders/{order_no}", "/orders/none", Value::Null, "not_found"),
            (&post, "/orders/{order_no}/close", "/orders/paid/close", Value::Null, "order_paid"),
            (&post, "/orders/{order_no}/close", "/orders/none/close", Value::Null, "not_found"),
            (
                &post,
                "/orders/{order_no}/payment_requests",
                "/orders/none/payment_requests",
                terms.clone(),
                "not_found",
            ),
            (
                &post,
                "/orders/{order_no}/payment_requests",
                "/orders/paid/payment_requests",
                terms,
                "order_paid",
            ),
            (&get, "/payment_requests/{out_trade_no}", "/payment_requests/x", Value::Null, "not_found"),
            (
                &get,
                "/payment_requests/{out_trade_no}/messages",
                "/payment_requests/x/messages",
                Value::Null,
                "not_found",
            ),
            (
                &post,
                "/payment_requests/{out_trade_no}/query",
                "/payment_requests/x/query",
                Value::Null,
                "not_found",
            ),
            (
                &post,
                "/payment_requests/{out_trade_no}/close",
                "/payment_requests/x/close",
                Value::Null,
                "not_found",
            ),
            (
                &post,
                "/payment_requests/{out_trade_no}/ship",
                "/payment_requests/x/ship",
                Value::Null,
                "not_found",
            ),
            (
                &post,
                "/payment_requests/{out_trade_no}/ship",
                "/payment_requests/paid-1/ship",
                json!({ "transport_type": "BY_FOOT" }),
                "word_unknown",
            ),
            (
                &post,
                "/payment_requests/{out_trade_no}/ship",
                "/payment_requests/paid-1/ship",
                json!({ "transport_type": "DIRECT" }),
                "not_to_be_shipped",
            ),
            (&get, "/events", "/events?after=evt_1", Value::Null, "cursor_unknown"),
            (&get, "/events", "/events?limit=many", Value::Null, "limit_malformed"),
            (&get, "/events/{id}", "/events/evt_1", Value::Null, "not_found"),
            (&post, "/events/{id}/replay", "/events/evt_1/replay", Value::Null, "not_found"),
            (&post, "/webhook/replay", "/webhook/replay", json!({ "after": "evt_1" }), "not_found"),
            (&post, "/webhook/replay", "/webhook/replay", json!({ "before": "evt_1" }), "malformed_json"),
        ];
        for (method, path, asked, body, code) in mistakes {
            let (status, problem) = world.api(method.clone(), &format!("/v1{asked}"), &body);
            assert_eq!(problem["code"], code, "{method} {asked} {body}: {problem}");
            check(&openapi, schema_of(&openapi, method, path, status), &problem, path).unwrap();
        }
        let path = "/payment_requests/{out_trade_no}/query";
        let (ask, input) =
            world.ask(call(post.clone(), "/v1/payment_requests/paid-1/query", &Value::Null, "k"));
        world.step(vec![input]);
        let _ = world.gateway_says(refused("TRADE_NOT_EXIST"));
        let (status, problem) = read(&world.answered(ask).unwrap());
        check(&openapi, schema_of(&openapi, &post, path, status), &problem, path).unwrap();
        assert_eq!(problem["error_code"], "TRADE_NOT_EXIST");
    });
}
