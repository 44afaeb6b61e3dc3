//! Sending the buyer to the cashier: a signed address, or a form that submits itself (protocol.md §1.2, §3).

use danbao_protocol::charset::Charset;
use danbao_protocol::ids::OutTradeNo;
use danbao_protocol::params::Params;
use danbao_protocol::service::payment::{
    Amount, BuildError, CustomTimeouts, DirectTerms, Party, PaymentRequest, PaymentService,
};

use crate::account::Account;

/// Why the buyer cannot be sent to the cashier with this request. Found before the buyer is, not by the buyer.
///
/// ```
/// use danbao_merchant::PaymentError;
/// use danbao_merchant::protocol::error_code::ErrorCode;
/// use danbao_merchant::protocol::money::Fen;
/// use danbao_merchant::protocol::service::payment::BuildError;
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs")); }
///
/// let mut request = example::payment("A-1");
/// request.amount.price = Fen::ZERO;
/// let refused = BuildError::Refused(ErrorCode::TotalFeeLessequalZero);    // what the gateway would say
/// assert_eq!(example::account().payment_url(&request), Err(PaymentError::Build(refused)));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PaymentError {
    /// The request is another partner's: it would be signed with the wrong key.
    #[error("the request is for another partner than the account's")]
    OtherPartner,
    /// The request pays another seller than the account's: no message about it would be believed.
    #[error("the request names another seller than the account's")]
    OtherSeller,
    /// A total of the request is more than can be counted.
    #[error("the amount is too large")]
    TooLarge,
    /// The request cannot be written, or the gateway would refuse it.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// A form cannot carry a line break unchanged: browsers rewrite it, and the signature would no longer fit.
    #[error("{0} has a line break, which a form does not carry unchanged; use the address instead")]
    LineBreak(String),
}

