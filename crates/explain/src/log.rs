//! The messages in a log: what the tutorials' `logResult` wrote (3.5, in direct pay 4.5, in quick login 7.6), and
//! access logs in the common and combined formats of nginx and Apache.

use danbao_protocol::time::Timestamp;

use crate::escapes::find;
use crate::read::{access_log_target, answer_at, log_marker};

/// Something of the gateway's that a log tells of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The line where it begins, from 1.
    pub line: usize,
    /// When it was written. `logResult` does not say in which zone: Beijing time is taken.
    pub time: Option<Timestamp>,
    /// What it is.
    pub found: Found<'a>,
}

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found<'a> {
    /// A message, for [`crate::Question::input`].
    Message(&'a [u8]),
    /// A POST to a page for notifications, or to the gateway: access logs do not keep bodies.
    BodyNotLogged(&'a [u8]),
}

/// The entries of a log, in its order.
pub fn entries(log: &[u8]) -> Vec<Entry<'_>> {
    let mut entries = Vec::new();
    let mut time = None;
    for block in blocks(log) {
        let bytes = &log[block.start..block.end];
        time =
            access_log_time(bytes).or_else(|| written_time(bytes)).or_else(|| leading_time(bytes)).or(time);
        let found = match access_log_target(bytes) {
            Some(target) if is_message(target) => Some(Found::Message(bytes)),
            Some(target) if is_hidden(bytes, target) => Some(Found::BodyNotLogged(target)),
            Some(_) => None,
            None => (log_marker(bytes).is_some() || is_message(bytes)).then_some(Found::Message(bytes)),
        };
        if let Some(found) = found {
            entries.push(Entry { line: block.line, time, found });
        }
    }
    entries
}

/// Bytes of the log that belong together, and the number of their first line.
#[derive(Debug, Clone, Copy)]
struct Block {
    line: usize,
    start: usize,
    end: usize,
}

/// An entry of `logResult` may go over several lines, because values may; every other line is by itself.
fn blocks(log: &[u8]) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut start = 0;
    let mut is_open = false;
    for (at, line) in log.split_inclusive(|&byte| byte == b'\n').enumerate() {
        let end = start + line.len();
        let has_marker = log_marker(line).is_some();
        let answers = answer_at(line).is_some();
        let is_head = (has_date_word(line) || written_time(line).is_some()) && !has_marker;
        let begins = answers || is_head || access_log_target(line).is_some() || leading_time(line).is_some();
        match blocks.last_mut() {
            Some(last)
                if is_open
                    && !begins
                    && !(has_marker && log_marker(&log[last.start..last.end]).is_some()) =>
            {
                last.end = end;
            }
            _ => blocks.push(Block { line: at + 1, start, end }),
        }
        is_open = answers || has_marker || is_open && !begins;
        start = end;
    }
    blocks
}

/// Whether a line has parameters of this interface: a signature, or a service and who asks for it.
fn is_message(line: &[u8]) -> bool {
    let has = |name: &str| {
        ["?", "&", "&amp;"].iter().any(|before| find(line, format!("{before}{name}=").as_bytes()).is_some())
            || line.trim_ascii_start().starts_with(format!("{name}=").as_bytes())
    };
    has("sign") || has("service") && has("partner") || find(line, b"\"sign\":").is_some()
}

fn is_hidden(line: &[u8], target: &[u8]) -> bool {
    let path = target.split(|&byte| byte == b'?').next().unwrap_or(target).to_ascii_lowercase();
    let is_theirs = find(&path, b"notify").is_some() || find(&path, b"gateway.do").is_some();
    find(line, b"\"POST ").is_some() && is_theirs
}

/// `执行日期`, the word over each entry of `logResult`, in UTF-8 or GBK.
fn has_date_word(line: &[u8]) -> bool {
    const IN_GBK: &[u8] = b"\xD6\xB4\xD0\xD0\xC8\xD5\xC6\xDA";
    find(line, "执行日期".as_bytes()).is_some() || find(line, IN_GBK).is_some()
}

/// `2011-10-10 13:55:36` at the front of a line, perhaps in a bracket, as logging libraries write it.
fn leading_time(line: &[u8]) -> Option<Timestamp> {
    let line = line.strip_prefix(b"[").unwrap_or(line);
    Timestamp::parse_wire(std::str::from_utf8(line.get(..19)?).ok()?)
}

