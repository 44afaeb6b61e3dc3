//! The rows of the table in which values were written in other ways, or in other bytes.

use danbao_explain::mistake::Kind;

use super::asks::{Pairs, REQUEST, encode, gbk, text, to_gbk, utf8};
use super::cases::{Table, keyed, swap, with};

pub(super) fn values(table: &mut Table) {
    let request = utf8(REQUEST);
    table.values(
        "percent-encoded before signing",
        &request,
        |v| encode(v).into(),
        (Kind::PercentEncoded, "notify_url"),
    );
    let raw = |v: &[u8]| encode(v).replace('+', "%20").into_bytes();
    table.values("percent-encoded with %20", &request, raw, (Kind::PercentEncoded, "notify_url"));
    let dotnet = |v: &[u8]| {
        let upper = encode(v).into_bytes();
        let is_escape = |at: usize| upper[at.saturating_sub(2)..at].contains(&b'%');
        (0..upper.len())
            .map(|at| if is_escape(at) { upper[at].to_ascii_lowercase() } else { upper[at] })
            .collect()
    };
    table.values("percent-encoded in small letters", &request, dotnet, (Kind::PercentEncoded, "notify_url"));
    let twice = |v: &[u8]| encode(encode(v).as_bytes()).into_bytes();
    table.values("percent-encoded twice", &request, twice, (Kind::PercentEncodedTwice, "notify_url"));
    let encoded: Pairs =
        request.iter().map(|(name, value)| (name.clone(), encode(value).into_bytes())).collect();
    table.signed(
        "sent encoded twice",
        &encoded,
        &keyed(&text(&request)),
        &[(Kind::DecodedAgain, "notify_url")],
    );
    table.values("blanks as plus", &request, |v| swap(v, " ", "+"), (Kind::BlankForm, "subject"));
    table.values("blanks as %20", &request, |v| swap(v, " ", "%20"), (Kind::BlankForm, "subject"));
    let quoted = with(&with(&request, "subject", "Tom & \"Jerry\""), "body", "<b>it's</b>");
    let html =
        |v: &[u8]| swap(&swap(&swap(&swap(v, "&", "&amp;"), "<", "&lt;"), ">", "&gt;"), "\"", "&quot;");
    table.values("HTML-escaped before signing", &quoted, html, (Kind::HtmlEscaped, "subject, body"));
    let php = move |v: &[u8]| swap(&html(v), "'", "&#039;");
    table.values("HTML-escaped with apostrophes", &quoted, php, (Kind::HtmlEscaped, "subject, body"));
    let escaped: Pairs = quoted.iter().map(|(name, value)| (name.clone(), html(value))).collect();
    table.signed(
        "HTML-escaped on its way",
        &escaped,
        &keyed(&text(&quoted)),
        &[(Kind::HtmlUnescaped, "subject, body")],
    );
    let slashed = |v: &[u8]| swap(&swap(v, "'", "\\'"), "\"", "\\\"");
    table.values("magic quotes before signing", &quoted, slashed, (Kind::SlashesAdded, "subject, body"));
    let sent: Pairs = quoted.iter().map(|(name, value)| (name.clone(), slashed(value))).collect();
    table.signed(
        "magic quotes on the way",
        &sent,
        &keyed(&text(&quoted)),
        &[(Kind::SlashesStripped, "subject, body")],
    );
    let lines = with(&request, "body", "one\r\ntwo");
    table.values("line ends of another system", &lines, |v| swap(v, "\r\n", "\n"), (Kind::LineEnds, "body"));
    table.values(
        "all in small letters",
        &request,
        |v| v.to_ascii_lowercase(),
        (Kind::LetterCase, "out_trade_no"),
    );
    let tagged = with(&request, "body", "<b>new</b> one");
    let stripped = with(&request, "body", "new one");
    table.signed(
        "a filter took tags out",
        &tagged,
        &keyed(&text(&stripped)),
        &[(Kind::ValueAltered, "body=new one")],
    );
}

