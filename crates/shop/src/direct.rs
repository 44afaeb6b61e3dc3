//! 直接付款: the template page for merchants without a cart (direct-pay tutorial 3.1, 4.1). The buyer says what the payment
//! is for and how much, chooses a bank if he likes, and is sent to the cashier.

use danbao_merchant::protocol::charset::Charset;
use danbao_merchant::protocol::money::Fen;
use danbao_merchant::protocol::node::{Request, Response};
use danbao_merchant::protocol::service::payment::{PaymentService, Receive};
use danbao_node::Fault;
use http::StatusCode;
use serde::Serialize;

use crate::rows::orders::OrderRow;
use crate::turn::Turn;
use crate::visitor::Visitor;
use crate::web::{self, Fields};
use crate::{login, order, pages};

/// The banks that the page offers, by their codes (protocol.md §3.8); their names are in the text files.
const BANKS: [&str; 16] = [
    "ICBCB2C", "CMB", "CCB", "ABC", "BOCB2C", "COMM", "SPDB", "CIB", "GDB", "CMBC", "CITIC", "CEBBANK",
    "SPABANK", "POSTGC", "SHBANK", "HZCBB2C",
];

/// The value of `bank` for paying from the account's balance.
const BALANCE: &str = "directPay";

#[derive(Debug, Clone, Serialize)]
struct Form {
    subject: String,
    body: String,
    total_fee: String,
    /// A code of [`BANKS`], [`BALANCE`], or empty to choose at the cashier.
    bank: String,
}

#[derive(Debug, Serialize)]
struct DirectPage {
    form: Form,
    banks: [&'static str; 16],
    /// Why the form comes back: a word of `[direct]`, after `error_`.
    error: Option<&'static str>,
    error_detail: String,
}

/// `GET /direct`
pub(crate) fn show(turn: &mut Turn<'_, '_>, visitor: &Visitor) -> Result<Response, Fault> {
    again(turn, visitor, Form::read(&Fields::default()), None)
}

/// `POST /direct`
pub(crate) fn pay(
    turn: &mut Turn<'_, '_>,
    request: &Request,
    visitor: &mut Visitor,
) -> Result<Response, Fault> {
    let form = Form::read(&Fields::of_body(request));
    let order = match form.order(turn, visitor) {
        Ok(order) => order,
        Err(word) => return again(turn, visitor, form, Some((word, String::new()))),
    };
    let member = login::session(turn, visitor)?;
    match order::open(turn, &order, member.as_ref())? {
        Ok(url) => Ok(web::see_other(&url)),
        Err(why) => again(turn, visitor, form, Some(("refused", why.to_string()))),
    }
}

fn again(
    turn: &mut Turn<'_, '_>,
    visitor: &Visitor,
    form: Form,
    mistake: Option<(&'static str, String)>,
) -> Result<Response, Fault> {
    let status = if mistake.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let (error, error_detail) = mistake.map_or((None, String::new()), |(word, detail)| (Some(word), detail));
    let page = DirectPage { form, banks: BANKS, error, error_detail };
    Ok(web::html(status, pages::render(turn, visitor, "direct.html", &page)?))
}

impl Form {
    fn read(fields: &Fields) -> Form {
        let field = |name| fields.get(name).to_owned();
        Form {
            subject: field("subject"),
            body: field("body"),
            total_fee: field("total_fee"),
            bank: field("bank"),
        }
    }

    fn order(&self, turn: &mut Turn<'_, '_>, visitor: &mut Visitor) -> Result<OrderRow, &'static str> {
        if self.subject.is_empty() {
            return Err("subject");
        }
        let goods_total = Fen::parse(&self.total_fee).ok().filter(|fen| *fen > Fen::ZERO).ok_or("amount")?;
        let (paymethod, defaultbank) = match self.bank.as_str() {
            "" => (None, None),
            BALANCE => (Some(BALANCE), None),
            bank if BANKS.contains(&bank) => (Some("bankPay"), Some(bank)),
            _ => return Err("bank"),
        };
        Ok(OrderRow {
            out_trade_no: order::new_number(turn),
            visitor: visitor.remember(turn.entropy),
            service: PaymentService::CreateDirectPayByUser,
            charset: Charset::Utf8,
            subject: self.subject.clone(),
            body: self.body.clone(),
            goods_total,
            receive: Receive::default(),
            paymethod: paymethod.map(str::to_owned),
            defaultbank: defaultbank.map(str::to_owned),
            placed_at: turn.now,
            shipped_at: None,
            lines: Vec::new(),
        })
    }
}
