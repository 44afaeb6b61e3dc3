//! Problems of RFC 9457 and bodies of JSON, for the API of a node.

use http::StatusCode;
use serde_json::{Value, json};

/// The body of a problem: a stable code for programs, and a sentence for people. More fields may be added to it.
pub fn problem(status: StatusCode, code: &str, detail: &str) -> Value {
    json!({
        "type": format!("about:blank#{code}"),
        "title": status.canonical_reason().unwrap_or("Error"),
        "status": status.as_u16(),
        "code": code,
        "detail": detail,
    })
}

/// Whether a text of the body, or the name of a field, holds NUL: PostgreSQL has no NUL in a text, and no person types
/// one.
pub fn holds_nul(body: &Value) -> bool {
    match body {
        Value::String(text) => text.contains('\0'),
        Value::Array(values) => values.iter().any(holds_nul),
        Value::Object(fields) => fields.iter().any(|(name, value)| name.contains('\0') || holds_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_has_a_code_for_programs_and_a_sentence_for_people() {
        let body = problem(StatusCode::NOT_FOUND, "not_found", "there is no such order");
        let expected = json!({
            "type": "about:blank#not_found", "title": "Not Found", "status": 404, "code": "not_found",
            "detail": "there is no such order",
        });
        assert_eq!(body, expected);
    }

    #[test]
    fn nul_is_found_at_any_depth() {
        for holding in [json!("\0"), json!({ "a": [1, { "b": "x\0" }] }), json!({ "a\0": null })] {
            assert!(holds_nul(&holding), "{holding}");
        }
        assert!(!holds_nul(&json!({ "a": [true, null, 0, "\\0"] })));
    }
}
