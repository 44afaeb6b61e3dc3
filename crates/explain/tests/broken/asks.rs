//! Messages as they should be, and the plain means to sign them.

use md5::{Digest, Md5};

pub(crate) const KEY: &str = "k0k1k2k3k4k5k6k7k8k9kakbkckdkekf";
pub(crate) const PARTNER: &str = "2088000000000001";

/// Name and value in bytes.
pub(crate) type Pairs = Vec<(String, Vec<u8>)>;

/// An escrow request, in the order in which a shop writes it.
pub(crate) const REQUEST: &[(&str, &str)] = &[
    ("service", "create_partner_trade_by_buyer"),
    ("partner", PARTNER),
    ("_input_charset", "utf-8"),
    ("notify_url", "http://shop.example/notify"),
    ("return_url", "http://shop.example/return"),
    ("out_trade_no", "ORDER-2012-0001"),
    ("subject", "测试商品：录音笔 2G"),
    ("payment_type", "1"),
    ("logistics_type", "EXPRESS"),
    ("logistics_fee", "10.00"),
    ("logistics_payment", "BUYER_PAY"),
    ("price", "328.00"),
    ("quantity", "1"),
    ("seller_email", "seller@shop.example"),
    ("receive_name", "张三"),
    ("receive_address", "上海市 普陀区 某路100号"),
];

/// A notification of the same trade.
pub(crate) const NOTIFICATION: &[(&str, &str)] = &[
    ("notify_id", "5f6e7d8c9b0a1f2e3d4c5b6a7980091827"),
    ("notify_type", "trade_status_sync"),
    ("notify_time", "2012-01-05 13:05:33"),
    ("trade_no", "2012010500001234"),
    ("out_trade_no", "ORDER-2012-0001"),
    ("trade_status", "WAIT_SELLER_SEND_GOODS"),
    ("subject", "测试商品：录音笔 2G"),
    ("price", "328.00"),
    ("quantity", "1"),
    ("discount", "0.00"),
    ("total_fee", "338.00"),
    ("seller_email", "seller@shop.example"),
    ("seller_id", PARTNER),
    ("buyer_email", "buyer@mail.example"),
    ("buyer_id", "2088000000000002"),
    ("gmt_create", "2012-01-05 13:01:02"),
    ("gmt_payment", "2012-01-05 13:05:30"),
    ("use_coupon", "N"),
    ("is_total_fee_adjust", "N"),
];

/// A page return of direct pay.
pub(crate) const RETURN: &[(&str, &str)] = &[
    ("is_success", "T"),
    ("exterface", "create_direct_pay_by_user"),
    ("notify_id", "RqPnCoPT3K9%2Fvwbh3I"),
    ("notify_time", "2012-01-05 13:05:33"),
    ("notify_type", "trade_status_sync"),
    ("out_trade_no", "ORDER-2012-0002"),
    ("payment_type", "1"),
    ("seller_email", "seller@shop.example"),
    ("subject", "recorder"),
    ("total_fee", "0.01"),
    ("trade_no", "2012010500001235"),
    ("trade_status", "TRADE_FINISHED"),
];

pub(crate) fn utf8(pairs: &[(&str, &str)]) -> Pairs {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect()
}

/// In GBK, and saying so.
pub(crate) fn gbk(pairs: &[(&str, &str)]) -> Pairs {
    let mut pairs = utf8(pairs);
    for (name, value) in &mut pairs {
        if name == "_input_charset" {
            *value = b"gbk".to_vec();
        }
        *value = to_gbk(std::str::from_utf8(value).unwrap());
    }
    pairs
}

pub(crate) fn to_gbk(text: &str) -> Vec<u8> {
    encoding_rs::GBK.encode(text).0.into_owned()
}

pub(crate) fn md5(bytes: &[u8]) -> String {
    Md5::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Sorted, and joined.
pub(crate) fn text(pairs: &Pairs) -> Vec<u8> {
    let mut sorted = pairs.clone();
    sorted.sort_by(|a, b| a.0.cmp(&b.0));
    join(&sorted)
}

/// Joined in the order given.
pub(crate) fn join(pairs: &Pairs) -> Vec<u8> {
    let written: Vec<Vec<u8>> =
        pairs.iter().map(|(name, value)| [name.as_bytes(), b"=", value].concat()).collect();
    written.join(&b"&"[..])
}

/// As PHP's urlencode does it.
pub(crate) fn encode(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|&byte| match byte {
            b' ' => "+".to_owned(),
            _ if byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

/// Pairs as a query, with a signature.
pub(crate) fn query(pairs: &Pairs, sign: &str) -> String {
    let mut written: Vec<String> =
        pairs.iter().map(|(name, value)| format!("{}={}", encode(name.as_bytes()), encode(value))).collect();
    written.push(format!("sign={}", encode(sign.as_bytes())));
    written.push("sign_type=MD5".to_owned());
    written.join("&")
}
