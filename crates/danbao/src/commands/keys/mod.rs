//! `danbao keys`: what was pasted, new keys, and who signs with which.

mod one;
pub(super) mod stored;
mod words;

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use danbao_protocol::sign::SignType;

use super::terminal_lang;
use super::text::texts;
use crate::config::Lang;
pub(super) use words::Words;

pub(super) const EXAMPLES: &str = "\
Examples:
  danbao keys check key.txt                       what is this, and what is to be done with it?
  danbao keys generate --type RSA --out my.pem    a pair; the private half goes to the file
  danbao keys add --partner 2088000000000001 --type RSA my.pub.pem
  danbao keys list
  danbao keys retire --partner 2088000000000001 --type MD5 --key 1 --after 7d

Ends with 0 if all is well, 1 if the text is no usable key or the change was refused, 2 if misused.";

const CHECK_EXAMPLES: &str = "\
Examples:
  danbao keys check key.txt
  xclip -o | danbao keys check -
  danbao keys check --want public merchant.pem    ends with 1 if it is a private key";

const GENERATE_EXAMPLES: &str = "\
Examples:
  danbao keys generate --type MD5
  danbao keys generate --type RSA --out my.pem > my.pub.pem
  danbao keys generate --type DSA --json";

const PUBLIC_EXAMPLES: &str = "\
Examples:
  danbao keys public my.pem > my.pub.pem
  danbao keys public --type RSA                   the gateway's own that signs, for its merchants
  danbao keys public --type RSA --key 2           the one that will sign next";

const LIST_EXAMPLES: &str = "\
Examples:
  danbao keys list
  danbao keys list --partner 2088000000000001 --json
  danbao keys list --gateway --database postgres://danbao@localhost/gateway";

const ADD_EXAMPLES: &str = "\
Examples:
  danbao keys add --partner 2088000000000001 --type RSA my.pub.pem
  danbao keys add --partner 2088000000000001 --type MD5 --generate --overlap 7d
  danbao keys add --gateway --type RSA --generate --overlap 30d

All keys of a kind that are not retired are accepted; with --overlap the older ones retire when it is over. The gateway
signs with the newest shared key that the partner has used, and with the oldest of its own pairs: hand the next public
half to the merchants meanwhile. A partner's first RSA or DSA key makes the gateway's pair of that kind, if there is none.";

const RETIRE_EXAMPLES: &str = "\
Examples:
  danbao keys retire --partner 2088000000000001 --type MD5 --key 1
  danbao keys retire --partner 2088000000000001 --type MD5 --key 1 --after 7d";

/// Options of `keys`.
#[derive(Debug, Args)]
pub(super) struct KeysArgs {
    #[command(subcommand)]
    command: KeysCommand,
    /// The language of the words [default: the terminal's]
    #[arg(long, value_name = "LANG", global = true)]
    lang: Option<Lang>,
}

#[derive(Debug, Subcommand)]
enum KeysCommand {
    /// Name what was pasted: which key, in which form, what stuck to it
    #[command(after_help = CHECK_EXAMPLES)]
    Check(one::CheckArgs),
    /// Make a key or a pair
    #[command(after_help = GENERATE_EXAMPLES)]
    Generate(one::GenerateArgs),
    /// Print the public half of a pair, for the other side
    #[command(after_help = PUBLIC_EXAMPLES)]
    Public(stored::PublicArgs),
    /// Show who has which keys
    #[command(after_help = LIST_EXAMPLES)]
    List(stored::ListArgs),
    /// Add a key to a partner or to the gateway
    #[command(after_help = ADD_EXAMPLES)]
    Add(stored::AddArgs),
    /// Let a key be accepted no longer
    #[command(after_help = RETIRE_EXAMPLES)]
    Retire(stored::RetireArgs),
}

pub(super) fn run(args: KeysArgs) -> anyhow::Result<ExitCode> {
    let words = &texts(args.lang.unwrap_or_else(terminal_lang)).keys;
    let done = match args.command {
        KeysCommand::Check(args) => one::check(&args, words),
        KeysCommand::Generate(args) => one::generate(&args, words),
        KeysCommand::Public(args) => stored::public(&args, words),
        KeysCommand::List(args) => stored::list(&args, words),
        KeysCommand::Add(args) => stored::add(args, words),
        KeysCommand::Retire(args) => stored::retire(args, words),
    };
    done.map_err(|error| words.refusal(error))
}

/// More than any key has.
const KEY_BYTES_MAX: u64 = 64 * 1024;

/// The bytes of a file, or of the standard input if its name is `-`.
fn read(file: &Path, words: &Words) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let count = if file == Path::new("-") {
        std::io::stdin().take(KEY_BYTES_MAX + 1).read_to_end(&mut bytes)
    } else {
        let opened = std::fs::File::open(file);
        opened.and_then(|opened| opened.take(KEY_BYTES_MAX + 1).read_to_end(&mut bytes))
    };
    let count = count.with_context(|| words.cannot_read(&file.display().to_string()))?;
    if u64::try_from(count)? > KEY_BYTES_MAX {
        bail!(words.too_large(&file.display().to_string()));
    }
    Ok(bytes)
}

/// Writes a secret to a new file that nobody else may read.
fn write_secret(file: &PathBuf, secret: &str, words: &Words) -> anyhow::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let options = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
    options
        .and_then(|mut opened| opened.write_all(secret.as_bytes()))
        .with_context(|| words.cannot_write(&file.display().to_string()))
}

/// A kind of signature as it is typed, in whatever case.
fn sign_type(typed: &str) -> Result<SignType, String> {
    SignType::from_wire(&typed.to_ascii_uppercase())
        .ok_or_else(|| "the kinds are MD5, RSA, DSA and RSA2 (RSA with SHA-256)".to_owned())
}

/// A length of time as it is typed: `7d`, `12h`, `30m`.
pub(super) fn length(typed: &str) -> Result<Duration, String> {
    let wrong = || "a length is a number and d, h or m, such as 7d".to_owned();
    let (unit_at, unit) = typed.char_indices().next_back().ok_or_else(wrong)?;
    let seconds = match unit {
        'd' => 86_400,
        'h' => 3_600,
        'm' => 60,
        _ => return Err(wrong()),
    };
    let count: u32 = typed[..unit_at].parse().map_err(|_| wrong())?;
    Ok(Duration::from_secs(u64::from(count) * seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_and_lengths_are_read_as_people_type_them() {
        assert_eq!(sign_type("rsa2"), Ok(SignType::Rsa2));
        assert!(sign_type("SHA").is_err());
        assert_eq!(length("7d"), Ok(Duration::from_secs(604_800)));
        assert_eq!(length("0m"), Ok(Duration::ZERO));
        for wrong in ["", "d", "7", "-1d", "7 d", "7天"] {
            assert!(length(wrong).is_err(), "{wrong}");
        }
    }
}
