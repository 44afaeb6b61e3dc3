//! `danbao import-log`: finds the messages of the interface in a log and explains each.

mod replay;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use danbao_explain::log::{Entry, Found, entries};
use danbao_explain::{Explanation, NothingRead, Question, Verdict, explain};
use danbao_protocol::time::Timestamp;
use http::Uri;
use serde::Deserialize;
use serde_json::{Value, json};

use super::doctor::fill;
use super::explain::asked::{KeyArgs, Keys, read_file};
use super::explain::words::printable;
use super::explain::{data, misused, words};
use super::table::lines;
use super::terminal::json;
use super::text::{Texts, texts};
use super::{say, terminal_lang};
use crate::config::Lang;

pub(super) const EXAMPLES: &str = "\
Examples:
  danbao import-log --key-file key.txt log.txt
  danbao import-log --key-file key.txt --since '2012-01-05 13:00:00' --only-bad access.log
  zcat access.log.*.gz | danbao import-log --key-file key.txt --json -
  danbao import-log --replay http://127.0.0.1:8081/pay/notify --kind notification log.txt

Reads what the samples' logResult writes and access logs in the common and combined formats of nginx and Apache: their
GET requests, since access logs do not keep bodies. Times are Beijing time; logResult's are taken for it. An entry of
log.txt that holds both digests is explained for both. After a hundred messages that nothing explains, pairs of
mistakes are no longer tried.

With --replay the messages are not explained but sent again, in their order, one after the other: notifications and
addresses by POST, everything else by GET. The parameters are those of the log; the address is the one given, for
all of them. Whoever is not on this machine is only sent something with --yes: what is replayed may be believed.

Ends with 0 if all signatures are right, or all that was replayed was answered; 1 if not, or if nothing was found; 2 if
misused.";

/// Options of `import-log`.
#[derive(Debug, Args)]
pub(super) struct ImportLogArgs {
    /// The log; `-` for the standard input
    file: PathBuf,
    #[command(flatten)]
    keys: KeyArgs,
    /// Only what was written then or later: `2012-01-05` or `2012-01-05 13:00:00`, Beijing time
    #[arg(long, value_name = "TIME", value_parser = since)]
    since: Option<Timestamp>,
    /// Only what is not right
    #[arg(long)]
    only_bad: bool,
    /// Send the messages to this address again, instead of explaining them
    #[arg(long, value_name = "URL", conflicts_with = "only_bad")]
    replay: Option<Uri>,
    /// Replay only messages of this kind; may be repeated
    #[arg(long, value_name = "KIND", requires = "replay")]
    kind: Vec<replay::Sort>,
    /// Replay to an address that is not on this machine, too
    #[arg(long, requires = "replay")]
    yes: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// The language of the words [default: the terminal's]
    #[arg(long, value_name = "LANG")]
    lang: Option<Lang>,
}

impl ImportLogArgs {
    fn wants(&self, entry: &Entry<'_>) -> bool {
        self.since.is_none_or(|since| entry.time.is_some_and(|time| time >= since))
    }
}

/// Table `import_log` of the text files.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Words {
    nothing: String,
    columns: [String; 5],
    right: String,
    unexplained: String,
    unsigned: String,
    no_key: String,
    hidden: String,
    unreadable: String,
    mine: String,
    answered: String,
    summary: String,
    messages: String,
    progress: String,
    replay: replay::Words,
}

/// After so many messages that nothing explains, single mistakes alone are tried: with a wrong key, a long log would
/// take hours.
const SEARCHED_MAX: usize = 100;
/// Longer logs are to be cut into pieces first, in bytes.
const LOG_BYTES_MAX: usize = 256 * 1024 * 1024;

