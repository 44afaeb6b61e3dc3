//! Page one for a merchant with any HTTP server, or none: the whole shop as a function from an `http` request to an
//! `http` response. `cargo run -p danbao-merchant --example plain_http`
//!
//! It sells one bookmark for 0.01. `main` plays the browser and the gateway; put your own server and client there.

use std::error::Error;

use bytes::Bytes;
use danbao_merchant::inbox::{self, MIGRATION_2_SQL, MIGRATION_SQL, Outcome};
use danbao_merchant::protocol::params::Params;
use danbao_merchant::protocol::sign;
use danbao_merchant::store::{self, Conn, Migration, Tx};
use danbao_merchant::{
    Account, Amount, Charset, Fen, Genuine, Md5Key, NoAnswer, OrderFacts, OutTradeNo, PartnerId,
    PaymentService, Received, Rejected, Request, Response, Signer, Timestamp, UserId, Way, answer,
};

type Failure = Box<dyn Error + Send + Sync>;

/// Sends a question to the gateway: your HTTP client.
type Ask<'a> = &'a mut dyn FnMut(Request) -> Result<Response, NoAnswer>;

struct Shop {
    account: Account,
    conn: Box<dyn Conn>,
}

impl Shop {
    fn open(account: Account, database_url: &str) -> Result<Shop, Failure> {
        let mut conn = store::open(database_url)?;
        let own = "CREATE TABLE delivery (out_trade_no TEXT PRIMARY KEY)";
        let migrations = [
            Migration { version: 1, name: "inbox", sql: MIGRATION_SQL },
            Migration { version: 2, name: "inbox_2", sql: MIGRATION_2_SQL },
            Migration { version: 3, name: "delivery", sql: own },
        ];
        store::migrate(&mut *conn, &migrations)?;
        Ok(Shop { account, conn })
    }

    /// `id` is unique for ever; `now` is the clock.
    fn handle(
        &mut self,
        request: &Request,
        id: &str,
        now: Timestamp,
        ask: Ask<'_>,
    ) -> Result<Response, Failure> {
        match request.uri().path() {
            "/buy" => self.buy(id, now),
            "/pay/notify" => self.message(request, Way::Notify, id, now, ask),
            "/pay/return" => self.message(request, Way::Return, id, now, ask),
            _ => page(404, "not here"),
        }
    }

    /// The order is written first, and then the buyer is sent to the cashier.
    fn buy(&mut self, id: &str, now: Timestamp) -> Result<Response, Failure> {
        let amount = Amount { price: Fen::parse("0.01")?, quantity: 1, discount: Fen::ZERO };
        let direct = PaymentService::CreateDirectPayByUser;
        let number = OutTradeNo::new(id);
        let mut request = self.account.payment(direct, Charset::Utf8, number, "剪纸书签", amount);
        request.return_url = Some("http://shop.example/pay/return".into());
        request.notify_url = Some("http://shop.example/pay/notify".into());
        let facts = OrderFacts::of(&self.account, &request)?;
        let mut tx = Tx::begin(&mut *self.conn)?;
        inbox::open_order(&mut tx, &facts, now)?;
        tx.commit()?;
        let url = self.account.payment_url(&request)?;
        Ok(http::Response::builder().status(303).header("location", url).body(Bytes::new())?)
    }

    /// Return and notification end in the same inbox; they differ in what the answer is for.
    fn message(
        &mut self,
        request: &Request,
        way: Way,
        id: &str,
        now: Timestamp,
        ask: Ask<'_>,
    ) -> Result<Response, Failure> {
        // Kept as it came, believed or not, before anything else.
        let raw = danbao_merchant::message::raw_bytes(way, request);
        let mut tx = Tx::begin(&mut *self.conn)?;
        inbox::arrive(&mut tx, id, way, &raw, now)?;
        tx.commit()?;

        // The gateway is asked between the transactions: nothing is locked while it thinks.
        let believed = believe(&self.account, request, way, ask);

        let mut tx = Tx::begin(&mut *self.conn)?;
        let receipt = inbox::conclude(&mut tx, id, believed, now)?;
        if let Some(order) = receipt.order.as_ref().filter(|_| receipt.became_paid) {
            // Deliver, credit: in this same transaction, so exactly once.
            let number = order.facts.out_trade_no.as_str();
            tx.execute("INSERT INTO delivery (out_trade_no) VALUES ($1)", &[number.into()])?;
        }
        tx.commit()?;
        match (way, receipt.outcome) {
            (Way::Return, Outcome::Rejected(_)) => page(400, "we could not check this; see your order"),
            (Way::Return, _) => page(200, "thank you"),
            (_, outcome) => Ok(outcome.answer()),
        }
    }
}

