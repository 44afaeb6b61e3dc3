//! A key by itself: what it is, and a new one.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use danbao_gateway::keys;
use danbao_protocol::sign::SignType;
use danbao_protocol::sign::pasted::{Key, NotAKey, Pasted, examine};
use serde_json::{Value, json};

use super::{read, sign_type, write_secret};
use crate::commands::say;
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

/// What is to be done with a key.
fn advice(key: &Key, want: Option<Want>) -> &'static str {
    match (want, Want::of(key)) {
        (Some(Want::Public), Want::Private) => {
            "the private half stays with its owner; print the public one: danbao keys public FILE"
        }
        (Some(Want::Private), Want::Public) => {
            "this half only verifies; take the private one, from the file that was made with it"
        }
        (Some(Want::Md5), Want::Public | Want::Private) => "an MD5 key has 32 letters and digits",
        (Some(Want::Public | Want::Private), Want::Md5) => "an RSA or DSA key begins with -----BEGIN",
        (_, Want::Md5) => "both sides keep it secret: it signs and verifies",
        (_, Want::Public) => "give it to the other side: it verifies and cannot sign",
        (_, Want::Private) => "keep it secret: it signs; the other side gets the public half",
    }
}

/// The kinds of signature that it is for.
fn kinds(key: &Key) -> Vec<&'static str> {
    let can = |kind: &&SignType| key.verifier(**kind).is_some();
    SignType::ALL.iter().filter(can).map(|kind| kind.as_str()).collect()
}

pub(super) fn check(args: &CheckArgs) -> anyhow::Result<ExitCode> {
    let examined = examine(&read(&args.file)?);
    let is_wanted = match &examined {
        Ok(found) => args.want.is_none_or(|want| want == Want::of(&found.key)),
        Err(_) => false,
    };
    if args.json {
        let found = match &examined {
            Ok(found) => found_json(found, args.want, is_wanted),
            Err(error) => {
                json!({ "ok": false, "problem": error.code(), "what": error.to_string(), "advice": error.advice() })
            }
        };
        say(&format!("{found:#}\n"));
    } else {
        say(&match &examined {
            Ok(found) => found_text(found, args.want),
            Err(error) => problem_text(error),
        });
    }
    Ok(if is_wanted { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn found_json(found: &Pasted, want: Option<Want>, is_wanted: bool) -> Value {
    json!({
        "ok": is_wanted,
        "what": found.key.to_string(),
        "half": Want::of(&found.key).name(),
        "bits": found.key.bits(),
        "form": found.form.to_string(),
        "wrapping": found.wrapping.to_string(),
        "fingerprint": found.key.fingerprint(),
        "for": kinds(&found.key),
        "stuck": found.stuck.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "advice": advice(&found.key, want),
    })
}

fn found_text(found: &Pasted, want: Option<Want>) -> String {
    let mut text = format!(
        "{}\n  form         {}, {}\n  fingerprint  {}\n  for          {}\n",
        found.key,
        found.form,
        found.wrapping,
        found.key.fingerprint(),
        kinds(&found.key).join(", "),
    );
    for stuck in &found.stuck {
        text.push_str(&format!("  note         {stuck}\n"));
    }
    text.push_str(&format!("  {}\n", advice(&found.key, want)));
    text
}

fn problem_text(error: &NotAKey) -> String {
    format!("not a usable key: {error}\n  {}\n", error.advice())
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

pub(super) fn generate(args: &GenerateArgs) -> anyhow::Result<ExitCode> {
    let key = keys::generate(args.sign_type, entropy::seed()?)?;
    let secret = key.reveal();
    if let Some(file) = &args.out {
        write_secret(file, &secret)?;
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
        say(&format!("{made:#}\n"));
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
