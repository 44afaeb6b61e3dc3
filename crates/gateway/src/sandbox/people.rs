//! Making partners and account holders.

use std::collections::BTreeSet;

use danbao_engine::change::{Journal, Posting};
use danbao_engine::chart::Account;
use danbao_engine::standing::{AccountKind, UserStatus};
use danbao_engine::triggers::Triggers;
use danbao_node::Fault;
use danbao_protocol::ids::{PartnerId, UserId};
use danbao_protocol::money::Fen;
use danbao_protocol::node::Request;
use danbao_protocol::service::Service;
use danbao_protocol::service::payment::Receive;
use danbao_protocol::sign::pasted::Key;
use danbao_protocol::sign::{Md5Key, SignType};
use danbao_protocol::status::TradeStatus;
use danbao_protocol::status::{UserGrade, UserGradeType};
use danbao_protocol::time::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, Problem, read};
use crate::accounts;
use crate::cashier;
use crate::rows::address::{self, Address};
use crate::rows::apply;
use crate::rows::contract::Terms;
use crate::rows::key::StoredKey;
use crate::rows::login::{self, Permission, Profile};
use crate::rows::partner::Partner;
use crate::rows::users::{self, User};
use crate::turn::Turn;

/// A new member. Money comes from the sandbox's own account.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewUser {
    pub(super) email: String,
    #[serde(default)]
    pub(super) display_name: Option<String>,
    #[serde(default = "default_login_password")]
    pub(super) login_password: String,
    #[serde(default = "default_payment_password")]
    pub(super) payment_password: String,
    /// Yuan, two decimals.
    #[serde(default)]
    pub(super) balance: Option<String>,
    /// `private` or `company`; private when absent.
    #[serde(default)]
    pub(super) kind: Option<String>,
    /// Certified when absent.
    #[serde(default)]
    pub(super) is_certified: Option<bool>,
    /// `NORMAL`, `VIP` or `IMPERIAL_VIP`.
    #[serde(default)]
    pub(super) user_grade: Option<String>,
    /// `0` or `1`: whether the gold account is activated.
    #[serde(default)]
    pub(super) user_grade_type: Option<String>,
    /// When the grade ends, `yyyy-MM-dd HH:mm:ss`.
    #[serde(default)]
    pub(super) gmt_decay: Option<String>,
    /// The name at the market that etao leads from.
    #[serde(default)]
    pub(super) nickname: Option<String>,
    /// The address book, in this order.
    #[serde(default)]
    pub(super) addresses: Vec<NewAddress>,
}

/// An entry of a new member's address book.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewAddress {
    pub(super) name: String,
    /// The street alone with an area code; one line without.
    pub(super) address: String,
    /// 行政区划代码
    #[serde(default)]
    pub(super) area_code: Option<String>,
    #[serde(default)]
    pub(super) zip: String,
    #[serde(default)]
    pub(super) phone: String,
    #[serde(default)]
    pub(super) mobile: String,
}

impl NewAddress {
    /// The entry; `None` if there is no such region, or a text is longer than the interface takes (protocol.md §3.2).
    fn entry(&self, address_id: i64) -> Option<Address> {
        let area_code = match &self.area_code {
            None => None,
            Some(code) => Some(code.parse().ok().filter(|code| danbao_region::find(*code).is_some())?),
        };
        let to = Receive {
            name: self.name.clone(),
            address: self.address.clone(),
            zip: self.zip.clone(),
            phone: self.phone.clone(),
            mobile: self.mobile.clone(),
        };
        let entry = Address { address_id, area_code, to };
        let line = entry.receive();
        let lengths =
            [(&line.name, 64), (&line.address, 128), (&line.zip, 20), (&line.phone, 30), (&line.mobile, 20)];
        lengths.iter().all(|(text, most)| text.chars().count() <= *most).then_some(entry)
    }
}

impl NewUser {
    /// A member of whom no more than this is said.
    pub(super) fn named(email: &str, display_name: Option<String>) -> NewUser {
        NewUser {
            email: email.to_owned(),
            display_name,
            login_password: default_login_password(),
            payment_password: default_payment_password(),
            balance: None,
            kind: None,
            is_certified: None,
            user_grade: None,
            user_grade_type: None,
            gmt_decay: None,
            nickname: None,
            addresses: Vec::new(),
        }
    }

