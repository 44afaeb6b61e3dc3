// What the examples of the documentation have in common: each takes this file in as a module of its own, and the crate
// itself does not. A merchant's account, and what the gateway would say to it; that is signed with the merchant's own key,
// because under MD5 both sides have the same one.

use danbao_merchant::protocol::address_post::{AddressPost, ReceiveAddress};
use danbao_merchant::protocol::charset::Charset;
use danbao_merchant::protocol::ids::{NotifyId, OutTradeNo, PartnerId, Token, TradeNo, UserId};
use danbao_merchant::protocol::login_return::{Arrival, Buyer, LoginReturn};
use danbao_merchant::protocol::money::Fen;
use danbao_merchant::protocol::node::Response;
use danbao_merchant::protocol::params::Params;
use danbao_merchant::protocol::service::payment::{Amount, PaymentRequest, PaymentService};
use danbao_merchant::protocol::sign::{Md5Key, Signer, append};
use danbao_merchant::protocol::time::Timestamp;
use danbao_merchant::refund::{RefundBatch, RefundItem};
use danbao_merchant::{Account, OrderFacts};

pub const PARTNER: &str = "2088000000000001";
pub const KEY: &str = "k0k1k2k3k4k5k6k7k8k9kakbkckdkekf";
/// 2012-02-29 12:00:00 in Beijing.
pub const NOON: Timestamp = Timestamp(1_330_488_000_000);

pub fn account() -> Account {
    account_of(PARTNER, KEY)
}

pub fn account_of(partner: &str, key: &str) -> Account {
    account_at(partner, key, "http://127.0.0.1:8080/gateway.do")
}

pub fn account_at(partner: &str, key: &str, gateway_url: &str) -> Account {
    let seller_id = UserId::new("2088000000000002");
    let partner = PartnerId::new(partner);
    Account::new(partner, Md5Key::new(key), "seller@example.com", seller_id, gateway_url).unwrap()
}

/// One bookmark for 19.90, paid at once.
pub fn payment(number: &str) -> PaymentRequest {
    let direct = PaymentService::CreateDirectPayByUser;
    let amount = Amount { price: Fen(1990), quantity: 1, discount: Fen::ZERO };
    account().payment(direct, Charset::Utf8, OutTradeNo::new(number), "剪纸书签", amount)
}

pub fn order(number: &str) -> OrderFacts {
    OrderFacts::of(&account(), &payment(number)).unwrap()
}

/// A batch of one refund of 4.00.
pub fn batch() -> RefundBatch {
    let item = RefundItem {
        trade_no: TradeNo::new("2012022900000001"),
        amount: Fen(400),
        reason: "颜色不符".into(),
        royalty: Vec::new(),
    };
    account().refund_batch("001", vec![item], Charset::Utf8, NOON)
}

/// The body of a notification about a trade.
pub fn told(number: &str, trade_status: &str, total_fee: &str) -> String {
    signed(KEY, &about_trade(number, trade_status, total_fee))
}

/// The query of a page return.
pub fn returned(number: &str, trade_status: &str, total_fee: &str) -> String {
    signed(KEY, &[&[("is_success", "T")][..], &about_trade(number, trade_status, total_fee)].concat())
}

fn about_trade<'a>(number: &'a str, trade_status: &'a str, total_fee: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("notify_id", "0123456789abcdef"),
        ("notify_type", "trade_status_sync"),
        ("notify_time", "2012-02-29 12:00:00"),
        ("out_trade_no", number),
        ("trade_no", "2012022900000001"),
        ("trade_status", trade_status),
        ("total_fee", total_fee),
        ("seller_id", "2088000000000002"),
    ]
}

/// The body of an error notification.
pub fn letter(number: &str, error_code: &str) -> String {
    signed(
        KEY,
        &[
            ("partner", PARTNER),
            ("out_trade_no", number),
            ("error_code", error_code),
            ("notify_id", "0123456789abcdef"),
            ("notify_time", "2012-02-29 12:00:00"),
        ],
    )
}

/// The body of the notification that the batch of one has succeeded.
pub fn refunded() -> String {
    signed(
        KEY,
        &[
            ("notify_type", "batch_refund_notify"),
            ("notify_id", "0123456789abcdef"),
            ("notify_time", "2012-02-29 12:00:01"),
            ("batch_no", "20120229001"),
            ("success_num", "1"),
            ("result_details", "2012022900000001^4.00^SUCCESS"),
        ],
    )
}

