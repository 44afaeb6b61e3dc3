//! What the three payment services accept and what they refuse: one line a request, the refusal at the end.
//!
//! Each line starts from a good request and changes it: `name=value` sets, `name=` sends it empty, `-name` leaves it
//! out. Values are plain text.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use danbao_protocol::charset::Charset;
use danbao_protocol::error_code::ErrorCode::{self, *};
use danbao_protocol::money::Fen;
use danbao_protocol::params::Params;
use danbao_protocol::service::payment::{
    Amount, BuildError, LogisticsPayment, LogisticsType, Party, PayTimeout, PaymentRequest, RoyaltyShare,
};

const DIRECT: &str = "service=create_direct_pay_by_user partner=2088000000000001 _input_charset=utf-8 \
    out_trade_no=A-1 subject=录音笔 payment_type=1 total_fee=0.01 seller_email=seller@shop.example";
const ESCROW: &str = "service=create_partner_trade_by_buyer partner=2088000000000001 _input_charset=utf-8 \
    out_trade_no=A-1 subject=录音笔 payment_type=1 price=328.00 quantity=1 seller_email=seller@shop.example \
    logistics_type=EXPRESS logistics_fee=10.00 logistics_payment=BUYER_PAY";
const DUAL: &str = "service=trade_create_by_buyer partner=2088000000000001 _input_charset=utf-8 \
    out_trade_no=A-1 subject=录音笔 payment_type=1 price=328.00 quantity=1 seller_email=seller@shop.example \
    logistics_type=EXPRESS logistics_fee=10.00 logistics_payment=BUYER_PAY";

fn request(base: &str, changes: &str) -> Params {
    let mut params = Params::new();
    for pair in base.split_whitespace().chain(changes.split_whitespace()) {
        match (pair.strip_prefix('-'), pair.split_once('=')) {
            (Some(name), None) => assert!(params.remove(name), "{name} is not there"),
            (_, Some((name, value))) => {
                params.remove(name);
                params.push(name, value.as_bytes());
            }
            (None, None) => panic!("{pair}"),
        }
    }
    params
}

fn parse(base: &str, changes: &str) -> Result<PaymentRequest, ErrorCode> {
    PaymentRequest::parse(&request(base, changes), Charset::Utf8)
}

fn refused(base: &str, table: &[(&str, ErrorCode)]) {
    for (changes, code) in table {
        assert_eq!(parse(base, changes).map(|_| "accepted").unwrap_err(), *code, "{changes}");
    }
}

fn accepted(base: &str, table: &[&str]) {
    for changes in table {
        if let Err(code) = parse(base, changes) {
            panic!("{changes}: {code}");
        }
    }
}

#[test]
fn all_three_services_refuse_the_same_things() {
    let long = |name: &str, chars: usize| format!("{name}={}", "字".repeat(chars));
    for base in [DIRECT, ESCROW, DUAL] {
        refused(
            base,
            &[
                ("-service", IllegalService),
                ("service=CREATE_DIRECT_PAY_BY_USER", IllegalService),
                ("service=send_goods_confirm_by_platform", IllegalService),
                ("-partner", IllegalPartner),
                ("partner=", IllegalPartner),
                ("partner=208800000000000", IllegalPartner),
                ("partner=1088000000000001", IllegalPartner),
                ("-out_trade_no", IllegalArgument),
                ("out_trade_no=", IllegalArgument),
                ("-subject", IllegalArgument),
                ("-seller_email", IllegalArgument),
                ("seller_email= seller_id= seller_account_name=", IllegalArgument),
                ("notify_url=shop.example/notify", IllegalArgument),
                ("notify_url=ftp://shop.example/notify", IllegalArgument),
                ("notify_url=http://", IllegalArgument),
                ("return_url=javascript:alert(1)", IllegalArgument),
                ("return_url=http://:80/", IllegalArgument),
                ("payment_type=9", IllegalPaymentType),
                ("it_b_pay=1.5h", IllegalOuttimeArgument),
                ("it_b_pay=16d", IllegalOuttimeArgument),
                ("subject=a\0b", IllegalArgument),
            ],
        );
        for (name, limit) in
            [("out_trade_no", 64), ("subject", 256), ("seller_email", 100), ("show_url", 400)]
        {
            refused(base, &[(&long(name, limit + 1), IllegalArgument)]);
            accepted(base, &[&long(name, limit)]);
        }
        accepted(
            base,
            &[
                "notify_url=http://shop.example:8080/notify.php?own=1 return_url=HTTPS://shop.example",
                "seller_email= seller_id=1000000000000000",
                "-seller_email seller_account_name=alias",
                "agent=x buyer_msg=y an_unknown_one=z logistics_payment_3=w",
                "it_b_pay=1c",
                "it_b_pay=",
            ],
        );
    }
}

