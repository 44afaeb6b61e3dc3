//! What a merchant has configured, as far as a doctor needs it.

use danbao_protocol::charset::Charset;
use danbao_protocol::money::Fen;
use danbao_protocol::service::payment::PaymentService;
use danbao_protocol::sign::pasted::{Key, NotAKey, Pasted, examine};
use http::Uri;

/// A page, or the gateway: whatever has an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// `notify_url`
    Notify,
    /// `return_url`
    Return,
    /// `show_url`
    Show,
    /// Where the shop asks `notify_verify`.
    Gateway,
}

impl Place {
    /// All of them.
    pub const ALL: &'static [Place] = &[Place::Notify, Place::Return, Place::Show, Place::Gateway];

    /// The name of the parameter, or of the gateway's script.
    pub const fn name(self) -> &'static str {
        match self {
            Place::Notify => "notify_url",
            Place::Return => "return_url",
            Place::Show => "show_url",
            Place::Gateway => "gateway.do",
        }
    }
}

/// A merchant's settings, byte for byte as they are used: a blank that was pasted along is the thing to be found.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// 合作者身份
    pub partner: Option<String>,
    /// 安全校验码, or a pair's private key.
    pub key: Option<Vec<u8>>,
    /// `notify_url`
    pub notify_url: Option<String>,
    /// `return_url`
    pub return_url: Option<String>,
    /// `show_url`
    pub show_url: Option<String>,
    /// `_input_charset`
    pub charset: Option<String>,
    /// `seller_email`
    pub seller_email: Option<String>,
    /// The address of the gateway that the shop asks.
    pub gateway_url: Option<String>,
    /// An order number that a test notification may name.
    pub order: Option<String>,
    /// That order's amount; without one, 0.01.
    pub amount: Option<Fen>,
    /// The kind of trade that a test notification speaks of; without one, escrow.
    pub service: Option<PaymentService>,
    /// What stands around the settings in their file.
    pub file: Option<FileShape>,
}

/// Says which there are and nothing of the key, which may stand in the partner's place.
impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings")
            .field("partner", &self.partner.is_some())
            .field("key", &self.key.is_some())
            .field("notify_url", &self.notify_url)
            .field("return_url", &self.return_url)
            .finish_non_exhaustive()
    }
}

/// What a settings file sends to a browser besides its settings, if it is a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FileShape {
    /// It begins with a byte order mark.
    pub has_bom: bool,
    /// Blanks or line ends stand before `<?` or `<%`.
    pub has_head: bool,
    /// Something besides one line end follows `?>`.
    pub has_tail: bool,
}

/// An address, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Over TLS.
    pub is_https: bool,
    /// A name, or an address without brackets.
    pub host: String,
    /// As named, or 80 or 443.
    pub port: u16,
}

impl Settings {
    /// The configured address of a place.
    pub fn url(&self, place: Place) -> Option<&str> {
        match place {
            Place::Notify => self.notify_url.as_deref(),
            Place::Return => self.return_url.as_deref(),
            Place::Show => self.show_url.as_deref(),
            Place::Gateway => self.gateway_url.as_deref(),
        }
    }

    /// The charset in use: GBK if none is named (protocol.md §1.4), `None` if there is none of that name.
    pub fn charset(&self) -> Option<Charset> {
        match self.charset.as_deref() {
            None | Some("") => Some(Charset::Gbk),
            Some(label) => Charset::from_label(label.trim()),
        }
    }

    /// What was pasted as the key.
    pub fn pasted(&self) -> Option<Result<Pasted, NotAKey>> {
        self.key.as_deref().map(examine)
    }

    /// The key that can sign: the pasted one without what stuck to it, since the gateway has it so.
    pub fn signing_key(&self) -> Option<Key> {
        self.pasted()?.ok().map(|pasted| pasted.key)
    }

    /// Fills what is not set from a settings file: TOML, or one of the samples' configuration files in PHP, ASP, C# or
    /// Java. Read are lines that give a quoted text to a known name, such as `$partner = "2088..."` or
    /// `$config['key'] = '...'`; nothing is run.
    pub fn fill_from(&mut self, file: &[u8]) {
        self.file = Some(FileShape::of(file));
        let text = read_text(file);
        for (name, value) in text.lines().filter_map(assignment) {
            let slot = match name {
                "partner" => &mut self.partner,
                "notify_url" => &mut self.notify_url,
                "return_url" => &mut self.return_url,
                "show_url" => &mut self.show_url,
                "input_charset" | "_input_charset" | "charset" => &mut self.charset,
                "seller_email" => &mut self.seller_email,
                "gateway_url" => &mut self.gateway_url,
                "key" => {
                    self.key.get_or_insert_with(|| value.as_bytes().to_vec());
                    continue;
                }
                _ => continue,
            };
            slot.get_or_insert_with(|| value.to_owned());
        }
    }
}

