//! Where a browser may be sent on to: `target_url` comes from outside, and a shop that follows any lends its good name to
//! whoever writes one.

use http::Uri;

/// The origins that `target_url` may lead to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Targets {
    own: Origin,
    others: Vec<Origin>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Origin {
    scheme: String,
    host: String,
    port: u16,
}

/// Not an absolute http or https address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an absolute http or https address")]
pub struct NotAnOrigin(pub String);

impl Targets {
    /// Allows the merchant's own origin and others by name, such as `https://m.shop.example`. Paths say nothing here.
    ///
    /// # Errors
    /// [`NotAnOrigin`].
    pub fn new<'a>(own_url: &str, others: impl IntoIterator<Item = &'a str>) -> Result<Targets, NotAnOrigin> {
        let read = |url: &str| Origin::read(&encoded(url)).ok_or_else(|| NotAnOrigin(url.to_owned()));
        let others = others.into_iter().map(read).collect::<Result<_, _>>()?;
        Ok(Targets { own: read(own_url)?, others })
    }

    /// The address to redirect to, in the form for a header; `None` if it leads elsewhere, or if a browser might read it
    /// otherwise than we do.
    ///
    /// A path of the merchant's own (`/goods/tea`) is allowed as well.
    ///
    /// ```
    /// use danbao_merchant::targets::Targets;
    ///
    /// let targets = Targets::new("https://shop.example", ["https://m.shop.example"])?;
    /// assert_eq!(targets.allow("https://m.shop.example/tea").as_deref(), Some("https://m.shop.example/tea"));
    /// assert_eq!(targets.allow("/tea").as_deref(), Some("/tea"));
    /// assert_eq!(targets.allow("https://shop.example@elsewhere.example/"), None);
    /// assert_eq!(targets.allow("//elsewhere.example/"), None);
    /// # Ok::<(), danbao_merchant::targets::NotAnOrigin>(())
    /// ```
    pub fn allow(&self, target_url: &str) -> Option<String> {
        let target = encoded(target_url);
        // Browsers take a backslash for a slash, and drop tabs and line breaks.
        if target_url.contains(|c: char| c == '\\' || c.is_control()) || target.is_empty() {
            return None;
        }
        if target.starts_with('/') {
            return (!target.starts_with("//")).then_some(target);
        }
        let origin = Origin::read(&target)?;
        (origin == self.own || self.others.contains(&origin)).then_some(target)
    }
}

impl Origin {
    fn read(url: &str) -> Option<Origin> {
        let (_, after) = url.split_once("://")?;
        // `http::Uri` has no fragment; everything else of it is a browser's.
        let uri: Uri = url.split('#').next()?.parse().ok()?;
        let scheme = uri.scheme_str()?.to_ascii_lowercase();
        let default_port = match scheme.as_str() {
            "http" => 80,
            "https" => 443,
            _ => return None,
        };
        let authority = uri.authority()?;
        // `http://shop@elsewhere` is elsewhere; nobody needs a user's name in such an address.
        if authority.as_str().contains('@') || after.starts_with('/') || authority.host().is_empty() {
            return None;
        }
        let port = match authority.port() {
            Some(port) => port.as_u16(),
            None => default_port,
        };
        Some(Origin { scheme, host: authority.host().to_ascii_lowercase(), port })
    }
}

/// With everything percent-encoded that cannot stand in a header.
fn encoded(url: &str) -> String {
    let mut encoded = String::with_capacity(url.len());
    for byte in url.trim().bytes() {
        match byte {
            0x21..=0x7e => encoded.push(char::from(byte)),
            byte => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn targets() -> Targets {
        Targets::new("http://shop.example:8081", ["https://m.shop.example/ignored"]).unwrap()
    }

    #[test]
    fn own_pages_and_those_of_the_list_are_followed() {
        for target in [
            "http://shop.example:8081",
            "http://shop.example:8081/goods/tea?from=etao#top",
            "HTTP://SHOP.EXAMPLE:8081/goods/tea",
            "https://m.shop.example/goods/tea",
            "https://m.shop.example:443/",
            "/goods/tea",
        ] {
            assert_eq!(targets().allow(target).as_deref(), Some(target));
        }
        let chinese = targets().allow("http://shop.example:8081/goods/明前 龙井");
        assert_eq!(
            chinese.as_deref(),
            Some("http://shop.example:8081/goods/%E6%98%8E%E5%89%8D%20%E9%BE%99%E4%BA%95")
        );
    }

    #[test]
    fn everything_else_is_refused() {
        for target in [
            "",
            "http://elsewhere.example/",
            "http://shop.example/",
            "https://shop.example:8081/",
            "http://shop.example:8081@elsewhere.example/",
            "http://shop.example:8081.elsewhere.example/",
            "http://elsewhere.example#http://shop.example:8081/",
            "http://elsewhere.example\\@shop.example:8081/",
            "//elsewhere.example/",
            "/\\elsewhere.example/",
            "\\\\elsewhere.example",
            "/\t/elsewhere.example/",
            "http:elsewhere.example",
            "http:///elsewhere.example",
            "javascript:alert(1)",
            "data:text/html,x",
            "ftp://shop.example:8081/",
            "goods/tea",
            "http://shop.example:99999/",
            "http://shop.example:8081%40elsewhere.example/",
            "http://shop.example:8081%2F@elsewhere.example/",
            "http://elsewhere.example%2F@shop.example:8081/",
            "http://elsewhere.example%5C.shop.example:8081/",
            "http://shop。example:8081/",
            "http://ｓhop.example:8081/",
            "http://ѕhop.example:8081/",
            "http://shop.example.:8081/",
            "http:////shop.example:8081/",
            "http:\\\\elsewhere.example",
            "\u{1}http://shop.example:8081/",
            "http://shop.example:8081:80/",
            "http://[shop.example]:8081/",
        ] {
            assert_eq!(targets().allow(target), None, "{target}");
        }
    }
}
