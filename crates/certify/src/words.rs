//! Every word of certify, in two languages: `text/{zh,en}.toml`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use danbao_protocol::status::{RefundStatus, TradeStatus};
use serde::Deserialize;

use crate::problem::Problem;
use crate::scenario::{Bare, Door, Group, Mood, Scenario, Twist};
use crate::timeline::What;

/// The language of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lang {
    /// 中文
    Zh,
    /// English
    En,
}

impl Lang {
    /// As HTML names it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Lang::Zh => "zh",
            Lang::En => "en",
        }
    }
}

type Table = BTreeMap<String, String>;

/// The words of one language.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    pub(crate) report: Table,
    pub(crate) groups: Table,
    pub(crate) timeline: Table,
    pub(crate) moods: Table,
    pub(crate) bare: Table,
    pub(crate) twists: Table,
    pub(crate) problems: Table,
    pub(crate) scenarios: Table,
}

/// The words of a language. The files are a part of the program and a test reads both, so they can be relied on.
pub fn words(lang: Lang) -> &'static Words {
    static ZH: LazyLock<Words> = LazyLock::new(|| read(include_str!("../text/zh.toml")));
    static EN: LazyLock<Words> = LazyLock::new(|| read(include_str!("../text/en.toml")));
    match lang {
        Lang::Zh => &ZH,
        Lang::En => &EN,
    }
}

fn read(source: &str) -> Words {
    toml::from_str(source)
        .unwrap_or_else(|error| panic!("a text file of the program does not fit it: {error}"))
}

fn word<'w>(table: &'w Table, key: &'w str) -> &'w str {
    table.get(key).map_or(key, String::as_str)
}

/// Fills the gaps of a sentence, in order.
pub(crate) fn fill(sentence: &str, about: &[&str]) -> String {
    let mut out = String::with_capacity(sentence.len());
    let mut about = about.iter();
    let mut rest = sentence;
    while let Some((before, after)) = rest.split_once("{}") {
        out.push_str(before);
        out.push_str(about.next().copied().unwrap_or_default());
        rest = after;
    }
    out.push_str(rest);
    out
}

impl Words {
    /// A word of the report's frame.
    pub fn report(&self, key: &'static str, about: &[&str]) -> String {
        fill(word(&self.report, key), about)
    }

    /// What a scenario says.
    pub fn scenario(&self, scenario: &Scenario) -> &str {
        word(&self.scenarios, scenario.id)
    }

    /// What a group is called.
    pub fn group(&self, group: Group) -> &str {
        word(&self.groups, group.as_str())
    }

    /// What is wrong, and what fills it is made harmless for a terminal.
    pub fn problem(&self, problem: &Problem) -> String {
        let nothing = self.report("nothing", &[]);
        let states = |text: &String| {
            text.split(" / ")
                .map(|word| if word == "-" { &nothing } else { word })
                .collect::<Vec<_>>()
                .join(" / ")
        };
        let about: Vec<String> = problem.about.iter().map(|text| printable(&states(text))).collect();
        let about: Vec<&str> = about.iter().map(String::as_str).collect();
        fill(word(&self.problems, problem.kind.as_str()), &about)
    }

    /// Where a scenario's rule stands.
    pub fn source(&self, scenario: &Scenario) -> String {
        let mut source = self.report("protocol", &[scenario.protocol]);
        let named = [("direct-pay ", "tutorial_direct"), ("dual ", "tutorial_dual"), ("", "tutorial_escrow")];
        let found =
            named.into_iter().find_map(|(name, key)| Some((scenario.tutorial.strip_prefix(name)?, key)));
        if let Some((paragraph, key)) = found.filter(|(paragraph, _)| !paragraph.is_empty()) {
            source.push_str(" · ");
            source.push_str(&self.report(key, &[paragraph]));
        }
        source
    }

    /// One line of a timeline.
    pub fn event(&self, what: &What) -> String {
        let (text, more) = self.event_in_two(what);
        let gap = if more.is_empty() { "" } else { " · " };
        format!("{text}{gap}{more}")
    }

