//! What the merchant itself knows of an order, for a message to be held against.

use danbao_protocol::charset::Charset;
use danbao_protocol::ids::{OutTradeNo, PartnerId, UserId};
use danbao_protocol::money::Fen;
use danbao_protocol::service::payment::{PaymentRequest, PaymentService};

use crate::account::Account;

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
    /// Every total that the buyer may lawfully pay: one for each way to ship that was offered, or the price alone.
    pub total_fees: Vec<Fen>,
}

impl OrderFacts {
    /// The facts of an order that is to be paid by this request; `None` if a total overflows.
    ///
    /// ```
    /// # use danbao_merchant::{Account, OrderFacts, protocol::{charset::Charset, money::Fen, sign::Md5Key}};
    /// # use danbao_merchant::protocol::ids::{OutTradeNo, PartnerId, UserId};
    /// # use danbao_merchant::protocol::service::payment::{Amount, PaymentService};
    /// # let account = Account::new(
    /// #     PartnerId::new("2088000000000001"),
    /// #     Md5Key::new("k0k1k2k3k4k5k6k7k8k9kakbkckdkekf"),
    /// #     "seller@example.com",
    /// #     UserId::new("2088000000000002"),
    /// #     "http://127.0.0.1:8080/gateway.do",
    /// # )?;
    /// # let direct = PaymentService::CreateDirectPayByUser;
    /// let amount = Amount { price: Fen(1990), quantity: 2, discount: Fen(-80) };
    /// let request = account.payment(direct, Charset::Utf8, OutTradeNo::new("A-1"), "tea", amount);
    /// let facts = OrderFacts::of(&account, &request).ok_or("the amount is too large")?;
    /// assert_eq!(facts.total_fees, [Fen(3900)]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn of(account: &Account, request: &PaymentRequest) -> Option<OrderFacts> {
        let mut total_fees = match request.logistics.as_slice() {
            [] => vec![request.amount.payable(None)?],
            groups => groups.iter().map(|g| request.amount.payable(Some(g))).collect::<Option<_>>()?,
        };
        total_fees.sort();
        total_fees.dedup();
        Some(OrderFacts {
            partner: request.partner.clone(),
            service: request.service,
            charset: request.charset,
            out_trade_no: request.out_trade_no.clone(),
            seller_email: account.seller_email().to_owned(),
            seller_id: account.seller_id().clone(),
            total_fees,
        })
    }
}
