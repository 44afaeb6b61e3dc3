//! Settings of the binary: defaults, then a TOML file, then the environment, then the command line; later ones win.
//!
//! The layers are merged as TOML tables, by hand: it is thirty lines, each layer can be refused under its own name
//! (a file with line and column), and the libraries that do it bring a second generation of the TOML parser.
#![allow(clippy::disallowed_methods, reason = "the host reads files and the environment")]

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::ValueEnum;
use danbao_gateway::config::COMPANY_TO_PRIVATE_MAX;
use danbao_protocol::money::Fen;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use toml::{Table, Value};

use crate::host::watcher::MetricsToken;

/// Every setting. Unknown keys are errors, in every layer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The language of what is printed; unset, the terminal's.
    pub lang: Option<Lang>,
    /// Where embedded databases live; made if it is not there.
    pub data: PathBuf,
    /// Written once gateway and shop answer.
    pub ready_file: Option<PathBuf>,
    /// The payment gateway.
    pub gateway: GatewaySettings,
    /// The model shop.
    pub shop: ShopSettings,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            lang: None,
            data: PathBuf::from("danbao-data"),
            ready_file: None,
            gateway: GatewaySettings::default(),
            shop: ShopSettings::default(),
        }
    }
}

/// `[gateway]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GatewaySettings {
    /// Where to listen; port 0 takes any free port.
    pub listen: SocketAddr,
    /// Where browsers and merchants reach it, if that is not where it listens.
    pub public_url: Option<String>,
    /// Its database; unset, `gateway.db` in the data directory.
    pub database: Option<DatabaseUrl>,
    /// A file that holds the URL of its database, for URLs with a password.
    pub database_file: Option<PathBuf>,
    /// Connections at once.
    pub connections_max: u32,
    /// Proxies in front of it, by their addresses: what they say in `X-Forwarded-For` about who asks is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// Words that no goods name and no description may hold.
    pub forbidden_words: Vec<String>,
    /// When a notification is tried again.
    pub notify_schedule: NotifySchedule,
    /// Whether `success` must stand alone to the byte; otherwise blanks and line ends around it are forgiven.
    pub strict_success: bool,
    /// An unpaid trade closes after so many days, unless the request says otherwise.
    pub close_unpaid_days: u16,
    /// A refund of what was not shipped may be applied for after so many days, unless the request says otherwise.
    pub apply_refund_days: u16,
    /// The platform advises a refund of what was not shipped after so many days, unless the request says otherwise.
    pub advise_refund_days: u16,
    /// Goods sent by express or EMS count as received after so many days.
    pub confirm_express_days: u16,
    /// Goods sent by post count as received after so many days, unless the request says otherwise.
    pub confirm_post_days: u16,
    /// Goods that need no carrier count as received after so many days.
    pub confirm_virtual_days: u16,
    /// Direct pay under an advanced contract stays refundable for so many days.
    pub refundable_days: u16,
    /// A seller who has not shipped and does not answer an application for a refund agrees after so many days.
    pub agree_unshipped_days: u16,
    /// A seller who has shipped and does not answer one agrees after so many days.
    pub agree_shipped_days: u16,
    /// A buyer who does nothing about a refusal has withdrawn the application after so many days.
    pub change_refund_days: u16,
    /// A buyer who does not send the goods back has withdrawn it after so many days.
    pub return_goods_days: u16,
    /// Goods sent back by anything but post count as received after so many days.
    pub return_express_days: u16,
    /// Goods sent back by post count as received after so many days.
    pub return_post_days: u16,
    /// Whoever does nothing is signed out after so many minutes.
    pub login_state_minutes: u16,
    /// A token saves its buyer the sign-in for so many minutes.
    pub token_minutes: u16,
    /// A batch of refunds waits so many hours for the seller's payment password.
    pub unconfirmed_batch_hours: u16,
    /// A page return can be checked for so many seconds.
    pub return_link_seconds: u16,
    /// An anti-phishing timestamp lives so many seconds.
    pub anti_phishing_key_seconds: u16,
    /// The most that a company's account pays a private account at once, in yuan.
    pub company_to_private_max: Yuan,
    /// How the refusal of a seller who is not the contracted one is spelt.
    pub seller_code: SellerCode,
    /// A file with a token: whoever sends it may read `/metrics`. Without one there is no such address.
    pub metrics_token_file: Option<PathBuf>,
}

