//! What concerns carriage is refused where goods are carried.

use serde_json::json;

use super::super::browser::Browser;
use super::payments::{MAKES, Make, sign_in};
use super::stage::Stage;
use super::{ALTERED, Asked, Row, heard, row, steps};

pub(super) fn rows(stage: &Stage) -> Vec<Row> {
    let carried = MAKES.into_iter().filter(|(service, _)| *service != "create_direct_pay_by_user");
    let mut rows: Vec<Row> = carried.flat_map(|(service, order)| of(stage, service, order)).collect();
    rows.push(too_much_back(stage));
    rows
}

fn of(stage: &Stage, service: &'static str, order: Make) -> Vec<Row> {
    let good = || order(&stage.shop, &format!("carried-{service}"), "10.00");
    let skipped = good().with("logistics_type_2", "EMS").with("logistics_payment_2", "SELLER_PAY");
    let repeated = good().with("logistics_type_1", "EXPRESS").with("logistics_payment_1", "SELLER_PAY");
    let virtual_goods = order(&stage.fine, service, "10.00").with("logistics_type", "VIRTUAL");
    let other_choice = Asked::Buyer(good().url(), stage.zhang.email.clone(), json!({ "logistics": 1 }));
    let zhang = stage.zhang.email.clone();
    let format = "ILLEGAL_LOGISTICS_FORMAT";
    vec![
        row(format, service, "no type", good().without("logistics_type")),
        row(format, service, "unknown type", good().with("logistics_type", "ROCKET")),
        row(format, service, "virtual goods", good().with("logistics_type", "VIRTUAL")),
        row(format, service, "unknown payment", good().with("logistics_payment", "NOBODY_PAYS")),
        row(format, service, "no amount", good().with("logistics_fee", "-1.00")),
        row(format, service, "half a group", good().with("logistics_type_1", "EMS")),
        row(format, service, "a group is skipped", skipped),
        row(format, service, "a type repeats", repeated),
        row("VIRTUAL_NOT_SUPPORT", service, "virtual goods, in finer words", virtual_goods),
        row("TOTAL_FEE_GREATER_THAN_MAX", service, "over a million", good().with("quantity", "100001")),
        row("ILLEGAL_FEE_PARAM", service, "not what it comes to", good().with("total_fee", "11.00")),
        row("ILLEGAL_ARGUMENT", service, "none of it", good().with("quantity", "0")),
        row("LOGISTICS_CHOOSE_ERROR", service, "a group that was not offered", other_choice),
        steps(ALTERED, service, "the cashier's address was changed", {
            let url = good().url();
            move |world| {
                let cashier = heard(world, &url);
                let path = cashier.strip_prefix("goes on to ").unwrap();
                heard(world, &format!("{path}x"))
            }
        }),
        steps("ILLEGAL_REQUEST", service, "the bank before the address", {
            let url = order(&stage.shop, &format!("early-{service}"), "10.00").url();
            move |world| {
                let mut browser = Browser::default();
                let pay = sign_in(world, &mut browser, &url, &zhang);
                let bank = browser.open(world, &pay.at.replace("/pay", "/bank/ICBCB2C"));
                let form = bank.form("/bank/ICBCB2C").with("decision", "pay");
                browser.send(world, &form).code()
            }
        }),
    ]
}

/// The desk and the sandbox say it of an escrow trade.
fn too_much_back(stage: &Stage) -> Row {
    let url = super::super::order::Call::escrow(&stage.shop, "back", "10.00").url();
    let zhang = stage.zhang.email.clone();
    let service = "create_partner_trade_by_buyer";
    steps("REFUND_TRADE_FEE_ERROR", service, "more than was paid", move |world| {
        let paid = world.checkout(&url, &zhang, json!({}));
        let trade_no = paid["trade_no"].as_str().unwrap();
        let refused = world.act(trade_no, json!({ "action": "apply_refund", "amount": "10.01" }));
        refused["error_code"].as_str().unwrap_or("applied").to_owned()
    })
}
