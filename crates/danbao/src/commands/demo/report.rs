//! What came of the purchases, for people and for machines.

use std::fmt::Write;

use serde::Serialize;

use super::flow::Flow;
use super::words::Words;
use crate::commands::banner::columns;

/// The whole demo.
#[derive(Debug, Default, Serialize)]
pub(super) struct Report {
    pub(super) flows: Vec<Told>,
    /// Sum of all balances of the ledger.
    pub(super) imbalance: String,
    /// Whether everybody agrees on everything.
    pub(super) agrees: bool,
}

/// One purchase.
#[derive(Debug, Default, Serialize)]
pub(super) struct Told {
    pub(super) name: &'static str,
    pub(super) service: &'static str,
    pub(super) charset: &'static str,
    pub(super) out_trade_no: String,
    pub(super) trade_no: String,
    /// What happened, in order.
    pub(super) steps: Vec<String>,
    /// What the gateway says.
    pub(super) trade_status: String,
    /// What it says of a refund, if there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) refund_status: Option<String>,
    /// What the shop says.
    pub(super) shop_status: String,
    /// Whether the shop has made the goods ready.
    pub(super) delivered: bool,
    /// What the ledger still holds for this trade.
    pub(super) escrow_left: String,
    /// Notifications owed, and tries to deliver them.
    pub(super) notices: usize,
    pub(super) attempts: usize,
    pub(super) agrees: bool,
    /// Why the purchase came to no end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) trouble: Option<String>,
}

impl Told {
    pub(super) fn of(flow: &Flow) -> Told {
        Told { name: flow.name, service: flow.service, charset: flow.charset, ..Told::default() }
    }
}

impl Report {
    /// One line a purchase, and the verdict.
    pub(super) fn table(&self, words: &Words) -> String {
        let mut rows = vec![words.columns.clone()];
        for told in &self.flows {
            rows.push([
                words.name_of(told.name).to_owned(),
                told.trade_status.clone(),
                told.shop_status.clone(),
                format!("{}/{}", told.notices, told.attempts),
                told.escrow_left.clone(),
                if told.agrees { &words.yes } else { &words.no }.clone(),
            ]);
        }
        let widths: [usize; 6] =
            std::array::from_fn(|at| rows.iter().map(|row| columns(&row[at])).max().unwrap_or(0));
        let mut text = String::from("\n");
        for row in &rows {
            for (cell, width) in row.iter().zip(widths) {
                let gap = width - columns(cell) + 2;
                // Writing to a String cannot fail.
                let _ = write!(text, "{cell}{:gap$}", "");
            }
            text.truncate(text.trim_end().len());
            text.push('\n');
        }
        let verdict = if self.agrees { &words.all_agree } else { &words.not_all_agree };
        let _ = write!(text, "\n{}: {}\n{verdict}\n", words.imbalance, self.imbalance);
        text
    }
}
