//! The model shop passes every scenario.
#![allow(clippy::unwrap_used, reason = "a test")]

mod town;

use danbao_merchant::Account;
use danbao_protocol::ids::{PartnerId, UserId};
use danbao_protocol::node::Node;
use danbao_protocol::sign::Md5Key;
use danbao_protocol::time::Timestamp;
use danbao_shop::{Config, Lang, Members, Shop};
use town::{GATEWAY, KEY, PARTNER, SELLER, SELLER_EMAIL, SHOP, certify_all, failed};

fn shop() -> Box<dyn Node> {
    let gateway = format!("{GATEWAY}/gateway.do");
    let account =
        Account::new(PartnerId::new(PARTNER), Md5Key::new(KEY), SELLER_EMAIL, UserId::new(SELLER), &gateway)
            .unwrap();
    let config = Config { own_url: SHOP.to_owned(), account, lang: Lang::Zh, members: Members::default() };
    let conn = danbao_store::open("sqlite::memory:").unwrap();
    Box::new(Shop::open(conn, config, [7; 32], Timestamp(1_330_531_199_000)).unwrap())
}

#[test]
fn the_model_shop_passes_whatever_the_seed() {
    for seed in 1..=8 {
        let reports = certify_all(shop(), seed);
        for report in reports.iter().filter(|report| !report.is_passed()) {
            println!("{seed} {}: {:?}", report.scenario.id, report.problems);
        }
        assert_eq!(failed(&reports), Vec::<&str>::new());
    }
}
