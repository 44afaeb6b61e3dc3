//! A process that is asked to end does so, and the next one goes on.

use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use crate::installation::Home;
use crate::merchant::DIRECT;
use crate::receiver::{Receiver, Reply};

#[test]
fn asked_to_end_while_purchases_run_it_exits_with_0_and_the_next_start_goes_on() {
    let home = Home::new();
    let receiver = Receiver::agreeable();
    let mut bought = Vec::new();
    for (life, signal) in [Signal::INT, Signal::TERM].into_iter().enumerate() {
        let danbao = home.start();
        let merchant = danbao.merchant().hearing_at(&receiver.notify_url(), &receiver.return_url());
        let (sandbox, buyer) = (danbao.sandbox(), danbao.ready.buyers[0].email.clone());
        let buying = thread::spawn(move || {
            let mut bought = Vec::new();
            for number in 0.. {
                let url = merchant.payment_url(DIRECT, &format!("END{life}-{number}"), "0.01");
                match sandbox.checkout(&url, &buyer, None, "balance") {
                    Ok(answer) => bought.push(answer["trade_no"].as_str().unwrap().to_owned()),
                    Err(_) => break,
                }
            }
            bought
        });
        thread::sleep(Duration::from_millis(300));
        let status = danbao.stop(signal);
        assert_eq!(status.code(), Some(0), "{signal:?}: {}", home.log());
        bought.extend(buying.join().unwrap());
    }
    assert!(bought.len() > 2, "{bought:?}");
    let danbao = home.start();
    danbao.sandbox().drain(&bought);
    for trade_no in &bought {
        assert_eq!(danbao.sandbox().trade(trade_no)["trade_status"], "TRADE_FINISHED");
    }
    assert_eq!(danbao.sandbox().get("/ledger")["imbalance"], "0.00");
}

#[test]
fn a_notification_that_was_refused_before_the_end_is_sent_by_the_next_start() {
    let home = Home::new();
    let receiver = Receiver::start(|_, before| Reply::Says(if before == 0 { "fail" } else { "success" }));
    let danbao = home.start();
    let merchant = danbao.merchant().hearing_at(&receiver.notify_url(), &receiver.return_url());
    let url = merchant.payment_url(DIRECT, "OWED1", "12.00");
    let bought = danbao.sandbox().checkout(&url, &danbao.ready.buyers[0].email, None, "balance").unwrap();
    let trade_no = bought["trade_no"].as_str().unwrap().to_owned();
    receiver.await_heard("OWED1", 1);
    assert_eq!(danbao.stop(Signal::TERM).code(), Some(0));

    let danbao = home.start();
    danbao.sandbox().drain(&[trade_no]);
    let heard = receiver.await_heard("OWED1", 2);
    assert_eq!(heard[0].text("notify_id"), heard[1].text("notify_id"));
}
