//! Orders and payment requests over REST.

use danbao_merchant::protocol::charset::Charset;
use danbao_merchant::protocol::params::Params;
use danbao_merchant::protocol::sign::{Md5Key, md5};
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderValue, Method, StatusCode};
use serde_json::{Value, json};

use crate::world::{
    DIRECT, KEY, TOKEN, asked, call, done, escrow_terms, on_both_databases, plain, read, refused, service,
    silent,
};

#[test]
fn an_order_leads_to_a_signed_address_and_form_in_the_wanted_service_and_charset() {
    on_both_databases(|world| {
        for (order_no, terms, charset) in
            [("D1", json!({ "service": DIRECT }), Charset::Utf8), ("E1", escrow_terms(), Charset::Gbk)]
        {
            let bought = world.order(order_no, &terms);
            assert_eq!(bought.number, format!("{order_no}-1"));
            let query = bought.url.strip_prefix("http://gateway/gateway.do?").unwrap();
            let params = Params::parse_urlencoded(query.as_bytes()).unwrap();
            assert_eq!(md5::verify(&params, &Md5Key::new(KEY)), Ok(()));
            let value = |name| params.get_text(name, charset).unwrap().unwrap();
            assert_eq!(value("service"), terms["service"]);
            assert_eq!(value("subject"), "一盒月饼");
            assert_eq!(value("notify_url"), "http://sidecar:8082/pay/notify");
            assert_eq!(value("return_url"), "http://sidecar:8082/pay/return");
            let state = world.state(&bought);
            assert_eq!(state["payment_url"], bought.url);
            let form = state["payment_form"].as_str().unwrap();
            assert!(form.contains("<form") && form.contains(charset.label()), "{form}");
            assert_eq!(state["total_fees"], json!(["12.50"]));
        }
    });
}

#[test]
fn the_same_key_and_body_are_done_once_and_answered_alike() {
    on_both_databases(|world| {
        let wish = json!({ "order_no": "A", "subject": "x", "price": "1.00", "payment_request": { "service": DIRECT } });
        let first = world.api_with_key(Method::POST, "/v1/orders", &wish, "k");
        assert_eq!(first.0, StatusCode::CREATED);
        world.now.0 += 60_000;
        assert_eq!(world.api_with_key(Method::POST, "/v1/orders", &wish, "k"), first);
        // The meaning counts, not the bytes.
        let respaced = r#"{ "payment_request": {"service": "create_direct_pay_by_user"},
            "price": "1.00", "subject": "x", "order_no": "A" }"#;
        let mut request = call(Method::POST, "/v1/orders", &Value::Null, "k");
        *request.body_mut() = respaced.into();
        assert_eq!(read(&world.get(request)), first);

        let mut other = wish.clone();
        other["price"] = json!("2.00");
        let (status, problem) = world.api_with_key(Method::POST, "/v1/orders", &other, "k");
        assert_eq!(
            (status, &problem["code"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!("idempotency_key_reused"))
        );
        let (status, problem) = world.api_with_key(Method::POST, "/v1/orders", &wish, "another");
        assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("order_exists")));
        // A key is for one kind of wish.
        let path = "/v1/orders/A/payment_requests";
        let (status, _) = world.api_with_key(Method::POST, path, &json!({ "service": DIRECT }), "k");
        assert_eq!(status, StatusCode::CREATED);
    });
}

#[test]
fn the_same_question_twice_in_one_group_is_done_once() {
    on_both_databases(|world| {
        let wish = json!({ "order_no": "A", "subject": "x", "price": "1.00" });
        let (one, a) = world.ask(call(Method::POST, "/v1/orders", &wish, "k"));
        let (two, b) = world.ask(call(Method::POST, "/v1/orders", &wish, "k"));
        world.step(vec![a, b]);
        let answers = [one, two].map(|id| read(&world.answered(id).unwrap()));
        assert_eq!(answers[0], answers[1]);
        assert_eq!(answers[0].0, StatusCode::CREATED);
    });
}

