//! The few places where one text of SQL must be told differently to SQLite.

use std::borrow::Cow;

/// Which database a connection speaks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dialect {
    /// The embedded default.
    Sqlite,
    /// PostgreSQL, or a database that speaks its protocol.
    Postgres,
}

/// A piece of SQL as far as rewriting needs to see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    /// A keyword, a name or a number.
    Word,
    /// `$` and digits.
    Placeholder,
    /// Blanks and comments.
    Blank,
    /// A quoted literal or name, or one other character.
    Other,
}

/// Writes `$n` as `?n`, because SQLite numbers `$` names by their first appearance. Literals, quoted names and comments
/// stay as they are.
pub(crate) fn placeholders_for_sqlite(sql: &str) -> Cow<'_, str> {
    if !sql.contains('$') {
        return Cow::Borrowed(sql);
    }
    let mut out = String::with_capacity(sql.len());
    for (piece, text) in pieces(sql) {
        match piece {
            Piece::Placeholder => {
                out.push('?');
                out.push_str(&text[1..]);
            }
            Piece::Word | Piece::Blank | Piece::Other => out.push_str(text),
        }
    }
    Cow::Owned(out)
}

/// Writes `BIGINT PRIMARY KEY` as `INTEGER PRIMARY KEY`. Only so does SQLite make the key the table's own order instead
/// of an index beside it, which would double the pages that each new row dirties.
pub(crate) fn schema_for_sqlite(sql: &str) -> String {
    let all: Vec<(Piece, &str)> = pieces(sql).collect();
    let mut out = String::with_capacity(sql.len());
    for (index, &(piece, text)) in all.iter().enumerate() {
        let is_bigint = piece == Piece::Word && text.eq_ignore_ascii_case("bigint");
        out.push_str(if is_bigint && is_primary_key(&all[index + 1..]) { "INTEGER" } else { text });
    }
    out
}

/// Whether `NOT NULL`, if at all, and then `PRIMARY KEY` come next.
fn is_primary_key(rest: &[(Piece, &str)]) -> bool {
    let mut words = rest
        .iter()
        .filter(|(piece, _)| *piece != Piece::Blank)
        .map(|&(piece, text)| if piece == Piece::Word { text } else { "" })
        .peekable();
    if words.peek().is_some_and(|word| word.eq_ignore_ascii_case("not")) {
        words.next();
        words.next();
    }
    words.next().is_some_and(|word| word.eq_ignore_ascii_case("primary"))
        && words.next().is_some_and(|word| word.eq_ignore_ascii_case("key"))
}

/// Cuts SQL into pieces that, put together, are the text again.
fn pieces(sql: &str) -> impl Iterator<Item = (Piece, &str)> {
    let mut rest = sql;
    std::iter::from_fn(move || {
        let (piece, length) = first_piece(rest)?;
        let (text, after) = rest.split_at(length);
        rest = after;
        Some((piece, text))
    })
}

/// What the text begins with, and its length in bytes.
fn first_piece(sql: &str) -> Option<(Piece, usize)> {
    let bytes = sql.as_bytes();
    let first = *bytes.first()?;
    Some(match first {
        b'\'' | b'"' => (Piece::Other, quoted(bytes, first)),
        b'-' if bytes.get(1) == Some(&b'-') => (Piece::Blank, sql.find('\n').unwrap_or(sql.len())),
        b'/' if bytes.get(1) == Some(&b'*') => {
            (Piece::Blank, sql[2..].find("*/").map_or(sql.len(), |end| end + 4))
        }
        b'$' => match run(&bytes[1..], |b| b.is_ascii_digit()) {
            0 => (Piece::Other, 1),
            digits => (Piece::Placeholder, digits + 1),
        },
        b if is_word(b) => (Piece::Word, run(bytes, |b| is_word(b) || b == b'$')),
        b if b.is_ascii_whitespace() => (Piece::Blank, run(bytes, |b| b.is_ascii_whitespace())),
        _ => (Piece::Other, 1),
    })
}

