//! The check-out: from a cart to an order, and on to the cashier.

use std::time::Duration;

use danbao_merchant::PaymentError;
use danbao_merchant::protocol::charset::Charset;
use danbao_merchant::protocol::node::{Request, Response};
use danbao_merchant::protocol::service::payment::{BuildError, PaymentService, Receive};
use http::StatusCode;
use serde::Serialize;

use crate::catalogue::{Line, total};
use crate::fault::Fault;
use crate::pages::{self, LineShown};
use crate::rows::orders::OrderRow;
use crate::turn::Turn;
use crate::visitor::Visitor;
use crate::web::{self, Fields};
use crate::words::{Lang, word};
use crate::{cart, order, rows};

/// What the visitor has filled in, kept as it was typed for showing it again.
#[derive(Debug, Clone, Serialize)]
struct Form {
    receive_name: String,
    receive_address: String,
    receive_zip: String,
    receive_mobile: String,
    service: String,
    charset: String,
    via: String,
    paymethod: String,
}

/// Why the form comes back.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Mistake {
    /// A word of `[checkout]`, after `error_`.
    word: &'static str,
    detail: String,
}

#[derive(Debug, Serialize)]
struct CheckoutPage {
    lines: Vec<LineShown>,
    total: String,
    services: Vec<&'static str>,
    form: Form,
    error: Option<&'static str>,
    error_detail: String,
}

/// `GET /checkout`
pub(crate) fn show(turn: &mut Turn<'_, '_>, visitor: &Visitor) -> Result<Response, Fault> {
    let lines = cart::lines(turn, visitor)?;
    if lines.is_empty() {
        return Ok(web::see_other("/cart"));
    }
    again(turn, visitor, &lines, Form::new(visitor.lang), None)
}

/// How long an empty cart sends its visitor on to the order that emptied it.
const JUST_PLACED: Duration = Duration::from_secs(600);

/// The page of the order that has just emptied this cart: somebody clicked twice, or the answer was lost on its way.
fn just_placed(turn: &mut Turn<'_, '_>, visitor: &Visitor) -> Result<Option<String>, Fault> {
    let Some(id) = visitor.id() else { return Ok(None) };
    let newest = rows::orders::of_visitor(&mut **turn.tx, id)?.into_iter().next();
    let newest = newest.filter(|order| turn.now.since(order.placed_at) <= JUST_PLACED);
    Ok(newest.map(|order| format!("/orders/{}", order.out_trade_no)))
}

/// `POST /checkout`
pub(crate) fn place(
    turn: &mut Turn<'_, '_>,
    request: &Request,
    visitor: &mut Visitor,
) -> Result<Response, Fault> {
    let form = Form::read(&Fields::of_body(request));
    let lines = cart::lines(turn, visitor)?;
    if lines.is_empty() {
        return Ok(web::see_other(&just_placed(turn, visitor)?.unwrap_or_else(|| "/cart".to_owned())));
    }
    let id = visitor.remember(turn.entropy);
    let order = match form.order(turn, visitor.lang, &id, lines.clone()) {
        Ok(order) => order,
        Err(mistake) => return again(turn, visitor, &lines, form, Some(mistake)),
    };
    let url = match order::open(turn, &order)? {
        Ok(url) => url,
        Err(why) => return again(turn, visitor, &lines, form, Some(Mistake::of(&why))),
    };
    rows::cart::clear(&mut **turn.tx, &id)?;
    if form.via != "form" {
        return Ok(web::see_other(&url));
    }
    let request = order::payment_request(&turn.base.config, &order);
    match turn.base.config.account.payment_form(&request, word(visitor.lang, &["pay", "button"])) {
        Ok(html) => {
            #[derive(Serialize)]
            struct PayPage {
                form: String,
            }
            Ok(web::html_with_form(pages::render(turn, visitor, "pay.html", &PayPage { form: html })?))
        }
        Err(_) => Ok(web::see_other(&url)),
    }
}

