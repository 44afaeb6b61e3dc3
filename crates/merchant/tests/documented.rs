//! Whoever meets a function of the kit finds an example of it that runs, or is told where it is.

const SOURCES: [&str; 17] = [
    include_str!("../src/account.rs"),
    include_str!("../src/answer.rs"),
    include_str!("../src/axum.rs"),
    include_str!("../src/call.rs"),
    include_str!("../src/client.rs"),
    include_str!("../src/facts.rs"),
    include_str!("../src/inbox/mod.rs"),
    include_str!("../src/inbox/progress.rs"),
    include_str!("../src/inbox/rows.rs"),
    include_str!("../src/login.rs"),
    include_str!("../src/message.rs"),
    include_str!("../src/message/arrival.rs"),
    include_str!("../src/message/refused_request.rs"),
    include_str!("../src/payment.rs"),
    include_str!("../src/query.rs"),
    include_str!("../src/refund.rs"),
    include_str!("../src/targets.rs"),
];

/// The public functions of a source that take anything but themselves, each with its documentation.
fn functions(source: &str) -> Vec<(String, String)> {
    let source = source.split("#[cfg(test)]").next().unwrap_or_default();
    let mut functions = Vec::new();
    let mut docs = String::new();
    for line in source.lines().map(str::trim_start) {
        if let Some(doc) = line.strip_prefix("///") {
            docs.push_str(doc);
        } else if line.starts_with("pub fn ") || line.starts_with("pub async fn ") {
            let inside = line.split_once('(').map_or("", |(_, inside)| inside).trim();
            let is_getter =
                inside.starts_with("&self)") || inside.starts_with("self)") || inside.starts_with(')');
            if !is_getter {
                functions.push((line.to_owned(), std::mem::take(&mut docs)));
            }
            docs.clear();
        } else if !line.starts_with("#[") {
            docs.clear();
        }
    }
    functions
}

#[test]
fn every_function_that_is_given_something_has_an_example_or_says_where_it_is() {
    let found: Vec<_> = SOURCES.iter().flat_map(|source| functions(source)).collect();
    assert!(found.len() > 50, "{}", found.len());
    for (function, docs) in found {
        assert!(docs.contains("```") || docs.contains("example"), "no example: {function}");
    }
}

#[test]
fn no_example_is_left_out_of_the_run() {
    for source in SOURCES {
        for excuse in ["```no_run", "```ignore", "```text,ignore"] {
            assert!(!source.contains(excuse), "{excuse}");
        }
    }
}
