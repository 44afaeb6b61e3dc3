//! The two machines as pictures, drawn from [`next`] and [`refund::next`] themselves.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use danbao_protocol::status::{RefundStatus, TradeStatus};
use expect_test::expect;

use crate::change::Command;
use crate::machine::next;
use crate::refund;
use crate::trade::Mode;

/// A Mermaid state diagram of all that can become of a trade.
fn mermaid(mode: Mode, is_refundable: bool) -> String {
    let mut out = String::from("stateDiagram-v2\n    [*] --> WAIT_BUYER_PAY: create\n");
    let mut reached = BTreeSet::from([TradeStatus::WaitBuyerPay]);
    let mut ahead = vec![TradeStatus::WaitBuyerPay];
    while let Some(from) = ahead.pop() {
        let steps = Command::ALL
            .into_iter()
            .filter_map(|command| next(mode, is_refundable, from, command).map(|to| (command, to)));
        let steps: Vec<_> = steps.collect();
        for (command, to) in &steps {
            writeln!(out, "    {from} --> {to}: {}", command.as_str()).unwrap();
            if reached.insert(*to) {
                ahead.insert(0, *to);
            }
        }
        if steps.is_empty() {
            writeln!(out, "    {from} --> [*]").unwrap();
        }
    }
    out
}

#[test]
fn the_escrow_machine() {
    expect![[r#"
        stateDiagram-v2
            [*] --> WAIT_BUYER_PAY: create
            WAIT_BUYER_PAY --> WAIT_BUYER_PAY: arrange
            WAIT_BUYER_PAY --> WAIT_SELLER_SEND_GOODS: pay
            WAIT_BUYER_PAY --> TRADE_CLOSED: close
            WAIT_BUYER_PAY --> WAIT_BUYER_PAY: adjust_price
            WAIT_SELLER_SEND_GOODS --> WAIT_SELLER_SEND_GOODS: advise_refund
            WAIT_SELLER_SEND_GOODS --> WAIT_BUYER_CONFIRM_GOODS: send_goods
            TRADE_CLOSED --> [*]
            WAIT_BUYER_CONFIRM_GOODS --> TRADE_FINISHED: confirm_goods
            TRADE_FINISHED --> [*]
    "#]]
    .assert_eq(&mermaid(Mode::Escrow, false));
    assert_eq!(
        mermaid(Mode::Escrow, true),
        mermaid(Mode::Escrow, false),
        "escrow knows no contract of refunds"
    );
}

#[test]
fn the_direct_machine_under_an_ordinary_contract() {
    expect![[r#"
        stateDiagram-v2
            [*] --> WAIT_BUYER_PAY: create
            WAIT_BUYER_PAY --> WAIT_BUYER_PAY: arrange
            WAIT_BUYER_PAY --> TRADE_FINISHED: pay
            WAIT_BUYER_PAY --> TRADE_PENDING: pay_held
            WAIT_BUYER_PAY --> TRADE_CLOSED: close
            WAIT_BUYER_PAY --> WAIT_BUYER_PAY: adjust_price
            TRADE_FINISHED --> [*]
            TRADE_PENDING --> TRADE_FINISHED: release
            TRADE_CLOSED --> [*]
    "#]]
    .assert_eq(&mermaid(Mode::Direct, false));
}

#[test]
fn the_direct_machine_under_an_advanced_contract() {
    expect![[r#"
        stateDiagram-v2
            [*] --> WAIT_BUYER_PAY: create
            WAIT_BUYER_PAY --> WAIT_BUYER_PAY: arrange
            WAIT_BUYER_PAY --> TRADE_SUCCESS: pay
            WAIT_BUYER_PAY --> TRADE_PENDING: pay_held
            WAIT_BUYER_PAY --> TRADE_CLOSED: close
            WAIT_BUYER_PAY --> WAIT_BUYER_PAY: adjust_price
            TRADE_SUCCESS --> TRADE_FINISHED: finish
            TRADE_PENDING --> TRADE_SUCCESS: release
            TRADE_CLOSED --> [*]
            TRADE_FINISHED --> [*]
    "#]]
    .assert_eq(&mermaid(Mode::Direct, true));
}

/// All that can become of a refund, for a buyer who has the goods or not.
fn refund_mermaid(received: bool) -> String {
    let mut out = String::from("stateDiagram-v2\n");
    let mut reached = BTreeSet::new();
    let mut ahead: Vec<Option<RefundStatus>> = vec![None];
    while let Some(from) = ahead.pop() {
        let name = from.map_or("[*]", RefundStatus::as_str);
        let mut steps = 0;
        for command in Command::ALL {
            let Some(to) = refund::next(from, received, command) else { continue };
            steps += 1;
            writeln!(out, "    {name} --> {to}: {}", command.as_str()).unwrap();
            if reached.insert(to) {
                ahead.insert(0, Some(to));
            }
        }
        if steps == 0 {
            writeln!(out, "    {name} --> [*]").unwrap();
        }
    }
    out
}

#[test]
fn the_refund_machine_of_a_buyer_who_has_the_goods() {
    expect![[r#"
        stateDiagram-v2
            [*] --> WAIT_SELLER_AGREE: apply_refund
            WAIT_SELLER_AGREE --> WAIT_BUYER_RETURN_GOODS: agree_refund
            WAIT_SELLER_AGREE --> SELLER_REFUSE_BUYER: refuse_refund
            WAIT_SELLER_AGREE --> REFUND_CLOSED: withdraw_refund
            WAIT_BUYER_RETURN_GOODS --> WAIT_SELLER_CONFIRM_GOODS: return_goods
            WAIT_BUYER_RETURN_GOODS --> REFUND_CLOSED: withdraw_refund
            SELLER_REFUSE_BUYER --> WAIT_SELLER_AGREE: apply_refund
            SELLER_REFUSE_BUYER --> REFUND_CLOSED: withdraw_refund
            REFUND_CLOSED --> WAIT_SELLER_AGREE: apply_refund
            WAIT_SELLER_CONFIRM_GOODS --> REFUND_SUCCESS: confirm_return
            WAIT_SELLER_CONFIRM_GOODS --> REFUND_CLOSED: withdraw_refund
            REFUND_SUCCESS --> [*]
    "#]]
    .assert_eq(&refund_mermaid(true));
}

#[test]
fn the_refund_machine_of_a_buyer_who_has_nothing() {
    expect![[r#"
        stateDiagram-v2
            [*] --> WAIT_SELLER_AGREE: apply_refund
            WAIT_SELLER_AGREE --> REFUND_SUCCESS: agree_refund
            WAIT_SELLER_AGREE --> SELLER_REFUSE_BUYER: refuse_refund
            WAIT_SELLER_AGREE --> REFUND_CLOSED: withdraw_refund
            REFUND_SUCCESS --> [*]
            SELLER_REFUSE_BUYER --> WAIT_SELLER_AGREE: apply_refund
            SELLER_REFUSE_BUYER --> REFUND_CLOSED: withdraw_refund
            REFUND_CLOSED --> WAIT_SELLER_AGREE: apply_refund
    "#]]
    .assert_eq(&refund_mermaid(false));
}
