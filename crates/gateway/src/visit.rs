//! A browser's visit: its language, who is signed in, and the proof that a form is ours.

use danbao_node::Fault;
use danbao_protocol::ids::TradeNo;
use danbao_protocol::node::{Request, Response};

use crate::pages::{self, Lang, Link, LinkLabel, Notice, NoticeKind, Shell};
use crate::rows::session::{self, Session};
use crate::rows::users::User;
use crate::turn::Turn;
use crate::web::{self, Fields};
use http::StatusCode;
use subtle::ConstantTimeEq;

const SESSION_COOKIE: &str = "danbao_session";
/// Ties a form to the browser that it was shown in, before anybody has signed in.
const FORM_COOKIE: &str = "danbao_form";
const LANG_COOKIE: &str = "danbao_lang";
const YEAR_SECONDS: u64 = 31_536_000;

/// Who is here, and how to speak to them.
pub(crate) struct Visit {
    pub(crate) shell: Shell,
    /// The signed-in person; a visitor's session counts for its own trade only.
    pub(crate) user: Option<User>,
    pub(crate) session: Option<Session>,
    /// Cookies to be set with the answer.
    cookies: Vec<(&'static str, String, u64)>,
    form_secret: String,
    /// Whether cookies are for https alone: they are where the gateway is.
    is_secure: bool,
}

impl Visit {
    /// Looks at the request's cookies and its `?lang=`. A session in use is put off.
    pub(crate) fn of(turn: &mut Turn<'_>, request: &Request) -> Result<Visit, Fault> {
        let mut cookies = Vec::new();
        let asked = Lang::from_word(Fields::of_query(request).get("lang"));
        if let Some(lang) = asked {
            cookies.push((LANG_COOKIE, lang.as_str().to_owned(), YEAR_SECONDS));
        }
        let lang = asked
            .or_else(|| web::cookie(request, LANG_COOKIE).and_then(Lang::from_word))
            .or_else(|| accepted_lang(request))
            .unwrap_or(turn.config.lang);
        let session = match web::cookie(request, SESSION_COOKIE) {
            Some(id) => session::load(turn.tx, id, turn.now)?,
            None => None,
        };
        let user = match &session {
            Some(session) => turn.user(&session.user_id)?,
            None => None,
        };
        if let Some(session) = &session
            && put_off(turn, session)?
        {
            let seconds = turn.config.login_state.as_secs();
            cookies.push((SESSION_COOKIE, session.session_id.clone(), seconds));
        }
        let form_secret = match web::cookie(request, FORM_COOKIE).filter(|secret| is_secret(secret)) {
            Some(secret) => secret.to_owned(),
            None => {
                let secret = turn.memory.entropy.text(26);
                cookies.push((FORM_COOKIE, secret.clone(), YEAR_SECONDS));
                secret
            }
        };
        // A visitor has no desk that the page's head could lead to.
        let is_member = session.as_ref().is_some_and(|session| session.trade_no.is_none());
        let shell = Shell {
            lang,
            switch_url: switch_url(request, lang.other()),
            user: user.as_ref().filter(|_| is_member).map(|user| user.display_name.clone()),
            sandbox: turn.config.is_sandbox,
            csrf: form_secret.clone(),
        };
        let is_secure = turn.config.public_url.starts_with("https://");
        Ok(Visit { shell, user, session, cookies, form_secret, is_secure })
    }

    /// Whether a POSTed form was shown by us in this browser: its hidden field repeats the cookie, which no other
    /// origin can read or set.
    pub(crate) fn is_own_form(&self, form: &Fields) -> bool {
        form.get("csrf").as_bytes().ct_eq(self.form_secret.as_bytes()).into()
    }

    /// What this browser alone knows of itself; never shown but in the forms of its own pages.
    pub(crate) fn browser(&self) -> &str {
        &self.form_secret
    }

    /// The signed-in member, if it is not a mere visitor.
    pub(crate) fn member(&self) -> Option<&User> {
        let is_member = self.session.as_ref().is_some_and(|session| session.trade_no.is_none());
        self.user.as_ref().filter(|_| is_member)
    }

    /// Who may act on this trade at the cashier: a member, or the visitor whose session is for this trade.
    pub(crate) fn payer(&self, trade_no: &TradeNo) -> Option<&User> {
        let session = self.session.as_ref()?;
        let may = session.trade_no.as_ref().is_none_or(|scope| scope == trade_no);
        self.user.as_ref().filter(|_| may)
    }

