//! Refunds of direct payments: asking for a batch, and believing what came of it (protocol.md §7.5).
//!
//! The result of a batch is believed by the same steps as a message about a trade, and ends in a [`CheckedBatch`]:
//!
//! ```text
//! Received --check_sign--> Signed --hear--> Genuine --against_batch--> CheckedBatch
//! ```

use danbao_protocol::batch_refund_notify::{self, ItemResult};
use danbao_protocol::charset::Charset;
use danbao_protocol::ids::{BatchNo, PartnerId};
use danbao_protocol::node::Request;
use danbao_protocol::service::refund_fastpay_by_platform::RefundService;
use danbao_protocol::time::Timestamp;

pub use danbao_protocol::service::refund_detail::{AccountRef, RefundItem, RoyaltyRefund};
pub use danbao_protocol::service::refund_fastpay_by_platform::RefundBatch;

use crate::account::Account;
use crate::message::{Genuine, Way};
use crate::payment::PaymentError;
use crate::rejected::Rejected;

impl Account {
    /// A batch of this account's seller, for [`Account::refund_request`] or [`Account::refund_form`]; set `notify_url`
    /// to be told of the results. `sequence` is 3 to 24 letters or digits that were not used before on the day of
    /// `now`, and not `000`. Keep the batch: its result is held against it.
    ///
    /// ```
    /// use danbao_merchant::protocol::charset::Charset;
    /// use danbao_merchant::protocol::ids::TradeNo;
    /// use danbao_merchant::protocol::money::Fen;
    /// use danbao_merchant::protocol::time::Timestamp;
    /// use danbao_merchant::refund::RefundItem;
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs")); }
    /// # let account = example::account();
    ///
    /// let now = Timestamp(1_330_488_000_000);                                 // 2012-02-29 12:00 in Beijing
    /// let item = RefundItem {
    ///     trade_no: TradeNo::new("2012022900000001"),
    ///     amount: Fen(400),
    ///     reason: "颜色不符".into(),
    ///     royalty: Vec::new(),
    /// };
    /// let mut batch = account.refund_batch("001", vec![item], Charset::Utf8, now);
    /// batch.notify_url = Some("http://shop.example/pay/refunded".into());
    /// assert_eq!(batch.batch_no.as_str(), "20120229001");
    /// let request = account.refund_request(&batch)?;                          // send it with any HTTP client
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn refund_batch(
        &self,
        sequence: &str,
        items: Vec<RefundItem>,
        charset: Charset,
        now: Timestamp,
    ) -> RefundBatch {
        RefundBatch {
            service: RefundService::Nopwd,
            partner: self.partner().clone(),
            charset,
            seller: AccountRef { email: None, user_id: Some(self.seller_id().clone()) },
            refund_date: now,
            batch_no: BatchNo::new(format!("{}{sequence}", now.wire_day())),
            items,
            notify_url: None,
            dback_notify_url: None,
            use_freeze_amount: None,
        }
    }

    /// `refund_fastpay_by_platform_nopwd`: asks from server to server. A yes means that the batch is kept and will be
    /// worked on. Sent twice, the second is refused with DUPLICATE_BATCH_NO, and nothing is refunded twice.
    ///
    /// # Errors
    /// [`PaymentError`] if the batch is another partner's, a value has no code, or the gateway would refuse it.
    ///
    /// ```
    /// use danbao_merchant::protocol::error_code::ErrorCode;
    /// use danbao_merchant::read_reply;
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs")); }
    /// # let (account, batch) = (example::account(), example::batch());
    /// # let no = "<alipay><is_success>F</is_success><error>DUPLICATE_BATCH_NO</error></alipay>";
    /// # let send = |_request| example::answered(no);
    ///
    /// let answer = send(account.refund_request(&batch)?);                     // any HTTP client
    /// match read_reply(&answer)?.accepted() {
    ///     Ok(_) => {}                                                         // kept; the results come to notify_url
    ///     Err(refused) if refused.is(ErrorCode::DuplicateBatchNo) => {}       // it had arrived before: as good
    ///     Err(refused) => panic!("{refused}"),                                // nothing is refunded
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn refund_request(&self, batch: &RefundBatch) -> Result<Request, PaymentError> {
        let params = self.refund_params(batch, RefundService::Nopwd)?;
        Ok(self.call(&self.sign(params), Some(batch.charset)))
    }