impl FileShape {
    fn of(file: &[u8]) -> FileShape {
        let text = file.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(file);
        let code = text.trim_ascii_start();
        // What is compiled or read, as C#, Java and TOML are, sends nothing; their editors put marks before it.
        if !code.starts_with(b"<") {
            return FileShape::default();
        }
        let end = file.windows(2).rposition(|two| two == b"?>");
        let tail = end.and_then(|end| file.get(end + 2..)).unwrap_or_default();
        // PHP swallows one line end behind its closing mark.
        let rest = tail.strip_prefix(b"\r\n").or_else(|| tail.strip_prefix(b"\n")).unwrap_or(tail);
        FileShape {
            has_bom: text.len() < file.len(),
            has_head: code.len() < text.len(),
            has_tail: !rest.is_empty(),
        }
    }
}

fn read_text(file: &[u8]) -> String {
    let file = file.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(file);
    let readings = [Charset::Utf8, Charset::Gbk];
    match readings.iter().find_map(|charset| charset.decode(file).ok()) {
        Some(text) => text.into_owned(),
        None => String::from_utf8_lossy(file).into_owned(),
    }
}

/// `... name = "value"`, with the name perhaps as `['name']`. Comments of all five languages are passed over.
fn assignment(line: &str) -> Option<(&str, &str)> {
    let line = line.trim_start();
    // In ASP a quote begins a comment, in PHP the name of a table's entry.
    let is_comment = ["//", "#", "/*", "*", ";", "<!--"].iter().any(|mark| line.starts_with(mark));
    if is_comment || (line.starts_with('\'') && !line.contains("=>")) {
        return None;
    }
    let (left, right) = line.split_once('=')?;
    let right = right.strip_prefix('>').unwrap_or(right).trim_start();
    let right = right.strip_prefix("strtolower(").unwrap_or(right).trim_start();
    let quote = right.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let (value, _) = right.get(1..)?.split_once(quote)?;
    let is_edge = |character: char| !(character.is_ascii_alphanumeric() || character == '_');
    let name = left.trim_end_matches(is_edge).rsplit(is_edge).next()?;
    Some((name, value))
}

/// Takes an address apart; `None` unless it is an absolute http or https address without blanks.
pub fn target(url: &str) -> Option<Target> {
    let uri: Uri = url.parse().ok()?;
    let is_https = match uri.scheme_str()? {
        "http" => false,
        "https" => true,
        _ => return None,
    };
    let host = uri.host().filter(|host| !host.is_empty())?;
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    Some(Target { is_https, host, port: uri.port_u16().unwrap_or(if is_https { 443 } else { 80 }) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_from_the_samples_of_every_language() {
        for line in [
            "$partner = \"2088000000000001\";",
            "$alipay_config['partner']\t\t= '2088000000000001';",
            "'partner' => '2088000000000001',",
            "partner = \"2088000000000001\"",
            "    public static String partner = \"2088000000000001\";",
            "            partner = \"2088000000000001\";  //合作身份者ID",
        ] {
            let mut settings = Settings::default();
            settings.fill_from(line.as_bytes());
            assert_eq!(settings.partner.as_deref(), Some("2088000000000001"), "{line}");
        }
    }

    #[test]
    fn a_charset_may_pass_through_a_function_and_a_comment_says_nothing() {
        let mut settings = Settings::default();
        settings
            .fill_from(b"// $key = 'no';\n$config['input_charset'] = strtolower('UTF-8');\n$key = f('x');");
        assert_eq!((settings.charset.as_deref(), settings.key), (Some("UTF-8"), None));
    }

    #[test]
    fn a_blank_in_a_value_stays_and_an_option_outweighs_the_file() {
        let file = "\u{FEFF}<?php\n// $partner = 'old';\n$partner = '2088000000000001 ';\n$key='k';\n?>\n\n";
        let mut settings = Settings { key: Some(b"given".to_vec()), ..Settings::default() };
        settings.fill_from(file.as_bytes());
        assert_eq!(settings.partner.as_deref(), Some("2088000000000001 "));
        assert_eq!(settings.key.as_deref(), Some(&b"given"[..]));
        let shape = |has_bom, has_head, has_tail| Some(FileShape { has_bom, has_head, has_tail });
        assert_eq!(settings.file, shape(true, false, true));
        settings.fill_from(b"<?php ?>\n");
        assert_eq!(settings.file, shape(false, false, false));
        settings.fill_from(b"\r\n<%\r\nkey = \"k\"\r\n%>");
        assert_eq!(settings.file, shape(false, true, false));
        settings.fill_from("\u{FEFF}using System;\npublic class Config {}\n".as_bytes());
        assert_eq!(settings.file, shape(false, false, false), "a compiled file sends nothing");
    }

    #[test]
    fn an_address_is_taken_apart_or_refused() {
        let taken = target("https://shop.example/notify.php").unwrap();
        assert_eq!(taken, Target { is_https: true, host: "shop.example".to_owned(), port: 443 });
        assert_eq!(target("http://[::1]:81/").unwrap().host, "::1");
        for wrong in ["", "/notify.php", "ftp://shop.example/", "http:///x", "http://a b/", "shop.example"] {
            assert_eq!(target(wrong), None, "{wrong}");
        }
    }
}
