//! `danbao explain-code`: what an error code means and what to do about it, without a network.

use std::process::ExitCode;

use clap::Args;
use danbao_gateway::pages::{self, Explanation};
use danbao_protocol::error_code::ErrorCode;
use serde::Deserialize;

use super::explain::misused;
use super::explain::words::printable;
use super::terminal::say_json;
use super::text::texts;
use super::{say, terminal_lang};
use crate::config::Lang;

pub(super) const EXAMPLES: &str = "\
Examples:
  danbao explain-code ILLEGAL_SIGN
  danbao explain-code --lang zh seller_not_in_specified_sellers
  danbao explain-code --json                    every code, as data

Ends with 0, or with 2 if the interface has no such code.";

/// The words of the command, from the text files.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Words {
    cause: String,
    check: String,
    cure: String,
    services: String,
    seen_in: String,
    altered: String,
    unknown: String,
}

/// Options of `explain-code`.
#[derive(Debug, Args)]
pub(super) struct ExplainCodeArgs {
    /// The code, as the gateway answers it; all of them if it is left out
    code: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// The language of the words [default: the terminal's]
    #[arg(long, value_name = "LANG")]
    lang: Option<Lang>,
}

pub(super) fn run(args: ExplainCodeArgs) -> anyhow::Result<ExitCode> {
    let asked_lang = args.lang.unwrap_or_else(terminal_lang);
    let words = &texts(asked_lang).explain_code;
    let lang = match asked_lang {
        Lang::Zh => pages::Lang::Zh,
        Lang::En => pages::Lang::En,
    };
    let codes = match &args.code {
        None => ErrorCode::ALL.to_vec(),
        Some(asked) => match find(asked) {
            Some(code) => vec![code],
            None => {
                return Ok(misused(&words.unknown.replace("{}", &printable(asked))));
            }
        },
    };
    let explained: Vec<Explanation> = codes.into_iter().map(|code| pages::explain(code, lang)).collect();
    if args.json {
        say_json(&explained)?;
    } else {
        let texts: Vec<String> = explained.iter().map(|explained| text(explained, words)).collect();
        say(&texts.join("\n"));
    }
    Ok(ExitCode::SUCCESS)
}

/// A code as it was typed, in whatever case.
fn find(asked: &str) -> Option<ErrorCode> {
    ErrorCode::from_wire(asked)
        .or_else(|| ErrorCode::ALL.iter().find(|code| code.as_str().eq_ignore_ascii_case(asked)).copied())
}

fn text(explained: &Explanation, words: &Words) -> String {
    let mut text = format!("{}\n", explained.code.unwrap_or(&words.altered));
    if let Some(note) = &explained.note {
        text.push_str(&format!("  {note}\n"));
    }
    let (services, seen_in) = (explained.services.join("\n    "), explained.seen_in.join("\n    "));
    for (label, line) in [
        (&words.cause, &explained.cause),
        (&words.check, &explained.check),
        (&words.cure, &explained.cure),
        (&words.services, &services),
        (&words.seen_in, &seen_in),
    ] {
        if !line.is_empty() {
            text.push_str(&format!("  {label}\n    {line}\n"));
        }
    }
    text
}
