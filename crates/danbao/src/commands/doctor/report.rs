//! The doctor's report, for people and as JSON.

use std::fmt::Write;

use danbao_doctor::{About, Check, Evidence, Lack, Severity, Step, Verdict, hex};
use serde_json::{Value, json};

use super::gather::Seen;
use super::words::{Words, fill};
use crate::commands::banner::columns;
use crate::commands::explain::words::printable;
use crate::commands::terminal;

type Row = (&'static Check, Verdict);

/// The widest name of a paragraph, and a gap.
const MARGIN: usize = 44;
/// Under a paragraph's number.
const INDENT: &str = "      ";

pub(super) fn text(seen: &Seen, verdicts: &[Row], words: &Words) -> String {
    let mut out = String::new();
    head(&mut out, seen, words);
    let mut dumped = Vec::new();
    for &step in Step::ALL {
        let rows: Vec<&Row> = verdicts.iter().filter(|(check, _)| check.step == step).collect();
        paragraph(&mut out, step, &rows, &mut dumped, words);
    }
    let width = terminal::width();
    let _ = write!(out, "\n{}\n", terminal::wrapped(&words.summary(counts(verdicts)), 0, width));
    let _ = writeln!(out, "{}", terminal::wrapped(&words.see, 0, width));
    out
}

fn head(out: &mut String, seen: &Seen, words: &Words) {
    let settings = &seen.facts.settings;
    let of = settings.notify_url.as_deref().or(settings.return_url.as_deref()).unwrap_or("-");
    let _ = writeln!(out, "\n{}", fill(&words.head, &[&printable(of)]));
    let sent = seen.facts.exchanges.len().to_string();
    let line = match &seen.out_trade_no {
        Some(number) => fill(&words.asked, &[&sent, &words.order(number, settings.order.is_some())]),
        None if settings.signing_key().is_none() => fill(&words.none_sent, &[&sent, &words.no_key]),
        None if settings.notify_url.is_none() => fill(&words.none_sent, &[&sent, &words.no_url]),
        None => fill(&words.none_sent, &[&sent, &words.no_answer]),
    };
    let _ = writeln!(out, "{}", terminal::wrapped(&line, 0, terminal::width()));
    if let (Some(address), Some(asked)) = (seen.stand_in, &seen.facts.asked) {
        let line = fill(&words.stand_in, &[&address.to_string(), &asked.len().to_string()]);
        let _ = writeln!(out, "{line}");
    }
    out.push('\n');
}

fn lacks(rows: &[&Row]) -> Vec<Lack> {
    let lack = |row: &&Row| match row.1 {
        Verdict::NotLooked(lack) => Some(lack),
        Verdict::Fine | Verdict::Found(_) => None,
    };
    rows.iter().filter_map(lack).collect()
}

/// `dumped` holds what was shown already: one answer often has several faults.
fn paragraph<'a>(out: &mut String, step: Step, rows: &[&'a Row], dumped: &mut Vec<&'a [u8]>, words: &Words) {
    let worst = rows.iter().filter(|row| matches!(row.1, Verdict::Found(_))).map(|row| row.0.severity).max();
    let lacks = lacks(rows);
    let verdict = match worst {
        Some(severity) => words.severity(severity).to_owned(),
        None if lacks.len() == rows.len() => match words.lack(&lacks) {
            Some(lack) => format!("{} ({lack})", words.not_looked),
            None => words.not_looked.clone(),
        },
        None => match words.more(&lacks) {
            Some(more) => format!("{} ({more})", words.fine),
            None => words.fine.clone(),
        },
    };
    let name = words.step(step);
    let gap = MARGIN.saturating_sub(columns(name)).max(2);
    let _ = writeln!(out, "  {}  {name}{}{verdict}", step.as_str(), " ".repeat(gap));
    for (check, verdict) in rows {
        if let Verdict::Found(evidence) = verdict {
            finding(out, check, evidence, dumped, words);
        }
    }
}