/// The query with which a buyer comes back from signing in.
pub fn signed_in() -> String {
    let buyer = Buyer {
        user_id: UserId::new("2088000000000003"),
        token: Token::new("20120229fedcba9876543210fedcba9876543210"),
        real_name: Some("张三".into()),
        email: None,
        grade: None,
    };
    let login = LoginReturn { notify_id: NotifyId::new("n1"), arrival: Arrival::QuickLogin(buyer) };
    let mut params = login.build(Charset::Utf8).unwrap();
    append(&mut params, &Signer::Md5(Md5Key::new(KEY))).unwrap();
    params.to_urlencoded()
}

/// The body of the POST that brings an address.
pub fn chosen_address() -> String {
    let receive_address = ReceiveAddress {
        prov: "上海".into(),
        city: "上海市".into(),
        area: "浦东新区".into(),
        address_code: "310115".into(),
        address: "世纪大道1号".into(),
        fullname: "张三".into(),
        ..ReceiveAddress::default()
    };
    let user_id = UserId::new("2088000000000003");
    let post = AddressPost { notify_id: NotifyId::new("n2"), user_id, receive_address };
    let mut params = post.build(Charset::Utf8).unwrap();
    append(&mut params, &Signer::Md5(Md5Key::new(KEY))).unwrap();
    params.to_urlencoded()
}

/// Parameters as the gateway would send them.
pub fn signed(key: &str, pairs: &[(&str, &str)]) -> String {
    let mut params = Params::new();
    for (name, value) in pairs {
        params.push(name, value.as_bytes());
    }
    append(&mut params, &Signer::Md5(Md5Key::new(key))).unwrap();
    params.to_urlencoded()
}

/// What your HTTP client would bring back.
pub fn answered(body: &str) -> Response {
    Response::new(body.to_owned().into())
}

/// The answer to a `single_trade_query`, signed.
pub fn found(number: &str, trade_status: &str, total_fee: &str) -> String {
    let children = [
        ("gmt_last_modified_time", "2012-02-29 12:00:00"),
        ("out_trade_no", number),
        ("seller_id", "2088000000000002"),
        ("total_fee", total_fee),
        ("trade_no", "2012022900000001"),
        ("trade_status", trade_status),
    ]
    .map(|(name, value)| (name, value.to_owned()));
    let request = Params::new().decode(Charset::Utf8).unwrap();
    let success = danbao_merchant::protocol::reply::Success {
        request: &request,
        element: "trade",
        children: &children,
    };
    let signer = Signer::Md5(Md5Key::new(KEY));
    let xml = danbao_merchant::protocol::reply::success(&success, Charset::Utf8, &signer).unwrap();
    String::from_utf8(xml).unwrap()
}

/// A database in memory with the inbox's tables, and one of the merchant's own.
#[cfg(feature = "sqlite")]
pub fn database() -> Box<dyn danbao_merchant::store::Conn> {
    use danbao_merchant::store::{Migration, migrate, open};
    let mut conn = open("sqlite::memory:").unwrap();
    let own = "CREATE TABLE delivery (out_trade_no TEXT PRIMARY KEY)";
    let migrations = [
        Migration { version: 1, name: "inbox", sql: danbao_merchant::inbox::MIGRATION_SQL },
        Migration { version: 2, name: "inbox_2", sql: danbao_merchant::inbox::MIGRATION_2_SQL },
        Migration { version: 3, name: "delivery", sql: own },
    ];
    migrate(&mut *conn, &migrations).unwrap();
    conn
}

/// A gateway on loopback that says the same to everybody: the address of its `gateway.do`.
pub fn gateway(says: &str) -> String {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/gateway.do", listener.local_addr().unwrap());
    let answer =
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{says}", says.len());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut asked = Vec::new();
            // A POST ends with the body that its head announces.
            while !is_whole(&asked) {
                let mut some = [0; 4096];
                let read = stream.read(&mut some).unwrap();
                asked.extend_from_slice(&some[..read]);
            }
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    url
}

fn is_whole(asked: &[u8]) -> bool {
    let text = String::from_utf8_lossy(asked);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ").map(str::to_owned));
    length.is_none_or(|length| body.len() >= length.parse().unwrap())
}
