//! SHA-1 with DSA (protocol.md §2.2). Its place; the next release fills it.
//!
//! It signs the same text as MD5, without a key appended. Three spellings of a signature are to be read: base64 of
//! DER, base64 of the forty raw bytes, and the latter with each capital written as an underscore and its small letter.

use super::{SignType, Unsupported};

/// What every DSA operation answers in this release.
pub(super) fn unsupported() -> Unsupported {
    Unsupported(SignType::Dsa)
}
