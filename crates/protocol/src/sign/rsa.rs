//! SHA-1 with RSA, PKCS#1 v1.5, base64 (protocol.md §2.2). Its place; the next release fills it.
//!
//! It signs the same text as MD5, without a key appended. The merchant gives the gateway its public key, and the
//! gateway's own public key verifies returns and notifications.

use super::{SignType, Unsupported};

/// What every RSA operation answers in this release.
pub(super) fn unsupported() -> Unsupported {
    Unsupported(SignType::Rsa)
}
