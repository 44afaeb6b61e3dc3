//! 快捷登录 in both orders, 使用我的收货地址 and 直接付款, in shop and gateway.

use serde_json::json;

use crate::browser::driver::Browser;
use crate::installation::{Danbao, Home};
use crate::merchant::{DIRECT, ESCROW};

const ZH: &str = "zh-CN";
const GREETING: &str = "支付宝用户张三";

impl Browser {
    /// From the shop's login page by the gateway back to the shop.
    fn sign_in_quickly(&self, danbao: &Danbao, look: &str) {
        self.await_url("/login?back=");
        self.look(&format!("shop-login{look}.zh"), ZH, "登录");
        let buyer = &danbao.ready.buyers[0];
        self.sign_in_as(danbao, &buyer.email, &buyer.login_password);
    }

    fn sign_in_as(&self, danbao: &Danbao, account: &str, login_password: &str) {
        self.click("form[action=\"/login\"] button");
        self.await_url("/handover/");
        self.fill("#account", account);
        self.fill("#login_password", login_password);
        self.click("form[action$=\"/sign-in\"] button");
        self.click("form[action$=\"/consent\"] button");
        self.await_url(&danbao.ready.shop);
    }

    fn finish_by_balance(&self, danbao: &Danbao, payment_password: &str) {
        self.pay_by_balance(payment_password);
        self.await_url(&danbao.ready.shop);
        self.await_url("/orders/");
    }
}

#[test]
fn login_first_then_buy_comes_back_to_the_goods_and_the_cashier_asks_for_no_login() {
    let Some(browser) = Browser::start("zh-CN,zh") else { return };
    let home = Home::new();
    let danbao = home.start();
    browser.open(&format!("{}/goods/tea", danbao.ready.shop));
    browser.click("a[href^=\"/login\"]");
    browser.sign_in_quickly(&danbao, "");
    assert_eq!(browser.url(), format!("{}/goods/tea", danbao.ready.shop), "the very page that was left");
    assert!(browser.text(".who").contains(GREETING));
    browser.look("shop-good-member.zh", ZH, "明前龙井");

    browser.click("form[action=\"/cart\"] button");
    browser.await_url("/cart");
    browser.click("a[href=\"/checkout\"]");
    browser.look("shop-checkout-member.zh", ZH, "结算");
    browser.choose("service", DIRECT);
    browser.click("aside.summary button[type=submit]");
    browser.await_url("/cashier/");
    browser.await_loaded();
    assert!(!browser.has("#login_password"), "the token saves the login at the cashier");
    browser.look("cashier-member.zh", ZH, "收银台");
}

#[test]
fn cart_first_then_login_keeps_the_cart_and_my_address_fills_in_the_order() {
    let Some(browser) = Browser::start("zh-CN,zh") else { return };
    let home = Home::new();
    let danbao = home.start();
    browser.forbid_scripts();
    browser.put_into_cart(&danbao, "mooncake");
    browser.look("shop-cart-guest.zh", ZH, "购物车");
    browser.click("a.button[href^=\"/login\"]");
    browser.sign_in_quickly(&danbao, "-checkout");
    assert_eq!(browser.url(), format!("{}/checkout", danbao.ready.shop), "the first page of the order");
    assert!(browser.text("aside.summary").contains("蛋黄莲蓉月饼"), "the cart is as it was");

    browser.click("button.strong[formaction=\"/address\"]");
    browser.await_url("/handover/");
    browser.look("address-choice.zh", ZH, "地址");
    browser.click("form[action$=\"/choose\"] button.big");
    browser.click("form[action$=\"/address/return\"] button");
    browser.await_url("/checkout");
    browser.await_has(".region");
    browser.look("shop-checkout-address.zh", ZH, "结算");
    assert_eq!(browser.text(".region b"), "上海市 普陀");
    browser.choose("service", ESCROW);
    browser.click("aside.summary button[type=submit]");
    browser.await_url("/cashier/");
    browser.await_loaded();
    assert!(!browser.has("#login_password"), "the token saves the login at the cashier");
}

