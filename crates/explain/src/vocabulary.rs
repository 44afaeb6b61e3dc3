//! The names that parameters of this interface have (protocol.md §3, §4, §7), and values that seldom vary.

/// Every name in byte order. What is not among them is a merchant's own.
const NAMES: &[&str] = &[
    "_input_charset",
    "account_name",
    "address",
    "agent",
    "anti_phishing_key",
    "batch_no",
    "batch_num",
    "body",
    "business_scene",
    "buyer_account_name",
    "buyer_actions",
    "buyer_alipay_account",
    "buyer_email",
    "buyer_id",
    "buyer_msg",
    "create_transport_type",
    "credit_card_default_display",
    "credit_card_pay",
    "currency",
    "default_bank",
    "default_login",
    "defaultbank",
    "detail_data",
    "discount",
    "email",
    "enable_paymethod",
    "error_code",
    "error_notify_url",
    "extend_param",
    "exter_invoke_ip",
    "exterface",
    "extra_common_param",
    "global_buyer_email",
    "gmt_close",
    "gmt_create",
    "gmt_decay",
    "gmt_logistics_modify",
    "gmt_out_order_create",
    "gmt_payment",
    "gmt_refund",
    "gmt_send_goods",
    "invoice_no",
    "is_success",
    "is_total_fee_adjust",
    "isv",
    "it_b_pay",
    "item_orders_info",
    "logistics_fee",
    "logistics_fee_1",
    "logistics_fee_2",
    "logistics_name",
    "logistics_payment",
    "logistics_payment_1",
    "logistics_payment_2",
    "logistics_type",
    "logistics_type_1",
    "logistics_type_2",
    "mobile",
    "need_ctu_check",
    "notify_id",
    "notify_time",
    "notify_type",
    "notify_url",
    "out_channel_amount",
    "out_channel_inst",
    "out_channel_type",
    "out_order_no",
    "out_trade_no",
    "partner",
    "partner_id",
    "pay_method",
    "payment_type",
    "paymethod",
    "price",
    "product_type",
    "promo_param",
    "qr_pay_mode",
    "quantity",
    "real_name",
    "receive_address",
    "receive_mobile",
    "receive_name",
    "receive_phone",
    "receive_zip",
    "refund_date",
    "refund_status",
    "result_details",
    "return_url",
    "royalty_parameters",
    "royalty_type",
    "seller_account_name",
    "seller_actions",
    "seller_email",
    "seller_id",
    "seller_ip",
    "seller_user_id",
    "service",
    "show_url",
    "sign",
    "sign_type",
    "subject",
    "success_num",
    "t_b_rec_post",
    "t_s_send_1",
    "t_s_send_2",
    "target_service",
    "target_url",
    "timestamp",
    "token",
    "total_fee",
    "trade_no",
    "trade_role",
    "trade_status",
    "transport_type",
    "use_coupon",
    "user_grade",
    "user_grade_type",
    "user_id",
];

/// Whether a name is one of the interface's.
pub(crate) fn is_known(name: &[u8]) -> bool {
    NAMES.binary_search_by(|known| known.as_bytes().cmp(name)).is_ok()
}

/// Whether the values of this name are amounts or counts.
pub(crate) fn is_number(name: &[u8]) -> bool {
    const NUMBERS: &[&[u8]] = &[
        b"batch_num",
        b"discount",
        b"logistics_fee",
        b"logistics_fee_1",
        b"logistics_fee_2",
        b"price",
        b"quantity",
        b"total_fee",
    ];
    NUMBERS.contains(&name)
}

/// Parameters that get lost, with the values that they have nearly always.
pub(crate) const USUAL: &[(&str, &[&str])] = &[
    ("is_success", &["T", "F"]),
    ("notify_type", &["trade_status_sync"]),
    ("payment_type", &["1"]),
    ("quantity", &["1"]),
    ("discount", &["0.00", "0", "0.0"]),
    ("logistics_fee", &["0.00", "0"]),
    ("logistics_type", &["EXPRESS", "POST", "EMS"]),
    ("logistics_payment", &["SELLER_PAY", "BUYER_PAY", "BUYER_PAY_AFTER_RECEIVE"]),
    ("is_total_fee_adjust", &["N", "Y"]),
    ("use_coupon", &["N", "Y"]),
    (
        "trade_status",
        &[
            "TRADE_FINISHED",
            "TRADE_SUCCESS",
            "WAIT_BUYER_PAY",
            "WAIT_SELLER_SEND_GOODS",
            "WAIT_BUYER_CONFIRM_GOODS",
            "TRADE_CLOSED",
        ],
    ),
    ("refund_status", &["REFUND_SUCCESS", "WAIT_SELLER_AGREE", "REFUND_CLOSED"]),
    ("exterface", &["create_direct_pay_by_user"]),
    (
        "service",
        &[
            "create_direct_pay_by_user",
            "create_partner_trade_by_buyer",
            "trade_create_by_buyer",
            "send_goods_confirm_by_platform",
            "single_trade_query",
            "close_trade",
            "notify_verify",
            "query_timestamp",
            "alipay.auth.authorize",
            "user.logistics.address.query",
        ],
    ),
    ("paymethod", &["directPay", "bankPay"]),
    ("transport_type", &["EXPRESS", "POST", "EMS"]),
    ("royalty_type", &["10"]),
];

/// Spellings of the charset that merchants write.
pub(crate) const CHARSETS: &[&str] = &["utf-8", "UTF-8", "gbk", "GBK", "gb2312", "GB2312"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_in_order_so_that_they_can_be_found() {
        assert!(NAMES.is_sorted());
        for (name, _) in USUAL {
            assert!(is_known(name.as_bytes()), "{name}");
        }
        assert!(!is_known(b"id"));
    }
}
