//! 物流地址查询: which address the merchant shall have, and the form that brings it (protocol.md §3.12, §4.6).

use danbao_node::Fault;
use danbao_protocol::address_post::{AddressPost, ReceiveAddress};
use danbao_protocol::charset::Charset;
use danbao_protocol::node::{Request, Response};
use danbao_protocol::params::Params;
use danbao_protocol::service::address_query::AddressQuery;

use super::{Asked, At, sign};
use crate::address_book;
use crate::cashier;
use crate::pages::{AddressChoice, AddressForm, AddressPosting, BookForm, FormError, Message};
use crate::rows::address::{self, Address};
use crate::rows::login;
use crate::rows::partner::Partner;
use crate::rows::users::User;
use crate::turn::Turn;
use crate::web::Fields;

/// How long before its id ends the page with the form goes back to the choice, in seconds.
const MARGIN_SECONDS: u64 = 10;

/// GET: the book, or the form for its first entry.
pub(super) fn show(
    turn: &mut Turn<'_>,
    at: &At,
    user: &User,
    error: Option<FormError>,
) -> Result<Response, Fault> {
    let book = address::load_of(turn.tx, &user.user_id)?;
    if book.is_empty() {
        return Ok(at.go("/entry"));
    }
    Ok(at.visit.page(&AddressChoice {
        id: at.handover_id.clone(),
        merchant: at.partner.display_name.clone(),
        account: user.email.clone(),
        book: address_book::shown(&book),
        chosen: book.first().map(|entry| entry.address_id),
        can_change_account: at.visit.member().is_some(),
        error,
    }))
}

/// GET `/entry`: the form for a new entry, or with `?edit=` for one that is there.
pub(super) fn entry(turn: &mut Turn<'_>, at: &At, user: &User, request: &Request) -> Result<Response, Fault> {
    let query = Fields::of_query(request);
    let book = address::load_of(turn.tx, &user.user_id)?;
    let edited = address_book::named(&book, query.get("edit"));
    let form = edited.map_or_else(|| address_book::form(&Fields::default()), address_book::form_of);
    let lacks_region = edited.is_some_and(|entry| entry.in_parts().is_none());
    let error = lacks_region.then(|| FormError::at("region_1", Message::RegionIncomplete));
    Ok(entry_page(at, &book, form, error))
}

fn entry_page(at: &At, book: &[Address], form: BookForm, error: Option<FormError>) -> Response {
    at.visit.page(&AddressForm { id: at.handover_id.clone(), form, has_book: !book.is_empty(), error })
}

/// POST `/entry`: the entry is saved, and the book shown again.
pub(super) fn save(turn: &mut Turn<'_>, at: &At, user: &User, sent: &Fields) -> Result<Response, Fault> {
    match address_book::save(turn, &user.user_id, sent)? {
        Ok(_) => Ok(at.go("")),
        Err(error) => {
            let book = address::load_of(turn.tx, &user.user_id)?;
            Ok(entry_page(at, &book, address_book::form(sent), error))
        }
    }
}

/// POST `/choose`: the form that brings the address to the merchant. An entry whose region is not known is completed
/// first, because the merchant finds the place by it.
pub(super) fn choose(turn: &mut Turn<'_>, at: &At, user: &User, sent: &Fields) -> Result<Response, Fault> {
    let Asked::Address(query) = &at.asked else { return Ok(at.go("")) };
    let book = address::load_of(turn.tx, &user.user_id)?;
    let Some(entry) = address_book::named(&book, sent.get("address")) else {
        return show(turn, at, user, Some(FormError::whole(Message::AddressNotChosen)));
    };
    let Some(parts) = entry.in_parts() else {
        return Ok(at.go(&format!("/entry?edit={}", entry.address_id)));
    };
    let params = post(turn, &at.partner, query, user, parts)?;
    let text = params.decode(query.charset).map_err(|error| Fault::invariant(error.to_string()))?;
    let seconds = turn.config.return_link.as_secs();
    Ok(at.visit.page(&AddressPosting {
        id: at.handover_id.clone(),
        merchant: at.partner.display_name.clone(),
        address: cashier::address(0, &entry.receive()),
        action: query.return_url.clone(),
        charset: match query.charset {
            Charset::Utf8 => "utf-8",
            Charset::Gbk => "gbk",
        },
        fields: text.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        seconds: seconds.saturating_sub(MARGIN_SECONDS).max(1),
    }))
}

/// The signed parameters of the POST; valid for one minute and one question.
pub(crate) fn post(
    turn: &mut Turn<'_>,
    partner: &Partner,
    query: &AddressQuery,
    user: &User,
    receive_address: ReceiveAddress,
) -> Result<Params, Fault> {
    let forget_before = turn.now.minus(turn.config.return_link);
    let entropy = &mut turn.memory.entropy;
    let notify_id = login::issue(turn.tx, entropy, &partner.partner, forget_before, turn.now)?;
    let post = AddressPost { notify_id, user_id: user.user_id.clone(), receive_address };
    let mut params =
        post.build(query.charset).map_err(|error| Fault::invariant(format!("no address post: {error}")))?;
    sign(turn, partner, query.sign_type, &mut params)?;
    Ok(params)
}
