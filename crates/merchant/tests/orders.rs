//! What an order is held against is made of the request itself, and only of one that can be paid and believed.
#![expect(clippy::unwrap_used, reason = "a test")]

use danbao_merchant::protocol::service::payment::BuildError;
use danbao_merchant::{
    Account, Amount, Charset, ErrorCode, Fen, LogisticsGroup, LogisticsPayment, LogisticsType, Md5Key,
    OrderFacts, OutTradeNo, PartnerId, Party, PaymentError, PaymentRequest, PaymentService, UserId,
};

fn account() -> Account {
    let (partner, seller) = (PartnerId::new("2088000000000001"), UserId::new("2088000000000002"));
    let key = Md5Key::new("k0k1k2k3k4k5k6k7k8k9kakbkckdkekf");
    Account::new(partner, key, "seller@example.com", seller, "http://127.0.0.1:8080/gateway.do").unwrap()
}

fn request(service: PaymentService) -> PaymentRequest {
    let amount = Amount { price: Fen(1990), quantity: 1, discount: Fen::ZERO };
    account().payment(service, Charset::Utf8, OutTradeNo::new("A-1"), "油纸伞", amount)
}

fn group(logistics_type: LogisticsType, fee: i64, logistics_payment: LogisticsPayment) -> LogisticsGroup {
    LogisticsGroup { logistics_type, logistics_fee: Fen(fee), logistics_payment }
}

#[test]
fn every_way_to_ship_has_its_total_and_equal_ones_are_one() {
    let mut escrow = request(PaymentService::CreatePartnerTradeByBuyer);
    escrow.logistics = vec![
        group(LogisticsType::Ems, 2200, LogisticsPayment::BuyerPay),
        group(LogisticsType::Express, 1000, LogisticsPayment::SellerPay),
        group(LogisticsType::Post, 500, LogisticsPayment::BuyerPayAfterReceive),
    ];
    assert_eq!(OrderFacts::of(&account(), &escrow).unwrap().total_fees, [Fen(1990), Fen(4190)]);
}

#[test]
fn what_the_gateway_would_refuse_is_no_order() {
    let refused = |request: &PaymentRequest| OrderFacts::of(&account(), request).unwrap_err();
    let code = |code| PaymentError::Build(BuildError::Refused(code));
    let direct = || request(PaymentService::CreateDirectPayByUser);

    let mut discounted = direct();
    discounted.amount.discount = Fen(-80);
    assert_eq!(refused(&discounted), code(ErrorCode::IllegalFeeParam), "direct pay has no discount");
    let mut free = direct();
    free.amount.price = Fen::ZERO;
    assert_eq!(refused(&free), code(ErrorCode::TotalFeeLessequalZero));
    let mut huge = direct();
    huge.amount = Amount { price: Fen(i64::MAX), quantity: i64::MAX, discount: Fen::ZERO };
    assert!(matches!(refused(&huge), PaymentError::Build(_) | PaymentError::TooLarge));
    assert!(
        matches!(refused(&request(PaymentService::TradeCreateByBuyer)), PaymentError::Build(_)),
        "no carriage"
    );
}

#[test]
fn an_order_of_another_partner_or_seller_would_never_be_believed_and_is_none() {
    let with = |change: &dyn Fn(&mut PaymentRequest)| {
        let mut request = request(PaymentService::CreateDirectPayByUser);
        change(&mut request);
        OrderFacts::of(&account(), &request).map(|facts| facts.seller_id)
    };
    let ours = Ok(UserId::new("2088000000000002"));
    assert_eq!(with(&|r| r.partner = PartnerId::new("2088000000000009")), Err(PaymentError::OtherPartner));
    assert_eq!(
        with(&|r| r.seller = Party::Email("other@example.com".into())),
        Err(PaymentError::OtherSeller)
    );
    assert_eq!(
        with(&|r| r.seller = Party::Id(UserId::new("2088000000000003"))),
        Err(PaymentError::OtherSeller)
    );
    assert_eq!(with(&|r| r.seller = Party::Id(UserId::new("2088000000000002"))), ours);
    assert_eq!(with(&|r| r.seller = Party::Email("Seller@Example.com".into())), ours);
}
