//! The same message in other bytes: charsets, escapes and the spellings that the sources know (protocol.md §1, §10).

use super::{
    DIRECT, ESCROW, FINISHED, Group, PAID, Scenario, Twist, UNPAID, notify, once, page, scenario, steps,
};

/// In GBK the second bytes of its first two characters are `\` and `|`.
const TREACHEROUS: &str = "誠亅 王小二";
const SPECIAL: &str = "浙江省 杭州市 a&b=c+d%20e;\"f\" <g> 'h' \\i #1?";

pub(super) fn scenarios() -> Vec<Scenario> {
    let story = |service, id, source, steps| scenario(Group::Bytes, service, id, source, steps);
    let paid = |twist| steps![notify(FINISHED).with(twist), once(FINISHED, 1)];
    let received = || {
        let receiver = || Twist::Receiver(TREACHEROUS, SPECIAL);
        steps![notify(UNPAID), notify(PAID).with(receiver()), page(PAID).with(receiver()), once(PAID, 2)]
    };
    vec![
        story(
            DIRECT,
            "direct_pay_in_gbk",
            ("1.4", "4.2 1 D"),
            steps![page(FINISHED), notify(FINISHED), once(FINISHED, 1)],
        )
        .in_gbk(),
        story(ESCROW, "escrow_in_gbk_with_treacherous_characters", ("10 trap 8", "4.2 1 D"), received())
            .in_gbk(),
        story(ESCROW, "an_address_full_of_special_characters", ("2.1", "4.2 1 D"), received()),
        story(DIRECT, "blanks_written_as_percent_20", ("10 trap 6", ""), paid(Twist::PercentBlank)),
        story(DIRECT, "escapes_in_lower_case", ("1.4", ""), paid(Twist::LowerHex)),
        story(DIRECT, "parameters_in_another_order", ("4.1", ""), paid(Twist::Reversed)),
        story(DIRECT, "the_malformed_content_type_of_the_original", ("1.5", ""), paid(Twist::OddContentType)),
        story(
            DIRECT,
            "a_signed_parameter_that_nobody_knows",
            ("1.3", ""),
            paid(Twist::Word("gmt_unheard_of", "2012-02-29 23:59:59")),
        ),
        story(
            DIRECT,
            "chinese_that_the_shop_did_not_send_in_gbk",
            ("1.4", "4.2 1 D"),
            paid(Twist::Text("unheard_of", TREACHEROUS)),
        )
        .in_gbk(),
    ]
}
