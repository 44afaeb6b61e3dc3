//! The check-out: from a cart to an order, and on to the cashier.

use std::time::Duration;

use danbao_merchant::protocol::address_post::ReceiveAddress;
use danbao_merchant::protocol::charset::Charset;
use danbao_merchant::protocol::ids::UserId;
use danbao_merchant::protocol::node::{Request, Response};
use danbao_merchant::protocol::service::payment::{BuildError, PaymentService, Receive};
use danbao_merchant::{BuyerSession, PaymentError};
use danbao_node::{Fault, Lang};
use http::StatusCode;
use serde::Serialize;

use crate::catalogue::{Line, total};
use crate::pages::{self, LineShown};
use crate::regions::RegionChoice;
use crate::rows::orders::OrderRow;
use crate::turn::Turn;
use crate::visitor::Visitor;
use crate::web::{self, Fields};
use crate::words::word;
use crate::{cart, login, order, rows};

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
    /// The key of a region of the shop's list, for an address from the gateway.
    region: String,
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
    is_member: bool,
    /// What the shop's list says to the address that the member has chosen at the gateway.
    region: Option<RegionChoice>,
    error: Option<&'static str>,
    error_detail: String,
}

/// Who buys.
struct Buyer {
    member: Option<BuyerSession>,
    /// The address that the member has chosen at the gateway.
    chosen: Option<ReceiveAddress>,
    region: Option<RegionChoice>,
}

impl Buyer {
    fn of(turn: &mut Turn<'_, '_>, visitor: &Visitor) -> Result<Buyer, Fault> {
        let member = login::session(turn, visitor)?;
        let chosen = match &member {
            Some(member) => rows::member::address_chosen(&mut **turn.tx, &member.user_id)?,
            None => None,
        };
        let region = chosen.as_ref().map(RegionChoice::of);
        Ok(Buyer { member, chosen, region })
    }

    /// The ways to pay that this buyer is offered: to a member the gateway's and nothing else online (quick-login
    /// tutorial 4). A shop with other ways adds them here, for guests.
    fn services(&self) -> &'static [PaymentService] {
        PaymentService::ALL
    }
}

/// `GET /checkout`
pub(crate) fn show(turn: &mut Turn<'_, '_>, visitor: &Visitor) -> Result<Response, Fault> {
    let lines = cart::lines(turn, visitor)?;
    if lines.is_empty() {
        return Ok(web::see_other("/cart"));
    }
    let buyer = Buyer::of(turn, visitor)?;
    let form = match (&buyer.chosen, &buyer.member) {
        (Some(chosen), _) => Form::of_address(chosen),
        (None, Some(_)) => Form::read(&Fields::default()),
        (None, None) => Form::new(visitor.lang),
    };
    again(turn, visitor, &buyer, &lines, form, None)
}

/// How long an empty cart sends its visitor on to the order that emptied it.
const JUST_PLACED: Duration = Duration::from_secs(600);

/// The page of the order that has just emptied this cart: somebody clicked twice, or the answer was lost on its way.
fn just_placed(turn: &mut Turn<'_, '_>, visitor: &Visitor) -> Result<Option<String>, Fault> {
    let Some(id) = visitor.id() else { return Ok(None) };
    let member = login::session(turn, visitor)?.map(|session| session.user_id);
    let user_id = member.as_ref().map_or("", UserId::as_str);
    let newest = rows::orders::newest(&mut **turn.tx, id, user_id)?.into_iter().next();
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
    let buyer = Buyer::of(turn, visitor)?;
    let order = match form.order(turn, visitor.lang, &id, &buyer, lines.clone()) {
        Ok(order) => order,
        Err(mistake) => return again(turn, visitor, &buyer, &lines, form, Some(mistake)),
    };
    let url = match order::open(turn, &order, buyer.member.as_ref())? {
        Ok(url) => url,
        Err(why) => return again(turn, visitor, &buyer, &lines, form, Some(Mistake::of(&why))),
    };
    rows::cart::clear(&mut **turn.tx, &id)?;
    if let Some(member) = &buyer.member {
        rows::member::forget_address(&mut **turn.tx, &member.user_id)?;
    }
    if form.via != "form" {
        return Ok(web::see_other(&url));
    }
    let request = order::payment_request(&turn.base.config, &order, buyer.member.as_ref());
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
    buyer: &Buyer,
    lines: &[Line],
    form: Form,
    mistake: Option<Mistake>,
) -> Result<Response, Fault> {
    let status = if mistake.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let page = CheckoutPage {
        lines: LineShown::all(lines),
        total: total(lines).to_string(),
        services: buyer.services().iter().map(|service| service.as_str()).collect(),
        form,
        is_member: buyer.member.is_some(),
        region: buyer.region.clone(),
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

    /// The form filled in with what the gateway has said (使用我的收货地址): all of it, but for the region.
    fn of_address(chosen: &ReceiveAddress) -> Form {
        let mobile = [&chosen.mobile_phone, &chosen.phone].into_iter().find(|number| !number.is_empty());
        Form {
            receive_name: chosen.fullname.clone(),
            receive_address: chosen.address.clone(),
            receive_zip: chosen.post.clone(),
            receive_mobile: mobile.cloned().unwrap_or_default(),
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
            region: or("region", ""),
        }
    }

    fn order(
        &self,
        turn: &mut Turn<'_, '_>,
        lang: Lang,
        visitor: &str,
        buyer: &Buyer,
        lines: Vec<Line>,
    ) -> Result<OrderRow, Mistake> {
        let wrong = |word| Mistake { word, detail: String::new() };
        let service = PaymentService::from_wire(&self.service).ok_or(wrong("form"))?;
        if !buyer.services().contains(&service) {
            return Err(wrong("form"));
        }
        // An address from the gateway is written with the shop's own names of regions, or not at all.
        let address = match &buyer.region {
            None => self.receive_address.clone(),
            Some(choice) => {
                let region = choice.chosen(&self.region).ok_or(wrong("region"))?;
                format!("{} {}", region.name, self.receive_address)
            }
        };
        let charset = Charset::from_label(&self.charset).ok_or(wrong("form"))?;
        let receive = Receive {
            name: self.receive_name.clone(),
            address,
            zip: self.receive_zip.clone(),
            phone: String::new(),
            mobile: self.receive_mobile.clone(),
        };
        let ships = service != PaymentService::CreateDirectPayByUser;
        if ships && [&receive.name, &self.receive_address, &receive.mobile].iter().any(|part| part.is_empty())
        {
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
