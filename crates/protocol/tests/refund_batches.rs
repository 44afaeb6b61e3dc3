//! Refund batches: what is accepted, what is refused with which code, and what the result says.
#![allow(clippy::unwrap_used, reason = "tests")]

use danbao_protocol::batch_refund_notify::{
    self, BatchResults, ItemResult, Outcome, ReportedBatch, ReturnedCharge,
};
use danbao_protocol::charset::Charset;
use danbao_protocol::error_code::ErrorCode::{self, *};
use danbao_protocol::ids::{BatchNo, TradeNo, UserId};
use danbao_protocol::money::Fen;
use danbao_protocol::params::Params;
use danbao_protocol::reported::MissingField;
use danbao_protocol::service::refund_detail::{AccountRef, RefundItem, RoyaltyRefund};
use danbao_protocol::service::refund_fastpay_by_platform::{RefundBatch, RefundService};
use danbao_protocol::time::Timestamp;
use proptest::prelude::*;

/// 2012-02-29 12:00:00 in Beijing.
const NOON: Timestamp = Timestamp(1_330_488_000_000);

fn batch(items: Vec<RefundItem>) -> RefundBatch {
    RefundBatch {
        service: RefundService::Nopwd,
        partner: danbao_protocol::ids::PartnerId::new("2088000000000001"),
        charset: Charset::Utf8,
        seller: AccountRef::by_email("seller@shop.example"),
        refund_date: NOON,
        batch_no: BatchNo::new("20120229001"),
        items,
        notify_url: Some("http://shop.example/refunds".to_owned()),
        dback_notify_url: None,
        use_freeze_amount: None,
    }
}

fn item(trade_no: &str, amount: i64, reason: &str) -> RefundItem {
    RefundItem {
        trade_no: TradeNo::new(trade_no),
        amount: Fen(amount),
        reason: reason.to_owned(),
        royalty: Vec::new(),
    }
}

/// A request of one good item with these parameters changed; an empty value takes one out.
fn parse(charset: Charset, changes: &[(&str, &[u8])]) -> Result<RefundBatch, ErrorCode> {
    let mut params = batch(vec![item("T1", 100, "refund")]).to_params().unwrap();
    params.remove("_input_charset");
    for (name, value) in changes {
        params.remove(name);
        params.push(name, value);
    }
    RefundBatch::parse(&params, charset, NOON)
}

fn refusal(changes: &[(&str, &str)]) -> Option<ErrorCode> {
    let changes: Vec<(&str, &[u8])> = changes.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
    parse(Charset::Utf8, &changes).err()
}

#[test]
fn each_parameter_of_a_batch_is_refused_with_its_own_code() {
    let table: &[(&[(&str, &str)], ErrorCode)] = &[
        (&[("partner", "1")], IllegalPartner),
        (&[("service", "refund_fastpay_by_platform")], IllegalService),
        (&[("seller_email", "")], IllegalArgument),
        (&[("notify_url", "shop.example")], IllegalArgument),
        (&[("dback_notify_url", "ftp://shop.example")], IllegalArgument),
        (&[("use_freeze_amount", "y")], IllegalArgument),
        (&[("return_type", "json")], IllegalArgument),
        (&[("batch_num", "")], BatchNumError),
        (&[("batch_num", "0")], BatchNumError),
        (&[("batch_num", "-1")], BatchNumError),
        (&[("batch_num", "+1")], BatchNumError),
        (&[("batch_num", "1.0")], BatchNumError),
        (&[("batch_num", "1001")], BatchNumExceedLimit),
        (&[("batch_num", "99999999999999999999999")], BatchNumExceedLimit),
        (&[("batch_num", "2")], BatchNumNotEqualTotal),
        (&[("refund_date", "")], RefundDateError),
        (&[("refund_date", "2012-02-29")], RefundDateError),
        (&[("refund_date", "2012-02-30 12:00:00")], RefundDateError),
        (&[("batch_no", "")], BatchNoFormatError),
        (&[("batch_no", "20120228001")], BatchNoFormatError),
        (&[("batch_no", "20120229")], BatchNoFormatError),
        (&[("batch_no", "2012022901")], BatchNoFormatError),
        (&[("batch_no", "20120229000")], BatchNoFormatError),
        (&[("batch_no", "20120229-01")], BatchNoFormatError),
        (&[("batch_no", "201202291234567890123456789012345")], BatchNoFormatError),
        (&[("detail_data", "")], DetailDataFormatError),
        // The number of the batch is looked at before its contents.
        (&[("batch_num", "x"), ("detail_data", "")], BatchNumError),
    ];
    for (changes, code) in table {
        assert_eq!(refusal(changes), Some(*code), "{changes:?}");
    }
    for good in ["20120229001", "201202290000", "20120229aZ9", "20120229123456789012345678901234"] {
        assert_eq!(refusal(&[("batch_no", good)]), None, "{good}");
    }
    assert_eq!(refusal(&[("use_freeze_amount", "N"), ("return_type", "xml"), ("batch_num", "0001")]), None);
}

