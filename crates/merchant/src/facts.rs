//! What the merchant itself knows of an order, for a message to be held against.

use danbao_protocol::charset::Charset;
use danbao_protocol::ids::{OutTradeNo, PartnerId, UserId};
use danbao_protocol::money::Fen;
use danbao_protocol::service::payment::{Party, PaymentRequest, PaymentService};

use crate::account::Account;
use crate::payment::PaymentError;

/// An order as the merchant made it. Kept in the merchant's own database, never taken from a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderFacts {
    /// Who asked for the payment.
    pub partner: PartnerId,
    /// By which service.
    pub service: PaymentService,
    /// In which charset; everything that is sent back for it comes in the same one (protocol.md §1.4).
    pub charset: Charset,
    /// The merchant's order number.
    pub out_trade_no: OutTradeNo,
    /// The seller's account.
    pub seller_email: String,
    /// The seller's id.
    pub seller_id: UserId,
    /// Every total that the buyer may lawfully pay, in fen: one for each way to ship that was offered, or the price alone.
    pub total_fees: Vec<Fen>,
}

impl OrderFacts {
    /// The facts of an order that is to be paid by this request. What the gateway would refuse has none, so that no order
    /// is opened that nobody can pay.
    ///
    /// # Errors
    /// [`PaymentError`], as for [`Account::payment_url`]; [`PaymentError::OtherSeller`] if the request names another seller
    /// than the account's, because no message about it would then be believed; [`PaymentError::TooLarge`].
    ///
    /// ```
    /// use danbao_merchant::OrderFacts;
    /// use danbao_merchant::protocol::charset::Charset;
    /// use danbao_merchant::protocol::ids::OutTradeNo;
    /// use danbao_merchant::protocol::money::Fen;
    /// use danbao_merchant::protocol::service::payment::{Amount, PaymentService};
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs")); }
    /// # let account = example::account();
    ///
    /// let direct = PaymentService::CreateDirectPayByUser;
    /// let amount = Amount { price: Fen(1990), quantity: 2, discount: Fen::ZERO };
    /// let request = account.payment(direct, Charset::Utf8, OutTradeNo::new("A-1"), "tea", amount);
    /// assert_eq!(OrderFacts::of(&account, &request)?.total_fees, [Fen(3980)]);
    ///
    /// let mut wrong = request;
    /// wrong.amount.discount = Fen(-80);                                       // direct pay has none
    /// assert!(OrderFacts::of(&account, &wrong).is_err());
    /// # Ok::<(), danbao_merchant::PaymentError>(())
    /// ```
    pub fn of(account: &Account, request: &PaymentRequest) -> Result<OrderFacts, PaymentError> {
        account.checked_payment(request)?;
        let is_ours = match &request.seller {
            Party::Id(id) => id == account.seller_id(),
            Party::Email(email) => email.eq_ignore_ascii_case(account.seller_email()),
            // An alias is the gateway's to resolve.
            Party::AccountName(_) => true,
        };
        if !is_ours {
            return Err(PaymentError::OtherSeller);
        }
        Ok(OrderFacts {
            partner: request.partner.clone(),
            service: request.service,
            charset: request.charset,
            out_trade_no: request.out_trade_no.clone(),
            seller_email: account.seller_email().to_owned(),
            seller_id: account.seller_id().clone(),
            total_fees: total_fees(request).ok_or(PaymentError::TooLarge)?,
        })
    }
}

/// What the buyer may come to pay, ascending; `None` on overflow.
fn total_fees(request: &PaymentRequest) -> Option<Vec<Fen>> {
    let mut total_fees = match request.logistics.as_slice() {
        [] => vec![request.amount.payable(None)?],
        groups => groups.iter().map(|g| request.amount.payable(Some(g))).collect::<Option<_>>()?,
    };
    total_fees.sort();
    total_fees.dedup();
    Some(total_fees)
}
