//! 错误通知: the POST by which a merchant hears that its direct-pay request was refused (protocol.md §8.4).

use crate::charset::Charset;
use crate::error_code::ErrorCode;
use crate::ids::{NotifyId, OutTradeNo, PartnerId, UserId};
use crate::params::{Params, Text};
use crate::reported::{MissingField, Reported};
use crate::service::Service;
use crate::service::fields::is_full_http_address;
use crate::time::Timestamp;

/// Characters of the longest address that is written to (protocol.md §3.1).
const URL_CHARS_MAX: usize = 200;

/// What the refused request says of itself, and the most characters that each may have. What is longer was refused for
/// it, perhaps, and is left out.
const ECHOED: [(&str, usize); 7] = [
    ("partner", 16),
    ("out_trade_no", 64),
    ("return_url", 200),
    ("buyer_email", 100),
    ("buyer_id", 30),
    ("seller_email", 100),
    ("seller_id", 30),
];

/// Where a refused request wants its error told; `None` unless it is direct pay and names a full address. Whether it may
/// want that is for the contract to say, and whether it is the partner's at all for the signature.
pub fn address(params: &Params, charset: Charset) -> Option<String> {
    if params.get("service") != Some(Service::CreateDirectPayByUser.as_str().as_bytes()) {
        return None;
    }
    read(params, "error_notify_url", charset, URL_CHARS_MAX).filter(|url| is_full_http_address(url))
}

/// The unsigned body, but for its id and its time: what the request says of itself and why it was refused. The order
/// means nothing and is always the same.
pub fn build(request: &Params, charset: Charset, code: ErrorCode) -> Params {
    let mut body = Params::new();
    for (name, chars_max) in ECHOED {
        if let (Some(_), Some(bytes)) = (read(request, name, charset, chars_max), request.get(name)) {
            body.push(name, bytes);
        }
    }
    body.push("error_code", spelled(code).as_str().as_bytes());
    body
}

/// What an error notification says. All but the first three are the words of the refused request, and none of them was
/// checked by anybody: a request may be refused for the very seller that it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorLetter {
    /// `notify_id`, to be asked about with `notify_verify`; the same in every try
    pub notify_id: NotifyId,
    /// `notify_time`: when the letter was first sent
    pub notify_time: Timestamp,
    /// `error_code`: why the request was refused
    pub error_code: Reported<ErrorCode>,
    /// `partner`
    pub partner: Option<PartnerId>,
    /// `out_trade_no`; absent if the request had none, or one that was refused for its form
    pub out_trade_no: Option<OutTradeNo>,
    /// `return_url`
    pub return_url: Option<String>,
    /// `buyer_email`
    pub buyer_email: Option<String>,
    /// `buyer_id`
    pub buyer_id: Option<UserId>,
    /// `seller_email`
    pub seller_email: Option<String>,
    /// `seller_id`
    pub seller_id: Option<UserId>,
}

impl ErrorLetter {
    /// Reads what an error notification says. Only what has been verified deserves to be read.
    ///
    /// # Errors
    /// [`MissingField`] if `error_code`, `notify_id` or `notify_time` is not there or malformed, and for `notify_type`: a
    /// message that has one is about a trade or a batch, whatever else it says.
    pub fn read(text: &Text) -> Result<ErrorLetter, MissingField> {
        let needed = |name| text.get(name).ok_or(MissingField::Absent(name));
        if text.get("notify_type").is_some() {
            return Err(MissingField::Malformed("notify_type"));
        }
        let owned = |name| text.get(name).map(str::to_owned);
        let notify_time = Timestamp::parse_wire(needed("notify_time")?);
        Ok(ErrorLetter {
            notify_id: NotifyId::new(needed("notify_id")?),
            notify_time: notify_time.ok_or(MissingField::Malformed("notify_time"))?,
            error_code: Reported::read(needed("error_code")?, ErrorCode::from_wire),
            partner: owned("partner").map(PartnerId::new),
            out_trade_no: owned("out_trade_no").map(OutTradeNo::new),
            return_url: owned("return_url"),
            buyer_email: owned("buyer_email"),
            buyer_id: owned("buyer_id").map(UserId::new),
            seller_email: owned("seller_email"),
            seller_id: owned("seller_id").map(UserId::new),
        })
    }
}

