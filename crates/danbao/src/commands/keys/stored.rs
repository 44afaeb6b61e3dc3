//! The keys in a gateway's database, which may be running meanwhile: it looks them up anew for each request.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use danbao_gateway::keys::{self, Owner, StoredKey};
use danbao_protocol::ids::PartnerId;
use danbao_protocol::sign::SignType;
use danbao_protocol::sign::pasted::{Key, examine};
use danbao_protocol::time::Timestamp;
use danbao_store::Conn;
use serde_json::{Value, json};
use toml::Table;

use super::one::public_half;
use super::{Words, length, read, sign_type};
use crate::commands::doctor::fill;
use crate::commands::terminal::say_json;
use crate::commands::text::texts;
use crate::commands::{say, table, terminal_lang};
use crate::config::{self, Config, DatabaseUrl};
use crate::host::clock::wall_now;
use crate::host::entropy;
use crate::installation;

/// Where the gateway's database is.
#[derive(Debug, Args)]
pub(in crate::commands) struct At {
    /// The gateway's data directory [default: ./danbao-data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The gateway's database [default: gateway.db in the data directory]
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// Settings as TOML [default: ./danbao.toml if it is there]
    #[arg(long, value_name = "FILE", env = "DANBAO_CONFIG")]
    config: Option<PathBuf>,
}

impl At {
    /// The settings of the gateway that is there.
    pub(in crate::commands) fn settings(&self) -> anyhow::Result<Config> {
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        let mut settings = config::load(self.config.as_deref(), environment, Table::new())?;
        if let Some(data) = &self.data {
            settings.data.clone_from(data);
        }
        if let Some(url) = &self.database {
            settings.gateway.database = Some(DatabaseUrl(url.clone()));
            settings.gateway.database_file = None;
        }
        Ok(settings)
    }

    /// Opens it and says what its clock shows; a complaint is in the terminal's language.
    pub(in crate::commands) fn open(&self) -> anyhow::Result<(Box<dyn Conn>, Timestamp)> {
        self.open_saying(&texts(terminal_lang()).keys)
    }

    fn open_saying(&self, words: &Words) -> anyhow::Result<(Box<dyn Conn>, Timestamp)> {
        let settings = self.settings()?;
        let url = installation::gateway_database(&settings)?;
        must_be_there(&url, words)?;
        let mut conn = installation::open(&url)?;
        let now = keys::open(conn.as_mut(), wall_now())?;
        Ok((conn, now))
    }
}

/// Opening a SQLite file that is not there would make an empty one, and say that there are no partners.
fn must_be_there(url: &DatabaseUrl, words: &Words) -> anyhow::Result<()> {
    let path = match url.0.split_once("://") {
        Some(("sqlite", path)) => path,
        Some(_) => return Ok(()),
        None => &url.0,
    };
    if !Path::new(path).exists() {
        bail!(words.no_database(path));
    }
    Ok(())
}

/// Whose keys.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Whose {
    /// A partner's
    #[arg(long, value_name = "PARTNER")]
    partner: Option<String>,
    /// The gateway's own
    #[arg(long)]
    gateway: bool,
}

impl Whose {
    fn owner(&self) -> Owner {
        match &self.partner {
            Some(partner) => Owner::Partner(PartnerId::new(partner.as_str())),
            None => Owner::Gateway,
        }
    }
}

