//! The first page: logistics, mode, and who pays.

use danbao_engine::machine::Choice;
use danbao_engine::refusal::Refusal;
use danbao_engine::standing::{AccountKind, UserStatus};
use danbao_engine::trade::Mode;
use danbao_node::Fault;
use danbao_protocol::error_code::ErrorCode;
use danbao_protocol::ids::UserId;
use danbao_protocol::node::{Request, Response};
use danbao_protocol::service::payment::{Party, PaymentRequest, PaymentService};

use super::checkout::{self, Checkout};
use super::{At, shown};
use crate::credentials::{self, Kind, Outcome};
use crate::pages::{Cashier, FormError, Member, Message, Visitor};
use crate::rows::users::{self, User};
use crate::turn::Turn;
use crate::web::Fields;

/// GET: the page, or on to where the buyer had got to.
pub(super) fn show(turn: &mut Turn<'_>, mut at: At, request: &Request) -> Result<Response, Fault> {
    if let Some(past) = at.past() {
        return Ok(past);
    }
    let query = Fields::of_query(request);
    if query.get("other") == "1" {
        at.visit.sign_out(turn)?;
    }
    let has_ended = query.get("timeout") == "1" && at.visit.session.is_none();
    let error = has_ended
        .then(|| FormError::whole(Message::SessionEnded).with_code(ErrorCode::SessionTimeout.as_str()));
    page(turn, &at, &Fields::default(), error)
}

/// Shows the page, with what was entered and why it came back.
fn page(turn: &mut Turn<'_>, at: &At, form: &Fields, error: Option<FormError>) -> Result<Response, Fault> {
    let request = &at.stored.request;
    let amount = at.trade.as_ref().map_or(request.amount, |trade| trade.amount);
    let chosen = chosen_index(at, form);
    let logistics = request.logistics.iter().enumerate();
    let wish = Mode::from_name(form.get("mode")).or(at.trade.as_ref().map(|trade| trade.mode));
    let page = Cashier {
        id: super::id(&at.stored),
        order: shown::order(request, &amount, &at.merchant, None),
        logistics: logistics
            .map(|(index, group)| shown::logistics_choice(&amount, index, group, index == chosen))
            .collect(),
        mode: shown::mode(Mode::chosen(request.service, wish)),
        mode_open: request.service == PaymentService::TradeCreateByBuyer,
        member: member_box(turn, at, form)?,
        visitor: visitor_box(turn, request, form)?,
        error,
    };
    Ok(at.visit.page(&page))
}

/// What a non-member has entered; `None` if the request names a member, who alone may pay.
fn visitor_box(
    turn: &mut Turn<'_>,
    request: &PaymentRequest,
    form: &Fields,
) -> Result<Option<Visitor>, Fault> {
    let named = match &request.buyer {
        None => "",
        Some(Party::Email(named) | Party::AccountName(named)) => named,
        Some(Party::Id(_)) => return Ok(None),
    };
    let known = turn.user_by_email(named)?;
    if known.is_some_and(|user| user.status == UserStatus::Member) {
        return Ok(None);
    }
    let entered = form.get("contact");
    let contact = if entered.is_empty() { named } else { entered };
    Ok(Some(Visitor { contact: contact.to_owned(), name: form.get("contact_name").to_owned() }))
}

fn chosen_index(at: &At, form: &Fields) -> usize {
    let groups = &at.stored.request.logistics;
    let entered = form.get("logistics").parse().ok().filter(|index| *index < groups.len());
    let before = || {
        let chosen = at.trade.as_ref()?.logistics?;
        groups.iter().position(|group| *group == chosen)
    };
    entered.or_else(before).unwrap_or(0)
}

fn member_box(turn: &mut Turn<'_>, at: &At, form: &Fields) -> Result<Member, Fault> {
    let named = match &at.stored.request.buyer {
        Some(Party::Email(email) | Party::AccountName(email)) => Some(email.clone()),
        Some(Party::Id(id)) => turn.user(id)?.map(|user| user.email),
        None => None,
    };
    if let Some(user) = at.member().filter(|user| named.as_ref().is_none_or(|named| *named == user.email)) {
        let other_url = named.is_none().then(|| format!("{}?other=1", super::path(&at.stored)));
        return Ok(Member::SignedIn { account: user.email.clone(), other_url });
    }
    let fixed = named.is_some();
    let account = named.unwrap_or_else(|| form.get("account").to_owned());
    Ok(Member::Unknown { account, fixed })
}

/// POST: a member signs in, or goes on as who they are, and confirms the page.
pub(super) fn member(turn: &mut Turn<'_>, mut at: At, form: &Fields) -> Result<Response, Fault> {
    let is_empty = form.get("account").is_empty() && form.raw("login_password").is_empty();
    if is_empty && !form.get("contact").is_empty() {
        // Return was pressed in the visitor's input; browsers then send the form by its first button.
        return visitor(turn, at, form);
    }
    if is_empty && let Some(user) = at.member().cloned() {
        return confirm(turn, at, form, &user.user_id);
    }
    match sign_in(turn, form)? {
        Ok(user) => {
            let user_id = user.user_id.clone();
            at.visit.sign_in(turn, user, None)?;
            confirm(turn, at, form, &user_id)
        }
        Err(error) => page(turn, &at, form, Some(error)),
    }
}

