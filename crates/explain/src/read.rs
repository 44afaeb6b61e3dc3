//! From an input as people paste it to the parameters in it.

use danbao_protocol::params::Params;

use crate::dump;
use crate::escapes::{find, log_unescape, looks_percent_encoded, percent_decode};
use crate::message::{Form, Message, Pair};
use crate::vocabulary::is_known;
use crate::{NothingRead, PAIRS_MAX};

/// Reads the first message of an input.
pub(crate) fn message(input: &[u8]) -> Result<Message, NothingRead> {
    let input = trimmed(input);
    let found = if let Some(pairs) = printed(input) {
        of_pairs(Form::Dump, pairs)
    } else if let Some(at) = log_marker(input) {
        log_txt(input, at)
    } else if let Some(target) = access_log_target(input) {
        of_pairs(Form::AccessLog, urlencoded(query_of(&log_unescape(target))))
    } else if is_request(input) {
        of_pairs(Form::Request, request(input))
    } else if let Some(query) = url_query(input) {
        url(query)
    } else {
        of_pairs(Form::Body, urlencoded(input))
    };
    let has_names = found.pairs.iter().any(|pair| !pair.raw.is_empty());
    match found.pairs.len() {
        _ if !has_names => Err(NothingRead::NoParameters),
        count if count > PAIRS_MAX => Err(NothingRead::TooManyParameters),
        _ => Ok(found),
    }
}

fn of_pairs(form: Form, pairs: Vec<Pair>) -> Message {
    Message { form, pairs, mysign: None, response_txt: None, fragment_in: None }
}

/// What a program has printed, unless the input is a message before that.
fn printed(input: &[u8]) -> Option<Vec<Pair>> {
    let is_plain = [&b"sign="[..], b"service="].iter().any(|name| find(input, name).is_some());
    if is_plain { None } else { dump::pairs(input) }
}

/// The query of an address, and what stands behind a `#` in it if that was meant for a part of the query.
fn url(query: &[u8]) -> Message {
    let mut halves = query.splitn(2, |&byte| byte == b'#');
    let (sent, fragment) = (halves.next().unwrap_or(b""), halves.next().unwrap_or(b""));
    let mut lost = fragment.split(|&byte| byte == b'&').skip(1);
    if !lost.any(|piece| piece.contains(&b'=') && is_known(&percent_decode(self::halves(piece).0, true))) {
        return of_pairs(Form::Url, urlencoded(sent));
    }
    let owner = sent.rsplit(|&byte| byte == b'&').next().unwrap_or(b"");
    let fragment_in = Some(percent_decode(self::halves(owner).0, true));
    Message { fragment_in, ..of_pairs(Form::Url, urlencoded(query)) }
}

/// Without blanks, line ends and a byte order mark around it.
fn trimmed(input: &[u8]) -> &[u8] {
    let input = input.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(input);
    input.trim_ascii().trim_ascii_end()
}

/// The pairs of a query or body, in order. Empty pairs are ignored, as is a pair that is there already
/// (protocol.md §1.3).
fn urlencoded(bytes: &[u8]) -> Vec<Pair> {
    let mut pairs: Vec<Pair> = Vec::new();
    for piece in bytes.split(|&byte| byte == b'&').filter(|piece| !piece.is_empty()) {
        let (name, raw) = halves(piece);
        pairs.push(Pair {
            name: percent_decode(name, true),
            value: percent_decode(raw, true),
            raw: raw.to_vec(),
        });
        if pairs.len() > PAIRS_MAX {
            break;
        }
    }
    pairs
}

fn halves(piece: &[u8]) -> (&[u8], &[u8]) {
    match piece.iter().position(|&byte| byte == b'=') {
        Some(at) => (&piece[..at], &piece[at + 1..]),
        None => (piece, b""),
    }
}

/// What stands behind `?`; of an address without it, nothing.
fn behind_mark(address: &[u8]) -> &[u8] {
    match address.iter().position(|&byte| byte == b'?') {
        Some(at) => &address[at + 1..],
        None => b"",
    }
}

