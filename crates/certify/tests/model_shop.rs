//! The model shop passes every scenario.
#![allow(clippy::unwrap_used, reason = "a test")]

mod town;

use danbao_certify::{Terms, scenario};
use danbao_merchant::Account;
use danbao_protocol::ids::{PartnerId, UserId};
use danbao_protocol::node::Node;
use danbao_protocol::sign::{Md5Key, Signer, Verifier, rsa};
use danbao_protocol::time::Timestamp;
use danbao_shop::{Config, Lang, Members, Shop};
use town::{GATEWAY, KEY, PARTNER, SELLER, SELLER_EMAIL, SHOP, certify, certify_all, failed, terms};

fn shop() -> Box<dyn Node> {
    let gateway = format!("{GATEWAY}/gateway.do");
    let account =
        Account::new(PartnerId::new(PARTNER), Md5Key::new(KEY), SELLER_EMAIL, UserId::new(SELLER), &gateway);
    shop_of(account.unwrap())
}

fn shop_of(account: Account) -> Box<dyn Node> {
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

#[test]
fn the_model_shop_passes_with_rsa_keys_and_not_with_another_gateways() {
    let [shops, gateways, others] =
        [1, 2, 3].map(|seed| Signer::Rsa(rsa::PrivateKey::generate([seed; 32], 1024).unwrap()));
    let played = |believed: Verifier| {
        let gateway = format!("{GATEWAY}/gateway.do");
        let (partner, seller) = (PartnerId::new(PARTNER), UserId::new(SELLER));
        let account =
            Account::with_keys(partner, shops.clone(), believed, SELLER_EMAIL, seller, &gateway).unwrap();
        let terms = Terms { signer: gateways.clone(), verifier: shops.verifier(), ..terms(1) };
        failed(&certify(shop_of(account), terms, scenario::all()))
    };
    assert_eq!(played(gateways.verifier()), Vec::<&str>::new());
    let rows = played(others.verifier());
    assert!(rows.contains(&"direct_pay_with_the_page_closed_early"), "{rows:?}");
    assert!(!rows.contains(&"direct_request_is_signed"), "{rows:?}");
}
