//! Who is looking: a cookie for the cart and the orders, another for the language.

use danbao_merchant::protocol::node::{Request, Response};
use danbao_node::{Entropy, Lang};

use crate::login;
use crate::web::{Fields, cookie, first_language, set_cookie};

const VISITOR: &str = "shop_visitor";
const SESSION: &str = "shop_member";
const LANG: &str = "shop_lang";

/// A browser, as far as it can be told from others.
#[derive(Debug, Clone)]
pub(crate) struct Visitor {
    /// 32 hexadecimal digits; `None` until the visitor does something worth remembering.
    id: Option<String>,
    is_new: bool,
    /// The session of a member, or of one who was sent to sign in; of the same form. Each sign-in has an id of its own,
    /// because somebody may have planted the other one in this browser.
    session: Option<String>,
    session_is_new: bool,
    /// Whether cookies are for https alone.
    is_secure: bool,
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
    pub(crate) fn of(request: &Request, default: Lang, is_secure: bool) -> Visitor {
        let session = cookie(request, SESSION).filter(|id| is_id(id)).map(str::to_owned);
        let id = cookie(request, VISITOR).filter(|id| is_id(id)).map(str::to_owned);
        let chosen = Lang::from_word(Fields::of_query(request).get("lang"));
        let kept = || cookie(request, LANG).and_then(Lang::from_word);
        let asked = || Lang::from_word(&first_language(request));
        let lang = chosen.or_else(kept).or_else(asked).unwrap_or(default);
        // With two slashes in front it would be another site's address.
        let is_own = !request.uri().path().starts_with("//");
        let path = if is_own { request.uri().path().to_owned() } else { "/".to_owned() };
        let page = request.uri().path_and_query().filter(|_| is_own).map(ToString::to_string);
        Visitor {
            id,
            is_new: false,
            session,
            session_is_new: false,
            is_secure,
            lang,
            lang_is_new: chosen.is_some(),
            path,
            page: page.unwrap_or_else(|| "/".to_owned()),
        }
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

    /// The id of the session of a member, if the browser has one.
    pub(crate) fn session(&self) -> Option<&str> {
        self.session.as_deref()
    }

    /// A new session's id.
    pub(crate) fn begin_session(&mut self, entropy: &mut Entropy) -> String {
        let id = entropy.id();
        self.session_is_new = true;
        self.session = Some(id.clone());
        id
    }

    /// Takes the session away; its id, if there was one.
    pub(crate) fn end_session(&mut self) -> Option<String> {
        let ended = self.session.take();
        self.session_is_new |= ended.is_some();
        ended
    }

    /// Sets the cookies that this request has changed.
    pub(crate) fn sign(&self, response: &mut Response) {
        const YEAR: u64 = 31_536_000;
        let id = self.id.as_deref().filter(|_| self.is_new).map(|id| (VISITOR, id, YEAR));
        let lang = self.lang_is_new.then(|| (LANG, self.lang.as_str(), YEAR));
        let session = self.session_is_new.then(|| match self.session.as_deref() {
            Some(id) => (SESSION, id, login::SESSION.as_secs()),
            None => (SESSION, "", 0),
        });
        for (name, value, seconds) in id.into_iter().chain(lang).chain(session) {
            set_cookie(response, name, value, seconds, self.is_secure);
        }
    }
}

fn is_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit())
}