/// What stands between `?` and `#`; of an address without `?`, nothing.
fn query_of(address: &[u8]) -> &[u8] {
    behind_mark(address).split(|&byte| byte == b'#').next().unwrap_or(b"")
}

/// The query if the input is an address, with its fragment: there is a `?`, and no `=` before it.
fn url_query(input: &[u8]) -> Option<&[u8]> {
    let at = input.iter().position(|&byte| byte == b'?')?;
    let is_address = !input[..at].contains(&b'=') && !input[..at].contains(&b'&');
    is_address.then(|| behind_mark(input))
}

const METHODS: [&[u8]; 4] = [b"GET ", b"POST ", b"HEAD ", b"PUT "];

fn is_request(input: &[u8]) -> bool {
    METHODS.iter().any(|method| input.starts_with(method))
}

fn request(input: &[u8]) -> Vec<Pair> {
    let (head, body) = match (find(input, b"\r\n\r\n"), find(input, b"\n\n")) {
        (Some(at), _) => (&input[..at], &input[at + 4..]),
        (None, Some(at)) => (&input[..at], &input[at + 2..]),
        (None, None) => (input, &b""[..]),
    };
    let line = head.split(|&byte| byte == b'\n').next().unwrap_or(b"");
    let target = line.split(|&byte| byte == b' ').nth(1).unwrap_or(b"");
    let mut pairs = urlencoded(query_of(target));
    match content_type(head).filter(|value| value.to_ascii_lowercase().starts_with("multipart/")) {
        Some(multipart) => pairs.extend(multipart_pairs(&multipart, body)),
        None => pairs.extend(urlencoded(body.trim_ascii())),
    }
    without_twins(pairs)
}

/// A form with method POST names the charset in its address and in a field; that is one parameter (protocol.md §1.2).
fn without_twins(pairs: Vec<Pair>) -> Vec<Pair> {
    let mut kept: Vec<Pair> = Vec::with_capacity(pairs.len());
    for pair in pairs {
        let is_twin = pair.name == b"_input_charset"
            && kept.iter().any(|earlier| earlier.name == pair.name && earlier.value == pair.value);
        if !is_twin {
            kept.push(pair);
        }
    }
    kept
}

fn content_type(head: &[u8]) -> Option<String> {
    head.split(|&byte| byte == b'\n').skip(1).find_map(|line| {
        let colon = line.iter().position(|&byte| byte == b':')?;
        let is_it = line[..colon].trim_ascii().eq_ignore_ascii_case(b"content-type");
        is_it.then(|| String::from_utf8_lossy(line[colon + 1..].trim_ascii()).into_owned())
    })
}

fn multipart_pairs(content_type: &str, body: &[u8]) -> Vec<Pair> {
    let Ok(params) = Params::parse_multipart(content_type, body) else { return Vec::new() };
    let plain = |(name, value): (&[u8], &[u8])| Pair {
        name: name.to_vec(),
        value: value.to_vec(),
        raw: value.to_vec(),
    };
    params.iter().map(plain).collect()
}

/// The target of the request in a line of an access log: what stands between `"GET ` and ` HTTP/` or the quote.
pub(crate) fn access_log_target(line: &[u8]) -> Option<&[u8]> {
    let quoted = |method: &[u8]| [b"\"", method].concat();
    let start = METHODS.iter().find_map(|method| {
        let opening = quoted(method);
        find(line, &opening).map(|at| at + opening.len())
    })?;
    let rest = &line[start..];
    let end = find(rest, b" HTTP/").or_else(|| rest.iter().position(|&byte| byte == b'"'));
    Some(&rest[..end.unwrap_or(rest.len())])
}

const MARKERS: [&[u8]; 2] = [b"notify_url_log:", b"return_url_log:"];

/// Where the parameters of a log entry begin.
pub(crate) fn log_marker(input: &[u8]) -> Option<usize> {
    MARKERS.iter().filter_map(|marker| find(input, marker).map(|at| at + marker.len())).min()
}

