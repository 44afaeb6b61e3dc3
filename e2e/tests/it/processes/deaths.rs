//! `kill -9` at any moment, while purchases run. What a client was told has happened, has happened; what it was not
//! told has happened wholly or not at all; and the merchant hears of every change.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::installation::{Danbao, Home};
use crate::merchant::{DIRECT, DUAL, ESCROW, Merchant};
use crate::receiver::{Receiver, Reply};
use crate::requirement;
use crate::sandbox::Sandbox;

const LIVES: usize = 6;
const CLIENTS: usize = 3;
/// What both buyers have at the start, in fen.
const BUYERS_MONEY: i64 = 2 * 1_000_000;

/// The way of a trade whose money is held.
const ESCROW_PATH: [&str; 3] = ["WAIT_SELLER_SEND_GOODS", "WAIT_BUYER_CONFIRM_GOODS", "TRADE_FINISHED"];
/// The way of a trade whose seller is paid at once.
const DIRECT_PATH: [&str; 1] = ["TRADE_FINISHED"];

/// One purchase, as its client knows it.
#[derive(Debug, Clone)]
struct Purchase {
    out_trade_no: String,
    service: &'static str,
    price: String,
    buyer: usize,
    /// Known from the answer to the payment.
    trade_no: Option<String>,
    /// How many steps of its path the client was told of.
    told: usize,
}

impl Purchase {
    fn nth(number: usize) -> Purchase {
        Purchase {
            out_trade_no: format!("DEATH{number:05}"),
            service: [DIRECT, ESCROW, DUAL][number % 3],
            price: format!("{}.{:02}", number % 7, 1 + number % 99),
            buyer: number % 2,
            trade_no: None,
            told: 0,
        }
    }

    fn path(&self) -> &'static [&'static str] {
        if self.service == DIRECT { &DIRECT_PATH } else { &ESCROW_PATH }
    }

    /// What the merchant hears of: a trade that is held is told from its opening on.
    fn told_path(&self) -> Vec<&'static str> {
        let opening = (self.service != DIRECT).then_some("WAIT_BUYER_PAY");
        opening.into_iter().chain(self.path().iter().copied()).collect()
    }

    /// Goes on from where the client knows it to be, until all is done or somebody dies.
    fn go_on(&mut self, merchant: &Merchant, sandbox: &Sandbox, buyers: &[String]) -> Result<(), String> {
        let trade_no = match &self.trade_no {
            Some(trade_no) => trade_no.clone(),
            None => {
                let url = merchant.payment_url(self.service, &self.out_trade_no, &self.price);
                let bought = sandbox.checkout(&url, &buyers[self.buyer], None, "balance")?;
                let trade_no = bought["trade_no"].as_str().ok_or_else(|| bought.to_string())?.to_owned();
                (self.trade_no, self.told) = (Some(trade_no.clone()), 1);
                trade_no
            }
        };
        while self.told < self.path().len() {
            let action = if self.told == 1 { "send_goods" } else { "confirm_goods" };
            let trade = sandbox.act(&trade_no, action)?;
            if trade["trade_status"] != self.path()[self.told] {
                return Err(trade.to_string());
            }
            self.told += 1;
        }
        Ok(())
    }
}

#[test]
fn whatever_a_client_was_told_survives_kill_9_on_sqlite() {
    survives(&Home::new());
}

#[test]
fn whatever_a_client_was_told_survives_kill_9_on_postgresql() {
    if let Some(home) = requirement::need(Home::on_postgres(), "PostgreSQL (DANBAO_TEST_POSTGRES)") {
        survives(&home);
    }
}

fn survives(home: &Home) {
    let is_over = std::sync::Arc::new(AtomicBool::new(false));
    let moody = std::sync::Arc::clone(&is_over);
    // While processes die the merchant is no better: it refuses, and it hangs up.
    let receiver = Receiver::start(move |_, before| match before % 7 {
        _ if moody.load(Ordering::SeqCst) => Reply::Says("success"),
        2 => Reply::Says("fail"),
        5 => Reply::Nothing,
        _ => Reply::Says("success"),
    });
    let purchases = Mutex::new(Vec::new());
    for _ in 0..LIVES {
        live_and_die(home, &receiver, &purchases);
    }
    is_over.store(true, Ordering::SeqCst);

    let danbao = home.start();
    let mut purchases = purchases.into_inner().unwrap();
    purchases.sort_by(|a: &Purchase, b| a.out_trade_no.cmp(&b.out_trade_no));
    let told: usize = purchases.iter().map(|purchase| purchase.told).sum();
    let unknown = purchases.iter().filter(|purchase| purchase.told < purchase.path().len()).count();
    for purchase in &mut purchases {
        nothing_told_is_lost(&danbao.sandbox(), purchase);
        finish(&danbao, &receiver, purchase);
    }
    audit(&danbao, &receiver, &purchases);
    eprintln!("{} purchases with {told} changes over {LIVES} deaths, {unknown} cut short", purchases.len());
    assert!(told >= LIVES * CLIENTS, "{told} changes are too few to prove anything: {}", home.log());
}

