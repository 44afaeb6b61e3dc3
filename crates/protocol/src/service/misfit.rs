//! Which parameter of a refused payment request has the wrong form, and the finer code that later client lists have for
//! it (protocol.md §8.6).
//!
//! The tutorials know two codes for what is malformed, ILLEGAL_ARGUMENT and ILLEGAL_FEE_PARAM, and those are what a
//! request is refused with. This is a second look at a request that was refused: it never refuses one.

use crate::error_code::ErrorCode;
use crate::ids::UserId;
use crate::money::Fen;
use crate::params::Text;
use crate::service::create_direct_pay_by_user::{CHANNELS_CHARS_MAX, PAYMETHODS};
use crate::service::extend_param;
use crate::service::fields::is_full_http_address;
use crate::service::payment::PaymentService;

/// A parameter that has the wrong form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Misfit {
    /// Its name.
    pub parameter: &'static str,
    /// What the later lists call it.
    pub code: ErrorCode,
}

/// What a value must be like.
#[derive(Clone, Copy)]
enum Form {
    /// At most so many characters.
    Text(usize),
    /// A complete http address of at most so many characters.
    Url(usize),
    /// 16 digits beginning 2088.
    UserId,
    /// An amount; with a sign if so said.
    Money { signed: bool },
    /// A natural number.
    Count,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A way to pay.
    Paymethod,
    /// Ways to pay, joined with `^`.
    Channels,
    /// `name^value` pairs, joined with `|`.
    Pairs,
}

use Form::{Channels, Count, Money, Pairs, Paymethod, Text as Words, Url, UserId as Id, Word};

const AMOUNT: Form = Money { signed: false };

/// What every payment request has, in the order of the checks (protocol.md §8.5 item 7).
const COMMON: &[(&str, Form)] = &[
    ("out_trade_no", Words(64)),
    ("subject", Words(256)),
    ("notify_url", Url(190)),
    ("return_url", Url(200)),
    ("show_url", Words(400)),
    ("seller_id", Id),
    ("seller_email", Words(100)),
    ("seller_account_name", Words(100)),
    ("buyer_id", Id),
    ("buyer_email", Words(100)),
    ("buyer_account_name", Words(100)),
];

const CARRIED: &[(&str, Form)] = &[
    ("body", Words(400)),
    ("receive_name", Words(128)),
    ("receive_address", Words(256)),
    ("receive_zip", Words(20)),
    ("receive_phone", Words(30)),
    ("receive_mobile", Words(30)),
    ("price", AMOUNT),
    ("quantity", Count),
    ("discount", Money { signed: true }),
    ("total_fee", AMOUNT),
    ("token", Words(40)),
];

const DIRECT: &[(&str, Form)] = &[
    ("body", Words(1000)),
    ("total_fee", AMOUNT),
    ("price", AMOUNT),
    ("quantity", Count),
    ("paymethod", Paymethod),
    ("default_login", Word(&["Y", "N"])),
    ("enable_paymethod", Channels),
    ("anti_phishing_key", Words(512)),
    ("extend_param", Pairs),
    ("error_notify_url", Url(200)),
    ("item_orders_info", Words(40_000)),
];

/// The first parameter whose form is wrong; `None` if there is none, because the request was refused for something else.
pub fn find(service: PaymentService, text: &Text) -> Option<Misfit> {
    let own = if service.is_direct() { DIRECT } else { CARRIED };
    missing(service, text).or_else(|| {
        COMMON.iter().chain(own).find_map(|&(parameter, form)| {
            let code = misfit(form, text.get(parameter)?)?;
            Some(Misfit { parameter, code })
        })
    })
}

