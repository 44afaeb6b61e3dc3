//! Why a signature is not right: from a message and a key to the text that should have been signed, and, if the
//! signature is another, to the mistake that makes exactly it.
//!
//! Ring 0: no I/O, no clock, no randomness. [`explain`] reads a message in any of the forms that people paste, makes
//! the text by the rule (protocol.md §2.1), and tries the mistakes that people make, alone and in pairs, until one
//! reproduces the signature. The number of tries is bounded; nothing is ever sent anywhere.

mod claim;
mod draft;
mod dump;
mod escapes;
mod hypothesis;
pub mod log;
pub mod message;
pub mod mistake;
mod read;
mod search;
mod vocabulary;

use base64ct::{Base64, Encoding};
use danbao_protocol::charset::Charset;
use danbao_protocol::sign::{SignType, Verifier, pasted};

use claim::Claim;
use draft::Draft;
use hypothesis::Case;
use message::{Message, Readable};
use mistake::{Kind, Mistake};
pub use search::Finding;
use search::{Budget, Judge};

/// No input is longer, in bytes.
pub const INPUT_MAX: usize = 64 * 1024;
/// No message has more parameters.
pub const PAIRS_MAX: usize = 128;
/// No more digests are tried for one signature.
pub const DIGESTS_MAX: u32 = 12_000;
/// No more verifications by a public key are tried for one signature: each is slower than a hundred digests.
pub const VERIFICATIONS_MAX: u32 = 250;
/// No more text is digested for one signature, in bytes.
const BYTES_MAX: u64 = 11 * 1024 * 1024;

/// What is asked.
#[derive(Clone, Copy, Default)]
pub struct Question<'a> {
    /// A URL, a body, an HTTP request or a log line, in the bytes in which it came.
    pub input: &'a [u8],
    /// The MD5 key byte for byte as it is configured.
    pub key: Option<&'a [u8]>,
    /// The signing side's public key.
    pub public: Option<&'a pasted::Key>,
    /// The partner's number, if the message does not say it.
    pub partner: Option<&'a str>,
    /// The digest that the merchant's own program computed, if a log does not say it.
    pub mysign: Option<&'a [u8]>,
    /// Try each mistake alone and no pairs: for the many messages of a log, at a tenth of the work.
    pub is_brief: bool,
}

/// Nothing in the input can be explained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NothingRead {
    /// There are no parameters in it.
    NoParameters,
    /// More than [`PAIRS_MAX`] of them.
    TooManyParameters,
    /// Longer than [`INPUT_MAX`].
    TooLong,
}

impl NothingRead {
    /// A word for programs.
    pub const fn code(self) -> &'static str {
        match self {
            NothingRead::NoParameters => "no_parameters",
            NothingRead::TooManyParameters => "too_many_parameters",
            NothingRead::TooLong => "too_long",
        }
    }
}

/// What can be said of a message and its signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// What was read.
    pub message: Message,
    /// The text to be signed, by the rule and without the key (protocol.md §2.1).
    pub text: Vec<u8>,
    /// The MD5 signature of it; `None` without a key.
    pub expected: Option<String>,
    /// What the message carries.
    pub sign: Judgement,
    /// What the merchant's own program computed, if that is known.
    pub mysign: Option<Judgement>,
    /// How many digests and verifications it took.
    pub tried: u32,
}

/// A signature, and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// As it was found; empty if it is missing.
    pub claimed: Vec<u8>,
    /// What it is.
    pub verdict: Verdict,
}

/// What a signature is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// That of the text.
    Right,
    /// That of another text or key, by known mistakes.
    Mistaken(Finding),
    /// Neither: what to look at next.
    Unexplained(Vec<Check>),
    /// There is none.
    Unsigned,
    /// It cannot be said without a key of its kind.
    NoKey,
}

