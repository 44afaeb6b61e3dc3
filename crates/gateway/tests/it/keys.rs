//! Who signs with what: every kind of signature from request to notification, and keys that follow one another.

use std::time::Duration;

use danbao_gateway::keys::{self, KeyError, Owner, StoredKey};
use danbao_protocol::charset::Charset;
use danbao_protocol::ids::PartnerId;
use danbao_protocol::params::Params;
use danbao_protocol::reply::Reply;
use danbao_protocol::sign::pasted::Key;
use danbao_protocol::sign::{self, Leniency, Md5Key, SignType, Signer, Verifier, dsa, rsa};
use danbao_protocol::time::Timestamp;
use danbao_store::{Conn, sqlite};
use serde_json::Value;

use super::order::Call;
use super::world::{Merchant, Message, World, body_text, days, on_both_databases};

const SEED: [u8; 32] = [5; 32];

fn owner(merchant: &Merchant) -> Owner {
    Owner::Partner(PartnerId::new(merchant.partner.as_str()))
}

/// The merchant's own pair of this kind.
pub(crate) fn pair(sign_type: SignType) -> Signer {
    match sign_type {
        SignType::Md5 => Signer::Md5(Md5Key::new("abcdefghijklmnopqrstuvwxyz012345")),
        SignType::Rsa => Signer::Rsa(rsa::PrivateKey::generate([3; 32], 1024).unwrap()),
        SignType::Rsa2 => Signer::Rsa2(rsa::PrivateKey::generate([4; 32], 1024).unwrap()),
        SignType::Dsa => Signer::Dsa(dsa::PrivateKey::generate([3; 32]).unwrap()),
    }
}

/// Adds what verifies the signer's messages to the merchant's keys.
pub(crate) fn add(
    world: &World,
    merchant: &Merchant,
    signer: &Signer,
    overlap: Option<Duration>,
) -> StoredKey {
    let key = Key::from(&signer.verifier());
    let add = |conn: &mut dyn Conn, now| {
        keys::add(conn, &owner(merchant), signer.sign_type(), key, overlap, SEED, now)
    };
    world.keys(add).unwrap()
}

/// The gateway's public key of the kind.
pub(crate) fn own(world: &World, sign_type: SignType) -> Verifier {
    let mut params = Params::new();
    params.push("sign_type", sign_type.as_str().as_bytes());
    world.gateways_verifier(&params)
}

/// The code of a query for an unknown trade: TRADE_NOT_EXIST if the signature was accepted.
fn asked(world: &mut World, merchant: &Merchant, signer: &Signer) -> String {
    let call = Call::new(merchant, "single_trade_query").with("out_trade_no", "nothing").signed_by(signer);
    let response = world.get(&call.url());
    Reply::parse(response.body()).unwrap().error.unwrap()
}

#[test]
fn a_trade_is_signed_from_request_to_return_as_its_request_was() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        for sign_type in [SignType::Rsa, SignType::Dsa, SignType::Rsa2] {
            let signer = pair(sign_type);
            add(world, &shop, &signer, None);
            let order = Call::direct(&shop, sign_type.as_str(), "1.00").signed_by(&signer);
            let paid = world.checkout(&order.url(), &zhang.email, Value::Null);

            // World verifies each notification with the gateway's public key of the kind that it names.
            assert_eq!(world.acknowledge().get("sign_type"), sign_type.as_str());
            let (_, query) = paid["return_url"].as_str().unwrap().split_once('?').unwrap();
            let page = Message::verified(query.as_bytes(), &own(world, sign_type), Charset::Utf8);
            assert_eq!(page.get("is_success"), "T");

            let query = Call::new(&shop, "single_trade_query").with("out_trade_no", sign_type.as_str());
            let answer = world.get(&query.clone().signed_by(&signer).url());
            assert_eq!(Reply::parse(answer.body()).unwrap().verify(&own(world, sign_type)), Ok(()));
            // The answer follows its own question, not the trade.
            let answer = world.get(&query.url());
            let shared = Verifier::Md5(shop.key.clone());
            assert_eq!(Reply::parse(answer.body()).unwrap().verify(&shared), Ok(()));
        }
    });
}