/// Error notifications have this code in capitals, however it is spelt elsewhere.
const fn spelled(code: ErrorCode) -> ErrorCode {
    match code {
        ErrorCode::SellerNotInSpecifiedSellers => ErrorCode::SellerNotInSpecifiedSellersCapitals,
        code => code,
    }
}

/// A value that is text in the request's charset, not empty and not too long.
fn read(params: &Params, name: &str, charset: Charset, chars_max: usize) -> Option<String> {
    let text = params.get_text(name, charset).ok().flatten()?;
    let fits = !text.is_empty() && !text.contains('\0') && text.chars().nth(chars_max).is_none();
    fits.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> Params {
        let mut params = Params::new();
        for (name, value) in [
            ("service", "create_direct_pay_by_user"),
            ("partner", "2088000000000001"),
            ("out_trade_no", "1001"),
            ("error_notify_url", "http://shop.example/error"),
            ("seller_email", "seller@shop.example"),
            ("buyer_id", ""),
            ("total_fee", "x"),
        ] {
            params.push(name, value.as_bytes());
        }
        params
    }

    #[test]
    fn a_refused_request_says_of_itself_what_it_said_and_why_it_was_refused() {
        let body = build(&request(), Charset::Utf8, ErrorCode::SellerNotInSpecifiedSellers);
        let said: Vec<_> = body.iter().map(|(name, value)| (name, value.to_vec())).collect();
        let expected = [
            ("partner", "2088000000000001"),
            ("out_trade_no", "1001"),
            ("seller_email", "seller@shop.example"),
            ("error_code", "SELLER_NOT_IN_SPECIFIED_SELLERS"),
        ];
        let expected: Vec<_> =
            expected.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes().to_vec())).collect();
        assert_eq!(said, expected);
    }

    #[test]
    fn what_is_no_text_or_too_long_is_left_out_and_the_rest_is_told() {
        let mut params = request();
        params.remove("out_trade_no");
        params.push("out_trade_no", "1".repeat(65).as_bytes());
        params.push("buyer_email", b"\xFF\xFE");
        let body = build(&params, Charset::Utf8, ErrorCode::IllegalArgument);
        assert_eq!((body.get("out_trade_no"), body.get("buyer_email")), (None, None));
        assert_eq!(body.get("error_code"), Some(&b"ILLEGAL_ARGUMENT"[..]));
    }

    #[test]
    fn what_was_built_is_read() {
        let mut body = build(&request(), Charset::Utf8, ErrorCode::IllegalFeeParam);
        let read = |body: &Params| ErrorLetter::read(&body.decode(Charset::Utf8).unwrap());
        assert_eq!(read(&body), Err(MissingField::Absent("notify_time")));
        body.push("notify_time", b"2012-02-29 12:00:00");
        assert_eq!(read(&body), Err(MissingField::Absent("notify_id")));
        body.push("notify_id", b"n1");
        let letter = read(&body).unwrap();
        assert_eq!(letter.error_code, Reported::Known(ErrorCode::IllegalFeeParam));
        assert_eq!(letter.out_trade_no, Some(OutTradeNo::new("1001")));
        assert_eq!((letter.seller_email.as_deref(), letter.buyer_id), (Some("seller@shop.example"), None));
        body.push("notify_type", b"trade_status_sync");
        assert_eq!(read(&body), Err(MissingField::Malformed("notify_type")));
    }

    #[test]
    fn only_direct_pay_is_told_and_only_to_a_full_address() {
        assert_eq!(address(&request(), Charset::Utf8).as_deref(), Some("http://shop.example/error"));
        let with = |name: &str, value: &str| {
            let mut params = request();
            params.remove(name);
            params.push(name, value.as_bytes());
            address(&params, Charset::Utf8)
        };
        assert_eq!(with("service", "trade_create_by_buyer"), None);
        for bad in ["", "shop.example/error", "ftp://shop.example", "http://a b/"] {
            assert_eq!(with("error_notify_url", bad), None, "{bad}");
        }
        assert_eq!(with("error_notify_url", &format!("http://s/{}", "x".repeat(200))), None);
    }
}
