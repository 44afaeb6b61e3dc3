//! 担保交易, from the shop's shelf to the seller's money.

use crate::browser::driver::Browser;
use crate::installation::Home;
use crate::merchant::ESCROW;

const ZH: &str = "zh-CN";

#[test]
fn a_member_buys_in_escrow_by_balance_the_seller_ships_and_the_buyer_confirms() {
    let Some(browser) = Browser::start("zh-CN,zh") else { return };
    let home = Home::new();
    let danbao = home.start();
    let (buyer, seller) = (&danbao.ready.buyers[0], &danbao.ready.partner);

    browser.open(&danbao.ready.shop);
    browser.look("shop-shelf.zh", ZH, "竹里小铺");
    browser.put_into_cart(&danbao, "mooncake");
    browser.look("shop-cart.zh", ZH, "购物车");
    browser.click("a[href=\"/checkout\"]");
    browser.look("shop-checkout.zh", ZH, "结算");
    browser.choose("service", ESCROW);
    browser.click("form.checkout button[type=submit]");

    browser.await_url("/cashier/");
    browser.look("cashier.zh", ZH, "收银台");
    browser.fill("#account", &buyer.email);
    browser.fill("#login_password", "nonsense");
    browser.click("section[aria-labelledby=\"way-member\"] button");
    browser.await_has("[role=alert]");
    browser.look("cashier-wrong-password.zh", ZH, "收银台");
    browser.sign_in_at_cashier(&buyer.email, &buyer.login_password);
    browser.look("cashier-pay.zh", ZH, "付款");
    browser.pay_by_balance(&buyer.payment_password);
    browser.look("cashier-paid.zh", ZH, "付款成功");
    // Nobody clicks: the page goes back by itself after its countdown.
    browser.await_url(&danbao.ready.shop);
    browser.await_url("/orders/");
    browser.look("shop-order-paid.zh", ZH, "订单");
    let order = browser.url();
    let out_trade_no = order.split(['?', '/']).find(|part| part.len() > 10 && !part.contains(':'));
    let trade = danbao.sandbox().trades_of(out_trade_no.unwrap()).remove(0);
    let trade_no = trade["trade_no"].as_str().unwrap();
    assert_eq!(trade["trade_status"], "WAIT_SELLER_SEND_GOODS");

    browser.sign_in_at_desk(&danbao, &seller.seller_email, &seller.login_password);
    browser.look("desk-seller.zh", ZH, "交易管理");
    browser.open(&format!("{}/desk/trades/{trade_no}", danbao.ready.gateway));
    browser.look("desk-ship.zh", ZH, "担保");
    browser.fill("#logistics_name", "顺丰速运");
    browser.fill("#invoice_no", "SF1234567890");
    browser.click("form[action$=\"/send_goods\"] button");
    browser.await_has(".done[role=status]");
    assert_eq!(danbao.sandbox().trade(trade_no)["trade_status"], "WAIT_BUYER_CONFIRM_GOODS");

    browser.sign_in_at_desk(&danbao, &buyer.email, &buyer.login_password);
    browser.look("desk-buyer.zh", ZH, "交易管理");
    browser.open(&format!("{}/desk/trades/{trade_no}", danbao.ready.gateway));
    browser.fill("#payment_password", &buyer.payment_password);
    browser.look("desk-confirm.zh", ZH, "担保");
    browser.click("form[action$=\"/confirm_goods\"] button");
    browser.await_has(".done[role=status]");
    assert_eq!(danbao.sandbox().trade(trade_no)["trade_status"], "TRADE_FINISHED");
    browser.look("desk-finished.zh", ZH, "担保");

    danbao.sandbox().drain(&[trade_no.to_owned()]);
    browser.open(&order);
    browser.look("shop-order-finished.zh", ZH, "订单");
    assert_eq!(browser.text("header.state h1"), "交易完成");
    browser.open(&format!("{}/orders", danbao.ready.shop));
    browser.look("shop-orders.zh", ZH, "订单");
    assert_eq!(danbao.sandbox().get("/ledger")["imbalance"], "0.00");
}
