//! An explanation for people.

use std::fmt::Write;

use danbao_explain::message::{Message, Pair};
use danbao_explain::{Explanation, Finding, Judgement, Verdict};
use danbao_protocol::charset::Charset;

use super::data::shown;
use super::words::{Words, printable};
use crate::commands::banner::columns;
use crate::commands::terminal;

/// The widest label, and a gap.
const MARGIN: usize = 12;

pub(super) fn text(explained: &Explanation, words: &Words) -> String {
    let mut out = String::new();
    head(&mut out, &explained.message, words);
    parameters(&mut out, &explained.message, words);
    let text = printable(&shown(&explained.message, &explained.text));
    let _ = write!(out, "{}\n  {text}\n\n", words.text);
    digests(&mut out, explained, words);
    let heading = explained.mysign.is_some();
    for (judged, name) in
        [(Some(&explained.sign), &words.of_sign), (explained.mysign.as_ref(), &words.of_mysign)]
    {
        let Some(judged) = judged else { continue };
        out.push('\n');
        if heading {
            let _ = write!(out, "{name} ");
        }
        verdict(&mut out, explained, judged, words);
    }
    let _ = writeln!(out, "\n{}", words.tried.replace("{}", &explained.tried.to_string()));
    out
}

fn line(out: &mut String, label: &str, value: &str) {
    let gap = MARGIN.saturating_sub(columns(label)).max(1);
    let _ = writeln!(out, "{label}{}{value}", " ".repeat(gap));
}

fn head(out: &mut String, message: &Message, words: &Words) {
    let kind = printable(&words.kind(&message.kind()));
    let read = words
        .read_value
        .replacen("{}", words.form(message.form), 1)
        .replacen("{}", &message.pairs.len().to_string(), 1)
        .replacen("{}", &kind, 1);
    line(out, &words.read, &read);
    let declared = match (message.declared_charset(), message.get("_input_charset")) {
        (Some(charset), _) => words.charset_declared.replace("{}", charset.label()),
        (None, Some(label)) => {
            words.charset_declared.replace("{}", &printable(&String::from_utf8_lossy(label)))
        }
        (None, None) => words.charset_absent.clone(),
    };
    let bytes = words.charset_bytes.replace("{}", words.readable(message.readable()));
    line(out, &words.charset, &format!("{declared}{bytes}"));
    if let Some(answer) = &message.response_txt {
        line(out, &words.answered, &printable(answer));
    }
    out.push('\n');
}

fn parameters(out: &mut String, message: &Message, words: &Words) {
    let _ = writeln!(out, "{}", words.parameters);
    let own = message.own_names();
    let mark = |pair: &Pair| match &*pair.name {
        b"sign" | b"sign_type" => format!("  [{}]", words.not_signed),
        _ if pair.value.is_empty() => format!("  [{}]", words.empty),
        name if own.contains(&name) => format!("  [{}]", words.own),
        _ => String::new(),
    };
    let width = message.pairs.iter().map(|pair| columns(&printable(&shown(message, &pair.name)))).max();
    let width = width.unwrap_or(0).min(24);
    for pair in &message.pairs {
        let name = printable(&shown(message, &pair.name));
        let gap = " ".repeat(width.saturating_sub(columns(&name)));
        let _ = writeln!(out, "  {name}{gap}  {}{}", printable(&shown(message, &pair.value)), mark(pair));
    }
    out.push('\n');
}

fn digests(out: &mut String, explained: &Explanation, words: &Words) {
    let is_md5 = explained.sign.claimed.len() <= 64;
    if let Some(expected) = explained.expected.as_ref().filter(|_| is_md5) {
        line(out, &words.expected, expected);
    }
    if !explained.sign.claimed.is_empty() {
        line(out, &words.got, &printable(&String::from_utf8_lossy(&explained.sign.claimed)));
    }
    if let Some(mine) = &explained.mysign {
        line(out, &words.computed, &printable(&String::from_utf8_lossy(&mine.claimed)));
    }
}

fn verdict(out: &mut String, explained: &Explanation, judged: &Judgement, words: &Words) {
    match &judged.verdict {
        Verdict::Right => {
            let _ = writeln!(out, "{}", words.right);
        }
        Verdict::Unsigned => {
            let _ = writeln!(out, "{}", words.unsigned);
        }
        Verdict::NoKey => {
            let _ = writeln!(out, "{}", words.no_key);
        }
        Verdict::Unexplained(checks) => {
            let _ = writeln!(out, "{}", words.unexplained);
            for check in checks {
                let _ = writeln!(out, "  - {}", terminal::wrapped(words.check(*check), 4, terminal::width()));
            }
        }
        Verdict::Mistaken(finding) => found(out, explained, finding, words),
    }
}

fn found(out: &mut String, explained: &Explanation, finding: &Finding, words: &Words) {
    let _ = writeln!(out, "{}", words.mistaken);
    for (at, mistake) in finding.mistakes.iter().enumerate() {
        let what = format!("{}  ({})", words.what(mistake), mistake.kind.code());
        let cure = format!("{}{}", words.cure, words.cure(mistake));
        let wrapped = |text: &str| terminal::wrapped(text, 5, terminal::width());
        let _ = writeln!(out, "\n  {}. {}", at + 1, wrapped(&what));
        let _ =
            writeln!(out, "     {}\n     {}", wrapped(&cure), wrapped(&words.source(mistake.kind.source())));
    }
    if finding.is_forgiven {
        let _ = writeln!(out, "\n  {}", words.forgiven);
    }
    if finding.text != explained.text {
        let signed = any_text(&explained.message, &finding.text);
        let _ = writeln!(out, "\n{}\n  {}", words.signed_text, printable(&signed));
        let right = any_text(&explained.message, &explained.text);
        if right == signed {
            bytes_differ(out, &explained.text, &finding.text, words);
        } else {
            difference(out, &right, &signed, words);
        }
    }
}

/// In whichever charset the bytes are: a text that was signed may be in another one than the message.
fn any_text(message: &Message, bytes: &[u8]) -> String {
    match Charset::Utf8.decode(bytes).or_else(|_| Charset::Gbk.decode(bytes)) {
        Ok(text) => text.into_owned(),
        Err(_) => shown(message, bytes),
    }
}

/// The same characters in other bytes: those from where they part.
fn bytes_differ(out: &mut String, right: &[u8], signed: &[u8], words: &Words) {
    const SHOWN: usize = 16;
    let common = right.iter().zip(signed).take_while(|(right, signed)| right == signed).count();
    let hex = |bytes: &[u8]| {
        let shown: Vec<String> =
            bytes.iter().skip(common).take(SHOWN).map(|byte| format!("{byte:02X}")).collect();
        shown.join(" ")
    };
    let _ = writeln!(out, "{}\n  - {}\n  + {}", words.differs, hex(right), hex(signed));
}

/// Where the two texts part, with a little on both sides.
fn difference(out: &mut String, right: &str, signed: &str, words: &Words) {
    const BEFORE: usize = 12;
    const AFTER: usize = 28;
    let common = right.chars().zip(signed.chars()).take_while(|(right, signed)| right == signed).count();
    let from = common.saturating_sub(BEFORE);
    let around = |text: &str| {
        let part: String = text.chars().skip(from).take(common - from + AFTER).collect();
        let lead = if from > 0 { "..." } else { "" };
        let tail = if text.chars().count() > common + AFTER { "..." } else { "" };
        format!("{lead}{}{tail}", printable(&part))
    };
    let _ = writeln!(out, "{}\n  - {}\n  + {}", words.differs, around(right), around(signed));
}