/// What to look at when no mistake was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// An MD5 key has 32 letters and digits; this one has not.
    KeyForm,
    /// The key is that of another partner, or an old one.
    KeyOfAnother,
    /// What was sent is not what was signed.
    TextAltered,
    /// The bytes are text in neither charset, or not in the one that the message names.
    CharsetOfBytes,
    /// Characters are lost for good: `?` or the replacement character stand in their places.
    CharactersLost,
    /// The value of `sign` is no signature.
    NotASignature,
    /// The signature wants a public key.
    PublicKeyWanted,
    /// The message is so long that the search ended before all was tried.
    SearchCut,
}

impl Check {
    /// All of them.
    pub const ALL: &'static [Check] = &[
        Check::KeyForm,
        Check::KeyOfAnother,
        Check::TextAltered,
        Check::CharsetOfBytes,
        Check::CharactersLost,
        Check::NotASignature,
        Check::PublicKeyWanted,
        Check::SearchCut,
    ];

    /// A word for programs; the key of its words in the text files.
    pub const fn code(self) -> &'static str {
        match self {
            Check::KeyForm => "key_form",
            Check::KeyOfAnother => "key_of_another",
            Check::TextAltered => "text_altered",
            Check::CharsetOfBytes => "charset_of_bytes",
            Check::CharactersLost => "characters_lost",
            Check::NotASignature => "not_a_signature",
            Check::PublicKeyWanted => "public_key_wanted",
            Check::SearchCut => "search_cut",
        }
    }
}

/// Reads the first message of an input, in any of the forms that [`explain`] takes, without judging it.
///
/// # Errors
/// [`NothingRead`].
pub fn read_message(input: &[u8]) -> Result<Message, NothingRead> {
    if input.len() > INPUT_MAX {
        return Err(NothingRead::TooLong);
    }
    read::message(input)
}

/// Explains the first message of an input.
///
/// # Errors
/// [`NothingRead`] if there is no message in it.
pub fn explain(question: &Question<'_>) -> Result<Explanation, NothingRead> {
    if question.input.len() > INPUT_MAX {
        return Err(NothingRead::TooLong);
    }
    let message = read::message(question.input)?;
    let case = Case::new(&message, question.partner.map(str::as_bytes));
    let base = Draft::regular(case.regular_set(), question.key.unwrap_or_default());
    let text = base.text();
    let mut budget = Budget::new(question.is_brief);
    let claimed = message.get("sign").or_else(|| message.get("amp;sign")).unwrap_or_default();
    let sign = judge(question, &case, &base, claimed, true, &mut budget);
    let mut tried = budget.tried;
    let mysign = question.mysign.or(message.mysign.as_deref()).map(|claimed| {
        let mut budget = budget.rest();
        let judged = judge(question, &case, &base, claimed, false, &mut budget);
        tried += budget.tried;
        judged
    });
    let expected = question.key.map(|key| claim::md5_hex(&text, key));
    Ok(Explanation { text, expected, sign, mysign, tried, message })
}

impl Explanation {
    /// Whether all is well: the signature is right, and so is what the merchant computed.
    pub fn is_right(&self) -> bool {
        let is_right = |judged: &Judgement| judged.verdict == Verdict::Right;
        is_right(&self.sign) && self.mysign.as_ref().is_none_or(is_right)
    }
}

/// `is_sent`: whether the signature is the message's own, which `sign_type` speaks of.
fn judge(
    question: &Question<'_>,
    case: &Case<'_>,
    base: &Draft<'_>,
    claimed: &[u8],
    is_sent: bool,
    budget: &mut Budget,
) -> Judgement {
    let verdict = if claimed.is_empty() {
        Verdict::Unsigned
    } else {
        match (Claim::read(claimed), question.key, question.public) {
            (Some(claim), Some(_), _) => digest(case, base, &claim, is_sent, budget),
            (None, _, Some(public)) => signature(case, base, claimed, public, budget),
            (Some(_), None, _) => Verdict::NoKey,
            (None, _, None) if looks_like_base64(claimed) => {
                Verdict::Unexplained(vec![Check::PublicKeyWanted])
            }
            (None, None, None) => Verdict::NoKey,
            (None, Some(_), None) => Verdict::Unexplained(vec![Check::NotASignature]),
        }
    };
    Judgement { claimed: claimed.to_vec(), verdict }
}

