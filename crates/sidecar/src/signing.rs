//! HMAC-SHA256, under both forms in which the sidecar signs: webhooks, and the result that a browser carries.

use std::time::Duration;

use base64ct::{Base64, Base64UrlUnpadded, Encoding};
use danbao_merchant::protocol::time::Timestamp;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::config::Secret;

/// A result is believed for so long: the time that a browser needs to follow a redirect, and to reload once.
pub(crate) const RESULT_LIFE: Duration = Duration::from_secs(300);

/// `webhook-signature` of Standard Webhooks 1.0: one `v1,` signature for each secret, over `id.timestamp.body`.
pub(crate) fn webhook_signature(secrets: &[Secret], id: &str, timestamp: i64, body: &str) -> String {
    let text = format!("{id}.{timestamp}.{body}");
    let signed = |secret| format!("v1,{}", Base64::encode_string(&hmac(secret, text.as_bytes())));
    secrets.iter().map(signed).collect::<Vec<_>>().join(" ")
}

/// A JSON Web Token (RFC 7519) with HS256, which every language reads in a few lines. `claims` is an object; `iat` and
/// `exp` are added.
pub(crate) fn result_token(secret: &Secret, mut claims: Value, now: Timestamp) -> String {
    let seconds = |at: Timestamp| at.0.div_euclid(1000);
    claims["iat"] = json!(seconds(now));
    claims["exp"] = json!(seconds(now.plus(RESULT_LIFE)));
    let part = |value: &str| Base64UrlUnpadded::encode_string(value.as_bytes());
    let signed = format!("{}.{}", part(r#"{"alg":"HS256","typ":"JWT"}"#), part(&claims.to_string()));
    let signature = Base64UrlUnpadded::encode_string(&hmac(secret, signed.as_bytes()));
    format!("{signed}.{signature}")
}

fn hmac(secret: &Secret, text: &[u8]) -> Vec<u8> {
    // HMAC takes a key of any length; there is no other error.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.reveal()) else { return Vec::new() };
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the Standard Webhooks specification.
    #[test]
    fn a_webhook_is_signed_as_the_standard_says() {
        let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let body = r#"{"test": 2432232314}"#;
        let signature = webhook_signature(
            std::slice::from_ref(&secret),
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            body,
        );
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        let both = webhook_signature(&[secret.clone(), secret], "id", 1, body);
        assert_eq!(both.split(' ').count(), 2);
    }

    #[test]
    fn a_result_is_a_token_of_three_parts_that_ends_after_five_minutes() {
        let secret = Secret::new("0123456789abcdef").unwrap();
        let token = result_token(&secret, json!({ "order_no": "A" }), Timestamp(1_000_500));
        let parts: Vec<&str> = token.split('.').collect();
        let claims = Base64UrlUnpadded::decode_vec(parts[1]).unwrap();
        assert_eq!(
            serde_json::from_slice::<Value>(&claims).unwrap(),
            json!({ "order_no": "A", "iat": 1000, "exp": 1300 })
        );
        assert_eq!(parts.len(), 3);
    }
}