#[test]
fn regions_that_the_shop_writes_otherwise_are_the_buyers_to_choose_and_a_stale_token_costs_a_login_alone() {
    let Some(browser) = Browser::start("zh-CN,zh") else { return };
    let home = Home::new();
    let danbao = home.start();
    let entry = |area_code: &str| json!({ "name": "古丽", "address": "团结路 8 号", "area_code": area_code, "zip": "848000", "mobile": "13900000009" });
    // 和田县, which the shop has together with the city; 姑苏区, which it does not have.
    let book = [entry("653221"), entry("320508")];
    let user = json!({ "email": "guli@danbao.example", "display_name": "古丽", "login_password": "login123",
        "payment_password": "pay123", "balance": "100.00", "addresses": book });
    danbao.sandbox().post("/users", &user).unwrap();
    browser.put_into_cart(&danbao, "mooncake");
    browser.click("a.button[href^=\"/login\"]");
    browser.sign_in_as(&danbao, "guli@danbao.example", "login123");
    browser.await_url("/checkout");
    let choose = |nth: usize| {
        browser.click("button[formaction=\"/address\"]");
        browser.await_url("/handover/");
        browser.click(&format!("fieldset label.option:nth-of-type({nth})"));
        browser.click("form[action$=\"/choose\"] button.big");
        browser.click("form[action$=\"/address/return\"] button");
        browser.await_has(".region");
    };
    choose(2);
    browser.look("shop-checkout-no-region.zh", ZH, "结算");
    assert!(browser.has(".region select[name=region]"));
    choose(1);
    browser.look("shop-checkout-ambiguous.zh", ZH, "结算");
    assert!(browser.text(".region").contains("新疆维吾尔自治区 和田地区 和田县"));
    browser.click(".region label.way");
    browser.choose("service", ESCROW);

    danbao.sandbox().advance(31 * 60);
    browser.click("aside.summary button[type=submit]");
    browser.await_url("/cashier/");
    browser.sign_in_at_cashier("guli@danbao.example", "login123");
    assert!(browser.text("main").contains("新疆 和田地区 和田 团结路 8 号"));
}

#[test]
fn a_buyer_from_etao_lands_on_the_goods_under_the_name_that_etao_knows_and_pays_directly() {
    let Some(browser) = Browser::start("zh-CN,zh") else { return };
    let home = Home::new();
    let danbao = home.start();
    let buyer = &danbao.ready.buyers[0];
    // etao knows where a merchant wants its visitors from the merchant's last login.
    browser.open(&format!("{}/login", danbao.ready.shop));
    browser.click("form[action=\"/login\"] button");
    browser.await_url("/handover/");
    browser.sign_in_at_desk(&danbao, &buyer.email, &buyer.login_password);
    browser.open(&format!("{}/etao", danbao.ready.gateway));
    let goods = format!("{}/goods/cup?from=etao", danbao.ready.shop);
    browser.fill("#target_url", &goods);
    browser.choose("visitor", "market");
    browser.click("main form[action=\"/etao\"] button");
    browser.await_url("/goods/cup");
    assert_eq!(browser.url(), goods, "target_url is followed");
    assert!(browser.text(".who").contains("支付宝用户三月竹"), "the nickname is shown");
    browser.look("shop-good-etao.zh", ZH, "缠枝青花杯");
    browser.click("form[action=\"/cart\"] button");
    browser.await_url("/cart");
    browser.click("a[href=\"/checkout\"]");
    browser.choose("service", DIRECT);
    browser.click("aside.summary button[type=submit]");
    browser.await_url("/cashier/");
    browser.await_loaded();
    assert!(!browser.has("#login_password"), "the token saves the login at the cashier");
}

#[test]
fn a_payment_without_an_order_is_made_on_the_template_page() {
    let Some(browser) = Browser::start("zh-CN,zh") else { return };
    let home = Home::new();
    let danbao = home.start();
    let buyer = &danbao.ready.buyers[0];
    browser.open(&format!("{}/direct", danbao.ready.shop));
    browser.look("shop-direct.zh", ZH, "直接付款");
    browser.fill("input[name=subject]", "三月茶叶尾款");
    browser.fill("input[name=total_fee]", "0.01");
    browser.choose("bank", "directPay");
    browser.click("form.direct button[type=submit]");
    browser.await_url("/cashier/");
    browser.sign_in_at_cashier(&buyer.email, &buyer.login_password);
    browser.finish_by_balance(&danbao, &buyer.payment_password);
    browser.look("shop-order-direct.zh", ZH, "订单");
    assert!(browser.text("main").contains("三月茶叶尾款"));
}

#[test]
fn the_shop_of_a_member_in_english() {
    let Some(browser) = Browser::start("en-US,en") else { return };
    let home = Home::new();
    let danbao = home.start();
    browser.open(&format!("{}/login?back=/checkout", danbao.ready.shop));
    browser.look("shop-login.en", "en", "Sign in");
    browser.open(&format!("{}/direct", danbao.ready.shop));
    browser.look("shop-direct.en", "en", "Direct payment");
    browser.open(&format!("{}/login/return?sign=forged", danbao.ready.shop));
    browser.look("shop-turned-away.en", "en", "not signed in");
}
