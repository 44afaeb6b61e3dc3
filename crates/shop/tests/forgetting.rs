//! Anybody may POST to the shop's notify_url: what was not believed has an end, and payments do not wait for it.
#![expect(clippy::unwrap_used, reason = "a test")]

use bytes::Bytes;
use danbao_merchant::Account;
use danbao_merchant::protocol::ids::{PartnerId, UserId};
use danbao_merchant::protocol::node::{AskId, Input, Node, Output, Request};
use danbao_merchant::protocol::sign::Md5Key;
use danbao_merchant::protocol::time::Timestamp;
use danbao_shop::{Config, Lang, Members, Shop};
use danbao_store::Conn;
use danbao_store::testing::Database;
use http::Method;

const NOW: Timestamp = Timestamp(1_330_531_199_000);
const DAY_MS: i64 = 86_400_000;

fn open(conn: Box<dyn Conn>) -> Shop {
    let (partner, seller) = (PartnerId::new("2088000000000001"), UserId::new("2088000000000002"));
    let key = Md5Key::new("k0k1k2k3k4k5k6k7k8k9kakbkckdkekf");
    let account = Account::new(partner, key, "seller@example.com", seller, "http://gateway:8080/gateway.do");
    let config = Config {
        own_url: "http://shop:8081".into(),
        account: account.unwrap(),
        lang: Lang::En,
        members: Members::default(),
    };
    Shop::open(conn, config, [7; 32], NOW).unwrap()
}

fn forged(nth: u64) -> Input {
    let body = "out_trade_no=A-1&trade_status=TRADE_FINISHED&sign=0&sign_type=MD5";
    let mut request = Request::new(Bytes::from_static(body.as_bytes()));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = "/pay/notify".parse().unwrap();
    Input::Request { id: AskId(nth), request }
}

#[test]
fn a_flood_of_forged_messages_is_answered_kept_for_a_month_and_never_more_than_so_many() {
    for database in Database::of_each_kind().unwrap() {
        let (mut shop, mut eye) = (open(database.connect().unwrap()), database.connect().unwrap());
        let mut kept =
            || -> i64 { eye.query_one("SELECT COUNT(*) FROM message", &[]).unwrap().get(0).unwrap() };
        let mut now = NOW;
        for group in 0..10 {
            let mut inputs: Vec<Input> = (0..256).map(|nth| forged(group * 256 + nth)).collect();
            if shop.next_due().unwrap().is_some_and(|due| due <= now) {
                inputs.push(Input::Due);
            }
            let outputs = shop.step(now, inputs).unwrap();
            let said = |output: &Output| matches!(output, Output::Respond { response, .. } if response.body() == "fail");
            assert_eq!(outputs.iter().filter(|output| said(output)).count(), 256);
            assert!(kept() <= 2000 + 256, "{}", kept());
        }
        while shop.next_due().unwrap().is_some_and(|due| due <= now) {
            assert!(shop.step(now, vec![Input::Due]).unwrap().is_empty());
        }
        assert_eq!(kept(), 2000);

        now.0 += 31 * DAY_MS;
        let mut slices = Vec::new();
        while shop.next_due().unwrap().is_some_and(|due| due <= now) {
            let before = kept();
            let _ = shop.step(now, vec![Input::Due]).unwrap();
            slices.push(before - kept());
        }
        assert_eq!((kept(), slices), (0, vec![500; 4]), "in slices");
        assert_eq!(shop.next_due().unwrap(), None);
        drop(shop);
    }
}