#[test]
fn each_mistake_in_an_item_is_refused_with_its_own_code() {
    let long = "x".repeat(256);
    let parts = |count: usize| {
        let part = |n: usize| format!("p{n}@x.example^^s@x.example^^0.01^{}", "x".repeat(200));
        format!("T1^1.00^x|{}", (0..count).map(part).collect::<Vec<_>>().join("|"))
    };
    let royalty = |part: &str| format!("T1^1.00^x|{part}");
    let table: Vec<(String, ErrorCode)> = vec![
        ("T1".into(), DetailDataFormatError),
        ("T1^1.00".into(), DetailDataFormatError),
        ("T1^1.00^a^b".into(), DetailDataFormatError),
        ("^1.00^x".into(), DetailDataFormatError),
        ("T 1^1.00^x".into(), DetailDataFormatError),
        (format!("{}^1.00^x", "1".repeat(65)), DetailDataFormatError),
        ("T1^^x".into(), RefundAmountNotValid),
        ("T1^1.001^x".into(), RefundAmountNotValid),
        ("T1^1e3^x".into(), RefundAmountNotValid),
        ("T1^ 1^x".into(), RefundAmountNotValid),
        ("T1^0.00^x".into(), RefundTradeFeeError),
        ("T1^-1.00^x".into(), RefundTradeFeeError),
        (format!("T1^1.00^{long}"), BatchMemoLengthExceedLimit),
        (royalty(&format!("p@x^^s@x^^0.01^{long}")), BatchMemoLengthExceedLimit),
        ("T1^1.00^a\nb".into(), SingleDetailDataEncodingNotSupport),
        ("T1^1.00^a\0b".into(), SingleDetailDataEncodingNotSupport),
        (parts(20), SingleDetailDataExceedLimit),
        ("T1^1.00^x$$1.00^y".into(), RefundSubtradeFeeError),
        ("T1^1.00^x$s@x^2088^0.01^y".into(), NoRefundChargePriviledge),
        (royalty(""), DetailDataFormatError),
        (royalty("p@x^^s@x^^0.01"), DetailDataFormatError),
        (royalty("^^s@x^^0.01^y"), DetailDataFormatError),
        (royalty("p@x^^^^0.01^y"), DetailDataFormatError),
        (royalty("p@x^^s@x^^y^y"), RefundAmountNotValid),
        (royalty("p@x^^s@x^^0.00^y"), RefundRoyaltyFeeError),
        (royalty("p@x^^s@x^^-0.01^y"), RefundRoyaltyFeeError),
        (royalty("p@x^^s@x^^0.01^y|p@x^^s@x^^0.01^y"), DupRoyaltyRefundItem),
        (royalty("p@x^^s@x^^0.01^y|p@x^^s@x^^0.02^y"), DublRoyaltyInDetail),
    ];
    for (detail, code) in &table {
        assert_eq!(refusal(&[("detail_data", detail)]), Some(*code), "{detail}");
        let good_first = format!("T0^1.00^x#{detail}");
        let both = [("detail_data", good_first.as_str()), ("batch_num", "2")];
        assert_eq!(refusal(&both), Some(*code), "second: {detail}");
    }
    let twice = [("detail_data", "T1^1.00^x#T2^1.00^x#T1^2.00^x"), ("batch_num", "3")];
    assert_eq!(refusal(&twice), Some(DublTradeNoInSameBatch));
    assert_eq!(refusal(&[("detail_data", &parts(10))]), None);
    assert_eq!(refusal(&[("detail_data", "T1^1^")]), None, "a reason may be empty");
}

#[test]
fn a_reason_is_measured_in_bytes_of_the_requests_charset() {
    let of = |charset: Charset, count: usize| {
        let detail = format!("T1^1.00^{}", "退".repeat(count));
        parse(charset, &[("detail_data", &charset.encode(&detail).unwrap())]).err()
    };
    assert_eq!(of(Charset::Gbk, 127), None);
    assert_eq!(of(Charset::Gbk, 128), Some(BatchMemoLengthExceedLimit), "256 bytes are too many");
    assert_eq!(of(Charset::Utf8, 85), None);
    assert_eq!(of(Charset::Utf8, 86), Some(BatchMemoLengthExceedLimit));
    assert_eq!(parse(Charset::Gbk, &[("detail_data", b"T1^1.00^\xFF")]).err(), Some(InvalidCharacterSet));
}

