//! What a terminal does with text: it ends lines at its edge, and obeys control characters.

use std::fmt::Write;
use std::io::IsTerminal;

use serde::Serialize;

use super::banner::columns;
use super::explain::words::is_hidden;
use super::say;

/// The columns of a terminal that does not say.
const USUAL: usize = 80;
/// Narrower ones are written over their edge.
const LEAST: usize = 40;

/// The columns of the terminal that reads this; `None` if it is a file or another program, which want whole lines.
pub(super) fn width() -> Option<usize> {
    let told = || std::env::var("COLUMNS").ok()?.parse().ok();
    std::io::stdout().is_terminal().then(|| told().unwrap_or(USUAL).max(LEAST))
}

/// A paragraph, each line behind so many blanks and none longer than the width. Lines end at blanks, or between Chinese
/// characters, but not before a mark that belongs to the one before it.
pub(super) fn wrapped(text: &str, indent: usize, width: Option<usize>) -> String {
    let Some(room) = width.map(|width| width.saturating_sub(indent).max(1)) else { return text.to_owned() };
    let mut lines: Vec<String> = vec![String::new()];
    for piece in pieces(text) {
        let Some(line) = lines.last_mut() else { continue };
        if !line.is_empty() && columns(line) + columns(piece.trim_end()) > room {
            lines.push(piece.trim_start().to_owned());
        } else {
            line.push_str(piece);
        }
    }
    let lines: Vec<&str> = lines.iter().map(|line| line.trim_end()).collect();
    lines.join(&format!("\n{}", " ".repeat(indent)))
}

/// Pieces of a text between which a line may end.
fn pieces(text: &str) -> Vec<&str> {
    const CLOSING: &str = "，。；：、？！）》”」";
    const OPENING: &str = "（《“「";
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut before: Option<char> = None;
    for (at, character) in text.char_indices() {
        let is_wide = |character: char| columns(character.encode_utf8(&mut [0; 4])) > 1;
        let may_end = before.is_some_and(|before| {
            let between_words = before == ' ' && character != ' ';
            let beside_wide = (is_wide(before) || is_wide(character)) && character != ' ';
            between_words || beside_wide && !CLOSING.contains(character) && !OPENING.contains(before)
        });
        if may_end {
            pieces.push(&text[start..at]);
            start = at;
        }
        before = Some(character);
    }
    pieces.push(&text[start..]);
    pieces
}

/// Prints JSON in which nothing is left that a terminal obeys.
pub(super) fn say_json(value: &impl Serialize) -> anyhow::Result<()> {
    say(&format!("{}\n", json(value)?));
    Ok(())
}

/// The same as text. Characters beyond ASCII stand in JSON only within strings, where each can be written as its code.
pub(super) fn json(value: &impl Serialize) -> anyhow::Result<String> {
    let plain = serde_json::to_string_pretty(value)?;
    let mut out = String::with_capacity(plain.len());
    for character in plain.chars() {
        if character != '\n' && is_hidden(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(character);
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_at_blanks_and_between_chinese_characters() {
        let text = "What to do: save the file.";
        assert_eq!(wrapped(text, 2, Some(14)), "What to do:\n  save the\n  file.");
        assert_eq!(wrapped(text, 2, None), text);
        let text = "去掉它，那一头没有（浏览器）。";
        assert_eq!(wrapped(text, 0, Some(8)), "去掉它，\n那一头没\n有（浏览\n器）。");
        assert_eq!(wrapped("去掉它，那一头", 0, Some(6)), "去掉\n它，那\n一头", "no mark begins a line");
        assert_eq!(wrapped("averylongwordindeed and more", 0, Some(6)), "averylongwordindeed\nand\nmore");
        assert_eq!(wrapped("", 0, Some(6)), "");
    }

    #[test]
    fn json_is_the_same_without_what_a_terminal_obeys() {
        let value = serde_json::json!({ "a": "\u{9b}31m\u{202e}\u{1b}[2J\n测\u{7f}" });
        let said = json(&value).unwrap();
        assert!(said.chars().all(|character| character == '\n' || !is_hidden(character)), "{said:?}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&said).unwrap(), value);
    }
}
