//! Page returns and notifications: which fields travel when, and that a merchant reads what the gateway said.
#![allow(clippy::unwrap_used, reason = "tests")]

use danbao_protocol::charset::Charset;
use danbao_protocol::ids::{NotifyId, OutTradeNo, TradeNo, UserId};
use danbao_protocol::money::Fen;
use danbao_protocol::params::Params;
use danbao_protocol::reported::{MissingField, Reported};
use danbao_protocol::service::payment::{
    LogisticsGroup, LogisticsPayment, LogisticsType, PaymentService, Receive,
};
use danbao_protocol::sign::{self, Md5Key, Signer, md5};
use danbao_protocol::status::{RefundStatus, TradeStatus};
use danbao_protocol::time::Timestamp;
use danbao_protocol::trade_message::TradeMessage;
use danbao_protocol::{notify, page_return};

const PAID_AT: Timestamp = Timestamp(1_330_531_199_000);

fn message(service: PaymentService) -> TradeMessage {
    TradeMessage {
        service,
        notify_id: NotifyId::new("70fec0c2730b27528665af4517c27b95"),
        notify_time: PAID_AT,
        out_trade_no: OutTradeNo::new("A-1"),
        trade_no: TradeNo::new("2012022900000001"),
        trade_status: TradeStatus::WaitBuyerPay,
        refund_status: None,
        subject: "录音笔".to_owned(),
        body: None,
        payment_type: "1".to_owned(),
        price: Fen(32_800),
        quantity: 1,
        discount: Fen(-300),
        total_fee: Fen(33_500),
        is_total_fee_adjust: true,
        use_coupon: false,
        seller_email: "seller@shop.example".to_owned(),
        seller_id: UserId::new("2088000000000001"),
        buyer_email: "buyer@mail.example".to_owned(),
        buyer_id: UserId::new("2088000000000002"),
        logistics: None,
        gmt_logistics_modify: None,
        receive: None,
        gmt_create: PAID_AT,
        gmt_payment: None,
        gmt_send_goods: None,
        gmt_refund: None,
        gmt_close: None,
        seller_actions: Vec::new(),
        buyer_actions: Vec::new(),
        extra_common_param: None,
    }
}

fn paid(service: PaymentService) -> TradeMessage {
    TradeMessage {
        trade_status: TradeStatus::WaitSellerSendGoods,
        is_total_fee_adjust: false,
        logistics: Some(LogisticsGroup {
            logistics_type: LogisticsType::Express,
            logistics_fee: Fen(1000),
            logistics_payment: LogisticsPayment::BuyerPay,
        }),
        gmt_logistics_modify: Some(PAID_AT),
        receive: Some(Receive {
            name: "张三".to_owned(),
            address: "上海市 普陀区".to_owned(),
            ..Receive::default()
        }),
        gmt_payment: Some(PAID_AT),
        seller_actions: vec!["SEND_GOODS"],
        body: Some("a=b & c".to_owned()),
        extra_common_param: Some("echo".to_owned()),
        ..message(service)
    }
}

fn names(params: &Params) -> Vec<&str> {
    let mut names: Vec<&str> = params.iter().map(|(name, _)| std::str::from_utf8(name).unwrap()).collect();
    names.sort_unstable();
    names
}

#[test]
fn an_escrow_trade_is_notified_with_what_its_state_has() {
    let first = notify::build(&message(PaymentService::CreatePartnerTradeByBuyer), Charset::Utf8).unwrap();
    // The first notification of a real trade of 2015, but for the signature.
    let mut seen_in_2015 = [
        "discount",
        "payment_type",
        "subject",
        "trade_no",
        "buyer_email",
        "gmt_create",
        "notify_type",
        "quantity",
        "out_trade_no",
        "seller_id",
        "notify_time",
        "total_fee",
        "seller_email",
        "price",
        "buyer_id",
        "notify_id",
        "use_coupon",
        "trade_status",
        "is_total_fee_adjust",
    ];
    seen_in_2015.sort_unstable();
    assert_eq!(names(&first), seen_in_2015);
    assert_eq!(first.get("discount"), Some(b"-3.00".as_slice()));
    assert_eq!(first.get("is_total_fee_adjust"), Some(b"Y".as_slice()));

    let closed = TradeMessage {
        trade_status: TradeStatus::TradeClosed,
        refund_status: Some(RefundStatus::RefundSuccess),
        gmt_send_goods: Some(PAID_AT),
        gmt_refund: Some(PAID_AT),
        gmt_close: Some(PAID_AT),
        ..paid(PaymentService::TradeCreateByBuyer)
    };
    let last = notify::build(&closed, Charset::Gbk).unwrap();
    for name in ["gmt_payment", "gmt_send_goods", "gmt_refund", "gmt_close", "refund_status", "receive_name"]
    {
        assert!(last.get(name).is_some(), "{name}");
    }
    for name in ["seller_actions", "is_success", "exterface", "extra_common_param", "receive_zip"] {
        assert_eq!(last.get(name), None, "{name}");
    }
}

#[test]
fn no_message_carries_an_empty_parameter() {
    for service in PaymentService::ALL {
        let bare = TradeMessage {
            subject: String::new(),
            buyer_email: String::new(),
            buyer_id: UserId::new(""),
            body: Some(String::new()),
            ..message(*service)
        };
        for params in
            [notify::build(&bare, Charset::Gbk).unwrap(), page_return::build(&bare, Charset::Gbk).unwrap()]
        {
            assert!(params.iter().all(|(_, value)| !value.is_empty()), "{params:?}");
        }
    }
}

