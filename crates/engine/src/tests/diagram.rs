//! The trade machine as a picture, drawn from [`next`] itself.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use danbao_protocol::status::TradeStatus;
use expect_test::expect;

use crate::change::Command;
use crate::machine::next;
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
            WAIT_BUYER_PAY --> TRADE_CLOSED: close
            TRADE_FINISHED --> [*]
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
            WAIT_BUYER_PAY --> TRADE_CLOSED: close
            TRADE_SUCCESS --> TRADE_FINISHED: finish
            TRADE_CLOSED --> [*]
            TRADE_FINISHED --> [*]
    "#]]
    .assert_eq(&mermaid(Mode::Direct, true));
}