fn finding<'a>(
    out: &mut String,
    check: &Check,
    evidence: &'a Evidence,
    dumped: &mut Vec<&'a [u8]>,
    words: &Words,
) {
    let _ = writeln!(out, "{INDENT}{} {}", words.severity(check.severity), check.id);
    let width = terminal::width();
    let _ = writeln!(out, "{INDENT}{}", terminal::wrapped(&words.what(check, evidence), INDENT.len(), width));
    let bytes = evidence.bytes.as_deref().filter(|bytes| !bytes.is_empty() && !dumped.contains(bytes));
    if let Some(bytes) = bytes {
        dumped.push(bytes);
        let _ = writeln!(out, "{INDENT}{}:", words.what_stands_there);
        for line in hex::dump(bytes) {
            let _ = writeln!(out, "{INDENT}  {line}");
        }
    }
    let cure = format!("{}{}", words.cure, words.cure(check));
    let _ = writeln!(out, "{INDENT}{}", terminal::wrapped(&cure, INDENT.len(), width));
    out.push('\n');
}

/// Errors, warnings, notes, fine, not looked at.
fn counts(verdicts: &[Row]) -> [usize; 5] {
    let mut counts = [0; 5];
    for (check, verdict) in verdicts {
        let [errors, warnings, notes, fine, not_looked] = &mut counts;
        *match (verdict, check.severity) {
            (Verdict::Found(_), Severity::Error) => errors,
            (Verdict::Found(_), Severity::Warning) => warnings,
            (Verdict::Found(_), Severity::Note) => notes,
            (Verdict::Fine, _) => fine,
            (Verdict::NotLooked(_), _) => not_looked,
        } += 1;
    }
    counts
}

/// For programs. Ids, words of verdicts and severities are stable; sentences are not.
pub(super) fn data(seen: &Seen, verdicts: &[Row], words: &Words) -> Value {
    let [errors, warnings, notes, fine, not_looked] = counts(verdicts);
    let checks: Vec<Value> =
        verdicts.iter().map(|(check, verdict)| check_data(check, verdict, words)).collect();
    let asked = seen.facts.asked.iter().flatten().map(|asked| {
        json!({
            "path": asked.path,
            "partner": asked.shown_partner(),
            "notify_id": asked.shown_notify_id(),
            "answer": asked.verdict.as_str(),
        })
    });
    json!({
        "ok": errors == 0 && warnings == 0,
        "summary": {
            "errors": errors, "warnings": warnings, "notes": notes, "fine": fine, "not_looked": not_looked,
        },
        "out_trade_no": seen.out_trade_no,
        "questions": seen.facts.exchanges.len(),
        "stand_in": seen.stand_in.map(|address| address.to_string()),
        "stand_in_asked": asked.collect::<Vec<Value>>(),
        "tutorials": {
            "create_partner_trade_by_buyer": "4.2",
            "trade_create_by_buyer": "4.2",
            "create_direct_pay_by_user": "5.2",
            "alipay.auth.authorize": "8.2",
        },
        "checks": checks,
    })
}

fn check_data(check: &Check, verdict: &Verdict, words: &Words) -> Value {
    let mut value = json!({
        "id": check.id,
        "step": check.step.as_str(),
        "severity": check.severity.as_str(),
    });
    match verdict {
        Verdict::Fine => value["verdict"] = "fine".into(),
        Verdict::NotLooked(lack) => {
            value["verdict"] = "not_looked".into();
            value["needs"] = match lack {
                Lack::Option(option) => (*option).into(),
                Lack::Answer => "answer".into(),
                Lack::Occasion => Value::Null,
            };
        }
        Verdict::Found(evidence) => {
            value["verdict"] = "found".into();
            value["what"] = words.what(check, evidence).into();
            value["cure"] = words.cure(check).into();
            let piece = |piece: &About| match piece {
                About::Text(text) => text.clone(),
                About::Term(term) => (*term).to_owned(),
            };
            value["about"] = evidence.about.iter().map(piece).collect();
            if let Some(bytes) = &evidence.bytes {
                let shown = bytes.get(..hex::SHOWN_MAX).unwrap_or(bytes);
                value["bytes_hex"] =
                    shown.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into();
                value["bytes"] = bytes.len().into();
            }
        }
    }
    value
}
