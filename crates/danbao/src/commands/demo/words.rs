//! What the demo says, in both languages. `{}` is filled in.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::flow::Flow;

/// Its words, table `demo` of the text files.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::commands) struct Words {
    opening: String,
    names: BTreeMap<String, String>,
    /// What buyers and sellers do, by the names of the sandbox API.
    deeds: BTreeMap<String, String>,
    pub(super) login_first: String,
    pub(super) cart_first: String,
    pub(super) address: String,
    pub(super) etao: String,
    pub(super) etao_nobody: String,
    pub(super) placed: String,
    pub(super) paid: String,
    pub(super) returned: String,
    pub(super) closed: String,
    pub(super) notified: String,
    pub(super) shipped: String,
    pub(super) waited: String,
    pub(super) shared: String,
    /// Before the batch of refunds, the call, and each item's result.
    pub(super) batch: String,
    pub(super) batch_sent: String,
    pub(super) batch_item: String,
    trouble: String,
    /// Heads of the table.
    pub(super) columns: [String; 6],
    pub(super) yes: String,
    pub(super) no: String,
    pub(super) imbalance: String,
    pub(super) all_agree: String,
    pub(super) not_all_agree: String,
}

impl Words {
    pub(super) fn opening(&self, gateway: &str, shop: &str) -> String {
        fill(&self.opening, &[gateway, shop])
    }

    pub(super) fn heading(&self, number: usize, flow: &Flow) -> String {
        format!("\n{number}. {} ({}, {})\n", self.name_of(flow.name), flow.service, flow.charset)
    }

    pub(super) fn trouble(&self, trouble: &str) -> String {
        format!("   {}\n", fill(&self.trouble, &[trouble]))
    }

    /// What somebody does, in this language.
    pub(super) fn deed<'a>(&'a self, action: &'a str) -> &'a str {
        self.deeds.get(action).map_or(action, String::as_str)
    }

    /// A flow's name in this language.
    pub(super) fn name_of<'a>(&'a self, flow: &'a str) -> &'a str {
        self.names.get(flow).map_or(flow, String::as_str)
    }
}

/// Puts the values into the gaps of a text, in order.
pub(super) fn fill(text: &str, values: &[&str]) -> String {
    let mut filled = String::with_capacity(text.len() + 40);
    let mut values = values.iter();
    let mut parts = text.split("{}").peekable();
    while let Some(part) = parts.next() {
        filled.push_str(part);
        if parts.peek().is_some() {
            filled.push_str(values.next().copied().unwrap_or_default());
        }
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::super::flow::FLOWS;
    use super::super::refunds::REFUNDS;
    use super::*;
    use crate::commands::text::texts;
    use crate::config::Lang;

    #[test]
    fn every_flow_and_every_deed_of_it_has_a_name_in_both_languages() {
        for words in [Lang::Zh, Lang::En].map(|lang| &texts(lang).demo) {
            for flow in FLOWS.iter().chain(REFUNDS) {
                assert_ne!(words.name_of(flow.name), flow.name);
                for action in flow.deeds() {
                    assert_ne!(words.deed(action), action);
                }
            }
        }
    }

    #[test]
    fn gaps_are_filled_in_order() {
        assert_eq!(fill("a {} b {}", &["1", "2"]), "a 1 b 2");
        assert_eq!(fill("{}", &["{}"]), "{}");
    }
}
