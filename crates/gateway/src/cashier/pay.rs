//! The second page: where the goods go, and where the money comes from.

use danbao_engine::chart::Account;
use danbao_engine::standing::UserStatus;
use danbao_engine::trade::{Mode, Trade};
use danbao_node::Fault;
use danbao_protocol::node::{Request, Response};
use danbao_protocol::service::bank;
use danbao_protocol::service::payment::Receive;

use super::checkout::{self, Checkout, Source};
use super::front::refused;
use super::{At, shown};
use crate::credentials::{self, Kind, Outcome};
use crate::pages::{AddressEntry, BANKS, Balance, FormError, Message, Method, Pay, PayAddress, Word};
use crate::rows::account;
use crate::rows::address::{self, Address, one_line};
use crate::rows::users::User;
use crate::turn::Turn;
use crate::web::Fields;
use danbao_engine::machine::Choice;

/// GET: the page.
pub(super) fn show(turn: &mut Turn<'_>, at: At, request: &Request) -> Result<Response, Fault> {
    let query = Fields::of_query(request);
    let said = [("declined", Message::BankDeclined), ("changed", Message::PriceChanged)];
    let said = said.into_iter().find(|(name, _)| query.get(name) == "1");
    let error = said.map(|(_, message)| FormError::whole(message));
    match payer(&at) {
        Ok((trade, user)) => {
            let (trade, user) = (trade.clone(), user.clone());
            page(turn, &at, &trade, &user, &Fields::default(), error)
        }
        Err(response) => Ok(response),
    }
}

/// Who pays which trade here, or where the visitor must go first.
pub(super) fn payer(at: &At) -> Result<(&Trade, &User), Response> {
    if let Some(past) = at.past() {
        return Err(past);
    }
    match (&at.trade, at.visit.payer(&at.stored.trade_no)) {
        (Some(trade), Some(user)) if user.user_id == trade.buyer => Ok((trade, user)),
        // Whoever chose to pay was signed in then and is not any more.
        (Some(_), None) if at.visit.session.is_none() => Err(at.go("?timeout=1")),
        _ => Err(at.go("")),
    }
}

fn page(
    turn: &mut Turn<'_>,
    at: &At,
    trade: &Trade,
    user: &User,
    form: &Fields,
    error: Option<FormError>,
) -> Result<Response, Fault> {
    let direct = &trade.request.direct;
    let balance = balance(turn, trade, user)?;
    let entered = Method::ALL.iter().find(|method| method.key() == form.get("method")).copied();
    let method = entered.unwrap_or(match (&balance, direct.paymethod.as_deref()) {
        (None, _) | (_, Some(BANK)) => Method::Bank,
        (Some(_), _) => Method::Balance,
    });
    let code = Some(form.get("bank")).filter(|code| !code.is_empty()).or(direct.defaultbank.as_deref());
    let page = Pay {
        id: super::id(&at.stored),
        order: shown::order(&trade.request, &trade.amount, &at.merchant, Some(trade.total_fee)),
        logistics: shown::chosen_logistics(trade),
        mode: shown::mode(trade.mode),
        payer: user.email.clone(),
        address: address_box(turn, trade, user, form)?,
        balance,
        banks: banks(trade),
        bank: code.unwrap_or_default().to_owned(),
        method,
        back_url: Some(super::path(&at.stored)),
        error,
    };
    Ok(at.visit.page(&page))
}

/// The channels of `enable_paymethod` that this cashier has.
pub(crate) const CHANNELS: [&str; 2] = [BALANCE, BANK];
const BALANCE: &str = "directPay";
const BANK: &str = "bankPay";

