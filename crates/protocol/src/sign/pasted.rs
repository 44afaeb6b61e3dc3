//! What was pasted? Keys arrive by mail, web form and clipboard, in four forms and with all that sticks to them; half
//! of all first signatures fail because the text was not the key that was meant. [`examine`] names it.

mod armour;
mod der;

use std::fmt;

use sha2::{Digest, Sha256};

use super::{Md5Key, SignType, Signer, Verifier, dsa, rsa};

/// A key, of whatever kind it turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// 32 letters and digits.
    Md5(Md5Key),
    /// The public half of an RSA pair.
    RsaPublic(rsa::PublicKey),
    /// The private half of an RSA pair.
    RsaPrivate(rsa::PrivateKey),
    /// The public half of a DSA pair.
    DsaPublic(dsa::PublicKey),
    /// The private half of a DSA pair.
    DsaPrivate(dsa::PrivateKey),
}

/// The form that a key was written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// The text itself is the key.
    Plain,
    /// PKCS#1: an RSA key and nothing around it.
    Pkcs1,
    /// PKCS#8: a private key with the name of its algorithm.
    Pkcs8,
    /// SubjectPublicKeyInfo: a public key with the name of its algorithm.
    Spki,
    /// OpenSSL's own form of a DSA private key.
    OpensslDsa,
}

/// How the key was wrapped for transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrapping {
    /// Nothing around it.
    None,
    /// `-----BEGIN ...-----`.
    Pem,
    /// Base64 without the two lines around it, as the platform's web forms took it.
    Base64,
    /// Bytes.
    Der,
}

/// What stuck to a key without spoiling it; it was read as if it were not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stuck {
    /// A byte order mark before it.
    Bom,
    /// Line ends of two characters.
    Crlf,
    /// Blanks or line ends where there should be none.
    Blanks,
    /// `\n` written as two characters, as from a JSON or a properties file.
    EscapedLineEnds,
    /// The line that begins it calls it something else.
    WrongLabel,
    /// No line that ends it.
    NoEnd,
}

/// A key that was recognized.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pasted {
    /// The key itself.
    pub key: Key,
    /// How it was written.
    pub form: Form,
    /// How it was wrapped.
    pub wrapping: Wrapping,
    /// What stuck to it.
    pub stuck: Vec<Stuck>,
}

/// Why a text is not a key that can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotAKey {
    /// Nothing but blanks.
    Empty,
    /// 16 digits beginning 2088: a partner, not its key.
    Partner,
    /// Letters and digits, but not 32 of them.
    Md5Length(usize),
    /// 32 characters, but not only letters and digits.
    Md5Characters(char),
    /// A private key that is locked with a password.
    Encrypted,
    /// A certificate, or a request for one.
    Certificate,
    /// The algorithm's parameters without a key.
    ParametersOnly,
    /// A key for SSH.
    Ssh,
    /// A key of an algorithm that this protocol does not know, named by its object identifier.
    OtherAlgorithm(String),
    /// An RSA modulus of so many bits, fewer than are accepted.
    TooShort(usize),
    /// An RSA modulus of so many bits, more than are accepted.
    TooLong(usize),
    /// The end is missing.
    Truncated,
    /// Not base64 within.
    NotBase64,
    /// A key of a known form with impossible numbers, or of a length that the standard does not have.
    Broken,
    /// Nothing that is known here.
    Unknown,
}

/// Names what was pasted.
///
/// # Errors
/// [`NotAKey`] if it is no key that can be used; its text says what it is instead, [`NotAKey::advice`] what to do.
pub fn examine(pasted: &[u8]) -> Result<Pasted, NotAKey> {
    let opened = armour::open(pasted)?;
    match opened.content {
        armour::Content::Word(word) => {
            let key = Key::Md5(md5_key(&word)?);
            Ok(Pasted { key, form: Form::Plain, wrapping: Wrapping::None, stuck: opened.stuck })
        }
        armour::Content::Der { der, label, wrapping } => {
            let (key, form) = der::read(&der)?;
            let mut stuck = opened.stuck;
            if label.is_some_and(|label| !labels(&key, form).contains(&label.as_str())) {
                stuck.push(Stuck::WrongLabel);
            }
            Ok(Pasted { key, form, wrapping, stuck })
        }
    }
}

/// The text of a key of the shared kind (protocol.md §2.1).
fn md5_key(word: &str) -> Result<Md5Key, NotAKey> {
    if word.len() == 16 && word.starts_with("2088") && word.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NotAKey::Partner);
    }
    let count = word.chars().count();
    match word.chars().find(|character| !character.is_ascii_alphanumeric()) {
        Some(stranger) if count == 32 => Err(NotAKey::Md5Characters(stranger)),
        Some(_) => Err(NotAKey::Unknown),
        None if count == 32 => Ok(Md5Key::new(word)),
        None => Err(NotAKey::Md5Length(count)),
    }
}

