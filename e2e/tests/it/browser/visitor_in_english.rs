//! A whole purchase in English by somebody without an account, in a browser that runs no scripts.

use crate::browser::driver::Browser;
use crate::installation::Home;
use crate::merchant::DIRECT;

const EN: &str = "en";

#[test]
fn a_visitor_without_scripts_is_declined_by_a_bank_and_then_pays() {
    let Some(browser) = Browser::start("en-US,en") else { return };
    let home = Home::new();
    let danbao = home.start();
    browser.forbid_scripts();

    browser.open(&danbao.ready.shop);
    if browser.script("return document.documentElement.lang") != EN {
        browser.click("a[hreflang=en]");
    }
    browser.look("shop-shelf.en", EN, "Bamboo Lane");
    browser.click("a[href=\"/goods/bookmark\"]");
    browser.look("shop-good.en", EN, "bookmark");
    browser.put_into_cart(&danbao, "bookmark");
    browser.click("a[href=\"/checkout\"]");
    browser.choose("service", DIRECT);
    browser.click("details.developer summary");
    browser.click("select[name=via] option[value=form]");
    browser.look("shop-checkout.en", EN, "Bamboo Lane");
    browser.click("form.checkout button[type=submit]");
    // A browser that runs scripts would not have stopped here.
    browser.click("form#payment button");

    browser.await_url("/cashier/");
    browser.look("cashier.en", EN, "Cashier");
    browser.fill("#contact", "guest@example.com");
    browser.click("section[aria-labelledby=\"way-visitor\"] button");
    browser.await_url("/pay");
    browser.look("cashier-visitor.en", EN, "Danbao");
    browser.choose("bank", "ICBCB2C");
    browser.click(".submit button");
    browser.await_url("/bank/ICBCB2C");
    browser.look("bank.en", EN, "bank");
    browser.click("button[name=decision][value=decline]");
    browser.await_url("/pay");
    browser.await_has("[role=alert]");
    browser.look("cashier-declined.en", EN, "Danbao");
    browser.choose("bank", "CMB");
    browser.click(".submit button");
    browser.await_url("/bank/CMB");
    browser.click("button[name=decision][value=pay]");
    browser.await_url("/paid");
    browser.look("cashier-paid.en", EN, "Danbao");
    browser.await_url("/orders/");
    browser.look("shop-order.en", EN, "Bamboo Lane");

    let ledger = danbao.sandbox().get("/ledger");
    assert_eq!(ledger["imbalance"], "0.00");
    assert_eq!(ledger["accounts"]["bank:CMB"], "-0.01", "{ledger:#}");
}
