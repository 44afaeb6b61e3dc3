//! `danbao explain`: why the signature of a message is not right.

pub(super) mod asked;
pub(super) mod data;
mod report;
pub(super) mod words;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use danbao_explain::log::{Found, entries};
use danbao_explain::message::Form;
use danbao_explain::{Explanation, INPUT_MAX, explain};

use self::asked::{KeyArgs, Keys};
use super::terminal::json;
use super::text::texts;
use super::{say, terminal_lang};
use crate::config::Lang;

pub(super) const EXAMPLES: &str = "\
Examples:
  danbao explain --key-file key.txt 'https://gateway.example/gateway.do?service=...&sign=...'
  danbao explain --key-file key.txt --file body.txt
  tail -1 access.log | danbao explain --key-file key.txt -
  danbao explain --key-file key.txt --digest 0123456789abcdef0123456789abcdef --file notification.txt
  danbao explain --public-key merchant.pub.pem --json 'service=...&sign_type=RSA&sign=...'

Reads a URL, a query or body, an HTTP request as text, a line of an access log, or an entry of the samples' log.txt.
With --digest it explains the digest that your own program computed. Nothing leaves this machine. Put an input in
quotes: the shell takes & for itself. Without a key it shows the text to be signed and judges nothing.

Ends with 0 if the signature is right, 1 if it is not or cannot be judged, 2 if misused or nothing could be read.";

/// Options of `explain`.
#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// What to explain; `-` or nothing for the standard input
    input: Option<String>,
    /// Read it from a file
    #[arg(long, value_name = "FILE", conflicts_with = "input")]
    file: Option<PathBuf>,
    /// The digest that your own program computed for this message
    #[arg(long, value_name = "HEX")]
    digest: Option<String>,
    #[command(flatten)]
    keys: KeyArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// The language of the words [default: the terminal's]
    #[arg(long, value_name = "LANG")]
    lang: Option<Lang>,
}

pub(super) fn run(args: &ExplainArgs) -> anyhow::Result<ExitCode> {
    let words = &texts(args.lang.unwrap_or_else(terminal_lang)).explain;
    let (input, keys) = match (read(args, words), args.keys.read()) {
        (Ok(input), Ok(keys)) => (input, keys),
        (Err(error), _) | (_, Err(error)) => return Ok(misused(&format!("{error:#}"))),
    };
    let mut question = keys.question(&input);
    question.mysign = args.digest.as_deref().map(str::as_bytes);
    let explained = match explain(&question) {
        Ok(explained) => explained,
        Err(nothing) => return Ok(misused(words.nothing_read(nothing))),
    };
    let several = messages_in_log(&explained, &input);
    if several > 1 {
        return Ok(misused(&words.several.replace("{}", &several.to_string())));
    }
    if args.json {
        say(&keys.hide(format!("{}\n", json(&data::explanation(&explained, words))?)));
    } else {
        say(&keys.hide(report::text(&explained, words)));
    }
    Ok(if explained.is_right() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// How many messages a piece of a log holds.
fn messages_in_log(explained: &Explanation, input: &[u8]) -> usize {
    match explained.message.form {
        Form::LogTxt | Form::AccessLog => {
            let entries = entries(input);
            entries.iter().filter(|entry| matches!(entry.found, Found::Message(_))).count()
        }
        Form::Url | Form::Body | Form::Request | Form::Dump => 1,
    }
}

pub(super) fn misused(why: &str) -> ExitCode {
    eprintln!("danbao: {why}");
    ExitCode::from(2)
}

/// The bytes of the argument, the file, or the standard input.
fn read(args: &ExplainArgs, words: &words::Words) -> anyhow::Result<Vec<u8>> {
    let bytes = match (&args.input, &args.file) {
        (Some(input), _) if input != "-" => input.clone().into_bytes(),
        (_, file) => asked::read_file(file.as_deref(), INPUT_MAX + 1)?,
    };
    if bytes.is_empty() {
        bail!(words.nothing_to_do.clone());
    }
    Ok(bytes)
}

/// Shorter keys stand by chance in every text.
const HIDDEN_MIN: usize = 8;

impl Keys {
    /// A text without the key, which some put among the parameters; also as digits. A partner's number that was given
    /// for a key is no secret.
    pub(super) fn hide(&self, mut text: String) -> String {
        let key =
            self.md5.as_deref().and_then(|key| std::str::from_utf8(key).ok()).unwrap_or_default().trim();
        let is_partner = key.len() == 16 && key.bytes().all(|byte| byte.is_ascii_digit());
        if key.len() < HIDDEN_MIN || is_partner {
            return text;
        }
        let digits: String = key.bytes().map(|byte| format!("{byte:02x}")).collect();
        for secret in [key, &digits] {
            if text.contains(secret) {
                text = text.replace(secret, "***");
            }
        }
        text
    }

    /// The question about an input, with these keys.
    pub(super) fn question<'a>(&'a self, input: &'a [u8]) -> danbao_explain::Question<'a> {
        danbao_explain::Question {
            input,
            key: self.md5.as_deref(),
            public: self.public.as_ref(),
            partner: self.partner.as_deref(),
            mysign: None,
            is_brief: false,
        }
    }
}