#[test]
fn a_direct_page_return_is_short_and_sorted() {
    let message = TradeMessage {
        trade_status: TradeStatus::TradeSuccess,
        ..paid(PaymentService::CreateDirectPayByUser)
    };
    let mut page = page_return::build(&message, Charset::Utf8).unwrap();
    sign::append(&mut page, &Signer::Md5(Md5Key::new("k"))).unwrap();
    let order: Vec<&str> = page.iter().map(|(name, _)| std::str::from_utf8(name).unwrap()).collect();
    assert_eq!(
        order,
        [
            "body",
            "buyer_email",
            "buyer_id",
            "exterface",
            "extra_common_param",
            "is_success",
            "notify_id",
            "notify_time",
            "notify_type",
            "out_trade_no",
            "payment_type",
            "seller_email",
            "seller_id",
            "subject",
            "total_fee",
            "trade_no",
            "trade_status",
            "sign",
            "sign_type",
        ]
    );
    let notification = notify::build(&message, Charset::Utf8).unwrap();
    for name in ["price", "quantity", "discount", "gmt_create", "gmt_payment", "extra_common_param"] {
        assert!(notification.get(name).is_some(), "{name}");
    }
    assert_eq!(notification.get("logistics_type"), None);
}

#[test]
fn a_merchant_reads_what_the_gateway_said() {
    let key = Md5Key::new("abcdefghijklmnopqrstuvwxyz012345");
    for charset in [Charset::Gbk, Charset::Utf8] {
        let message = paid(PaymentService::CreatePartnerTradeByBuyer);
        let mut page = page_return::build(&message, charset).unwrap();
        sign::append(&mut page, &Signer::Md5(key.clone())).unwrap();
        let url = page_return::append_to_url("http://shop.example/return", &page);
        let arrived = Params::parse_urlencoded(url.split_once('?').unwrap().1.as_bytes()).unwrap();
        assert_eq!(md5::verify(&arrived, &key), Ok(()));
        let read = page_return::parse(&arrived.decode(charset).unwrap()).unwrap();
        assert_eq!(read.trade_status.known(), Some(TradeStatus::WaitSellerSendGoods));
        assert_eq!((read.total_fee, read.discount), (Fen(33_500), Some(Fen(-300))));
        assert_eq!(read.receive, message.receive);
        assert_eq!((read.gmt_payment, read.notify_time), (Some(PAID_AT), PAID_AT));
        assert_eq!(read.body.as_deref(), Some("a=b & c"));
        assert_eq!(
            notify::parse(&notify::build(&message, charset).unwrap().decode(charset).unwrap()).unwrap(),
            read
        );
    }
}

#[test]
fn a_message_that_lacks_something_is_not_half_read() {
    let good = notify::build(&paid(PaymentService::CreatePartnerTradeByBuyer), Charset::Utf8).unwrap();
    let changed = |name: &str, value: &[u8]| {
        let mut params = good.clone();
        params.remove(name);
        params.push(name, value);
        notify::parse(&params.decode(Charset::Utf8).unwrap())
    };
    for name in
        ["notify_id", "out_trade_no", "trade_no", "trade_status", "total_fee", "seller_id", "notify_time"]
    {
        assert_eq!(changed(name, b""), Err(MissingField::Absent(name)));
    }
    assert_eq!(changed("total_fee", b"1.234"), Err(MissingField::Malformed("total_fee")));
    assert_eq!(changed("quantity", b"1.0"), Err(MissingField::Malformed("quantity")));
    assert_eq!(changed("notify_time", b"yesterday"), Err(MissingField::Malformed("notify_time")));
    assert_eq!(changed("notify_type", b"batch_refund_notify"), Err(MissingField::Malformed("notify_type")));
    let unknown = changed("trade_status", b"WAIT_SYS_CONFIRM_PAY").unwrap();
    assert_eq!(unknown.trade_status, Reported::Unknown("WAIT_SYS_CONFIRM_PAY".to_owned()));
    let page = page_return::parse(&good.decode(Charset::Utf8).unwrap());
    assert_eq!(page, Err(MissingField::Absent("is_success")));
}

#[test]
fn the_merchants_own_query_and_fragment_stay_where_they_are() {
    let mut params = Params::new();
    params.push("a", b"1 2");
    for (return_url, expected) in [
        ("http://s/r", "http://s/r?a=1+2"),
        ("http://s/r?own=1", "http://s/r?own=1&a=1+2"),
        ("http://s/r?", "http://s/r?a=1+2"),
        ("http://s/r?own=1&", "http://s/r?own=1&a=1+2"),
        ("http://s/r#top", "http://s/r?a=1+2#top"),
        ("http://s/r?own=1#a?b", "http://s/r?own=1&a=1+2#a?b"),
    ] {
        assert_eq!(page_return::append_to_url(return_url, &params), expected);
    }
}

#[test]
fn an_address_that_the_charset_cannot_write_is_reported() {
    let mut message = paid(PaymentService::CreatePartnerTradeByBuyer);
    message.receive = Some(Receive { name: "𠮷".to_owned(), ..Receive::default() });
    assert_eq!(notify::build(&message, Charset::Gbk).unwrap_err().character, '𠮷');
    assert!(notify::build(&message, Charset::Utf8).is_ok());
}

#[test]
fn only_success_acknowledges() {
    for (body, lenient, strict) in [
        (b"success".as_slice(), true, true),
        (b" success\r\n", true, false),
        (b"success.", false, false),
        (b"SUCCESS", false, false),
        (b"<html>success</html>", false, false),
        (b"\xEF\xBB\xBFsuccess", false, false),
        (b"", false, false),
    ] {
        assert_eq!(notify::is_acknowledgement(body, false), lenient, "{body:?}");
        assert_eq!(notify::is_acknowledgement(body, true), strict, "{body:?}");
    }
}
