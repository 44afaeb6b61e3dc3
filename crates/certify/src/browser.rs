//! What a browser does with a redirect: where it leads, and which cookies go along.

use std::collections::BTreeMap;

use danbao_protocol::node::Response;
use http::header::SET_COOKIE;

/// Where a browser on the page `base` goes when it is told `to`.
pub(crate) fn resolve(base: &str, to: &str) -> String {
    let to = to.split('#').next().unwrap_or_default();
    if to.starts_with("http://") || to.starts_with("https://") {
        return to.to_owned();
    }
    let (scheme, rest) = base.split_once("://").unwrap_or(("http", base));
    if let Some(to) = to.strip_prefix("//") {
        return format!("{scheme}://{to}");
    }
    let authority_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at(authority_end);
    let path = rest.split(['?', '#']).next().unwrap_or_default();
    if to.is_empty() || to.starts_with('?') {
        let path = if path.is_empty() { "/" } else { path };
        return format!("{scheme}://{authority}{path}{to}");
    }
    let (to, query) = to.find('?').map_or((to, ""), |at| to.split_at(at));
    let folder = path.rfind('/').map_or("", |end| &path[..end]);
    let whole = if to.starts_with('/') { to.to_owned() } else { format!("{folder}/{to}") };
    format!("{scheme}://{authority}{}{query}", without_dots(&whole))
}

/// A path that begins with a slash, with `.` and `..` taken out.
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let is_folder = path.ends_with('/') || path.ends_with("/.") || path.ends_with("/..");
    for part in path.split('/').skip(1) {
        match part {
            "." => {}
            ".." => drop(kept.pop()),
            part => kept.push(part),
        }
    }
    if is_folder && kept.last().is_none_or(|last| !last.is_empty()) {
        kept.push("");
    }
    format!("/{}", kept.join("/"))
}

/// The cookies of one browser; where they hold and how long is not looked at, for it visits one shop for one moment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cookies(BTreeMap<String, String>);

impl Cookies {
    pub(crate) fn keep(&mut self, response: &Response) {
        for cookie in response.headers().get_all(SET_COOKIE) {
            let pair = cookie.to_str().ok().and_then(|text| text.split(';').next());
            if let Some((name, value)) = pair.and_then(|pair| pair.split_once('=')) {
                self.0.insert(name.trim().to_owned(), value.trim().to_owned());
            }
        }
    }

    /// The header `Cookie`, if there is one to send.
    pub(crate) fn header(&self) -> Option<String> {
        let pairs: Vec<String> = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_leads_where_a_browser_would_go() {
        let base = "http://shop:8081/pay/return.php?trade_no=1";
        let table = [
            ("thanks.php", "http://shop:8081/pay/thanks.php"),
            ("thanks.php?to=/a/../b", "http://shop:8081/pay/thanks.php?to=/a/../b"),
            ("./thanks.php", "http://shop:8081/pay/thanks.php"),
            ("../orders/1", "http://shop:8081/orders/1"),
            ("../../..", "http://shop:8081/"),
            ("/orders/1#top", "http://shop:8081/orders/1"),
            ("?ok=1", "http://shop:8081/pay/return.php?ok=1"),
            ("", "http://shop:8081/pay/return.php"),
            ("//other/x", "http://other/x"),
            ("https://other/x", "https://other/x"),
        ];
        for (to, wanted) in table {
            assert_eq!(resolve(base, to), wanted, "{to}");
        }
        assert_eq!(resolve("http://shop:8081", "thanks"), "http://shop:8081/thanks");
    }

    #[test]
    fn a_cookie_goes_along_by_its_name_and_value() {
        let mut response = Response::default();
        for cookie in ["sid=1; HttpOnly", "flash=thanks", "sid=2; Path=/"] {
            response.headers_mut().append(SET_COOKIE, cookie.parse().unwrap());
        }
        let mut cookies = Cookies::default();
        assert_eq!(cookies.header(), None);
        cookies.keep(&response);
        assert_eq!(cookies.header().as_deref(), Some("flash=thanks; sid=2"));
    }
}