pub(super) fn charsets(table: &mut Table) {
    let (request, in_gbk) = (utf8(REQUEST), gbk(REQUEST));
    let labelled = with(&in_gbk, "_input_charset", "utf-8");
    table.signed(
        "signed in GBK, sent in UTF-8",
        &request,
        &keyed(&text(&labelled)),
        &[(Kind::WrongCharset, "gbk")],
    );
    let labelled = with(&request, "_input_charset", "gbk");
    table.signed(
        "signed in UTF-8, sent in GBK",
        &in_gbk,
        &keyed(&text(&labelled)),
        &[(Kind::WrongCharset, "utf-8")],
    );
    let emoji = with(&request, "subject", "笔😀");
    let in_gbk_with = |subject: &[u8]| with(&labelled_gbk(), "subject", subject);
    let pen = to_gbk("笔");
    for (name, lost, about) in [
        ("Java writes one question mark", &b"?"[..], "Java"),
        (".NET writes two question marks", b"??", ".NET"),
        ("iconv ignores what GBK lacks", b"", "IGNORE"),
        ("a form writes a reference", b"&#128512;", "&#"),
    ] {
        let signed = in_gbk_with(&[&pen, lost].concat());
        table.signed(name, &emoji, &keyed(&text(&signed)), &[(Kind::Unmappable, about)]);
    }
    let cut = with(&request, "subject", "笔😀盒");
    table.signed(
        "iconv stops there",
        &cut,
        &keyed(&text(&in_gbk_with(&pen))),
        &[(Kind::Unmappable, "PHP iconv")],
    );
    let mut euro = in_gbk_with(&[&pen[..], b"?"].concat());
    euro = with(&euro, "_input_charset", "utf-8");
    let sent = with(&request, "subject", "笔€");
    table.signed("Java's GBK has no euro sign", &sent, &keyed(&text(&euro)), &[(Kind::Unmappable, "Java")]);
    let form = with(&in_gbk, "subject", [&pen[..], b"&#128512;"].concat());
    let java = with(&in_gbk, "subject", [&pen[..], b"?"].concat());
    table.signed(
        "a form writes a reference, Java signed ?",
        &form,
        &keyed(&text(&java)),
        &[(Kind::Unmappable, "Java")],
    );
    let latin = |v: &[u8]| v.iter().map(|&byte| char::from(byte)).collect::<String>().into_bytes();
    table.values("UTF-8 read as ISO-8859-1", &request, latin, (Kind::Misread, "ISO-8859-1"));
    table.values("GBK read as ISO-8859-1", &in_gbk, latin, (Kind::Misread, "ISO-8859-1"));
    let mojibake: Pairs = request.iter().map(|(name, value)| (name.clone(), latin(value))).collect();
    table.signed(
        "sent as ISO-8859-1 makes it",
        &mojibake,
        &keyed(&text(&request)),
        &[(Kind::Misread, "ISO-8859-1")],
    );
    let lossy = |v: &[u8]| String::from_utf8_lossy(v).into_owned().into_bytes();
    table.values("GBK read as UTF-8", &in_gbk, lossy, (Kind::Misread, "gbk → utf-8"));
    let as_gbk = |v: &[u8]| encoding_rs::GBK.decode_without_bom_handling(v).0.into_owned().into_bytes();
    table.values("UTF-8 read as GBK", &request, as_gbk, (Kind::Misread, "utf-8 → gbk"));
    let question = |v: &[u8]| {
        let text = String::from_utf8(v.to_vec()).unwrap();
        text.chars().map(|c| if c.is_ascii() { c } else { '?' }).collect::<String>().into_bytes()
    };
    table.values(
        "every Chinese character became ?",
        &request,
        question,
        (Kind::WrongCharset, "ISO-8859-1: ?"),
    );
    let four = in_gbk_with(&encoding_rs::GB18030.encode("笔😀").0);
    table.signed(
        "GB18030 has four bytes for it",
        &emoji,
        &keyed(&text(&four)),
        &[(Kind::Unmappable, "GB18030")],
    );
    let twice = |v: &[u8]| {
        let text = String::from_utf8(v.to_vec()).unwrap();
        let unit = |c: char| if c.is_ascii() { c.to_string() } else { "?".repeat(c.len_utf16()) };
        text.chars().map(unit).collect::<String>().into_bytes()
    };
    table.values("an emoji became two question marks", &emoji, twice, (Kind::WrongCharset, "ISO-8859-1: ??"));
    let ascii = |v: &[u8]| v.iter().map(|&byte| if byte.is_ascii() { byte } else { b'?' }).collect();
    table.values("every byte became a question mark", &in_gbk, ascii, (Kind::WrongCharset, "US-ASCII"));
    let lost = |v: &[u8]| {
        let one = |c: char| match encoding_rs::GBK.encode(&c.to_string()) {
            (_, _, true) => b"?".to_vec(),
            (bytes, ..) => bytes.into_owned(),
        };
        String::from_utf8_lossy(v).chars().flat_map(one).collect()
    };
    table.values("GBK read as UTF-8 and written as GBK", &in_gbk, lost, (Kind::Misread, "gbk → utf-8"));
    let windows =
        |v: &[u8]| encoding_rs::WINDOWS_1252.decode_without_bom_handling(v).0.into_owned().into_bytes();
    table.values("UTF-8 read as windows-1252", &request, windows, (Kind::Misread, "windows-1252"));
    let mixed = with(&request, "subject", to_gbk("测试商品：录音笔 2G"));
    table.signed(
        "one value in another charset",
        &mixed,
        &keyed(&text(&request)),
        &[(Kind::WrongCharset, "subject")],
    );
    let cut = |v: &[u8]| swap(v, "\\", "");
    // The second byte of this character in GBK is a backslash.
    let trail = with(&in_gbk, "subject", to_gbk("誠信"));
    table.values(
        "stripslashes in the middle of a character",
        &trail,
        cut,
        (Kind::SlashesStripped, "subject"),
    );
}

/// The request with GBK bytes and the label of UTF-8.
pub(super) fn labelled_gbk() -> Pairs {
    with(&gbk(REQUEST), "_input_charset", "utf-8")
}
