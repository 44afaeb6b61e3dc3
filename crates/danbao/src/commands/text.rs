//! The words of the commands, from the text files.

use std::sync::LazyLock;

use serde::Deserialize;

use super::{
    banner, demo, doctor, explain, explain_code, faults, import_log, keys, listen, merchant, notify,
};
use crate::config::Lang;

/// All words of one language.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Texts {
    pub(super) banner: banner::Words,
    pub(super) demo: demo::Words,
    pub(super) doctor: doctor::Words,
    pub(super) explain_code: explain_code::Words,
    pub(super) explain: explain::words::Words,
    pub(super) faults: faults::Words,
    pub(super) import_log: import_log::Words,
    pub(super) keys: keys::Words,
    pub(super) listen: listen::Words,
    pub(super) merchant: merchant::Words,
    pub(super) notify: notify::Words,
}

/// The words of a language. The files are a part of the program and a test reads both, so they can be relied on.
pub(super) fn texts(lang: Lang) -> &'static Texts {
    static ZH: LazyLock<Texts> = LazyLock::new(|| read(include_str!("../../text/zh.toml")));
    static EN: LazyLock<Texts> = LazyLock::new(|| read(include_str!("../../text/en.toml")));
    match lang {
        Lang::Zh => &ZH,
        Lang::En => &EN,
    }
}

fn read(source: &str) -> Texts {
    toml::from_str(source)
        .unwrap_or_else(|error| panic!("a text file of the program does not fit it: {error}"))
}
