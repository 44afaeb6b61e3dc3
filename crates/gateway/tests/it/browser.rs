//! A person's browser: keeps cookies, follows redirects within the gateway, fills forms in as they are shown.

use std::collections::BTreeMap;

use danbao_protocol::node::{Request, Response};
use danbao_protocol::params::Params;
use http::header::{COOKIE, LOCATION, SET_COOKIE};
use http::{Method, StatusCode};

use super::world::{World, request};

/// A page as it was shown, or the foreign address to which the browser was sent.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    pub(crate) status: StatusCode,
    /// Where the browser is: a path of the gateway, or the address of somebody else.
    pub(crate) at: String,
    pub(crate) html: String,
}

/// One person's browser.
#[derive(Debug, Default)]
pub(crate) struct Browser {
    cookies: BTreeMap<String, String>,
}

/// A form of a page with what stands in it, ready to be changed and sent.
#[derive(Debug, Clone)]
pub(crate) struct Form {
    pub(crate) action: String,
    pub(crate) fields: BTreeMap<String, String>,
}

const REDIRECTS_MAX: usize = 5;

impl Browser {
    /// Opens a page.
    pub(crate) fn open(&mut self, world: &mut World, path: &str) -> Page {
        self.follow(world, request(Method::GET, path, ""))
    }

    /// Sends a form.
    pub(crate) fn send(&mut self, world: &mut World, form: &Form) -> Page {
        let mut params = Params::new();
        for (name, value) in &form.fields {
            params.push(name, value.as_bytes());
        }
        self.follow(world, request(Method::POST, &form.action, params.to_urlencoded()))
    }

    /// Asks one question with this browser's cookies, and takes the cookies of its answer.
    pub(crate) fn ask(&mut self, world: &mut World, mut asked: Request) -> Response {
        if !self.cookies.is_empty() {
            let pairs: Vec<String> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            asked.headers_mut().insert(COOKIE, pairs.join("; ").parse().unwrap());
        }
        let response = world.ask(asked);
        for cookie in response.headers().get_all(SET_COOKIE) {
            let (pair, attributes) = cookie.to_str().unwrap().split_once("; ").unwrap();
            assert!(attributes.contains("HttpOnly") && attributes.contains("SameSite=Lax"), "{attributes}");
            let (name, value) = pair.split_once('=').unwrap();
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        response
    }

    fn follow(&mut self, world: &mut World, mut asked: Request) -> Page {
        for _ in 0..REDIRECTS_MAX {
            let at = asked.uri().to_string();
            let response = self.ask(world, asked);
            let Some(location) = response.headers().get(LOCATION) else {
                let html = String::from_utf8(response.body().to_vec()).unwrap();
                return Page { status: response.status(), at, html };
            };
            assert_eq!(response.status(), StatusCode::SEE_OTHER);
            let location = location.to_str().unwrap().to_owned();
            if !location.starts_with('/') {
                return Page { status: response.status(), at: location, html: String::new() };
            }
            asked = request(Method::GET, &location, "");
        }
        panic!("the gateway sends the browser round in circles");
    }
}

impl Page {
    /// The form that is sent to an address with this end.
    pub(crate) fn form(&self, action_end: &str) -> Form {
        let found = self.forms().into_iter().find(|form| form.action.ends_with(action_end));
        found.unwrap_or_else(|| panic!("{} shows no form to {action_end}: {}", self.at, self.html))
    }

    /// The form that has an input of this name.
    pub(crate) fn form_with(&self, input: &str) -> Form {
        let found = self.forms().into_iter().find(|form| form.fields.contains_key(input));
        found.unwrap_or_else(|| panic!("{} shows no form with {input}: {}", self.at, self.html))
    }

    pub(crate) fn has_form(&self, action_end: &str) -> bool {
        self.forms().iter().any(|form| form.action.ends_with(action_end))
    }

    fn forms(&self) -> Vec<Form> {
        let forms = self.html.split("<form ").skip(1);
        forms.map(|rest| read_form(rest.split("</form>").next().unwrap_or_default())).collect()
    }

    /// Whether the page shows this text.
    pub(crate) fn shows(&self, text: &str) -> bool {
        unescape(&self.html).contains(text)
    }

    /// The first link that leads to an address with this beginning.
    pub(crate) fn link(&self, beginning: &str) -> String {
        let html = unescape(&self.html);
        let found = html.split(" href=\"").skip(1).find(|link| link.starts_with(beginning));
        let found = found.unwrap_or_else(|| panic!("{} does not lead to {beginning}", self.at));
        found.split('"').next().unwrap_or_default().to_owned()
    }

    /// The code that the page names as the wire spells it, in its alert, its notice or as a debugging error.
    pub(crate) fn code(&self) -> String {
        let words = ["<p class=\"code\">", "id=\"form-error\"", "<p class=\"quiet\">错误代码"];
        let after = words.iter().find_map(|mark| self.html.split_once(mark));
        let Some((_, rest)) = after else { return String::new() };
        let paragraph = rest.split("</p>").next().unwrap_or_default();
        let code = paragraph.split_once("<code").and_then(|(_, code)| code.split_once('>'));
        code.and_then(|(_, code)| code.split('<').next()).unwrap_or_default().to_owned()
    }

    /// Whether the page shows this message above its form, by its key in the text files.
    pub(crate) fn says(&self, message: &str) -> bool {
        const WORDS: &str = include_str!("../../pages/text/zh.toml");
        let words: toml::Table = WORDS.parse().unwrap();
        let text = words["message"][message].as_str().unwrap();
        self.html.contains("id=\"form-error\"") && self.shows(text)
    }
}

impl Form {
    pub(crate) fn with(mut self, name: &str, value: &str) -> Form {
        self.fields.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Sent by another button of the form.
    pub(crate) fn by_button_to(mut self, action: &str) -> Form {
        let (path, _) = self.action.rsplit_once('/').unwrap();
        self.action = format!("{path}/{action}");
        self
    }
}

fn read_form(html: &str) -> Form {
    let action = attribute(html.split('>').next().unwrap_or_default(), "action").unwrap_or_default();
    let mut fields = BTreeMap::new();
    for tag in html.split("<input ").skip(1).map(|rest| rest.split('>').next().unwrap_or_default()) {
        let kind = attribute(tag, "type").unwrap_or_default();
        let (Some(name), value) = (attribute(tag, "name"), attribute(tag, "value").unwrap_or_default())
        else {
            continue;
        };
        if kind != "radio" || tag.contains(" checked") {
            fields.insert(name, value);
        }
    }
    for select in html.split("<select ").skip(1) {
        let name = attribute(select.split('>').next().unwrap_or_default(), "name").unwrap_or_default();
        let chosen = select.split("<option ").skip(1).find(|option| option.contains(" selected"));
        fields.insert(name, chosen.and_then(|option| attribute(option, "value")).unwrap_or_default());
    }
    Form { action, fields }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let tag = format!(" {tag}");
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    Some(unescape(rest.split('"').next()?))
}

fn unescape(html: &str) -> String {
    html.replace("&#x2f;", "/")
        .replace("&#x27;", "'")
        .replace("&quot;", "\"")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}
