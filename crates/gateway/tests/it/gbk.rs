//! Merchants that speak GBK are answered in GBK, byte for byte.

use danbao_protocol::charset::Charset;
use danbao_protocol::reply::Reply;
use danbao_protocol::sign::Verifier;
use serde_json::Value;

use super::browser::Browser;
use super::order::Call;
use super::world::{Message, RETURN_URL, on_both_databases};

#[test]
fn request_notification_and_return_are_gbk_bytes_that_verify() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        for (number, label) in ["gbk", "GBK", "gb2312", ""].into_iter().enumerate() {
            // 朱镕基 and 囍: outside GB2312; 試: its second byte is an ASCII letter's neighbour.
            let call = Call::escrow(&shop, &format!("b{number}"), "6.66")
                .with("subject", "朱镕基囍試€")
                .addressed()
                .in_gbk();
            let call = if label.is_empty() {
                call.without("_input_charset")
            } else {
                call.with("_input_charset", label)
            };
            let paid = world.checkout(&call.url(), &zhang.email, Value::Null);
            let bytes = String::from_utf8_lossy(world.sent[0].request.body()).into_owned();
            assert!(bytes.contains("subject=%D6%EC%E9F%BB%F9%87%D6"), "{bytes}");
            let content_type = world.sent[0].request.headers()[http::header::CONTENT_TYPE].to_str().unwrap();
            assert_eq!(content_type, "application/x-www-form-urlencoded; charset=gbk");
            world.acknowledge();
            let told = world.acknowledge();
            assert_eq!(told.get("subject"), "朱镕基囍試€");
            assert_eq!(told.get("receive_address"), "浙江省 杭州市 西湖区 某路1号");
            let url = paid["return_url"].as_str().unwrap_or_else(|| panic!("{label}: {paid}"));
            let query = url.strip_prefix(RETURN_URL).unwrap().strip_prefix('?').unwrap();
            let page = Message::read(query.as_bytes(), &shop.key, Charset::Gbk);
            assert_eq!(page.get("subject"), "朱镕基囍試€");
        }
    });
}

#[test]
fn an_xml_answer_is_in_the_charset_of_its_question() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        // Asked for in UTF-8, with a character that GBK does not have.
        let call = Call::direct(&shop, "b10", "1.00").with("subject", "担保 😀");
        world.checkout(&call.url(), &zhang.email, Value::Null);
        world.acknowledge_all();
        let query = Call::new(&shop, "single_trade_query").with("out_trade_no", "b10");
        for (query, subject, label) in
            [(query.clone().in_gbk(), "担保 ?", "gbk"), (query, "担保 😀", "utf-8")]
        {
            let response = world.get(&query.url());
            let content_type = response.headers()[http::header::CONTENT_TYPE].to_str().unwrap();
            assert_eq!(content_type, format!("text/xml; charset={label}"));
            let reply = Reply::parse(response.body()).unwrap();
            assert_eq!(reply.get("subject"), Some(subject));
            reply.verify(&Verifier::Md5(shop.key.clone())).expect("signed as it is read");
        }
    });
}

#[test]
fn an_address_that_gbk_cannot_write_is_told_all_the_same() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let mut browser = Browser::default();
        let page = browser.open(world, &Call::escrow(&shop, "b11", "1.00").in_gbk().url());
        let form = page.form("/member").with("account", &zhang.email).with("login_password", "login123");
        let pay = browser.send(world, &form);
        let form = pay
            .form("/pay")
            .with("method", "balance")
            .with("payment_password", "pay123")
            .with("address", "new")
            .with("receive_name", "笑😀脸")
            .with("receive_address", "某路🏠1号")
            .with("receive_mobile", "13900000000");
        let paid = browser.send(world, &form);
        assert!(paid.at.ends_with("/paid"), "{}", paid.html);
        world.acknowledge();
        let told = world.acknowledge();
        assert_eq!((told.get("receive_name"), told.get("receive_address")), ("笑?脸", "某路?1号"));
        let back = browser.open(world, &paid.at.replace("/paid", "/return"));
        let (_, query) = back.at.split_once('?').unwrap();
        Message::read(query.as_bytes(), &shop.key, Charset::Gbk);
    });
}

#[test]
fn bytes_that_are_no_text_are_refused_for_their_charset_and_not_for_their_signature() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        for (call, bytes) in [
            (Call::direct(&shop, "b12", "1.00").in_gbk(), &b"\xff\xff"[..]),
            (Call::direct(&shop, "b12", "1.00").in_gbk(), b"\x81"),
            (Call::direct(&shop, "b12", "1.00").in_gbk(), b"\x81\x30\x81\x30"),
            (Call::direct(&shop, "b12", "1.00"), b"\xb5\xa3\xb1\xa3"),
            (Call::direct(&shop, "b12", "1.00"), b"\xed\xa0\x80"),
        ] {
            let call = call.with_bytes("subject", bytes);
            let mut browser = Browser::default();
            let page = browser.open(world, &call.url());
            assert_eq!(page.code(), "ILLEGAL_CHARSET", "{bytes:x?}");
        }
    });
}
