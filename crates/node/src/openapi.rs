//! The description of an API held against what the API says: for the tests of a node, behind the feature `openapi`.

use http::StatusCode;
use serde_json::Value;

/// Whether a value is as a schema of the description says. Knows the keywords that our descriptions use, and no others.
///
/// # Errors
/// What does not fit, and where; also a keyword that is not known here, so that none is believed to be checked.
pub fn check(openapi: &Value, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    let keywords = schema.as_object().ok_or_else(|| format!("{at}: no schema"))?;
    for (keyword, rule) in keywords {
        let fits = match keyword.as_str() {
            "$ref" => {
                let schema = referred(openapi, rule).ok_or_else(|| format!("{at}: nothing at {rule}"))?;
                check(openapi, schema, value, at)?;
                true
            }
            "oneOf" => {
                let schemas = rule.as_array().into_iter().flatten();
                schemas.filter(|schema| check(openapi, schema, value, at).is_ok()).count() == 1
            }
            "type" => is_of_type(rule, value),
            "enum" => rule.as_array().is_some_and(|words| words.contains(value)),
            "const" => rule == value,
            "items" | "properties" | "additionalProperties" => {
                check_parts(openapi, schema, keyword, value, at)?;
                true
            }
            "required" => {
                let mut names = rule.as_array().into_iter().flatten().filter_map(Value::as_str);
                names.all(|name| value.get(name).is_some())
            }
            // Of what is no number, the bounds say nothing; nor does a length of what is no text.
            "minimum" => bounded(rule, value).is_none_or(|(bound, number)| number >= bound),
            "maximum" => bounded(rule, value).is_none_or(|(bound, number)| number <= bound),
            "maxLength" => {
                let most = rule.as_u64().and_then(|most| usize::try_from(most).ok());
                value.as_str().map(|text| text.chars().count()) <= most
            }
            "description" | "default" | "format" | "pattern" => true,
            other => {
                return Err(format!("{at}: the description uses {other}, which this check does not know"));
            }
        };
        if !fits {
            return Err(format!("{at}: not {keyword} {rule}: {value}"));
        }
    }
    Ok(())
}

/// The schema of the body of an operation's answer.
///
/// # Errors
/// The status is not described.
pub fn schema_of<'a>(
    openapi: &'a Value,
    operation: &'a Value,
    status: StatusCode,
) -> Result<&'a Value, String> {
    let response = &operation["responses"][status.as_str()];
    let response = referred(openapi, &response["$ref"]).unwrap_or(response);
    let kind = if status.is_success() { "application/json" } else { "application/problem+json" };
    let schema = &response["content"][kind]["schema"];
    if schema.is_object() { Ok(schema) } else { Err(format!("{status} is not described: {operation}")) }
}

/// What stands at a `$ref` of the description.
fn referred<'a>(openapi: &'a Value, reference: &Value) -> Option<&'a Value> {
    openapi.pointer(reference.as_str()?.strip_prefix('#')?)
}

fn is_of_type(rule: &Value, value: &Value) -> bool {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    rule.as_str() == Some(kind)
        || rule.as_array().is_some_and(|kinds| kinds.iter().any(|known| known == kind))
}

fn bounded(rule: &Value, value: &Value) -> Option<(i64, i64)> {
    rule.as_i64().zip(value.as_i64())
}

/// Checks the items of an array, the described fields of an object, or those that are not described.
fn check_parts(
    openapi: &Value,
    schema: &Value,
    keyword: &str,
    value: &Value,
    at: &str,
) -> Result<(), String> {
    let rule = &schema[keyword];
    let inside =
        |schema: &Value, name: &str, value: &Value| check(openapi, schema, value, &format!("{at}/{name}"));
    if keyword == "items" {
        for (nth, item) in value.as_array().into_iter().flatten().enumerate() {
            inside(rule, &nth.to_string(), item)?;
        }
        return Ok(());
    }
    for (name, field) in value.as_object().into_iter().flatten() {
        match (schema["properties"].get(name), keyword, rule) {
            (Some(described), "properties", _) => inside(described, name, field)?,
            (None, "additionalProperties", Value::Bool(false)) => {
                return Err(format!("{at}: {name} is not described: {value}"));
            }
            (None, "additionalProperties", Value::Object(_)) => inside(rule, name, field)?,
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn description() -> Value {
        json!({ "components": {
            "schemas": { "Word": { "type": "string", "enum": ["a", "b"] } },
            "responses": { "No": { "content": { "application/problem+json": { "schema": { "type": "object" } } } } },
        } })
    }

    #[test]
    fn what_fits_is_found_to_fit_and_what_does_not_is_not() {
        let word = json!({ "$ref": "#/components/schemas/Word" });
        let object = json!({
            "type": "object", "required": ["word"], "additionalProperties": false,
            "properties": { "word": word, "rest": { "type": "array", "items": { "minimum": 1, "maximum": 3 } } },
        });
        let open = json!({ "properties": { "known": {} }, "additionalProperties": { "type": "integer" } });
        let one =
            json!({ "oneOf": [{ "type": ["integer", "null"] }, { "const": 1 }, { "type": "boolean" }] });
        let short = json!({ "maxLength": 2, "description": "two letters" });
        let table = [
            (&word, json!("a"), true),
            (&word, json!("c"), false),
            (&word, json!(1), false),
            (&object, json!({ "word": "b", "rest": [1, 3] }), true),
            (&object, json!({ "rest": [] }), false),
            (&object, json!({ "word": "b", "rest": [4] }), false),
            (&object, json!({ "word": "b", "rest": [0] }), false),
            (&object, json!({ "word": "b", "more": 1 }), false),
            (&open, json!({ "known": "x", "more": 1 }), true),
            (&open, json!({ "more": "x" }), false),
            (&one, json!(2), true),
            (&one, json!(null), true),
            (&one, json!(1), false),
            (&one, json!("x"), false),
            (&short, json!("两字"), true),
            (&short, json!("三个字"), false),
            (&short, json!(12345), true),
        ];
        for (schema, value, fits) in table {
            let found = check(&description(), schema, &value, "here");
            assert_eq!(found.is_ok(), fits, "{schema} {value}: {found:?}");
        }
    }

    #[test]
    fn a_keyword_that_is_not_known_and_a_reference_to_nothing_never_fit() {
        for schema in
            [json!({ "uniqueItems": true }), json!({ "$ref": "#/components/schemas/None" }), json!(true)]
        {
            assert!(check(&description(), &schema, &json!("a"), "here").is_err(), "{schema}");
        }
    }

    #[test]
    fn a_status_that_is_not_described_has_no_schema() {
        let operation = json!({ "responses": {
            "200": { "content": { "application/json": { "schema": { "type": "string" } } } },
            "404": { "$ref": "#/components/responses/No" },
        } });
        let kind =
            |status| schema_of(&description(), &operation, status).map(|schema| schema["type"].clone());
        assert_eq!(kind(StatusCode::OK), Ok(json!("string")));
        assert_eq!(kind(StatusCode::NOT_FOUND), Ok(json!("object")));
        assert!(kind(StatusCode::CONFLICT).is_err());
    }
}