    /// What is said beyond the account; `None` if it is malformed.
    fn profile(&self) -> Option<Profile> {
        fn read<T>(word: Option<&str>, ordinary: T, from_wire: impl Fn(&str) -> Option<T>) -> Option<T> {
            word.map_or(Some(ordinary), from_wire)
        }
        let ordinary = Profile::default();
        let is_name = |name: &str| !name.trim().is_empty() && name.chars().count() <= 64;
        Some(Profile {
            user_grade: read(self.user_grade.as_deref(), ordinary.user_grade, UserGrade::from_wire)?,
            user_grade_type: read(
                self.user_grade_type.as_deref(),
                ordinary.user_grade_type,
                UserGradeType::from_wire,
            )?,
            grade_ends_at: match self.gmt_decay.as_deref() {
                None => None,
                Some(at) => Some(Timestamp::parse_wire(at)?),
            },
            nickname: match self.nickname.as_deref() {
                Some(name) if !is_name(name) => return None,
                name => name.map(str::to_owned),
            },
        })
    }
}

/// The password of people whom a test makes without saying more.
pub(super) fn default_login_password() -> String {
    "login123".to_owned()
}

/// As [`default_login_password`], for payments.
pub(super) fn default_payment_password() -> String {
    "pay123".to_owned()
}

/// `POST /users`.
pub(super) fn create_user(turn: &mut Turn<'_>, request: &Request) -> Answer {
    let new: NewUser = match read(request) {
        Ok(new) => new,
        Err(problem) => return Ok(Err(problem)),
    };
    let user = match make_user(turn, &new)? {
        Ok(user) => user,
        Err(problem) => return Ok(Err(problem)),
    };
    Ok(Ok(json!({
        "user_id": user.user_id.as_str(),
        "email": user.email,
        "display_name": user.display_name,
        "login_password": new.login_password,
        "payment_password": new.payment_password,
        "kind": user.kind.as_str(),
        "is_certified": user.is_certified,
    })))
}

/// What is different about an account from now on; what is not said stays as it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChangedUser {
    /// `private` or `company`.
    #[serde(default)]
    kind: Option<String>,
    #[serde(default)]
    is_certified: Option<bool>,
    #[serde(default)]
    is_frozen: Option<bool>,
}

/// `POST /users/{user_id}`.
pub(super) fn change_user(turn: &mut Turn<'_>, request: &Request, user_id: &str) -> Answer {
    let changed: ChangedUser = match read(request) {
        Ok(changed) => changed,
        Err(problem) => return Ok(Err(problem)),
    };
    let Some(mut user) = turn.user(&UserId::new(user_id))? else {
        return Ok(Err(Problem::not_found("such account holder")));
    };
    match changed.kind.as_deref().map(read_kind).transpose() {
        Ok(kind) => user.kind = kind.unwrap_or(user.kind),
        Err(problem) => return Ok(Err(problem)),
    }
    user.is_certified = changed.is_certified.unwrap_or(user.is_certified);
    user.is_frozen = changed.is_frozen.unwrap_or(user.is_frozen);
    accounts::change(turn, &user)?;
    Ok(Ok(show(&user)))
}

/// An account holder as the sandbox shows one.
pub(super) fn show(user: &User) -> Value {
    json!({
        "user_id": user.user_id.as_str(),
        "email": user.email,
        "display_name": user.display_name,
        "kind": user.kind.as_str(),
        "is_certified": user.is_certified,
        "is_frozen": user.is_frozen,
    })
}

fn read_kind(name: &str) -> Result<AccountKind, Problem> {
    AccountKind::from_name(name)
        .ok_or_else(|| Problem::unprocessable("kind_unknown", "an account is `private` or `company`"))
}

/// The most that a member begins with: ten thousand million yuan.
const BALANCE_MAX: Fen = Fen(1_000_000_000_000);

