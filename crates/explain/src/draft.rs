//! A way to make the text that was signed, as a value that hypotheses change a little at a time.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::rc::Rc;

use crate::claim::Recipe;
use crate::escapes::{Style, percent_encode};

/// A parameter of the signed set.
#[derive(Debug, Clone)]
pub(crate) struct Part<'c> {
    /// Where it stood in the message; what was added stands at the end.
    pub(crate) place: usize,
    pub(crate) name: Cow<'c, [u8]>,
    pub(crate) value: Cow<'c, [u8]>,
}

/// The order of the pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// By the bytes of the names, which is the rule.
    Name,
    /// As they stand in the message.
    Received,
    /// By name without regard to letter case.
    CaseBlind,
    /// By name, as dictionaries sort: punctuation does not count.
    Dictionary,
    /// By value.
    Value,
    /// From z to a.
    Backwards,
    /// The shorter name first.
    Length,
    /// By name, but the part that stood here comes first.
    First(usize),
    /// By name, but the part that stood here comes last.
    Last(usize),
}

/// What the pairs are joined with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Join {
    pub(crate) before: &'static str,
    pub(crate) between: &'static str,
    pub(crate) equals: &'static str,
    pub(crate) quote: &'static str,
    pub(crate) unquote: &'static str,
    pub(crate) after: &'static str,
    pub(crate) has_names: bool,
    pub(crate) encode: Option<&'static Style>,
}

/// Where the key is put.
#[derive(Debug, Clone)]
pub(crate) struct KeyUse {
    /// The key that is used, which may not be the one given.
    pub(crate) key: Vec<u8>,
    pub(crate) is_before: bool,
    pub(crate) is_after: bool,
    pub(crate) separator: &'static str,
}

/// How a text is made and signed.
#[derive(Debug, Clone)]
pub(crate) struct Draft<'c> {
    /// Shared, because most changes leave them as they are.
    pub(crate) parts: Rc<Vec<Part<'c>>>,
    pub(crate) order: Order,
    pub(crate) join: Join,
    pub(crate) key: KeyUse,
    pub(crate) recipe: Recipe,
}

impl<'c> Draft<'c> {
    /// As the rule says (protocol.md §2.1).
    pub(crate) fn regular(parts: Vec<Part<'c>>, key: &[u8]) -> Draft<'c> {
        Draft {
            parts: Rc::new(parts),
            order: Order::Name,
            join: Join {
                before: "",
                between: "&",
                equals: "=",
                quote: "",
                unquote: "",
                after: "",
                has_names: true,
                encode: None,
            },
            key: KeyUse { key: key.to_vec(), is_before: false, is_after: true, separator: "" },
            recipe: Recipe::Plain,
        }
    }

    /// With every value through a function; `None` if that changes nothing.
    pub(crate) fn with_values(&self, change: impl Fn(&[u8]) -> Vec<u8>) -> Option<Draft<'c>> {
        let mut changed = self.clone();
        let mut differs = false;
        for part in changed.parts_mut() {
            let value = change(&part.value);
            if value != *part.value {
                part.value = Cow::Owned(value);
                differs = true;
            }
        }
        differs.then_some(changed)
    }

    /// With one more parameter.
    pub(crate) fn with(
        &self,
        place: usize,
        name: impl Into<Cow<'c, [u8]>>,
        value: impl Into<Cow<'c, [u8]>>,
    ) -> Draft<'c> {
        let mut more = self.clone();
        more.parts_mut().push(Part { place, name: name.into(), value: value.into() });
        more
    }

    /// Without the parameters that a test names.
    pub(crate) fn without(&self, goes: impl Fn(&Part<'c>) -> bool) -> Draft<'c> {
        let mut fewer = self.clone();
        fewer.parts_mut().retain(|part| !goes(part));
        fewer
    }

    pub(crate) fn joined(&self, change: impl FnOnce(&mut Join)) -> Draft<'c> {
        let mut changed = self.clone();
        change(&mut changed.join);
        changed
    }

    pub(crate) fn keyed(&self, change: impl FnOnce(&mut KeyUse)) -> Draft<'c> {
        let mut changed = self.clone();
        change(&mut changed.key);
        changed
    }

    pub(crate) fn parts_mut(&mut self) -> &mut Vec<Part<'c>> {
        Rc::make_mut(&mut self.parts)
    }

    pub(crate) fn has(&self, name: &[u8]) -> bool {
        self.parts.iter().any(|part| *part.name == *name)
    }

    /// The text without the key.
    pub(crate) fn text(&self) -> Vec<u8> {
        let mut order: Vec<&Part<'_>> = self.parts.iter().collect();
        order.sort_by(|a, b| self.order.compare(a, b));
        let join = &self.join;
        let room: usize = order.iter().map(|part| part.name.len() + part.value.len() + 8).sum();
        let mut text = Vec::with_capacity(room + 16);
        text.extend_from_slice(join.before.as_bytes());
        for (at, part) in order.iter().enumerate() {
            if at > 0 {
                text.extend_from_slice(join.between.as_bytes());
            }
            if join.has_names {
                text.extend_from_slice(&part.name);
                text.extend_from_slice(join.equals.as_bytes());
            }
            text.extend_from_slice(join.quote.as_bytes());
            text.extend_from_slice(&part.value);
            text.extend_from_slice(join.unquote.as_bytes());
        }
        text.extend_from_slice(join.after.as_bytes());
        match join.encode {
            Some(style) => percent_encode(&text, style),
            None => text,
        }
    }

    /// Text and key as they are digested: what stands before the last use of the key, and that use.
    pub(crate) fn digested<'d>(&'d self, text: &'d [u8]) -> (Cow<'d, [u8]>, &'d [u8]) {
        let KeyUse { key, is_before, is_after, separator } = &self.key;
        let tail: &[u8] = if *is_after { key } else { b"" };
        if !is_before && separator.is_empty() {
            return (Cow::Borrowed(text), tail);
        }
        let head: &[u8] = if *is_before { key } else { b"" };
        let between = |at_all: bool| if at_all { separator.as_bytes() } else { b"" };
        let all = [head, between(*is_before), text, between(*is_after)].concat();
        (Cow::Owned(all), tail)
    }
}

impl Order {
    fn compare(self, a: &Part<'_>, b: &Part<'_>) -> Ordering {
        let by_key = |key: fn(&[u8]) -> Vec<u8>| key(&a.name).cmp(&key(&b.name));
        let regular = || a.name.cmp(&b.name).then(a.place.cmp(&b.place));
        match self {
            Order::Name => regular(),
            Order::Received => a.place.cmp(&b.place),
            Order::CaseBlind => by_key(<[u8]>::to_ascii_lowercase).then_with(regular),
            Order::Dictionary => by_key(letters).then_with(regular),
            Order::Value => a.value.cmp(&b.value).then_with(regular),
            Order::Backwards => regular().reverse(),
            Order::Length => a.name.len().cmp(&b.name.len()).then_with(regular),
            Order::First(place) => (b.place == place).cmp(&(a.place == place)).then_with(regular),
            Order::Last(place) => (a.place == place).cmp(&(b.place == place)).then_with(regular),
        }
    }
}

fn letters(name: &[u8]) -> Vec<u8> {
    name.iter().filter(|byte| byte.is_ascii_alphanumeric()).map(u8::to_ascii_lowercase).collect()
}