    /// `refund_fastpay_by_platform_pwd`: a form like that of [`Account::payment_form`], which leads the seller's browser
    /// to the page that asks for the payment password. A form, because a large batch fits no address.
    ///
    /// # Errors
    /// As [`Account::refund_request`]; [`PaymentError::LineBreak`].
    ///
    /// ```
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs")); }
    /// # let (account, batch) = (example::account(), example::batch());
    /// let html = account.refund_form(&batch, "退款")?;                        // a part of a page for the seller alone
    /// assert!(html.contains("value=\"refund_fastpay_by_platform_pwd\""));
    /// assert!(html.contains("<button type=\"submit\">退款</button>"));
    /// # Ok::<(), danbao_merchant::PaymentError>(())
    /// ```
    pub fn refund_form(&self, batch: &RefundBatch, button: &str) -> Result<String, PaymentError> {
        let params = self.refund_params(batch, RefundService::Pwd)?;
        self.form("refund", &self.sign(params), batch.charset, button)
    }

    fn refund_params(
        &self,
        batch: &RefundBatch,
        service: RefundService,
    ) -> Result<danbao_protocol::params::Params, PaymentError> {
        if batch.partner != *self.partner() {
            return Err(PaymentError::OtherPartner);
        }
        Ok(RefundBatch { service, ..batch.clone() }.to_params()?)
    }
}

/// The result of a batch that agrees with what was asked for: the only one that can be read.
#[must_use = "a result that is not taken in is lost once `success` has been answered"]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedBatch {
    partner: PartnerId,
    batch_no: BatchNo,
    results: Vec<ItemResult>,
}

impl Genuine {
    /// The batch that the message names, to be looked up and held against it. Not more than a name until then.
    ///
    /// # Errors
    /// [`Rejected::Missing`] if the message is about no batch, [`Rejected::Illegible`].
    pub fn batch_named(&self) -> Result<BatchNo, Rejected> {
        crate::message::ascii(self.params(), "batch_no").map(BatchNo::new)
    }

    /// Holds the message against the merchant's own batch: partner, number, and each item's trade and amount in their
    /// order.
    ///
    /// # Errors
    /// [`Rejected`] with the check that failed.
    ///
    /// ```
    /// use danbao_merchant::Received;
    /// use danbao_merchant::protocol::batch_refund_notify::Outcome;
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs")); }
    /// # let (account, batch) = (example::account(), example::batch());
    /// # let body = example::refunded();
    ///
    /// // A POST has come to the notify_url of the batch:
    /// let signed = Received::notification(None, body.as_bytes())?.check_sign(&account)?;
    /// let genuine = signed.hear(&example::answered("true"))?;
    /// assert_eq!(genuine.batch_named()?, batch.batch_no);                     // find your own batch by it
    /// let checked = genuine.against_batch(&batch)?;
    /// assert_eq!(checked.results()[0].outcome, Outcome::Success);             // else the code of its refusal
    /// # Ok::<(), danbao_merchant::Rejected>(())
    /// ```
    pub fn against_batch(self, batch: &RefundBatch) -> Result<CheckedBatch, Rejected> {
        if self.way() != Way::Notify {
            return Err(Rejected::Illegible("notify_type"));
        }
        let text = self.params().decode(batch.charset).map_err(|error| Rejected::NotText(error.name))?;
        let said = batch_refund_notify::parse(&text)?.results;
        if *self.partner() != batch.partner {
            return Err(Rejected::OtherPartner);
        }
        let asked = batch.items.iter().map(|item| (&item.trade_no, item.amount));
        let told = said.results.iter().map(|result| (&result.trade_no, result.amount));
        if said.batch_no != batch.batch_no || !asked.eq(told) {
            return Err(Rejected::OtherBatch);
        }
        Ok(CheckedBatch { partner: self.partner().clone(), batch_no: said.batch_no, results: said.results })
    }
}

impl CheckedBatch {
    /// The partner whose key fitted.
    pub fn partner(&self) -> &PartnerId {
        &self.partner
    }

    /// `batch_no`
    pub fn batch_no(&self) -> &BatchNo {
        &self.batch_no
    }

    /// What came of each item, in the batch's order.
    pub fn results(&self) -> &[ItemResult] {
        &self.results
    }
}
