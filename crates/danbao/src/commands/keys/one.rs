//! A key by itself: what it is, and a new one.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use danbao_gateway::keys;
use danbao_protocol::sign::SignType;
use danbao_protocol::sign::pasted::{Key, Pasted, examine};
use serde_json::{Value, json};

use super::{Words, read, sign_type, write_secret};
use crate::commands::banner::columns;
use crate::commands::say;
use crate::commands::terminal::say_json;
use crate::host::entropy;

/// Options of `keys check`.
#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// The file with the key; `-` for the standard input
    file: PathBuf,
    /// What it should be
    #[arg(long, value_name = "KIND")]
    want: Option<Want>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What a key should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Want {
    /// A key shared by both sides
    Md5,
    /// The half that verifies
    Public,
    /// The half that signs
    Private,
}

impl Want {
    fn of(key: &Key) -> Want {
        match key {
            Key::Md5(_) => Want::Md5,
            Key::RsaPublic(_) | Key::DsaPublic(_) => Want::Public,
            Key::RsaPrivate(_) | Key::DsaPrivate(_) => Want::Private,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Want::Md5 => "md5",
            Want::Public => "public",
            Want::Private => "private",
        }
    }
}

/// What is to be done with a key, by the name that it has in the text files.
fn advice(key: &Key, want: Option<Want>) -> &'static str {
    match (want, Want::of(key)) {
        (Some(Want::Public), Want::Private) => "private_for_public",
        (Some(Want::Private), Want::Public) => "public_for_private",
        (Some(Want::Md5), Want::Public | Want::Private) => "pair_for_md5",
        (Some(Want::Public | Want::Private), Want::Md5) => "md5_for_pair",
        (_, Want::Md5) => "md5",
        (_, Want::Public) => "public",
        (_, Want::Private) => "private",
    }
}

/// The kinds of signature that it is for.
fn kinds(key: &Key) -> Vec<&'static str> {
    let can = |kind: &&SignType| key.verifier(**kind).is_some();
    SignType::ALL.iter().filter(can).map(|kind| kind.as_str()).collect()
}

pub(super) fn check(args: &CheckArgs, words: &Words) -> anyhow::Result<ExitCode> {
    let examined = examine(&read(&args.file, words)?);
    let is_wanted = match &examined {
        Ok(found) => args.want.is_none_or(|want| want == Want::of(&found.key)),
        Err(_) => false,
    };
    if args.json {
        let found = match &examined {
            Ok(found) => found_json(found, args.want, is_wanted, words),
            Err(error) => json!({
                "ok": false,
                "problem": error.code(),
                "what": words.problem(error),
                "advice": words.cure(error),
            }),
        };
        say_json(&found)?;
    } else {
        say(&match &examined {
            Ok(found) => found_text(found, args.want, words),
            Err(error) => words.not_usable(error),
        });
    }
    Ok(if is_wanted { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn found_json(found: &Pasted, want: Option<Want>, is_wanted: bool, words: &Words) -> Value {
    json!({
        "ok": is_wanted,
        "what": words.key(&found.key),
        "half": Want::of(&found.key).name(),
        "bits": found.key.bits(),
        "form": words.form_of(found.form),
        "wrapping": words.wrapping(found.wrapping),
        "fingerprint": found.key.fingerprint(),
        "for": kinds(&found.key),
        "stuck": found.stuck.iter().map(|stuck| words.stuck(*stuck)).collect::<Vec<_>>(),
        "advice": words.advice(advice(&found.key, want)),
    })
}

/// The widest label, and a gap.
const MARGIN: usize = 13;

fn found_text(found: &Pasted, want: Option<Want>, words: &Words) -> String {
    let mut text = format!("{}\n", words.key(&found.key));
    let mut line = |label: &str, value: &str| {
        let gap = MARGIN.saturating_sub(columns(label)).max(1);
        text.push_str(&format!("  {label}{}{value}\n", " ".repeat(gap)));
    };
    line(&words.form, &format!("{}, {}", words.form_of(found.form), words.wrapping(found.wrapping)));
    line(&words.fingerprint, &found.key.fingerprint());
    line(&words.good_for, &kinds(&found.key).join(", "));
    for stuck in &found.stuck {
        line(&words.note, words.stuck(*stuck));
    }
    text.push_str(&format!("  {}\n", words.advice(advice(&found.key, want))));
    text
}

/// Options of `keys generate`.
#[derive(Debug, Args)]
pub(super) struct GenerateArgs {
    /// MD5, RSA, DSA or RSA2
    #[arg(long = "type", value_name = "KIND", value_parser = sign_type)]
    sign_type: SignType,
    /// Write the secret to this new file and print the public half alone
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn generate(args: &GenerateArgs, words: &Words) -> anyhow::Result<ExitCode> {
    let key = keys::generate(args.sign_type, entropy::seed()?)?;
    let secret = key.reveal();
    if let Some(file) = &args.out {
        write_secret(file, &secret, words)?;
    }
    // A secret that went to its file is not shown as well.
    let shown = args.out.is_none().then_some(secret);
    let public = public_half(&key, args.sign_type);
    if args.json {
        let made = json!({
            "type": args.sign_type.as_str(),
            "bits": key.bits(),
            "fingerprint": key.fingerprint(),
            "secret": shown,
            "public": public,
        });
        say_json(&made)?;
    } else {
        let line = |text: String| if text.ends_with('\n') { text } else { text + "\n" };
        say(&[shown, public].into_iter().flatten().map(line).collect::<String>());
    }
    Ok(ExitCode::SUCCESS)
}

/// The half for the other side, as PEM; an MD5 key has none.
pub(super) fn public_half(key: &Key, sign_type: SignType) -> Option<String> {
    match Key::from(&key.verifier(sign_type)?) {
        Key::Md5(_) => None,
        public => Some(public.reveal()),
    }
}
