//! The mistakes that people make, each as a small pure function: from a way to make the text to other ways, each with
//! the name of the mistake that it would be.
//!
//! A function that finds nothing to change gives nothing, so a message of plain ASCII costs no tries in charsets.

mod charset;
mod key;
mod one;
mod reading;
mod set;
mod shape;
mod values;

use danbao_protocol::charset::Charset;

use crate::draft::{Draft, Part};
use crate::message::{Message, Readable};
use crate::mistake::Mistake;

/// A changed draft, and the mistake that the change is.
pub(crate) type Guess<'c> = (Mistake, Draft<'c>);

/// What the functions may look at beside the draft.
#[derive(Debug)]
pub(crate) struct Case<'c> {
    /// The message.
    pub(crate) message: &'c Message,
    /// Numbers that may be the partner's.
    pub(crate) partners: Vec<&'c [u8]>,
    /// The charsets that the message's bytes can be read in.
    pub(crate) charsets: Vec<Charset>,
}

impl<'c> Case<'c> {
    pub(crate) fn new(message: &'c Message, partner: Option<&'c [u8]>) -> Case<'c> {
        let named = ["partner", "seller_id"].into_iter().filter_map(|name| message.get(name));
        let charsets = match message.readable() {
            Readable::Ascii => Vec::new(),
            Readable::Utf8 => vec![Charset::Utf8],
            Readable::Gbk => vec![Charset::Gbk],
            Readable::Both if message.declared_charset() == Some(Charset::Gbk) => {
                vec![Charset::Gbk, Charset::Utf8]
            }
            Readable::Both | Readable::Neither => vec![Charset::Utf8, Charset::Gbk],
        };
        Case { message, partners: partner.into_iter().chain(named).collect(), charsets }
    }

    /// The signed set as the rule has it (protocol.md §2.1, §1.3).
    pub(crate) fn regular_set(&self) -> Vec<Part<'c>> {
        let mut parts: Vec<Part<'c>> = Vec::with_capacity(self.message.pairs.len() + 2);
        for (place, pair) in self.message.pairs.iter().enumerate() {
            let is_twin = || parts.iter().any(|part| *part.name == *pair.name && *part.value == *pair.value);
            if is_covered(&pair.name, &pair.value) && !is_twin() {
                parts.push(Part { place, name: (&*pair.name).into(), value: (&*pair.value).into() });
            }
        }
        parts
    }

    /// Where added parameters stand.
    pub(crate) fn end(&self) -> usize {
        self.message.pairs.len()
    }
}

/// Whether the rule has a parameter signed.
pub(crate) fn is_covered(name: &[u8], value: &[u8]) -> bool {
    !value.is_empty() && name != b"sign" && name != b"sign_type"
}

/// What a hypothesis changes. Two mistakes are tried together if they are on axes that go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Axis {
    /// How the bytes were cut into parameters.
    Reading,
    /// Which of the parameters there are signed, by a rule.
    Set,
    /// One parameter that should not be signed.
    Drop,
    /// One parameter that should be there.
    Add,
    /// All values.
    Values,
    /// The charset of all values.
    Charset,
    /// Order and punctuation of the text.
    Shape,
    /// The key and its place.
    Key,
    /// One value.
    Alter,
    /// The digest.
    Digest,
}

impl Axis {
    /// Whether anything is tried together with a mistake on this axis.
    pub(crate) fn is_first(self) -> bool {
        !matches!(self, Axis::Add | Axis::Alter | Axis::Digest)
    }

    /// Whether a mistake on this axis is tried together with a later one on that axis.
    pub(crate) fn goes_with(self, later: Axis) -> bool {
        use Axis::{Add, Alter, Charset, Digest, Drop, Key, Reading, Set, Shape, Values};
        match self {
            Reading => !matches!(later, Add | Alter),
            Set => later != Alter,
            Drop => matches!(later, Drop | Add | Charset | Shape | Key),
            Values => matches!(later, Charset | Shape | Key | Digest),
            Charset => matches!(later, Shape | Key | Digest),
            Shape => matches!(later, Shape | Key | Digest),
            Key => later == Digest,
            Add | Alter | Digest => false,
        }
    }
}

/// One family of mistakes.
pub(crate) struct Hypothesis {
    /// What it changes.
    pub(crate) axis: Axis,
    /// Its guesses from a draft.
    pub(crate) guess: for<'c> fn(&Case<'c>, &Draft<'c>) -> Vec<Guess<'c>>,
}

macro_rules! hypotheses {
    ($($axis:ident: $($guess:path),+;)*) => {
        &[$($(Hypothesis { axis: Axis::$axis, guess: $guess }),+),*]
    };
}

/// All of them. If two reproduce a digest by the same text, the earlier one names it.
pub(crate) const HYPOTHESES: &[Hypothesis] = hypotheses! {
    Reading: reading::ampersand_escaped, reading::entity_in_name, reading::repeated_name,
        reading::ampersand_in_value, reading::plus_in_value;
    Set: set::own_parameters, set::zero_unsigned, set::names, set::sign_type_signed, set::sign_signed, set::empty_signed, set::charset_unsigned,
        set::charset_not_sent, set::key_among_parameters;
    Drop: one::parameter_added;
    Add: one::parameter_dropped;
    Values: values::blank_form, values::percent_encoded, values::percent_encoded_twice, values::decoded_again,
        values::html_escaped, values::html_unescaped, values::slashes, values::json_escaped, values::trimmed, values::line_ends,
        values::numbers, values::letter_case;
    Charset: charset::references, charset::recoded, charset::misread, charset::latin, charset::lost, charset::low_bytes;
    Shape: shape::order, shape::outer_ampersand, shape::joins, shape::whole_text;
    Key: key::given_padded, key::blanks, key::line_ends, key::partner, key::pasted, key::place, key::typed;
    Alter: shape::out_of_place, one::values_swapped, one::value_altered;
    Digest: key::recipes;
};

/// The names of the parameters whose values differ, for people.
pub(crate) fn changed_names(before: &Draft<'_>, after: &Draft<'_>) -> String {
    let names: Vec<String> = before
        .parts
        .iter()
        .zip(&*after.parts)
        .filter(|(before, after)| before.value != after.value)
        .map(|(before, _)| String::from_utf8_lossy(&before.name).into_owned())
        .collect();
    match names.len() {
        0..=4 => names.join(", "),
        _ => format!("{}, ...", names[..3].join(", ")),
    }
}