/// Makes a member with a balance.
pub(super) fn make_user(turn: &mut Turn<'_>, new: &NewUser) -> Result<Result<User, Problem>, Fault> {
    if !cashier::is_contact(&new.email) {
        return Ok(Err(Problem::unprocessable(
            "email_malformed",
            "an e-mail address or a mobile number is needed",
        )));
    }
    if turn.user_by_email(&new.email)?.is_some() {
        return Ok(Err(Problem::unprocessable("email_taken", "this account name is in use")));
    }
    let balance = match new.balance.as_deref().map(Fen::parse).transpose() {
        Ok(balance) => balance.unwrap_or(Fen::ZERO),
        Err(error) => return Ok(Err(Problem::unprocessable("balance_malformed", error.to_string()))),
    };
    if balance > BALANCE_MAX {
        let detail = format!("at most {BALANCE_MAX}, so that the books cannot overflow");
        return Ok(Err(Problem::unprocessable("balance_malformed", detail)));
    }
    let name = new.display_name.as_deref().unwrap_or(&new.email);
    if name.contains('\0') || name.chars().count() > 64 {
        return Ok(Err(Problem::unprocessable("display_name_malformed", "at most 64 characters")));
    }
    let kind = match new.kind.as_deref().map(read_kind).transpose() {
        Ok(kind) => kind.unwrap_or(AccountKind::Private),
        Err(problem) => return Ok(Err(problem)),
    };
    let Some(profile) = new.profile() else {
        let detail = "user_grade, user_grade_type, gmt_decay and nickname are as described";
        return Ok(Err(Problem::unprocessable("profile_malformed", detail)));
    };
    let mut book = Vec::with_capacity(new.addresses.len());
    for address in &new.addresses {
        let Some(entry) =
            address.entry(turn.number("address")?).filter(|_| book.len() < cashier::ADDRESSES_MAX)
        else {
            let detail = "no such region, a text too long, or too many addresses";
            return Ok(Err(Problem::unprocessable("address_malformed", detail)));
        };
        book.push(entry);
    }
    let user = User {
        user_id: cashier::next_user_id(turn)?,
        email: new.email.clone(),
        display_name: name.to_owned(),
        status: UserStatus::Member,
        kind,
        is_certified: new.is_certified.unwrap_or(true),
        is_frozen: false,
    };
    let cost = turn.config.password_cost;
    let login = cost.hash(&new.login_password, &mut turn.memory.entropy)?;
    let payment = cost.hash(&new.payment_password, &mut turn.memory.entropy)?;
    users::insert(turn.tx, &user, Some((&login, &payment)), turn.now)?;
    for entry in &book {
        address::insert(turn.tx, &user.user_id, entry)?;
    }
    if profile != Profile::default() {
        login::insert_profile(turn.tx, &user.user_id, &profile)?;
    }
    if balance.is_positive() {
        let credit = Account::User(user.user_id.clone());
        let postings = vec![Posting { debit: Account::Sandbox, credit, amount: balance }];
        apply::post(turn, None, "top_up", &Journal { postings })?;
    }
    Ok(Ok(user))
}

/// A new merchant under contract, with its own seller's account.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPartner {
    pub(super) seller_email: String,
    #[serde(default)]
    pub(super) display_name: Option<String>,
    /// Names of services; all when absent.
    #[serde(default)]
    pub(super) services: Option<Vec<String>>,
    #[serde(default)]
    pub(super) key: Option<String>,
    #[serde(default)]
    pub(super) fee_ppm: i64,
    #[serde(default)]
    pub(super) is_refundable: bool,
    #[serde(default)]
    pub(super) custom_timeouts: bool,
    #[serde(default)]
    pub(super) anti_phishing: bool,
    /// The states of direct pay that are announced; the payment alone when absent.
    #[serde(default)]
    pub(super) triggers: Option<Vec<String>>,
    /// Refused requests are told to their error_notify_url.
    #[serde(default)]
    pub(super) error_notify: bool,
    /// What the quick login tells beyond the name: `email`, `grade`.
    #[serde(default)]
    pub(super) permissions: BTreeSet<String>,
}

/// What a partner wants to be told of from now on; what is not said stays as it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChangedPartner {
    #[serde(default)]
    triggers: Option<Vec<String>>,
    #[serde(default)]
    error_notify: Option<bool>,
}

/// `POST /partners/{partner}`.
pub(super) fn change_partner(turn: &mut Turn<'_>, request: &Request, partner: &str) -> Answer {
    let changed: ChangedPartner = match read(request) {
        Ok(changed) => changed,
        Err(problem) => return Ok(Err(problem)),
    };
    let Some(partner) = turn.partner(&PartnerId::new(partner))? else {
        return Ok(Err(Problem::not_found("such partner")));
    };
    let mut partner = Partner::clone(&partner);
    match changed.triggers.as_deref().map(read_triggers).transpose() {
        Ok(triggers) => partner.triggers = triggers.unwrap_or(partner.triggers),
        Err(problem) => return Ok(Err(problem)),
    }
    partner.error_notify = changed.error_notify.unwrap_or(partner.error_notify);
    turn.change_partner(&partner)?;
    Ok(Ok(json!({
        "partner": partner.partner.as_str(),
        "triggers": partner.triggers.states().map(TradeStatus::as_str).collect::<Vec<_>>(),
        "error_notify": partner.error_notify,
    })))
}