#[test]
fn carriage_is_offered_in_whole_groups_one_after_the_other() {
    let second = "logistics_type_1=POST logistics_fee_1=0 logistics_payment_1=SELLER_PAY";
    let third = "logistics_type_2=EMS logistics_fee_2=20 logistics_payment_2=BUYER_PAY_AFTER_RECEIVE";
    for base in [ESCROW, DUAL] {
        refused(
            base,
            &[
                ("-logistics_type", IllegalLogisticsFormat),
                ("-logistics_payment", IllegalLogisticsFormat),
                ("-logistics_type -logistics_fee -logistics_payment", IllegalLogisticsFormat),
                ("logistics_type=express", IllegalLogisticsFormat),
                ("logistics_type=TRUCK", IllegalLogisticsFormat),
                ("logistics_payment=NOBODY", IllegalLogisticsFormat),
                ("logistics_fee=free", IllegalLogisticsFormat),
                ("logistics_fee=-1", IllegalLogisticsFormat),
                ("logistics_fee=1.234", IllegalLogisticsFormat),
                ("logistics_fee_1=5.00", IllegalLogisticsFormat),
                ("logistics_type_1=POST logistics_fee_1=5.00", IllegalLogisticsFormat),
                (third, IllegalLogisticsFormat),
                (
                    "logistics_type_1=EXPRESS logistics_fee_1=0 logistics_payment_1=SELLER_PAY",
                    IllegalLogisticsFormat,
                ),
            ],
        );
        accepted(base, &["-logistics_fee", "logistics_fee=0", second, &format!("{second} {third}")]);
    }
    let three = parse(ESCROW, &format!("{second} {third}")).unwrap();
    let groups: Vec<_> = three.logistics.iter().map(|g| (g.logistics_type, g.logistics_fee)).collect();
    let expected =
        [(LogisticsType::Express, Fen(1000)), (LogisticsType::Post, Fen(0)), (LogisticsType::Ems, Fen(2000))];
    assert_eq!(groups, expected);
    assert_eq!(three.logistics[2].logistics_payment, LogisticsPayment::BuyerPayAfterReceive);
    assert_eq!(parse(ESCROW, "-logistics_fee").unwrap().logistics[0].logistics_fee, Fen::ZERO);
}