#[test]
fn a_signature_needs_a_known_kind_then_a_key_of_the_kind_then_to_be_right() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        for sign_type in [SignType::Rsa, SignType::Dsa, SignType::Rsa2] {
            let signer = pair(sign_type);
            assert_eq!(asked(world, &shop, &signer), "ILLEGAL_SECURITY_PROFILE");
            add(world, &shop, &signer, None);
            assert_eq!(asked(world, &shop, &signer), "TRADE_NOT_EXIST");
        }
        // RSA and RSA2 have keys of their own each, and none passes for the other.
        let (Signer::Rsa(rsa), Signer::Rsa2(rsa2)) = (pair(SignType::Rsa), pair(SignType::Rsa2)) else {
            panic!("a pair of each")
        };
        for stranger in [Signer::Rsa(rsa2), Signer::Rsa2(rsa)] {
            assert_eq!(asked(world, &shop, &stranger), "ILLEGAL_SIGN");
        }
        for kind in ["rsa", "RSA3", "md5", ""] {
            let url = Call::direct(&shop, "k1", "1.00").signed_then("sign_type", kind);
            assert!(body_text(&world.get(&url)).contains("ILLEGAL_SIGN_TYPE"), "{kind}");
        }
        for kind in ["RSA", "DSA", "RSA2"] {
            let url = Call::direct(&shop, "k1", "1.00").signed_then("sign_type", kind);
            assert!(body_text(&world.get(&url)).contains("ILLEGAL_SIGN"), "{kind}");
        }
    });
}

/// Buys with a request signed like this; which of the two shared keys has signed the page return.
fn signed_return(world: &mut World, shop: &Merchant, order: &str, signer: &Signer) -> Option<i64> {
    let asked = Call::direct(shop, order, "1.00").without("notify_url").signed_by(signer);
    let zhang = world.zhang();
    let paid = world.checkout(&asked.url(), &zhang.email, Value::Null);
    let (_, query) = paid["return_url"].as_str().unwrap().split_once('?').unwrap();
    let page = Params::parse_urlencoded(query.as_bytes()).unwrap();
    let keys = world.keys(|conn, _| keys::list(conn, &owner(shop))).unwrap();
    let verifies = |stored: &&StoredKey| {
        let verifier = stored.key.verifier(SignType::Md5).unwrap();
        sign::verify(&page, &verifier, &Leniency::STRICT).is_ok()
    };
    keys.iter().find(verifies).map(|stored| stored.key_no)
}

#[test]
fn old_and_new_key_are_accepted_until_the_overlap_is_over() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        let (old, new) = (Signer::Md5(shop.key.clone()), pair(SignType::Md5));
        assert_eq!(asked(world, &shop, &new), "ILLEGAL_SIGN");
        let added = add(world, &shop, &new, Some(days(7)));
        assert_eq!((added.key_no, added.retired_at), (2, None));

        // The merchant has the new key when it has used it; until then it is spoken to under the old one.
        assert_eq!(signed_return(world, &shop, "o1", &old), Some(1));
        assert_eq!(signed_return(world, &shop, "o2", &new), Some(2));
        assert_eq!(signed_return(world, &shop, "o3", &old), Some(2), "whatever comes late from the old one");

        world.later(days(7));
        assert_eq!(asked(world, &shop, &old), "ILLEGAL_SIGN");
        assert_eq!(asked(world, &shop, &new), "TRADE_NOT_EXIST");
    });
}

#[test]
fn retired_keys_admit_nobody_and_still_sign_what_is_owed() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let signer = pair(SignType::Rsa);
        add(world, &shop, &signer, None);
        let order = Call::escrow(&shop, "k3", "1.00").addressed().signed_by(&signer);
        let bought = world.checkout(&order.url(), &zhang.email, Value::Null);
        world.acknowledge_all();
        let retire =
            |owner: Owner| move |conn: &mut dyn Conn, now| keys::retire(conn, &owner, SignType::Rsa, 1, now);
        world.keys(retire(owner(&shop))).unwrap();
        world.keys(retire(Owner::Gateway)).unwrap();
        assert_eq!(asked(world, &shop, &signer), "ILLEGAL_SECURITY_PROFILE");

        let trade_no = bought["trade_no"].as_str().unwrap();
        world.act(trade_no, serde_json::json!({ "action": "send_goods" }));
        assert_eq!(world.acknowledge().get("trade_status"), "WAIT_BUYER_CONFIRM_GOODS");
    });
}

