//! `merchant.toml`: what `danbao merchant` has to be told, and the sidecar's own settings that come of it.
#![allow(clippy::disallowed_methods, reason = "the host reads files")]

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use danbao_merchant::Account;
use danbao_protocol::ids::{PartnerId, UserId};
use danbao_protocol::sign::{Md5Key, SignType, pasted};
use danbao_sidecar::{Accounts, Config, ConfigError, Secret, Webhook};
use serde::{Deserialize, Deserializer};

use crate::config::{DatabaseUrl, Lang};
use crate::host::watcher::MetricsToken;
use crate::installation::public_url;

/// Every setting. Unknown keys are errors, in every layer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MerchantSettings {
    /// The language of what is printed; unset, the terminal's.
    pub lang: Option<Lang>,
    /// Where the embedded database lives; made if it is not there.
    pub data: PathBuf,
    /// Written once the sidecar answers.
    pub ready_file: Option<PathBuf>,
    /// Where to listen; port 0 takes any free port.
    pub listen: SocketAddr,
    /// Where browsers and the gateway reach it, if that is not where it listens.
    pub public_url: Option<String>,
    /// Its database; unset, `merchant.db` in the data directory.
    pub database: Option<DatabaseUrl>,
    /// A file that holds the URL of its database, for URLs with a password.
    pub database_file: Option<PathBuf>,
    /// Connections at once.
    pub connections_max: u32,
    /// Whoever sends this as a bearer token is the shop.
    pub api_token: Text,
    /// A file that holds it.
    pub api_token_file: Option<PathBuf>,
    /// The token before the last change, still taken.
    pub old_api_token: Text,
    /// A file that holds it.
    pub old_api_token_file: Option<PathBuf>,
    /// Where the buyer's browser ends, unless the order names another page.
    pub return_page: Option<String>,
    /// Signs the result that the browser carries there.
    pub result_secret: Text,
    /// A file that holds it.
    pub result_secret_file: Option<PathBuf>,
    /// Where the shop wants to hear of changes.
    pub webhook: Option<WebhookSettings>,
    /// The name of the account for new payment requests; needed if there are several.
    pub default_account: Option<String>,
    /// Whoever sends this as a bearer token may read `/metrics`; without it there is no such address.
    pub metrics_token: Text,
    /// A file that holds it.
    pub metrics_token_file: Option<PathBuf>,
    /// Contracts with the gateway and their keys, by names of the merchant's own.
    pub account: BTreeMap<String, AccountSettings>,
}

/// `[webhook]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebhookSettings {
    /// An absolute http or https address.
    pub url: String,
    /// `whsec_` and Base64, or any text.
    pub secret: Text,
    /// A file that holds it.
    pub secret_file: Option<PathBuf>,
    /// The secret before the last change; messages are signed with both.
    pub old_secret: Text,
    /// A file that holds it.
    pub old_secret_file: Option<PathBuf>,
}

/// `[account.NAME]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AccountSettings {
    /// The address of `gateway.do`.
    pub gateway_url: String,
    /// 合作者身份
    pub partner: Text,
    /// The account that is paid.
    pub seller_email: String,
    /// Its number; the partner's own if unset.
    pub seller_id: Text,
    /// `MD5` (also if unset), `RSA`, `DSA` or `RSA2`.
    pub sign_type: Option<String>,
    /// MD5: the shared key. Else the merchant's private key.
    pub key: Text,
    /// A file that holds it.
    pub key_file: Option<PathBuf>,
    /// RSA, DSA, RSA2: the gateway's public key.
    pub gateway_key: Text,
    /// A file that holds it.
    pub gateway_key_file: Option<PathBuf>,
}

/// A text that may be a secret, and that may look like a number: variables of the environment do not say which. Not
/// shown by `Debug`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Text(String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Text, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Said {
            Text(String),
            Number(i64),
        }
        Ok(Text(match Said::deserialize(deserializer)? {
            Said::Text(text) => text,
            Said::Number(number) => number.to_string(),
        }))
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "unset" } else { "set" })
    }
}

impl Default for MerchantSettings {
    fn default() -> Self {
        MerchantSettings {
            lang: None,
            data: PathBuf::from("danbao-merchant-data"),
            ready_file: None,
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8082),
            public_url: None,
            database: None,
            database_file: None,
            connections_max: 1024,
            api_token: Text::default(),
            api_token_file: None,
            old_api_token: Text::default(),
            old_api_token_file: None,
            return_page: None,
            result_secret: Text::default(),
            result_secret_file: None,
            webhook: None,
            default_account: None,
            metrics_token: Text::default(),
            metrics_token_file: None,
            account: BTreeMap::new(),
        }
    }
}

