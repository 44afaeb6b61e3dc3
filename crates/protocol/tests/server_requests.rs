//! The services that a merchant's server calls: what they accept, and what they refuse.
#![allow(clippy::unwrap_used, reason = "tests")]

use danbao_protocol::charset::Charset;
use danbao_protocol::error_code::ErrorCode::{self, *};
use danbao_protocol::params::Params;
use danbao_protocol::service::close_trade::{CloseTrade, TradeRole};
use danbao_protocol::service::notify_verify::{NotifyVerify, Verdict};
use danbao_protocol::service::query_timestamp::QueryTimestamp;
use danbao_protocol::service::send_goods_confirm_by_platform::SendGoods;
use danbao_protocol::service::single_trade_query::{SingleTradeQuery, TradeRef};
use danbao_protocol::service::{BuildError, Kind, Service};

fn params(query: &str) -> Params {
    Params::parse_urlencoded(query.as_bytes()).unwrap()
}

#[test]
fn shipping_needs_a_trade_a_way_and_a_carrier() {
    let table: &[(&str, Result<(), ErrorCode>)] = &[
        ("trade_no=T&transport_type=EXPRESS&logistics_name=SF", Ok(())),
        ("trade_no=T&create_transport_type=POST&logistics_name=SF&invoice_no=1", Ok(())),
        ("trade_no=T&transport_type=DIRECT", Ok(())),
        ("trade_no=T&transport_type=VIRTUAL_30&logistics_name=x&seller_ip=1.2.3.4", Ok(())),
        ("trade_no=T&logistics_name=SF", Err(IllegalArgument)),
        ("trade_no=T&transport_type=&create_transport_type=&logistics_name=SF", Err(IllegalArgument)),
        ("trade_no=T&transport_type=express&logistics_name=SF", Err(IllegalArgument)),
        ("trade_no=T&transport_type=EXPRESS", Err(IllegalArgument)),
        ("transport_type=EXPRESS&logistics_name=SF", Err(IllegalArgument)),
        ("trade_no=&transport_type=EXPRESS&logistics_name=SF", Err(IllegalArgument)),
        ("trade_no=T&transport_type=DIRECT&seller_ip=1234567890123456", Err(IllegalArgument)),
        ("trade_no=T&transport_type=DIRECT&logistics_name=%FF", Err(IllegalCharset)),
    ];
    for (query, verdict) in table {
        let request = SendGoods::parse(&params(&format!("partner=2088000000000001&{query}")), Charset::Gbk);
        assert_eq!(request.as_ref().map(|_| ()).map_err(|code| *code), *verdict, "{query}");
        if let Ok(request) = request {
            assert_eq!(SendGoods::parse(&request.to_params().unwrap(), Charset::Gbk), Ok(request));
        }
    }
    let no_partner = SendGoods::parse(&params("trade_no=T&transport_type=DIRECT"), Charset::Gbk);
    assert_eq!(no_partner, Err(IllegalPartner));
}

#[test]
fn a_trade_is_asked_for_by_either_number_and_the_gateways_wins() {
    let partner = "partner=2088000000000001";
    let parse = |query: &str| SingleTradeQuery::parse(&params(&format!("{partner}&{query}")), Charset::Utf8);
    assert!(matches!(parse("trade_no=T&out_trade_no=O").unwrap().trade, TradeRef::TradeNo(_)));
    let by_order = parse("out_trade_no=O&trade_no=").unwrap();
    assert!(matches!(by_order.trade, TradeRef::OutTradeNo(_)));
    assert_eq!(SingleTradeQuery::parse(&by_order.to_params().unwrap(), Charset::Utf8), Ok(by_order));
    assert_eq!(parse(""), Err(IllegalArgument));
}

#[test]
fn closing_calls_the_order_number_by_another_name() {
    let partner = "partner=2088000000000001";
    let parse = |query: &str| CloseTrade::parse(&params(&format!("{partner}&{query}")), Charset::Utf8);
    let closing = parse("out_order_no=O&trade_role=S&ip=1.2.3.4").unwrap();
    assert_eq!(closing.trade_role, Some(TradeRole::Seller));
    assert_eq!(CloseTrade::parse(&closing.to_params().unwrap(), Charset::Utf8), Ok(closing));
    assert_eq!(parse("out_trade_no=O"), Err(IllegalArgument));
    assert_eq!(parse("trade_no=T&trade_role=X"), Err(IllegalArgument));
}

#[test]
fn a_time_stamp_is_asked_for_by_a_partner() {
    let stamp = QueryTimestamp::parse(&params("partner=2088000000000001"), Charset::Gbk).unwrap();
    assert_eq!(QueryTimestamp::parse(&stamp.to_params().unwrap(), Charset::Gbk), Ok(stamp.clone()));
    assert_eq!(QueryTimestamp::parse(&params("partner=x"), Charset::Gbk), Err(IllegalPartner));
    let nobody = QueryTimestamp { partner: danbao_protocol::ids::PartnerId::new(""), ..stamp };
    assert_eq!(nobody.to_params(), Err(BuildError::Refused(IllegalPartner)));
}

#[test]
fn a_question_without_partner_or_id_is_invalid_and_not_false() {
    let question = NotifyVerify::parse(&params("&service=notify_verify&partner=P&notify_id=N")).unwrap();
    assert_eq!(NotifyVerify::parse(&question.to_params()), Some(question));
    for query in [
        "",
        "partner=P",
        "notify_id=N",
        "partner=&notify_id=N",
        "partner=P&notify_id=",
        "partner=P&notify_id=%FF",
        "partner=P&notify_id=%00",
    ] {
        assert_eq!(NotifyVerify::parse(&params(query)), None, "{query}");
    }
    assert_eq!(Verdict::parse(b"true"), Some(Verdict::True));
    for body in [b"true\n".as_slice(), b"TRUE", b"", b"truetrue"] {
        assert_eq!(Verdict::parse(body), None);
    }
}

#[test]
fn browsers_call_what_a_person_confirms_and_servers_the_rest() {
    let by_a_person = [
        Service::AlipayAuthAuthorize,
        Service::UserLogisticsAddressQuery,
        Service::RefundFastpayByPlatformPwd,
    ];
    for service in Service::ALL {
        let is_for_browsers = service.payment().is_some() || by_a_person.contains(service);
        assert_eq!(is_for_browsers, service.kind() == Kind::Browser, "{service}");
    }
    assert!(by_a_person.into_iter().all(Service::must_be_signed));
    assert!(Service::CloseTrade.must_be_signed());
    assert!(!Service::NotifyVerify.must_be_signed());
}