impl Account {
    /// A request with everything that is needed and nothing else: to this account's seller, for goods, without ways
    /// to ship. Its fields are public; set what the service also wants (escrow and dual need a way to ship). Nothing is
    /// checked here; [`Account::payment_url`] and [`crate::OrderFacts::of`] check all of it (protocol.md §3.1-3.6).
    ///
    /// ```
    /// use danbao_merchant::OrderFacts;
    /// use danbao_merchant::protocol::charset::Charset;
    /// use danbao_merchant::protocol::ids::OutTradeNo;
    /// use danbao_merchant::protocol::money::Fen;
    /// use danbao_merchant::protocol::service::payment::{
    ///     Amount, LogisticsGroup, LogisticsPayment, LogisticsType, PaymentService,
    /// };
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs")); }
    /// # let account = example::account();
    ///
    /// let escrow = PaymentService::CreatePartnerTradeByBuyer;
    /// let amount = Amount { price: Fen::parse("19.90")?, quantity: 2, discount: Fen::parse_signed("-3.00")? };
    /// let mut request = account.payment(escrow, Charset::Gbk, OutTradeNo::new("A-1"), "油纸伞", amount);
    /// assert!(account.payment_url(&request).is_err());                        // no way to ship yet
    /// request.logistics.push(LogisticsGroup {
    ///     logistics_type: LogisticsType::Express,
    ///     logistics_fee: Fen(1000),
    ///     logistics_payment: LogisticsPayment::BuyerPay,
    /// });
    /// request.notify_url = Some("http://shop.example/pay/notify".into());
    /// assert!(account.payment_url(&request).is_ok());
    /// assert_eq!(OrderFacts::of(&account, &request)?.total_fees, [Fen(4680)]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn payment(
        &self,
        service: PaymentService,
        charset: Charset,
        out_trade_no: OutTradeNo,
        subject: impl Into<String>,
        amount: Amount,
    ) -> PaymentRequest {
        PaymentRequest {
            service,
            partner: self.partner().clone(),
            charset,
            charset_label: charset.label().to_owned(),
            sign_type: self.sign_type(),
            notify_url: None,
            return_url: None,
            out_trade_no,
            subject: subject.into(),
            body: None,
            payment_type: "1".to_owned(),
            show_url: None,
            seller: Party::Email(self.seller_email().to_owned()),
            buyer: None,
            amount,
            logistics: Vec::new(),
            receive: None,
            timeouts: CustomTimeouts::default(),
            token: None,
            direct: DirectTerms::default(),
        }
    }

    /// The signed address of the cashier for this request: redirect the buyer's browser there.
    ///
    /// # Errors
    /// [`PaymentError`].
    ///
    /// ```
    /// use danbao_merchant::protocol::charset::Charset;
    /// use danbao_merchant::protocol::ids::OutTradeNo;
    /// use danbao_merchant::protocol::money::Fen;
    /// use danbao_merchant::protocol::service::payment::{Amount, PaymentService};
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs")); }
    /// # let account = example::account();
    ///
    /// let amount = Amount { price: Fen::parse("19.90")?, quantity: 2, discount: Fen::ZERO };
    /// let number = OutTradeNo::new("20120229000001");
    /// let direct = PaymentService::CreateDirectPayByUser;
    /// let mut request = account.payment(direct, Charset::Gbk, number, "剪纸书签", amount);
    /// request.notify_url = Some("http://shop.example/pay/notify".into());
    /// let url = account.payment_url(&request)?;
    /// assert!(url.contains("&subject=%BC%F4%D6%BD%CA%E9%C7%A9&"));            // GBK, byte for byte
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn payment_url(&self, request: &PaymentRequest) -> Result<String, PaymentError> {
        let params = self.signed_payment(request)?;
        Ok(format!("{}?{}", self.gateway_url(), params.to_urlencoded()))
    }

    /// The same as HTML: a form that submits itself, with a button for browsers that run no script. Put it into any
    /// page; `button` is the button's text.
    ///
    /// The form names its charset, so the page around it may be in another one. Every value is escaped, and the button
    /// has no name: it would arrive as a parameter that nobody signed (protocol.md §10, traps 10 and 11).
    ///
    /// # Errors
    /// [`PaymentError`].
    ///
    /// ```
    /// # use danbao_merchant::{Account, protocol::{charset::Charset, money::Fen, sign::Md5Key}};
    /// # use danbao_merchant::protocol::ids::{OutTradeNo, PartnerId, UserId};
    /// # use danbao_merchant::protocol::service::payment::{Amount, PaymentService};
    /// # let account = Account::new(
    /// #     PartnerId::new("2088000000000001"),
    /// #     Md5Key::new("k0k1k2k3k4k5k6k7k8k9kakbkckdkekf"),
    /// #     "seller@example.com",
    /// #     UserId::new("2088000000000002"),
    /// #     "http://127.0.0.1:8080/gateway.do",
    /// # )?;
    /// # let amount = Amount { price: Fen(1), quantity: 1, discount: Fen::ZERO };
    /// # let direct = PaymentService::CreateDirectPayByUser;
    /// let request = account.payment(direct, Charset::Gbk, OutTradeNo::new("A-1"), "tea & \"milk\"", amount);
    /// let html = account.payment_form(&request, "去付款")?;
    /// assert!(html.contains("accept-charset=\"gbk\"") && html.contains("tea &amp; &quot;milk&quot;"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn payment_form(&self, request: &PaymentRequest, button: &str) -> Result<String, PaymentError> {
        self.form("payment", &self.signed_payment(request)?, request.charset, button)
    }

    /// A form of signed parameters that submits itself.
    pub(crate) fn form(
        &self,
        id: &str,
        params: &Params,
        charset: Charset,
        button: &str,
    ) -> Result<String, PaymentError> {
        let text = params.decode(charset).map_err(|e| PaymentError::LineBreak(e.name))?;
        let action = escape(&self.address(charset).to_string());
        let charset = charset.label();
        let mut html =
            format!("<form id=\"{id}\" method=\"post\" action=\"{action}\" accept-charset=\"{charset}\">\n");
        for (name, value) in text.iter() {
            if value.contains(['\r', '\n']) {
                return Err(PaymentError::LineBreak(name.to_owned()));
            }
            let (name, value) = (escape(name), escape(value));
            html.push_str(&format!("<input type=\"hidden\" name=\"{name}\" value=\"{value}\">\n"));
        }
        html.push_str(&format!("<button type=\"submit\">{}</button>\n</form>\n", escape(button)));
        html.push_str(&format!("<script>document.getElementById(\"{id}\").submit()</script>\n"));
        Ok(html)
    }

    fn signed_payment(&self, request: &PaymentRequest) -> Result<Params, PaymentError> {
        Ok(self.sign(self.checked_payment(request)?))
    }

    /// The request's parameters, unsigned, if it is this partner's and the gateway would take it.
    pub(crate) fn checked_payment(&self, request: &PaymentRequest) -> Result<Params, PaymentError> {
        if request.partner != *self.partner() {
            return Err(PaymentError::OtherPartner);
        }
        Ok(request.to_params()?)
    }
}

