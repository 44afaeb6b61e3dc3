//! Who is looking: a cookie for the cart and the orders, another for the language.

use danbao_merchant::protocol::node::{Request, Response};
use http::HeaderValue;
use http::header::SET_COOKIE;

use crate::entropy::Entropy;
use crate::web::{Fields, cookie, first_language};
use crate::words::Lang;

const VISITOR: &str = "shop_visitor";
const LANG: &str = "shop_lang";

/// A browser, as far as it can be told from others.
#[derive(Debug, Clone)]
pub(crate) struct Visitor {
    /// 32 hexadecimal digits; `None` until the visitor does something worth remembering.
    id: Option<String>,
    is_new: bool,
    /// The language to write in.
    pub(crate) lang: Lang,
    /// The language was chosen by this request.
    lang_is_new: bool,
    /// Where the page's language switch leads.
    pub(crate) path: String,
    /// The page itself, for coming back to it: path and query.
    pub(crate) page: String,
}

impl Visitor {
    /// Reads the cookies; the language by `?lang=`, then by its cookie, then by what the browser asks for.
    pub(crate) fn of(request: &Request, default: Lang) -> Visitor {
        let id = cookie(request, VISITOR).filter(|id| is_id(id)).map(str::to_owned);
        let chosen = Lang::from_word(Fields::of_query(request).get("lang"));
        let kept = || cookie(request, LANG).and_then(Lang::from_word);
        let asked = || Lang::from_word(&first_language(request));
        let lang = chosen.or_else(kept).or_else(asked).unwrap_or(default);
        let path = request.uri().path().to_owned();
        let page = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
        Visitor { id, is_new: false, lang, lang_is_new: chosen.is_some(), path, page }
    }

    /// The visitor's id, if there is one yet.
    pub(crate) fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The visitor's id, made now if there is none yet; [`Visitor::sign`] gives it to the browser.
    pub(crate) fn remember(&mut self, entropy: &mut Entropy) -> String {
        match &self.id {
            Some(id) => id.clone(),
            None => {
                let id = entropy.id();
                self.is_new = true;
                self.id = Some(id.clone());
                id
            }
        }
    }

    /// Sets the cookies that this request has changed.
    pub(crate) fn sign(&self, response: &mut Response) {
        const KEPT: &str = "Path=/; Max-Age=31536000; SameSite=Lax; HttpOnly";
        let id = self.id.as_ref().filter(|_| self.is_new).map(|id| format!("{VISITOR}={id}; {KEPT}"));
        let lang = self.lang_is_new.then(|| format!("{LANG}={}; {KEPT}", self.lang.as_str()));
        for value in id.into_iter().chain(lang) {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().append(SET_COOKIE, value);
            }
        }
    }
}

fn is_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit())
}
