//! Which codes this gateway raises, and at which services: `pages/error_codes.csv`, one line a code.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use danbao_protocol::error_code::ErrorCode;
use serde::Serialize;

/// Whether a code is ever raised here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Raised {
    /// By a rule, when its cause is there.
    Rule,
    /// Only as planned through the sandbox API: its cause would lie inside the platform, or in its risk control.
    Planned,
    /// Never: it belongs to interfaces that are not served, or is another name of a code that is raised.
    Never,
}

/// What the list says of a code.
#[derive(Debug, Clone)]
pub(super) struct Listed {
    pub(super) raised: Raised,
    /// Services by their names on the wire; empty if it is never raised.
    pub(super) services: Vec<&'static str>,
    /// Why it is never raised, by its key among the texts (table `absent`).
    pub(super) why: Option<&'static str>,
    /// The code that is raised instead: always, or unless a contract wants the finer codes (protocol.md §8.6).
    pub(super) instead: Option<&'static str>,
}

/// Looks a code up.
pub(super) fn of(code: ErrorCode) -> Listed {
    static LIST: LazyLock<BTreeMap<&'static str, Listed>> = LazyLock::new(|| {
        let list = include_str!("../../pages/error_codes.csv");
        list.lines().skip(1).filter_map(read).collect()
    });
    let unlisted = Listed { raised: Raised::Never, services: Vec::new(), why: None, instead: None };
    LIST.get(code.as_str()).cloned().unwrap_or(unlisted)
}

fn read(line: &'static str) -> Option<(&'static str, Listed)> {
    let mut columns = line.split(',');
    let mut next = || columns.next();
    let (code, raised, services, why, instead) = (next()?, next()?, next()?, next()?, next()?);
    let raised = match raised {
        "rule" => Raised::Rule,
        "planned" => Raised::Planned,
        _ => Raised::Never,
    };
    let word = |text: &'static str| (!text.is_empty()).then_some(text);
    let services = services.split_whitespace().collect();
    Some((code, Listed { raised, services, why: word(why), instead: word(instead) }))
}
