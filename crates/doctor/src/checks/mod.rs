//! The checks, in the order of the tutorials' check-list.

mod answer;
mod belief;
mod charset;
mod identity;
mod page;
mod reach;
mod server;

use crate::Facts;
use crate::finding::Severity::{Error, Note, Warning};
use crate::finding::Step::{S1A, S1B, S1C, S1D, S1E, S1F, S1G, S2A, S2B, S2C, S2D, S2E, S3A, S3B, S3C};
use crate::finding::{Check, Severity, Step, Verdict};

const fn check(id: &'static str, step: Step, severity: Severity, judge: fn(&Facts) -> Verdict) -> Check {
    Check { id, step, severity, judge }
}

/// Every check. The text files have words for each, under its id.
pub static CHECKS: &[Check] = &[
    check("1A-partner-missing", S1A, Error, identity::partner_missing),
    check("1A-partner-blanks", S1A, Error, identity::partner_blanks),
    check("1A-swapped", S1A, Error, identity::swapped),
    check("1A-partner-form", S1A, Error, identity::partner_form),
    check("1A-key-missing", S1A, Error, identity::key_missing),
    check("1A-key-blanks", S1A, Error, identity::key_blanks),
    check("1A-key-form", S1A, Error, identity::key_form),
    check("1A-key-public", S1A, Error, identity::key_public),
    check("1A-seller-blanks", S1A, Error, identity::seller_blanks),
    check("1B-url-form", S1B, Error, page::url_form),
    check("1B-notify-silent", S1B, Error, page::notify_silent),
    check("1B-return-silent", S1B, Error, page::return_silent),
    check("1B-show-silent", S1B, Warning, page::show_silent),
    check("1B-broken-off", S1B, Error, page::broken_off),
    check("1B-status", S1B, Error, page::status),
    check("1B-signed-status", S1B, Error, page::signed_status),
    check("1B-blank", S1B, Error, page::blank),
    check("1B-error-page", S1B, Error, page::error_page),
    check("1B-empty-success", S1B, Error, page::empty_success),
    check("1B-empty-not-fail", S1B, Error, page::empty_not_fail),
    check("1B-return-redirect", S1B, Note, page::return_redirect),
    check("1C-own-parameters", S1C, Error, page::own_parameters),
    check("1D-charset-unknown", S1D, Error, charset::unknown),
    check("1D-page-charset", S1D, Warning, charset::page_declares_another),
    check("1D-page-bytes", S1D, Warning, charset::page_bytes),
    check("1D-chinese", S1D, Error, charset::chinese_refused),
    check("1E-clock", S1E, Warning, server::clock),
    check("1F-bom", S1F, Error, answer::bom),
    check("1F-compressed", S1F, Error, answer::compressed),
    check("1F-html", S1F, Error, answer::html),
    check("1F-blanks", S1F, Warning, answer::blanks),
    check("1F-case", S1F, Error, answer::case),
    check("1F-around", S1F, Error, answer::around),
    check("1F-neither", S1F, Error, answer::neither),
    check("1F-order-refused", S1F, Note, answer::order_refused),
    check("1F-given-order-refused", S1F, Error, answer::given_order_refused),
    check("1F-config-file", S1F, Warning, answer::config_file),
    check("1G-redirect", S1G, Error, page::redirect),
    check("1G-page-redirect", S1G, Error, page::page_redirect),
    check("1G-session", S1G, Warning, page::session),
    check("1G-cookie", S1G, Warning, page::cookie),
    check("2A-log", S2A, Error, server::log),
    check("2B-name", S2B, Error, reach::name),
    check("2B-allow-list", S2B, Error, reach::allow_list),
    check("2B-allow-list-form", S2B, Error, reach::allow_list_form),
    check("2B-old-addresses", S2B, Warning, reach::old_addresses),
    check("2C-blocked", S2C, Error, reach::blocked),
    check("2C-gateway-agent", S2C, Error, reach::gateway_agent),
    check("2C-other-agents", S2C, Note, reach::other_agents),
    check("2D-port", S2D, Error, reach::port),
    check("2D-half-dead", S2D, Error, reach::half_dead),
    check("2D-slow", S2D, Warning, reach::slow),
    check("2D-odd-port", S2D, Note, reach::odd_port),
    check("2D-certificate", S2D, Error, reach::certificate),
    check("2E-address", S2E, Error, reach::moved),
    check("3A-forged-believed", S3A, Error, belief::forged_believed),
    check("3A-disowned-believed", S3A, Error, belief::disowned_believed),
    check("3A-never-asked", S3A, Error, belief::never_asked),
    check("3A-asked-nobody", S3A, Error, belief::asked_nobody),
    check("3A-asked-wrongly", S3A, Error, belief::asked_wrongly),
    check("3A-cannot-tell", S3A, Warning, belief::cannot_tell),
    check("3A-gateway-answer", S3A, Warning, belief::gateway_answer),
    check("3B-not-public", S3B, Note, reach::not_public),
    check("3C-repeat", S3C, Error, belief::repeat_refused),
];
