//! The description of the sandbox API and the API itself say the same.

use std::collections::BTreeSet;

use danbao_engine::change::Command;
use danbao_engine::deadlines::DeadlineKind;
use danbao_node::openapi::{check, schema_of};
use danbao_protocol::service::Service;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::address_query::query;
use super::login::login;
use super::order::Call;
use super::refund_batches;
use super::world::{World, on_both_databases};

fn described(world: &mut World) -> Value {
    serde_json::from_str(&world.get_text("/sandbox/v1/openapi.json")).unwrap()
}

/// Every operation of the description: method, path, operation.
fn operations(openapi: &Value) -> Vec<(Method, String, Value)> {
    let mut found = Vec::new();
    for (path, item) in openapi["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if let Ok(method @ (Method::GET | Method::POST)) = method.to_uppercase().parse() {
                found.push((method, path.clone(), operation.clone()));
            }
        }
    }
    found
}

/// Every route of the router, read out of its own match arms: `(&Method::GET, ["trades", trade_no])`.
fn routes() -> BTreeSet<String> {
    const ROUTER: &str = include_str!("../../src/sandbox/mod.rs");
    let mut routes = BTreeSet::new();
    for arm in ROUTER.split("(&Method::").skip(1) {
        let Some((method, rest)) = arm.split_once(", [") else { continue };
        let segments = rest.split(']').next().unwrap_or_default().split(", ");
        let path: String = segments
            .map(|segment| match segment.trim().strip_prefix('"') {
                Some(fixed) => format!("/{}", fixed.trim_end_matches('"')),
                None => format!("/{{{}}}", segment.trim()),
            })
            .collect();
        routes.insert(format!("{method} {path}"));
    }
    routes
}