fn digest(case: &Case<'_>, base: &Draft<'_>, claim: &Claim, is_sent: bool, budget: &mut Budget) -> Verdict {
    match search::search(case, base, &Judge::Digest(claim), budget) {
        None => Verdict::Unexplained(checks(case, base, budget)),
        Some((mut mistakes, draft)) => {
            mistakes.extend(claim.by_look.iter().cloned());
            mistakes.extend(conflict(case, &mistakes));
            if is_sent {
                mistakes.extend(fragment(case));
                mistakes.extend(sign_type(case, SignType::Md5));
            }
            verdict(case, mistakes, &draft)
        }
    }
}

fn signature(
    case: &Case<'_>,
    base: &Draft<'_>,
    claimed: &[u8],
    public: &pasted::Key,
    budget: &mut Budget,
) -> Verdict {
    const KINDS: [SignType; 3] = [SignType::Rsa, SignType::Rsa2, SignType::Dsa];
    let named = case.message.get("sign_type").unwrap_or_default();
    let is_named = |kind: &SignType| kind.as_str().as_bytes() == named;
    let mut kinds: Vec<SignType> = KINDS.into_iter().filter(is_named).collect();
    kinds.extend(KINDS.into_iter().filter(|kind| !is_named(kind)));
    let signs = spellings(claimed);
    let verifiers: Vec<Verifier> = kinds.into_iter().filter_map(|kind| public.verifier(kind)).collect();
    for verifier in &verifiers {
        for (at, sign) in signs.iter().enumerate() {
            let judge = Judge::Public(std::slice::from_ref(verifier), std::slice::from_ref(sign));
            if judge.accepts(base, budget) {
                let mangled = (at > 0).then(|| Mistake::new(Kind::SignMangled));
                let mistakes = mangled.into_iter().chain(sign_type(case, verifier.sign_type()));
                let mistakes: Vec<Mistake> = mistakes.chain(conflict(case, &[])).collect();
                return verdict(case, mistakes, base);
            }
        }
    }
    if let Some(mistakes) = key_appended(base, &verifiers, &signs, budget) {
        return verdict(case, mistakes, base);
    }
    let likely = verifiers.first().map(std::slice::from_ref).unwrap_or_default();
    let sign = signs.iter().position(|sign| looks_like_base64(sign)).unwrap_or(0);
    match search::search(case, base, &Judge::Public(likely, &signs[sign..=sign]), budget) {
        Some((mut mistakes, draft)) => {
            mistakes.extend((sign > 0).then(|| Mistake::new(Kind::SignMangled)));
            verdict(case, mistakes, &draft)
        }
        None => Verdict::Unexplained(checks(case, base, budget)),
    }
}

/// The shared key stands behind a text that was signed with a private one.
fn key_appended(
    base: &Draft<'_>,
    verifiers: &[Verifier],
    signs: &[Vec<u8>],
    budget: &mut Budget,
) -> Option<Vec<Mistake>> {
    let keyed = [&base.text()[..], &base.key.key].concat();
    let mut all = verifiers.iter().flat_map(|verifier| signs.iter().map(move |sign| (verifier, sign)));
    all.any(|(verifier, sign)| {
        budget.tried += 1;
        !base.key.key.is_empty() && verifier.verify(&keyed, sign).is_ok()
    })
    .then(|| vec![Mistake::new(Kind::KeyAppended)])
}

