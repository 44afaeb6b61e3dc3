//! Order and punctuation of the signed text.

use super::{Case, Guess};
use crate::draft::{Draft, Join, Order, Part};
use crate::escapes::STYLES;
use crate::mistake::{Kind, Mistake};

pub(super) fn order<'c>(_: &Case<'c>, draft: &Draft<'c>) -> Vec<Guess<'c>> {
    const ORDERS: [(Order, Kind, &str); 6] = [
        (Order::Received, Kind::Unsorted, ""),
        (Order::CaseBlind, Kind::WrongSort, "A = a"),
        (Order::Dictionary, Kind::WrongSort, "_"),
        (Order::Value, Kind::WrongSort, "="),
        (Order::Backwards, Kind::WrongSort, "z-a"),
        (Order::Length, Kind::WrongSort, "1-9"),
    ];
    if draft.order != Order::Name {
        return Vec::new();
    }
    let in_order = |(order, kind, about): (Order, Kind, &str)| {
        let changed = Draft { order, ..draft.clone() };
        (Mistake::about(kind, about), changed)
    };
    ORDERS.into_iter().map(in_order).collect()
}

/// One was put before or behind the others after they were sorted.
pub(super) fn out_of_place<'c>(_: &Case<'c>, draft: &Draft<'c>) -> Vec<Guess<'c>> {
    let moved = |part: &Part<'c>, order| {
        let about = String::from_utf8_lossy(&part.name);
        (Mistake::about(Kind::OutOfPlace, about), Draft { order, ..draft.clone() })
    };
    let ends =
        |part: &Part<'c>| [Order::Last(part.place), Order::First(part.place)].map(|end| moved(part, end));
    draft.parts.iter().flat_map(ends).collect()
}

pub(super) fn outer_ampersand<'c>(_: &Case<'c>, draft: &Draft<'c>) -> Vec<Guess<'c>> {
    if !draft.join.before.is_empty() || !draft.join.after.is_empty() {
        return Vec::new();
    }
    let with = |before, after| {
        let changed = draft.joined(|join| {
            join.before = before;
            join.after = after;
        });
        (Mistake::about(Kind::OuterAmpersand, format!("{before}...{after}")), changed)
    };
    vec![with("", "&"), with("&", ""), with("?", ""), with("&", "&")]
}

pub(super) fn joins<'c>(_: &Case<'c>, draft: &Draft<'c>) -> Vec<Guess<'c>> {
    const BETWEEN: [&str; 8] = ["", "&amp;", ",", "|", "\n", ";", ", ", "\r\n"];
    if draft.join.between != "&" || draft.join.equals != "=" || !draft.join.has_names {
        return Vec::new();
    }
    let way =
        |kind, about: &str, change: &dyn Fn(&mut Join)| (Mistake::about(kind, about), draft.joined(change));
    let mut guesses: Vec<Guess<'c>> = BETWEEN
        .iter()
        .map(|between| {
            way(Kind::WrongJoin, &between.escape_debug().to_string(), &|join| join.between = between)
        })
        .collect();
    guesses.push(way(Kind::WrongJoin, "name:value", &|join| join.equals = ":"));
    guesses.push(way(Kind::WrongJoin, "namevalue", &|join| {
        join.equals = "";
        join.between = "";
    }));
    // Behind the first two: lists and bytes, as Python prints them.
    for (quote, unquote) in [("\"", "\""), ("'", "'"), ("['", "']"), ("[u'", "']"), ("b'", "'"), ("u'", "'")]
    {
        guesses.push(way(Kind::Quoted, &format!("{quote}...{unquote}"), &|join| {
            join.quote = quote;
            join.unquote = unquote;
        }));
    }
    for between in ["", "&"] {
        guesses.push(way(Kind::NamesLeftOut, between, &|join| {
            join.has_names = false;
            join.between = between;
        }));
    }
    guesses
}

pub(super) fn whole_text<'c>(_: &Case<'c>, draft: &Draft<'c>) -> Vec<Guess<'c>> {
    if draft.join.encode.is_some() {
        return Vec::new();
    }
    let encoded = STYLES.iter().map(|style| {
        (Mistake::about(Kind::TextEncoded, style.name), draft.joined(|join| join.encode = Some(style)))
    });
    let mut guesses: Vec<Guess<'c>> = encoded.collect();
    if draft.join.before.is_empty() && draft.join.after.is_empty() {
        for (before, after) in [("", "\n"), ("", "\r\n"), ("\u{FEFF}", ""), (" ", "")] {
            let changed = draft.joined(|join| {
                join.before = before;
                join.after = after;
            });
            let about = format!("{before}{after}").escape_default().to_string();
            guesses.push((Mistake::about(Kind::TextPadded, about), changed));
        }
    }
    guesses
}
