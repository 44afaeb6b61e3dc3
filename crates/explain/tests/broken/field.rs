//! The rows of the table that integrators tell of in forums and bug reports.

use danbao_explain::mistake::Kind;

use super::asks::{KEY, NOTIFICATION, Pairs, REQUEST, RETURN, encode, gbk, join, md5, query, text, utf8};
use super::cases::{Table, keyed, with, without};

type Want = &'static [(Kind, &'static str)];

fn each(pairs: &Pairs, change: impl Fn(&str) -> String) -> Pairs {
    let change = |value: &[u8]| change(std::str::from_utf8(value).unwrap()).into_bytes();
    pairs.iter().map(|(name, value)| (name.clone(), change(value))).collect()
}

pub(super) fn field(table: &mut Table) {
    let request = utf8(REQUEST);
    let notified = utf8(NOTIFICATION);
    let returned = utf8(RETURN);
    let mut add = |name, sent: &Pairs, signed: &Pairs, want: Want| {
        table.signed(name, sent, &keyed(&text(signed)), want);
    };

    // Names.
    let renamed = with(&without(&request, &["_input_charset"]), "input_charset", "utf-8");
    add(
        "input_charset is signed, _input_charset is sent",
        &request,
        &renamed,
        &[(Kind::NameAltered, "input_charset")],
    );
    let upper: Pairs =
        request.iter().map(|(name, value)| (name.to_ascii_uppercase(), value.clone())).collect();
    add("names in capitals", &request, &upper, &[(Kind::NameAltered, "A-Z")]);
    // Amounts.
    let money = with(&with(&request, "price", "328.0000"), "logistics_fee", "10.0000");
    add(
        "a money column of four digits",
        &request,
        &money,
        &[(Kind::NumberRewritten, "logistics_fee, price")],
    );
    let six = with(&request, "price", "328.000000");
    add("a float printed with six digits", &request, &six, &[(Kind::NumberRewritten, "price")]);
    let comma = with(&with(&request, "price", "328,00"), "logistics_fee", "10,00");
    add("a comma of another country", &request, &comma, &[(Kind::NumberRewritten, "logistics_fee, price")]);
    let fen = with(&with(&request, "price", "32800"), "logistics_fee", "1000");
    add("fen for yuan", &request, &fen, &[(Kind::NumberRewritten, "logistics_fee, price")]);
    let free = with(&with(&request, "logistics_fee", "0"), "discount", "0");
    let left = without(&free, &["logistics_fee", "discount"]);
    add("zeros taken for empty", &free, &left, &[(Kind::ZeroUnsigned, "logistics_fee, discount")]);
    let half = with(&request, "price", "12.50");
    add("12.5 for 12.50", &half, &with(&half, "price", "12.5"), &[(Kind::NumberRewritten, "price")]);
    // Values.
    add(
        "slashes escaped as JSON has them",
        &request,
        &each(&request, |v| v.replace('/', "\\/")),
        &[(Kind::JsonEscaped, "notify_url, return_url")],
    );
    let escape = |v: &str| {
        v.chars()
            .map(|c| match c {
                '/' => "\\/".to_owned(),
                c if c.is_ascii() => c.to_string(),
                c => format!("\\u{:04x}", u32::from(c)),
            })
            .collect()
    };
    add("JSON escapes for Chinese", &request, &each(&request, escape), &[(Kind::JsonEscaped, "notify_url")]);
    add(
        "a line end behind one value",
        &request,
        &with(&request, "out_trade_no", "ORDER-2012-0001\r\n"),
        &[(Kind::ValueAltered, "out_trade_no")],
    );
    let empties = with(&with(&request, "body", ""), "show_url", "");
    for word in ["None", "undefined", "NULL"] {
        add(
            "empty values as the language prints them",
            &empties,
            &with(&with(&empties, "body", word), "show_url", word),
            &[(Kind::EmptySigned, "body, show_url")],
        );
    }
    add(
        "lists of one value as Python prints them",
        &notified,
        &each(&notified, |v| format!("['{v}']")),
        &[(Kind::Quoted, "['")],
    );
    add(
        "bytes as Python prints them",
        &returned,
        &each(&returned, |v| format!("b'{v}'")),
        &[(Kind::Quoted, "b'")],
    );
    let wide = with(&request, "subject", "ＭＰ３　（２Ｇ）");
    add(
        "full-width forms",
        &wide,
        &with(&wide, "subject", "MP3 (2G)"),
        &[(Kind::ValueAltered, "subject=MP3 (2G)")],
    );
    let emoji = with(&request, "subject", "笔😀");
    add(
        "an emoji that the database dropped",
        &emoji,
        &with(&emoji, "subject", "笔"),
        &[(Kind::ValueAltered, "subject=笔")],
    );
    let lines = with(&request, "body", "one\ntwo");
    add("nl2br", &lines, &with(&lines, "body", "one<br />\ntwo"), &[(Kind::LineEnds, "body")]);
    add(
        "a clock read twice",
        &notified,
        &with(&notified, "notify_time", "2012-01-05 13:05:32"),
        &[(Kind::ValueAltered, "notify_time=2012-01-05 13:05:32")],
    );
    let dated = with(&request, "out_trade_no", "20120105130500");
    add(
        "an order number made of the time, twice",
        &dated,
        &with(&dated, "out_trade_no", "20120105130459"),
        &[(Kind::ValueAltered, "out_trade_no=20120105130459")],
    );
    add(
        "www. was added on the way",
        &with(&request, "return_url", "http://www.shop.example/return"),
        &request,
        &[(Kind::ValueAltered, "return_url=http://shop.example/return")],
    );
    let swapped = with(
        &with(&request, "return_url", "http://shop.example/notify"),
        "notify_url",
        "http://shop.example/return",
    );
    add(
        "two values in each other's place",
        &request,
        &swapped,
        &[(Kind::ValuesSwapped, "notify_url, return_url")],
    );
    add(
        "magic quotes",
        &with(&request, "subject", "a \"b\""),
        &with(&request, "subject", "a \\\"b\\\""),
        &[(Kind::SlashesAdded, "subject")],
    );
    let tripled = each(&request, |v| encode(v.as_bytes()));
    add("encoded before signing", &request, &tripled, &[(Kind::PercentEncoded, "notify_url")]);
    // What is not there.
    add(
        "_input_charset left out",
        &request,
        &without(&request, &["_input_charset"]),
        &[(Kind::CharsetUnsigned, "")],
    );
    add(
        "notify_id left out",
        &notified,
        &without(&notified, &["notify_id"]),
        &[(Kind::ParameterAdded, "notify_id")],
    );
    let routed = with(&with(&notified, "s", "/pay/notify"), "_url", "/pay");
    add("a framework's own route", &routed, &notified, &[(Kind::OwnParameters, "s, _url")]);

    let mut digest =
        |name, sent: &Pairs, digested: Vec<u8>, want: Want| table.signed(name, sent, &digested, want);
    // Bytes.
    let low: Vec<u8> = {
        let all = String::from_utf8(text(&request)).unwrap();
        let units = all.encode_utf16().map(|unit| unit.to_le_bytes()[0]);
        units.chain(KEY.bytes()).collect()
    };
    digest(
        "the low bytes of characters, as old Node.js digests them",
        &request,
        low,
        &[(Kind::WrongCharset, "Node.js")],
    );
    // Order.
    let mut sorted = request.clone();
    sorted.sort_by(|a, b| a.0.cmp(&b.0));
    let moved: Pairs = {
        let mut rest = without(&sorted, &["return_url"]);
        rest.push(("return_url".to_owned(), b"http://shop.example/return".to_vec()));
        rest
    };
    digest(
        "one was appended after sorting",
        &request,
        keyed(&join(&moved)),
        &[(Kind::OutOfPlace, "return_url")],
    );
    let mut first = without(&sorted, &["service"]);
    first.insert(0, ("service".to_owned(), b"create_partner_trade_by_buyer".to_vec()));
    digest("service first", &request, keyed(&join(&first)), &[(Kind::OutOfPlace, "service")]);
    // Keys.
    digest(
        "&key= before the key",
        &request,
        [&text(&request)[..], b"&key=", KEY.as_bytes()].concat(),
        &[(Kind::KeySeparated, "&key=")],
    );
    let capital = [&text(&request)[..], b"&key=", KEY.as_bytes()].concat();
    table.input(
        "as another payment service signs: &key= and capitals",
        query(&request, &md5(&capital).to_ascii_uppercase()).into_bytes(),
        &[(Kind::KeySeparated, "&key="), (Kind::DigestUpperCase, "")],
    );
    // Readings.
    let good = md5(&keyed(&text(&request)));
    table.input(
        "&amp; for &",
        query(&request, &good).replace('&', "&amp;").into_bytes(),
        &[(Kind::AmpersandEscaped, "")],
    );
    table.input(
        "&not became a sign, in UTF-8",
        query(&request, &good).replace("&notify_url=", "%C2%ACify_url=").into_bytes(),
        &[(Kind::EntityInName, "notify_url")],
    );
    let in_gbk = gbk(REQUEST);
    let good_gbk = query(&in_gbk, &md5(&keyed(&text(&in_gbk))));
    table.input(
        "&not became a sign that GBK lacks",
        good_gbk.replace("&notify_url=", "%26%23172%3Bify_url=").into_bytes(),
        &[(Kind::EntityInName, "notify_url")],
    );
    table.input(
        "&times became a sign, in GBK",
        {
            let stamped = with(&in_gbk, "timestamp", "2012-01-05 13:05:33");
            query(&stamped, &md5(&keyed(&text(&stamped)))).replace("&timestamp=", "%A1%C1tamp=").into_bytes()
        },
        &[(Kind::EntityInName, "timestamp")],
    );
    let sharp = with(&request, "subject", "C# book");
    let sharp = query(&sharp, &md5(&keyed(&text(&sharp))));
    table.input(
        "a # that was not encoded cuts the address",
        format!("https://gateway.example/gateway.do?{}", sharp.replace("%23", "#")).into_bytes(),
        &[(Kind::FragmentInValue, "subject")],
    );
}