fn verdict(case: &Case<'_>, mistakes: Vec<Mistake>, draft: &Draft<'_>) -> Verdict {
    if mistakes.is_empty() {
        return Verdict::Right;
    }
    let is_gbk = case.message.declared_charset() == Some(Charset::Gbk);
    let is_forgiven = mistakes.iter().all(|mistake| match mistake.kind {
        Kind::DigestUpperCase => true,
        Kind::CharsetUnsigned => is_gbk,
        _ => false,
    });
    let mut text = draft.text();
    if mistakes.iter().any(|mistake| mistake.kind == Kind::KeyAmongParameters) {
        text = escapes::replace(&text, &draft.key.key, b"...");
    }
    Verdict::Mistaken(Finding { mistakes, text, is_forgiven })
}

/// A name with two values is refused, even if both are signed (protocol.md §1.3).
fn conflict(case: &Case<'_>, found: &[Mistake]) -> Option<Mistake> {
    let pairs = &case.message.pairs;
    let differs = |at: &usize| {
        pairs[..*at]
            .iter()
            .any(|earlier| earlier.name == pairs[*at].name && earlier.value != pairs[*at].value)
    };
    if found.iter().any(|mistake| mistake.kind == Kind::RepeatedName) {
        return None;
    }
    let at = (0..pairs.len()).find(differs)?;
    Some(Mistake::about(Kind::RepeatedName, String::from_utf8_lossy(&pairs[at].name)))
}

/// The rest of an address behind a `#` never left the browser.
fn fragment(case: &Case<'_>) -> Option<Mistake> {
    let name = case.message.fragment_in.as_ref()?;
    Some(Mistake::about(Kind::FragmentInValue, String::from_utf8_lossy(name)))
}

/// `sign_type` names another kind than the signature is of.
fn sign_type(case: &Case<'_>, kind: SignType) -> Option<Mistake> {
    let named = case.message.get("sign_type")?;
    let differs = named != kind.as_str().as_bytes();
    differs.then(|| Mistake::about(Kind::SignTypeWrong, String::from_utf8_lossy(named)))
}

/// A signature in base64 as it may have been before the wire: blanks were `+`, escapes were characters, and the
/// letters of addresses were those of base64. The first is as it came.
fn spellings(claimed: &[u8]) -> Vec<Vec<u8>> {
    let plus = escapes::replace(claimed.trim_ascii(), b" ", b"+");
    let mut standard = plus.clone();
    for byte in &mut standard {
        match byte {
            b'-' => *byte = b'+',
            b'_' => *byte = b'/',
            _ => {}
        }
    }
    let padded = [&standard[..], &b"==="[..(4 - standard.len() % 4) % 4]].concat();
    let mut all = vec![claimed.to_vec()];
    for spelling in [plus, escapes::percent_decode(claimed, false), standard, padded] {
        if !all.contains(&spelling) {
            all.push(spelling);
        }
    }
    all
}

fn looks_like_base64(sign: &[u8]) -> bool {
    let joined: Vec<u8> = sign.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    let decoded = std::str::from_utf8(&joined).ok().and_then(|text| Base64::decode_vec(text).ok());
    decoded.is_some_and(|bytes| bytes.len() >= 40)
}

/// What to look at next, the likeliest first.
fn checks(case: &Case<'_>, base: &Draft<'_>, budget: &Budget) -> Vec<Check> {
    let key = &base.key.key;
    let is_key = key.is_empty() || (key.len() == 32 && key.iter().all(u8::is_ascii_alphanumeric));
    let declared = case.message.declared_charset();
    let is_readable =
        declared.is_none_or(|charset| case.charsets.is_empty() || case.charsets.contains(&charset));
    let has_lost = |value: &[u8]| {
        escapes::find(value, b"??").is_some() || escapes::find(value, "\u{FFFD}".as_bytes()).is_some()
    };
    [
        (Check::KeyForm, !is_key),
        (Check::CharsetOfBytes, !is_readable || case.message.readable() == Readable::Neither),
        (Check::CharactersLost, base.parts.iter().any(|part| has_lost(&part.value))),
        (Check::KeyOfAnother, true),
        (Check::TextAltered, true),
        (Check::SearchCut, budget.was_cut),
    ]
    .into_iter()
    .filter_map(|(check, applies)| applies.then_some(check))
    .collect()
}