/// Every byte above ASCII belongs to a name, so a cut never falls inside a character.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
}

fn run(bytes: &[u8], belongs: impl Fn(u8) -> bool) -> usize {
    bytes.iter().take_while(|&&byte| belongs(byte)).count()
}

/// The length of a literal or quoted name; a doubled quote inside simply starts the next piece.
fn quoted(bytes: &[u8], quote: u8) -> usize {
    bytes.iter().skip(1).position(|&byte| byte == quote).map_or(bytes.len(), |end| end + 2)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_placeholders_are_rewritten() {
        let cases = [
            ("SELECT $1, $11", "SELECT ?1, ?11"),
            ("SELECT '$1', \"$2\", 'it''s $3', $4", "SELECT '$1', \"$2\", 'it''s $3', ?4"),
            ("SELECT 1 -- $1\n, $2 /* $3 */", "SELECT 1 -- $1\n, ?2 /* $3 */"),
            ("SELECT a$1, $x, $", "SELECT a$1, $x, $"),
            ("a=$1AND b=($2)", "a=?1AND b=(?2)"),
            ("'担保$1' || $2 || '没有结束 $3", "'担保$1' || ?2 || '没有结束 $3"),
            ("no placeholder", "no placeholder"),
        ];
        for (sql, rewritten) in cases {
            assert_eq!(placeholders_for_sqlite(sql), rewritten);
        }
    }

    #[test]
    fn a_number_that_is_the_key_is_the_tables_own_order() {
        let cases = [
            ("id BIGINT PRIMARY KEY,", "id INTEGER PRIMARY KEY,"),
            ("id bigint /* , */ NOT NULL\nprimary key", "id INTEGER /* , */ NOT NULL\nprimary key"),
            ("a BIGINT, PRIMARY KEY (a, b)", "a BIGINT, PRIMARY KEY (a, b)"),
            ("a BIGINT NOT NULL, b TEXT PRIMARY KEY", "a BIGINT NOT NULL, b TEXT PRIMARY KEY"),
            ("a TEXT DEFAULT 'BIGINT PRIMARY KEY'", "a TEXT DEFAULT 'BIGINT PRIMARY KEY'"),
            ("b BIGINT", "b BIGINT"),
        ];
        for (sql, rewritten) in cases {
            assert_eq!(schema_for_sqlite(sql), rewritten);
        }
    }

    /// A piece of SQL and what SQLite must be given for it.
    fn piece() -> impl Strategy<Value = (String, String)> {
        let same = |text: String| (text.clone(), text);
        prop_oneof![
            (1..200_u32).prop_map(|n| (format!("${n}"), format!("?{n}"))),
            "[a-z_担][a-z0-9_$]{0,5}".prop_map(same),
            "'([^']|''){0,6}'".prop_map(same),
            "\"([^\"]|\"\"){0,6}\"".prop_map(same),
            "--[^\n]{0,6}\n".prop_map(same),
            r"/\*[^*/]{0,6}\*/".prop_map(same),
            "[0-9]{1,3}|[(),=<>+;]".prop_map(same),
        ]
    }

    proptest! {
        #[test]
        fn whatever_stands_around_them_placeholders_and_nothing_else_are_rewritten(
            pieces in proptest::collection::vec(piece(), 0..12),
        ) {
            let join = |side: fn(&(String, String)) -> &str| pieces.iter().map(side).collect::<Vec<_>>().join(" ");
            let (sql, expected) = (join(|p| &p.0), join(|p| &p.1));
            prop_assert_eq!(placeholders_for_sqlite(&sql), expected);
        }

        #[test]
        fn nothing_gets_lost_in_any_text(sql in "[ -~\n担$'\"*/-]{0,40}") {
            prop_assert_eq!(pieces(&sql).map(|(_, text)| text).collect::<String>(), sql.as_str());
            prop_assert_eq!(placeholders_for_sqlite(&sql).len(), sql.len());
            prop_assert!(schema_for_sqlite(&sql).len() >= sql.len());
        }
    }
}