#[test]
fn every_route_is_described_and_every_description_has_a_route() {
    on_both_databases(|world| {
        let openapi = described(world);
        assert_eq!(openapi["openapi"], "3.1.0");
        let described: BTreeSet<String> =
            operations(&openapi).iter().map(|(method, path, _)| format!("{method} {path}")).collect();
        assert_eq!(described, routes());
        assert!(described.len() > 10);
        let names = |at: &str| -> Vec<String> {
            let words = openapi.pointer(at).and_then(Value::as_array).unwrap();
            words.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let all: Vec<String> = Service::ALL.iter().map(|service| service.as_str().to_owned()).collect();
        assert_eq!(names("/components/schemas/NewPartner/properties/services/items/enum"), all);
        let planned = names("/components/schemas/PlannedRefusal/properties/service/enum");
        assert!(planned.iter().eq(all.iter().filter(|name| *name != "notify_verify")));
    });
}

#[test]
fn every_example_fits_its_schema() {
    on_both_databases(|world| {
        let openapi = described(world);
        for (method, path, operation) in operations(&openapi) {
            let body = &operation["requestBody"]["content"]["application/json"];
            if body.is_object() {
                check(&openapi, &body["schema"], &body["example"], &format!("{method} {path} body")).unwrap();
            }
            for (status, response) in operation["responses"].as_object().unwrap() {
                let name = response["$ref"].as_str().and_then(|name| name.strip_prefix('#'));
                let response = name.map_or(response, |name| openapi.pointer(name).unwrap());
                for content in response["content"].as_object().unwrap().values() {
                    if let Some(example) = content.get("example") {
                        let at = format!("{method} {path} {status}");
                        check(&openapi, &content["schema"], example, &at).unwrap();
                    }
                }
            }
        }
    });
}

#[test]
fn every_described_path_answers_as_it_is_described() {
    on_both_databases(|world| {
        let openapi = described(world);
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let url = Call::escrow(&shop, "a1", "10.00").url();
        let paid = world.checkout(&url, &zhang.email, Value::Null);
        let trade_no = paid["trade_no"].as_str().unwrap().to_owned();
        world.acknowledge();
        world.answer_with(500, "no");
        let notify_id = world.trade(&trade_no)["notices"][1]["notify_id"].as_str().unwrap().to_owned();
        let stranger = world.merchant("stranger@shop.example", json!({}));
        let fresh = Call::direct(&shop, "a2", "10.00").url();
        let batch = refund_batches::refunded_by_call(world);
        for (method, path, operation) in operations(&openapi) {
            if path == "/openapi.json" {
                continue;
            }
            let mut body = operation["requestBody"]["content"]["application/json"]["example"].clone();
            match path.as_str() {
                "/checkout" => body["url"] = json!(fresh),
                "/login" => body["url"] = json!(login(&shop).url()),
                "/address" => body["url"] = json!(query(&shop).url()),
                "/etao" => body["partner"] = json!(shop.partner),
                _ => {}
            }
            let query = match path.as_str() {
                "/trades" => "?out_trade_no=a1",
                "/refund-batches" => &batch,
                _ => "",
            };
            let asked = format!(
                "{}{query}",
                path.replace("{trade_no}", &trade_no)
                    .replace("{user_id}", &zhang.user_id)
                    .replace("{partner}", &stranger.partner)
                    .replace("{notify_id}", &notify_id)
                    .replace("{plan_id}", "1")
            );
            let (status, answer) = world.sandbox(method.clone(), &asked, &body);
            assert_eq!(status, StatusCode::OK, "{method} {path}: {answer}");
            check(&openapi, schema_of(&openapi, &operation, status).unwrap(), &answer, &path).unwrap();
        }
    });
}

#[test]
fn every_mistake_is_a_problem_that_is_described() {
    on_both_databases(|world| {
        let openapi = described(world);
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let url = Call::direct(&shop, "a3", "10.00").url();
        let paid = world.checkout(&url, &zhang.email, Value::Null);
        world.acknowledge_all();
        let actions = format!("/trades/{}/actions", paid["trade_no"].as_str().unwrap());
        let nobody = "/trades/2012022999999999";
        let line =
            json!({ "email": "line@x.example", "addresses": [{ "name": "x", "address": "某省某市某路" }] });
        world.done(Method::POST, "/users", &line);
        let entrance = "http://shop.example/login/return";
        let etao = |partner: &str, more: Value| {
            let mut body = json!({ "partner": partner, "target_url": "http://shop.example/goods/7" });
            for (name, value) in more.as_object().unwrap() {
                body[name] = value.clone();
            }
            body
        };
        let plan = |more: Value| {
            let mut body = json!({ "partner": shop.partner, "faults": [{ "fault": "drop" }] });
            for (name, value) in more.as_object().unwrap() {
                body[name] = value.clone();
            }
            body
        };
        let terms = format!("/partners/{}/terms", shop.partner);
        let refusals = format!("/partners/{}/refusals", shop.partner);
        let get = Method::GET;
        let post = Method::POST;
        let mistakes = [
            (&post, "/users", "/users", json!({}), "malformed_json"),
            (&post, "/users", "/users", json!({ "email": "a@b.example", "emial": "x" }), "malformed_json"),
            (&post, "/users", "/users", json!({ "email": "nobody" }), "email_malformed"),
            (&post, "/users", "/users", json!({ "email": zhang.email }), "email_taken"),
            (
                &post,
                "/users",
                "/users",
                json!({ "email": "a@b.example", "balance": "x" }),
                "balance_malformed",
            ),
            (
                &post,
                "/users",
                "/users",
                json!({ "email": "a@b.example", "display_name": "名".repeat(65) }),
                "display_name_malformed",
            ),
            (&post, "/users", "/users", json!({ "email": "a@b.example", "kind": "x" }), "kind_unknown"),
            (
                &post,
                "/partners",
                "/partners",
                json!({ "seller_email": "a@b.example", "triggers": ["TRADE_PENDING"] }),
                "trigger_unknown",
            ),
            (&post, "/partners/{partner}", "/partners/1", json!({}), "not_found"),
            (&post, "/users/{user_id}", "/users/1", json!({ "is_frozen": true }), "not_found"),
            (
                &post,
                "/partners",
                "/partners",
                json!({ "seller_email": "a@b.example", "services": ["x"] }),
                "service_unknown",
            ),
            (
                &post,
                "/partners",
                "/partners",
                json!({ "seller_email": "a@b.example", "key": "short" }),
                "partner_malformed",
            ),
            (
                &post,
                "/partners",
                "/partners",
                json!({ "seller_email": "a@b.example", "fee_ppm": 1_000_001 }),
                "partner_malformed",
            ),
            (&post, "/partners", "/partners", json!({ "seller_email": shop.seller_email }), "partner_exists"),
            (
                &post,
                "/partners/{partner}/terms",
                &terms,
                json!({ "withheld": { "close_trade": "x" } }),
                "terms_malformed",
            ),
            (&post, "/partners/{partner}/terms", &terms, json!({ "barred": ["x"] }), "terms_malformed"),
            (&post, "/partners/{partner}/terms", &terms, json!({ "client_ips": ["x"] }), "terms_malformed"),
            (&post, "/partners/{partner}/terms", "/partners/1/terms", json!({}), "not_found"),
            (
                &post,
                "/partners/{partner}/refusals",
                &refusals,
                json!({ "service": "notify_verify", "code": "SYSTEM_ERROR" }),
                "refusal_unknown",
            ),
            (
                &post,
                "/partners/{partner}/refusals",
                &refusals,
                json!({ "service": "close_trade", "code": "x" }),
                "refusal_unknown",
            ),
            (&get, "/partners/{partner}/refusals", "/partners/1/refusals", Value::Null, "not_found"),
            (&get, "/trades", "/trades", Value::Null, "out_trade_no_missing"),
            (&get, "/notices", "/notices?state=x", Value::Null, "query_malformed"),
            (&get, "/notices", "/notices?since=x", Value::Null, "query_malformed"),
            (&get, "/notices", "/notices?after=x", Value::Null, "query_malformed"),
            (&get, "/notices", "/notices?limit=501", Value::Null, "query_malformed"),
            (&get, "/notices/{notify_id}", "/notices/x", Value::Null, "not_found"),
            (&post, "/notices/{notify_id}/resend", "/notices/x/resend", Value::Null, "not_found"),
            (&get, "/attempts", "/attempts?after=x", Value::Null, "query_malformed"),
            (&get, "/faults/{plan_id}", "/faults/1", Value::Null, "not_found"),
            (&post, "/faults/{plan_id}/end", "/faults/x/end", Value::Null, "not_found"),
            (&post, "/faults", "/faults", plan(json!({ "seed": -1 })), "plan_malformed"),
            (&post, "/faults", "/faults", plan(json!({ "seconds": 0 })), "plan_malformed"),
            (&post, "/faults", "/faults", plan(json!({ "faults": [] })), "plan_malformed"),
            (&post, "/faults", "/faults", plan(json!({ "faults": [{ "fault": "x" }] })), "plan_malformed"),
            (
                &post,
                "/faults",
                "/faults",
                plan(json!({ "faults": [{ "fault": "drop", "seconds": 1 }] })),
                "plan_malformed",
            ),
            (&post, "/faults", "/faults", plan(json!({ "partner": "2088999999999999" })), "not_found"),
            (&post, "/faults", "/faults", plan(json!({ "trade_no": "2012022999999999" })), "not_found"),
            (&post, "/faults", "/faults", json!({ "faults": [{ "fault": "drop" }] }), "plan_malformed"),
            (&get, "/refund-batches", "/refund-batches", Value::Null, "batch_no_missing"),
            (&get, "/refund-batches", "/refund-batches?partner=1&batch_no=2", Value::Null, "not_found"),
            (&get, "/trades/{trade_no}", nobody, Value::Null, "not_found"),
            (
                &post,
                "/trades/{trade_no}/actions",
                "/trades/1/actions",
                json!({ "action": "pay" }),
                "not_found",
            ),
            (&post, "/trades/{trade_no}/actions", &actions, json!({ "action": "refund" }), "action_unknown"),
            (
                &post,
                "/trades/{trade_no}/actions",
                &actions,
                json!({ "action": "pay", "method": "cash" }),
                "method_unknown",
            ),
            (
                &post,
                "/trades/{trade_no}/actions",
                &actions,
                json!({ "action": "send_goods", "transport_type": "x" }),
                "transport_type_unknown",
            ),
            (
                &post,
                "/checkout",
                "/checkout",
                json!({ "url": url, "buyer": "nobody@x.example" }),
                "not_found",
            ),
            (
                &post,
                "/checkout",
                "/checkout",
                json!({ "url": url, "buyer": zhang.email, "mode": "x" }),
                "choice_unknown",
            ),
            (&post, "/clock/advance", "/clock/advance", json!({ "seconds": -1 }), "seconds_out_of_range"),
            (
                &post,
                "/users",
                "/users",
                json!({ "email": "a@b.example", "user_grade": "x" }),
                "profile_malformed",
            ),
            (
                &post,
                "/users",
                "/users",
                json!({ "email": "a@b.example", "nickname": " " }),
                "profile_malformed",
            ),
            (
                &post,
                "/users",
                "/users",
                json!({ "email": "a@b.example",
                        "addresses": [{ "name": "x", "address": "x", "area_code": "310199" }] }),
                "address_malformed",
            ),
            (
                &post,
                "/partners",
                "/partners",
                json!({ "seller_email": "a@b.example", "permissions": ["balance"] }),
                "permission_unknown",
            ),
            (&post, "/login", "/login", json!({ "url": url, "user": "nobody@x.example" }), "not_found"),
            (&post, "/address", "/address", json!({ "url": query(&shop).url() }), "sign_in_needed"),
            (
                &post,
                "/address",
                "/address",
                json!({ "url": query(&shop).url(), "user": zhang.email, "address": 1 }),
                "not_found",
            ),
            (
                &post,
                "/address",
                "/address",
                json!({ "url": query(&shop).url(), "user": "line@x.example" }),
                "region_missing",
            ),
            (&post, "/etao", "/etao", etao("2088999999999999", json!({})), "not_found"),
            (&post, "/etao", "/etao", etao(&shop.partner, json!({})), "return_url_missing"),
            (
                &post,
                "/etao",
                "/etao",
                etao(&shop.partner, json!({ "return_url": "x" })),
                "entrance_malformed",
            ),
            (
                &post,
                "/etao",
                "/etao",
                etao(&shop.partner, json!({ "return_url": entrance, "target_url": "javascript:x" })),
                "target_url_malformed",
            ),
            (
                &post,
                "/etao",
                "/etao",
                etao(&shop.partner, json!({ "user": "line@x.example", "by_nickname": true })),
                "nickname_missing",
            ),
        ];
        for (method, path, asked, body, code) in mistakes {
            let (status, problem) = world.sandbox(method.clone(), asked, &body);
            assert_eq!(problem["code"], code, "{method} {asked} {body}: {problem}");
            let operation = &openapi["paths"][path][method.as_str().to_lowercase()];
            check(&openapi, schema_of(&openapi, operation, status).unwrap(), &problem, path).unwrap();
        }
        let refused = world.act(paid["trade_no"].as_str().unwrap(), json!({ "action": "close" }));
        assert_eq!(refused, json!({ "error_code": "TRADE_STATUS_NOT_AVAILD" }));
    });
}

#[test]
fn a_gateway_that_is_no_sandbox_has_no_such_thing() {
    let database = danbao_store::sqlite::memory().unwrap();
    let mut config = danbao_gateway::Config::sandbox("http://pay.example");
    config.is_sandbox = false;
    let now = super::world::NOON;
    let mut gateway = danbao_gateway::Gateway::open(database, config, [7; 32], now).unwrap();
    for path in ["/sandbox/v1/openapi.json", "/sandbox/v1/state", "/sandbox/v1/faults", "/desk/faults"] {
        let request = super::world::request(Method::GET, path, "");
        let input = danbao_protocol::node::Input::Request { id: danbao_protocol::node::AskId(1), request };
        let outputs = danbao_protocol::node::Node::step(&mut gateway, now, vec![input]).unwrap();
        let [danbao_protocol::node::Output::Respond { response, .. }] = &outputs[..] else {
            panic!("one answer")
        };
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
    }
}

#[test]
fn a_refund_and_its_actions_answer_as_they_are_described() {
    on_both_databases(|world| {
        let openapi = described(world);
        let words = |at: &str| -> Vec<String> {
            let words = openapi.pointer(at).and_then(Value::as_array).unwrap();
            words.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let trade = "/components/schemas/Trade/properties";
        let kinds = DeadlineKind::ALL.map(DeadlineKind::as_str);
        assert_eq!(words(&format!("{trade}/deadlines/items/properties/kind/enum")), kinds);
        let mut commands = words(&format!("{trade}/history/items/properties/command/enum"));
        let mut all = Command::ALL.map(Command::as_str);
        commands.sort();
        all.sort_unstable();
        assert_eq!(commands, all);

        let zhang = world.zhang();
        let url = Call::escrow(&world.shop, "a3", "10.00").url();
        let paid = world.checkout(&url, &zhang.email, Value::Null);
        let path = format!("/trades/{}/actions", paid["trade_no"].as_str().unwrap());
        let operation = &openapi["paths"]["/trades/{trade_no}/actions"]["post"];
        let body = &operation["requestBody"]["content"]["application/json"]["schema"];
        let mut tried = Vec::new();
        for action in [
            json!({ "action": "send_goods", "transport_type": "POST" }),
            json!({ "action": "extend_timeout", "days": 5 }),
            json!({ "action": "apply_refund", "goods_received": true, "amount": "4.00", "reason": "坏了" }),
            json!({ "action": "refuse_refund", "reason": "没有坏", "evidence": "录像" }),
            json!({ "action": "withdraw_refund" }),
            json!({ "action": "apply_refund" }),
            json!({ "action": "agree_refund" }),
            json!({ "action": "return_goods", "logistics_name": "EMS", "invoice_no": "1" }),
            json!({ "action": "confirm_return" }),
            json!({ "action": "adjust_price", "discount": "-1.00" }),
            json!({ "action": "pay", "method": "bank" }),
            json!({ "action": "confirm_goods" }),
            json!({ "action": "close" }),
            json!({ "action": "refund_paid", "amount": "1.00", "reason": "少发一件" }),
        ] {
            check(&openapi, body, &action, "body").unwrap();
            let answer = world.done(Method::POST, &path, &action);
            check(&openapi, schema_of(&openapi, operation, StatusCode::OK).unwrap(), &answer, "answer")
                .unwrap();
            tried.push(action["action"].as_str().unwrap().to_owned());
        }
        let described = words("/components/schemas/Action/properties/action/enum");
        assert!(described.iter().all(|action| tried.contains(action)), "{described:?}");
        world.acknowledge_all();
    });
}
