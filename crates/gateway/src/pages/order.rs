//! Facts that several pages show: the order, its logistics, what went wrong with a form.

use serde::{Serialize, Serializer};

/// A word of the wire or of the trade's history, from `as_str()` of its type: `WAIT_BUYER_PAY`, `EXPRESS`, `pay`.
/// Its meaning in a language is in the text files; a word that is not there is shown as it is.
pub type Word = &'static str;

/// Defines a closed set of things that a page can say; each names a key in one table of the text files.
macro_rules! text_keys {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $key:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $($(#[$vdoc])* $variant,)+
        }

        impl $name {
            /// Every value.
            pub const ALL: &'static [$name] = &[$($name::$variant,)+];

            /// The key in the text files.
            pub const fn key(self) -> &'static str {
                match self {
                    $($name::$variant => $key,)+
                }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.key())
            }
        }
    };
}
pub(super) use text_keys;

text_keys! {
    /// What a form says when it comes back (table `message`).
    Message {
        /// The account or the login password is wrong; never says which.
        SignInWrong = "sign_in_wrong",
        /// Account or login password left empty.
        SignInEmpty = "sign_in_empty",
        /// Nobody is signed in any more.
        SessionEnded = "session_ended",
        /// Too many wrong passwords; to be tried again later.
        Locked = "locked",
        /// The payment password is wrong.
        PaymentPasswordWrong = "payment_password_wrong",
        /// The payment password was left empty.
        PaymentPasswordEmpty = "payment_password_empty",
        /// The balance does not cover the amount.
        BalanceTooLow = "balance_too_low",
        /// The buyer's account is frozen.
        AccountFrozen = "account_frozen",
        /// A company pays a private account too much at once: MAX_MONEY_COMPANY_TO_INDIVIDUAL.
        CompanyLimit = "company_limit",
        /// A non-member left no e-mail address or mobile number, or not one that can be either.
        ContactWrong = "contact_wrong",
        /// A non-member's contact is a member's account: whoever it is signs in.
        ContactIsMember = "contact_is_member",
        /// The chosen logistics group is not one of the order's: LOGISTICS_CHOOSE_ERROR.
        LogisticsWrong = "logistics_wrong",
        /// Neither escrow nor instant was chosen.
        ModeWrong = "mode_wrong",
        /// Name, address, postcode or telephone of the new address is missing.
        AddressIncomplete = "address_incomplete",
        /// Province, city or district of an address is missing.
        RegionIncomplete = "region_incomplete",
        /// No address was chosen.
        AddressNotChosen = "address_not_chosen",
        /// No bank was chosen, or one that is not offered: DEFAULT_BANK_INVALID.
        BankWrong = "bank_wrong",
        /// The simulated bank declined.
        BankDeclined = "bank_declined",
        /// The buyer who signed in is the seller: BUYER_SELLER_EQUAL.
        BuyerIsSeller = "buyer_is_seller",
        /// The trade belongs to another buyer: TRADE_BUYER_NOT_MATCH.
        BuyerDiffers = "buyer_differs",
        /// The form is too old or came from elsewhere: its csrf token does not fit.
        FormExpired = "form_expired",
        /// The trade has moved on since the page was opened.
        TradeMovedOn = "trade_moved_on",
        /// The seller has changed the price since the page was opened.
        PriceChanged = "price_changed",
        /// The carrier is missing although the way of shipping needs one.
        CarrierMissing = "carrier_missing",
        /// An input is longer than its field.
        TooLong = "too_long",
        /// The address book is full.
        AddressBookFull = "address_book_full",
        /// The amount of a refund or the discount is not one: REFUND_TRADE_FEE_ERROR and its like.
        AmountWrong = "amount_wrong",
        /// The seller's balance does not cover a refund: TXN_RESULT_ACCOUNT_BALANCE_NOT_ENOUGH.
        SellerBalanceTooLow = "seller_balance_too_low",
        /// A reason is missing.
        ReasonMissing = "reason_missing",
        /// The address of a page is not a full one.
        LinkWrong = "link_wrong",
        /// No shop was chosen.
        ShopWrong = "shop_wrong",
        /// Whoever is to be told is not signed in.
        SignInFirst = "sign_in_first",
        /// Nobody comes to a merchant as this account: alipayuser_status_error.
        AccountStatus = "account_status",
        /// No fault was chosen for a plan.
        FaultMissing = "fault_missing",
        /// A number of a fault plan is not one, or out of its bounds.
        FaultNumberWrong = "fault_number_wrong",
        /// The trade of a fault plan is not one of the partner's.
        FaultTradeWrong = "fault_trade_wrong",
        /// The account has no nickname at the market.
        NoNickname = "no_nickname",
        /// Something is busy; the same again will do.
        TryAgain = "try_again",
    }
}