#[test]
fn escrow_and_dual_amounts_must_make_sense() {
    for base in [ESCROW, DUAL] {
        refused(
            base,
            &[
                ("-price", IllegalArgument),
                ("price=0", IllegalFeeParam),
                ("price=-1", IllegalFeeParam),
                ("price=1.001", IllegalFeeParam),
                ("price=.5", IllegalFeeParam),
                ("price=1e3", IllegalFeeParam),
                ("price=１", IllegalFeeParam),
                ("price=1,000.00", IllegalFeeParam),
                ("price=1000000.01", IllegalFeeParam),
                ("price=99999999999999999999999999", IllegalFeeParam),
                ("-quantity", IllegalArgument),
                ("quantity=0", IllegalArgument),
                ("quantity=-1", IllegalArgument),
                ("quantity=+1", IllegalArgument),
                ("quantity=1.0", IllegalArgument),
                ("quantity=two", IllegalArgument),
                ("discount=abc", IllegalFeeParam),
                ("discount=-100000000.01", IllegalFeeParam),
                ("discount=-338.00", TotalFeeLessequalZero),
                ("discount=-400", TotalFeeLessequalZero),
                ("price=1000000.00", TotalFeeGreaterThanMax),
                ("quantity=9223372036854775807", TotalFeeGreaterThanMax),
                ("total_fee=328.01", IllegalFeeParam),
                ("total_fee=348.00", IllegalFeeParam),
                ("total_fee=lots", IllegalFeeParam),
                ("discount=-3 total_fee=338.00", IllegalFeeParam),
                ("-payment_type", IllegalPaymentType),
            ],
        );
        accepted(
            base,
            &[
                "total_fee=0",
                "total_fee=",
                "total_fee=328",
                "total_fee=338.00",
                "discount=-3.00 total_fee=325.00",
                "discount=-3.00 total_fee=335.00",
                "discount=-337.99",
                "price=1000000.00 logistics_payment=SELLER_PAY",
            ],
        );
    }
    // The sample of the escrow document: 3003 - 3 + 10 = 3010.
    let sample = parse(ESCROW, "price=3003 discount=-3.00 total_fee=3000").unwrap();
    assert_eq!(sample.amount.payable(Some(&sample.logistics[0])), Some(Fen(301_000)));
    refused(DUAL, &[("payment_type=01", IllegalPaymentType)]);
    accepted(ESCROW, &["payment_type=01", "payment_type=02", "payment_type=04"]);
}

#[test]
fn a_direct_payment_names_its_amount_in_one_of_two_ways() {
    refused(
        DIRECT,
        &[
            ("-total_fee", IllegalArgument),
            ("-total_fee price=1", IllegalArgument),
            ("-total_fee quantity=1", IllegalArgument),
            ("-total_fee price=1 quantity=1.0", IllegalArgument),
            ("price=0.01 quantity=1", IllegalFeeParam),
            ("price=0.01", IllegalFeeParam),
            ("quantity=1", IllegalFeeParam),
            ("total_fee=abc", IllegalFeeParam),
            ("total_fee=-1", IllegalFeeParam),
            ("total_fee=0.001", IllegalFeeParam),
            ("total_fee=100000000.01", IllegalFeeParam),
            ("total_fee=0", TotalFeeLessequalZero),
            ("-total_fee price=1000000 quantity=101", IllegalFeeParam),
            ("-total_fee price=0.01 quantity=9223372036854775807", IllegalFeeParam),
        ],
    );
    accepted(
        DIRECT,
        &["total_fee=100000000.00", "price= quantity=", "-total_fee price=0.5 quantity=3", "-payment_type"],
    );
    let by_total = parse(DIRECT, "total_fee=338").unwrap().amount;
    assert_eq!(by_total, Amount { price: Fen(33_800), quantity: 1, discount: Fen::ZERO });
    let shop_that_sends_everything = "logistics_type=nonsense logistics_fee=x receive_name=张三";
    let request = parse(DIRECT, shop_that_sends_everything).unwrap();
    assert!(request.logistics.is_empty() && request.receive.is_none());
}

#[test]
fn a_token_may_have_forty_characters_in_every_service() {
    for service in [DIRECT, ESCROW, DUAL] {
        let of = |length: usize| parse(service, &format!("token={}", "x".repeat(length)));
        assert_eq!(of(41).unwrap_err(), TokenLenTooLong, "{service}");
        assert_eq!(of(40).unwrap().token.unwrap().as_str().len(), 40);
    }
}

