use super::*;

fn pairs(params: &Params) -> Vec<(String, String)> {
    params.iter().map(|(n, v)| (n.escape_ascii().to_string(), v.escape_ascii().to_string())).collect()
}

fn parsed(query: &str) -> Vec<(String, String)> {
    pairs(&Params::parse_urlencoded(query.as_bytes()).unwrap())
}

fn owned(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect()
}

#[test]
fn a_query_is_split_before_it_is_decoded() {
    assert_eq!(parsed("a=1&b=x%26y%3Dz&c=p+q%20r"), owned(&[("a", "1"), ("b", "x&y=z"), ("c", "p q r")]));
    assert_eq!(parsed("target_url=http://e/?a=b&x="), owned(&[("target_url", "http://e/?a=b"), ("x", "")]));
    assert_eq!(parsed("a=%e6%B5%8B"), owned(&[("a", "\\xe6\\xb5\\x8b")]));
    assert_eq!(parsed("a=%2520"), owned(&[("a", "%20")]));
}

#[test]
fn empty_pairs_are_ignored_and_a_bare_name_has_an_empty_value() {
    assert_eq!(parsed(""), owned(&[]));
    assert_eq!(parsed("&service=x&&partner&"), owned(&[("service", "x"), ("partner", "")]));
    assert_eq!(parsed("=v"), owned(&[("", "v")]));
}

#[test]
fn raw_bytes_of_the_declared_charset_are_taken_as_they_are() {
    let params = Params::parse_urlencoded(b"subject=\xB2\xE2:/@,&x=1").unwrap();
    assert_eq!(params.get("subject"), Some(b"\xB2\xE2:/@,".as_slice()));
    assert_eq!(params.get_text("subject", Charset::Gbk).unwrap().as_deref(), Some("测:/@,"));
}

#[test]
fn invalid_percent_encoding_is_an_error_with_its_place() {
    for (query, at) in [("a=%", 2), ("a=%4", 2), ("a=b%zz", 3), ("%-1=a", 0), ("a=%41%4", 5)] {
        let error = Params::parse_urlencoded(query.as_bytes()).unwrap_err();
        assert_eq!(error, ParamsError::PercentEncoding { at }, "{query}");
    }
}

#[test]
fn more_parameters_than_any_message_has_are_refused() {
    let query = |n: usize| (0..n).map(|i| format!("p{i}=1")).collect::<Vec<_>>().join("&");
    assert_eq!(Params::parse_urlencoded(query(PARAMS_MAX).as_bytes()).unwrap().len(), PARAMS_MAX);
    assert_eq!(Params::parse_urlencoded(query(PARAMS_MAX + 1).as_bytes()), Err(ParamsError::TooMany));
    assert_eq!(Params::parse_urlencoded(query(10_000).as_bytes()), Err(ParamsError::TooMany));
}

#[test]
fn a_name_twice_is_one_parameter_if_its_values_agree() {
    assert_eq!(parsed("a=1&b=2&a=1&c=3"), owned(&[("a", "1"), ("b", "2"), ("c", "3")]));
    let conflict = Params::parse_urlencoded(b"a=1&b=2&a=3").unwrap_err();
    assert_eq!(conflict, ParamsError::ConflictingValue { name: "a".to_owned() });
    assert_eq!(parsed("logistics_fee=1&logistics_fee_1=2").len(), 2);
}

#[test]
fn the_charset_may_come_in_query_and_body_and_may_come_empty() {
    let receive = |query: &str, body: &str| Params::receive(query.as_bytes(), None, body.as_bytes());
    let both = receive("_input_charset=utf-8", "_input_charset=utf-8&a=1").unwrap();
    assert_eq!(pairs(&both), owned(&[("_input_charset", "utf-8"), ("a", "1")]));
    assert_eq!(both.charset(), Ok(Charset::Utf8));
    let empty = receive("_input_charset=", "a=1").unwrap();
    assert_eq!((pairs(&empty), empty.charset()), (owned(&[("a", "1")]), Ok(Charset::Gbk)));
    let in_body = receive("_input_charset=", "a=1&_input_charset=UTF-8").unwrap();
    assert_eq!(in_body.charset(), Ok(Charset::Utf8));
    let conflict = receive("_input_charset=gbk", "_input_charset=utf-8").unwrap_err();
    assert_eq!(conflict, ParamsError::ConflictingValue { name: "_input_charset".to_owned() });
    let unknown = receive("_input_charset=big5", "").unwrap().charset().unwrap_err();
    assert_eq!(unknown.label, "big5");
}