/// For text and for values between double or single quotes.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use danbao_protocol::ids::{PartnerId, UserId};
    use danbao_protocol::money::Fen;
    use danbao_protocol::service::payment::{LogisticsGroup, LogisticsPayment, LogisticsType};
    use danbao_protocol::sign::{Md5Key, md5};
    use proptest::prelude::*;

    use super::*;

    const KEY: &str = "k0k1k2k3k4k5k6k7k8k9kakbkckdkekf";

    fn account() -> Account {
        Account::new(
            PartnerId::new("2088000000000001"),
            Md5Key::new(KEY),
            "seller@example.com",
            UserId::new("2088000000000002"),
            "http://127.0.0.1:8080/gateway.do",
        )
        .unwrap()
    }

    fn request(service: PaymentService, charset: Charset, subject: &str) -> PaymentRequest {
        let amount = Amount { price: Fen(1), quantity: 1, discount: Fen::ZERO };
        let mut request = account().payment(service, charset, OutTradeNo::new("A-1"), subject, amount);
        if service != PaymentService::CreateDirectPayByUser {
            request.logistics = vec![LogisticsGroup {
                logistics_type: LogisticsType::Express,
                logistics_fee: Fen(1000),
                logistics_payment: LogisticsPayment::BuyerPay,
            }];
        }
        request.return_url = Some("http://127.0.0.1:8081/pay/return".into());
        request.notify_url = Some("http://127.0.0.1:8081/pay/notify".into());
        request
    }

    fn read_back(url: &str, charset: Charset) -> PaymentRequest {
        let (address, query) = url.split_once('?').unwrap();
        assert_eq!(address, "http://127.0.0.1:8080/gateway.do");
        let params = Params::parse_urlencoded(query.as_bytes()).unwrap();
        md5::verify(&params, &Md5Key::new(KEY)).unwrap();
        PaymentRequest::parse(&params, charset).unwrap()
    }

    #[test]
    fn the_gateway_reads_what_the_merchant_wrote_in_either_charset() {
        for service in PaymentService::ALL {
            for charset in [Charset::Gbk, Charset::Utf8] {
                let request = request(*service, charset, "测试商品：录音笔 2G + 100% & 'x'");
                let url = account().payment_url(&request).unwrap();
                assert!(url.is_ascii());
                assert_eq!(read_back(&url, charset), request);
            }
        }
    }

    #[test]
    fn a_request_of_another_partner_is_not_signed_with_this_key() {
        let mut request = request(PaymentService::CreateDirectPayByUser, Charset::Utf8, "x");
        request.partner = PartnerId::new("2088000000000009");
        assert_eq!(account().payment_url(&request), Err(PaymentError::OtherPartner));
    }

    #[test]
    fn what_gbk_cannot_write_is_found_before_the_buyer_is_sent() {
        let request = request(PaymentService::CreateDirectPayByUser, Charset::Gbk, "笔😀");
        assert!(matches!(account().payment_url(&request), Err(PaymentError::Build(_))));
    }

    #[test]
    fn a_form_escapes_everything_and_its_button_has_no_name() {
        let nasty = "\"><script>alert('x')</script>&notify_url";
        let request = request(PaymentService::TradeCreateByBuyer, Charset::Gbk, nasty);
        let html = account().payment_form(&request, "去付款 <b>").unwrap();
        assert!(html.contains("action=\"http://127.0.0.1:8080/gateway.do?_input_charset=gbk\""));
        assert!(html.contains("accept-charset=\"gbk\""));
        assert!(
            html.contains(
                "value=\"&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;notify_url\""
            )
        );
        assert!(html.contains("<button type=\"submit\">去付款 &lt;b&gt;</button>"));
        assert!(!html.contains(KEY));
    }

    #[test]
    fn a_form_refuses_what_browsers_would_change() {
        let mut request = request(PaymentService::CreateDirectPayByUser, Charset::Utf8, "x");
        request.body = Some("two\nlines".into());
        assert_eq!(account().payment_form(&request, "pay"), Err(PaymentError::LineBreak("body".into())));
        assert!(account().payment_url(&request).is_ok());
    }

    proptest! {
        #[test]
        fn any_subject_that_can_be_written_is_read_back(subject in "\\PC{1,60}", gbk: bool) {
            let charset = if gbk { Charset::Gbk } else { Charset::Utf8 };
            let request = request(PaymentService::CreateDirectPayByUser, charset, &subject);
            if let Ok(url) = account().payment_url(&request) {
                prop_assert_eq!(read_back(&url, charset), request);
            }
        }
    }
}
