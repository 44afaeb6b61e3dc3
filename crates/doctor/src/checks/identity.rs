//! 1 A: 合作身份者 ID 和安全校验码是否设置正确，且没有空格，没有填反。

use danbao_protocol::ids::PartnerId;
use danbao_protocol::sign::SignType;
use danbao_protocol::sign::pasted::{Key, NotAKey, Stuck};

use crate::Facts;
use crate::finding::{About, Evidence, Lack, Verdict};

const NO_PARTNER: Verdict = Verdict::NotLooked(Lack::Option("--partner"));
const NO_KEY: Verdict = Verdict::NotLooked(Lack::Option("--key-file"));
const KEY_CHARS: usize = 32;

fn is_stray(character: char) -> bool {
    character.is_whitespace()
        || character.is_control()
        || matches!(character, '\u{FEFF}' | '\u{200B}'..='\u{200F}')
}

fn without_strays(text: &str) -> String {
    text.chars().filter(|character| !is_stray(*character)).collect()
}

/// The stray characters of a text, each by its code.
fn strays(text: &str) -> Vec<About> {
    let mut codes: Vec<u32> = text.chars().filter(|&c| is_stray(c)).map(u32::from).collect();
    codes.sort_unstable();
    codes.dedup();
    codes.into_iter().map(|code| About::Text(format!("U+{code:04X}"))).collect()
}

fn is_partner(text: &str) -> bool {
    PartnerId::new(text).is_well_formed()
}

fn looks_like_a_key(text: &str) -> bool {
    text.len() == KEY_CHARS && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

pub(super) fn partner_missing(facts: &Facts) -> Verdict {
    match &facts.settings.partner {
        None => NO_PARTNER,
        Some(partner) => Verdict::if_so(without_strays(partner).is_empty()),
    }
}

pub(super) fn partner_blanks(facts: &Facts) -> Verdict {
    match &facts.settings.partner {
        None => NO_PARTNER,
        Some(partner) => Verdict::of(strays(partner)),
    }
}

pub(super) fn partner_form(facts: &Facts) -> Verdict {
    let Some(partner) = &facts.settings.partner else { return NO_PARTNER };
    let partner = without_strays(partner);
    if partner.is_empty() || is_partner(&partner) || looks_like_a_key(&partner) {
        return Verdict::Fine;
    }
    let count = partner.chars().count();
    let about = match partner.chars().find(|character| !character.is_ascii_digit()) {
        // Not the text itself: it may be a key.
        Some(stranger) => vec![About::Term("not_digits"), About::Text(format!("{stranger:?}"))],
        None if count != 16 => vec![About::Term("digits"), About::Text(count.to_string())],
        None => vec![About::Term("not_2088")],
    };
    Verdict::of(about)
}

/// One of the two in the other's place, or both.
pub(super) fn swapped(facts: &Facts) -> Verdict {
    let partner = facts.settings.partner.as_deref().map(without_strays);
    let is_key_in_partner = partner.as_deref().is_some_and(looks_like_a_key);
    let is_partner_in_key = matches!(facts.settings.pasted(), Some(Err(NotAKey::Partner)));
    match (partner.is_some(), facts.settings.key.is_some()) {
        (false, false) => NO_PARTNER,
        _ => Verdict::if_so(is_key_in_partner || is_partner_in_key),
    }
}

pub(super) fn key_missing(facts: &Facts) -> Verdict {
    match facts.settings.pasted() {
        None => NO_KEY,
        Some(pasted) => Verdict::if_so(pasted == Err(NotAKey::Empty)),
    }
}

pub(super) fn key_blanks(facts: &Facts) -> Verdict {
    match facts.settings.pasted() {
        None => NO_KEY,
        Some(Err(_)) => Verdict::NotLooked(Lack::Occasion),
        Some(Ok(pasted)) if matches!(pasted.key, Key::Md5(_)) => {
            let text =
                String::from_utf8_lossy(facts.settings.key.as_deref().unwrap_or_default()).into_owned();
            let mut about = strays(&text);
            if about.is_empty() && pasted.stuck.contains(&Stuck::EscapedLineEnds) {
                about.push(About::Text("\\n".to_owned()));
            }
            Verdict::of(about)
        }
        // Between the lines of a PEM block nobody minds them.
        Some(Ok(_)) => Verdict::Fine,
    }
}

pub(super) fn key_form(facts: &Facts) -> Verdict {
    match facts.settings.pasted() {
        None => NO_KEY,
        Some(Ok(_) | Err(NotAKey::Empty | NotAKey::Partner)) => Verdict::Fine,
        Some(Err(not)) => {
            let mut about = vec![About::Term(not.code())];
            match not {
                NotAKey::Md5Length(count) | NotAKey::TooShort(count) | NotAKey::TooLong(count) => {
                    about.push(About::Text(count.to_string()));
                }
                NotAKey::Md5Characters(stranger) => about.push(About::Text(format!("{stranger:?}"))),
                _ => {}
            }
            Verdict::Found(Evidence { about, bytes: None })
        }
    }
}

/// Half of a pair that signs nothing.
pub(super) fn key_public(facts: &Facts) -> Verdict {
    match facts.settings.pasted() {
        None => NO_KEY,
        Some(Err(_)) => Verdict::NotLooked(Lack::Occasion),
        Some(Ok(pasted)) => {
            let kinds = [SignType::Md5, SignType::Rsa, SignType::Dsa];
            Verdict::if_so(kinds.into_iter().all(|kind| pasted.key.signer(kind).is_none()))
        }
    }
}

pub(super) fn seller_blanks(facts: &Facts) -> Verdict {
    match &facts.settings.seller_email {
        None => Verdict::NotLooked(Lack::Option("--seller-email")),
        Some(email) => Verdict::of(strays(email)),
    }
}