impl MerchantSettings {
    /// The sidecar's settings, keys read from their files. `public_url` is where the sidecar is reached.
    ///
    /// # Errors
    /// What is missing or cannot be right, by its name in the file.
    pub fn sidecar(&self, public_url: &str) -> anyhow::Result<Config> {
        let return_page = self.return_page.clone().context("`return_page` is missing")?;
        let config = Config {
            public_url: public_url.to_owned(),
            accounts: self.accounts()?,
            api_tokens: secrets(
                Secret::of_text,
                ("api_token", &self.api_token, self.api_token_file.as_deref()),
                ("old_api_token", &self.old_api_token, self.old_api_token_file.as_deref()),
            )?,
            return_page,
            result_secret: secret(
                Secret::of_text,
                ("result_secret", &self.result_secret, self.result_secret_file.as_deref()),
            )?
            .context("`result_secret` or `result_secret_file` is missing")?,
            webhook: self
                .webhook
                .as_ref()
                .map(WebhookSettings::webhook)
                .transpose()
                .context("in [webhook]")?,
        };
        config.check()?;
        Ok(config)
    }

    /// Whether the settings can be right, as far as that is known before it listens.
    ///
    /// # Errors
    /// As [`MerchantSettings::sidecar`].
    pub fn check(&self) -> anyhow::Result<()> {
        if self.connections_max == 0 {
            bail!("`connections_max` is 0: nobody could connect");
        }
        self.metrics_token()?;
        let anywhere = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 1);
        self.sidecar(&public_url(self.public_url.as_deref(), anywhere)).map(drop)
    }

    /// What opens `/metrics`, if anything does.
    ///
    /// # Errors
    /// A file that cannot be read, or a token that could be guessed.
    pub fn metrics_token(&self) -> anyhow::Result<Option<MetricsToken>> {
        let token = one("metrics_token", &self.metrics_token, self.metrics_token_file.as_deref())?;
        token.map(|token| MetricsToken::new(&token).context("`metrics_token`")).transpose()
    }

    fn accounts(&self) -> anyhow::Result<Accounts> {
        let first = match (&self.default_account, self.account.len()) {
            (Some(name), _) if !self.account.contains_key(name) => {
                bail!("`default_account` names `{name}`, but there is no [account.{name}]")
            }
            (Some(name), _) => Some(name),
            (None, 0 | 1) => None,
            (None, _) => bail!("there are several accounts: `default_account` must name one"),
        };
        let mut names: Vec<&String> = self.account.keys().collect();
        names.sort_by_key(|name| Some(*name) != first);
        let account = |name: &String| {
            let settings = self.account.get(name).context("no such account")?;
            settings.account().with_context(|| format!("in [account.{name}]"))
        };
        let accounts = names.into_iter().map(account).collect::<anyhow::Result<Vec<_>>>()?;
        Ok(Accounts::new(accounts)?)
    }
}

impl WebhookSettings {
    fn webhook(&self) -> anyhow::Result<Webhook> {
        let secrets = secrets(
            Secret::new,
            ("secret", &self.secret, self.secret_file.as_deref()),
            ("old_secret", &self.old_secret, self.old_secret_file.as_deref()),
        )?;
        Ok(Webhook { url: self.url.clone(), secrets })
    }
}

impl AccountSettings {
    fn account(&self) -> anyhow::Result<Account> {
        let word = self.sign_type.as_deref().unwrap_or("MD5");
        let sign_type = SignType::from_wire(word)
            .with_context(|| format!("`sign_type` is `{word}`, not MD5, RSA, DSA or RSA2"))?;
        let partner = PartnerId::new(self.partner.0.trim());
        let seller_id = match self.seller_id.0.trim() {
            "" => UserId::new(partner.as_str()),
            id => UserId::new(id),
        };
        let email = self.seller_email.trim();
        let key =
            one("key", &self.key, self.key_file.as_deref())?.context("`key` or `key_file` is missing")?;
        if sign_type == SignType::Md5 {
            return Ok(Account::new(partner, Md5Key::new(key), email, seller_id, &self.gateway_url)?);
        }
        let public = one("gateway_key", &self.gateway_key, self.gateway_key_file.as_deref())?
            .context("`gateway_key` or `gateway_key_file` is missing: the gateway's public key")?;
        let signer = examined("key", &key)?.key.signer(sign_type);
        let signer = signer.with_context(|| format!("`key` is not a private key for {word}"))?;
        let verifier = examined("gateway_key", &public)?.key.verifier(sign_type);
        let verifier = verifier.with_context(|| format!("`gateway_key` is not a key for {word}"))?;
        Ok(Account::with_keys(partner, signer, verifier, email, seller_id, &self.gateway_url)?)
    }
}

