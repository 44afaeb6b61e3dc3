//! The people of a first start: a shop under contract and two buyers with play money.

use std::collections::BTreeSet;

use danbao_node::Fault;
use danbao_protocol::time::Timestamp;

use super::people::{NewAddress, NewPartner, NewUser, make_partner, make_user};
use crate::gateway::Gateway;
use crate::pages::DemoAccount;
use crate::rows::setting;
use crate::turn::Turn;

/// Who is there to play with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoWorld {
    /// The shop's contract.
    pub partner: DemoPartner,
    /// The buyers.
    pub buyers: Vec<DemoBuyer>,
    /// Where the model shop is, if it runs beside the gateway.
    pub shop_url: Option<String>,
    /// The bearer token of the sandbox API.
    pub sandbox_token: String,
}

/// A merchant of the demo world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoPartner {
    /// 合作者身份
    pub partner: String,
    /// 交易安全校验码
    pub key: String,
    /// The seller's account.
    pub seller_email: String,
    /// The seller's id.
    pub seller_id: String,
    /// The seller's login password.
    pub login_password: String,
    /// The seller's payment password.
    pub payment_password: String,
}

/// A buyer of the demo world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoBuyer {
    /// Account.
    pub email: String,
    /// 16 digits.
    pub user_id: String,
    /// Login password.
    pub login_password: String,
    /// Payment password.
    pub payment_password: String,
}

const SELLER: &str = "seller@danbao.example";
const SHOP_NAME: &str = "竹里小铺";
/// Account, name and nickname at the market of each buyer.
const BUYERS: [(&str, &str, &str); 2] =
    [("zhang@danbao.example", "张三", "三月竹"), ("li@danbao.example", "李四", "四方来客")];
/// 上海 普陀区
const AREA_CODE: &str = "310107";
const LOGIN_PASSWORD: &str = "login123";
const PAYMENT_PASSWORD: &str = "pay123";
/// The platform's charge on the demo shop: 0.6 %.
const FEE_PPM: i64 = 6_000;
const SHOP_URL: &str = "demo_shop_url";

impl Gateway {
    /// Puts the demo world into a new sandbox, or finds it in an old one.
    ///
    /// # Errors
    /// [`Fault`]; also if this is no sandbox.
    pub fn ensure_demo(&mut self, now: Timestamp, shop_url: Option<&str>) -> Result<DemoWorld, Fault> {
        self.with_turn(now, |turn| {
            if load(turn)?.is_none() {
                make(turn)?;
            }
            if let Some(url) = shop_url {
                setting::save(turn.tx, SHOP_URL, url)?;
            }
            load(turn)?.ok_or_else(|| Fault::invariant("the demo world was just made and is not there"))
        })
    }
}

impl DemoWorld {
    /// Everybody who can sign in, for the gateway's first page.
    pub(crate) fn accounts(&self) -> impl Iterator<Item = DemoAccount> {
        let seller = DemoAccount {
            seller: true,
            account: self.partner.seller_email.clone(),
            login_password: self.partner.login_password.clone(),
            payment_password: self.partner.payment_password.clone(),
        };
        let buyers = self.buyers.iter().map(|buyer| DemoAccount {
            seller: false,
            account: buyer.email.clone(),
            login_password: buyer.login_password.clone(),
            payment_password: buyer.payment_password.clone(),
        });
        buyers.chain([seller]).collect::<Vec<_>>().into_iter()
    }
}

/// Finds the demo world; `None` if this sandbox has none.
pub(crate) fn load(turn: &mut Turn<'_>) -> Result<Option<DemoWorld>, Fault> {
    let Some(seller) = turn.user_by_email(SELLER)? else { return Ok(None) };
    let id = danbao_protocol::ids::PartnerId::new(seller.user_id.as_str());
    let now = turn.now;
    let Some(key) = turn.partner(&id)?.and_then(|partner| partner.md5_key(now)) else { return Ok(None) };
    let mut buyers = Vec::new();
    for (email, ..) in BUYERS {
        if let Some(user) = turn.user_by_email(email)? {
            buyers.push(DemoBuyer {
                email: user.email,
                user_id: user.user_id.to_string(),
                login_password: LOGIN_PASSWORD.to_owned(),
                payment_password: PAYMENT_PASSWORD.to_owned(),
            });
        }
    }
    Ok(Some(DemoWorld {
        partner: DemoPartner {
            partner: id.to_string(),
            key: key.reveal().to_owned(),
            seller_email: seller.email,
            seller_id: seller.user_id.to_string(),
            login_password: LOGIN_PASSWORD.to_owned(),
            payment_password: PAYMENT_PASSWORD.to_owned(),
        },
        buyers,
        shop_url: setting::load(turn.tx, SHOP_URL)?,
        sandbox_token: turn.sandbox_token()?.to_owned(),
    }))
}

fn make(turn: &mut Turn<'_>) -> Result<(), Fault> {
    let seller = NewPartner {
        seller_email: SELLER.to_owned(),
        display_name: Some(SHOP_NAME.to_owned()),
        services: None,
        key: None,
        fee_ppm: FEE_PPM,
        is_refundable: false,
        custom_timeouts: true,
        anti_phishing: false,
        triggers: None,
        error_notify: false,
        permissions: BTreeSet::new(),
    };
    make_partner(turn, seller)?.map_err(|problem| Fault::invariant(format!("demo shop: {problem:?}")))?;
    for (email, name, nickname) in BUYERS {
        let buyer = NewUser {
            login_password: LOGIN_PASSWORD.to_owned(),
            payment_password: PAYMENT_PASSWORD.to_owned(),
            balance: Some("10000.00".to_owned()),
            nickname: Some(nickname.to_owned()),
            addresses: vec![NewAddress {
                name: name.to_owned(),
                address: "某路100号".to_owned(),
                area_code: Some(AREA_CODE.to_owned()),
                zip: "200062".to_owned(),
                phone: String::new(),
                mobile: "13900000000".to_owned(),
            }],
            ..NewUser::named(email, Some(name.to_owned()))
        };
        make_user(turn, &buyer)?.map_err(|problem| Fault::invariant(format!("demo buyer: {problem:?}")))?;
    }
    Ok(())
}
