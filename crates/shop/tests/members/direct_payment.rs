//! 直接付款模板界面 (direct-pay tutorial 3.1).

use danbao_merchant::protocol::charset::Charset;
use danbao_merchant::protocol::service::payment::PaymentRequest;
use danbao_merchant::protocol::service::payment::PaymentService;
use http::StatusCode;

use crate::town::{Browser, Town, location, signed_by_shop, text};
#[test]
fn the_direct_payment_page_needs_no_order_and_passes_the_bank_on() {
    let (mut town, mut browser) = (Town::new(), Browser::default());
    let page = town.page(&mut browser, "/direct");
    assert!(page.contains("收款方") && page.contains("竹里小铺") && page.contains("中国工商银行"));
    let pay = |town: &mut Town, browser: &mut Browser, bank: &str| {
        let fields = [("subject", "三月茶叶尾款"), ("body", "谢谢"), ("total_fee", "12.30"), ("bank", bank)];
        let response = town.post(browser, "/direct", &fields);
        PaymentRequest::parse(&signed_by_shop(&location(&response)), Charset::Utf8).unwrap()
    };
    let bank = pay(&mut town, &mut browser, "CMB");
    assert_eq!(bank.service, PaymentService::CreateDirectPayByUser);
    assert_eq!(
        (bank.direct.paymethod.as_deref(), bank.direct.defaultbank.as_deref()),
        (Some("bankPay"), Some("CMB"))
    );
    assert_eq!(bank.amount.goods_total().unwrap().to_string(), "12.30");
    assert_eq!((bank.subject.as_str(), bank.body.as_deref()), ("三月茶叶尾款", Some("谢谢")));
    let balance = pay(&mut town, &mut browser, "directPay");
    assert_eq!((balance.direct.paymethod.as_deref(), balance.direct.defaultbank), (Some("directPay"), None));
    let open = pay(&mut town, &mut browser, "");
    assert_eq!(open.direct.paymethod, None);
    assert!(town.page(&mut browser, &format!("/orders/{}", open.out_trade_no)).contains("三月茶叶尾款"));
    for (name, value, why) in [
        ("subject", "", "付款事由"),
        ("total_fee", "0", "金额要大于零"),
        ("total_fee", "-1", "金额要大于零"),
        ("total_fee", "1.234", "金额要大于零"),
        ("bank", "NOBANK", "没有这样一种付法"),
    ] {
        let mut fields = vec![("subject", "x"), ("total_fee", "1"), ("bank", "")];
        fields.retain(|(known, _)| *known != name);
        fields.push((name, value));
        let response = town.post(&mut browser, "/direct", &fields);
        assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY, "{name}={value}");
        assert!(text(&response).contains(why), "{name}={value}");
    }
}