/// Checks an account and its login password. Never says which of the two is wrong.
pub(crate) fn sign_in(turn: &mut Turn<'_>, form: &Fields) -> Result<Result<User, FormError>, Fault> {
    let (account, login_password) = (form.get("account"), form.raw("login_password"));
    if account.is_empty() || login_password.is_empty() {
        let field = if account.is_empty() { "account" } else { "login_password" };
        return Ok(Err(FormError::at(field, Message::SignInEmpty)));
    }
    let wrong = || FormError::at("login_password", Message::SignInWrong);
    let Some(user) = turn.user_by_email(account)? else {
        credentials::check_nobodys(turn, login_password)?;
        return Ok(Err(wrong()));
    };
    match credentials::check(turn, &user.user_id, Kind::Login, login_password)? {
        Outcome::Right => Ok(Ok(user)),
        Outcome::Wrong => Ok(Err(wrong())),
        Outcome::Locked => Ok(Err(FormError::at("login_password", Message::Locked))),
    }
}

/// POST: somebody without an account leaves contact data and confirms the page.
pub(super) fn visitor(turn: &mut Turn<'_>, mut at: At, form: &Fields) -> Result<Response, Fault> {
    let contact = form.get("contact");
    if !is_contact(contact) {
        return page(turn, &at, form, Some(FormError::at("contact", Message::ContactWrong)));
    }
    let is_named = match &at.stored.request.buyer {
        None => true,
        Some(Party::Email(named) | Party::AccountName(named)) => named == contact,
        Some(Party::Id(_)) => false,
    };
    if !is_named {
        let error = FormError::whole(Message::BuyerDiffers).with_code(ErrorCode::TradeBuyerNotMatch.as_str());
        return page(turn, &at, form, Some(error));
    }
    let known = turn.user_by_email(contact)?;
    if known.as_ref().is_some_and(|user| user.status == UserStatus::Member) {
        // The contact is somebody's account: whoever it is signs in.
        return page(turn, &at, form, Some(FormError::at("contact", Message::ContactIsMember)));
    }
    let user = match known {
        Some(user) => user,
        None => register_visitor(turn, contact, form.get("contact_name"))?,
    };
    let user_id = user.user_id.clone();
    at.visit.sign_in(turn, user, Some(at.stored.trade_no.clone()))?;
    confirm(turn, at, form, &user_id)
}

/// An e-mail address or a mobile number, in plain ASCII so that every charset can carry it.
pub(crate) fn is_contact(text: &str) -> bool {
    let is_mobile =
        text.len() == 11 && text.starts_with('1') && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_email = text.len() <= 100
        && text.bytes().all(|byte| byte.is_ascii_graphic())
        && text.split_once('@').is_some_and(|(name, host)| {
            !name.is_empty()
                && host.contains('.')
                && !host.starts_with('.')
                && !host.ends_with('.')
                && !host.contains('@')
        });
    is_mobile || is_email
}

fn register_visitor(turn: &mut Turn<'_>, contact: &str, name: &str) -> Result<User, Fault> {
    let name: String = name.chars().take(64).collect();
    let user = User {
        user_id: next_user_id(turn)?,
        email: contact.to_owned(),
        display_name: if name.is_empty() { contact.to_owned() } else { name },
        status: UserStatus::Visitor,
        kind: AccountKind::Private,
        is_certified: false,
        is_frozen: false,
    };
    users::insert(turn.tx, &user, None, turn.now)?;
    Ok(user)
}

/// 16 digits beginning 2088 (protocol.md §4.1).
pub(crate) fn next_user_id(turn: &mut Turn<'_>) -> Result<UserId, Fault> {
    Ok(UserId::new(format!("2088{:012}", turn.number("user")?)))
}

fn confirm(turn: &mut Turn<'_>, mut at: At, form: &Fields, buyer: &UserId) -> Result<Response, Fault> {
    if let Some(past) = at.past() {
        return Ok(past);
    }
    let logistics = match form.get("logistics") {
        "" => Some(0),
        index => index.parse().ok(),
    };
    let Some(logistics) = logistics else {
        let code = ErrorCode::LogisticsChooseError.as_str();
        return page(turn, &at, form, Some(FormError::whole(Message::LogisticsWrong).with_code(code)));
    };
    let choice = Choice { mode: Mode::from_name(form.get("mode")), logistics, receive: None };
    let checkout = Checkout { stored: &at.stored, trade: at.trade.as_ref(), buyer, choice };
    match checkout::open(turn, checkout)? {
        Ok(_) => Ok(at.go("/pay")),
        Err(refusal) => {
            if refusal == Refusal::Wire(ErrorCode::BuyerSellerEqual) {
                at.visit.sign_out(turn)?;
            }
            page(turn, &at, form, Some(refused(refusal)))
        }
    }
}

/// A refusal in the words of a form.
pub(super) fn refused(refusal: Refusal) -> FormError {
    let message = match refusal {
        Refusal::Wire(ErrorCode::BuyerSellerEqual) => Message::BuyerIsSeller,
        Refusal::Wire(ErrorCode::TradeBuyerNotMatch) => Message::BuyerDiffers,
        Refusal::Wire(ErrorCode::LogisticsChooseError) => Message::LogisticsWrong,
        Refusal::Wire(ErrorCode::MaxMoneyCompanyToIndividual) => Message::CompanyLimit,
        Refusal::Wire(_) => Message::TradeMovedOn,
        Refusal::AccountFrozen => Message::AccountFrozen,
        Refusal::BalanceNotEnough => Message::BalanceTooLow,
        Refusal::AddressMissing => Message::AddressIncomplete,
    };
    FormError::whole(message).with_code(refusal.code())
}
