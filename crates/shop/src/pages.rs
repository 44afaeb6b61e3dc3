//! Writing pages out: templates hold structure, `pages/text/` holds words, Rust holds neither.

use danbao_merchant::protocol::node::{Request, Response};
use danbao_merchant::protocol::params::Params;
use danbao_node::{Fault, Lang};
use http::StatusCode;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};
use serde::Serialize;

use crate::catalogue::{GOODS, Good, Line, QUANTITY_MAX, find};
use crate::router::{ADDRESS_RETURN_PATH, LOGIN_RETURN_PATH, RETURN_PATH};
use crate::turn::Turn;
use crate::visitor::Visitor;
use crate::words;
use crate::{login, rows, web};

/// The one style sheet.
pub(crate) const CSS: &str = include_str!("../pages/shop.css");

/// The shop's mark: two stalks of bamboo on vermilion.
pub(crate) const MARK: &str = include_str!("../pages/mark.svg");

macro_rules! templates {
    ($($name:literal,)+) => {
        const TEMPLATES: &[(&str, &str)] = &[$(($name, include_str!(concat!("../pages/html/", $name))),)+];
    };
}

templates! {
    "base.html",
    "macros.html",
    "home.html",
    "good.html",
    "cart.html",
    "login.html",
    "turned_away.html",
    "direct.html",
    "checkout.html",
    "pay.html",
    "orders.html",
    "order.html",
    "returned.html",
    "problem.html",
}

/// All templates, parsed.
#[derive(Debug)]
pub(crate) struct Pages(Environment<'static>);

/// What surrounds every page.
#[derive(Debug, Serialize)]
struct Frame {
    cart_count: i64,
    lang_link: String,
    /// The name to show of a member, if one is signed in.
    member: Option<String>,
    /// This page, for coming back to it after signing in or out.
    page: String,
    login_link: String,
}

impl Pages {
    pub(crate) fn new() -> Result<Pages, minijinja::Error> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| AutoEscape::Html);
        for (name, source) in TEMPLATES {
            environment.add_template(name, source)?;
        }
        Ok(Pages(environment))
    }

    fn write(
        &self,
        template: &'static str,
        visitor_lang: Lang,
        frame: &Frame,
        page: &impl Serialize,
    ) -> Result<String, Fault> {
        let t = words::of(visitor_lang);
        let context = context! { t, frame => Value::from(Serde(frame)), page => Value::from(Serde(page)) };
        let written = self.0.get_template(template).and_then(|template| template.render(context));
        written.map_err(|error| Fault::invariant(format!("page {template}: {error:#}")))
    }

    /// The page that needs no database.
    pub(crate) fn broken(&self, request: Option<&Request>, default: Lang) -> Response {
        let lang = request.map_or(default, |request| Visitor::of(request, default, false).lang);
        let frame = Frame {
            cart_count: 0,
            lang_link: switch("/", lang),
            member: None,
            page: "/".to_owned(),
            login_link: login_link("/"),
        };
        let body = self.write("problem.html", lang, &frame, &Problem { word: "broken" });
        web::html(StatusCode::INTERNAL_SERVER_ERROR, body.unwrap_or_default())
    }
}

/// Writes a page for a visitor.
pub(crate) fn render(
    turn: &mut Turn<'_, '_>,
    visitor: &Visitor,
    template: &'static str,
    page: &impl Serialize,
) -> Result<String, Fault> {
    let cart_count = match visitor.id() {
        Some(id) => rows::cart::count(&mut **turn.tx, id)?,
        None => 0,
    };
    let session = login::session(turn, visitor)?;
    let prefix = &turn.base.config.members.display_prefix;
    let here = if is_passage(&visitor.path) { "/" } else { visitor.page.as_str() };
    let frame = Frame {
        cart_count,
        lang_link: switch(&visitor.path, visitor.lang),
        member: session.map(|session| session.display_name(prefix)),
        page: here.to_owned(),
        login_link: login_link(here),
    };
    turn.base.pages.write(template, visitor.lang, &frame, page)
}

/// The page with the ways in, from which the buyer comes back to this one.
fn login_link(page: &str) -> String {
    let mut back = Params::new();
    back.push("back", page.as_bytes());
    format!("/login?{}", back.to_urlencoded())
}

/// Addresses that cannot be shown twice.
fn is_passage(path: &str) -> bool {
    [RETURN_PATH, LOGIN_RETURN_PATH, ADDRESS_RETURN_PATH, "/address", "/logout", "/login"].contains(&path)
}

/// The address of the same page in the other language. A page return cannot be shown twice: it leads to the shelf.
fn switch(path: &str, lang: Lang) -> String {
    let path = if is_passage(path) && path != "/login" { "/" } else { path };
    format!("{path}?lang={}", lang.other().as_str())
}

#[derive(Debug, Serialize)]
struct Problem {
    word: &'static str,
}

/// A page that says what is wrong with a request.
pub(crate) fn problem(
    turn: &mut Turn<'_, '_>,
    visitor: &Visitor,
    status: StatusCode,
) -> Result<Response, Fault> {
    let word = match status {
        StatusCode::NOT_FOUND => "not_found",
        StatusCode::METHOD_NOT_ALLOWED => "method",
        _ => "bad",
    };
    let body = render(turn, visitor, "problem.html", &Problem { word })?;
    Ok(web::html(status, body))
}

/// A thing as a page shows it.
#[derive(Debug, Serialize)]
struct GoodShown {
    id: &'static str,
    price: String,
    is_penny: bool,
}

impl GoodShown {
    fn of(good: &Good) -> GoodShown {
        GoodShown { id: good.id, price: good.price.to_string(), is_penny: good.price.0 == 1 }
    }
}

/// A line as a page shows it.
#[derive(Debug, Serialize)]
pub(crate) struct LineShown {
    id: &'static str,
    price: String,
    quantity: i64,
    sum: String,
}

impl LineShown {
    pub(crate) fn all(lines: &[Line]) -> Vec<LineShown> {
        let shown = |line: &Line| LineShown {
            id: line.good.id,
            price: line.price.to_string(),
            quantity: line.quantity,
            sum: line.sum().to_string(),
        };
        lines.iter().map(shown).collect()
    }
}

/// `GET /`
pub(crate) fn shelf(turn: &mut Turn<'_, '_>, visitor: &Visitor) -> Result<Response, Fault> {
    #[derive(Serialize)]
    struct Shelf {
        goods: Vec<GoodShown>,
    }
    let page = Shelf { goods: GOODS.iter().map(GoodShown::of).collect() };
    Ok(web::html(StatusCode::OK, render(turn, visitor, "home.html", &page)?))
}

/// `GET /goods/{id}`
pub(crate) fn good(turn: &mut Turn<'_, '_>, visitor: &Visitor, id: &str) -> Result<Response, Fault> {
    #[derive(Serialize)]
    struct OneGood {
        good: GoodShown,
        quantity_max: i64,
    }
    let Some(good) = find(id) else {
        return problem(turn, visitor, StatusCode::NOT_FOUND);
    };
    let page = OneGood { good: GoodShown::of(good), quantity_max: QUANTITY_MAX };
    Ok(web::html(StatusCode::OK, render(turn, visitor, "good.html", &page)?))
}