#[test]
fn a_second_try_at_paying_closes_the_first_at_the_gateway() {
    on_both_databases(|world| {
        let first = world.direct("A");
        let (status, second) = world.api(Method::POST, "/v1/orders/A/payment_requests", &escrow_terms());
        assert_eq!((status, &second["out_trade_no"]), (StatusCode::CREATED, &json!("A-2")));
        let state = world.state(&first);
        assert_eq!((&state["closing"], &state["payment_url"]), (&json!(true), &Value::Null));
        assert_eq!(world.wait(), 0);
        let question = world.gateway_says(refused("TRADE_NOT_EXIST"));
        assert_eq!(service(&question), "close_trade");
        assert!(asked(&question).contains(&("out_order_no".into(), "A-1".into())));
        assert_eq!(world.state(&first)["closing"], true, "the buyer may still hold the old address");
        assert_eq!(world.wait(), 120);
        // In the meantime the buyer was at the cashier with it. The second try is asked after in the same step.
        assert_eq!(service(&world.gateway_says(done())), "close_trade");
        assert_eq!(service(&world.gateway_says(refused("TRADE_NOT_EXIST"))), "single_trade_query");
        assert_eq!(world.state(&first)["payment_url"], Value::Null, "until it is heard what became of it");
        let question = world.gateway_says(first.queried("TRADE_CLOSED", "2012-03-01 00:02:00"));
        assert_eq!(service(&question), "single_trade_query");
        assert_eq!(world.state(&first)["closing"], false);
        assert_eq!(world.state(&first)["trade_status"], "TRADE_CLOSED");
        assert_eq!(world.state(&first)["next_query_at"], Value::Null);
    });
}

#[test]
fn an_order_that_was_given_up_takes_no_more_payment_requests() {
    on_both_databases(|world| {
        let bought = world.direct("A");
        let (status, order) = world.api(Method::POST, "/v1/orders/A/close", &Value::Null);
        assert_eq!(status, StatusCode::OK);
        assert!(order["closed_at"].is_string());
        assert_eq!(world.state(&bought)["payment_url"], Value::Null);
        let (status, problem) =
            world.api(Method::POST, "/v1/orders/A/payment_requests", &json!({ "service": DIRECT }));
        assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("order_closed")));
        // The money comes all the same.
        let _ = world.bring(bought.notify(1, "TRADE_FINISHED"), "true");
        let events = world.events();
        assert_eq!((&events[0]["type"], &events[0]["data"]["late"]), (&json!("order.paid"), &json!(true)));
        let (status, problem) = world.api(Method::POST, "/v1/orders/A/close", &Value::Null);
        assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("order_paid")));
    });
}

#[test]
fn an_escrow_order_is_shipped_server_to_server() {
    on_both_databases(|world| {
        let bought = world.escrow("A");
        let path = format!("/v1/payment_requests/{}/ship", bought.number);
        let parcel = json!({ "transport_type": "EXPRESS", "logistics_name": "顺丰速运", "invoice_no": "1" });
        let (status, problem) = world.api(Method::POST, &path, &parcel);
        assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("not_to_be_shipped")));
        let _ = world.bring(bought.notify(1, "WAIT_SELLER_SEND_GOODS"), "true");
        for (answer, status) in [
            (Some(refused("TRADE_STATUS_NOT_AVAILD")), StatusCode::CONFLICT),
            (None, StatusCode::BAD_GATEWAY),
            (Some(done()), StatusCode::OK),
        ] {
            let (id, input) = world.ask(call(Method::POST, &path, &parcel, "k"));
            world.step(vec![input]);
            match answer {
                Some(answer) => {
                    let question = world.gateway_says(answer);
                    assert!(asked(&question).contains(&("trade_no".into(), bought.trade_no())));
                    assert!(asked(&question).contains(&("logistics_name".into(), "顺丰速运".into())));
                }
                None => {
                    let (send, _) = world.sent_to("gateway").unwrap();
                    world.step(vec![silent(send)]);
                }
            }
            let (said, body) = read(&world.answered(id).unwrap());
            assert_eq!(said, status, "{body}");
            if status == StatusCode::CONFLICT {
                assert_eq!(body["error_code"], "TRADE_STATUS_NOT_AVAILD");
            }
        }
        assert_eq!(world.state(&bought)["trade_status"], "WAIT_SELLER_SEND_GOODS", "a message will tell");
    });
}

