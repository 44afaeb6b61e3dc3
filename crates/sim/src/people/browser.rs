//! A browser as far as shops and cashiers need one: addresses, cookies, forms, redirects that its owner follows.

use std::collections::BTreeMap;

use bytes::Bytes;
use danbao_protocol::node::{Request, Response};
use danbao_protocol::params::Params;
use http::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use http::{HeaderValue, Method, Uri};

/// A browser.
#[derive(Debug, Clone, Default)]
pub struct Browser {
    /// Cookies by authority, then by name.
    jar: BTreeMap<String, BTreeMap<String, String>>,
    at: String,
}

/// What a browser shows after an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Page {
    /// It is sent on to this absolute address.
    Redirect(String),
    /// A page at this path.
    Shown {
        /// The path of the address that was asked for.
        path: String,
        /// HTTP status.
        status: u16,
        /// The page.
        text: String,
    },
}

impl Browser {
    /// Goes to an address; `None` if it is none.
    pub fn get(&mut self, url: &str) -> Option<Request> {
        self.request(Method::GET, url, Bytes::new())
    }

    /// Sends a form.
    pub fn post(&mut self, url: &str, fields: &[(&str, &str)]) -> Option<Request> {
        let mut params = Params::new();
        for (name, value) in fields {
            params.push(name, value.as_bytes());
        }
        let mut request = self.request(Method::POST, url, Bytes::from(params.to_urlencoded()))?;
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        request.headers_mut().insert(CONTENT_TYPE, form);
        Some(request)
    }

    fn request(&mut self, method: Method, url: &str, body: Bytes) -> Option<Request> {
        let uri: Uri = url.parse().ok()?;
        let cookies = self.jar.get(uri.authority()?.as_str());
        let cookies: Vec<String> =
            cookies.into_iter().flatten().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        if !cookies.is_empty() {
            let line = HeaderValue::from_str(&cookies.join("; ")).ok()?;
            request.headers_mut().insert(COOKIE, line);
        }
        url.clone_into(&mut self.at);
        Some(request)
    }

    /// Takes an answer to the last request.
    pub fn hear(&mut self, response: &Response) -> Page {
        let at: Uri = self.at.parse().unwrap_or_default();
        let authority = at.authority().map(ToString::to_string).unwrap_or_default();
        let jar = self.jar.entry(authority.clone()).or_default();
        for line in response.headers().get_all(SET_COOKIE).iter().filter_map(|line| line.to_str().ok()) {
            let pair = line.split(';').next().unwrap_or_default();
            if let Some((name, value)) = pair.split_once('=') {
                jar.insert(name.trim().to_owned(), value.trim().to_owned());
            }
        }
        let status = response.status();
        let location = response.headers().get(LOCATION).and_then(|to| to.to_str().ok());
        match location.filter(|_| status.is_redirection()) {
            Some(to) if to.starts_with('/') => Page::Redirect(format!("http://{authority}{to}")),
            Some(to) => Page::Redirect(to.to_owned()),
            None => Page::Shown {
                path: at.path().to_owned(),
                status: status.as_u16(),
                text: String::from_utf8_lossy(response.body()).into_owned(),
            },
        }
    }
}

/// The value of a hidden field of a form.
pub fn hidden_field<'p>(page: &'p str, name: &str) -> Option<&'p str> {
    let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\""))?;
    rest.split_once('"').map(|(value, _)| value)
}
