//! For CI: the XML that every build server reads.

use std::fmt::Write;

use super::{Report, of, seconds};
use crate::case::CaseReport;
use crate::words::{Lang, Words};

/// One suite, one case for each scenario, named by its sentence and classed by its group.
pub fn junit(report: &Report, lang: Lang) -> String {
    let words = of(lang);
    let [all, _, failed] = report.counts();
    let time = seconds(report.took());
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let counts = format!("tests=\"{all}\" failures=\"{failed}\" errors=\"0\" skipped=\"0\" time=\"{time}\"");
    // Writing to a string cannot fail.
    let _ = writeln!(out, "<testsuites name=\"danbao certify\" {counts}>");
    let _ = writeln!(out, "  <testsuite name=\"{}\" {counts}>", escaped(&report.target));
    let _ = writeln!(out, "    <properties><property name=\"seed\" value=\"{}\"/></properties>", report.seed);
    for one in &report.cases {
        case(&mut out, one, words);
    }
    out.push_str("  </testsuite>\n</testsuites>\n");
    out
}

fn case(out: &mut String, case: &CaseReport, words: &Words) {
    let scenario = &case.scenario;
    let class = format!("certify.{}", scenario.group.as_str());
    let name = format!("{}: {}", scenario.id, words.scenario(scenario));
    let _ = write!(
        out,
        "    <testcase classname=\"{class}\" name=\"{}\" time=\"{}\"",
        escaped(&name),
        seconds(case.took)
    );
    let Some(first) = case.problems.first() else {
        out.push_str("/>\n");
        return;
    };
    let _ = write!(
        out,
        ">\n      <failure type=\"{}\" message=\"{}\">",
        first.kind.as_str(),
        escaped(&words.problem(first))
    );
    let mut text = format!("{}\n", words.source(scenario));
    for problem in &case.problems {
        let _ = writeln!(text, "- {}", words.problem(problem));
    }
    for event in &case.timeline {
        let _ = writeln!(text, "{:>6} ms  {}", event.at_ms, words.event(&event.what));
    }
    let _ = writeln!(out, "{}</failure>\n    </testcase>", escaped(&text));
}

/// As text or attribute of XML 1.0; characters that it does not have were made visible already.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push('\n'),
            '\u{FFFE}' | '\u{FFFF}' => out.push('\u{FFFD}'),
            character if character.is_control() => out.push('\u{FFFD}'),
            character => out.push(character),
        }
    }
    out
}