/// `[10/Oct/2011:13:55:36 +0800]`
fn access_log_time(line: &[u8]) -> Option<Timestamp> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let open = line.iter().position(|&byte| byte == b'[')?;
    let stamp = std::str::from_utf8(line.get(open + 1..open + 27)?).ok().filter(|stamp| stamp.is_ascii())?;
    let (day, month, year, clock) = (&stamp[..2], &stamp[3..6], &stamp[7..11], &stamp[12..20]);
    let month = MONTHS.iter().position(|known| *known == month)? + 1;
    let here = Timestamp::parse_wire(&format!("{year}-{month:02}-{day} {clock}"))?;
    let sign = if &stamp[21..22] == "-" { -1 } else { 1 };
    let (hours, minutes) = (stamp[22..24].parse::<i64>().ok()?, stamp[24..26].parse::<i64>().ok()?);
    let east = sign * (hours * 60 + minutes) - 8 * 60;
    Some(Timestamp(here.0.checked_sub(east.checked_mul(60_000)?)?))
}

/// `执行日期：20111010135536`, in whatever charset: fourteen digits at the end of a line.
fn written_time(line: &[u8]) -> Option<Timestamp> {
    let first = line.split(|&byte| byte == b'\n').next()?.trim_ascii_end();
    let digits = first.last_chunk::<14>()?;
    let before = first.get(..first.len() - 14)?;
    if !digits.iter().all(u8::is_ascii_digit)
        || before.last().is_some_and(u8::is_ascii_alphanumeric)
        || before.contains(&b'=')
    {
        return None;
    }
    let d = std::str::from_utf8(digits).ok()?;
    let [year, month, day] = [&d[..4], &d[4..6], &d[6..8]];
    Timestamp::parse_wire(&format!("{year}-{month}-{day} {}:{}:{}", &d[8..10], &d[10..12], &d[12..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "\
执行日期：20111010135536
responseTxt=true
 notify_url_log:sign=aa&mysign=bb,body=one
two&subject=x
执行日期：20111010135600
database updated
1.2.3.4 - - [10/Oct/2011:07:00:00 +0100] \"GET /return_url.php?a=1&sign=cc HTTP/1.1\" 200 7 \"-\" \"Mozilla\"
1.2.3.4 - - [10/Oct/2011:14:01:00 +0800] \"POST /notify_url.php HTTP/1.0\" 200 7
1.2.3.4 - - [10/Oct/2011:14:02:00 +0800] \"GET /index.php?id=1 HTTP/1.1\" 200 7
service=x&partner=1&sign=dd
responseTxt=false
 return_url_log:isSign=false,a=1&sign=ee
responseTxt=true notify_url_log:isSign=true,a=1&sign=ff
2011-10-10 15:00:00,123 INFO responseTxt=true
 notify_url_log:sign=aa&mysign=bb
 返回参数：a=1&b=2
2011-10-10 15:00:01,456 INFO done
执行日期：Mon Oct 10 2011 15:01:00 GMT+0800
veryfy_result=false
 notify_url_log:sign=aa&mysign=bb,a=1
执行日期：Mon Oct 10 2011 15:02:00 GMT+0800
";

    #[test]
    fn a_log_of_both_kinds_gives_its_messages_with_line_and_time() {
        let entries = entries(LOG.as_bytes());
        let seen: Vec<(usize, String, bool)> = entries
            .iter()
            .map(|entry| {
                let time = entry.time.map(Timestamp::wire).unwrap_or_default();
                (entry.line, time, matches!(entry.found, Found::Message(_)))
            })
            .collect();
        let at = |line, time: &str, is_message| (line, format!("2011-10-10 {time}"), is_message);
        assert_eq!(
            seen,
            [
                at(2, "13:55:36", true),
                at(7, "14:00:00", true),
                at(8, "14:01:00", false),
                at(10, "14:02:00", true),
                at(11, "14:02:00", true),
                at(13, "14:02:00", true),
                at(14, "15:00:00", true),
                at(19, "15:00:01", true),
            ]
        );
        let Found::Message(first) = entries[0].found else { panic!() };
        assert!(first.ends_with("body=one\ntwo&subject=x\n".as_bytes()));
        let Found::Message(java) = entries[6].found else { panic!() };
        assert!(java.ends_with("返回参数：a=1&b=2\n".as_bytes()));
        let Found::Message(last) = entries[7].found else { panic!() };
        assert!(last.ends_with(b"mysign=bb,a=1\n"));
        assert_eq!(entries[2].found, Found::BodyNotLogged(b"/notify_url.php"));
    }
}