#[test]
fn direct_pay_has_parameters_of_its_own() {
    let too_long = format!("royalty_type=10 royalty_parameters=r@e^1.00^{}", "x".repeat(1000));
    let eleven = format!("royalty_type=10 royalty_parameters={}", ["r@e^1.00^x"; 11].join("|"));
    let long_param = format!("extra_common_param={}", "x".repeat(101));
    let long_token = format!("token={}", "x".repeat(41));
    let many_pairs = format!("extend_param={}", ["a^1"; 21].join("|"));
    let long_pair = format!("extend_param=a^{}", "x".repeat(999));
    refused(
        DIRECT,
        &[
            ("royalty_type=9 royalty_parameters=r@e^1.00^x", RoyaltyTypeError),
            ("royalty_parameters=r@e^1.00^x", RoyaltyTypeError),
            ("royalty_type=10", RoyaltyForamtError),
            ("royalty_type=10 royalty_parameters=r@e^1.00", RoyaltyForamtError),
            ("royalty_type=10 royalty_parameters=r@e^abc^x", RoyaltyForamtError),
            ("royalty_type=10 royalty_parameters=r@e^0^x", RoyaltyForamtError),
            ("royalty_type=10 royalty_parameters=^1.00^x", RoyaltyForamtError),
            ("royalty_type=10 royalty_parameters=r@e^1.00^x|", RoyaltyForamtError),
            ("royalty_type=10 royalty_parameters=a^b^c^1.00^x", RoyaltyForamtError),
            (&eleven, RoyaltyForamtError),
            (&too_long, RoyaltyLengthError),
            ("paymethod=cheque", IllegalArgument),
            ("paymethod=bankPay", DefaultBankInvalid),
            ("paymethod=bankPay defaultbank=NOBANK", DefaultBankInvalid),
            ("need_ctu_check=yes", NeedCtuCheckParameterError),
            ("exter_invoke_ip=1234567890123456", IllegalExterInvokeIp),
            ("extra_common_param=a=b", IllegalExtraCommonParam),
            ("extra_common_param=a&b", IllegalExtraCommonParam),
            (&long_param, IllegalExtraCommonParam),
            (&long_token, TokenLenTooLong),
            ("error_notify_url=nowhere", IllegalArgument),
            ("enable_paymethod=directPay^barter", ChannelNotExist),
            ("extend_param=isv", IllegalArgument),
            ("extend_param=^1", IllegalArgument),
            ("extend_param=a^1^2", IllegalArgument),
            ("extend_param=a^1|", IllegalArgument),
            (&many_pairs, IllegalArgument),
            (&long_pair, IllegalArgument),
        ],
    );
    let request = parse(
        DIRECT,
        "paymethod=bankpay defaultbank=ICBCB2C enable_paymethod=directpay^BANKPAY royalty_type=10 \
         royalty_parameters=r@e^1.00^half|r@e^s@e^0.5^ exter_invoke_ip= extend_param=isv^1|note^ extra_common_param=a#b%c+d",
    )
    .unwrap();
    assert_eq!(request.direct.paymethod.as_deref(), Some("bankPay"));
    assert_eq!(request.direct.enable_paymethod, ["directPay", "bankPay"]);
    let pairs: Vec<_> =
        request.direct.extend_param.iter().map(|pair| (pair.name.as_str(), pair.value.as_str())).collect();
    assert_eq!(pairs, [("isv", "1"), ("note", "")]);
    assert_eq!(request.direct.exter_invoke_ip.as_deref(), Some(""));
    assert_eq!(parse(DIRECT, "").unwrap().direct.exter_invoke_ip, None);
    assert_eq!(request.direct.extra_common_param.as_deref(), Some("a#b%c+d"));
    let second = RoyaltyShare {
        payer_email: Some("r@e".to_owned()),
        receiver_email: "s@e".to_owned(),
        amount: Fen(50),
        memo: String::new(),
    };
    assert_eq!(request.direct.royalty[1], second);
    assert_eq!(request.direct.royalty[0].payer_email, None);
}

#[test]
fn an_account_is_named_by_id_before_e_mail_before_alias() {
    let all = parse(
        ESCROW,
        "seller_id=2088000000000009 seller_account_name=x buyer_email=b@e buyer_account_name=y",
    );
    let all = all.unwrap();
    assert!(matches!(all.seller, Party::Id(id) if id.as_str() == "2088000000000009"));
    assert_eq!(all.buyer, Some(Party::Email("b@e".to_owned())));
    assert_eq!(parse(ESCROW, "").unwrap().buyer, None);
}