pub(super) fn run(args: &ImportLogArgs) -> anyhow::Result<ExitCode> {
    let texts = texts(args.lang.unwrap_or_else(terminal_lang));
    if let Some(target) = &args.replay {
        return replay::run(args, target, texts);
    }
    let (log, keys) = match (read(&args.file), args.keys.read()) {
        (Ok(log), Ok(keys)) => (log, keys),
        (Err(error), _) | (_, Err(error)) => return Ok(misused(&format!("{error:#}"))),
    };
    let entries = entries(&log);
    let wanted: Vec<&Entry<'_>> = entries.iter().filter(|entry| args.wants(entry)).collect();
    let mut progress = Progress::of(wanted.len(), &texts.import_log);
    let mut unexplained = 0;
    let mut rows = Vec::with_capacity(wanted.len());
    for entry in wanted {
        progress.step();
        let row = Row::of(entry, &keys, unexplained >= SEARCHED_MAX, args, texts);
        unexplained += usize::from(row.is_unexplained);
        rows.push(row);
    }
    progress.end();
    if args.json {
        let messages: Vec<&Value> = rows.iter().filter_map(|row| row.data.as_ref()).collect();
        let all = json!({ "messages": messages, "summary": summary(&rows, |row| &row.code) });
        say(&keys.hide(format!("{}\n", json(&all)?)));
    } else {
        say(&keys.hide(report(&rows, args.only_bad, texts)));
    }
    let is_well = rows.iter().any(|row| row.is_judged) && !rows.iter().any(|row| row.is_bad);
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    let log = read_file(Some(file), LOG_BYTES_MAX + 1)?;
    anyhow::ensure!(
        log.len() <= LOG_BYTES_MAX,
        "{} is longer than 256 MiB; cut it into pieces",
        file.display()
    );
    Ok(log)
}

/// `2012-01-05`, with or without a time.
pub(super) fn since(typed: &str) -> Result<Timestamp, String> {
    Timestamp::parse_wire(typed)
        .or_else(|| Timestamp::parse_wire(&format!("{typed} 00:00:00")))
        .ok_or_else(|| "a time is written as 2012-01-05 or 2012-01-05 13:00:00".to_owned())
}

/// One entry and what came of it, without the message itself: a log has many.
struct Row {
    line: usize,
    time: Option<Timestamp>,
    /// Kind and order number.
    about: [String; 2],
    /// What it is counted under, for programs.
    code: String,
    /// The same for people.
    verdict: String,
    /// What `notify_verify` answered, if not `true`.
    answered: Option<String>,
    is_bad: bool,
    is_unexplained: bool,
    is_judged: bool,
    /// If JSON is wanted of it.
    data: Option<Value>,
}

enum Outcome {
    Explained(Box<Explanation>),
    Unreadable(NothingRead),
    Hidden(String),
}

impl Row {
    fn of(entry: &Entry<'_>, keys: &Keys, is_brief: bool, args: &ImportLogArgs, texts: &Texts) -> Row {
        let outcome = match entry.found {
            Found::Message(bytes) => match explain(&Question { is_brief, ..keys.question(bytes) }) {
                Ok(explained) => Outcome::Explained(Box::new(explained)),
                Err(nothing) => Outcome::Unreadable(nothing),
            },
            Found::BodyNotLogged(target) => Outcome::Hidden(String::from_utf8_lossy(target).into_owned()),
        };
        let (line, time, is_bad) = (entry.line, entry.time, outcome.is_bad());
        Row {
            line,
            time,
            about: outcome.about(texts),
            code: outcome.verdict(texts, true),
            verdict: outcome.verdict(texts, false),
            answered: outcome.answered(),
            is_bad,
            is_unexplained: outcome.is_unexplained(),
            is_judged: matches!(outcome, Outcome::Explained(_)),
            data: (args.json && (is_bad || !args.only_bad)).then(|| outcome.data(line, time, &texts.explain)),
        }
    }
}

impl Outcome {
    fn is_bad(&self) -> bool {
        match self {
            Outcome::Explained(explained) => !explained.is_right(),
            Outcome::Unreadable(_) => true,
            Outcome::Hidden(_) => false,
        }
    }

    fn is_unexplained(&self) -> bool {
        let is_so = |verdict: &Verdict| matches!(verdict, Verdict::Unexplained(_));
        match self {
            Outcome::Explained(explained) => {
                is_so(&explained.sign.verdict)
                    || explained.mysign.as_ref().is_some_and(|mine| is_so(&mine.verdict))
            }
            Outcome::Unreadable(_) | Outcome::Hidden(_) => false,
        }
    }

    fn answered(&self) -> Option<String> {
        let Outcome::Explained(explained) = self else { return None };
        explained.message.response_txt.clone().filter(|answer| answer != "true")
    }

    fn verdict(&self, texts: &Texts, as_codes: bool) -> String {
        let words = &texts.import_log;
        let code = |code: &str, word: &str| if as_codes { code.to_owned() } else { word.to_owned() };
        match self {
            Outcome::Explained(explained) => match (&explained.sign.verdict, &explained.mysign) {
                (Verdict::Right, Some(mine)) if mine.verdict != Verdict::Right => {
                    let mine = verdict(&mine.verdict, texts, as_codes);
                    if as_codes { format!("mysign:{mine}") } else { words.mine.replace("{}", &mine) }
                }
                (sign, _) => verdict(sign, texts, as_codes),
            },
            Outcome::Unreadable(nothing) => {
                code("unreadable", &words.unreadable.replace("{}", texts.explain.nothing_read(*nothing)))
            }
            Outcome::Hidden(_) => code("body_not_logged", &words.hidden),
        }
    }

