//! What the demo says, in both languages. `{}` is filled in.

use super::flow::Flow;
use crate::config::Lang;

pub(super) struct Words {
    opening: &'static str,
    names: &'static [(&'static str, &'static str)],
    /// What buyers and sellers do, by the names of the sandbox API.
    deeds: &'static [(&'static str, &'static str)],
    pub(super) placed: &'static str,
    pub(super) paid: &'static str,
    pub(super) returned: &'static str,
    pub(super) closed: &'static str,
    pub(super) notified: &'static str,
    pub(super) shipped: &'static str,
    pub(super) waited: &'static str,
    trouble: &'static str,
    /// Heads of the table.
    pub(super) columns: [&'static str; 6],
    pub(super) yes: &'static str,
    pub(super) no: &'static str,
    pub(super) imbalance: &'static str,
    pub(super) all_agree: &'static str,
    pub(super) not_all_agree: &'static str,
}

const ZH: Words = Words {
    opening: "担保 Danbao 演示：网关 {}，商店 {}，数据只为这一次。\n",
    names: &[
        ("direct_by_balance", "即时到帐，余额付款"),
        ("direct_by_bank", "即时到帐，网上银行"),
        ("escrow", "担保交易，余额付款"),
        ("escrow_by_bank", "担保交易，网上银行"),
        ("dual_as_escrow", "标准双接口，选担保"),
        ("dual_as_direct", "标准双接口，选即时到帐"),
        ("direct_refused_twice", "即时到帐，通知两次被拒"),
        ("escrow_confirmed_by_time", "担保交易，十天后自动确认"),
        ("refund_never_sent", "担保交易，未发货退款"),
        ("refund_sent_back", "担保交易，拒绝后再申请、退货退款"),
    ],
    deeds: &[
        ("confirm_goods", "买家确认收货"),
        ("apply_refund", "买家申请退款"),
        ("agree_refund", "卖家同意退款"),
        ("refuse_refund", "卖家拒绝退款"),
        ("return_goods", "买家寄回商品"),
        ("confirm_return", "卖家确认收到退货"),
    ],
    placed: "商店下单，商户订单号 {}",
    paid: "收银台付款，交易号 {}",
    returned: "浏览器带着签名回到商店",
    closed: "买家没有返回商店就关了网页",
    notified: "通知 {}，商店答：{}",
    shipped: "商店通过接口发货",
    waited: "沙箱时间过了 {} 天",
    trouble: "没有走完：{}",
    columns: ["流程", "网关", "商店", "通知/次数", "担保余额", "一致"],
    yes: "是",
    no: "否",
    imbalance: "总账差额",
    all_agree: "交易、总账、通知、商店订单全部一致。",
    not_all_agree: "有不一致之处，见上。",
};

const EN: Words = Words {
    opening: "Danbao demo: gateway {}, shop {}, data for this run only.\n",
    names: &[
        ("direct_by_balance", "direct, from the balance"),
        ("direct_by_bank", "direct, by bank"),
        ("escrow", "escrow, from the balance"),
        ("escrow_by_bank", "escrow, by bank"),
        ("dual_as_escrow", "dual, escrow chosen"),
        ("dual_as_direct", "dual, direct chosen"),
        ("direct_refused_twice", "direct, notification refused twice"),
        ("escrow_confirmed_by_time", "escrow, confirmed after ten days"),
        ("refund_never_sent", "escrow, refunded unsent"),
        ("refund_sent_back", "escrow, refused, then sent back"),
    ],
    deeds: &[
        ("confirm_goods", "the buyer confirms the goods"),
        ("apply_refund", "the buyer applies for a refund"),
        ("agree_refund", "the seller agrees"),
        ("refuse_refund", "the seller refuses"),
        ("return_goods", "the buyer sends the goods back"),
        ("confirm_return", "the seller has the goods back"),
    ],
    placed: "order placed in the shop, out_trade_no {}",
    paid: "paid at the cashier, trade_no {}",
    returned: "the browser returns to the shop with a signed address",
    closed: "the buyer closes the page and never returns",
    notified: "notified of {}, the shop answers: {}",
    shipped: "the shop ships, by interface",
    waited: "{} days pass on the sandbox's clock",
    trouble: "came to no end: {}",
    columns: ["flow", "gateway", "shop", "notices/tries", "escrow", "agree"],
    yes: "yes",
    no: "NO",
    imbalance: "Imbalance of the ledger",
    all_agree: "Trade, ledger, notifications and shop order agree on every purchase.",
    not_all_agree: "Not everybody agrees; see above.",
};

pub(super) fn words(lang: Lang) -> &'static Words {
    match lang {
        Lang::Zh => &ZH,
        Lang::En => &EN,
    }
}

impl Words {
    pub(super) fn opening(&self, gateway: &str, shop: &str) -> String {
        fill(self.opening, &[gateway, shop])
    }

    pub(super) fn heading(&self, number: usize, flow: &Flow) -> String {
        format!("\n{number}. {} ({}, {})\n", self.name_of(flow.name), flow.service, flow.charset)
    }

    pub(super) fn trouble(&self, trouble: &str) -> String {
        format!("   {}\n", fill(self.trouble, &[trouble]))
    }

    /// What somebody does, in this language.
    pub(super) fn deed(&self, action: &'static str) -> &'static str {
        self.deeds.iter().find(|(name, _)| *name == action).map_or(action, |(_, words)| words)
    }

    /// A flow's name in this language.
    pub(super) fn name_of(&self, flow: &'static str) -> &'static str {
        self.names.iter().find(|(name, _)| *name == flow).map_or(flow, |(_, words)| words)
    }
}

/// Puts the values into the gaps of a text, in order.
pub(super) fn fill(text: &str, values: &[&str]) -> String {
    let mut filled = String::with_capacity(text.len() + 40);
    let mut values = values.iter();
    let mut parts = text.split("{}").peekable();
    while let Some(part) = parts.next() {
        filled.push_str(part);
        if parts.peek().is_some() {
            filled.push_str(values.next().copied().unwrap_or_default());
        }
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::super::flow::FLOWS;
    use super::*;

    #[test]
    fn every_flow_has_a_name_in_both_languages() {
        for flow in FLOWS {
            for words in [&ZH, &EN] {
                assert_ne!(words.name_of(flow.name), flow.name);
            }
        }
    }

    #[test]
    fn gaps_are_filled_in_order() {
        assert_eq!(fill("a {} b {}", &["1", "2"]), "a 1 b 2");
        assert_eq!(fill("{}", &["{}"]), "{}");
    }
}
