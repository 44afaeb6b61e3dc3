//! 故障计划: what a seller plans to happen to the notifications of a sandbox, and what it did.

use serde::Serialize;

use super::Page;
use super::order::FormError;

/// GET `/desk/faults`, `?trade_no=` to begin with, in a sandbox. POST to the same sends `csrf`, `partner`, `trade_no`,
/// `seed`, `hours` and, for each fault, its name if it is wanted and `{fault}_percent`, `_seconds`, `_times`, `_tries`;
/// to `/desk/faults/{plan_id}/end`, `csrf` alone.
#[derive(Debug, Clone, Serialize)]
pub struct Faults {
    /// The viewer's contracts; empty for somebody who sells nothing.
    pub shops: Vec<FaultShop>,
    /// 交易号; empty: all notifications.
    pub trade_no: String,
    /// What stands in the form.
    pub seed: String,
    /// How long, in hours.
    pub hours: String,
    /// Every fault that there is.
    pub choices: Vec<FaultChoice>,
    /// The latest plans, the newest first.
    pub plans: Vec<FaultPlanFact>,
    /// Whether a plan has just begun.
    pub has_begun: bool,
    /// Why the form came back.
    pub error: Option<FormError>,
}

impl Page for Faults {
    const TEMPLATE: &'static str = "faults.html";
}

/// A contract of the viewer's.
#[derive(Debug, Clone, Serialize)]
pub struct FaultShop {
    /// 合作者身份
    pub partner: String,
    /// 商户名称
    pub name: String,
    /// Whether it is the chosen one.
    pub chosen: bool,
}

/// A fault in the form.
#[derive(Debug, Clone, Serialize)]
pub struct FaultChoice {
    /// Its name (table `fault`).
    pub fault: &'static str,
    /// Whether it is wanted.
    pub chosen: bool,
    /// Of a hundred tries.
    pub percent: String,
    /// `None` if the fault has none.
    pub seconds: Option<String>,
    /// `None` if the fault has none.
    pub times: Option<String>,
    /// Only the first tries; may be empty.
    pub tries: String,
}

/// A plan.
#[derive(Debug, Clone, Serialize)]
pub struct FaultPlanFact {
    /// Its number.
    pub plan_id: i64,
    /// The trade's number, or the partner's.
    pub whose: String,
    /// Where what is random comes from.
    pub seed: i64,
    /// Whether it holds.
    pub is_running: bool,
    /// Beijing time.
    pub until: String,
    /// Notifications that it has met.
    pub met: i64,
    /// What it does.
    pub rules: Vec<FaultRuleFact>,
    /// What it has done, the first hundred.
    pub record: Vec<FaultRecord>,
}

/// A line of a plan.
#[derive(Debug, Clone, Serialize)]
pub struct FaultRuleFact {
    /// Its name (table `fault`).
    pub fault: &'static str,
    /// Of a hundred tries.
    pub percent: i64,
    /// How long.
    pub seconds: Option<i64>,
    /// How often.
    pub times: Option<i64>,
    /// Only the first tries.
    pub tries: Option<i64>,
}

/// What a plan did to a try.
#[derive(Debug, Clone, Serialize)]
pub struct FaultRecord {
    /// The notification's place in the plan.
    pub place: i64,
    /// The number of the try under the plan.
    pub nth: i64,
    /// Its name (table `fault`).
    pub fault: &'static str,
    /// Beijing time.
    pub at: String,
    /// `notify_id`
    pub notify_id: String,
}
