//! Page one for a merchant on axum. `cargo run -p danbao-merchant --features axum,client --example axum_shop`
//!
//! The shop is [`shop`]: three routes and a database. `main` also starts a stand-in for the gateway, on loopback, and plays
//! one payment; run `danbao` and put its address and your contract there instead.

use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use danbao_merchant::axum::{Answer, Notification, PageReturn};
use danbao_merchant::client::{Client, Limits};
use danbao_merchant::inbox::{self, MIGRATION_2_SQL, MIGRATION_SQL, Outcome};
use danbao_merchant::protocol::params::Params;
use danbao_merchant::protocol::sign;
use danbao_merchant::store::{self, Conn, Migration, Tx};
use danbao_merchant::{
    Account, Amount, Charset, Fen, Md5Key, OrderFacts, OutTradeNo, PartnerId, PaymentService, Received,
    Rejected, Signer, Timestamp, UserId, Way, answer,
};

type Failure = Box<dyn Error + Send + Sync>;

#[derive(Clone)]
struct Shop {
    account: Account,
    client: Client,
    conn: Arc<Mutex<Box<dyn Conn>>>,
    own_url: String,
}

/// Everything that axum serves.
fn shop(shop: Shop) -> Router {
    Router::new()
        .route("/buy", get(buy))
        .route("/pay/notify", post(notify))
        .route("/pay/return", get(page_return))
        .with_state(shop)
}

/// A fault of our own is a 500; at `notify_url` the gateway then sends again.
struct Fault(Failure);

impl<E: Into<Failure>> From<E> for Fault {
    fn from(error: E) -> Fault {
        Fault(error.into())
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        // Into your log with `self.0`; the world hears nothing of it.
        drop(self.0);
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    }
}

impl Shop {
    /// The store is synchronous: it works on a thread where waiting is allowed.
    async fn in_database<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let conn = Arc::clone(&self.conn);
        let worked = tokio::task::spawn_blocking(move || {
            let mut conn = conn.lock().unwrap_or_else(PoisonError::into_inner);
            let mut tx = Tx::begin(&mut **conn)?;
            let done = work(&mut tx)?;
            tx.commit()?;
            Ok(done)
        });
        worked.await?
    }

    /// Keeps a message, believes it as far as it deserves, and takes it into its order, once.
    async fn take(
        &self,
        way: Way,
        raw: Bytes,
        received: Result<Received, Rejected>,
    ) -> Result<Outcome, Failure> {
        let id = unique()?;
        let (key, kept) = (id.clone(), raw.clone());
        self.in_database(move |tx| Ok(inbox::arrive(tx, &key, way, &kept, now())?)).await?;
        let believed = match received {
            Ok(received) => self.client.believe(received, [&self.account]).await,
            Err(rejected) => Err(rejected),
        };
        self.in_database(move |tx| {
            let receipt = inbox::conclude(tx, &id, believed, now())?;
            if let Some(order) = receipt.order.as_ref().filter(|_| receipt.became_paid) {
                // Deliver, credit: in this same transaction, so exactly once.
                let number = order.facts.out_trade_no.as_str();
                tx.execute("INSERT INTO delivery (out_trade_no) VALUES ($1)", &[number.into()])?;
            }
            Ok(receipt.outcome)
        })
        .await
    }
}

async fn buy(State(shop): State<Shop>) -> Result<Redirect, Fault> {
    let amount = Amount { price: Fen::parse("0.01")?, quantity: 1, discount: Fen::ZERO };
    let direct = PaymentService::CreateDirectPayByUser;
    let number = OutTradeNo::new(unique()?);
    let mut request = shop.account.payment(direct, Charset::Utf8, number, "剪纸书签", amount);
    request.return_url = Some(format!("{}/pay/return", shop.own_url));
    request.notify_url = Some(format!("{}/pay/notify", shop.own_url));
    let url = shop.account.payment_url(&request)?;
    let facts = OrderFacts::of(&shop.account, &request)?;
    shop.in_database(move |tx| Ok(inbox::open_order(tx, &facts, now())?)).await?;
    Ok(Redirect::to(&url))
}

async fn notify(State(shop): State<Shop>, message: Notification) -> Result<Answer, Fault> {
    let received = message.read();
    let outcome = shop.take(Way::Notify, message.raw, received).await?;
    Ok(Answer(outcome.answer()))
}

async fn page_return(State(shop): State<Shop>, message: PageReturn) -> Result<Response, Fault> {
    let received = message.read(&[]);
    Ok(match shop.take(Way::Return, message.raw, received).await? {
        Outcome::Rejected(_) => {
            (StatusCode::BAD_REQUEST, "we could not check this; see your order").into_response()
        }
        _ => "thank you".into_response(),
    })
}