#[test]
fn what_cannot_be_paid_is_refused_before_anything_is_written() {
    on_both_databases(|world| {
        let wish = |field: &str, value: Value| {
            let mut wish = json!({ "order_no": "A", "subject": "x", "price": "1.00", "payment_request": { "service": DIRECT } });
            wish[field] = value;
            wish
        };
        for (wish, code) in [
            (wish("price", json!("1.001")), "amount_malformed"),
            (wish("price", json!("-1.00")), "amount_malformed"),
            (wish("discount", json!("-1.00")), "amount_malformed"),
            (wish("order_no", json!("a b")), "order_no_malformed"),
            (wish("order_no", json!("..")), "order_no_malformed"),
            (wish("order_no", json!("a".repeat(49))), "order_no_malformed"),
            (wish("return_page", json!("javascript:alert(1)")), "address_malformed"),
            (wish("payment_request", json!({ "service": "pay" })), "word_unknown"),
            (wish("payment_request", json!({ "service": DIRECT, "sign_type": "DSA" })), "account_unknown"),
            (
                wish("payment_request", json!({ "service": DIRECT, "partner": "2088000000000009" })),
                "account_unknown",
            ),
            (wish("payment_request", json!({ "service": "trade_create_by_buyer" })), "payment_refused"),
            (wish("subject", json!("")), "payment_refused"),
        ] {
            let (status, problem) = world.api(Method::POST, "/v1/orders", &wish);
            assert_eq!(
                (status, &problem["code"]),
                (StatusCode::UNPROCESSABLE_ENTITY, &json!(code)),
                "{problem}"
            );
        }
        for wish in
            [json!({ "order_no": "A" }), wish("pirce", json!("1")), wish("subject", json!("a\0b")), json!(7)]
        {
            let (status, problem) = world.api(Method::POST, "/v1/orders", &wish);
            assert_eq!(
                (status, &problem["code"]),
                (StatusCode::BAD_REQUEST, &json!("malformed_json")),
                "{problem}"
            );
        }
        let (status, _) = world.api(Method::GET, "/v1/orders/A", &Value::Null);
        assert_eq!(status, StatusCode::NOT_FOUND);
    });
}

#[test]
fn nobody_but_the_shop_may_ask() {
    on_both_databases(|world| {
        for token in ["", "Bearer", "Bearer ", "Bearer wrong", "Basic YTpi", &format!("Bearer{TOKEN}")] {
            let mut request = call(Method::GET, "/v1/events", &Value::Null, "k");
            request.headers_mut().insert(AUTHORIZATION, HeaderValue::from_str(token).unwrap());
            let response = world.get(request);
            assert_eq!(read(&response).0, StatusCode::UNAUTHORIZED, "{token}");
            assert_eq!(response.headers()[WWW_AUTHENTICATE], "Bearer");
        }
        let mut request = call(Method::GET, "/v1/events", &Value::Null, "k");
        request.headers_mut().insert(AUTHORIZATION, format!("bearer {TOKEN}").parse().unwrap());
        assert_eq!(read(&world.get(request)).0, StatusCode::OK, "the scheme may be written in any case");
        for path in ["/readyz", "/healthz", "/v1/openapi.json"] {
            assert_eq!(world.get(plain(Method::GET, path, String::new())).status(), StatusCode::OK);
        }
        let (status, problem) = world.api(Method::PUT, "/v1/events", &Value::Null);
        assert_eq!((status, &problem["code"]), (StatusCode::METHOD_NOT_ALLOWED, &json!("method")));
        assert_eq!(world.api(Method::GET, "/v2", &Value::Null).0, StatusCode::NOT_FOUND);
    });
}

#[test]
fn a_trade_that_was_paid_before_it_could_be_closed_is_found_at_once() {
    on_both_databases(|world| {
        let bought = world.direct("A");
        let path = format!("/v1/payment_requests/{}/close", bought.number);
        let (status, request) = world.api(Method::POST, &path, &Value::Null);
        assert_eq!((status, &request["closing"]), (StatusCode::OK, &json!(true)));
        assert_eq!(world.wait(), 0);
        assert_eq!(service(&world.gateway_says(refused("TRADE_STATUS_NOT_AVAILD"))), "close_trade");
        let question = world.gateway_says(bought.queried("TRADE_FINISHED", "2012-03-01 00:00:00"));
        assert_eq!(service(&question), "single_trade_query");
        let state = world.state(&bought);
        assert_eq!((&state["paid"], &state["closing"]), (&json!(true), &json!(false)));
        let events = world.events();
        assert_eq!((&events[0]["type"], &events[0]["data"]["late"]), (&json!("order.paid"), &json!(true)));
    });
}

#[test]
fn a_body_is_one_object_and_each_field_of_it_stands_there_once() {
    on_both_databases(|world| {
        let twice = r#"{ "order_no": "A", "subject": "x", "price": "1.00", "price": "0.01" }"#;
        let list = r#"["A", "x", null, null, "1.00", 1, "0.00", null, null, null]"#;
        for body in [twice, list, "null"] {
            let mut request = call(Method::POST, "/v1/orders", &Value::Null, "k");
            *request.body_mut() = body.into();
            let (status, problem) = read(&world.get(request));
            assert_eq!(
                (status, &problem["code"]),
                (StatusCode::BAD_REQUEST, &json!("malformed_json")),
                "{body}"
            );
        }
    });
}