#[test]
fn time_outs_are_read_for_escrow_and_left_alone_for_direct_pay() {
    refused(
        ESCROW,
        &[
            ("t_s_send_1=7", IllegalOuttimeArgument),
            ("t_s_send_2=0d", IllegalOuttimeArgument),
            ("t_b_rec_post=7h", IllegalOuttimeArgument),
        ],
    );
    let request = parse(ESCROW, "t_s_send_1=3d t_s_send_2=7d t_b_rec_post=30d it_b_pay=90m").unwrap();
    assert_eq!(request.timeouts.t_s_send_1_days, Some(3));
    assert_eq!(request.timeouts.t_b_rec_post_days, Some(30));
    assert_eq!(request.timeouts.it_b_pay, Some(PayTimeout::After(Duration::from_secs(5400))));
    assert!(parse(DIRECT, "t_s_send_1=nonsense").unwrap().timeouts.is_empty());
}

#[test]
fn bytes_that_are_not_text_are_refused_for_their_charset() {
    let mut params = request(DIRECT, "-subject");
    params.push("subject", b"\xB2\xE2\xCA");
    assert_eq!(PaymentRequest::parse(&params, Charset::Utf8), Err(IllegalCharset));
    assert_eq!(PaymentRequest::parse(&params, Charset::Gbk), Err(IllegalCharset));
    params.remove("subject");
    params.push("subject", b"\xB2\xE2");
    assert_eq!(PaymentRequest::parse(&params, Charset::Gbk).unwrap().subject, "测");
}

#[test]
fn a_built_request_reads_back_as_it_was() {
    let full_direct = "notify_url=http://s/n return_url=http://s/r show_url=http://s/g body=细节 buyer_email=b@e \
        it_b_pay=1c token=t paymethod=bankPay defaultbank=CMB enable_paymethod=directPay^cash royalty_type=10 \
        royalty_parameters=r@e^0.01^x anti_phishing_key=k exter_invoke_ip=1.2.3.4 extra_common_param=e \
        extend_param=isv^1 error_notify_url=http://s/e item_orders_info=i";
    let full_escrow = "discount=-3 t_s_send_1=3d t_s_send_2=7d t_b_rec_post=30d it_b_pay=2h receive_name=张三 \
        receive_address=上海市 receive_zip=200062 receive_phone=1 receive_mobile=2 token=t buyer_id=2088 \
        logistics_type_1=EMS logistics_fee_1=20.00 logistics_payment_1=SELLER_PAY";
    for (base, changes) in [
        (DIRECT, ""),
        (DIRECT, full_direct),
        (DIRECT, "-total_fee price=0.50 quantity=3"),
        (ESCROW, ""),
        (ESCROW, full_escrow),
        (DUAL, "anti_phishing_key=k"),
    ] {
        let request = parse(base, changes).unwrap();
        let again = PaymentRequest::parse(&request.to_params().unwrap(), Charset::Utf8).unwrap();
        assert_eq!(again, request, "{base} {changes}");
    }
}

#[test]
fn a_request_that_cannot_be_sent_is_refused_before_it_is_sent() {
    let good = parse(DIRECT, "").unwrap();
    let mislabelled = PaymentRequest { charset_label: String::new(), ..good.clone() };
    assert_eq!(mislabelled.to_params(), Err(BuildError::CharsetLabel));
    let gbk = PaymentRequest {
        charset: Charset::Gbk,
        charset_label: "GBK".to_owned(),
        subject: "😀".to_owned(),
        ..good.clone()
    };
    assert!(matches!(gbk.to_params(), Err(BuildError::Unmappable { name: "subject", .. })));
    let free = PaymentRequest { amount: Amount { price: Fen(0), ..good.amount }, ..good.clone() };
    assert_eq!(free.to_params(), Err(BuildError::Refused(TotalFeeLessequalZero)));
    let discounted = PaymentRequest { amount: Amount { discount: Fen(-1), ..good.amount }, ..good };
    assert_eq!(discounted.to_params(), Err(BuildError::Refused(IllegalFeeParam)));
}

#[test]
fn a_page_links_to_goods_only_by_http() {
    assert_eq!(parse(DIRECT, "show_url=http://s/g").unwrap().show_url_link(), Some("http://s/g"));
    assert_eq!(parse(DIRECT, "show_url=javascript:alert(1)").unwrap().show_url_link(), None);
}
