//! 快捷登录: whether the merchant may know who the buyer is, and the way back as somebody (protocol.md §3.11, §4.5).

use danbao_engine::standing::UserStatus;
use danbao_node::Fault;
use danbao_protocol::error_code::ErrorCode;
use danbao_protocol::login_return::{Arrival, Buyer, Grade, LoginReturn};
use danbao_protocol::node::Response;
use danbao_protocol::page_return;
use danbao_protocol::reported::Reported;
use danbao_protocol::service::authorize::Authorize;
use danbao_protocol::time::Timestamp;

use super::{Asked, At, sign, token};
use crate::message::fit;
use crate::pages::{Consent, FormError, Message};
use crate::rows::login::{self, Entrance, Permission};
use crate::rows::partner::Partner;
use crate::rows::token::StoredToken;
use crate::rows::users::User;
use crate::services::payment::check_origin;
use crate::services::{Call, check_browser};
use crate::turn::Turn;

/// Checks a request for a login, and notes where the partner wants its logins to come back to.
pub(crate) fn accept(turn: &mut Turn<'_>, call: &Call) -> Result<Result<Authorize, ErrorCode>, Fault> {
    let request = match Authorize::parse(&call.params, call.charset) {
        Ok(request) => request,
        Err(code) => return Ok(Err(code)),
    };
    let (key, ip) = (request.anti_phishing_key.as_deref(), request.exter_invoke_ip.as_deref());
    let origin = check_origin(turn, &call.partner, key, ip)?.and_then(|()| check_browser(call, ip));
    if let Err(code) = origin {
        return Ok(Err(code));
    }
    if let Err(code) = check_account(turn, request.email.as_deref())? {
        return Ok(Err(code));
    }
    login::note_entrance(turn.tx, &call.partner.partner, &entrance(&request))?;
    Ok(Ok(request))
}

/// The account that the request names, if it names one, must be one that can sign in.
fn check_account(turn: &mut Turn<'_>, email: Option<&str>) -> Result<Result<(), ErrorCode>, Fault> {
    let Some(email) = email else { return Ok(Ok(())) };
    Ok(match turn.user_by_email(email)? {
        None => Err(ErrorCode::UserNotExist),
        Some(user) if user.is_frozen || user.status != UserStatus::Member => {
            Err(ErrorCode::AlipayuserStatusError)
        }
        Some(_) => Ok(()),
    })
}

fn entrance(request: &Authorize) -> Entrance {
    Entrance {
        return_url: request.return_url.clone(),
        charset: request.charset,
        sign_type: request.sign_type,
    }
}

/// Whether somebody may come to a merchant as this account: not if it is frozen, nor if it is a visitor's, which nobody can
/// sign in with.
///
/// # Errors
/// alipayuser_status_error.
pub(crate) fn check_status(user: &User) -> Result<(), ErrorCode> {
    if user.status == UserStatus::Member && !user.is_frozen {
        return Ok(());
    }
    Err(ErrorCode::AlipayuserStatusError)
}

/// Asks whether the merchant may know, once for each merchant; then the way back.
pub(super) fn show(
    turn: &mut Turn<'_>,
    at: &At,
    request: &Authorize,
    user: &User,
) -> Result<Response, Fault> {
    if let Err(code) = check_status(user) {
        return Ok(
            at.sign_in_page("", Some(FormError::whole(Message::AccountStatus).with_code(code.as_str())))
        );
    }
    let partner = &at.partner.partner;
    if login::has_consented(turn.tx, &user.user_id, partner)? {
        let url = return_url(turn, &at.partner, request, user)?;
        return Ok(at.visit.see_other(&url));
    }
    let permissions = login::permissions(turn.tx, partner)?;
    Ok(at.visit.page(&Consent {
        id: at.handover_id.clone(),
        merchant: at.partner.display_name.clone(),
        site: super::origin(&request.return_url),
        account: user.email.clone(),
        name: user.display_name.clone(),
        tells_email: permissions.contains(&Permission::Email),
        tells_grade: permissions.contains(&Permission::Grade),
    }))
}

/// POST `/consent`: the merchant may know.
pub(super) fn consent(turn: &mut Turn<'_>, at: &At) -> Result<Response, Fault> {
    let (Asked::Login(request), Some(user)) = (&at.asked, at.visit.member()) else { return Ok(at.go("")) };
    if check_status(user).is_err() {
        return Ok(at.go(""));
    }
    login::consent(turn.tx, &user.user_id, &at.partner.partner, turn.now)?;
    let url = return_url(turn, &at.partner, request, user)?;
    Ok(at.visit.see_other(&url))
}

/// The signed way back of a buyer who has signed in; valid for one minute and one question.
pub(crate) fn return_url(
    turn: &mut Turn<'_>,
    partner: &Partner,
    request: &Authorize,
    user: &User,
) -> Result<String, Fault> {
    let buyer = buyer(turn, partner, user, user.display_name.clone(), false)?;
    arrival_url(turn, partner, &entrance(request), Arrival::QuickLogin(buyer))
}

/// What this partner may be told of a buyer, with a new token.
pub(super) fn buyer(
    turn: &mut Turn<'_>,
    partner: &Partner,
    user: &User,
    real_name: String,
    is_from_etao: bool,
) -> Result<Buyer, Fault> {
    let permissions = login::permissions(turn.tx, &partner.partner)?;
    let profile = login::load_profile(turn.tx, &user.user_id)?;
    let grade = permissions.contains(&Permission::Grade).then(|| Grade {
        user_grade: Reported::Known(profile.user_grade),
        user_grade_type: Some(Reported::Known(profile.user_grade_type)),
        gmt_decay: profile.grade_ends_at.map(Timestamp::wire),
    });
    let stored = StoredToken { user_id: user.user_id.clone(), is_from_etao };
    Ok(Buyer {
        user_id: user.user_id.clone(),
        token: token::issue(turn, &partner.partner, &stored)?,
        real_name: Some(real_name),
        email: permissions.contains(&Permission::Email).then(|| user.email.clone()),
        grade,
    })
}

/// The signed address to which a browser is sent with a login or from etao.
pub(super) fn arrival_url(
    turn: &mut Turn<'_>,
    partner: &Partner,
    entrance: &Entrance,
    mut arrival: Arrival,
) -> Result<String, Fault> {
    if let Arrival::QuickLogin(buyer) | Arrival::Etao { buyer, .. } = &mut arrival {
        buyer.real_name = buyer.real_name.take().map(|name| fit(entrance.charset, &name));
    }
    let forget_before = turn.now.minus(turn.config.return_link);
    let entropy = &mut turn.memory.entropy;
    let notify_id = login::issue(turn.tx, entropy, &partner.partner, forget_before, turn.now)?;
    let mut params = LoginReturn { notify_id, arrival }
        .build(entrance.charset)
        .map_err(|error| Fault::invariant(format!("a login has no return: {error}")))?;
    sign(turn, partner, entrance.sign_type, &mut params)?;
    Ok(page_return::append_to_url(&entrance.return_url, &params))
}