    /// The same for a picture: what happened, and what is to be said of it below.
    pub(crate) fn event_in_two(&self, what: &What) -> (String, String) {
        let line = |key, about: &[&str]| fill(word(&self.timeline, key), about);
        let named = |number: &Option<usize>| number.map(|n| format!("#{n}")).unwrap_or_default();
        let mut more = String::new();
        let text = match what {
            What::Placed(number) => line("placed", &[number]),
            What::Sent { number, door, trade_status, refund_status, twist } => {
                let door = match door {
                    Door::Notify => "notify",
                    Door::Return => "return",
                };
                more = self.twist(twist);
                format!("#{number} {}", line(door, &[&states(Some(*trade_status), *refund_status)]))
            }
            What::Called { number, bare } => format!("#{number} {}", self.bare(*bare)),
            What::Asked(None) => line("asked_other", &[]),
            What::Asked(number) => line("asked", &[&named(number)]),
            What::Told { number, said } => line("told", &[&format!("{} {said}", named(number))]),
            What::Answered { number, said } => line("answered", &[&format!("#{number}"), said]),
            What::Followed { number, to } => line("followed", &[&format!("#{number}"), to]),
            What::Silent { number, why } => line("silent", &[&format!("#{number}"), why]),
            What::Gateway(mood) => line("gateway", &[self.mood(*mood)]),
            What::OtherService(service) => line("other_service", &[service]),
            What::Moved { out_trade_no, is } => {
                more = printable(is);
                line("moved", &[out_trade_no])
            }
            What::Order { trade_status, refund_status, deliveries, changes, .. } => {
                more = line("order", &[&deliveries.to_string()]);
                if let Some(changes) = changes {
                    more.push_str(&line("changes", &[&changes.to_string()]));
                }
                match trade_status {
                    None => line("nothing_heard", &[]),
                    status => states(*status, *refund_status),
                }
            }
        };
        (printable(text.trim()), more)
    }

    fn twist(&self, twist: &Twist) -> String {
        let name = match twist {
            Twist::Altered(name, _)
            | Twist::Doubled(name, _)
            | Twist::Ahead(name, _)
            | Twist::InQuery(name, _)
            | Twist::Word(name, _) => name,
            Twist::OtherSignType("") => "-",
            Twist::OtherSignType(word) => word,
            _ => "",
        };
        fill(word(&self.twists, twist.as_str()), &[name])
    }

    fn bare(&self, bare: Bare) -> &str {
        word(
            &self.bare,
            match bare {
                Bare::EmptyNotify => "empty_notify",
                Bare::GetNotify => "get_notify",
                Bare::GarbageNotify => "garbage_notify",
                Bare::EmptyReturn => "empty_return",
                Bare::BatchResult => "batch_result",
                Bare::ForgedBatchResult => "forged_batch_result",
            },
        )
    }

    fn mood(&self, mood: Mood) -> &str {
        word(
            &self.moods,
            match mood {
                Mood::Truth => "truth",
                Mood::Down => "down",
                Mood::Invalid => "invalid",
                Mood::Page => "page",
                Mood::Empty => "empty",
            },
        )
    }
}

fn states(trade_status: Option<TradeStatus>, refund_status: Option<RefundStatus>) -> String {
    let mut text = trade_status.map_or("-", TradeStatus::as_str).to_owned();
    if let Some(refund_status) = refund_status {
        text.push_str(" + ");
        text.push_str(refund_status.as_str());
    }
    text
}

/// With control characters made visible: what the shop says may not move a terminal's cursor.
fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        let turns =
            matches!(character, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
        if character.is_control() || turns {
            out.extend(character.escape_default());
        } else {
            out.push(character);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Kind;
    use crate::scenario;

    #[test]
    fn both_languages_have_the_same_words_and_none_is_without_one() {
        let [zh, en] = [Lang::Zh, Lang::En].map(words);
        let tables = |words: &'static Words| {
            let Words { report, groups, timeline, moods, bare, twists, problems, scenarios } = words;
            [report, groups, timeline, moods, bare, twists, problems, scenarios]
        };
        for (zh, en) in tables(zh).into_iter().zip(tables(en)) {
            assert!(zh.keys().eq(en.keys()), "{:?} {:?}", zh.keys(), en.keys());
            for (key, text) in zh {
                assert_eq!(text.matches("{}").count(), en[key].matches("{}").count(), "{key}");
                assert!(!text.is_empty() || key == "plain", "{key}");
            }
        }
    }

    #[test]
    fn every_scenario_and_every_problem_has_a_sentence_and_no_other_has() {
        let words = words(Lang::Zh);
        let all = scenario::all();
        assert!(all.iter().all(|scenario| words.scenarios.contains_key(scenario.id)));
        assert_eq!(words.scenarios.len(), all.len());
        assert!(Kind::ALL.iter().all(|kind| words.problems.contains_key(kind.as_str())));
        assert_eq!(words.problems.len(), Kind::ALL.len());
        assert!(Group::ALL.iter().all(|group| words.groups.contains_key(group.as_str())));
    }

    #[test]
    fn what_a_shop_says_cannot_move_the_cursor() {
        assert_eq!(printable("a\u{1B}[2J\u{202E}"), "a\\u{1b}[2J\\u{202e}");
    }
}