    fn data(&self, line: usize, time: Option<Timestamp>, words: &words::Words) -> Value {
        let mut value = match self {
            Outcome::Explained(explained) => data::explanation(explained, words),
            Outcome::Unreadable(nothing) => json!({ "unreadable": nothing.code() }),
            Outcome::Hidden(target) => json!({ "body_not_logged": target }),
        };
        value["line"] = line.into();
        value["time"] = time.map(Timestamp::wire).into();
        value
    }

    fn about(&self, texts: &Texts) -> [String; 2] {
        match self {
            Outcome::Explained(explained) => {
                let number =
                    explained.message.get("out_trade_no").or_else(|| explained.message.get("trade_no"));
                let number = number.map(|number| printable(&String::from_utf8_lossy(number)));
                [printable(&texts.explain.kind(&explained.message.kind())), number.unwrap_or_default()]
            }
            Outcome::Hidden(target) => [format!("POST {}", printable(target)), String::new()],
            Outcome::Unreadable(_) => [String::new(), String::new()],
        }
    }
}

/// One line on a terminal that is written over again, for logs that take long; nothing where nobody watches.
struct Progress<'a> {
    words: &'a Words,
    done: usize,
    all: usize,
    is_watched: bool,
}

/// So many messages go by between two lines.
const PROGRESS_STEP: usize = 50;

impl<'a> Progress<'a> {
    fn of(all: usize, words: &'a Words) -> Progress<'a> {
        Progress { words, done: 0, all, is_watched: all > PROGRESS_STEP && std::io::stderr().is_terminal() }
    }

    fn step(&mut self) {
        if self.is_watched && self.done.is_multiple_of(PROGRESS_STEP) {
            let line = fill(&self.words.progress, &[&self.done.to_string(), &self.all.to_string()]);
            eprint!("\r\x1B[K{line}");
        }
        self.done += 1;
    }

    fn end(self) {
        if self.is_watched {
            eprint!("\r\x1B[K");
        }
    }
}

fn verdict(verdict: &Verdict, texts: &Texts, as_codes: bool) -> String {
    let words = &texts.import_log;
    match verdict {
        Verdict::Mistaken(finding) => {
            let said = |mistake: &danbao_explain::mistake::Mistake| match as_codes {
                true => mistake.kind.code().to_owned(),
                false => texts.explain.what(mistake),
            };
            let said: Vec<String> = finding.mistakes.iter().map(said).collect();
            said.join(if as_codes { "+" } else { "; " })
        }
        other if as_codes => data::verdict(other).to_owned(),
        Verdict::Right => words.right.clone(),
        Verdict::Unexplained(_) => words.unexplained.clone(),
        Verdict::Unsigned => words.unsigned.clone(),
        Verdict::NoKey => words.no_key.clone(),
    }
}

/// How many of each verdict there are.
fn summary(rows: &[Row], verdict: fn(&Row) -> &String) -> BTreeMap<&str, usize> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for row in rows {
        *counts.entry(verdict(row)).or_default() += 1;
    }
    counts
}

fn report(rows: &[Row], only_bad: bool, texts: &Texts) -> String {
    let words = &texts.import_log;
    if rows.is_empty() {
        return format!("{}\n", words.nothing);
    }
    let mut table: Vec<[String; 5]> = vec![words.columns.clone()];
    for row in rows.iter().filter(|row| !only_bad || row.is_bad) {
        let [kind, number] = row.about.clone();
        let time = row.time.map(Timestamp::wire).unwrap_or_default();
        let mut said = row.verdict.clone();
        if let Some(answer) = &row.answered {
            let _ = write!(said, "; {}", words.answered.replace("{}", &printable(answer)));
        }
        table.push([row.line.to_string(), time, kind, number, said]);
    }
    let mut out = String::new();
    if table.len() > 1 {
        out.push_str(&lines(&table));
        out.push('\n');
    }
    let _ = writeln!(out, "{} ({} {})", words.summary, rows.len(), words.messages);
    let mut counts: Vec<(&str, usize)> = summary(rows, |row| &row.verdict).into_iter().collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    for (said, count) in counts {
        let _ = writeln!(out, "{count:>6}  {said}");
    }
    out
}