impl GatewaySettings {
    /// What opens `/metrics`, if anything does.
    ///
    /// # Errors
    /// A file that cannot be read, or a token that could be guessed.
    pub fn metrics_token(&self) -> anyhow::Result<Option<MetricsToken>> {
        let Some(file) = &self.metrics_token_file else { return Ok(None) };
        let name = || format!("`metrics_token_file`, {}", file.display());
        let token = std::fs::read_to_string(file).with_context(name)?;
        Ok(Some(MetricsToken::new(token.trim()).with_context(name)?))
    }
}

/// The two spellings of one code.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SellerCode {
    /// `seller_not_in_specified_sellers`
    #[default]
    Lower,
    /// `SELLER_NOT_IN_SPECIFIED_SELLERS`
    Capitals,
}

/// An amount of money: `50000`, `"50000.00"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Number")]
pub struct Yuan(pub Fen);

/// What TOML and the environment may say for an amount.
#[derive(Deserialize)]
#[serde(untagged)]
enum Number {
    Whole(i64),
    Text(String),
}

impl TryFrom<Number> for Yuan {
    type Error = String;

    fn try_from(number: Number) -> Result<Yuan, String> {
        let text = match number {
            Number::Whole(yuan) => yuan.to_string(),
            Number::Text(text) => text,
        };
        Fen::parse(&text)
            .map(Yuan)
            .map_err(|_| format!("`{text}` is no amount in yuan, such as \"50000.00\""))
    }
}

/// The lists of waiting times that the platform has used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum NotifySchedule {
    /// 5 s, 2 m, 10 m, 15 m, 1 h, 2 h, 6 h, 15 h.
    #[default]
    #[serde(rename = "2011")]
    Of2011,
    /// 2 m, 10 m, 10 m, 1 h, 2 h, 6 h, 15 h.
    #[serde(rename = "2016")]
    Of2016,
}

impl Default for GatewaySettings {
    fn default() -> Self {
        GatewaySettings {
            listen: loopback(8080),
            public_url: None,
            database: None,
            database_file: None,
            connections_max: 1024,
            trusted_proxies: Vec::new(),
            forbidden_words: Vec::new(),
            notify_schedule: NotifySchedule::default(),
            strict_success: false,
            close_unpaid_days: 15,
            apply_refund_days: 0,
            advise_refund_days: 7,
            confirm_express_days: 10,
            confirm_post_days: 30,
            confirm_virtual_days: 3,
            refundable_days: 90,
            agree_unshipped_days: 7,
            agree_shipped_days: 15,
            change_refund_days: 7,
            return_goods_days: 7,
            return_express_days: 10,
            return_post_days: 30,
            login_state_minutes: 10,
            token_minutes: 30,
            unconfirmed_batch_hours: 24,
            return_link_seconds: 60,
            anti_phishing_key_seconds: 30,
            company_to_private_max: Yuan(COMPANY_TO_PRIVATE_MAX),
            seller_code: SellerCode::default(),
            metrics_token_file: None,
        }
    }
}

/// `[shop]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ShopSettings {
    /// Where to listen; port 0 takes any free port.
    pub listen: SocketAddr,
    /// Where browsers and the gateway reach it, if that is not where it listens.
    pub public_url: Option<String>,
    /// Its database; unset, `shop.db` in the data directory.
    pub database: Option<DatabaseUrl>,
    /// A file that holds the URL of its database, for URLs with a password.
    pub database_file: Option<PathBuf>,
    /// Connections at once.
    pub connections_max: u32,
    /// What stands before a member's name; unset, what the integration rules want.
    pub display_prefix: Option<String>,
    /// Origins beside its own that etao's `target_url` may lead to.
    pub targets: Vec<String>,
}

