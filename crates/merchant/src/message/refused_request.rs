//! 错误通知: what comes to `error_notify_url` when the gateway has refused a direct-pay request (protocol.md §8.4).

use std::fmt;

use danbao_protocol::charset::Charset;
use danbao_protocol::ids::{NotifyId, OutTradeNo};
use danbao_protocol::reply::Refused;
use danbao_protocol::service::error_notify::ErrorLetter;

use super::{Genuine, Way};
use crate::rejected::Rejected;

/// A genuine error notification: the gateway has refused a direct-pay request that this partner had signed.
///
/// It says that a *link* was refused, and nothing of the order: a buyer who follows the link of a paid order once more
/// makes a letter with TRADE_NOT_ALLOWED_PAY. So show it to whoever looks after the shop, and leave the order as it is.
/// What it repeats of the request was checked by nobody.
///
/// It is told until `success` is answered, each time with the same [`RefusedRequest::notify_id`].
#[derive(Clone, PartialEq, Eq)]
pub struct RefusedRequest {
    letter: ErrorLetter,
    refused: Refused,
}

impl Genuine {
    /// Reads an error notification. `charset` is that of the merchant's request.
    ///
    /// # Errors
    /// [`Rejected`] with the check `form` if it is none or not text in the charset; [`Rejected::OtherPartner`] if it
    /// repeats a request of another partner than the one whose key fitted.
    ///
    /// ```
    /// use danbao_merchant::protocol::charset::Charset;
    /// use danbao_merchant::protocol::error_code::ErrorCode;
    /// use danbao_merchant::{Received, answer};
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs")); }
    /// # let account = example::account();
    /// # let body = example::letter("20120229000001", "TOTAL_FEE_LESSEQUAL_ZERO");
    /// # let send = |_question| example::answered("true");
    ///
    /// // A POST has come to the error_notify_url of a payment request:
    /// let signed = Received::notification(None, body.as_bytes())?.check_sign(&account)?;
    /// let answer = send(signed.question());                                   // notify_verify, as for any other
    /// let letter = signed.hear(&answer)?.refused_request(Charset::Utf8)?;
    /// assert!(letter.refused().is(ErrorCode::TotalFeeLessequalZero));
    /// assert_eq!(letter.out_trade_no().map(|number| number.as_str()), Some("20120229000001"));
    /// // Keep it once by letter.notify_id(); then:
    /// assert_eq!(answer::success().body().as_ref(), b"success");
    /// # Ok::<(), danbao_merchant::Rejected>(())
    /// ```
    pub fn refused_request(self, charset: Charset) -> Result<RefusedRequest, Rejected> {
        if self.way() != Way::Notify {
            return Err(Rejected::Illegible("error_code"));
        }
        let letter = ErrorLetter::read(&self.text(charset)?)?;
        if letter.partner.as_ref().is_some_and(|said| said != self.partner()) {
            return Err(Rejected::OtherPartner);
        }
        let refused = Refused { code: letter.error_code.clone() };
        Ok(RefusedRequest { letter, refused })
    }
}

impl RefusedRequest {
    /// The id that the gateway has acknowledged; the same in every try of this letter.
    pub fn notify_id(&self) -> &NotifyId {
        &self.letter.notify_id
    }

    /// Why the request was refused, by the code of the wire.
    pub fn refused(&self) -> &Refused {
        &self.refused
    }

    /// The order number of the request, to look it up; `None` if it had none, or one that was refused for its form.
    pub fn out_trade_no(&self) -> Option<&OutTradeNo> {
        self.letter.out_trade_no.as_ref()
    }

    /// Everything that the letter says. The accounts and the address are the request's own words: escape them.
    pub fn letter(&self) -> &ErrorLetter {
        &self.letter
    }
}

/// What may go into a log: the code and the order's number, no accounts.
impl fmt::Debug for RefusedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefusedRequest")
            .field("notify_id", &self.letter.notify_id)
            .field("code", &self.refused.as_str())
            .field("out_trade_no", &self.letter.out_trade_no)
            .finish_non_exhaustive()
    }
}
