//! The address book.

use danbao_protocol::node::{Request, Response};

use crate::cashier;
use crate::fault::Fault;
use crate::pages::{AddressEntry, Addresses, FormError, Message};
use crate::rows::address::{self, Address};
use crate::turn::Turn;
use crate::visit::Visit;
use crate::web::Fields;

/// GET `/desk/addresses`.
pub(crate) fn form(turn: &mut Turn<'_>, request: &Request) -> Result<Response, Fault> {
    let visit = Visit::of(turn, request)?;
    page(turn, request, &visit, &Fields::default(), None)
}

fn page(
    turn: &mut Turn<'_>,
    request: &Request,
    visit: &Visit,
    form: &Fields,
    error: Option<FormError>,
) -> Result<Response, Fault> {
    let user = match super::member(visit, request) {
        Ok(user) => user,
        Err(response) => return Ok(response),
    };
    let book = address::load_of(turn.tx, &user.user_id)?;
    let page = Addresses {
        book: book.iter().enumerate().map(|(index, entry)| cashier::address(index, &entry.receive)).collect(),
        entry: AddressEntry {
            name: form.get("receive_name").to_owned(),
            address: form.get("receive_address").to_owned(),
            zip: form.get("receive_zip").to_owned(),
            phone: form.get("receive_phone").to_owned(),
            mobile: form.get("receive_mobile").to_owned(),
        },
        back_url: Some("/desk".to_owned()),
        error,
    };
    Ok(visit.page(&page))
}

/// POST `/desk/addresses`: `action` is `add` or `delete`.
pub(crate) fn submit(turn: &mut Turn<'_>, request: &Request) -> Result<Response, Fault> {
    let visit = Visit::of(turn, request)?;
    let form = Fields::of_body(request);
    let user = match super::member(&visit, request) {
        Ok(user) => user,
        Err(response) => return Ok(response),
    };
    if !visit.is_own_form(&form) {
        return page(turn, request, &visit, &form, Some(FormError::whole(Message::FormExpired)));
    }
    let book = address::load_of(turn.tx, &user.user_id)?;
    if form.get("action") == "delete" {
        if let Some(entry) = form.get("index").parse::<usize>().ok().and_then(|index| book.get(index)) {
            address::delete(turn.tx, &user.user_id, entry.address_id)?;
        }
        return Ok(visit.see_other("/desk/addresses"));
    }
    if book.len() >= cashier::ADDRESSES_MAX {
        return page(turn, request, &visit, &form, Some(FormError::whole(Message::AddressBookFull)));
    }
    match cashier::entered_address(&form) {
        Ok(receive) => {
            let address_id = turn.number("address")?;
            address::insert(turn.tx, &user.user_id, &Address { address_id, receive })?;
            Ok(visit.see_other("/desk/addresses"))
        }
        Err(error) => page(turn, request, &visit, &form, Some(error)),
    }
}
