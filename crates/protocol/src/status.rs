//! States of a trade and of a refund, and grades of a buyer, by their wire names (protocol.md §5.1, §5.2, §3.9).

macro_rules! wire_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $wire:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$vdoc])* $variant,)+
        }

        impl $name {
            /// Every value, in the order of the protocol.
            pub const ALL: &'static [$name] = &[$($name::$variant,)+];

            /// The name on the wire.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $($name::$variant => $wire,)+
                }
            }

            /// Reads the name on the wire; `None` for any other text.
            pub fn from_wire(text: &str) -> Option<Self> {
                match text {
                    $($wire => Some($name::$variant),)+
                    _ => None,
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
pub(crate) use wire_enum;

wire_enum! {
    /// 会员等级: how the platform values a buyer (protocol.md §3.9).
    UserGrade {
        /// An ordinary account.
        Normal = "NORMAL",
        /// 贵宾
        Vip = "VIP",
        /// 皇冠贵宾
        ImperialVip = "IMPERIAL_VIP",
    }
}

wire_enum! {
    /// Whether a buyer's gold account is activated (protocol.md §3.9).
    UserGradeType {
        /// Not activated.
        NotActivated = "0",
        /// Activated.
        Activated = "1",
    }
}

wire_enum! {
    /// 交易状态: the seven states that this gateway gives a trade (protocol.md §5.1).
    ///
    /// ```
    /// use danbao_protocol::status::TradeStatus;
    ///
    /// assert_eq!(TradeStatus::from_wire("TRADE_FINISHED"), Some(TradeStatus::TradeFinished));
    /// assert_eq!(TradeStatus::from_wire("trade_finished"), None);
    /// ```
    TradeStatus {
        /// 等待买家付款: made, unpaid.
        WaitBuyerPay = "WAIT_BUYER_PAY",
        /// 买家已付款，等待卖家发货: paid into escrow, to be shipped.
        WaitSellerSendGoods = "WAIT_SELLER_SEND_GOODS",
        /// 卖家已发货，等待买家确认: shipped, to be confirmed.
        WaitBuyerConfirmGoods = "WAIT_BUYER_CONFIRM_GOODS",
        /// Paid but the seller's account cannot take it yet; direct pay only.
        TradePending = "TRADE_PENDING",
        /// Paid and still refundable; direct pay under an advanced contract.
        TradeSuccess = "TRADE_SUCCESS",
        /// 交易完成: done, final.
        TradeFinished = "TRADE_FINISHED",
        /// 交易关闭: closed unpaid, or refunded; final.
        TradeClosed = "TRADE_CLOSED",
    }
}

wire_enum! {
    /// 退款状态: the states of a refund that runs beside the trade (protocol.md §5.2).
    RefundStatus {
        /// Applied for; the seller is to answer.
        WaitSellerAgree = "WAIT_SELLER_AGREE",
        /// Refused; the buyer may apply again.
        SellerRefuseBuyer = "SELLER_REFUSE_BUYER",
        /// Agreed; the buyer is to send the goods back.
        WaitBuyerReturnGoods = "WAIT_BUYER_RETURN_GOODS",
        /// Sent back; the seller is to confirm.
        WaitSellerConfirmGoods = "WAIT_SELLER_CONFIRM_GOODS",
        /// Refunded; in escrow the trade is closed by the same change.
        RefundSuccess = "REFUND_SUCCESS",
        /// Withdrawn or lapsed.
        RefundClosed = "REFUND_CLOSED",
    }
}

impl TradeStatus {
    /// Whether no further change of the trade's state is lawful (protocol.md §5.3).
    pub const fn is_final(self) -> bool {
        matches!(self, TradeStatus::TradeFinished | TradeStatus::TradeClosed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wire_names_read_back() {
        for status in TradeStatus::ALL {
            assert_eq!(TradeStatus::from_wire(status.as_str()), Some(*status));
        }
        for status in RefundStatus::ALL {
            assert_eq!(RefundStatus::from_wire(status.as_str()), Some(*status));
        }
        assert_eq!(TradeStatus::from_wire("trade_finished"), None);
    }
}