/// The member's balance, unless the merchant leaves payment by balance out (enable_paymethod, protocol.md §3.3).
fn balance(turn: &mut Turn<'_>, trade: &Trade, user: &User) -> Result<Option<Balance>, Fault> {
    let enabled = &trade.request.direct.enable_paymethod;
    let is_enabled = enabled.is_empty() || enabled.iter().any(|method| method == BALANCE);
    if user.status != UserStatus::Member || !is_enabled {
        return Ok(None);
    }
    let available = account::balance(turn.tx, &Account::User(user.user_id.clone()))?;
    let missing = trade.total_fee.checked_sub(available).filter(|missing| missing.is_positive());
    Ok(Some(Balance {
        available: available.to_string(),
        missing: missing.map(|missing| missing.to_string()),
    }))
}

/// The banks offered: the usual ones and the one that the merchant names, unless it leaves banks out.
fn banks(trade: &Trade) -> Vec<Word> {
    let enabled = &trade.request.direct.enable_paymethod;
    let is_enabled = enabled.is_empty() || enabled.iter().any(|method| method == BANK);
    if !is_enabled {
        return Vec::new();
    }
    let named = trade.request.direct.defaultbank.as_deref();
    let unusual = bank::CODES.iter().filter(|code| Some(**code) == named && !BANKS.contains(code));
    unusual.chain(&BANKS).copied().collect()
}

fn address_box(turn: &mut Turn<'_>, trade: &Trade, user: &User, form: &Fields) -> Result<PayAddress, Fault> {
    if trade.mode == Mode::Direct {
        return Ok(PayAddress::None);
    }
    if let Some(given) = &trade.request.receive {
        return Ok(PayAddress::Given { address: shown::address(0, given) });
    }
    let book = address::load_of(turn.tx, &user.user_id)?;
    let entered = form.get("address").parse().ok().filter(|index| *index < book.len());
    let chosen = entered.or((form.get("address").is_empty() && !book.is_empty()).then_some(0));
    Ok(PayAddress::Choose {
        book: book.iter().enumerate().map(|(index, entry)| shown::address(index, &entry.receive())).collect(),
        chosen,
        entry: AddressEntry {
            name: form.get("receive_name").to_owned(),
            address: form.get("receive_address").to_owned(),
            zip: form.get("receive_zip").to_owned(),
            phone: form.get("receive_phone").to_owned(),
            mobile: form.get("receive_mobile").to_owned(),
        },
    })
}

/// POST: by balance the trade is paid, by bank the buyer goes to the bank's page.
pub(super) fn submit(turn: &mut Turn<'_>, at: At, form: &Fields) -> Result<Response, Fault> {
    let (trade, user) = match payer(&at) {
        Ok((trade, user)) => (trade.clone(), user.clone()),
        Err(response) => return Ok(response),
    };
    if !is_shown_total(&trade, form) {
        return page(turn, &at, &trade, &user, form, Some(FormError::whole(Message::PriceChanged)));
    }
    let receive = match receive(turn, &trade, &user, form)? {
        Ok(receive) => receive,
        Err(error) => return page(turn, &at, &trade, &user, form, Some(error)),
    };
    let may_use_balance = balance(turn, &trade, &user)?.is_some();
    if may_use_balance && form.get("method") == Method::Balance.key() {
        return by_balance(turn, &at, &trade, &user, form, receive);
    }
    let code = form.get("bank");
    if !banks(&trade).contains(&code) {
        let error = FormError::at("bank", Message::BankWrong);
        return page(turn, &at, &trade, &user, form, Some(error));
    }
    // Nobody is sent to a bank for a payment that will not be taken.
    if let Err(refusal) = checkout::parties(turn, &trade)?.check(trade.total_fee) {
        return page(turn, &at, &trade, &user, form, Some(refused(refusal)));
    }
    let logistics = shown::chosen_logistics(&trade).map_or(0, |choice| choice.index);
    let choice = Choice { mode: Some(trade.mode), logistics, receive };
    let checkout = Checkout { stored: &at.stored, trade: Some(&trade), buyer: &user.user_id, choice };
    match checkout::open(turn, checkout)? {
        Ok(_) => Ok(at.go(&format!("/bank/{code}"))),
        Err(refusal) => page(turn, &at, &trade, &user, form, Some(refused(refusal))),
    }
}