/// Why a form came back.
#[derive(Debug, Clone, Serialize)]
pub struct FormError {
    /// What is said.
    pub message: Message,
    /// `name` of the input that is at fault, which is marked; empty if it is none of them.
    pub field: &'static str,
    /// The wire's error code, shown small beside the message.
    pub code: Option<String>,
}

impl FormError {
    /// An error about one input.
    pub fn at(field: &'static str, message: Message) -> Self {
        Self { message, field, code: None }
    }

    /// An error about the whole form.
    pub fn whole(message: Message) -> Self {
        Self::at("", message)
    }

    /// The same, with the wire's error code.
    pub fn with_code(self, code: impl Into<String>) -> Self {
        Self { code: Some(code.into()), ..self }
    }
}

/// A link that a merchant gave us (`show_url`). Only ever http or https: anything else could be script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebLink(String);

impl WebLink {
    /// Takes an absolute http or https URL; `None` for everything else, which is then not linked.
    pub fn parse(url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let is_web = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
        (is_web && !rest.is_empty() && !rest.contains(char::is_control)).then(|| Self(url.to_owned()))
    }
}

impl Serialize for WebLink {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

text_keys! {
    /// 交易方式 (table `mode`).
    Mode {
        /// 担保交易
        Escrow = "escrow",
        /// 即时到账交易
        Direct = "direct",
    }
}

/// What is bought, from whom, for how much. Amounts are written out in yuan: `0.01`.
#[derive(Debug, Clone, Serialize)]
pub struct Order {
    /// `subject`, the goods' name
    pub subject: String,
    /// `body`, the description; empty if there is none
    pub body: String,
    /// `show_url`, if the request had one that may be linked
    pub show_url: Option<WebLink>,
    /// Name of the merchant
    pub merchant: String,
    /// `out_trade_no`
    pub out_trade_no: String,
    /// `price`, of one
    pub price: String,
    /// `quantity`; price and quantity are shown if it is more than 1
    pub quantity: i64,
    /// `discount` if it is not zero; a reduction is negative
    pub discount: Option<String>,
    /// What is to be paid. While the logistics are still to be chosen: the goods without carriage.
    pub total: String,
}

/// One of up to three ways to ship (protocol.md §3.6).
#[derive(Debug, Clone, Serialize)]
pub struct LogisticsChoice {
    /// What the form sends as `logistics`: 0, 1 or 2
    pub index: usize,
    /// `logistics_type`
    pub logistics_type: Word,
    /// `logistics_fee`
    pub fee: String,
    /// `logistics_payment`
    pub payment: Word,
    /// What is to be paid when this group is chosen
    pub total: String,
    /// Whether this group is (pre)selected
    pub chosen: bool,
}

/// The banks that the cashier offers, in this order; names are in the table `bank` (protocol.md §3.8).
pub const BANKS: [Word; 20] = [
    "ICBCB2C", "ABC", "CCB", "BOCB2C", "COMM", "CMB", "POSTGC", "SPDB", "CIB", "CITIC", "CEBBANK", "CMBC",
    "GDB", "SPABANK", "BJBANK", "SHBANK", "NBBANK", "HZCBB2C", "BJRCB", "SHRCB",
];

/// The banks that are offered only when a request names one as its `defaultbank` (protocol.md §3.8): companies' and
/// cards' variants, and banks that have another code by now.
pub const BANKS_BY_REQUEST: [Word; 20] = [
    "ICBCBTB",
    "CCBBTB",
    "ABCBTB",
    "SPDBB2B",
    "BOCBTB",
    "CMBBTB",
    "SDB",
    "fdb101",
    "PSBC-DEBIT",
    "WZCBB2C-DEBIT",
    "CMB-DEBIT",
    "CCB-DEBIT",
    "ICBC-DEBIT",
    "COMM-DEBIT",
    "GDB-DEBIT",
    "BOC-DEBIT",
    "CEB-DEBIT",
    "SPDB-DEBIT",
    "abc1003",
    "abc1004",
];