impl ShopSettings {
    /// How the shop treats members.
    pub(crate) fn members(&self) -> danbao_shop::Members {
        let rules = danbao_shop::Members::default();
        danbao_shop::Members {
            display_prefix: self.display_prefix.clone().unwrap_or(rules.display_prefix),
            targets: self.targets.clone(),
        }
    }
}

impl Default for ShopSettings {
    fn default() -> Self {
        ShopSettings {
            listen: loopback(8081),
            public_url: None,
            database: None,
            database_file: None,
            connections_max: 1024,
            display_prefix: None,
            targets: Vec::new(),
        }
    }
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

/// The language of what is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    /// 中文
    Zh,
    /// English
    En,
}

/// `sqlite:///path`, the bare path of a SQLite file, or `postgres://user:password@host/database`. The password is
/// not shown by `Debug`.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct DatabaseUrl(pub String);

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((scheme, rest)) = self.0.split_once("://") else { return write!(f, "{:?}", self.0) };
        // A libpq URL may hold a password after `?` as well.
        let rest = rest.split('?').next().unwrap_or_default();
        match rest.rsplit_once('@') {
            Some((user, host)) => {
                let user = user.split(':').next().unwrap_or_default();
                write!(f, "\"{scheme}://{user}@{host}\"")
            }
            None => write!(f, "\"{scheme}://{rest}\""),
        }
    }
}

/// Which of a database URL and a file with one is to be used.
///
/// # Errors
/// If both are set, or the file cannot be read.
pub fn database_url(
    url: Option<&DatabaseUrl>,
    file: Option<&Path>,
    default: impl FnOnce() -> DatabaseUrl,
) -> anyhow::Result<DatabaseUrl> {
    match (url, file) {
        (Some(_), Some(_)) => bail!("`database` and `database_file` are both set; one is enough"),
        (Some(url), None) => Ok(url.clone()),
        (None, Some(file)) => {
            let text = std::fs::read_to_string(file)
                .with_context(|| format!("cannot read the database's URL from {}", file.display()))?;
            Ok(DatabaseUrl(text.trim().to_owned()))
        }
        (None, None) => Ok(default()),
    }
}

/// Name of the file that is read when none is named.
const USUAL_FILE: &str = "danbao.toml";
const ENV_PREFIX: &str = "DANBAO__";

/// All layers together. `file` is the one named by `--config` or `DANBAO_CONFIG`, which must then exist; `flags` has
/// the shape of a file.
///
/// # Errors
/// What is wrong with which layer, in words for whoever wrote it.
pub fn load(
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
    flags: Table,
) -> anyhow::Result<Config> {
    load_as(USUAL_FILE, ENV_PREFIX, file, environment, flags)
}

/// As [`load`], for the settings of any command: by the name of its usual file and the prefix of its variables.
pub(crate) fn load_as<T: DeserializeOwned>(
    usual: &str,
    env_prefix: &str,
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
    flags: Table,
) -> anyhow::Result<T> {
    let mut merged = Table::new();
    let usual = Path::new(usual);
    if let Some(file) = file.or_else(|| usual.exists().then_some(usual)) {
        let name = file.display();
        let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {name}"))?;
        toml::from_str::<T>(&text).with_context(|| format!("in {name}"))?;
        merge(&mut merged, text.parse().with_context(|| format!("in {name}"))?);
    }
    for (name, value) in environment {
        let Some(keys) = name.strip_prefix(env_prefix) else { continue };
        let layer = environment_layer(keys, &value);
        check::<T>(&layer).with_context(|| format!("in the environment variable {name}"))?;
        merge(&mut merged, layer);
    }
    check::<T>(&flags).context("on the command line")?;
    merge(&mut merged, flags);
    check(&merged)
}

fn check<T: DeserializeOwned>(layer: &Table) -> anyhow::Result<T> {
    // The TOML crate's message may be many lines with an empty source snippet; the words are in the first of them.
    Value::Table(layer.clone()).try_into::<T>().map_err(|error| anyhow::anyhow!("{}", error.message()))
}