fn again(
    turn: &mut Turn<'_, '_>,
    visitor: &Visitor,
    lines: &[Line],
    form: Form,
    mistake: Option<Mistake>,
) -> Result<Response, Fault> {
    let status = if mistake.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let page = CheckoutPage {
        lines: LineShown::all(lines),
        total: total(lines).to_string(),
        services: PaymentService::ALL.iter().map(|service| service.as_str()).collect(),
        form,
        error: mistake.as_ref().map(|mistake| mistake.word),
        error_detail: mistake.map(|mistake| mistake.detail).unwrap_or_default(),
    };
    Ok(web::html(status, pages::render(turn, visitor, "checkout.html", &page)?))
}

impl Form {
    /// The form as it comes first: somebody is filled in, so that a first try takes one click.
    fn new(lang: Lang) -> Form {
        let sample = |name: &str| word(lang, &["checkout", name]).to_owned();
        Form {
            receive_name: sample("sample_name"),
            receive_address: sample("sample_address"),
            receive_zip: sample("sample_zip"),
            receive_mobile: sample("sample_mobile"),
            ..Form::read(&Fields::default())
        }
    }

    fn read(fields: &Fields) -> Form {
        let or = |name, default: &str| match fields.get(name) {
            "" => default.to_owned(),
            given => given.to_owned(),
        };
        Form {
            receive_name: or("receive_name", ""),
            receive_address: or("receive_address", ""),
            receive_zip: or("receive_zip", ""),
            receive_mobile: or("receive_mobile", ""),
            service: or("service", PaymentService::CreateDirectPayByUser.as_str()),
            charset: or("charset", Charset::Utf8.label()),
            via: or("via", "url"),
            paymethod: or("paymethod", ""),
        }
    }

    fn order(
        &self,
        turn: &mut Turn<'_, '_>,
        lang: Lang,
        visitor: &str,
        lines: Vec<Line>,
    ) -> Result<OrderRow, Mistake> {
        let wrong = |word| Mistake { word, detail: String::new() };
        let service = PaymentService::from_wire(&self.service).ok_or(wrong("form"))?;
        let charset = Charset::from_label(&self.charset).ok_or(wrong("form"))?;
        let receive = Receive {
            name: self.receive_name.clone(),
            address: self.receive_address.clone(),
            zip: self.receive_zip.clone(),
            phone: String::new(),
            mobile: self.receive_mobile.clone(),
        };
        let ships = service != PaymentService::CreateDirectPayByUser;
        if ships && [&receive.name, &receive.address, &receive.mobile].iter().any(|part| part.is_empty()) {
            return Err(wrong("receiver"));
        }
        let paymethod = match (service, self.paymethod.as_str()) {
            (PaymentService::CreateDirectPayByUser, method @ ("directPay" | "bankPay")) => {
                Some(method.to_owned())
            }
            _ => None,
        };
        Ok(OrderRow {
            out_trade_no: order::new_number(turn),
            visitor: visitor.to_owned(),
            service,
            charset,
            subject: subject(lang, &lines),
            body: body(lang, &lines),
            goods_total: total(&lines),
            receive,
            defaultbank: paymethod
                .as_ref()
                .filter(|method| *method == "bankPay")
                .map(|_| "ICBCB2C".to_owned()),
            paymethod,
            placed_at: turn.now,
            shipped_at: None,
            lines,
        })
    }
}

impl Mistake {
    fn of(why: &PaymentError) -> Mistake {
        match why {
            PaymentError::Build(BuildError::Unmappable { unmappable, .. }) => {
                Mistake { word: "charset", detail: format!(" {}", unmappable.character) }
            }
            other => Mistake { word: "refused", detail: other.to_string() },
        }
    }
}

/// What the cashier shows: the first thing, and how many others there are.
pub(crate) fn subject(lang: Lang, lines: &[Line]) -> String {
    let Some(first) = lines.first() else {
        return String::new();
    };
    let name = word(lang, &["goods", first.good.id, "name"]);
    match lines.len() - 1 {
        0 => name.to_owned(),
        others => format!("{name} +{others}"),
    }
}

/// Everything in one line, `name x number`, within the 400 that the gateway takes.
pub(crate) fn body(lang: Lang, lines: &[Line]) -> String {
    let parts: Vec<String> = lines
        .iter()
        .map(|line| format!("{} x{}", word(lang, &["goods", line.good.id, "name"]), line.quantity))
        .collect();
    parts.join(", ")
}