fn examined(name: &str, text: &str) -> anyhow::Result<pasted::Pasted> {
    pasted::examine(text.as_bytes()).map_err(|why| anyhow::anyhow!("`{name}`: {}", why.advice()))
}

/// A text, from the setting itself or from a file; `None` if there is neither.
fn one(name: &str, text: &Text, file: Option<&Path>) -> anyhow::Result<Option<String>> {
    match (bare(&text.0), file) {
        ("", None) => Ok(None),
        ("", Some(file)) => {
            let text = std::fs::read_to_string(file)
                .with_context(|| format!("cannot read `{name}_file`, {}", file.display()))?;
            Ok(Some(bare(&text).to_owned()))
        }
        (text, None) => Ok(Some(text.to_owned())),
        (_, Some(_)) => bail!("`{name}` and `{name}_file` are both set; one is enough"),
    }
}

/// Without what editors and clipboards leave around a text: blanks, line ends, and the byte order mark of Windows.
fn bare(text: &str) -> &str {
    text.trim().trim_start_matches('\u{feff}').trim()
}

type Named<'s> = (&'s str, &'s Text, Option<&'s Path>);
type Take = fn(&str) -> Result<Secret, ConfigError>;

fn secret(take: Take, (name, text, file): Named<'_>) -> anyhow::Result<Option<Secret>> {
    let text = one(name, text, file)?;
    text.map(|text| take(&text).with_context(|| format!("`{name}`"))).transpose()
}

