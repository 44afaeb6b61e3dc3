//! What a sidecar has to be told. Everything is a value; several can run in one program.

use std::fmt;

use base64ct::{Base64, Encoding};
use danbao_merchant::Account;
use danbao_merchant::protocol::ids::PartnerId;
use danbao_merchant::protocol::sign::SignType;
use http::Uri;

/// What a sidecar has to be told.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where browsers and the gateway reach this sidecar, without a slash at the end: `https://pay.shop.example`.
    pub public_url: String,
    /// The contracts with the gateway.
    pub accounts: Accounts,
    /// Whoever sends one of these as a bearer token is the shop. Several, so that one can be replaced without a pause.
    pub api_tokens: Vec<Secret>,
    /// Where the buyer's browser ends, unless the order names another page.
    pub return_page: String,
    /// Signs the result that the buyer's browser carries to the shop's page.
    pub result_secret: Secret,
    /// Where the shop wants to hear of changes; `None` if it reads the feed alone.
    pub webhook: Option<Webhook>,
}

/// Where the shop wants to hear of changes.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// An absolute http or https address.
    pub url: String,
    /// Every message is signed with each of them, so that a receiver can change over. At least one.
    pub secrets: Vec<Secret>,
}

/// Contracts and keys, the one for new payment requests first.
#[derive(Debug, Clone)]
pub struct Accounts(Vec<Account>);

/// Bytes that nobody may see; at least sixteen.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

/// What is wrong with a [`Config`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Not absolute http or https, or ends with a slash, or has a query.
    #[error(
        "public_url `{0}` is not an absolute http or https address without a slash or a query at its end"
    )]
    PublicUrl(String),
    /// The gateway would refuse every address that begins with it (protocol.md §3.1).
    #[error("public_url has more than {PUBLIC_URL_BYTES_MAX} bytes: the gateway takes no longer addresses")]
    LongPublicUrl,
    /// Not an absolute http or https address.
    #[error("{name} `{url}` is not an absolute http or https address")]
    Address {
        /// Which.
        name: &'static str,
        /// What stands there.
        url: String,
    },
    /// A secret that could be guessed.
    #[error("a secret has fewer than {SECRET_BYTES_MIN} bytes")]
    ShortSecret,
    /// `whsec_` and then something that is not Base64.
    #[error("a secret begins with whsec_ but the rest is not Base64")]
    SecretForm,
    /// No account at all.
    #[error("there is no account")]
    NoAccount,
    /// Nobody could call the API.
    #[error("there is no API token")]
    NoToken,
    /// A webhook without any secret.
    #[error("the webhook has no secret")]
    NoWebhookSecret,
}

const SECRET_BYTES_MIN: usize = 16;
/// The gateway takes a `notify_url` of 190 and a `return_url` of 200 characters; ours add up to 37.
const PUBLIC_URL_BYTES_MAX: usize = 160;

impl Config {
    /// Finds what cannot be right before the first buyer does.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn check(&self) -> Result<(), ConfigError> {
        let is_bare = !self.public_url.ends_with('/') && !self.public_url.contains(['?', '#', ' ']);
        if !is_address(&self.public_url) || !is_bare {
            return Err(ConfigError::PublicUrl(self.public_url.clone()));
        }
        if self.public_url.len() > PUBLIC_URL_BYTES_MAX {
            return Err(ConfigError::LongPublicUrl);
        }
        if !is_address(&self.return_page) {
            return Err(ConfigError::Address { name: "return_page", url: self.return_page.clone() });
        }
        if self.api_tokens.is_empty() {
            return Err(ConfigError::NoToken);
        }
        match &self.webhook {
            Some(webhook) if !is_address(&webhook.url) => {
                Err(ConfigError::Address { name: "webhook.url", url: webhook.url.clone() })
            }
            Some(webhook) if webhook.secrets.is_empty() => Err(ConfigError::NoWebhookSecret),
            _ => Ok(()),
        }
    }
}

/// Whether a text is an absolute http or https address.
pub(crate) fn is_address(text: &str) -> bool {
    let uri: Result<Uri, _> = text.parse();
    uri.is_ok_and(|uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.authority().is_some())
}

impl Accounts {
    /// Takes the accounts; the first is the one for new payment requests.
    ///
    /// # Errors
    /// [`ConfigError::NoAccount`].
    pub fn new(accounts: Vec<Account>) -> Result<Accounts, ConfigError> {
        if accounts.is_empty() { Err(ConfigError::NoAccount) } else { Ok(Accounts(accounts)) }
    }

    /// Every account, the one for new payment requests first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Account> {
        self.0.iter()
    }

    /// The account for a new payment request: the first that is of this partner and kind, where they are named. A kind
    /// alone is looked for under the first account's partner, never under another contract.
    pub(crate) fn choose(&self, partner: Option<&str>, sign_type: Option<SignType>) -> Option<&Account> {
        let first = self.0.first()?;
        let partner = partner.unwrap_or(first.partner().as_str());
        let of_kind = |account: &&Account| sign_type.is_none_or(|wanted| account.sign_type() == wanted);
        self.0.iter().filter(|account| account.partner().as_str() == partner).find(of_kind)
    }

    /// The account that a stored payment request belongs to; after its kind of key was retired, any other of the same
    /// contract.
    pub(crate) fn of(&self, partner: &PartnerId, sign_type: SignType) -> Option<&Account> {
        self.choose(Some(partner.as_str()), Some(sign_type))
            .or_else(|| self.choose(Some(partner.as_str()), None))
    }
}

impl Secret {
    /// Takes a secret as it is written down: `whsec_` and Base64 (Standard Webhooks), or any other text for its own
    /// bytes.
    ///
    /// # Errors
    /// [`ConfigError::ShortSecret`], [`ConfigError::SecretForm`].
    pub fn new(text: &str) -> Result<Secret, ConfigError> {
        let bytes = match text.strip_prefix("whsec_") {
            Some(encoded) => Base64::decode_vec(encoded).map_err(|_| ConfigError::SecretForm)?,
            None => text.as_bytes().to_vec(),
        };
        if bytes.len() < SECRET_BYTES_MIN { Err(ConfigError::ShortSecret) } else { Ok(Secret(bytes)) }
    }

    /// Takes a secret whose bytes are those of its text, whatever it begins with: a token, or what a page of the shop
    /// verifies with.
    ///
    /// # Errors
    /// [`ConfigError::ShortSecret`].
    pub fn of_text(text: &str) -> Result<Secret, ConfigError> {
        if text.len() < SECRET_BYTES_MIN {
            return Err(ConfigError::ShortSecret);
        }
        Ok(Secret(text.as_bytes().to_vec()))
    }

    /// The bytes.
    pub(crate) fn reveal(&self) -> &[u8] {
        &self.0
    }
}

/// Nothing of it.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}
