//! A shop of one's own: only a signed URL, and what the buyer or the developer sees of it.

use crate::browser::driver::Browser;
use crate::installation::Home;
use crate::merchant::DUAL;
use crate::receiver::Receiver;

#[test]
fn the_buyer_of_a_dual_trade_chooses_and_comes_back_to_the_merchant() {
    let Some(browser) = Browser::start("zh-CN,zh") else { return };
    let home = Home::new();
    let danbao = home.start();
    let receiver = Receiver::agreeable();
    let merchant = danbao.merchant().hearing_at(&receiver.notify_url(), &receiver.return_url());
    let buyer = &danbao.ready.buyers[1];
    for (mode, paid) in [("direct", "TRADE_FINISHED"), ("escrow", "WAIT_SELLER_SEND_GOODS")] {
        let out_trade_no = format!("DUAL-{mode}");
        let more = [
            ("body", "四块一盒，莲蓉蛋黄"),
            ("logistics_type_1", "EMS"),
            ("logistics_fee_1", "12.00"),
            ("logistics_payment_1", "BUYER_PAY"),
        ];
        browser.open(&merchant.payment_url_with(DUAL, &out_trade_no, "58.00", &more));
        browser.await_url("/cashier/");
        browser.choose("logistics", "1");
        browser.choose("mode", mode);
        browser.look(&format!("cashier-dual-{mode}.zh"), "zh-CN", "收银台");
        if browser.has("#account") {
            browser.sign_in_at_cashier(&buyer.email, &buyer.login_password);
        } else {
            browser.click("section[aria-labelledby=\"way-member\"] button");
            browser.await_url("/pay");
        }
        browser.look(&format!("cashier-dual-{mode}-pay.zh"), "zh-CN", "付款");
        browser.pay_by_balance(&buyer.payment_password);
        browser.await_url(&receiver.return_url());
        assert!(browser.url().contains("sign="), "{}", browser.url());
        browser.await_title("shop");
        let heard = receiver.await_heard(&out_trade_no, 2);
        assert_eq!(heard[1].text("trade_status"), paid);
        assert_eq!(heard[1].text("total_fee"), "70.00");
    }
}

#[test]
fn a_developer_who_signed_wrongly_sees_the_code_the_cause_and_the_cure() {
    let Some(browser) = Browser::start("zh-CN,zh") else { return };
    let home = Home::new();
    let danbao = home.start();
    let url = danbao.merchant().payment_url(DUAL, "WRONG1", "1.00");
    browser.open(&url.replace("price=1%2E00", "price=0%2E01"));
    browser.look("debug-error.zh", "zh-CN", "调试错误");
    assert_eq!(browser.text(".debug .code code"), "ILLEGAL_SIGN");
    browser.click("a[hreflang=en]");
    browser.look("debug-error.en", "en", "Debug");

    browser.open(&format!("{}/?lang=en", danbao.ready.gateway));
    browser.look("gateway-home.en", "en", "Danbao");
    browser.open(&format!("{}/desk/sign-in?lang=zh", danbao.ready.gateway));
    browser.look("desk-sign-in.zh", "zh-CN", "登录");
    browser.open(&format!("{}/nowhere", danbao.ready.gateway));
    browser.look("not-found.zh", "zh-CN", "担保");
}
