//! Account states: what a sandbox can make of an account.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::world::on_both_databases;

#[test]
fn an_account_is_private_certified_and_free_until_somebody_says_otherwise() {
    on_both_databases(|world| {
        let company = json!({ "email": "co@b.example", "kind": "company", "is_certified": false });
        let made = world.done(Method::POST, "/users", &company);
        assert_eq!((&made["kind"], &made["is_certified"]), (&json!("company"), &json!(false)));
        let state = world.done(Method::GET, "/state", &Value::Null);
        let users = state["users"].as_array().unwrap().clone();
        let of = |email: &str| users.iter().find(|user| user["email"] == email).unwrap().clone();
        let zhang = of("zhang@danbao.example");
        assert_eq!(
            (&zhang["kind"], &zhang["is_certified"], &zhang["is_frozen"]),
            (&json!("private"), &json!(true), &json!(false))
        );
        assert_eq!(of("co@b.example")["kind"], "company");
    });
}

#[test]
fn what_is_not_said_of_an_account_stays_as_it_is() {
    on_both_databases(|world| {
        let id = world.zhang().user_id;
        let path = format!("/users/{id}");
        let frozen = world.done(Method::POST, &path, &json!({ "is_frozen": true }));
        assert_eq!((&frozen["is_frozen"], &frozen["is_certified"]), (&json!(true), &json!(true)));
        let company = world.done(Method::POST, &path, &json!({ "kind": "company", "is_certified": false }));
        assert_eq!((&company["is_frozen"], &company["kind"]), (&json!(true), &json!("company")));
        assert_eq!(world.done(Method::POST, &path, &json!({})), company);
        let (status, problem) = world.sandbox(Method::POST, &path, &json!({ "kind": "club" }));
        assert_eq!((status, &problem["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("kind_unknown")));
        world.done(Method::POST, &path, &json!({ "is_frozen": false }));
    });
}
