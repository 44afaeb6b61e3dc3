//! Buyers who sign in and choose an address while sidecars die, forget and share the work: a return is let in once, by
//! whichever instance it comes to, and a buyer who was not let in may come again.

use std::time::Duration;

use danbao_merchant::protocol::charset::Charset;
use danbao_merchant::protocol::ids::UserId;
use danbao_merchant::protocol::login_return::{Arrival, Buyer};
use danbao_merchant::protocol::node::Request;
use danbao_store::faulty::Disk;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::buyers::{claims, comes_with, posted, sent, somebody, value};
use crate::town::{Town, each_death, each_loss, on_each_disk};
use crate::world::{KEY, World, open, says};

/// The return of a buyer who has signed in.
fn comes(path: &str, user_id: &str, notify_id: &str) -> Request {
    let buyer = Buyer { user_id: UserId::new(user_id), ..somebody() };
    comes_with(path, Arrival::QuickLogin(buyer), notify_id, Charset::Utf8, KEY)
}

/// The path by which a browser comes back that is sent to this address of the gateway.
fn way_back(url: &Value) -> String {
    value(&sent(url), "return_url").strip_prefix("http://sidecar:8082").unwrap().to_owned()
}

/// A visit: its number, where it is shown, and the path of its return.
struct Visit {
    name: &'static str,
    id: String,
    path: String,
}

impl Visit {
    fn login(created: &Value) -> Visit {
        let id = created["login_id"].as_str().unwrap().to_owned();
        Visit { name: "logins", id, path: way_back(&created["login_url"]) }
    }

    fn address(created: &Value) -> Visit {
        let id = created["address_id"].as_str().unwrap().to_owned();
        Visit { name: "addresses", id, path: way_back(&created["address_url"]) }
    }

    fn is_done(&self, town: &mut Town<'_>) -> bool {
        let shown = town.get(&format!("/v1/{}/{}", self.name, self.id));
        !shown[if self.name == "logins" { "user_id" } else { "address" }].is_null()
    }
}

fn begin_login(town: &mut Town<'_>) -> Visit {
    let (status, created) = town.api(Method::POST, "/v1/logins", &json!({ "state": "s1" }), "k");
    assert_eq!(status, StatusCode::CREATED, "{created}");
    Visit::login(&created)
}

fn begin_address(town: &mut Town<'_>, user_id: &str) -> Visit {
    let wish = json!({ "state": "s1", "user_id": user_id, "charset": "gbk" });
    let (status, created) = town.api(Method::POST, "/v1/addresses", &wish, "k");
    assert_eq!(status, StatusCode::CREATED, "{created}");
    Visit::address(&created)
}

/// The browser brings its return until it is answered, and its buyer loads the page again as long as nothing was taken.
/// At most one answer lets somebody in, and afterwards none does.
fn bring_back(town: &mut Town<'_>, visit: &Visit, request: &Request) {
    let mut let_in = 0;
    for _ in 0..5 {
        let said = claims(&town.insist(request));
        assert_eq!(said["state"], "s1", "{said}");
        let_in += i32::from(said["verified"] == true);
        if visit.is_done(town) {
            break;
        }
        assert_eq!(said["verified"], false, "who is let in is on record");
    }
    assert!(visit.is_done(town), "a buyer who was not let in may come again");
    assert!(let_in == 1 || town.deaths + town.losses > 0, "nothing was lost");
    for _ in 0..2 {
        assert_eq!(claims(&town.insist(request))["verified"], false, "let in once");
    }
    town.pass(20);
    town.heal();
    town.pass(10);
}

