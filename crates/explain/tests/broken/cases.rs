//! The table. Each row makes one mistake, or two, and says how it is to be named.

use danbao_explain::mistake::Kind;

use super::asks::{
    KEY, NOTIFICATION, PARTNER, Pairs, REQUEST, RETURN, encode, gbk, join, md5, query, text, utf8,
};
use super::field::field;
use super::texts::{charsets, labelled_gbk, values};

/// One broken input.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) input: Vec<u8>,
    pub(crate) key: Vec<u8>,
    pub(crate) mysign: Option<String>,
    /// The mistakes, and what must be said of each.
    pub(crate) want: Vec<(Kind, &'static str)>,
}

/// What the mistakes are made with: pairs, and how they are sent.
pub(super) struct Table(Vec<Case>);

impl Table {
    /// A message whose signature is that of these bytes.
    pub(super) fn signed(
        &mut self,
        name: &'static str,
        sent: &Pairs,
        signed: &[u8],
        want: &[(Kind, &'static str)],
    ) {
        let input = format!("https://gateway.example/gateway.do?{}", query(sent, &md5(signed)));
        self.input(name, input, want);
    }

    pub(super) fn input(
        &mut self,
        name: &'static str,
        input: impl Into<Vec<u8>>,
        want: &[(Kind, &'static str)],
    ) {
        let (input, key) = (input.into(), KEY.as_bytes().to_vec());
        self.0.push(Case { name, input, key, mysign: None, want: want.to_vec() });
    }

    /// The request, signed with another text.
    fn request(&mut self, name: &'static str, signed: impl AsRef<[u8]>, want: (Kind, &'static str)) {
        self.signed(name, &utf8(REQUEST), &[signed.as_ref(), KEY.as_bytes()].concat(), &[want]);
    }

    /// The request, its values changed before signing.
    pub(super) fn values(
        &mut self,
        name: &'static str,
        sent: &Pairs,
        change: impl Fn(&[u8]) -> Vec<u8>,
        want: (Kind, &'static str),
    ) {
        let changed: Pairs = sent.iter().map(|(name, value)| (name.clone(), change(value))).collect();
        self.signed(name, sent, &keyed(&text(&changed)), &[want]);
    }

    /// The request, signed with another key.
    fn key(&mut self, name: &'static str, used: impl AsRef<[u8]>, want: (Kind, &'static str)) {
        let signed = [&text(&utf8(REQUEST))[..], used.as_ref()].concat();
        self.signed(name, &utf8(REQUEST), &signed, &[want]);
    }

    /// The request signed well, and explained with a key that is not quite the right one.
    fn given(&mut self, name: &'static str, given: impl AsRef<[u8]>, want: (Kind, &'static str)) {
        self.signed(name, &utf8(REQUEST), &keyed(&text(&utf8(REQUEST))), &[want]);
        if let Some(case) = self.0.last_mut() {
            case.key = given.as_ref().to_vec();
        }
    }

    /// A notification signed well, of which the merchant computed another digest.
    fn mysign(&mut self, name: &'static str, sent: &Pairs, computed: &[u8], want: (Kind, &'static str)) {
        self.input(name, query(sent, &md5(&keyed(&text(sent)))), &[want]);
        if let Some(case) = self.0.last_mut() {
            case.mysign = Some(md5(computed));
        }
    }
}

pub(super) fn keyed(text: &[u8]) -> Vec<u8> {
    [text, KEY.as_bytes()].concat()
}

/// Pairs with one value set, or one more pair.
pub(super) fn with(pairs: &Pairs, name: &str, value: impl AsRef<[u8]>) -> Pairs {
    let mut pairs = pairs.clone();
    match pairs.iter_mut().find(|(known, _)| known == name) {
        Some(pair) => pair.1 = value.as_ref().to_vec(),
        None => pairs.push((name.to_owned(), value.as_ref().to_vec())),
    }
    pairs
}

pub(super) fn without(pairs: &Pairs, names: &[&str]) -> Pairs {
    pairs.iter().filter(|(name, _)| !names.contains(&&**name)).cloned().collect()
}

pub(super) fn swap(value: &[u8], from: &str, to: &str) -> Vec<u8> {
    // Bytes as Latin letters and back, so that bytes of any charset survive.
    let text: String = value.iter().map(|&byte| char::from(byte)).collect();
    text.replace(from, to).chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect()
}

/// All rows.
pub(crate) fn cases() -> Vec<Case> {
    let mut table = Table(Vec::new());
    set(&mut table);
    one(&mut table);
    values(&mut table);
    charsets(&mut table);
    readings(&mut table);
    shapes(&mut table);
    keys(&mut table);
    digests(&mut table);
    both(&mut table);
    merchants(&mut table);
    field(&mut table);
    table.0
}

fn set(table: &mut Table) {
    let request = utf8(REQUEST);
    let typed = with(&request, "sign_type", "MD5");
    table.request("sign_type is signed", text(&typed), (Kind::SignTypeSigned, "sign_type"));
    let empty = with(&with(&request, "body", ""), "show_url", "");
    table.signed(
        "empty values are signed",
        &empty,
        &keyed(&text(&empty)),
        &[(Kind::EmptySigned, "body, show_url")],
    );
    let null = with(&with(&request, "body", "null"), "show_url", "null");
    table.signed(
        "empty values are signed as null",
        &empty,
        &keyed(&text(&null)),
        &[(Kind::EmptySigned, "body")],
    );
    table.request("an empty sign is signed", text(&with(&request, "sign", "")), (Kind::SignSigned, "sign"));
    let gbk = gbk(REQUEST);
    let unsigned = text(&without(&gbk, &["_input_charset"]));
    table.signed(
        "the charset is not signed",
        &gbk,
        &keyed(&unsigned),
        &[(Kind::CharsetUnsigned, "_input_charset")],
    );
    let unsent = without(&request, &["_input_charset"]);
    table.signed(
        "the charset is signed and not sent",
        &unsent,
        &keyed(&text(&request)),
        &[(Kind::CharsetNotSent, "utf-8")],
    );
    let key = with(&request, "key", KEY);
    table.signed("the key is a parameter", &request, &text(&key), &[(Kind::KeyAmongParameters, "")]);
    table.request("the key is a parameter and appended", text(&key), (Kind::KeyAmongParameters, ""));
    let returned = utf8(RETURN);
    let own = with(&with(&returned, "id", "123"), "from", "cart");
    table.signed(
        "own parameters in return_url",
        &own,
        &keyed(&text(&returned)),
        &[(Kind::OwnParameters, "id, from")],
    );
}

fn one(table: &mut Table) {
    let request = utf8(REQUEST);
    let extra = with(&request, "quantity", "1");
    let unsigned = without(&extra, &["quantity"]);
    table.signed(
        "a parameter is sent unsigned",
        &extra,
        &keyed(&text(&unsigned)),
        &[(Kind::ParameterAdded, "quantity")],
    );
    let button = with(&request, "submit", "付款");
    table.signed(
        "the button has a name",
        &button,
        &keyed(&text(&request)),
        &[(Kind::OwnParameters, "submit")],
    );
    let lost = without(&request, &["payment_type"]);
    table.signed(
        "payment_type is lost",
        &lost,
        &keyed(&text(&request)),
        &[(Kind::ParameterDropped, "payment_type=1")],
    );
    let returned = utf8(RETURN);
    let lost = without(&returned, &["is_success"]);
    table.signed(
        "is_success is lost",
        &lost,
        &keyed(&text(&returned)),
        &[(Kind::ParameterDropped, "is_success=T")],
    );
    let lost = without(&request, &["service"]);
    table.signed(
        "service is lost",
        &lost,
        &keyed(&text(&request)),
        &[(Kind::ParameterDropped, "create_partner")],
    );
    let notified = utf8(NOTIFICATION);
    let lost = without(&notified, &["seller_id"]);
    let mut case = query(&lost, &md5(&keyed(&text(&notified))));
    case.push_str(&format!("&partner={PARTNER}"));
    table.input(
        "seller_id is lost and partner is added",
        case,
        &[(Kind::ParameterAdded, "partner"), (Kind::ParameterDropped, "seller_id=2088")],
    );
    let two = with(&with(&request, "token", "t"), "agent", "a");
    table.signed(
        "two parameters are sent unsigned",
        &two,
        &keyed(&text(&request)),
        &[(Kind::ParameterAdded, ""), (Kind::ParameterAdded, "")],
    );
    let earlier = with(&notified, "trade_status", "WAIT_BUYER_PAY");
    table.signed(
        "the signature of an earlier state",
        &notified,
        &keyed(&text(&earlier)),
        &[(Kind::ValueAltered, "trade_status=WAIT_BUYER_PAY")],
    );
    let short = with(&request, "price", "328");
    table.signed(
        "an amount without its zeros",
        &request,
        &keyed(&text(&short)),
        &[(Kind::NumberRewritten, "price")],
    );
    let all = with(&with(&request, "price", "328.0"), "logistics_fee", "10.0");
    table.signed(
        "amounts with one digit",
        &request,
        &keyed(&text(&with(&all, "quantity", "1.0"))),
        &[(Kind::NumberRewritten, "logistics_fee, price, quantity")],
    );
    let queried = with(&request, "return_url", "http://shop.example/return?id=1");
    table.signed(
        "an address was signed without its query",
        &queried,
        &keyed(&text(&request)),
        &[(Kind::ValueAltered, "return_url=http://shop.example/return")],
    );
    let secure = with(&request, "return_url", "https://shop.example/return");
    table.signed(
        "https for http",
        &request,
        &keyed(&text(&secure)),
        &[(Kind::ValueAltered, "return_url=https")],
    );
    let blank = with(&request, "out_trade_no", "ORDER-2012-0001 ");
    table.signed(
        "a blank behind a value was lost",
        &request,
        &keyed(&text(&blank)),
        &[(Kind::ValueAltered, "out_trade_no")],
    );
    let blank = with(&request, "seller_email", " seller@shop.example");
    table.signed(
        "a value was trimmed for signing",
        &blank,
        &keyed(&text(&request)),
        &[(Kind::Trimmed, "seller_email")],
    );
    let time = with(&notified, "notify_time", "2012-01-05+13:05:33");
    table.signed(
        "notify_time with its plus",
        &notified,
        &keyed(&text(&time)),
        &[(Kind::BlankForm, "notify_time")],
    );
    let upper = with(&request, "_input_charset", "UTF-8");
    table.signed(
        "the charset in another case",
        &request,
        &keyed(&text(&upper)),
        &[(Kind::LetterCase, "_input_charset")],
    );
    let other = with(&request, "_input_charset", "gbk");
    table.signed(
        "another charset was signed",
        &request,
        &keyed(&text(&other)),
        &[(Kind::ValueAltered, "_input_charset=gbk")],
    );
}

fn readings(table: &mut Table) {
    let request = utf8(REQUEST);
    let right = md5(&keyed(&text(&request)));
    let address = query(&request, &right);
    table.input(
        "the address was copied from HTML",
        format!("https://gateway.example/gateway.do?{}", address.replace('&', "&amp;")),
        &[(Kind::AmpersandEscaped, "")],
    );
    table.input(
        "&notify_url became a character",
        address.replace("&not", "¬"),
        &[(Kind::EntityInName, "notify_url")],
    );
    let shop = with(&request, "return_url", "http://shop.example/r?a=1&b=2");
    let sent = query(&shop, &md5(&keyed(&text(&shop)))).replace("%3Fa%3D1%26b%3D2", "?a=1&b=2");
    table.input("an address in a value fell apart", sent, &[(Kind::AmpersandInValue, "return_url")]);
    let plus = with(&request, "body", "C++");
    let sent = query(&plus, &md5(&keyed(&text(&plus)))).replace("C%2B%2B", "C++");
    table.input("a plus in a value was not encoded", sent, &[(Kind::PlusInValue, "body")]);
    let first = with(&request, "price", "1.00");
    table.input(
        "one name with two values, the first signed",
        format!("{}&price=2.00", query(&first, &md5(&keyed(&text(&first))))),
        &[(Kind::RepeatedName, "price")],
    );
    let last = with(&request, "price", "2.00");
    table.input(
        "one name with two values, the last signed",
        format!("price=1.00&{}", query(&last, &md5(&keyed(&text(&last))))),
        &[(Kind::RepeatedName, "price")],
    );
    let joined = with(&request, "price", "328.00,2.00");
    table.input(
        "one name with two values, joined by the framework",
        format!("{}&price=2.00", query(&request, &md5(&keyed(&text(&joined))))),
        &[(Kind::RepeatedName, "price")],
    );
}

fn shapes(table: &mut Table) {
    let request = utf8(REQUEST);
    let right = text(&request);
    table.request("not sorted", join(&request), (Kind::Unsorted, ""));
    let mut blind = with(&with(&request, "Agent", "a"), "body", "b");
    blind.sort_by_key(|(name, _)| name.to_ascii_lowercase());
    table.signed("sorted without letter case", &blind, &keyed(&join(&blind)), &[(Kind::Unsorted, "")]);
    let shuffled: Pairs = blind.iter().rev().cloned().collect();
    table.signed(
        "sorted without letter case, sent otherwise",
        &shuffled,
        &keyed(&join(&blind)),
        &[(Kind::WrongSort, "A = a")],
    );
    let mut by_value = request.clone();
    by_value.sort_by(|a, b| a.1.cmp(&b.1));
    table.request("sorted by value", join(&by_value), (Kind::WrongSort, "="));
    let mut backwards = request.clone();
    backwards.sort_by(|a, b| b.0.cmp(&a.0));
    table.request("sorted backwards", join(&backwards), (Kind::WrongSort, "z-a"));
    let timed = with(&with(&request, "token", "t"), "t_s_send_1", "1d");
    let mut dictionary = timed.clone();
    dictionary.sort_by_key(|(name, _)| name.replace('_', ""));
    table.signed("sorted as a dictionary", &timed, &keyed(&join(&dictionary)), &[(Kind::WrongSort, "_")]);
    table.request("a & at the end", [&right[..], b"&"].concat(), (Kind::OuterAmpersand, "...&"));
    table.request("a & at the front", [b"&", &right[..]].concat(), (Kind::OuterAmpersand, "&..."));
    table.request("no separators", swap(&right, "&", ""), (Kind::WrongJoin, ""));
    table.request("separators escaped", swap(&right, "&", "&amp;"), (Kind::WrongJoin, "&amp;"));
    table.request("commas", swap(&right, "&", ","), (Kind::WrongJoin, ","));
    let mut sorted = request.clone();
    sorted.sort();
    let only_values: Vec<Vec<u8>> = sorted.iter().map(|(_, value)| value.clone()).collect();
    table.request("values alone", only_values.concat(), (Kind::NamesLeftOut, ""));
    let quoted: Pairs =
        request.iter().map(|(name, value)| (name.clone(), [b"\"", &value[..], b"\""].concat())).collect();
    table.request("values in quotes", text(&quoted), (Kind::Quoted, "\""));
    table.request("the whole text encoded", encode(&right), (Kind::TextEncoded, "+"));
    table.request("a line end behind the text", [&right[..], b"\n"].concat(), (Kind::TextPadded, "n"));
    table.request(
        "a byte order mark before it",
        [b"\xEF\xBB\xBF", &right[..]].concat(),
        (Kind::TextPadded, "feff"),
    );
}

fn keys(table: &mut Table) {
    table.key("a blank behind the key", format!("{KEY} "), (Kind::KeyBlank, "20"));
    table.key("a blank before the key", format!(" {KEY}"), (Kind::KeyBlank, "20"));
    table.key("a full-width blank behind the key", format!("{KEY}\u{3000}"), (Kind::KeyBlank, "3000"));
    table.key("a line end behind the key", format!("{KEY}\n"), (Kind::KeyLineEnd, "\\n"));
    table.key("a Windows line end behind the key", format!("{KEY}\r\n"), (Kind::KeyLineEnd, "\\r\\n"));
    table.key("a byte order mark before the key", format!("\u{FEFF}{KEY}"), (Kind::KeyBom, ""));
    table.key("the partner for the key", PARTNER, (Kind::KeyIsPartner, "partner"));
    table.key("the key in quotes", format!("\"{KEY}\""), (Kind::KeyQuoted, "\""));
    table.key("the key in capitals", KEY.to_uppercase(), (Kind::KeyCase, "A-Z"));
    table.key("the key's last character is missing", &KEY[..31], (Kind::KeyCut, "32"));
    table.key("the key's first character is missing", &KEY[1..], (Kind::KeyCut, "1"));
    table.key("a zero typed as a letter", KEY.replacen('0', "o", 1), (Kind::KeyTyped, "2"));
    table.key("no key", "", (Kind::KeyMissing, ""));
    table.key("the key's digest", md5(KEY.as_bytes()), (Kind::KeyHashed, "MD5"));
    table.key("key= before the key", format!("&key={KEY}"), (Kind::KeySeparated, "&key="));
    let right = text(&utf8(REQUEST));
    let before = [KEY.as_bytes(), &right].concat();
    table.signed("the key before the text", &utf8(REQUEST), &before, &[(Kind::KeyBefore, "")]);
    table.signed("the key on both sides", &utf8(REQUEST), &keyed(&before), &[(Kind::KeyBefore, "...")]);
    table.given("the key given has a blank", format!("{KEY} "), (Kind::KeyGivenPadded, ""));
    table.given(
        "the key given has a byte order mark and a line end",
        format!("\u{FEFF}{KEY}\r\n"),
        (Kind::KeyGivenPadded, ""),
    );
}

fn digests(table: &mut Table) {
    use sha1::{Digest, Sha1};
    let request = utf8(REQUEST);
    let signed = keyed(&text(&request));
    let right = md5(&signed);
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    table.input(
        "a digest in capitals",
        query(&request, &right.to_uppercase()),
        &[(Kind::DigestUpperCase, "")],
    );
    table.input(
        "SHA-1 for MD5",
        query(&request, &hex(&Sha1::digest(&signed))),
        &[(Kind::OtherDigest, "SHA-1")],
    );
    table.input(
        "SHA-256",
        query(&request, &hex(&sha2::Sha256::digest(&signed))),
        &[(Kind::OtherDigest, "SHA-256")],
    );
    table.input("half a digest", query(&request, &right[8..24]), &[(Kind::DigestForm, "16")]);
    table.input(
        "a digest of a digest",
        query(&request, &md5(right.as_bytes())),
        &[(Kind::OtherDigest, "MD5(MD5)")],
    );
    table.input(
        "an HMAC with the key",
        query(&request, &hmac(&text(&request))),
        &[(Kind::OtherDigest, "HMAC")],
    );
    let utf16: Vec<u8> =
        String::from_utf8(signed.clone()).unwrap().encode_utf16().flat_map(u16::to_le_bytes).collect();
    table.input("MD5 over UTF-16", query(&request, &md5(&utf16)), &[(Kind::OtherDigest, "UTF-16")]);
    table.input(
        "a blank behind the signature",
        query(&request, &format!("{right} ")),
        &[(Kind::SignMangled, "")],
    );
    let wrong = query(&request, &right).replace("sign_type=MD5", "sign_type=RSA");
    table.input("sign_type names another kind", wrong, &[(Kind::SignTypeWrong, "RSA")]);
    let small = query(&request, &right).replace("sign_type=MD5", "sign_type=md5");
    table.input("sign_type in small letters", small, &[(Kind::SignTypeWrong, "md5")]);
}

/// HMAC-MD5 with the key, by its definition.
fn hmac(text: &[u8]) -> String {
    use md5::{Digest, Md5};
    let pad = |with: u8| -> Vec<u8> {
        let mut block = KEY.as_bytes().to_vec();
        block.resize(64, 0);
        block.iter().map(|byte| byte ^ with).collect()
    };
    let inner = Md5::digest([pad(0x36), text.to_vec()].concat());
    super::asks::md5(&[pad(0x5C), inner.to_vec()].concat())
}

/// Two mistakes at once.
fn both(table: &mut Table) {
    let request = utf8(REQUEST);
    let typed = with(&request, "sign_type", "MD5");
    let empty = with(&request, "body", "");
    let more = with(&typed, "body", "");
    table.signed(
        "sign_type and empty values are signed",
        &empty,
        &keyed(&text(&more)),
        &[(Kind::SignTypeSigned, ""), (Kind::EmptySigned, "body")],
    );
    table.signed(
        "not sorted, and a blank behind the key",
        &request,
        &[&join(&request)[..], KEY.as_bytes(), b" "].concat(),
        &[(Kind::Unsorted, ""), (Kind::KeyBlank, "")],
    );
    let encoded: Pairs =
        request.iter().map(|(name, value)| (name.clone(), encode(value).into_bytes())).collect();
    table.signed(
        "percent-encoded, with a & at the end",
        &request,
        &keyed(&[&text(&encoded)[..], b"&"].concat()),
        &[(Kind::PercentEncoded, ""), (Kind::OuterAmpersand, "...&")],
    );
    table.signed(
        "the query was signed as it stands in the address",
        &request,
        &keyed(&join(&encoded)),
        &[(Kind::PercentEncoded, ""), (Kind::Unsorted, "")],
    );
    let labelled = labelled_gbk();
    table.signed(
        "in GBK and not sorted",
        &request,
        &keyed(&join(&labelled)),
        &[(Kind::WrongCharset, "gbk"), (Kind::Unsorted, "")],
    );
    table.input(
        "key with a line end, and the digest in capitals",
        query(&request, &md5(&[&text(&request)[..], KEY.as_bytes(), b"\n"].concat()).to_uppercase()),
        &[(Kind::KeyLineEnd, "\\n"), (Kind::DigestUpperCase, "")],
    );
}

/// The message is right, and the merchant's own program is not.
fn merchants(table: &mut Table) {
    let notified = utf8(NOTIFICATION);
    let typed = with(&notified, "sign_type", "MD5");
    table.mysign(
        "a merchant signs sign_type",
        &notified,
        &keyed(&text(&typed)),
        (Kind::SignTypeSigned, "sign_type"),
    );
    let sign = md5(&keyed(&text(&notified)));
    let all = with(&notified, "sign", &sign);
    table.mysign("a merchant signs the sign", &notified, &keyed(&text(&all)), (Kind::SignSigned, "sign"));
    let plus: Pairs = notified.iter().map(|(name, value)| (name.clone(), swap(value, " ", "+"))).collect();
    table.mysign(
        "a merchant leaves plus as it is",
        &notified,
        &keyed(&text(&plus)),
        (Kind::BlankForm, "notify_time"),
    );
    let key = [&text(&notified)[..], PARTNER.as_bytes()].concat();
    table.mysign("a merchant swapped partner and key", &notified, &key, (Kind::KeyIsPartner, "partner"));
    let log = format!(
        "responseTxt=true\n notify_url_log:sign={sign}&mysign={},{}",
        md5(&[&text(&notified)[..], KEY.as_bytes(), b" "].concat()),
        String::from_utf8(text(&notified)).unwrap()
    );
    table.input("a log entry with both digests", log, &[(Kind::KeyBlank, "20")]);
    let line = format!(
        "1.2.3.4 - - [05/Jan/2012:13:05:33 +0800] \"GET /return_url.php?id=7&{} HTTP/1.1\" 200 7",
        query(&utf8(RETURN), &md5(&keyed(&text(&utf8(RETURN)))))
    );
    table.input("an access log with the shop's own parameter", line, &[(Kind::OwnParameters, "id")]);
    let post = format!(
        "POST /notify_url.php HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded; text/html; charset=UTF-8\r\n\r\n{}\r\n",
        query(&notified, &md5(&keyed(&text(&typed))))
    );
    table.input("a request as text", post, &[(Kind::SignTypeSigned, "")]);
}
