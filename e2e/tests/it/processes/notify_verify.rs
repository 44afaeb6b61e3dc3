//! The check of a notification, byte for byte: the clients of the time read it from a bare socket.

use crate::installation::Home;
use crate::merchant::DIRECT;
use crate::receiver::Receiver;
use crate::wire::{self, RawAnswer};

#[test]
fn the_answer_is_bare_true_with_its_length_and_never_chunked() {
    let home = Home::new();
    let receiver = Receiver::agreeable();
    let danbao = home.start();
    let merchant = danbao.merchant().hearing_at(&receiver.notify_url(), &receiver.return_url());
    let url = merchant.payment_url(DIRECT, "VERIFY1", "0.01");
    danbao.sandbox().checkout(&url, &danbao.ready.buyers[0].email, None, "balance").unwrap();
    let id = receiver.await_heard("VERIFY1", 1)[0].text("notify_id");

    let partner = merchant.partner_id();
    let asked = format!("service=notify_verify&partner={partner}&notify_id={id}");
    let form = "application/x-www-form-urlencoded";
    let old_path = format!("/trade/notify_query.do?partner={partner}&notify_id={id}");
    let ask = |bytes: &[u8]| wire::exchange(&danbao.ready.gateway, bytes);
    is_exactly("true", &ask(&wire::get(&format!("/gateway.do?{asked}"))));
    is_exactly("true", &ask(&wire::get(&format!("/cooperate/gateway.do?{asked}"))));
    is_exactly("true", &ask(&wire::get(&old_path)));
    is_exactly("true", &ask(&wire::post("/gateway.do", form, asked.as_bytes())));
    // Service in the address, the rest in the body, and two line ends more than were announced.
    let body = format!("service=notify_verify&partner={partner}&notify_id={id}");
    let mut bytes = wire::post("/gateway.do?service=notify_verify", form, body.as_bytes());
    bytes.extend_from_slice(b"\r\n\r\n");
    is_exactly("true", &ask(&bytes));
    let old_http = format!("GET /gateway.do?{asked} HTTP/1.0\r\n\r\n");
    is_exactly("true", &ask(old_http.as_bytes()));

    let another = format!("/gateway.do?service=notify_verify&partner={partner}&notify_id={id}x");
    is_exactly("false", &ask(&wire::get(&another)));
    let nobody = format!("/gateway.do?service=notify_verify&partner=2088999999999999&notify_id={id}");
    is_exactly("false", &ask(&wire::get(&nobody)));
    let empty = format!("/gateway.do?service=notify_verify&partner={partner}&notify_id=");
    is_exactly("invalid", &ask(&wire::get(&empty)));
}

fn is_exactly(body: &str, answer: &RawAnswer) {
    assert_eq!(answer.status(), 200, "{answer:?}");
    assert_eq!(answer.body, body.as_bytes(), "{answer:?}");
    assert_eq!(answer.header("content-length"), Some(body.len().to_string().as_str()), "{answer:?}");
    assert_eq!(answer.header("transfer-encoding"), None, "{answer:?}");
}
