//! What was read: the parameters of one message, and what can be said of them without a key.

use danbao_protocol::charset::Charset;

use crate::vocabulary;

/// The shape that the input had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// An address with a query.
    Url,
    /// A query or an urlencoded body.
    Body,
    /// An HTTP request: its head, perhaps with a body.
    Request,
    /// A line of an access log.
    AccessLog,
    /// What the tutorials' `logResult` wrote about one notification or page return.
    LogTxt,
    /// An object of JSON, or what PHP's `print_r` prints: the values are decoded already.
    Dump,
}

impl Form {
    /// A word for programs.
    pub const fn code(self) -> &'static str {
        match self {
            Form::Url => "url",
            Form::Body => "body",
            Form::Request => "http_request",
            Form::AccessLog => "access_log",
            Form::LogTxt => "log_txt",
            Form::Dump => "dump",
        }
    }
}

/// Whose message it is, from the names in it (protocol.md §3, §4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A request to the gateway, with its `service`.
    Request(String),
    /// 页面返回 of a trade (§4.2, §4.7).
    PageReturn,
    /// 通知 of a trade (§4.3, §4.8).
    Notification,
    /// The page return of the quick login (§4.5).
    LoginReturn,
    /// The address that a buyer chose (§4.6).
    AddressReturn,
    /// The result of a batch of refunds (§4.10).
    RefundNotification,
    /// None of these.
    Unknown,
}

impl Kind {
    /// A word for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Kind::Request(_) => "request",
            Kind::PageReturn => "page_return",
            Kind::Notification => "notification",
            Kind::LoginReturn => "login_return",
            Kind::AddressReturn => "address_return",
            Kind::RefundNotification => "refund_notification",
            Kind::Unknown => "unknown",
        }
    }
}

/// What the bytes of the values can be read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readable {
    /// ASCII alone: all charsets agree.
    Ascii,
    /// As UTF-8 and not as GBK.
    Utf8,
    /// As GBK and not as UTF-8.
    Gbk,
    /// As both: some GBK text happens to be UTF-8, and much UTF-8 text happens to be GBK.
    Both,
    /// As neither.
    Neither,
}

impl Readable {
    /// A word for programs.
    pub const fn code(self) -> &'static str {
        match self {
            Readable::Ascii => "ascii",
            Readable::Utf8 => "utf-8",
            Readable::Gbk => "gbk",
            Readable::Both => "utf-8/gbk",
            Readable::Neither => "neither",
        }
    }
}

/// One parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The name, decoded.
    pub name: Vec<u8>,
    /// The value, decoded once.
    pub value: Vec<u8>,
    /// The value as it stood there.
    pub raw: Vec<u8>,
}

/// One message as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The shape of the input.
    pub form: Form,
    /// The parameters in the order received, also empty and repeated ones.
    pub pairs: Vec<Pair>,
    /// From a log: the digest that the merchant's own program computed.
    pub mysign: Option<Vec<u8>>,
    /// From a log: what `notify_verify` answered.
    pub response_txt: Option<String>,
    /// Of an address: the parameter with a `#` in its value behind which more parameters stand, which browsers do not
    /// send. They are among [`Message::pairs`] all the same.
    pub fragment_in: Option<Vec<u8>>,
}

impl Message {
    /// The first value of this name that is not empty.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.pairs
            .iter()
            .find(|pair| pair.name == name.as_bytes() && !pair.value.is_empty())
            .map(|pair| &*pair.value)
    }

    /// Whose message it is.
    pub fn kind(&self) -> Kind {
        let has = |name| self.get(name).is_some();
        match self.get("service") {
            Some(service) => Kind::Request(String::from_utf8_lossy(service).into_owned()),
            None if has("batch_no") && has("notify_id") => Kind::RefundNotification,
            None if has("receive_address") && has("user_id") => Kind::AddressReturn,
            None if has("user_id") || has("token") => Kind::LoginReturn,
            None if has("is_success") => Kind::PageReturn,
            None if has("notify_id") || has("notify_type") || has("trade_status") => Kind::Notification,
            None => Kind::Unknown,
        }
    }

    /// The charset that the message names; `None` if it names none, or one that the interface does not have.
    pub fn declared_charset(&self) -> Option<Charset> {
        Charset::from_label(std::str::from_utf8(self.get("_input_charset")?).ok()?)
    }

    /// What its values can be read as.
    pub fn readable(&self) -> Readable {
        let all = |charset: Charset| self.pairs.iter().all(|pair| charset.decode(&pair.value).is_ok());
        if self.pairs.iter().all(|pair| pair.value.is_ascii()) {
            return Readable::Ascii;
        }
        match (all(Charset::Utf8), all(Charset::Gbk)) {
            (true, true) => Readable::Both,
            (true, false) => Readable::Utf8,
            (false, true) => Readable::Gbk,
            (false, false) => Readable::Neither,
        }
    }

    /// The charset that its values are shown in: the declared one if they can be read in it, otherwise one in which
    /// they can.
    pub fn charset(&self) -> Charset {
        match (self.declared_charset(), self.readable()) {
            (_, Readable::Utf8) => Charset::Utf8,
            (_, Readable::Gbk) => Charset::Gbk,
            (Some(declared), _) => declared,
            (None, _) => Charset::Utf8,
        }
    }

    /// Names that are not the interface's, in order: a merchant's own, or mistyped.
    pub fn own_names(&self) -> Vec<&[u8]> {
        self.pairs.iter().map(|pair| &*pair.name).filter(|name| !vocabulary::is_known(name)).collect()
    }
}
