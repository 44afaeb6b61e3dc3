//! Several gateway nodes on one database.

use bytes::Bytes;
use danbao_gateway::password::PasswordCost;
use danbao_gateway::{Config, Gateway};
use danbao_protocol::node::{AskId, Input, Node, Output, Request};
use danbao_store::faulty::Disk;
use danbao_store::sqlite;
use http::header::AUTHORIZATION;
use http::{HeaderValue, Method};

use super::world::{NOON, minutes};

/// The first node moves the sandbox's clock and is killed before it has done what is due by then. The second one was
/// never asked anything: it must want to be woken by the new time, not by the one at which it was started.
#[test]
fn a_node_is_due_by_the_clock_that_another_one_has_moved() {
    let disk = Disk::new(sqlite::memory().unwrap());
    let config =
        || Config { password_cost: PasswordCost::SIMULATED, ..Config::sandbox("http://pay.example") };
    let open = |seed| Gateway::open(disk.connect(), config(), [seed; 32], NOON).unwrap();
    let (mut first, mut second) = (open(1), open(2));
    let token = first.ensure_demo(NOON, None).unwrap().sandbox_token;
    disk.inspect(|conn| {
        let sql =
            "INSERT INTO deadline (trade_no, kind, due_at) VALUES ('2012022900000001', 'close_unpaid', $1)";
        conn.execute(sql, &[NOON.plus(minutes(60)).0.into()]).unwrap();
    });
    assert_eq!(second.next_due().unwrap(), Some(NOON.plus(minutes(60))));
    let mut request = Request::new(Bytes::from_static(b"{\"seconds\": 2400}"));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = "/sandbox/v1/clock/advance".parse().unwrap();
    let bearer = HeaderValue::from_str(&format!("Bearer {token}")).unwrap();
    request.headers_mut().insert(AUTHORIZATION, bearer);
    let outputs = first.step(NOON, vec![Input::Request { id: AskId(1), request }]).unwrap();
    assert!(matches!(&outputs[..], [Output::Respond { response, .. }] if response.status().is_success()));
    drop(first);
    assert_eq!(second.next_due().unwrap(), Some(NOON.plus(minutes(20))));
}