/// `GATEWAY__LISTEN` = `127.0.0.1:0` is `[gateway] listen = "127.0.0.1:0"`. A value that reads as an integer or as
/// `true` or `false` is one, anything else is text; so is what would not be written back alike, such as a secret that
/// begins with zeros.
fn environment_layer(keys: &str, text: &str) -> Table {
    let whole = text.parse().ok().filter(|number: &i64| number.to_string() == text).map(Value::Integer);
    let value = whole.or_else(|| text.parse().map(Value::Boolean).ok());
    let value = value.unwrap_or_else(|| Value::String(text.to_owned()));
    let keys: Vec<String> = keys.split("__").map(str::to_ascii_lowercase).collect();
    let mut inner = value;
    for key in keys.iter().skip(1).rev() {
        inner = Value::Table(Table::from_iter([(key.clone(), inner)]));
    }
    Table::from_iter(keys.into_iter().next().map(|key| (key, inner)))
}

/// Lays `upper` over `lower`: tables are merged key by key, anything else is replaced.
fn merge(lower: &mut Table, upper: Table) {
    for (key, value) in upper {
        match (lower.get_mut(&key), value) {
            (Some(Value::Table(below)), Value::Table(above)) => merge(below, above),
            (_, value) => {
                lower.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("some.toml");
        std::fs::write(&path, text).unwrap();
        (dir, path)
    }

    fn complaint(file: Option<&Path>, env: &[(&str, &str)], flags: &str) -> String {
        format!("{:#}", load(file, environment(env), flags.parse().unwrap()).unwrap_err())
    }

    #[test]
    fn without_any_layer_everything_is_as_documented() {
        let config = load(None, environment(&[]), Table::new()).unwrap();
        assert_eq!(config, Config::default());
        assert_eq!(config.gateway.listen.to_string(), "127.0.0.1:8080");
    }

    #[test]
    fn the_command_line_beats_the_environment_which_beats_the_file() {
        let (_dir, path) = file(
            "data = 'a'\n[gateway]\nlisten = '127.0.0.1:1'\nconnections_max = 7\n[shop]\nlisten = '127.0.0.1:2'\n",
        );
        let env = environment(&[
            ("DANBAO__GATEWAY__LISTEN", "127.0.0.1:3"),
            ("DANBAO__SHOP__LISTEN", "127.0.0.1:4"),
            ("DANBAO__SHOP__CONNECTIONS_MAX", "9"),
            ("DANBAO_CONFIG", "not a layer"),
            ("PATH", "/bin"),
        ]);
        let flags = "[shop]\nlisten = '127.0.0.1:5'".parse().unwrap();
        let config = load(Some(&path), env, flags).unwrap();
        assert_eq!(config.data, Path::new("a"));
        assert_eq!(config.gateway.listen.port(), 3);
        assert_eq!(config.gateway.connections_max, 7);
        assert_eq!(config.shop.connections_max, 9);
        assert_eq!(config.shop.listen.port(), 5);
    }

    #[test]
    fn an_unknown_key_is_refused_and_its_layer_named() {
        let (_dir, path) = file("data = 'a'\n[gateway]\nlistn = '127.0.0.1:1'\n");
        let said = complaint(Some(&path), &[], "");
        assert!(said.contains("some.toml") && said.contains("line 3") && said.contains("`listn`"), "{said}");
        let said = complaint(None, &[("DANBAO__GATEWAY__LISTN", "x")], "");
        assert!(said.contains("DANBAO__GATEWAY__LISTN: unknown field `listn`"), "{said}");
        let said = complaint(None, &[("DANBAO__", "x")], "");
        assert!(said.contains("unknown field"), "{said}");
    }

    #[test]
    fn a_value_of_the_wrong_kind_is_refused_and_its_layer_named() {
        let said = complaint(None, &[("DANBAO__SHOP__LISTEN", "8081")], "");
        assert!(said.starts_with("in the environment variable DANBAO__SHOP__LISTEN: invalid type"), "{said}");
        let said = complaint(None, &[], "[gateway]\nlisten = 'nowhere'");
        assert!(said.starts_with("on the command line: invalid socket address"), "{said}");
        let said = complaint(None, &[("DANBAO__GATEWAY", "x")], "");
        assert!(said.starts_with("in the environment variable DANBAO__GATEWAY: invalid type"), "{said}");
    }

    #[test]
    fn every_clock_and_every_limit_can_be_set_in_the_file_and_in_the_environment() {
        let (_dir, path) = file("[gateway]\nadvise_refund_days = 3\ncompany_to_private_max = '1.50'\n");
        let env = environment(&[
            ("DANBAO__GATEWAY__APPLY_REFUND_DAYS", "2"),
            ("DANBAO__GATEWAY__LOGIN_STATE_MINUTES", "20"),
            ("DANBAO__GATEWAY__STRICT_SUCCESS", "true"),
        ]);
        let config = load(Some(&path), env, Table::new()).unwrap().gateway;
        assert_eq!((config.advise_refund_days, config.apply_refund_days), (3, 2));
        assert_eq!(config.company_to_private_max, Yuan(Fen(150)));
        assert_eq!((config.login_state_minutes, config.strict_success), (20, true));
        let env = environment(&[("DANBAO__GATEWAY__COMPANY_TO_PRIVATE_MAX", "70000")]);
        let config = load(None, env, Table::new()).unwrap().gateway;
        assert_eq!(config.company_to_private_max, Yuan(Fen(7_000_000)));
        let said = complaint(None, &[("DANBAO__GATEWAY__COMPANY_TO_PRIVATE_MAX", "much")], "");
        assert!(said.contains("`much` is no amount in yuan"), "{said}");
    }

    #[test]
    fn the_reference_lists_every_key_with_its_default() {
        const REFERENCE: &str = include_str!("../../../docs/settings.md");
        let listed = REFERENCE.split("```toml").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
        let config: Config = toml::from_str(listed).unwrap();
        assert_eq!(config, Config::default());
        for table in ["", "[gateway]", "[shop]"] {
            // serde says which keys there are when it meets one that there is not.
            let said =
                toml::from_str::<Config>(&format!("{table}\nno_such_key = 1")).unwrap_err().to_string();
            let known = said.split("expected one of ").nth(1).unwrap();
            let names: Vec<&str> = known.split('`').skip(1).step_by(2).collect();
            assert!(names.len() > 4, "{said}");
            for name in names.iter().filter(|name| !["gateway", "shop"].contains(name)) {
                let own = listed
                    .lines()
                    .any(|line| line.trim_start_matches("# ").starts_with(&format!("{name} =")));
                assert!(own, "{table} {name} is not in docs/settings.md");
            }
        }
    }

    #[test]
    fn a_file_that_is_named_must_be_there() {
        let said = complaint(Some(Path::new("/no/such.toml")), &[], "");
        assert!(said.starts_with("cannot read /no/such.toml"), "{said}");
    }

    #[test]
    fn a_database_is_named_once_or_in_a_file_of_its_own() {
        let url = DatabaseUrl("postgres:///a".to_owned());
        let default = || DatabaseUrl("sqlite://b".to_owned());
        let (_dir, path) = file("postgres:///c\n");
        assert_eq!(database_url(Some(&url), None, default).unwrap(), url);
        assert_eq!(database_url(None, Some(&path), default).unwrap().0, "postgres:///c");
        assert_eq!(database_url(None, None, default).unwrap(), default());
        assert!(database_url(Some(&url), Some(&path), default).is_err());
    }

    #[test]
    fn passwords_of_databases_are_not_shown() {
        let shown = |url: &str| format!("{:?}", DatabaseUrl(url.to_owned()));
        assert_eq!(shown("postgres://me:secret@host/db?password=secret"), "\"postgres://me@host/db\"");
        assert_eq!(shown("postgres://me:sec@ret@host/db"), "\"postgres://me@host/db\"");
        assert_eq!(shown("postgres:///db?password=secret"), "\"postgres:///db\"");
        assert_eq!(shown("sqlite:///var/gateway.db"), "\"sqlite:///var/gateway.db\"");
        assert_eq!(shown("gateway.db"), "\"gateway.db\"");
    }
}
