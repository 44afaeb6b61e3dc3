//! What a check is, and what it says.

use crate::facts::Facts;

/// A paragraph of the tutorials' check-list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// 合作身份者 ID 和安全校验码
    S1A,
    /// return_url、notify_url 能够访问得到
    S1B,
    /// 不要带自定义参数
    S1C,
    /// 编码格式
    S1D,
    /// 返回链接的一分钟
    S1E,
    /// 有且只有输出 success
    S1F,
    /// 不要有 session 或 cookies，不要跳转
    S1G,
    /// 写入权限
    S2A,
    /// DNS 解析与 IP 范围
    S2B,
    /// 防火墙
    S2C,
    /// 端口 443 或 80
    S2D,
    /// 服务器的 IP 更换
    S2E,
    /// sign 与 mysign、responseTxt
    S3A,
    /// 接口放置在服务器里
    S3B,
    /// 业务逻辑处理
    S3C,
}

impl Step {
    /// All of them, in the tutorials' order.
    pub const ALL: &'static [Step] = &[
        Step::S1A,
        Step::S1B,
        Step::S1C,
        Step::S1D,
        Step::S1E,
        Step::S1F,
        Step::S1G,
        Step::S2A,
        Step::S2B,
        Step::S2C,
        Step::S2D,
        Step::S2E,
        Step::S3A,
        Step::S3B,
        Step::S3C,
    ];

    /// As the tutorials number it: `1A`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Step::S1A => "1A",
            Step::S1B => "1B",
            Step::S1C => "1C",
            Step::S1D => "1D",
            Step::S1E => "1E",
            Step::S1F => "1F",
            Step::S1G => "1G",
            Step::S2A => "2A",
            Step::S2B => "2B",
            Step::S2C => "2C",
            Step::S2D => "2D",
            Step::S2E => "2E",
            Step::S3A => "3A",
            Step::S3B => "3B",
            Step::S3C => "3C",
        }
    }
}

/// How much it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing; nothing fails because of it.
    Note,
    /// Fails with some gateways, some buyers or some day.
    Warning,
    /// Orders are not updated, or can be forged.
    Error,
}

impl Severity {
    /// A word for programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// One thing that is looked at.
#[derive(Debug)]
pub struct Check {
    /// Stable, and begins with its paragraph: `1A-partner-form`.
    pub id: &'static str,
    /// Its paragraph.
    pub step: Step,
    /// How much it matters if something is found.
    pub severity: Severity,
    /// From facts to a verdict.
    pub judge: fn(&Facts) -> Verdict,
}

/// What a check says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing is known of it.
    NotLooked(Lack),
    /// As it should be.
    Fine,
    /// Not as it should be.
    Found(Evidence),
}

/// What a check would need.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lack {
    /// An option of the command, by its name.
    Option(&'static str),
    /// An answer from the shop's pages.
    Answer,
    /// Does not arise: another check's matter, or nothing of its kind was seen.
    Occasion,
}

/// What was found, exactly.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Evidence {
    /// What it is about; fills the gap in the words.
    pub about: Vec<About>,
    /// The bytes that show it.
    pub bytes: Option<Vec<u8>>,
}

/// A piece of what a finding is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// As it is: a wire word, a value, an address.
    Text(String),
    /// A word that has a translation, by its name in the text files.
    Term(&'static str),
}

/// Every name that [`About::Term`] may have; the text files have words for each.
pub const TERMS: &[&str] = &[
    // of partners and keys; from md5_length on as `sign::pasted::NotAKey::code` names them
    "not_digits",
    "digits",
    "not_2088",
    "md5_length",
    "md5_characters",
    "encrypted",
    "certificate",
    "parameters_only",
    "ssh",
    "other_algorithm",
    "too_short",
    "too_long",
    "truncated",
    "not_base64",
    "broken",
    "unknown",
    // of connections
    "unreachable",
    "timed_out",
    "broken_answer",
    "refused",
    // of certificates
    "expired",
    "not_yet_valid",
    "unknown_issuer",
    "wrong_name",
    "bad_certificate",
    "no_handshake",
    // of the settings file
    "bom_before",
    "tail_behind",
    "blanks_before",
    // of probes, as `ProbeId::as_str` names them
    "empty_get",
    "empty_post",
    "as_browser",
    "as_program",
    "nameless",
    "plain",
    "chinese",
    "repeat",
    "forged",
    "disowned",
    "return_empty",
    "signed_return",
    "show_empty",
    "gateway_asked",
];

impl Verdict {
    /// Found, with nothing more to say.
    pub(crate) fn found() -> Verdict {
        Verdict::Found(Evidence::default())
    }

    /// Found, about something.
    pub(crate) fn about(text: impl Into<String>) -> Verdict {
        Verdict::Found(Evidence { about: vec![About::Text(text.into())], bytes: None })
    }

    /// Found, shown by these bytes.
    pub(crate) fn shown(about: impl Into<String>, bytes: &[u8]) -> Verdict {
        Verdict::Found(Evidence { about: vec![About::Text(about.into())], bytes: Some(bytes.to_vec()) })
    }

    /// Found if there are any pieces.
    pub(crate) fn of(about: Vec<About>) -> Verdict {
        if about.is_empty() { Verdict::Fine } else { Verdict::Found(Evidence { about, bytes: None }) }
    }

    /// Found, with nothing more to say, if so.
    pub(crate) fn if_so(found: bool) -> Verdict {
        if found { Verdict::found() } else { Verdict::Fine }
    }
}