/// What the samples record of `notify_verify`'s answer, under the names that their versions have for it.
const ANSWERS: [&[u8]; 3] = [b"responseTxt=", b"veryfy_result=", b"response_text="];

/// Where the answer stands in a log entry, after its name.
pub(crate) fn answer_at(input: &[u8]) -> Option<usize> {
    ANSWERS.iter().filter_map(|name| find(input, name).map(|at| at + name.len())).min()
}

/// What the samples' `logResult` writes (tutorials 3.5, in direct pay 4.5, in quick login 7.6): `responseTxt=true`, a
/// line end, and then, as PHP has it, `notify_url_log:sign=S&mysign=M,` or `notify_url_log:isSign=true,` and the
/// parameters; as Java and .NET have it, `notify_url_log:sign=S&mysign=M`, a line end, a few words with a colon, and
/// the parameters. They are not percent-encoded.
fn log_txt(input: &[u8], at: usize) -> Message {
    let response_txt = answer_at(&input[..at]).map(|start| {
        let value = &input[start..at];
        let end = value.iter().position(|byte| byte.is_ascii_whitespace() || *byte == b',');
        String::from_utf8_lossy(&value[..end.unwrap_or(value.len())]).into_owned()
    });
    let mut rest = input[at..].trim_ascii_start();
    let sign = taken(&mut rest, b"sign=");
    let mysign = taken(&mut rest, b"mysign=");
    taken(&mut rest, b"isSign=");
    rest = without_label(rest);
    let mut pairs = raw_pairs(rest);
    if let Some(sign) = sign.filter(|_| pairs.iter().all(|pair| pair.name != b"sign")) {
        pairs.push(Pair { name: b"sign".to_vec(), value: sign.to_vec(), raw: sign.to_vec() });
    }
    Message { mysign: mysign.map(<[u8]>::to_vec), response_txt, ..of_pairs(Form::LogTxt, pairs) }
}

/// Without words before the first parameter, which end in a colon: full-width, in UTF-8 or GBK, or not.
fn without_label(text: &[u8]) -> &[u8] {
    const COLONS: [&[u8]; 3] = ["：".as_bytes(), b"\xA3\xBA", b":"];
    let words = text.split(|&byte| byte == b'=').next().unwrap_or(b"");
    let ends = COLONS.iter().filter_map(|colon| find(words, colon).map(|at| at + colon.len()));
    text[ends.max().unwrap_or(0)..].trim_ascii_start()
}

/// Takes `name=value` from the front of a log entry, with the `&`, `,` or blank after it.
fn taken<'a>(rest: &mut &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let value = rest.strip_prefix(name)?;
    let end = value.iter().position(|byte| matches!(byte, b'&' | b',') || byte.is_ascii_whitespace());
    let end = end.unwrap_or(value.len());
    *rest = value.get(end + 1..).unwrap_or(b"").trim_ascii_start();
    Some(&value[..end])
}

