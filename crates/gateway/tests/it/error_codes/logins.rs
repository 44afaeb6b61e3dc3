//! What the quick login and the address query refuse, to a browser.

use std::time::Duration;

use super::super::browser::Browser;
use super::super::login::login;
use super::super::order::Call;
use super::super::world::{Merchant, minutes};
use super::payments::withheld_code;
use super::stage::{FROZEN, OTHER_BROWSER, Stage, stamp};
use super::{Asked, HERE, NOBODY, OTHER_PAGE, Row, SHOP_PAGE, heard, heard_from, row, steps};

pub(super) const LOGIN: &str = "alipay.auth.authorize";
pub(super) const ADDRESS: &str = "user.logistics.address.query";

pub(super) fn rows(stage: &Stage) -> Vec<Row> {
    let mut rows = admission(stage, LOGIN, login);
    rows.extend(admission(stage, ADDRESS, address));
    rows.extend(logins(stage));
    rows.extend(phishing(stage));
    rows
}

pub(super) fn address(merchant: &Merchant) -> Call {
    Call::new(merchant, ADDRESS).with("return_url", "http://shop.example/address/return")
}

fn admission(stage: &Stage, service: &'static str, make: fn(&Merchant) -> Call) -> Vec<Row> {
    let good = || make(&stage.shop);
    let no_key = if service == LOGIN { "HAS_NO_PUBLICKEY" } else { "ILLEGAL_SECURITY_PROFILE" };
    let mut rows = vec![
        row("ILLEGAL_PARTNER", service, "no such partner", good().with("partner", NOBODY)),
        row("HAS_NO_PRIVILEGE", service, "the contract does not name it", make(&stage.bare)),
        row("ILLEGAL_CHARSET", service, "unknown", good().with("_input_charset", "big5")),
        row("ILLEGAL_SIGN_TYPE", service, "lower case", good().signed_then("sign_type", "md5")),
        row("ILLEGAL_SIGN_TYPE", service, "unsigned", good().unsigned_url()),
        row(no_key, service, "no key of the kind", good().signed_then("sign_type", "RSA")),
        row("ILLEGAL_SIGN", service, "another key", good().keyed("0123456789abcdef0123456789abcdef")),
        row("ILLEGAL_SIGN", service, "altered", good().signed_then("return_url", "http://evil.example/")),
        row("ILLEGAL_ARGUMENT", service, "no way back", good().without("return_url")),
        row("ILLEGAL_ARGUMENT", service, "no address", good().with("return_url", "javascript:alert(1)")),
        steps("SESSION_TIMEOUT", service, "more than half an hour later", {
            let url = good().url();
            move |world| {
                let mut browser = Browser::default();
                let page = browser.open(world, &url);
                world.later(minutes(31));
                browser.open(world, &page.at).code()
            }
        }),
    ];
    for (why, merchant) in &stage.withheld {
        rows.push(row(withheld_code(why), service, why, make(merchant)));
    }
    rows
}

fn logins(stage: &Stage) -> Vec<Row> {
    let good = || login(&stage.shop);
    let elsewhere = Asked::From(login(&stage.registered).url(), HERE, OTHER_PAGE);
    vec![
        row("ILLEGAL_TARGET_SERVICE", LOGIN, "none", good().without("target_service")),
        row("ILLEGAL_TARGET_SERVICE", LOGIN, "another", good().with("target_service", "user.auth.login")),
        row("ILLEGAL_REQUEST_REFERER", LOGIN, "led there by a foreign page", elsewhere),
        row("USER_NOT_EXIST", LOGIN, "nobody", good().with("email", "nobody@x.example")),
        row("alipayuser_status_error", LOGIN, "frozen", good().with("email", FROZEN)),
    ]
}

fn phishing(stage: &Stage) -> Vec<Row> {
    let guarded = stage.guarded.clone();
    let after = |code, cause, seconds: u64, ip: &'static str, browser: &'static str| {
        let guarded = guarded.clone();
        steps(code, LOGIN, cause, move |world| {
            let key = stamp(world, &guarded);
            world.later(Duration::from_secs(seconds));
            let call = login(&guarded).with("anti_phishing_key", &key).with("exter_invoke_ip", ip);
            heard_from(world, &call.url(), Some((browser, SHOP_PAGE)))
        })
    };
    let none = guarded.clone();
    vec![
        steps("ILLEGAL_ANTI_PHISHING_KEY", LOGIN, "none", move |world| heard(world, &login(&none).url())),
        after("ANTI_PHISHING_KEY_TIMEOUT", "31 seconds old", 31, HERE, HERE),
        after("ILLEGAL_EXTER_INVOKE_IP", "empty", 1, "", HERE),
        after("ILLEGAL_EXTER_INVOKE_IP", "not the browser's", 1, HERE, OTHER_BROWSER),
    ]
}