/// Options of `keys list`.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// One partner's keys only
    #[arg(long, value_name = "PARTNER", conflicts_with = "gateway")]
    partner: Option<String>,
    /// The gateway's own keys only
    #[arg(long)]
    gateway: bool,
    #[command(flatten)]
    at: At,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn list(args: &ListArgs, words: &Words) -> anyhow::Result<ExitCode> {
    let (mut conn, now) = args.at.open_saying(words)?;
    let owners = match &args.partner {
        Some(partner) => vec![Owner::Partner(PartnerId::new(partner.as_str()))],
        None if args.gateway => vec![Owner::Gateway],
        None => {
            let partners = keys::partners(conn.as_mut())?;
            partners.into_iter().map(Owner::Partner).chain([Owner::Gateway]).collect()
        }
    };
    let mut rows = Vec::new();
    for owner in owners {
        let stored = keys::list(conn.as_mut(), &owner)?;
        for key in &stored {
            let signing = keys::signing(&stored, key.sign_type, now).filter(|_| signs(&owner, key.sign_type));
            rows.push((owner.clone(), key.clone(), signing == Some(key)));
        }
    }
    if args.json {
        let describe = |(owner, stored, signs): &(Owner, StoredKey, bool)| {
            let mut described = described(owner, stored, now, words);
            described["signs"] = json!(signs);
            described
        };
        say_json(&rows.iter().map(describe).collect::<Value>())?;
    } else {
        let line = |(owner, stored, signs): &(Owner, StoredKey, bool)| {
            let none = || "-".to_owned();
            [
                shown(owner, words),
                stored.sign_type.as_str().to_owned(),
                stored.key_no.to_string(),
                stored.key.fingerprint(),
                if *signs { words.yes.clone() } else { none() },
                if stored.added_at == Timestamp(0) { none() } else { stored.added_at.wire() },
                stored.retired_at.map_or_else(none, Timestamp::wire),
            ]
        };
        let lines: Vec<[String; 7]> =
            std::iter::once(words.columns.clone()).chain(rows.iter().map(line)).collect();
        say(&table::lines(&lines));
    }
    Ok(ExitCode::SUCCESS)
}

fn name(owner: &Owner) -> String {
    match owner {
        Owner::Partner(partner) => partner.to_string(),
        Owner::Gateway => "gateway".to_owned(),
    }
}

/// Whether the gateway signs with this owner's keys: a partner's public keys only verify.
fn signs(owner: &Owner, sign_type: SignType) -> bool {
    *owner == Owner::Gateway || sign_type == SignType::Md5
}

/// The same for people.
fn shown(owner: &Owner, words: &Words) -> String {
    match owner {
        Owner::Partner(partner) => partner.to_string(),
        Owner::Gateway => words.gateway.clone(),
    }
}

/// A stored key as data, without its secret.
fn described(owner: &Owner, stored: &StoredKey, now: Timestamp, words: &Words) -> Value {
    json!({
        "owner": name(owner),
        "type": stored.sign_type.as_str(),
        "key": stored.key_no,
        "what": words.key(&stored.key),
        "fingerprint": stored.key.fingerprint(),
        "public": public_half(&stored.key, stored.sign_type),
        "first_used_at": stored.first_used_at.map(Timestamp::wire),
        "added_at": (stored.added_at != Timestamp(0)).then(|| stored.added_at.wire()),
        "retired_at": stored.retired_at.map(Timestamp::wire),
        "accepted": stored.is_active(now),
    })
}