#[test]
fn a_batch_reads_back_as_it_was_written() {
    let by_id = AccountRef { email: None, user_id: Some(UserId::new("2088000000000009")) };
    let royalty = vec![
        RoyaltyRefund {
            payer: AccountRef::by_email("carol@x.example"),
            receiver: by_id.clone(),
            amount: Fen(30),
            reason: "分润".to_owned(),
        },
        RoyaltyRefund { payer: by_id, ..share("dave@x.example") },
    ];
    let mut written = batch(vec![item("T1", 1_234, "不想要了"), RefundItem { royalty, ..item("T2", 1, "") }]);
    assert_eq!(
        written.items[1].wire(),
        "T2^0.01^|carol@x.example^^^2088000000000009^0.30^分润|^2088000000000009^dave@x.example^^0.01^"
    );
    for charset in [Charset::Utf8, Charset::Gbk] {
        written = RefundBatch { charset, use_freeze_amount: Some(true), ..written };
        let params = written.to_params().unwrap();
        assert_eq!(RefundBatch::parse(&params, charset, NOON).as_ref(), Ok(&written));
    }
    let thousand = |count: u32| batch((0..count).map(|n| item(&format!("T{n}"), 1, "x")).collect());
    assert!(thousand(1_000).to_params().is_ok());
    assert!(thousand(1_001).to_params().is_err());
}

fn share(receiver: &str) -> RoyaltyRefund {
    RoyaltyRefund {
        payer: AccountRef::by_email("p@x.example"),
        receiver: AccountRef::by_email(receiver),
        amount: Fen(1),
        reason: String::new(),
    }
}

/// The message of the vector 16, which names a returned charge for one item and none for the other.
#[test]
fn results_are_read_with_and_without_a_returned_charge() {
    let details = "2012022900000001^0.01^SUCCESS$seller@shop.example^2088000000000001^0.00^SUCCESS#2012022900000003^1.00^TRADE_HAS_CLOSED";
    let read = |changes: &[(&str, &str)]| -> Result<ReportedBatch, MissingField> {
        let mut params = Params::new();
        for (name, value) in [
            ("notify_time", "2012-03-01 08:00:00"),
            ("notify_type", "batch_refund_notify"),
            ("notify_id", "0123456789abcdef0123456789abcdefk2"),
            ("batch_no", "20120301001"),
            ("success_num", "1"),
            ("result_details", details),
        ] {
            let changed = changes.iter().find(|(known, _)| *known == name).map_or(value, |(_, value)| value);
            params.push(name, changed.as_bytes());
        }
        batch_refund_notify::parse(&params.decode(Charset::Gbk).unwrap())
    };
    let results = read(&[]).unwrap().results;
    assert_eq!((results.batch_no.as_str(), results.success_num), ("20120301001", 1));
    let charge = results.results[0].charge.as_ref().unwrap();
    assert_eq!((charge.email.as_str(), charge.amount), ("seller@shop.example", Fen::ZERO));
    assert_eq!(results.results[1].outcome, Outcome::Failed("TRADE_HAS_CLOSED".to_owned()));
    assert_eq!(results.results[1].charge, None);
    let body = batch_refund_notify::build(&results, Charset::Gbk).unwrap();
    assert_eq!(body.get("result_details"), Some(details.as_bytes()));

    for (name, value) in [
        ("notify_type", "trade_status_sync"),
        ("notify_time", "yesterday"),
        ("success_num", "many"),
        ("result_details", "T^1.00"),
        ("result_details", "T^x^SUCCESS"),
        ("result_details", "T^1.00^SUCCESS$a^b^c"),
        ("result_details", "T^1.00^SUCCESS#"),
    ] {
        assert_eq!(read(&[(name, value)]).unwrap_err(), MissingField::Malformed(name), "{value}");
    }
    assert_eq!(read(&[("batch_no", "")]).unwrap_err(), MissingField::Absent("batch_no"));
}

#[test]
fn an_account_name_cannot_break_the_list_of_results() {
    let charge = ReturnedCharge {
        email: "a#b^c$d@x.example".to_owned(),
        user_id: UserId::new("2088000000000001"),
        amount: Fen(1),
        outcome: Outcome::Success,
    };
    let result = ItemResult {
        trade_no: TradeNo::new("T1"),
        amount: Fen(100),
        outcome: Outcome::Success,
        charge: Some(charge),
    };
    let results = BatchResults { batch_no: BatchNo::new("b"), success_num: 1, results: vec![result] };
    let body = batch_refund_notify::build(&results, Charset::Utf8).unwrap();
    let expected = "T1^1.00^SUCCESS$^2088000000000001^0.01^SUCCESS";
    assert_eq!(body.get("result_details"), Some(expected.as_bytes()));
}

proptest! {
    #[test]
    fn no_text_of_an_item_panics_and_what_is_read_writes_the_same(text in "[T0-9.^|$#a-c 退]{0,60}") {
        if let Ok(item) = RefundItem::parse(&text, Charset::Gbk) {
            prop_assert_eq!(RefundItem::parse(&item.wire(), Charset::Gbk), Ok(item));
        }
    }
}