/// Whether the form was shown with the total that would be paid: the seller may have changed it since.
pub(super) fn is_shown_total(trade: &Trade, form: &Fields) -> bool {
    let shown = form.get("shown_total");
    shown.is_empty() || shown == trade.total_fee.to_string()
}

fn by_balance(
    turn: &mut Turn<'_>,
    at: &At,
    trade: &Trade,
    user: &User,
    form: &Fields,
    receive: Option<Receive>,
) -> Result<Response, Fault> {
    if let Err(error) = check_payment_password(turn, user, form)? {
        return page(turn, at, trade, user, form, Some(error));
    }
    match checkout::pay(turn, trade, &user.user_id, Source::Balance, receive)? {
        Ok(_) => Ok(at.go("/paid")),
        Err(refusal) => page(turn, at, trade, user, form, Some(refused(refusal))),
    }
}

/// Checks the payment password of a form.
pub(crate) fn check_payment_password(
    turn: &mut Turn<'_>,
    user: &User,
    form: &Fields,
) -> Result<Result<(), FormError>, Fault> {
    let entered = form.raw("payment_password");
    if entered.is_empty() {
        return Ok(Err(FormError::at("payment_password", Message::PaymentPasswordEmpty)));
    }
    let error = |message| Ok(Err(FormError::at("payment_password", message)));
    match credentials::check(turn, &user.user_id, Kind::Payment, entered)? {
        Outcome::Right => Ok(Ok(())),
        Outcome::Wrong => error(Message::PaymentPasswordWrong),
        Outcome::Locked => error(Message::Locked),
    }
}

/// The address of the form; `None` where none is needed or the request gave it.
fn receive(
    turn: &mut Turn<'_>,
    trade: &Trade,
    user: &User,
    form: &Fields,
) -> Result<Result<Option<Receive>, FormError>, Fault> {
    if trade.mode == Mode::Direct || trade.request.receive.is_some() {
        return Ok(Ok(None));
    }
    let book = address::load_of(turn.tx, &user.user_id)?;
    let chosen = form.get("address").parse::<usize>().ok().and_then(|index| book.get(index).cloned());
    if let Some(entry) = chosen {
        return Ok(Ok(Some(entry.receive())));
    }
    let entered = match entered_address(form) {
        Ok(entered) => entered,
        Err(error) => return Ok(Err(error)),
    };
    if user.status == UserStatus::Member && book.len() < ADDRESSES_MAX {
        let address_id = turn.number("address")?;
        let entry = Address { address_id, area_code: None, to: entered.clone() };
        address::insert(turn.tx, &user.user_id, &entry)?;
    }
    Ok(Ok(Some(entered)))
}

/// Entries of one address book.
pub(crate) const ADDRESSES_MAX: usize = 20;

/// The address typed into a form: name, address and one of the two telephones are needed; the lengths are those of
/// the interface (protocol.md §3.2).
pub(crate) fn entered_address(form: &Fields) -> Result<Receive, FormError> {
    let fields = [
        ("receive_name", 64),
        ("receive_address", 128),
        ("receive_zip", 20),
        ("receive_phone", 30),
        ("receive_mobile", 20),
    ];
    if let Some((name, _)) = fields.iter().find(|(name, most)| form.get(name).chars().count() > *most) {
        return Err(FormError::at(name, Message::TooLong));
    }
    let missing = ["receive_name", "receive_address"].into_iter().find(|name| form.get(name).is_empty());
    let has_phone = !form.get("receive_phone").is_empty() || !form.get("receive_mobile").is_empty();
    if let Some(field) = missing.or((!has_phone).then_some("receive_mobile")) {
        return Err(FormError::at(field, Message::AddressIncomplete));
    }
    Ok(Receive {
        name: one_line(form.get("receive_name")),
        address: one_line(form.get("receive_address")),
        zip: one_line(form.get("receive_zip")),
        phone: one_line(form.get("receive_phone")),
        mobile: one_line(form.get("receive_mobile")),
    })
}