/// Options of `keys add`.
#[derive(Debug, Args)]
pub(super) struct AddArgs {
    #[command(flatten)]
    whose: Whose,
    /// MD5, RSA, DSA or RSA2
    #[arg(long = "type", value_name = "KIND", value_parser = sign_type)]
    sign_type: SignType,
    /// The file with the key; `-` for the standard input
    #[arg(required_unless_present = "generate", conflicts_with = "generate")]
    file: Option<PathBuf>,
    /// Make the key: an MD5 key, which is printed, or the gateway's own pair
    #[arg(long)]
    generate: bool,
    /// The older keys of the kind retire after so long, such as 7d, 12h, 30m
    #[arg(long, value_name = "LENGTH", value_parser = length)]
    overlap: Option<Duration>,
    #[command(flatten)]
    at: At,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn add(args: AddArgs, words: &Words) -> anyhow::Result<ExitCode> {
    let owner = args.whose.owner();
    let key = match &args.file {
        Some(file) => examine(&read(file, words)?).map_err(|error| words.refused_key(&error))?.key,
        None if args.sign_type == SignType::Md5 || owner == Owner::Gateway => {
            keys::generate(args.sign_type, entropy::seed()?)?
        }
        None => bail!(words.private_is_theirs(args.sign_type.as_str())),
    };
    let (mut conn, now) = args.at.open_saying(words)?;
    let seed = entropy::seed()?;
    let stored = keys::add(conn.as_mut(), &owner, args.sign_type, key, args.overlap, seed, now)?;
    let made = match &stored.key {
        Key::Md5(key) if args.generate => Some(key.reveal().to_owned()),
        _ => None,
    };
    if args.json {
        let mut added = described(&owner, &stored, now, words);
        added["secret"] = json!(made);
        say_json(&added)?;
    } else {
        let what = words.key_of(args.sign_type.as_str(), stored.key_no, &shown(&owner, words));
        say(&format!("{}\n", words.added(&what, &stored.key)));
        if let Some(secret) = made {
            say(&format!("{secret}\n"));
        } else if args.sign_type != SignType::Md5 {
            let command = format!("danbao keys public --type {}", args.sign_type);
            let line = if args.whose.gateway {
                fill(&words.for_merchants, &[&format!("{command} --key {}", stored.key_no)])
            } else {
                fill(&words.for_partner, &[&command])
            };
            say(&format!("{line}\n"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Options of `keys retire`.
#[derive(Debug, Args)]
pub(super) struct RetireArgs {
    #[command(flatten)]
    whose: Whose,
    /// MD5, RSA, DSA or RSA2
    #[arg(long = "type", value_name = "KIND", value_parser = sign_type)]
    sign_type: SignType,
    /// Which one, as `danbao keys list` counts them
    #[arg(long, value_name = "NUMBER")]
    key: i64,
    /// Not at once but after so long, such as 7d, 12h, 30m
    #[arg(long, value_name = "LENGTH", value_parser = length)]
    after: Option<Duration>,
    #[command(flatten)]
    at: At,
}

pub(super) fn retire(args: RetireArgs, words: &Words) -> anyhow::Result<ExitCode> {
    let (mut conn, now) = args.at.open_saying(words)?;
    let at = now.plus(args.after.unwrap_or_default());
    let owner = args.whose.owner();
    keys::retire(conn.as_mut(), &owner, args.sign_type, args.key, at)?;
    let what = words.key_of(args.sign_type.as_str(), args.key, &shown(&owner, words));
    say(&format!("{}\n", fill(&words.retired, &[&what, &at.wire()])));
    Ok(ExitCode::SUCCESS)
}

/// Options of `keys public`.
#[derive(Debug, Args)]
pub(super) struct PublicArgs {
    /// The file with the private half; `-` for the standard input
    #[arg(required_unless_present = "sign_type", conflicts_with = "sign_type")]
    file: Option<PathBuf>,
    /// The gateway's own pair of this kind: RSA, DSA or RSA2
    #[arg(long = "type", value_name = "KIND", value_parser = sign_type)]
    sign_type: Option<SignType>,
    /// Which one, as `danbao keys list` counts them [default: the one that signs now]
    #[arg(long, value_name = "NUMBER", requires = "sign_type")]
    key: Option<i64>,
    #[command(flatten)]
    at: At,
}

pub(super) fn public(args: &PublicArgs, words: &Words) -> anyhow::Result<ExitCode> {
    let (key, kinds) = match (&args.file, args.sign_type) {
        (Some(file), _) => {
            let found = examine(&read(file, words)?).map_err(|error| words.refused_key(&error))?;
            (found.key, SignType::ALL.to_vec())
        }
        (None, Some(sign_type)) => {
            let (mut conn, now) = args.at.open_saying(words)?;
            let own = keys::list(conn.as_mut(), &Owner::Gateway)?;
            let found = match args.key {
                None => keys::signing(&own, sign_type, now),
                Some(key_no) => {
                    own.iter().find(|stored| stored.sign_type == sign_type && stored.key_no == key_no)
                }
            };
            let found = found.with_context(|| words.no_pair(sign_type.as_str()))?;
            (found.key.clone(), vec![sign_type])
        }
        (None, None) => bail!("name a file or a kind"),
    };
    let public = kinds.into_iter().find_map(|kind| public_half(&key, kind));
    say(&public.context(words.no_public_half.clone())?);
    Ok(ExitCode::SUCCESS)
}