    /// Signs somebody in, in place of whoever was; with a trade number, for that trade alone. The session is a new one
    /// each time, so that nobody knows it who knew the browser before.
    pub(crate) fn sign_in(
        &mut self,
        turn: &mut Turn<'_>,
        user: User,
        trade_no: Option<TradeNo>,
    ) -> Result<(), Fault> {
        let session = Session {
            session_id: turn.memory.entropy.text(32),
            user_id: user.user_id.clone(),
            trade_no,
            expires_at: turn.now.plus(turn.config.login_state),
        };
        if let Some(former) = self.session.take() {
            session::delete(turn.tx, &former.session_id)?;
        }
        session::insert(turn.tx, &session, turn.now)?;
        let seconds = turn.config.login_state.as_secs();
        self.cookies.push((SESSION_COOKIE, session.session_id.clone(), seconds));
        self.user = Some(user);
        self.session = Some(session);
        Ok(())
    }

    /// Signs out.
    pub(crate) fn sign_out(&mut self, turn: &mut Turn<'_>) -> Result<(), Fault> {
        if let Some(session) = self.session.take() {
            session::delete(turn.tx, &session.session_id)?;
        }
        self.user = None;
        self.shell.user = None;
        self.cookies.push((SESSION_COOKIE, String::new(), 0));
        Ok(())
    }

    /// A page for this visitor.
    pub(crate) fn page<P: pages::Page>(&self, page: &P) -> Response {
        self.answer(web::html(StatusCode::OK, pages::render(&self.shell, page)))
    }

    /// A short page that says one thing.
    pub(crate) fn notice(&self, status: StatusCode, kind: NoticeKind, links: Vec<Link>) -> Response {
        let code = match kind {
            NoticeKind::TradeClosed | NoticeKind::AlreadyPaid => Some("TRADE_NOT_ALLOWED_PAY"),
            NoticeKind::OtherBuyer => Some("TRADE_BUYER_NOT_MATCH"),
            NoticeKind::CashierExpired => Some("EXTERFACE_INVOKE_CONTEXT_EXPIRED"),
            NoticeKind::CashierOutOfOrder => Some("ILLEGAL_REQUEST"),
            NoticeKind::HandoverExpired => Some("SESSION_TIMEOUT"),
            _ => None,
        };
        let page = Notice { kind, code: code.map(str::to_owned), links };
        self.answer(web::html(status, pages::render(&self.shell, &page)))
    }

    /// Nothing is here, or not for this visitor: the same page, so that nobody can tell which.
    pub(crate) fn not_found(&self) -> Response {
        let home = Link { label: LinkLabel::Home, url: "/".to_owned() };
        self.notice(StatusCode::NOT_FOUND, NoticeKind::NotFound, vec![home])
    }

    /// Sends the browser on.
    pub(crate) fn see_other(&self, target: &str) -> Response {
        self.answer(web::see_other(target))
    }

    /// Adds this visit's cookies to an answer; a session's cookie lives as long as the session.
    fn answer(&self, mut response: Response) -> Response {
        for (name, value, max_age_seconds) in &self.cookies {
            web::set_cookie(&mut response, name, value, *max_age_seconds, self.is_secure);
        }
        response
    }
}

/// A session in use is put off, but not written at every click; whether it was this time.
fn put_off(turn: &mut Turn<'_>, session: &Session) -> Result<bool, Fault> {
    let is_due = session.expires_at.since(turn.now) < turn.config.login_state * 4 / 5;
    if is_due {
        session::extend(turn.tx, &session.session_id, turn.now.plus(turn.config.login_state))?;
    }
    Ok(is_due)
}

fn is_secret(text: &str) -> bool {
    text.len() == 26 && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// The browser's own preference, if it is one of ours.
fn accepted_lang(request: &Request) -> Option<Lang> {
    let accepted = request.headers().get(http::header::ACCEPT_LANGUAGE)?.to_str().ok()?;
    accepted.split(',').find_map(|range| Lang::from_word(range.trim().get(..2)?))
}

/// This page in the other language. Where a form came back, the router leads from its address to its page.
fn switch_url(request: &Request, lang: Lang) -> String {
    let query = request.uri().query().unwrap_or("");
    // With two slashes in front it would be another site's address.
    let path = request.uri().path();
    let path = if web::is_own_path(path) { path } else { "/" };
    let kept = query.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("lang="));
    let mut url = format!("{path}?");
    for pair in kept {
        url.push_str(pair);
        url.push('&');
    }
    url.push_str("lang=");
    url.push_str(lang.as_str());
    url
}
