//! Inputs and keys, from the command line, from files and from the environment.

use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use danbao_protocol::sign::pasted::{Key, examine};

/// The keys that signatures are held against.
#[derive(Args)]
pub(crate) struct KeyArgs {
    /// The partner's MD5 key, byte for byte; other users of this machine may see it, --key-file is better
    #[arg(long, env = "DANBAO_KEY", hide_env_values = true, value_name = "KEY")]
    key: Option<String>,
    /// A file with the MD5 key, byte for byte but for one line end behind it
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// A file with the RSA or DSA public key of the side that signed
    #[arg(long, value_name = "FILE")]
    public_key: Option<PathBuf>,
    /// The partner's number, if the message does not say it
    #[arg(long, value_name = "NUMBER")]
    partner: Option<String>,
}

/// Says which there are and nothing of them.
impl std::fmt::Debug for KeyArgs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyArgs")
            .field("key", &self.key.is_some())
            .field("key_file", &self.key_file)
            .field("public_key", &self.public_key)
            .field("partner", &self.partner)
            .finish()
    }
}

/// The keys themselves.
pub(crate) struct Keys {
    pub(super) md5: Option<Vec<u8>>,
    pub(super) public: Option<Key>,
    pub(super) partner: Option<String>,
}

/// More than any key has.
const KEY_BYTES_MAX: usize = 64 * 1024;

impl KeyArgs {
    pub(crate) fn read(&self) -> anyhow::Result<Keys> {
        let mut public = self.public_key.as_deref().map(public_key).transpose()?;
        let mut md5 = self.key.as_ref().map(|key| key.clone().into_bytes());
        // A file that is named outweighs a variable that somebody once set.
        if let Some(file) = &self.key_file {
            let mut bytes = read_file(Some(file), KEY_BYTES_MAX)?;
            if find_pem(&bytes) {
                public = Some(public_key(file)?);
                md5 = None;
            } else {
                drop_line_end(&mut bytes);
                md5 = Some(bytes);
            }
        }
        Ok(Keys { md5: md5.filter(|key| !key.is_empty()), public, partner: self.partner.clone() })
    }
}

fn find_pem(bytes: &[u8]) -> bool {
    bytes.windows(10).any(|window| window == b"-----BEGIN")
}

/// The line end that editors put behind the last line, and that is not meant.
fn drop_line_end(bytes: &mut Vec<u8>) {
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
        if bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
    }
}

fn public_key(file: &Path) -> anyhow::Result<Key> {
    let bytes = read_file(Some(file), KEY_BYTES_MAX)?;
    match examine(&bytes) {
        Ok(pasted) => match pasted.key {
            key @ (Key::RsaPublic(_) | Key::DsaPublic(_)) => Ok(key),
            Key::RsaPrivate(_) | Key::DsaPrivate(_) => {
                bail!("{} is a private key; danbao keys public gives the half that is wanted", file.display())
            }
            Key::Md5(_) => bail!("{} is an MD5 key: use --key-file", file.display()),
        },
        Err(not) => bail!("{}: {not}; {}", file.display(), not.advice()),
    }
}

/// The bytes of a file, or of the standard input without one; never more than `most`, of which the caller makes what
/// it wants.
pub(crate) fn read_file(file: Option<&Path>, most: usize) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = u64::try_from(most)?;
    match file.filter(|file| *file != Path::new("-")) {
        Some(file) => {
            let opened = std::fs::File::open(file);
            opened
                .and_then(|opened| opened.take(most).read_to_end(&mut bytes))
                .with_context(|| format!("cannot read {}", file.display()))?;
        }
        None if std::io::stdin().is_terminal() => bail!("there is no input; see --help for examples"),
        None => {
            std::io::stdin().take(most).read_to_end(&mut bytes).context("cannot read the standard input")?;
        }
    }
    Ok(bytes)
}