/// The pairs of a text that was never percent-encoded: a piece that does not begin like a parameter belongs to the
/// value before it.
fn raw_pairs(text: &[u8]) -> Vec<Pair> {
    if looks_percent_encoded(text) {
        return urlencoded(text);
    }
    let mut pairs: Vec<Pair> = Vec::new();
    for piece in text.split(|&byte| byte == b'&') {
        let (name, value) = halves(piece);
        let is_name = piece.contains(&b'=')
            && !name.is_empty()
            && name.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'));
        match pairs.last_mut() {
            Some(last) if !is_name => {
                last.value.push(b'&');
                last.value.extend_from_slice(piece);
                last.raw.clone_from(&last.value);
            }
            _ if is_name => {
                pairs.push(Pair { name: name.to_vec(), value: value.to_vec(), raw: value.to_vec() });
            }
            _ => {}
        }
        if pairs.len() > PAIRS_MAX {
            break;
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(input: &str) -> Message {
        message(input.as_bytes()).unwrap()
    }

    fn names(message: &Message) -> Vec<String> {
        message.pairs.iter().map(|pair| String::from_utf8_lossy(&pair.name).into_owned()).collect()
    }

    #[test]
    fn every_form_that_people_paste_is_told_apart() {
        for (input, form) in [
            ("https://gw.example/gateway.do?service=x&sign=1#top", Form::Url),
            ("/return_url.php?service=x&sign=1", Form::Url),
            ("?service=x&sign=1", Form::Url),
            ("service=x&sign=1&return_url=http://a/b?c", Form::Body),
            ("\u{FEFF} service=x&sign=1\r\n", Form::Body),
            ("GET /gateway.do?service=x&sign=1 HTTP/1.1\r\nHost: gw.example\r\n\r\n", Form::Request),
            ("POST /gateway.do?service=x HTTP/1.1\nHost: gw.example\n\nsign=1\n", Form::Request),
            (
                r#"1.2.3.4 - - [10/Oct/2011:13:55:36 +0800] "GET /r?service=x&sign=1 HTTP/1.1" 200 7"#,
                Form::AccessLog,
            ),
            ("responseTxt=true\n notify_url_log:isSign=true,service=x&sign=1", Form::LogTxt),
            (r#"INFO received {"service":"x","sign":"1"}"#, Form::Dump),
            ("Array\n(\n    [service] => x\n    [sign] => 1\n)", Form::Dump),
            (r#"service=x&sign=1&extend_param={"sign":"2"}"#, Form::Body),
        ] {
            let message = read(input);
            assert_eq!(message.form, form, "{input}");
            assert_eq!(names(&message)[..2], ["service", "sign"], "{input}");
        }
    }

    #[test]
    fn a_log_entry_gives_both_digests_and_values_with_a_separator_in_them() {
        let message = read(
            "responseTxt=false\n return_url_log:sign=aa&mysign=bb,subject=Tom & Jerry&body=a=b&target_url=http://a?b&c=1",
        );
        assert_eq!(names(&message), ["subject", "body", "target_url", "c", "sign"]);
        assert_eq!(message.get("subject"), Some(&b"Tom & Jerry"[..]));
        assert_eq!(message.mysign.as_deref(), Some(&b"bb"[..]));
        assert_eq!(message.response_txt.as_deref(), Some("false"));
    }

    #[test]
    fn the_versions_of_the_samples_write_it_differently() {
        for (entry, answer, digest) in [
            ("veryfy_result=true\n notify_url_log:sign=aa&mysign=bb,a=1&b=2", "true", Some("bb")),
            ("responseTxt=true\n notify_url_log:sign=aa&mysign=bb\n 返回参数：a=1&b=2", "true", Some("bb")),
            (
                "responseTxt=true\n notify_url_log:sign=aa&mysign=bb\n notify回来的参数：a=1&b=2",
                "true",
                Some("bb"),
            ),
            ("responseTxt=1\n return_url_log:isSign=0,a=1&b=2&sign=aa", "1", None),
            ("response_text=false\n notify_url_log:isSign=true,a=1&b=2&sign=aa", "false", None),
        ] {
            let message = read(entry);
            assert_eq!(names(&message), ["a", "b", "sign"], "{entry}");
            assert_eq!(message.response_txt.as_deref(), Some(answer));
            assert_eq!(message.mysign, digest.map(|digest| digest.as_bytes().to_vec()));
        }
        let in_gbk = b"responseTxt=true\n notify_url_log:sign=aa&mysign=bb\n \xB7\xB5\xBB\xD8\xB2\xCE\xCA\xFD\xA3\xBAa=1";
        assert_eq!(names(&message(in_gbk).unwrap()), ["a", "sign"]);
    }

    #[test]
    fn a_text_without_parameters_is_refused() {
        for nothing in ["", "   ", "hello", "http://shop.example/", "?", "&&&", "a=&b="] {
            assert_eq!(message(nothing.as_bytes()), Err(NothingRead::NoParameters), "{nothing}");
        }
        let many = "a=1&".repeat(PAIRS_MAX + 1);
        assert_eq!(message(many.as_bytes()), Err(NothingRead::TooManyParameters));
    }
}
