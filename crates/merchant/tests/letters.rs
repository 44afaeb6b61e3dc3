//! 错误通知 as the gateway sends them (protocol.md §8.4), read as a merchant comes to believe them. That they are what is
//! sent, a test of the gateway holds.
#![expect(clippy::unwrap_used, reason = "a test")]

use danbao_merchant::protocol::params::Params;
use danbao_merchant::protocol::sign;
use danbao_merchant::{
    Account, Amount, Charset, Check, ErrorCode, Fen, Md5Key, OrderFacts, PartnerId, PaymentService, Received,
    RefusedRequest, Rejected, Response, Signer, UserId,
};

struct Letter {
    charset: Charset,
    key: &'static str,
    body: &'static str,
}

fn letters() -> Vec<Letter> {
    let vectors = include_str!("../../protocol/tests/error-letters.txt");
    let lines = vectors.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let [charset, key, body] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
            Letter { charset: Charset::from_label(charset).unwrap(), key, body }
        })
        .collect()
}

fn account(key: &str, partner: &str) -> Account {
    let (partner, seller) = (PartnerId::new(partner), UserId::new("2088000000000005"));
    let gateway = "http://pay.example/gateway.do";
    Account::new(partner, Md5Key::new(key), "told@shop.example", seller, gateway).unwrap()
}

fn read(received: Received, account: &Account, charset: Charset) -> Result<RefusedRequest, Rejected> {
    received.check_sign(account)?.hear(&Response::new("true".into()))?.refused_request(charset)
}

impl Letter {
    fn account(&self) -> Account {
        account(self.key, "2088000000000004")
    }

    fn read(&self) -> Result<RefusedRequest, Rejected> {
        read(Received::notification(None, self.body.as_bytes())?, &self.account(), self.charset)
    }

    /// With a parameter more, signed anew.
    fn with(&self, name: &str, value: &str) -> Result<RefusedRequest, Rejected> {
        let mut params = Params::parse_urlencoded(self.body.as_bytes()).unwrap();
        params.remove(name);
        if !value.is_empty() {
            params.push(name, value.as_bytes());
        }
        sign::append(&mut params, &Signer::Md5(Md5Key::new(self.key))).unwrap();
        let body = params.to_urlencoded();
        read(Received::notification(None, body.as_bytes())?, &self.account(), self.charset)
    }
}

#[test]
fn every_letter_of_the_gateway_is_read_with_its_code_and_what_the_request_said() {
    let read: Vec<_> = letters().iter().map(|letter| letter.read().unwrap()).collect();
    let codes: Vec<_> = read.iter().map(|letter| letter.refused().code.known().unwrap()).collect();
    assert_eq!(
        codes,
        [
            ErrorCode::TotalFeeLessequalZero,
            ErrorCode::SellerNotInSpecifiedSellersCapitals,
            ErrorCode::IllegalFeeParam,
            ErrorCode::IllegalArgument,
        ]
    );
    let numbers: Vec<_> = read.iter().map(|letter| letter.out_trade_no().map(|n| n.as_str())).collect();
    assert_eq!(numbers, [Some("e1"), Some("e2"), Some("订单3"), None]);
    let [first, second, ..] = &read[..] else { panic!("two letters") };
    assert_eq!(first.letter().buyer_email.as_deref(), Some("zhang@danbao.example"));
    assert_eq!(first.letter().return_url.as_deref(), Some("http://shop.example/return"));
    assert_eq!(first.letter().notify_time.wire(), "2012-02-29 12:00:00");
    assert_eq!(first.notify_id().as_str().len(), 34);
    assert_eq!(second.letter().seller_email.as_deref(), Some("seller@danbao.example"), "the seller refused");
}

#[test]
fn a_code_of_another_time_is_kept_as_it_was_written() {
    let letter = letters()[0].with("error_code", "A_CODE_OF_2013").unwrap();
    assert_eq!((letter.refused().as_str(), letter.refused().code.known()), ("A_CODE_OF_2013", None));
    assert_eq!(letter.refused().to_string(), "the gateway refuses: A_CODE_OF_2013");
}

#[test]
fn what_is_no_letter_is_not_read_as_one() {
    let letter = &letters()[0];
    for (name, value, why) in [
        ("error_code", "", Rejected::Missing("error_code")),
        ("notify_time", "", Rejected::Missing("notify_time")),
        ("notify_time", "yesterday", Rejected::Illegible("notify_time")),
        ("notify_id", "", Rejected::Missing("notify_id")),
        ("notify_type", "trade_status_sync", Rejected::Illegible("notify_type")),
        ("partner", "2088000000000009", Rejected::OtherPartner),
    ] {
        assert_eq!(letter.with(name, value).unwrap_err(), why, "{name}={value}");
    }
    let brought = Received::page_return(letter.body.as_bytes(), &[]).unwrap();
    let by_a_browser = read(brought, &letter.account(), letter.charset).unwrap_err();
    assert_eq!(by_a_browser.check(), Check::Form);
    let other_key = account("02jrl3tl0f157f60c4sgisqobscviprn", "2088000000000004");
    let received = Received::notification(None, letter.body.as_bytes()).unwrap();
    assert_eq!(read(received, &other_key, letter.charset).unwrap_err(), Rejected::Sign);
    let gbk = Received::notification(None, letters()[2].body.as_bytes()).unwrap();
    let in_another = read(gbk, &letter.account(), Charset::Utf8).unwrap_err();
    assert_eq!(in_another, Rejected::NotText("out_trade_no".into()));
}

#[test]
fn a_letter_is_taken_for_no_message_about_an_order_and_the_other_way_round() {
    let letter = &letters()[0];
    let signed = Received::notification(None, letter.body.as_bytes()).unwrap().check_sign(&letter.account());
    let genuine = signed.unwrap().hear(&Response::new("true".into())).unwrap();
    let request = letter.account().payment(
        PaymentService::CreateDirectPayByUser,
        Charset::Utf8,
        genuine.order_named().unwrap(),
        "书签",
        Amount { price: Fen(1), quantity: 1, discount: Fen::ZERO },
    );
    let facts = OrderFacts::of(&letter.account(), &request).unwrap();
    assert_eq!(genuine.against(&facts).unwrap_err(), Rejected::Missing("notify_type"));
}

#[test]
fn a_log_shows_the_code_and_no_accounts() {
    let shown = format!("{:?}", letters()[0].read().unwrap());
    assert!(shown.contains("TOTAL_FEE_LESSEQUAL_ZERO") && shown.contains("e1"), "{shown}");
    assert!(!shown.contains('@'), "{shown}");
}