#[expect(clippy::disallowed_methods, reason = "a shop reads the clock; the kit does not")]
fn now() -> Timestamp {
    SystemTime::now().into()
}

/// 32 letters and digits that nobody has used.
fn unique() -> Result<String, Failure> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| error.to_string())?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// One buyer, one payment; told twice and returned once, and forged once.
#[tokio::main(flavor = "current_thread")]
pub async fn main() -> Result<(), Failure> {
    let gateway_url = serve(Router::new().route("/gateway.do", post(|| async { "true" }))).await?;
    let account = Account::new(
        PartnerId::new("2088000000000001"),
        Md5Key::new(KEY),
        "seller@example.com",
        UserId::new("2088000000000002"),
        &format!("{gateway_url}/gateway.do"),
    )?;
    let mut conn = store::open("sqlite::memory:")?;
    let own = "CREATE TABLE delivery (out_trade_no TEXT PRIMARY KEY)";
    let migrations = [
        Migration { version: 1, name: "inbox", sql: MIGRATION_SQL },
        Migration { version: 2, name: "inbox_2", sql: MIGRATION_2_SQL },
        Migration { version: 3, name: "delivery", sql: own },
    ];
    store::migrate(&mut *conn, &migrations)?;
    let client = Client::new(Limits::default())?;
    let conn = Arc::new(Mutex::new(conn));
    let own_url = "http://shop.example".to_owned();
    let state = Shop { account, client: client.clone(), conn: Arc::clone(&conn), own_url };
    let shop_url = serve(shop(state)).await?;

    let ask = |request: http::request::Builder, body: String| {
        let (client, request) = (client.clone(), request.body(Bytes::from(body)));
        async move { client.send(request?).await.map_err(|why| Failure::from(why.as_str())) }
    };
    let bought = ask(http::Request::get(format!("{shop_url}/buy")), String::new()).await?;
    let cashier = bought.headers()["location"].to_str()?.to_owned();
    let query = cashier.split_once('?').map_or("", |(_, query)| query);
    let order = Params::parse_urlencoded(query.as_bytes())?;
    let number = String::from_utf8(order.get("out_trade_no").unwrap_or_default().to_vec())?;

    let notify = || http::Request::post(format!("{shop_url}/pay/notify"));
    let forged = ask(notify(), paid(&number, "another key")?).await?;
    assert_eq!(forged.body(), answer::fail().body());
    for _ in 0..2 {
        let told = ask(notify(), paid(&number, KEY)?).await?;
        assert_eq!(told.body(), answer::success().body());
    }
    let returned = http::Request::get(format!("{shop_url}/pay/return?{}", returned(&number)?));
    assert_eq!(ask(returned, String::new()).await?.body(), "thank you");
    let empty = ask(notify(), String::new()).await?;
    assert_eq!(empty.body(), answer::fail().body());
    let conn = conn.lock().unwrap_or_else(PoisonError::into_inner).query("SELECT * FROM delivery", &[])?;
    assert_eq!(conn.len(), 1, "told twice and returned, delivered once");
    Ok(())
}

const KEY: &str = "k0k1k2k3k4k5k6k7k8k9kakbkckdkekf";

async fn serve(router: Router) -> Result<String, Failure> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(url)
}

/// What the gateway says of the payment, signed with `key`.
fn paid(out_trade_no: &str, key: &str) -> Result<String, Failure> {
    message(&[], out_trade_no, key)
}

/// What the browser brings back of it.
fn returned(out_trade_no: &str) -> Result<String, Failure> {
    message(&[("is_success", "T")], out_trade_no, KEY)
}

fn message(more: &[(&str, &str)], out_trade_no: &str, key: &str) -> Result<String, Failure> {
    let mut params = Params::new();
    let said = [
        ("notify_id", "0123456789abcdef"),
        ("notify_type", "trade_status_sync"),
        ("notify_time", "2012-02-29 23:59:59"),
        ("out_trade_no", out_trade_no),
        ("trade_no", "2012022900000001"),
        ("trade_status", "TRADE_FINISHED"),
        ("total_fee", "0.01"),
        ("seller_id", "2088000000000002"),
    ];
    for (name, value) in said.iter().chain(more) {
        params.push(name, value.as_bytes());
    }
    sign::append(&mut params, &Signer::Md5(Md5Key::new(key)))?;
    Ok(params.to_urlencoded())
}
