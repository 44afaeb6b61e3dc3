//! The cart.

use std::time::Duration;

use danbao_merchant::protocol::node::{Request, Response};
use danbao_node::Fault;
use http::StatusCode;
use serde::Serialize;

use crate::catalogue::{Line, QUANTITY_MAX, total};
use crate::pages::{self, LineShown};
use crate::rows;
use crate::turn::Turn;
use crate::visitor::Visitor;
use crate::web::{self, Fields};

/// How long a cart is kept that nobody touches.
const KEPT: Duration = Duration::from_secs(90 * 24 * 3600);

#[derive(Debug, Serialize)]
struct CartPage {
    lines: Vec<LineShown>,
    total: String,
    quantity_max: i64,
    added: bool,
}

/// What is in the visitor's cart; nothing for one whom nobody remembers.
pub(crate) fn lines(turn: &mut Turn<'_, '_>, visitor: &Visitor) -> Result<Vec<Line>, Fault> {
    match visitor.id() {
        Some(id) => Ok(rows::cart::load(&mut **turn.tx, id)?),
        None => Ok(Vec::new()),
    }
}

/// `GET /cart`
pub(crate) fn show(turn: &mut Turn<'_, '_>, request: &Request, visitor: &Visitor) -> Result<Response, Fault> {
    let lines = lines(turn, visitor)?;
    let page = CartPage {
        total: total(&lines).to_string(),
        lines: LineShown::all(&lines),
        quantity_max: QUANTITY_MAX,
        added: !Fields::of_query(request).get("added").is_empty(),
    };
    Ok(web::html(StatusCode::OK, pages::render(turn, visitor, "cart.html", &page)?))
}

/// `POST /cart`: `good` with `add` (so many more) or `set` (so many; 0 takes it out).
pub(crate) fn change(
    turn: &mut Turn<'_, '_>,
    request: &Request,
    visitor: &mut Visitor,
) -> Result<Response, Fault> {
    let fields = Fields::of_body(request);
    let good = fields.get("good");
    let number = |name| fields.get(name).parse::<i64>().ok();
    let (add, set) = (number("add"), number("set"));
    if let (None, Some(0), Some(id)) = (add, set, visitor.id()) {
        rows::cart::remove(&mut **turn.tx, id, good)?;
        return Ok(web::see_other("/cart"));
    }
    let Some(line) = add.or(set).and_then(|quantity| Line::new(good, quantity)) else {
        return pages::problem(turn, visitor, StatusCode::BAD_REQUEST);
    };
    let id = visitor.remember(turn.entropy);
    rows::cart::forget(&mut **turn.tx, turn.now.minus(KEPT))?;
    if add.is_some() {
        rows::cart::add(&mut **turn.tx, &id, line, turn.now)?;
        return Ok(web::see_other("/cart?added=1"));
    }
    rows::cart::set(&mut **turn.tx, &id, line, turn.now)?;
    Ok(web::see_other("/cart"))
}
