//! Samples of the fault plans' page.

use super::super::*;
use super::Sampled;

impl Sampled for Faults {
    fn samples() -> Vec<(&'static str, Self)> {
        let choice = |fault, seconds: Option<&str>, times: Option<&str>| FaultChoice {
            fault,
            chosen: fault == "drop",
            percent: "100".into(),
            seconds: seconds.map(str::to_owned),
            times: times.map(str::to_owned),
            tries: String::new(),
        };
        let rule = |fault, seconds, times, tries| FaultRuleFact { fault, percent: 50, seconds, times, tries };
        let plan = FaultPlanFact {
            plan_id: 2,
            whose: "2088000000000001".into(),
            seed: 7,
            is_running: true,
            until: "2012-03-01 13:00:00".into(),
            met: 3,
            rules: vec![rule("drop", None, None, Some(2)), rule("duplicate", Some(60), Some(2), None)],
            record: vec![FaultRecord {
                place: 1,
                nth: 1,
                fault: "drop",
                at: "2012-02-29 12:00:00".into(),
                notify_id: "20120229000000010123456789abcdef02".into(),
            }],
        };
        let ended = FaultPlanFact { plan_id: 1, is_running: false, record: Vec::new(), ..plan.clone() };
        let shop =
            FaultShop { partner: "2088000000000001".into(), name: "竹里小铺".into(), chosen: true };
        let bare = Faults {
            shops: vec![shop],
            trade_no: String::new(),
            seed: "1".into(),
            hours: "25".into(),
            choices: vec![
                choice("outage", None, None),
                choice("delay", Some("60"), None),
                choice("reorder", Some("60"), None),
                choice("drop", None, None),
                choice("cut_body", None, None),
                choice("slow_body", Some("10"), None),
                choice("corrupt_sign", None, None),
                choice("wrong_charset", None, None),
                choice("duplicate", Some("0"), Some("1")),
            ],
            plans: Vec::new(),
            has_begun: false,
            error: Some(FormError::at("seed", Message::FaultNumberWrong)),
        };
        let running = Faults { plans: vec![plan, ended], has_begun: true, error: None, ..bare.clone() };
        let nobody = Faults { shops: Vec::new(), error: None, ..bare.clone() };
        vec![("running", running), ("wrong", bare), ("nobody", nobody)]
    }
}
