//! The merchants and people of the table: each contract has one thing that is special.

use danbao_gateway::DemoBuyer;
use http::Method;
use serde_json::{Value, json};

use super::super::order::Call;
use super::super::refund_batches::{NOPWD, PWD, refunder};
use super::super::world::{Merchant, World};
use super::{ELSEWHERE, HERE};

pub(super) struct Stage {
    /// Everything is open to it, time-outs of its own too.
    pub(super) shop: Merchant,
    /// Another merchant: an account that is not a seller of the first.
    pub(super) stranger: Merchant,
    /// Its contract names no interface that it calls.
    pub(super) bare: Merchant,
    /// Its contract has no time-outs of its own.
    pub(super) plain: Merchant,
    /// The anti-phishing check is on.
    pub(super) guarded: Merchant,
    /// Wants the finer codes.
    pub(super) fine: Merchant,
    /// Its contract bars all that a contract can bar.
    pub(super) barred: Merchant,
    /// Its servers, its domains, its products and its agents are registered.
    pub(super) registered: Merchant,
    /// Nothing is served to them, and why.
    pub(super) withheld: Vec<(&'static str, Merchant)>,
    /// Its account is frozen.
    pub(super) frozen: Merchant,
    /// Under an advanced contract.
    pub(super) refunder: Merchant,
    /// The same, its account frozen.
    pub(super) frozen_refunder: Merchant,
    /// Nobody has seen who it is.
    pub(super) unknown: Merchant,
    pub(super) zhang: DemoBuyer,
    pub(super) li: DemoBuyer,
}

/// Accounts that could receive royalty, but for one thing.
pub(super) const UNCERTIFIED: &str = "uncertified@danbao.example";
pub(super) const FROZEN: &str = "frozen@danbao.example";

/// A company with plenty of money.
pub(super) const COMPANY: &str = "company@danbao.example";

pub(super) const SERVICES: [&str; 11] = [
    "create_partner_trade_by_buyer",
    "create_direct_pay_by_user",
    "trade_create_by_buyer",
    "send_goods_confirm_by_platform",
    "single_trade_query",
    "close_trade",
    "query_timestamp",
    super::logins::LOGIN,
    super::logins::ADDRESS,
    NOPWD,
    PWD,
];

impl Stage {
    pub(super) fn set(world: &mut World) -> Stage {
        let mut made = |email: &str, contract: Value| world.merchant(email, contract);
        let stranger = made("stranger@shop.example", json!({}));
        let bare = made("bare@shop.example", json!({ "services": ["notify_verify"] }));
        let plain = made("plain@shop.example", json!({}));
        let guarded = made("guarded@shop.example", json!({ "anti_phishing": true }));
        let frozen = made("seller-frozen@shop.example", json!({}));
        let unknown = made("seller-unknown@shop.example", json!({}));
        let fine = with_terms(world, "fine@shop.example", json!({ "fine_error_codes": true }));
        let barred =
            ["balance", "bank_gateway", "credit_card", "ctu_check", "foreign_card", "named_buyer", "royalty"];
        let barred = with_terms(world, "barred@shop.example", json!({ "barred": barred }));
        let registered = with_terms(
            world,
            "registered@shop.example",
            json!({
                "client_ips": [HERE],
                "domains": ["shop.example"],
                "products": ["CHANNEL_FAST_PAY"],
                "agents": ["agent-1"],
                "royalty_receivers": [world.zhang().email],
            }),
        );
        let whys = ["unopened", "closed", "misconfigured", "no_product"];
        let withheld = whys.map(|why| {
            let all: serde_json::Map<String, Value> =
                SERVICES.iter().map(|service| ((*service).to_owned(), json!(why))).collect();
            (why, with_terms(world, &format!("{why}@shop.example"), json!({ "withheld": all })))
        });
        let refunder = refunder(world);
        let advanced = json!({ "is_refundable": true });
        let frozen_refunder = world.merchant("refunder-frozen@shop.example", advanced);
        stand(world, &frozen_refunder.seller_id, json!({ "is_frozen": true }));
        stand(world, &frozen.seller_id, json!({ "is_frozen": true }));
        stand(world, &unknown.seller_id, json!({ "is_certified": false }));
        for (email, standing) in
            [(UNCERTIFIED, json!({ "is_certified": false })), (FROZEN, json!({ "is_frozen": true }))]
        {
            let member = world.member(email, "0.00");
            stand(world, member["user_id"].as_str().unwrap(), standing);
        }
        let company = json!({ "email": COMPANY, "balance": "1000000.00", "kind": "company" });
        world.done(Method::POST, "/users", &company);
        Stage {
            shop: world.shop.clone(),
            stranger,
            bare,
            plain,
            guarded,
            fine,
            barred,
            registered,
            withheld: withheld.into(),
            frozen,
            refunder,
            frozen_refunder,
            unknown,
            zhang: world.zhang(),
            li: world.li(),
        }
    }

    /// Whose call [`Stage::good_call`] is.
    pub(super) fn caller(&self, service: &str) -> &Merchant {
        if [NOPWD, PWD].contains(&service) { &self.refunder } else { &self.shop }
    }

    /// A call that the service answers with yes, as often as it is made.
    pub(super) fn good_call(&self, world: &mut World, service: &str, number: &str) -> String {
        let number = format!("{number}-{service}");
        match service {
            "create_partner_trade_by_buyer" => return Call::escrow(&self.shop, &number, "1.00").url(),
            "create_direct_pay_by_user" => return Call::direct(&self.shop, &number, "1.00").url(),
            "trade_create_by_buyer" => return Call::dual(&self.shop, &number, "1.00").url(),
            super::logins::LOGIN => return super::super::login::login(&self.shop).url(),
            super::logins::ADDRESS => return super::logins::address(&self.shop).url(),
            NOPWD | PWD => return super::batches::good_call(world, &self.refunder, service),
            "query_timestamp" => return Call::new(&self.shop, service).url(),
            _ => {}
        }
        let is_closed = service == "close_trade";
        let escrow = Call::escrow(&self.shop, &number, "1.00").url();
        let trade = world.checkout(&escrow, &self.zhang.email, json!({ "stop_unpaid": is_closed }));
        let call = Call::new(&self.shop, service).with("trade_no", trade["trade_no"].as_str().unwrap());
        call.with("transport_type", "DIRECT").url()
    }
}

/// A merchant whose contract has these terms.
fn with_terms(world: &mut World, email: &str, terms: Value) -> Merchant {
    let merchant = world.merchant(email, json!({}));
    let said = world.done(Method::POST, &format!("/partners/{}/terms", merchant.partner), &terms);
    for (name, value) in terms.as_object().unwrap() {
        assert_eq!(&said[name], value, "terms are said back as they were said");
    }
    merchant
}

fn stand(world: &mut World, user_id: &str, standing: Value) {
    world.done(Method::POST, &format!("/users/{user_id}"), &standing);
}

/// A timestamp against phishing, fetched by the merchant a moment ago.
pub(super) fn stamp(world: &mut World, merchant: &Merchant) -> String {
    let url = Call::new(merchant, "query_timestamp").url();
    let reply = danbao_protocol::reply::Reply::parse(world.get(&url).body()).unwrap();
    reply.get("encrypt_key").unwrap().to_owned()
}

/// A browser elsewhere on the internet.
pub(super) const OTHER_BROWSER: &str = ELSEWHERE;
