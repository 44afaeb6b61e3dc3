//! What a reader copies from the document is what these tests have run.

use crate::requirement;

fn read(path: &str) -> String {
    std::fs::read_to_string(requirement::workspace().join(path)).unwrap()
}

/// White space counts for nothing.
fn folded(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_document_shows_what_is_run() {
    let document = read("docs/exactly-once.md");
    for path in ["schema.sql", "feed.sql", "exactly_once.php", "feed.py", "result.php"] {
        let text = read(&format!("examples/{path}"));
        let shown = text.split_once('\n').unwrap().1;
        assert!(document.contains(shown), "{path} is not as the document shows it");
    }
    for path in ["exactly_once.py", "exactly_once.php", "exactly_once.js", "ExactlyOnce.java"] {
        // Node numbers its parameters.
        let text = read(&format!("examples/{path}"));
        let text = folded(&["$1", "$2", "$3", "$4"].iter().fold(text, |text, nth| text.replace(nth, "?")));
        for start in ["INSERT INTO danbao_event", "INSERT INTO danbao_trade"] {
            let statement = document.split(start).nth(1).unwrap().split(['`', ';']).next().unwrap();
            let statement = folded(&format!("{start}{statement}"));
            assert!(text.contains(&statement), "{path}: {statement}");
        }
    }
}

#[test]
fn the_document_names_every_example() {
    let document = read("docs/exactly-once.md");
    for entry in std::fs::read_dir(requirement::workspace().join("examples")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(document.contains(&format!("](../examples/{name})")), "{name}");
    }
}
