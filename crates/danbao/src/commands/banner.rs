//! What `up` says to whoever started it.

use std::fmt::Write;
use std::path::Path;

use crate::config::Lang;
use crate::installation::{Accounts, Installation};

struct Words {
    title: &'static str,
    shop: &'static str,
    desk: &'static str,
    api: &'static str,
    token: &'static str,
    data: &'static str,
    who: &'static str,
    buyer: &'static str,
    seller: &'static str,
    login_password: &'static str,
    payment_password: &'static str,
    partner: &'static str,
    key: &'static str,
    end: &'static str,
    stopping: &'static str,
}

const ZH: Words = Words {
    title: "担保 Danbao 已启动。这里只有模拟资金。",
    shop: "商店",
    desk: "收银台与交易管理",
    api: "沙箱接口",
    token: "沙箱令牌",
    data: "数据目录",
    who: "可用帐号",
    buyer: "买家",
    seller: "卖家",
    login_password: "登录密码",
    payment_password: "支付密码",
    partner: "合作者身份",
    key: "安全校验码",
    end: "按 Ctrl-C 停止；下次启动接着上次继续。",
    stopping: "正在停止……",
};

const EN: Words = Words {
    title: "Danbao is up. Play money only.",
    shop: "Shop",
    desk: "Cashier and desk",
    api: "Sandbox API",
    token: "Sandbox token",
    data: "Data",
    who: "Log in as",
    buyer: "buyer",
    seller: "seller",
    login_password: "login password",
    payment_password: "payment password",
    partner: "partner",
    key: "key",
    end: "Ctrl-C stops it; the next start continues where this one stopped.",
    stopping: "Stopping ...",
};

fn words(lang: Lang) -> &'static Words {
    match lang {
        Lang::Zh => &ZH,
        Lang::En => &EN,
    }
}

pub(super) fn up(lang: Lang, installation: &Installation, data: &Path) -> String {
    let words = words(lang);
    let gateway = installation.gateway_url();
    let accounts = installation.accounts();
    let places = [
        (words.shop, format!("{}/", installation.shop_url())),
        (words.desk, format!("{gateway}/")),
        (words.api, format!("{gateway}/sandbox/v1/openapi.json")),
        (words.token, accounts.sandbox_token.clone()),
        (words.data, data.display().to_string()),
    ];
    let mut text = format!("\n{}\n\n", words.title);
    let width = places.iter().map(|(name, _)| columns(name)).max().unwrap_or(0);
    for (name, place) in &places {
        line(&mut text, name, width, place);
    }
    people(&mut text, words, accounts);
    let _ = write!(text, "\n{}\n", words.end);
    text
}

fn people(text: &mut String, words: &Words, accounts: &Accounts) {
    let _ = write!(text, "\n{}\n\n", words.who);
    let width = columns(words.buyer).max(columns(words.seller)).max(columns(words.partner));
    let emails = accounts.buyers.iter().map(|buyer| &buyer.email).chain([&accounts.partner.seller_email]);
    let longest = emails.map(|email| columns(email)).max().unwrap_or(0);
    let person = |email: &str, login: &str, payment: &str| {
        let (login_password, payment_password) = (words.login_password, words.payment_password);
        format!("{email:longest$}   {login_password} {login}   {payment_password} {payment}")
    };
    for buyer in &accounts.buyers {
        let about = person(&buyer.email, &buyer.login_password, &buyer.payment_password);
        line(text, words.buyer, width, &about);
    }
    let partner = &accounts.partner;
    let about = person(&partner.seller_email, &partner.login_password, &partner.payment_password);
    line(text, words.seller, width, &about);
    let about = format!("{}   {} {}", partner.partner, words.key, partner.key);
    line(text, words.partner, width, &about);
}

pub(super) fn stopping(lang: Lang) -> String {
    format!("\n{}\n", words(lang).stopping)
}

fn line(text: &mut String, name: &str, width: usize, value: &str) {
    let gap = width.saturating_sub(columns(name)) + 3;
    // Writing to a String cannot fail.
    let _ = writeln!(text, "  {name}{:gap$}{value}", "");
}

/// Columns of a terminal that a text takes; Chinese characters take two.
pub(super) fn columns(text: &str) -> usize {
    text.chars().map(|character| if character.is_ascii() { 1 } else { 2 }).sum()
}
