//! How much an idle installation needs.

use std::thread;
use std::time::Duration;

use crate::installation::Home;
use crate::merchant::{DIRECT, DUAL, ESCROW};
use crate::receiver::Receiver;

const IDLE_KIB_MAX: u64 = 64 * 1024;

/// The development profile is the larger of the two, so what holds for it holds for a release.
#[test]
fn an_idle_installation_stays_under_64_mib() {
    let home = Home::new();
    let receiver = Receiver::agreeable();
    let danbao = home.start();
    let at_start = danbao.memory_kib("VmRSS");
    let merchant = danbao.merchant().hearing_at(&receiver.notify_url(), &receiver.return_url());
    let mut bought = Vec::new();
    for number in 0..30 {
        let service = [DIRECT, ESCROW, DUAL][number % 3];
        let url = merchant.payment_url(service, &format!("IDLE{number}"), "0.01");
        let answer = danbao.sandbox().checkout(&url, &danbao.ready.buyers[0].email, None, "balance").unwrap();
        bought.push(answer["trade_no"].as_str().unwrap().to_owned());
    }
    danbao.sandbox().drain(&bought);
    thread::sleep(Duration::from_secs(1));
    let after = danbao.memory_kib("VmRSS");
    eprintln!("VmRSS: {at_start} KiB at the start, {after} KiB after 30 purchases");
    assert!(at_start < IDLE_KIB_MAX && after < IDLE_KIB_MAX, "{at_start} KiB, then {after} KiB");
}