fn believe(account: &Account, request: &Request, way: Way, ask: Ask<'_>) -> Result<Genuine, Rejected> {
    let received = if way == Way::Return {
        Received::page_return(request.uri().query().unwrap_or_default().as_bytes(), &[])?
    } else {
        let content_type = request.headers().get("content-type").and_then(|value| value.to_str().ok());
        Received::notification(content_type, request.body())?
    };
    let signed = received.check_sign(account)?;
    match ask(signed.question()) {
        Ok(said) => signed.hear(&said),
        Err(why) => Err(signed.unheard(why)),
    }
}

fn page(status: u16, text: &'static str) -> Result<Response, Failure> {
    Ok(http::Response::builder().status(status).body(Bytes::from_static(text.as_bytes()))?)
}

/// One buyer, one payment; told three times, and forged once.
pub fn main() -> Result<(), Failure> {
    let account = Account::new(
        PartnerId::new("2088000000000001"),
        Md5Key::new("k0k1k2k3k4k5k6k7k8k9kakbkckdkekf"),
        "seller@example.com",
        UserId::new("2088000000000002"),
        "http://127.0.0.1:8080/gateway.do",
    )?;
    let mut shop = Shop::open(account, "sqlite::memory:")?;
    let mut gateway = |_question: Request| Ok(Response::new(Bytes::from_static(b"true")));

    let buy = http::Request::get("http://shop.example/buy").body(Bytes::new())?;
    let sent = shop.handle(&buy, "20120229000001", Timestamp(0), &mut gateway)?;
    assert!(sent.headers()["location"].to_str()?.starts_with("http://127.0.0.1:8080/gateway.do?"));

    let notify = |key: &str| notification(key);
    for (id, key, said) in [
        ("m1", "forged", answer::fail()),
        ("m2", "k0k1k2k3k4k5k6k7k8k9kakbkckdkekf", answer::success()),
        ("m3", "k0k1k2k3k4k5k6k7k8k9kakbkckdkekf", answer::success()),
    ] {
        let answer = shop.handle(&notify(key)?, id, Timestamp(1), &mut gateway)?;
        assert_eq!(answer.body(), said.body(), "{id}");
    }
    let mut down = |_question: Request| Err(NoAnswer::TimedOut);
    let unchecked =
        shop.handle(&notify("k0k1k2k3k4k5k6k7k8k9kakbkckdkekf")?, "m4", Timestamp(2), &mut down)?;
    assert_eq!(unchecked.body(), answer::fail().body(), "what cannot be checked is not believed");

    let delivered = shop.conn.query("SELECT out_trade_no FROM delivery", &[])?;
    assert_eq!(delivered.len(), 1, "told three times, delivered once");
    Ok(())
}

/// What the gateway says of the payment, signed with `key`.
fn notification(key: &str) -> Result<Request, Failure> {
    let mut params = Params::new();
    for (name, value) in [
        ("notify_id", "0123456789abcdef"),
        ("notify_type", "trade_status_sync"),
        ("notify_time", "2012-02-29 23:59:59"),
        ("out_trade_no", "20120229000001"),
        ("trade_no", "2012022900000001"),
        ("trade_status", "TRADE_FINISHED"),
        ("total_fee", "0.01"),
        ("seller_id", "2088000000000002"),
    ] {
        params.push(name, value.as_bytes());
    }
    sign::append(&mut params, &Signer::Md5(Md5Key::new(key)))?;
    Ok(http::Request::post("http://shop.example/pay/notify").body(Bytes::from(params.to_urlencoded()))?)
}