#[test]
fn two_line_ends_after_the_body_are_not_a_part_of_it() {
    let odd = "application/x-www-form-urlencoded; text/html; charset=UTF-8";
    let params = Params::receive(b"", Some(odd), b"a=1&b=2\r\n\r\n").unwrap();
    assert_eq!(pairs(&params), owned(&[("a", "1"), ("b", "2")]));
}

#[test]
fn a_multipart_body_gives_the_same_parameters() {
    let body = b"--XX\r\nContent-Disposition: form-data; name=\"subject\"\r\n\r\na+b%20\r\n=&\r\n\
        --XX \r\ncontent-disposition:form-data;name=quantity\r\nContent-Type: text/plain\r\n\r\n\r\n--XX--\r\n";
    let params = Params::receive(b"q=1", Some("Multipart/Form-Data; charset=x; boundary=XX"), body).unwrap();
    assert_eq!(pairs(&params), owned(&[("q", "1"), ("subject", "a+b%20\\r\\n=&"), ("quantity", "")]));
    let quoted = Params::parse_multipart(
        "multipart/form-data; boundary=\"a b\"",
        b"preamble\r\n--a b\r\nContent-Disposition: form-data; filename=\"x;name=y\"; name=\"n\\\"m\"\r\n\r\nv\r\n--a b--",
    );
    assert_eq!(pairs(&quoted.unwrap()), owned(&[("n\\\"m", "v")]));
}

#[test]
fn a_malformed_multipart_body_is_an_error() {
    let parse = |content_type: &str, body: &[u8]| Params::parse_multipart(content_type, body).unwrap_err();
    assert_eq!(parse("multipart/form-data", b""), ParamsError::Multipart("no boundary"));
    let typed = "multipart/form-data; boundary=X";
    assert_eq!(parse(typed, b""), ParamsError::Multipart("the boundary does not occur"));
    assert_eq!(parse(typed, b"--X\r\nabc"), ParamsError::Multipart("no closing boundary"));
    assert_eq!(parse(typed, b"--X\r\nabc\r\n--X--"), ParamsError::Multipart("a part without a head"));
    assert_eq!(
        parse(typed, b"--X\r\nA: b\r\n\r\nv\r\n--X--"),
        ParamsError::Multipart("a part without a name")
    );
}

#[test]
fn what_is_written_is_read_back() {
    let mut params = Params::new();
    params.push_text("subject", "测试 a+b&c=d%20*~'", Charset::Gbk).unwrap();
    params.push("empty", b"");
    let query = params.to_urlencoded();
    assert_eq!(query, "subject=%B2%E2%CA%D4+a%2Bb%26c%3Dd%2520*%7E%27&empty=");
    assert_eq!(Params::parse_urlencoded(query.as_bytes()).unwrap(), params);
    assert!(params.push_text("x", "😀", Charset::Gbk).is_err());
    assert_eq!(params.len(), 2);
}

#[test]
fn removing_and_sorting_keep_the_rest() {
    let mut params = Params::parse_urlencoded(b"sign=x&b=2&logistics_fee_1=1&logistics_fee=0&_a=3").unwrap();
    assert!(params.remove("sign"));
    assert!(!params.remove("sign"));
    params.sort();
    assert_eq!(params.to_urlencoded(), "_a=3&b=2&logistics_fee=0&logistics_fee_1=1");
}

#[test]
fn text_treats_an_empty_value_as_absent_unless_asked() {
    let params = Params::parse_urlencoded(b"a=&b=%B2%E2&c=%81&d=x").unwrap();
    assert_eq!(params.decode(Charset::Gbk), Err(NotText { name: "c".to_owned() }));
    let mut good = params.clone();
    good.remove("c");
    let text = good.decode(Charset::Gbk).unwrap();
    assert_eq!((text.get("a"), text.get_even_empty("a"), text.get_even_empty("z")), (None, Some(""), None));
    assert_eq!((text.get("b"), text.get("d")), (Some("测"), Some("x")));
    assert_eq!(params.get_text("a", Charset::Gbk), Ok(None));
}

#[test]
fn a_character_never_reaches_across_two_parameters() {
    let params = Params::parse_urlencoded(b"a=%B2&b%E2=1").unwrap();
    assert_eq!(params.decode(Charset::Gbk), Err(NotText { name: "a".to_owned() }));
}