/// One process: clients buy until it is killed.
fn live_and_die(home: &Home, receiver: &Receiver, purchases: &Mutex<Vec<Purchase>>) {
    let danbao = home.start();
    let merchant = danbao.merchant().hearing_at(&receiver.notify_url(), &receiver.return_url());
    let sandbox = danbao.sandbox();
    let buyers: Vec<String> = danbao.ready.buyers.iter().map(|buyer| buyer.email.clone()).collect();
    let next = AtomicUsize::new(purchases.lock().unwrap().len());
    thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                loop {
                    let mut purchase = Purchase::nth(next.fetch_add(1, Ordering::SeqCst));
                    let outcome = purchase.go_on(&merchant, &sandbox, &buyers);
                    purchases.lock().unwrap().push(purchase);
                    if outcome.is_err() {
                        return;
                    }
                }
            });
        }
        thread::sleep(Duration::from_millis(200 + chance() % 600));
        danbao.kill();
    });
}

/// A random number. Which statement a death falls on is the machine's affair, so there is no seed to keep.
fn chance() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// A change that was acknowledged is there; one that was in flight may be there as well, and no other.
fn nothing_told_is_lost(sandbox: &Sandbox, purchase: &mut Purchase) {
    let trades = sandbox.trades_of(&purchase.out_trade_no);
    let Some(trade) = trades.first() else {
        assert_eq!(purchase.told, 0, "a trade that the client knows of is gone: {purchase:?}");
        return;
    };
    assert_eq!(trades.len(), 1, "{trades:#?}");
    let status = trade["trade_status"].as_str().unwrap();
    // Opened and paid are one transaction here, so an unpaid trade would be half of one.
    let reached = 1 + purchase.path().iter().position(|known| *known == status).unwrap();
    assert!((purchase.told..=purchase.told + 1).contains(&reached), "{purchase:?} is {trade:#}");
    purchase.told = reached;
    purchase.trade_no = Some(trade["trade_no"].as_str().unwrap().to_owned());
}

/// The client asks again, as a client does after a broken connection.
fn finish(danbao: &Danbao, receiver: &Receiver, purchase: &mut Purchase) {
    let merchant = danbao.merchant().hearing_at(&receiver.notify_url(), &receiver.return_url());
    let buyers: Vec<String> = danbao.ready.buyers.iter().map(|buyer| buyer.email.clone()).collect();
    purchase.go_on(&merchant, &danbao.sandbox(), &buyers).unwrap();
}

/// Trades, ledger and what the merchant heard agree, to the fen and to the message.
fn audit(danbao: &Danbao, receiver: &Receiver, purchases: &[Purchase]) {
    let sandbox = danbao.sandbox();
    let trade_nos: Vec<String> =
        purchases.iter().map(|purchase| purchase.trade_no.clone().unwrap()).collect();
    assert_eq!(trade_nos.iter().collect::<BTreeSet<_>>().len(), purchases.len(), "two orders share a trade");
    sandbox.drain(&trade_nos);

    let merchant = danbao.merchant();
    let mut heard = BTreeMap::new();
    for message in receiver.heard() {
        assert!(message.is_signed_with(merchant.key()), "{message:?}");
        let said = (message.text("out_trade_no"), message.text("trade_status"), message.text("total_fee"));
        let before = heard.insert(message.text("notify_id"), said.clone());
        assert!(before.is_none_or(|before| before == said), "one id, two messages: {said:?}");
    }
    let mut owed = BTreeSet::new();
    for (purchase, trade_no) in purchases.iter().zip(&trade_nos) {
        let trade = sandbox.trade(trade_no);
        assert_eq!(trade["trade_status"], "TRADE_FINISHED");
        assert_eq!(told_statuses(&trade), purchase.told_path(), "{trade:#}");
        for notice in trade["notices"].as_array().unwrap() {
            let id = notice["notify_id"].as_str().unwrap();
            let said = heard.get(id).unwrap_or_else(|| panic!("acknowledged and never heard: {notice:#}"));
            let status = notice["trade_status"].as_str().unwrap();
            assert_eq!(*said, (purchase.out_trade_no.clone(), status.to_owned(), purchase.price.clone()));
            owed.insert(id.to_owned());
        }
    }
    let invented: Vec<_> = heard.keys().filter(|id| !owed.contains(*id)).collect();
    assert!(invented.is_empty(), "told before it was committed: {invented:?}");
    money_is_where_it_should_be(&sandbox, danbao, purchases);
}

/// What a trade's notices are about, one after the other.
fn told_statuses(trade: &Value) -> Vec<&str> {
    let notices = trade["notices"].as_array().unwrap();
    notices.iter().map(|notice| notice["trade_status"].as_str().unwrap()).collect()
}

fn money_is_where_it_should_be(sandbox: &Sandbox, danbao: &Danbao, purchases: &[Purchase]) {
    let ledger = sandbox.get("/ledger");
    assert_eq!(ledger["imbalance"], "0.00");
    let balance = |name: &str| fen(ledger["accounts"][name].as_str().unwrap_or("0.00"));
    let spent: i64 = purchases.iter().map(|purchase| fen(&purchase.price)).sum();
    let left: i64 = danbao.ready.buyers.iter().map(|buyer| balance(&format!("user:{}", buyer.user_id))).sum();
    assert_eq!(left, BUYERS_MONEY - spent, "each purchase is paid exactly once");
    let held = ledger["accounts"].as_object().unwrap().iter();
    let held: Vec<_> = held.filter(|(name, sum)| name.starts_with("escrow") && *sum != "0.00").collect();
    assert!(held.is_empty(), "money of finished trades is still held: {held:?}");
}

/// `12.34` is 1234.
fn fen(yuan: &str) -> i64 {
    yuan.replace('.', "").parse().unwrap()
}
