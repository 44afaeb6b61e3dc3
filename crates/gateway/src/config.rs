//! What the host tells a gateway when it is born.

use std::time::Duration;

pub use danbao_engine::deadlines::Clocks;
pub use danbao_engine::notices::RetrySchedule;
pub use danbao_engine::standing::COMPANY_TO_PRIVATE_MAX;
use danbao_protocol::error_code::ErrorCode;
use danbao_protocol::money::Fen;

use crate::pages::Lang;
use crate::password::PasswordCost;

/// The two spellings of one code. Error notifications have capitals whatever this says (protocol.md §8.4).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SellerCode {
    /// `seller_not_in_specified_sellers`, as the tutorials print it.
    #[default]
    Lower,
    /// `SELLER_NOT_IN_SPECIFIED_SELLERS`, as the interface documents do.
    Capitals,
}

impl SellerCode {
    pub(crate) const fn code(self) -> ErrorCode {
        match self {
            SellerCode::Lower => ErrorCode::SellerNotInSpecifiedSellers,
            SellerCode::Capitals => ErrorCode::SellerNotInSpecifiedSellersCapitals,
        }
    }
}

/// Settings of a gateway. Every length of time has the documented default of protocol.md §14.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where browsers and merchants reach this gateway, without a final slash: `http://127.0.0.1:8080`.
    pub public_url: String,
    /// Whether this gateway moves play money: the sandbox API is on and its clock can be advanced.
    pub is_sandbox: bool,
    /// The language of pages when neither a choice nor the browser says otherwise.
    pub lang: Lang,
    /// The lengths of the trades' clocks.
    pub clocks: Clocks,
    /// The most that a company pays a private account at once (protocol.md §3.5).
    pub company_to_private_max: Fen,
    /// How the refusal of a seller who is not the contracted one is spelt on pages (protocol.md §8.3).
    pub seller_code: SellerCode,
    /// How often notifications are tried.
    pub retries: RetrySchedule,
    /// Whether `success` must stand alone to the byte (protocol.md §6.5).
    pub strict_success: bool,
    /// Words that no goods name and no description may hold, compared as they stand.
    pub forbidden_words: Vec<String>,
    /// How long an answer to a notification is waited for before the try counts as lost with the process that made it.
    pub answer_within: Duration,
    /// How many notifications are on their way at once.
    pub sends_max: usize,
    /// What a password hash costs.
    pub password_cost: PasswordCost,
    /// How long a page-return link can be verified (escrow tutorial 4.2 E).
    pub return_link: Duration,
    /// How long a notify_id stays valid after the merchant has acknowledged (protocol.md §6.3).
    pub notify_id_after_acknowledged: Duration,
    /// 登录状态: how long a person stays signed in without doing anything (quick-login tutorial 4).
    pub login_state: Duration,
    /// 免登令牌: how long a token saves its buyer the sign-in (quick-login tutorial 4).
    pub token: Duration,
    /// How long a batch of refunds waits for the seller's payment password (protocol.md §7.5).
    pub unconfirmed_batch: Duration,
    /// How long an anti-phishing timestamp lives (protocol.md §7.2).
    pub anti_phishing_key: Duration,
}

impl Config {
    /// A sandbox at this address with every default.
    pub fn sandbox(public_url: impl Into<String>) -> Config {
        Config {
            public_url: public_url.into(),
            is_sandbox: true,
            lang: Lang::Zh,
            clocks: Clocks::default(),
            company_to_private_max: COMPANY_TO_PRIVATE_MAX,
            seller_code: SellerCode::Lower,
            retries: RetrySchedule::of_2011(),
            strict_success: false,
            forbidden_words: Vec::new(),
            answer_within: Duration::from_secs(45),
            sends_max: 256,
            password_cost: PasswordCost::STANDARD,
            return_link: Duration::from_secs(60),
            notify_id_after_acknowledged: Duration::from_secs(60),
            login_state: Duration::from_secs(600),
            token: Duration::from_secs(1_800),
            unconfirmed_batch: Duration::from_secs(86_400),
            anti_phishing_key: Duration::from_secs(30),
        }
    }
}
