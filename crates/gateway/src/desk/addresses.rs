//! The address book at the desk.

use danbao_node::Fault;
use danbao_protocol::node::{Request, Response};

use crate::address_book;
use crate::pages::{Addresses, BookForm, FormError, Message};
use crate::rows::address;
use crate::rows::users::User;
use crate::turn::Turn;
use crate::visit::Visit;
use crate::web::Fields;

/// GET `/desk/addresses`, `?edit=` to change an entry.
pub(crate) fn form(turn: &mut Turn<'_>, request: &Request) -> Result<Response, Fault> {
    let visit = Visit::of(turn, request)?;
    let user = match super::member(&visit, request) {
        Ok(user) => user,
        Err(response) => return Ok(response),
    };
    let book = address::load_of(turn.tx, &user.user_id)?;
    let edited = address_book::named(&book, Fields::of_query(request).get("edit"));
    let form = edited.map_or_else(|| address_book::form(&Fields::default()), address_book::form_of);
    page(turn, &visit, &user, form, None)
}

fn page(
    turn: &mut Turn<'_>,
    visit: &Visit,
    user: &User,
    form: BookForm,
    error: Option<FormError>,
) -> Result<Response, Fault> {
    let book = address_book::shown(&address::load_of(turn.tx, &user.user_id)?);
    Ok(visit.page(&Addresses { book, form, error }))
}

/// POST `/desk/addresses`: `action` is `add`, which also saves a change, or `delete`.
pub(crate) fn submit(turn: &mut Turn<'_>, request: &Request) -> Result<Response, Fault> {
    let visit = Visit::of(turn, request)?;
    let sent = Fields::of_body(request);
    let user = match super::member(&visit, request) {
        Ok(user) => user,
        Err(response) => return Ok(response),
    };
    let form = address_book::form(&sent);
    if !visit.is_own_form(&sent) {
        return page(turn, &visit, &user, form, Some(FormError::whole(Message::FormExpired)));
    }
    if sent.get("action") == "delete" {
        if let Ok(address_id) = sent.get("id").parse() {
            address::delete(turn.tx, &user.user_id, address_id)?;
        }
        return Ok(visit.see_other("/desk/addresses"));
    }
    match address_book::save(turn, &user.user_id, &sent)? {
        Ok(_) => Ok(visit.see_other("/desk/addresses")),
        Err(error) => page(turn, &visit, &user, form, error),
    }
}
