//! etao (一淘): a stand-in for the price-comparison site that sends its visitors straight to a merchant's quick-login
//! `return_url` with the page they clicked on (protocol.md §3.14). Part of the sandbox.

use std::sync::Arc;

use danbao_node::Fault;
use danbao_protocol::ids::PartnerId;
use danbao_protocol::login_return::Arrival;
use danbao_protocol::node::{Request, Response};

use super::quick;
use crate::pages::{Etao, EtaoShop, EtaoVisitor, FormError, Message, WebLink};
use crate::rows::login::{self, Entrance};
use crate::rows::partner::Partner;
use crate::rows::users::User;
use crate::turn::Turn;
use crate::visit::Visit;
use crate::web::Fields;

/// Whom the visitor is known as there.
#[derive(Debug)]
pub(crate) enum Visitor<'a> {
    /// Signed in at the platform: by the account's name.
    Platform(&'a User),
    /// Signed in at the market: by its nickname.
    Market(&'a User),
    /// Signed in nowhere.
    Nobody,
}

/// The longest address of a page that is clicked on, in characters.
const TARGET_URL_CHARS_MAX: usize = 1_000;

/// Whether a page can be clicked on: a full address in ASCII, so that every charset can carry it. Whose page it is, is
/// for the merchant to check.
pub(crate) fn is_target(url: &str) -> bool {
    WebLink::parse(url).is_some()
        && url.len() <= TARGET_URL_CHARS_MAX
        && url.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The signed address to which the visitor is sent; `None` for a visitor by nickname who has none.
pub(crate) fn arrival(
    turn: &mut Turn<'_>,
    partner: &Partner,
    entrance: &Entrance,
    target_url: &str,
    visitor: &Visitor<'_>,
) -> Result<Option<String>, Fault> {
    let target_url = target_url.to_owned();
    let (user, name) = match visitor {
        Visitor::Nobody => {
            let arrival = Arrival::EtaoUnknown { target_url };
            return quick::arrival_url(turn, partner, entrance, arrival).map(Some);
        }
        Visitor::Platform(user) => (user, Some(user.display_name.clone())),
        Visitor::Market(user) => (user, login::load_profile(turn.tx, &user.user_id)?.nickname),
    };
    let Some(name) = name else { return Ok(None) };
    let buyer = quick::buyer(turn, partner, user, name, true)?;
    quick::arrival_url(turn, partner, entrance, Arrival::Etao { buyer, target_url }).map(Some)
}

/// GET `/etao`, `?partner=` and `?target_url=` to begin with.
pub(crate) fn form(turn: &mut Turn<'_>, request: &Request) -> Result<Response, Fault> {
    let visit = Visit::of(turn, request)?;
    page(turn, &visit, &Fields::of_query(request), None)
}

fn page(
    turn: &mut Turn<'_>,
    visit: &Visit,
    form: &Fields,
    error: Option<FormError>,
) -> Result<Response, Fault> {
    let mut shops = Vec::new();
    for id in login::load_entrance_partners(turn.tx)? {
        let Some((partner, entrance)) = shop(turn, &id)? else { continue };
        shops.push(EtaoShop {
            partner: partner.partner.to_string(),
            name: partner.display_name.clone(),
            site: super::origin(&entrance.return_url),
            chosen: form.get("partner") == partner.partner.as_str(),
        });
    }
    let is_any_chosen = shops.iter().any(|shop| shop.chosen);
    if let Some(first) = shops.first_mut().filter(|_| !is_any_chosen) {
        first.chosen = true;
    }
    let target_url = match form.get("target_url") {
        "" => shops.iter().find(|shop| shop.chosen).map(|shop| format!("{}/", shop.site)).unwrap_or_default(),
        entered => entered.to_owned(),
    };
    let nickname = match visit.member() {
        Some(user) => login::load_profile(turn.tx, &user.user_id)?.nickname,
        None => None,
    };
    Ok(visit.page(&Etao {
        target_url,
        name: visit.member().map(|user| user.display_name.clone()),
        nickname,
        visitor: visitor_word(visit, form),
        shops,
        error,
    }))
}

fn visitor_word(visit: &Visit, form: &Fields) -> EtaoVisitor {
    let entered = EtaoVisitor::ALL.iter().find(|word| word.key() == form.get("visitor")).copied();
    let usual = if visit.member().is_some() { EtaoVisitor::Platform } else { EtaoVisitor::Nobody };
    entered.unwrap_or(usual)
}

/// A partner with the way in that it has shown by asking for a login.
fn shop(turn: &mut Turn<'_>, id: &PartnerId) -> Result<Option<(Arc<Partner>, Entrance)>, Fault> {
    let Some(partner) = turn.partner(id)? else { return Ok(None) };
    Ok(login::load_entrance(turn.tx, id)?.map(|entrance| (partner, entrance)))
}

/// POST `/etao`: the click.
pub(crate) fn click(turn: &mut Turn<'_>, request: &Request) -> Result<Response, Fault> {
    let visit = Visit::of(turn, request)?;
    let form = Fields::of_body(request);
    let again = |turn: &mut Turn<'_>, error| page(turn, &visit, &form, Some(error));
    if !visit.is_own_form(&form) {
        return again(turn, FormError::whole(Message::FormExpired));
    }
    let target_url = form.get("target_url");
    if !is_target(target_url) {
        return again(turn, FormError::at("target_url", Message::LinkWrong));
    }
    let Some((partner, entrance)) = shop(turn, &PartnerId::new(form.get("partner")))? else {
        return again(turn, FormError::at("partner", Message::ShopWrong));
    };
    let visitor = match (visitor_word(&visit, &form), visit.member()) {
        (EtaoVisitor::Nobody, _) => Visitor::Nobody,
        (EtaoVisitor::Platform, Some(user)) => Visitor::Platform(user),
        (EtaoVisitor::Market, Some(user)) => Visitor::Market(user),
        (_, None) => return again(turn, FormError::whole(Message::SignInFirst)),
    };
    if let Visitor::Platform(user) | Visitor::Market(user) = &visitor
        && let Err(code) = quick::check_status(user)
    {
        return again(turn, FormError::whole(Message::AccountStatus).with_code(code.as_str()));
    }
    match arrival(turn, &partner, &entrance, target_url, &visitor)? {
        Some(url) => Ok(visit.see_other(&url)),
        None => again(turn, FormError::whole(Message::NoNickname)),
    }
}