fn read_triggers(names: &[String]) -> Result<Triggers, Problem> {
    let states: Option<Vec<_>> = names.iter().map(|name| TradeStatus::from_wire(name)).collect();
    states.and_then(Triggers::of).ok_or_else(|| {
        let switched = Triggers::SWITCHED.map(TradeStatus::as_str).join(", ");
        Problem::unprocessable("trigger_unknown", format!("these have a switch: {switched}"))
    })
}

/// `POST /partners`.
pub(super) fn create_partner(turn: &mut Turn<'_>, request: &Request) -> Answer {
    let new: NewPartner = match read(request) {
        Ok(new) => new,
        Err(problem) => return Ok(Err(problem)),
    };
    Ok(make_partner(turn, new)?.map(|(partner, key, seller_email)| {
        json!({
            "partner": partner.partner.as_str(),
            "key": key,
            "seller_email": seller_email,
            "seller_id": partner.user_id.as_str(),
        })
    }))
}

/// Makes a partner. As on the real platform, its id is that of the account that signed.
pub(super) fn make_partner(
    turn: &mut Turn<'_>,
    new: NewPartner,
) -> Result<Result<(Partner, String, String), Problem>, Fault> {
    let services: Option<BTreeSet<Service>> = match &new.services {
        None => Some(Service::ALL.iter().copied().collect()),
        Some(names) => names.iter().map(|name| Service::from_wire(name)).collect(),
    };
    let Some(services) = services else {
        return Ok(Err(Problem::unprocessable("service_unknown", "services are named as on the wire")));
    };
    let triggers = match new.triggers.as_deref().map(read_triggers).transpose() {
        Ok(triggers) => triggers.unwrap_or(Triggers::STANDARD),
        Err(problem) => return Ok(Err(problem)),
    };
    let permissions: Option<Vec<Permission>> =
        new.permissions.iter().map(|name| Permission::from_name(name)).collect();
    let Some(permissions) = permissions else {
        return Ok(Err(Problem::unprocessable("permission_unknown", "a permission is email or grade")));
    };
    let is_key = |key: &str| key.len() == 32 && key.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let key = new.key.unwrap_or_else(|| turn.memory.entropy.text(32));
    if !is_key(&key) || !(0..=1_000_000).contains(&new.fee_ppm) {
        let detail = "a key has 32 letters and digits, a fee is 0 to 1000000 parts per million";
        return Ok(Err(Problem::unprocessable("partner_malformed", detail)));
    }
    let seller = match turn.user_by_email(&new.seller_email)? {
        Some(user) => user,
        None => {
            let seller = NewUser::named(&new.seller_email, new.display_name.clone());
            match make_user(turn, &seller)? {
                Ok(user) => user,
                Err(problem) => return Ok(Err(problem)),
            }
        }
    };
    let partner = Partner {
        partner: PartnerId::new(seller.user_id.as_str()),
        display_name: new.display_name.unwrap_or_else(|| seller.display_name.clone()),
        user_id: seller.user_id.clone(),
        fee_ppm: new.fee_ppm,
        is_refundable: new.is_refundable,
        custom_timeouts: new.custom_timeouts,
        anti_phishing: new.anti_phishing,
        triggers,
        error_notify: new.error_notify,
        keys: vec![StoredKey {
            sign_type: SignType::Md5,
            key_no: 1,
            key: Key::Md5(Md5Key::new(key.clone())),
            added_at: turn.now,
            retired_at: None,
            first_used_at: None,
        }],
        services,
        terms: Terms::default(),
        sellers: BTreeSet::from([seller.user_id]),
    };
    if turn.partner(&partner.partner)?.is_some() {
        return Ok(Err(Problem::unprocessable("partner_exists", "this account is under contract already")));
    }
    turn.insert_partner(&partner)?;
    for permission in permissions {
        login::permit(turn.tx, &partner.partner, permission)?;
    }
    Ok(Ok((partner, key, seller.email)))
}
