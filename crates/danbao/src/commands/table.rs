//! Tables for a terminal.

use super::banner::columns;

/// The rows, each column as wide as its widest cell; the last one is ragged.
pub(super) fn lines<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |at: usize| rows.iter().map(|row| columns(&row[at])).max().unwrap_or(0);
    let widths: [usize; N] = std::array::from_fn(width);
    let mut out = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            line.push_str(cell);
            line.push_str(&" ".repeat((width + 2).saturating_sub(columns(cell))));
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// A field of an API's answer for people: a text as it is, a number in digits, nothing for what is not there.
pub(super) fn cell(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => super::explain::words::printable(text),
        serde_json::Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}