/// What goes wrong in a story, from here on.
type Trouble = Box<dyn FnOnce(&mut Town<'_>)>;

/// Numbers of users, each used once.
fn users() -> impl FnMut() -> String {
    let mut count = 0;
    move || {
        count += 1;
        format!("2088{count:012}")
    }
}

fn signs_in(town: &mut Town<'_>, user_id: &str, trouble: Trouble) {
    trouble(town);
    let visit = begin_login(town);
    bring_back(town, &visit, &comes(&visit.path, user_id, &format!("login-{user_id}")));
    let events = town.events_of(&format!("user:{user_id}"));
    let said: Vec<_> = events.iter().map(|event| (&event["type"], &event["data"]["login_id"])).collect();
    assert_eq!(said, [(&json!("buyer.signed_in"), &json!(visit.id))]);
}

fn chooses(town: &mut Town<'_>, user_id: &str, trouble: Trouble) {
    signs_in(town, user_id, Box::new(|_| ()));
    trouble(town);
    let visit = begin_address(town, user_id);
    bring_back(town, &visit, &posted(&visit.path, user_id, &format!("address-{user_id}")));
    let events = town.events_of(&format!("user:{user_id}"));
    assert_eq!(events.len(), 2, "{events:?}");
    assert_eq!(
        (&events[1]["type"], &events[1]["data"]["address_id"]),
        (&json!("address.chosen"), &json!(visit.id))
    );
}

#[test]
fn a_death_at_any_moment_of_a_login_or_an_address_lets_in_once_and_tells_once() {
    on_each_disk(|disk| {
        let mut user = users();
        for instances in [1, 2] {
            for story in [signs_in, chooses] {
                let deaths = each_death(|death, _| {
                    let mut town = Town::new(disk, instances);
                    story(&mut town, &user(), Box::new(move |town| town.die(death)));
                    town.deaths > 0
                });
                assert!(deaths > 40, "{deaths}");
            }
        }
    });
}

#[test]
fn whatever_is_lost_of_a_login_or_an_address_it_is_let_in_once_and_told_once() {
    on_each_disk(|disk| {
        let mut user = users();
        for instances in [1, 2, 3] {
            for story in [signs_in, chooses] {
                let losses = each_loss(|loss, nth, _| {
                    let mut town = Town::new(disk, instances);
                    story(&mut town, &user(), Box::new(move |town| town.lose(loss, nth)));
                    town.losses > 0
                });
                assert!(losses >= 5, "{losses}");
            }
        }
    });
}

/// Two sidecars on one disk, each with what it has asked.
fn pair(disk: &Disk) -> [World; 2] {
    [(); 2].map(|()| World::on(open(disk.connect())))
}

#[test]
fn of_two_tabs_with_one_return_on_two_instances_one_is_let_in_whoever_is_answered_first() {
    on_each_disk(|disk| {
        let mut user = users();
        for first in [0, 1] {
            let [mut begun, mut other] = pair(disk);
            let (_, created) = begun.api(Method::POST, "/v1/logins", &json!({ "state": "s1" }));
            let (visit, user_id) = (Visit::login(&created), user());
            let tab = comes(&visit.path, &user_id, &format!("tabs-{user_id}"));
            // Both ask the gateway before either hears.
            let asked: Vec<_> = [&mut begun, &mut other]
                .into_iter()
                .map(|world| {
                    let (id, input) = world.ask(tab.clone());
                    world.step(vec![input]);
                    (id, world.sent_to("gateway").unwrap().0)
                })
                .collect();
            let mut worlds = [begun, other];
            let verified: Vec<Value> = [first, 1 - first]
                .map(|who| {
                    worlds[who].step(vec![says(asked[who].1, "true")]);
                    claims(&worlds[who].answered(asked[who].0).unwrap())["verified"].clone()
                })
                .to_vec();
            assert_eq!(verified, [true, false]);
            let path = format!("/v1/events?order_no=user:{user_id}");
            let (_, feed) = worlds[0].api(Method::GET, &path, &Value::Null);
            assert_eq!(feed["events"].as_array().unwrap().len(), 1);
        }
    });
}

#[test]
fn a_return_that_was_used_opens_no_other_visit_on_any_instance_and_one_that_was_not_outlives_a_death() {
    on_each_disk(|disk| {
        let mut town = Town::new(disk, 2);
        let user_id = users()();
        let (visit, thiefs) = (begin_login(&mut town), begin_login(&mut town));
        assert_ne!(visit.id, thiefs.id);
        // Both instances die while the buyer is away.
        town.kill(0);
        town.kill(1);
        assert_eq!(claims(&town.insist(&comes(&visit.path, &user_id, "n1")))["verified"], true);
        for _ in 0..2 {
            assert_eq!(claims(&town.insist(&comes(&thiefs.path, &user_id, "n1")))["verified"], false);
            assert_eq!(claims(&town.insist(&comes("/pay/login", &user_id, "n1")))["verified"], false);
        }
        assert!(!thiefs.is_done(&mut town));
        town.pass(2);
        assert_eq!(town.events_of(&format!("user:{user_id}")).len(), 1);
    });
}

#[test]
fn a_visit_lasts_an_hour_whoever_looks_and_whoever_has_died_meanwhile() {
    on_each_disk(|disk| {
        let mut user = users();
        for (seconds, is_let_in) in [(3600, true), (3601, false)] {
            let mut town = Town::new(disk, 2);
            let user_id = user();
            signs_in(&mut town, &user_id, Box::new(|_| ()));
            let (login, address) = (begin_login(&mut town), begin_address(&mut town, &user_id));
            town.now = town.now.plus(Duration::from_secs(seconds));
            town.kill(0);
            let said = claims(&town.insist(&comes(&login.path, &user_id, &format!("late-{user_id}"))));
            assert_eq!(said["verified"], is_let_in);
            let said = claims(&town.insist(&posted(&address.path, &user_id, &format!("late-{user_id}a"))));
            assert_eq!(said["verified"], is_let_in);
            town.pass(2);
            assert_eq!(town.events_of(&format!("user:{user_id}")).len(), if is_let_in { 3 } else { 1 });
        }
    });
}

#[test]
fn a_return_of_which_the_gateway_is_not_heard_is_not_used_up_by_it() {
    on_each_disk(|disk| {
        let [mut begun, mut other] = pair(disk);
        let (_, created) = begun.api(Method::POST, "/v1/logins", &json!({ "state": "s1" }));
        let (visit, user_id) = (Visit::login(&created), users()());
        let tab = comes(&visit.path, &user_id, "n1");
        let (id, input) = begun.ask(tab.clone());
        begun.step(vec![input]);
        let (send, _) = begun.sent_to("gateway").unwrap();
        begun.step(vec![crate::world::silent(send)]);
        let said = claims(&begun.answered(id).unwrap());
        assert_eq!((&said["verified"], &said["check"]), (&json!(false), &json!("notify_verify")));
        assert_eq!(claims(&other.bring(tab.clone(), "true"))["verified"], true);
        // What the first has asked is answered very late.
        begun.step(vec![says(send, "true")]);
        assert_eq!(claims(&begun.bring(tab, "true"))["verified"], false);
        assert_eq!(begun.kinds(), ["buyer.signed_in"]);
    });
}