/// The finer code for a refusal, if the lists have one: of a form that is wrong, or of a way to ship that is not open.
pub fn finer(code: ErrorCode, service: PaymentService, text: &Text) -> Option<Misfit> {
    match code {
        ErrorCode::IllegalArgument
        | ErrorCode::IllegalFeeParam
        | ErrorCode::SellerNotExist
        | ErrorCode::BuyerNotExist => find(service, text),
        ErrorCode::IllegalLogisticsFormat => {
            let names = ["logistics_type", "logistics_type_1", "logistics_type_2"];
            let parameter = names.into_iter().find(|name| text.get(name) == Some("VIRTUAL"))?;
            Some(Misfit { parameter, code: ErrorCode::VirtualNotSupport })
        }
        _ => None,
    }
}

fn missing(service: PaymentService, text: &Text) -> Option<Misfit> {
    let is_missing = |names: &[&'static str]| names.iter().all(|name| text.get(name).is_none());
    let null = |parameter| Some(Misfit { parameter, code: ErrorCode::ParamterIsNull });
    if is_missing(&["out_trade_no"]) {
        return null("out_trade_no");
    }
    if is_missing(&["subject"]) {
        let code =
            if service.is_direct() { ErrorCode::SubjectMustNotBeNull } else { ErrorCode::ParamterIsNull };
        return Some(Misfit { parameter: "subject", code });
    }
    if is_missing(&["seller_id", "seller_email", "seller_account_name"]) {
        return null("seller_email");
    }
    let (price, quantity) = (is_missing(&["price"]), is_missing(&["quantity"]));
    match (service.is_direct(), price, quantity) {
        (true, true, true) if is_missing(&["total_fee"]) => null("total_fee"),
        (true, true, true) => None,
        (_, true, _) => null("price"),
        (_, _, true) => null("quantity"),
        _ => None,
    }
}

fn misfit(form: Form, value: &str) -> Option<ErrorCode> {
    let is_long = |chars_max: usize| value.chars().count() > chars_max;
    match form {
        Words(chars_max) | Url(chars_max) if is_long(chars_max) => Some(ErrorCode::IllegalLength),
        Words(_) => value.contains('\0').then_some(ErrorCode::RegexpMatchFail),
        Url(_) => (!is_full_http_address(value)).then_some(ErrorCode::RegexpMatchFail),
        Id => (!UserId::new(value).is_well_formed()).then_some(ErrorCode::IllegalUser),
        Money { .. } | Count if !is_number(value) => Some(ErrorCode::IllegalNumberFormat),
        Money { signed: true } => Fen::parse_signed(value).is_err().then_some(ErrorCode::IllegalMoneyFormat),
        Money { signed: false } => Fen::parse(value).is_err().then_some(ErrorCode::IllegalMoneyFormat),
        Count => {
            let is_natural = value.bytes().all(|byte| byte.is_ascii_digit()) && value.parse() != Ok(0_i64);
            (!is_natural).then_some(ErrorCode::IllegalIntegerFormat)
        }
        Word(words) => (!words.contains(&value)).then_some(ErrorCode::RegexpMatchFail),
        Paymethod => (!PAYMETHODS.iter().any(|known| known.eq_ignore_ascii_case(value)))
            .then_some(ErrorCode::ChannelNotExist),
        // A channel that does not exist has its code already.
        Channels => misfit(Words(CHANNELS_CHARS_MAX), value),
        Pairs => misfit(Words(extend_param::CHARS_MAX), value)
            .or_else(|| extend_param::parse(value).is_none().then_some(ErrorCode::RegexpMatchFail)),
    }
}

/// Whether a person would read this as a number: digits, perhaps a sign, perhaps one point.
fn is_number(value: &str) -> bool {
    let digits = value.strip_prefix(['-', '+']).unwrap_or(value);
    let has_digit = digits.bytes().any(|byte| byte.is_ascii_digit());
    has_digit
        && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && digits.bytes().filter(|byte| *byte == b'.').count() <= 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charset::Charset;
    use crate::params::Params;
    use crate::service::payment::PaymentRequest;

    const DIRECT_PAY: &str = "service=create_direct_pay_by_user&partner=2088000000000001&out_trade_no=1&subject=x\
                              &seller_email=a@b.example&total_fee=1.00";
    const ESCROW: &str = "service=create_partner_trade_by_buyer&partner=2088000000000001&out_trade_no=1&subject=x\
                          &seller_email=a@b.example&payment_type=1&price=1.00&quantity=1&logistics_type=EMS\
                          &logistics_fee=0.00&logistics_payment=SELLER_PAY";

    /// The request with one more parameter, or one of its own said otherwise: how it is refused, and the second look.
    fn look(query: &str, name: &str, value: &str) -> (Option<ErrorCode>, Option<Misfit>) {
        let mut params = Params::new();
        let mine = Params::parse_urlencoded(query.as_bytes()).unwrap();
        for (known, value) in mine.iter().filter(|(known, _)| *known != name.as_bytes()) {
            params.push(std::str::from_utf8(known).unwrap(), value);
        }
        params.push(name, value.as_bytes());
        let refused = PaymentRequest::parse(&params, Charset::Utf8);
        let service = refused.as_ref().map(|request| request.service);
        let text = params.decode(Charset::Utf8).unwrap();
        let service =
            service.unwrap_or_else(|_| PaymentService::from_wire(text.get("service").unwrap()).unwrap());
        (refused.err(), find(service, &text))
    }

    #[test]
    fn what_is_found_is_refused_and_what_is_accepted_has_no_misfit() {
        for (query, own) in [(DIRECT_PAY, DIRECT), (ESCROW, CARRIED)] {
            assert_eq!(look(query, "body", "x"), (None, None), "{query}");
            for &(parameter, form) in COMMON.iter().chain(own) {
                let (Words(chars_max) | Url(chars_max)) = form else { continue };
                let longest = |count: usize| match form {
                    Url(_) => format!("http://{}", "x".repeat(count - 7)),
                    _ => "x".repeat(count),
                };
                assert_eq!(look(query, parameter, &longest(chars_max)), (None, None), "{parameter}");
                let (refused, found) = look(query, parameter, &longest(chars_max + 1));
                assert!(refused.is_some(), "{parameter}");
                assert_eq!(found, Some(Misfit { parameter, code: ErrorCode::IllegalLength }));
            }
        }
    }

    #[test]
    fn lists_of_channels_and_of_pairs_are_looked_into() {
        let code = |name, value: &str| look(DIRECT_PAY, name, value).1.map(|misfit| misfit.code);
        assert_eq!(code("enable_paymethod", &"x".repeat(401)), Some(ErrorCode::IllegalLength));
        assert_eq!(code("enable_paymethod", "directPay^bankPay"), None);
        assert_eq!(code("extend_param", &format!("a^{}", "x".repeat(999))), Some(ErrorCode::IllegalLength));
        assert_eq!(code("extend_param", "a"), Some(ErrorCode::RegexpMatchFail));
        assert_eq!(code("extend_param", "a^1|b^"), None);
    }

    #[test]
    fn a_number_an_amount_and_a_count_are_told_apart() {
        let code = |query, name, value| look(query, name, value).1.map(|misfit| misfit.code);
        assert_eq!(code(DIRECT_PAY, "total_fee", "1e3"), Some(ErrorCode::IllegalNumberFormat));
        assert_eq!(code(DIRECT_PAY, "total_fee", "0.001"), Some(ErrorCode::IllegalMoneyFormat));
        assert_eq!(code(DIRECT_PAY, "total_fee", "-1.00"), Some(ErrorCode::IllegalMoneyFormat));
        assert_eq!(code(ESCROW, "discount", "-1.00"), None);
        assert_eq!(code(ESCROW, "quantity", "one"), Some(ErrorCode::IllegalNumberFormat));
        assert_eq!(code(ESCROW, "quantity", "1.5"), Some(ErrorCode::IllegalIntegerFormat));
        assert_eq!(code(ESCROW, "quantity", "0"), Some(ErrorCode::IllegalIntegerFormat));
        for no_number in ["", ".", "-", "1.2.3", "一", "1,000"] {
            assert!(!is_number(no_number), "{no_number}");
        }
    }
}
