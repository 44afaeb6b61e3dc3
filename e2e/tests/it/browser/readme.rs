//! The pictures of the README: `cargo xtask screenshots` takes them again.

use std::path::Path;

use crate::browser::driver::Browser;
use crate::installation::Home;
use crate::merchant::DUAL;
use crate::requirement;

/// What a reader should have to load for a picture.
const PICTURE_BYTES_MAX: usize = 200_000;

#[test]
#[ignore = "writes docs/images; run by cargo xtask screenshots"]
fn pictures_of_cashier_and_shop() {
    let Some(browser) = Browser::start("zh-CN,zh") else { return };
    let home = Home::new();
    let danbao = home.start();
    browser.set_width(1280, 800);
    browser.open(&danbao.ready.shop);
    save(&browser, "shop.zh.png");
    browser.put_into_cart(&danbao, "mooncake");
    browser.click("a[href=\"/checkout\"]");
    browser.choose("service", DUAL);
    browser.click("form.checkout button[type=submit]");
    browser.await_url("/cashier/");
    save(&browser, "cashier.zh.png");
}

fn save(browser: &Browser, name: &str) {
    let directory = requirement::workspace().join("docs/images");
    std::fs::create_dir_all(&directory).unwrap();
    let picture = browser.picture();
    assert!(picture.len() <= PICTURE_BYTES_MAX, "{name} has {} bytes", picture.len());
    std::fs::write(Path::new(&directory).join(name), picture).unwrap();
}
