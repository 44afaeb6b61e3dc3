//! The machines as pictures, drawn from [`next`], [`refund::next`] and [`fastpay_refund::next`] themselves, and what the
//! clock does, taken from the [`walk`]: the whole of `docs/states.md`, which is therefore never older than the code.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use danbao_protocol::money::Fen;
use danbao_protocol::status::{RefundStatus, TradeStatus};
use expect_test::expect_file;

use super::walk;
use crate::change::Command;
use crate::fastpay_refund;
use crate::machine::next;
use crate::refund;
use crate::trade::Mode;

const HEAD: &str = "\
# The states of trades and refunds

Generated: every arrow below comes out of the tables that decide in production (`engine::machine::next`,
`engine::refund::next`, `engine::fastpay_refund::next`), every clock out of a walk through all sequences of commands, and
a test fails when this page says anything else. After a change of the machine, write it anew and read what has changed:

```sh
UPDATE_EXPECT=1 cargo test -p danbao-engine diagram
```

An arrow is a command of the trade's history; in the code it is `engine::change::Command`. Who may give which command,
what is posted and who is told stands in [protocol.md](protocol.md) §5.3-5.8, why it is so in
[ADR 0014](adr/0014-refunds.md) and [ADR 0015](adr/0015-refunds-of-direct-pay.md).
";

/// One branch of a trade: how its money goes, and under which contract.
#[derive(Clone, Copy)]
struct Branch {
    mode: Mode,
    is_refundable: bool,
}

const ESCROW: Branch = Branch { mode: Mode::Escrow, is_refundable: false };
const ORDINARY: Branch = Branch { mode: Mode::Direct, is_refundable: false };
const ADVANCED: Branch = Branch { mode: Mode::Direct, is_refundable: true };

/// A Mermaid state diagram of all that can become of a trade. Where the branches part, the command says whose it is.
fn trade_diagram(branches: &[Branch]) -> String {
    let mut out = String::from("stateDiagram-v2\n    [*] --> WAIT_BUYER_PAY: create\n");
    let mut reached = BTreeSet::from([TradeStatus::WaitBuyerPay]);
    let mut ahead = vec![TradeStatus::WaitBuyerPay];
    while let Some(from) = ahead.pop() {
        let before = out.len();
        for command in Command::ALL {
            let led = |branch: &Branch| next(branch.mode, branch.is_refundable, from, command);
            let ways: BTreeSet<TradeStatus> = branches.iter().filter_map(led).collect();
            for to in &ways {
                let own = branches.iter().find(|branch| led(branch) == Some(*to));
                let whose =
                    own.filter(|_| ways.len() > 1).map(|branch| format!(", {}", branch.mode.as_str()));
                let (name, whose) = (command.as_str(), whose.unwrap_or_default());
                writeln!(out, "    {from} --> {to}: {name}{whose}").unwrap();
                if reached.insert(*to) {
                    ahead.insert(0, *to);
                }
            }
        }
        for to in paid_refunds(branches, from) {
            writeln!(out, "    {from} --> {to}: {}", Command::RefundPaid.as_str()).unwrap();
            if reached.insert(to) {
                ahead.insert(0, to);
            }
        }
        if out.len() == before {
            writeln!(out, "    {from} --> [*]").unwrap();
        }
    }
    out
}

/// Where a refund of a part and one of all that is left lead, without the refund's own state beside the trade's.
fn paid_refunds(branches: &[Branch], from: TradeStatus) -> impl Iterator<Item = TradeStatus> {
    let left = Fen(2);
    let is_direct = branches.iter().any(|branch| branch.mode == Mode::Direct);
    let amounts = [Fen(1), left].into_iter().filter(move |_| is_direct);
    amounts.filter_map(move |amount| fastpay_refund::next(from, left, amount))
}

/// All that can become of a refund, for a buyer who has the goods or not.
fn refund_diagram(received: bool) -> String {
    let mut out = String::from("stateDiagram-v2\n");
    let mut reached = BTreeSet::new();
    let mut ahead: Vec<Option<RefundStatus>> = vec![None];
    while let Some(from) = ahead.pop() {
        let name = from.map_or("[*]", RefundStatus::as_str);
        let before = out.len();
        for command in Command::ALL {
            let Some(to) = refund::next(from, received, command) else { continue };
            writeln!(out, "    {name} --> {to}: {}", command.as_str()).unwrap();
            if reached.insert(to) {
                ahead.insert(0, Some(to));
            }
        }
        if out.len() == before {
            writeln!(out, "    {name} --> [*]").unwrap();
        }
    }
    out
}

/// What happens by itself, as the walk over all sequences of commands has seen it happen.
fn clocks() -> String {
    let mut out = String::from("| in | the clock | to |\n|---|---|---|\n");
    let pair = |(status, refund): (TradeStatus, Option<RefundStatus>)| match refund {
        None => status.to_string(),
        Some(refund) => format!("{status} + {refund}"),
    };
    for (from, command, to) in walk::rings() {
        writeln!(out, "| {} | {} | {} |", pair(from), command.as_str(), pair(to)).unwrap();
    }
    out
}

fn page() -> String {
    let mut page = String::from(HEAD);
    let mut section = |title: &str, text: &str, diagram: String| {
        write!(page, "\n## {title}\n\n{text}\n\n```mermaid\n{diagram}```\n").unwrap();
    };
    section("Escrow (担保交易)", "`create_partner_trade_by_buyer`.", trade_diagram(&[ESCROW]));
    section(
        "Direct pay (即时到帐), ordinary contract",
        "`create_direct_pay_by_user`.",
        trade_diagram(&[ORDINARY]),
    );
    section(
        "Direct pay, advanced contract",
        "`create_direct_pay_by_user`, refundable for a time.",
        trade_diagram(&[ADVANCED]),
    );
    section(
        "Dual (标准双接口)",
        "`trade_create_by_buyer`: until it is paid, the buyer chooses the branch.",
        trade_diagram(&[ESCROW, ORDINARY]),
    );
    section(
        "Refund of an escrow trade, the buyer has the goods",
        "Beside WAIT_BUYER_CONFIRM_GOODS. What the buyer says may change with each application.",
        refund_diagram(true),
    );
    section(
        "Refund of an escrow trade, the buyer has nothing",
        "Beside WAIT_SELLER_SEND_GOODS or WAIT_BUYER_CONFIRM_GOODS.",
        refund_diagram(false),
    );
    write!(
        page,
        "\n## Clocks\n\nWhat happens by itself where nobody does anything; no other state has an end of its own. How long \
         each clock runs\nis in [protocol.md](protocol.md) §5.7. A refund of a part ends in TRADE_FINISHED, of \
         everything in TRADE_CLOSED.\n\n{}",
        clocks()
    )
    .unwrap();
    page
}

#[test]
fn the_page_of_diagrams_is_what_the_machines_are() {
    expect_file!["../../../../docs/states.md"].assert_eq(&page());
}

#[test]
fn escrow_knows_no_contract_of_refunds() {
    let refundable = Branch { is_refundable: true, ..ESCROW };
    assert_eq!(trade_diagram(&[refundable]), trade_diagram(&[ESCROW]));
}
