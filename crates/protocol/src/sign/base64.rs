//! Base64 as signatures and keys are written in: with padding, perhaps broken into lines.

use base64ct::{Base64, Encoding};

/// Writes on one line.
pub(super) fn encode(bytes: &[u8]) -> String {
    Base64::encode_string(bytes)
}

/// Reads; line breaks are forgiven, since encoders of the time broke lines at 64 or 76 characters.
pub(super) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let joined: Vec<u8> = text.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    Base64::decode_vec(std::str::from_utf8(&joined).ok()?).ok()
}