#[test]
fn the_gateways_pair_comes_with_the_first_key_that_needs_it_and_can_be_replaced() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        let signer = pair(SignType::Dsa);
        add(world, &shop, &signer, None);
        let first = own(world, SignType::Dsa);
        let next = keys::generate(SignType::Dsa, [6; 32]).unwrap();
        let add = |conn: &mut dyn Conn, now| {
            keys::add(conn, &Owner::Gateway, SignType::Dsa, next, Some(days(1)), SEED, now)
        };
        assert_eq!(world.keys(add).unwrap().key_no, 2);
        assert_eq!(own(world, SignType::Dsa), first, "the one that merchants have");
        world.later(days(1));
        assert_ne!(own(world, SignType::Dsa), first);
        let time = Call::new(&shop, "query_timestamp").signed_by(&signer);
        let answer = Reply::parse(world.get(&time.url()).body()).unwrap();
        assert_eq!(answer.verify(&own(world, SignType::Dsa)), Ok(()));
    });
}

#[test]
fn a_key_that_cannot_be_right_is_not_added() {
    on_both_databases(|world| {
        let shop = owner(&world.shop);
        let nobody = Owner::Partner(PartnerId::new("2088999999999999"));
        let (private, public) = (Key::from(&pair(SignType::Rsa)), Key::from(&pair(SignType::Rsa).verifier()));
        let md5 = Key::from(&pair(SignType::Md5));
        let try_to_add = |owner: &Owner, sign_type, key: &Key| {
            let add =
                |conn: &mut dyn Conn, now| keys::add(conn, owner, sign_type, key.clone(), None, SEED, now);
            world.keys(add).map(|stored| stored.key_no)
        };
        use KeyError::*;
        assert!(matches!(try_to_add(&nobody, SignType::Rsa, &public), Err(NoPartner(_))));
        assert!(matches!(try_to_add(&shop, SignType::Rsa, &private), Err(PrivateHalf)));
        assert!(matches!(try_to_add(&shop, SignType::Dsa, &public), Err(OtherKind(SignType::Dsa))));
        assert!(matches!(try_to_add(&shop, SignType::Md5, &public), Err(OtherKind(SignType::Md5))));
        assert!(matches!(try_to_add(&Owner::Gateway, SignType::Md5, &md5), Err(Shared)));
        assert!(matches!(try_to_add(&Owner::Gateway, SignType::Rsa, &public), Err(NotPrivate)));
        assert!(matches!(try_to_add(&shop, SignType::Rsa, &public), Ok(1)));
        assert!(matches!(try_to_add(&shop, SignType::Rsa, &public), Err(Known(SignType::Rsa, 1))));
        let retire = |conn: &mut dyn Conn, now| keys::retire(conn, &shop, SignType::Rsa, 2, now);
        assert!(matches!(world.keys(retire), Err(NoKey(SignType::Rsa, 2))));
    });
}

#[test]
fn keys_of_the_first_release_stay_what_they_were() {
    let mut conn = sqlite::memory().unwrap();
    danbao_store::migrate(conn.as_mut(), &danbao_gateway::MIGRATIONS[..1]).unwrap();
    for sql in [
        "INSERT INTO partner (partner, display_name, user_id, fee_ppm, is_refundable, custom_timeouts, anti_phishing,
             created_at) VALUES ('2088000000000001', 'a', '2088000000000001', 0, 0, 0, 0, 0)",
        "INSERT INTO partner_key (partner, sign_type, key_no, secret) VALUES ('2088000000000001', 'MD5', 1, 'k')",
    ] {
        conn.execute(sql, &[]).unwrap();
    }
    let now = keys::open(conn.as_mut(), Timestamp(1)).unwrap();
    let keys = keys::list(conn.as_mut(), &Owner::Partner(PartnerId::new("2088000000000001"))).unwrap();
    assert_eq!(keys.len(), 1);
    assert!(keys[0].is_active(now));
    assert_eq!(keys[0].key, Key::Md5(Md5Key::new("k")));
}