/// What the line before a key of this form may call it.
fn labels(key: &Key, form: Form) -> &'static [&'static str] {
    match (form, key) {
        (Form::Pkcs1, Key::RsaPrivate(_)) => &["RSA PRIVATE KEY"],
        (Form::Pkcs1, _) => &["RSA PUBLIC KEY"],
        (Form::Pkcs8, _) => &["PRIVATE KEY"],
        (Form::Spki, _) => &["PUBLIC KEY"],
        (Form::OpensslDsa, _) => &["DSA PRIVATE KEY"],
        (Form::Plain, _) => &[],
    }
}

impl Key {
    /// The length in bits that one speaks of; of an MD5 key its characters times eight.
    pub fn bits(&self) -> usize {
        match self {
            Key::Md5(key) => key.reveal().len() * 8,
            Key::RsaPublic(key) => key.bits(),
            Key::RsaPrivate(key) => key.public().bits(),
            Key::DsaPublic(key) => key.bits(),
            Key::DsaPrivate(key) => key.public().bits(),
        }
    }

    /// Sixteen hexadecimal digits by which to compare keys without showing them. Both halves of a pair have the same.
    pub fn fingerprint(&self) -> String {
        let public = match self {
            Key::Md5(key) => [b"danbao md5 key ", key.reveal().as_bytes()].concat(),
            Key::RsaPublic(key) => key.to_der(),
            Key::RsaPrivate(key) => key.public().to_der(),
            Key::DsaPublic(key) => key.to_der(),
            Key::DsaPrivate(key) => key.public().to_der(),
        };
        Sha256::digest(&public).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }

    /// What it verifies with, as the kind that is asked for. A private key verifies with its public half.
    pub fn verifier(&self, sign_type: SignType) -> Option<Verifier> {
        match (sign_type, self) {
            (SignType::Md5, Key::Md5(key)) => Some(Verifier::Md5(key.clone())),
            (SignType::Rsa, Key::RsaPublic(key)) => Some(Verifier::Rsa(key.clone())),
            (SignType::Rsa2, Key::RsaPublic(key)) => Some(Verifier::Rsa2(key.clone())),
            (SignType::Dsa, Key::DsaPublic(key)) => Some(Verifier::Dsa(key.clone())),
            _ => self.signer(sign_type).map(|signer| signer.verifier()),
        }
    }

    /// What it signs with, as the kind that is asked for; a public key does not.
    pub fn signer(&self, sign_type: SignType) -> Option<Signer> {
        match (sign_type, self) {
            (SignType::Md5, Key::Md5(key)) => Some(Signer::Md5(key.clone())),
            (SignType::Rsa, Key::RsaPrivate(key)) => Some(Signer::Rsa(key.clone())),
            (SignType::Rsa2, Key::RsaPrivate(key)) => Some(Signer::Rsa2(key.clone())),
            (SignType::Dsa, Key::DsaPrivate(key)) => Some(Signer::Dsa(key.clone())),
            _ => None,
        }
    }

    /// In the form that every tool reads: the key itself, or a PEM block. For a file or for storage, never for a log.
    pub fn reveal(&self) -> String {
        match self {
            Key::Md5(key) => key.reveal().to_owned(),
            Key::RsaPublic(key) => key.to_pem(),
            Key::RsaPrivate(key) => key.to_pem(),
            Key::DsaPublic(key) => key.to_pem(),
            Key::DsaPrivate(key) => key.to_pem(),
        }
    }
}

impl From<&Signer> for Key {
    fn from(signer: &Signer) -> Key {
        match signer {
            Signer::Md5(key) => Key::Md5(key.clone()),
            Signer::Rsa(key) | Signer::Rsa2(key) => Key::RsaPrivate(key.clone()),
            Signer::Dsa(key) => Key::DsaPrivate(key.clone()),
        }
    }
}

impl From<&Verifier> for Key {
    fn from(verifier: &Verifier) -> Key {
        match verifier {
            Verifier::Md5(key) => Key::Md5(key.clone()),
            Verifier::Rsa(key) | Verifier::Rsa2(key) => Key::RsaPublic(key.clone()),
            Verifier::Dsa(key) => Key::DsaPublic(key.clone()),
        }
    }
}

/// What it is, in words: `RSA public key, 2048 bits`.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Key::Md5(_) => return f.write_str("MD5 key, 32 characters"),
            Key::RsaPublic(_) => "RSA public key",
            Key::RsaPrivate(_) => "RSA private key",
            Key::DsaPublic(_) => "DSA public key",
            Key::DsaPrivate(_) => "DSA private key",
        };
        write!(f, "{name}, {} bits", self.bits())
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Form::Plain => "plain text",
            Form::Pkcs1 => "PKCS#1",
            Form::Pkcs8 => "PKCS#8",
            Form::Spki => "SubjectPublicKeyInfo (X.509)",
            Form::OpensslDsa => "OpenSSL's own DSA form",
        })
    }
}