/// The secret that is used and the one before it, where there is one.
fn secrets(take: Take, new: Named<'_>, old: Named<'_>) -> anyhow::Result<Vec<Secret>> {
    let name = new.0;
    let new = secret(take, new)?.with_context(|| format!("`{name}` or `{name}_file` is missing"))?;
    Ok([Some(new), secret(take, old)?].into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use toml::Table;

    use super::*;
    use crate::config::load_as;

    const FILE: &str = r#"
        api_token = "a-token-of-the-shop-itself"
        return_page = "http://shop/thanks"
        result_secret = "a-secret-of-the-results"
        [webhook]
        url = "http://shop/hooks"
        secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
        [account.main]
        gateway_url = "http://gateway/gateway.do"
        partner = "2088000000000001"
        seller_email = "seller@example.com"
        key = "k0k1k2k3k4k5k6k7k8k9kakbkckdkekf"
    "#;

    fn load(environment: &[(&str, &str)]) -> anyhow::Result<Config> {
        let dir = tempfile::tempdir()?;
        let file = dir.path().join("merchant.toml");
        std::fs::write(&file, FILE)?;
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let prefix = crate::merchant::ENV_PREFIX;
        let settings: MerchantSettings =
            load_as("none.toml", prefix, Some(&file), environment, Table::new())?;
        settings.sidecar("http://127.0.0.1:8082")
    }

    fn complaint(environment: &[(&str, &str)]) -> String {
        format!("{:#}", load(environment).unwrap_err())
    }

    #[test]
    fn a_file_is_enough_and_the_environment_wins() {
        assert!(load(&[]).is_ok());
        let config = load(&[
            ("DANBAO_MERCHANT__RETURN_PAGE", "https://other/page"),
            ("DANBAO_MERCHANT__ACCOUNT__MAIN__PARTNER", "2088000000000009"),
            ("DANBAO_MERCHANT__OLD_API_TOKEN", "0000111122223333"),
        ])
        .unwrap();
        assert_eq!(config.return_page, "https://other/page");
        assert_eq!(config.api_tokens.len(), 2);
        assert_eq!(config.api_tokens[1], Secret::new("0000111122223333").unwrap());
    }

    #[test]
    fn a_secret_is_read_from_its_file_and_from_one_place_only() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("key");
        std::fs::write(&file, "k9k1k2k3k4k5k6k7k8k9kakbkckdkekf\n").unwrap();
        let file = file.to_str().unwrap();
        let variable = "DANBAO_MERCHANT__ACCOUNT__MAIN__KEY_FILE";
        assert!(complaint(&[(variable, file)]).contains("`key` and `key_file` are both set"));
        assert!(load(&[(variable, file), ("DANBAO_MERCHANT__ACCOUNT__MAIN__KEY", "")]).is_ok());
    }

    #[test]
    fn what_an_editor_leaves_around_a_key_is_no_part_of_it() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("key");
        std::fs::write(&file, "\u{feff}k0k1k2k3k4k5k6k7k8k9kakbkckdkekf\r\n").unwrap();
        let text = one("key", &Text::default(), Some(&file)).unwrap();
        assert_eq!(text.as_deref(), Some("k0k1k2k3k4k5k6k7k8k9kakbkckdkekf"));
    }

    #[test]
    fn a_token_is_its_own_bytes_whatever_it_begins_with() {
        let token = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let config =
            load(&[("DANBAO_MERCHANT__API_TOKEN", token), ("DANBAO_MERCHANT__RESULT_SECRET", token)])
                .unwrap();
        let own_bytes = Secret::of_text(token).unwrap();
        assert_ne!(own_bytes, Secret::new(token).unwrap());
        assert_eq!((&config.api_tokens[0], &config.result_secret), (&own_bytes, &own_bytes));
    }

    #[test]
    fn what_cannot_be_right_is_named() {
        for (name, value, said) in [
            ("RETURN_PAGES", "x", "unknown field `return_pages`"),
            ("API_TOKEN", "short", "`api_token`: a secret has fewer than 16 bytes"),
            ("API_TOKEN", "", "`api_token` or `api_token_file` is missing"),
            ("WEBHOOK__URL", "shop/hooks", "webhook.url"),
            ("WEBHOOK__SECRET", "whsec_%", "not Base64"),
            ("ACCOUNT__MAIN__SIGN_TYPE", "SHA", "in [account.main]: `sign_type` is `SHA`"),
            ("ACCOUNT__MAIN__SIGN_TYPE", "RSA", "`gateway_key` or `gateway_key_file` is missing"),
            ("ACCOUNT__MAIN__KEY", "2088000000000001", "wrong way round"),
            ("ACCOUNT__OLD__PARTNER", "2088000000000002", "`default_account` must name one"),
            ("DEFAULT_ACCOUNT", "none", "there is no [account.none]"),
        ] {
            let variable = format!("DANBAO_MERCHANT__{name}");
            let heard = complaint(&[(&variable, value)]);
            assert!(heard.contains(said), "{name}={value}: {heard}");
        }
    }

    #[test]
    fn the_settings_of_the_document_are_settings() {
        const DOCUMENT: &str = include_str!("../../../../docs/merchant.md");
        let block = DOCUMENT.split("```toml").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
        let settings: MerchantSettings = toml::from_str(block).unwrap();
        settings.sidecar("https://pay.shop.example").unwrap();
        // Every setting is in the document, and its defaults are the program's.
        let default = MerchantSettings::default();
        assert_eq!((settings.listen, &settings.data), (default.listen, &default.data));
        assert_eq!(settings.connections_max, default.connections_max);
        let source = include_str!("settings.rs");
        let structs = source.split("pub struct Text(").next().unwrap();
        let fields = structs.lines().filter_map(|line| line.strip_prefix("    pub ")?.split_once(':'));
        let mut count = 0;
        for (field, _) in fields {
            assert!(DOCUMENT.contains(field), "{field}");
            count += 1;
        }
        assert!(count > 25);
    }

    #[test]
    fn a_metrics_token_that_could_be_guessed_is_refused_and_none_is_none() {
        let mut settings: MerchantSettings = toml::from_str(FILE).unwrap();
        assert_eq!(settings.metrics_token().unwrap(), None);
        settings.metrics_token = Text("sixteen-bytes-or-more".to_owned());
        assert!(settings.metrics_token().unwrap().is_some() && settings.check().is_ok());
        settings.metrics_token = Text("short".to_owned());
        let said = format!("{:#}", settings.check().unwrap_err());
        assert!(said.contains("`metrics_token`: a metrics token has at least 16 bytes"), "{said}");
    }

    #[test]
    fn secrets_are_not_shown() {
        let settings: MerchantSettings = toml::from_str(FILE).unwrap();
        let shown = format!("{settings:?} {:?}", settings.sidecar("http://x").unwrap());
        for secret in ["a-token", "a-secret", "whsec_", "k0k1k2"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}
