//! What `up` says to whoever started it.

use std::fmt::Write;
use std::path::Path;

use serde::Deserialize;

use super::text::texts;
use crate::config::Lang;
use crate::installation::{Accounts, Installation};

/// Its words, table `banner` of the text files.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Words {
    title: String,
    shop: String,
    desk: String,
    api: String,
    token: String,
    data: String,
    who: String,
    buyer: String,
    seller: String,
    login_password: String,
    payment_password: String,
    partner: String,
    key: String,
    end: String,
    stopping: String,
}

pub(super) fn up(lang: Lang, installation: &Installation, data: &Path) -> String {
    let words = &texts(lang).banner;
    let gateway = installation.gateway_url();
    let accounts = installation.accounts();
    let places = [
        (&words.shop, format!("{}/", installation.shop_url())),
        (&words.desk, format!("{gateway}/")),
        (&words.api, format!("{gateway}/sandbox/v1/openapi.json")),
        (&words.token, accounts.sandbox_token.clone()),
        (&words.data, data.display().to_string()),
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
    let width = columns(&words.buyer).max(columns(&words.seller)).max(columns(&words.partner));
    let emails = accounts.buyers.iter().map(|buyer| &buyer.email).chain([&accounts.partner.seller_email]);
    let longest = emails.map(|email| columns(email)).max().unwrap_or(0);
    let person = |email: &str, login: &str, payment: &str| {
        let (login_password, payment_password) = (&words.login_password, &words.payment_password);
        format!("{email:longest$}   {login_password} {login}   {payment_password} {payment}")
    };
    for buyer in &accounts.buyers {
        let about = person(&buyer.email, &buyer.login_password, &buyer.payment_password);
        line(text, &words.buyer, width, &about);
    }
    let partner = &accounts.partner;
    let about = person(&partner.seller_email, &partner.login_password, &partner.payment_password);
    line(text, &words.seller, width, &about);
    let about = format!("{}   {} {}", partner.partner, words.key, partner.key);
    line(text, &words.partner, width, &about);
}

pub(super) fn stopping(lang: Lang) -> String {
    format!("\n{}\n", texts(lang).banner.stopping)
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