impl fmt::Display for Wrapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Wrapping::None => "nothing around it",
            Wrapping::Pem => "PEM",
            Wrapping::Base64 => "base64 without the BEGIN and END lines",
            Wrapping::Der => "binary DER",
        })
    }
}

impl fmt::Display for Stuck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Stuck::Bom => "a byte order mark stands before it: save the file without one",
            Stuck::Crlf => "its lines end as on Windows (CR LF): most tools forgive that, old ones do not",
            Stuck::Blanks => "blanks or line ends were pasted with it: remove them",
            Stuck::EscapedLineEnds => "its line ends are written \\n: unescape them before use",
            Stuck::WrongLabel => "its BEGIN line calls it something else: name it after its content",
            Stuck::NoEnd => "its END line is missing: add it",
        })
    }
}

impl NotAKey {
    /// What to do about it, in one sentence.
    pub fn advice(&self) -> String {
        let advice = match self {
            NotAKey::Empty => "paste the key, or name the file that holds it",
            NotAKey::Partner => "partner and key are the wrong way round: the key has 32 characters",
            NotAKey::Md5Length(_) => "copy the key again: an MD5 key has exactly 32 characters",
            NotAKey::Md5Characters(_) => "copy the key again: an MD5 key has only letters and digits",
            NotAKey::Encrypted => "unlock it first: openssl pkcs8 -in KEY -out UNLOCKED",
            NotAKey::Certificate => "take the public key out: openssl x509 -pubkey -noout -in CERTIFICATE",
            NotAKey::ParametersOnly => "make a key with them: openssl gendsa -out KEY PARAMETERS",
            NotAKey::Ssh => "convert it: ssh-keygen -p -m PEM, or ssh-keygen -e -m PKCS8 for a public key",
            NotAKey::OtherAlgorithm(_) => "make an RSA or a DSA key: danbao keys generate --type RSA",
            NotAKey::TooShort(_) => "make one of 2048 bits: danbao keys generate --type RSA",
            NotAKey::TooLong(_) => "make one of 2048 or 4096 bits: danbao keys generate --type RSA",
            NotAKey::Truncated => "copy it again, to the very last line",
            NotAKey::NotBase64 => "copy it again from its source as plain text, not through a word processor",
            NotAKey::Broken => "copy it again; if that does not help, make a new one",
            NotAKey::Unknown => "paste an MD5 key, or an RSA or DSA key as PEM",
        };
        advice.to_owned()
    }

    /// A word for programs, such as `too_short`.
    pub fn code(&self) -> &'static str {
        match self {
            NotAKey::Empty => "empty",
            NotAKey::Partner => "partner",
            NotAKey::Md5Length(_) => "md5_length",
            NotAKey::Md5Characters(_) => "md5_characters",
            NotAKey::Encrypted => "encrypted",
            NotAKey::Certificate => "certificate",
            NotAKey::ParametersOnly => "parameters_only",
            NotAKey::Ssh => "ssh",
            NotAKey::OtherAlgorithm(_) => "other_algorithm",
            NotAKey::TooShort(_) => "too_short",
            NotAKey::TooLong(_) => "too_long",
            NotAKey::Truncated => "truncated",
            NotAKey::NotBase64 => "not_base64",
            NotAKey::Broken => "broken",
            NotAKey::Unknown => "unknown",
        }
    }
}

/// What it is instead.
impl fmt::Display for NotAKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotAKey::Empty => f.write_str("nothing was pasted"),
            NotAKey::Partner => f.write_str("this is a partner, 16 digits beginning 2088, not its key"),
            NotAKey::Md5Length(count) => write!(f, "an MD5 key has 32 characters, this has {count}"),
            NotAKey::Md5Characters(stranger) => {
                write!(f, "an MD5 key has only letters and digits, this has {stranger:?}")
            }
            NotAKey::Encrypted => f.write_str("this private key is locked with a password"),
            NotAKey::Certificate => f.write_str("this is a certificate or a request for one, not a key"),
            NotAKey::ParametersOnly => f.write_str("these are parameters for keys, not a key"),
            NotAKey::Ssh => f.write_str("this is a key for SSH"),
            NotAKey::OtherAlgorithm(oid) => {
                write!(f, "this key is for another algorithm ({oid}), neither RSA nor DSA")
            }
            NotAKey::TooShort(bits) => {
                write!(f, "this RSA key has {bits} bits, at least {} are needed", rsa::BITS_MIN)
            }
            NotAKey::TooLong(bits) => {
                write!(f, "this RSA key has {bits} bits, at most {} are accepted", rsa::BITS_MAX)
            }
            NotAKey::Truncated => f.write_str("this key is cut off: its end is missing"),
            NotAKey::NotBase64 => f.write_str("what stands between BEGIN and END is not base64"),
            NotAKey::Broken => {
                f.write_str("this has the form of a key, but its numbers or their lengths cannot be right")
            }
            NotAKey::Unknown => f.write_str("this is no key of a known form"),
        }
    }
}

impl std::error::Error for NotAKey {}

#[cfg(test)]
mod tests;
