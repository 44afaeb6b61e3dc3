//! Refusals that a test has asked for ahead (protocol.md §8.7).

use danbao_node::Fault;
use danbao_protocol::error_code::ErrorCode;
use danbao_protocol::ids::PartnerId;
use danbao_protocol::service::Service;
use danbao_store::{Bind, Conn};

use crate::rows::word;

/// The next calls of a service by a partner are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PlannedRefusal {
    pub(crate) service: Service,
    pub(crate) code: ErrorCode,
    /// How many calls are still to be refused.
    pub(crate) remaining: i64,
}

/// Plans refusals in the place of what was planned for the service; none left means that the plan is dropped.
pub(crate) fn save(tx: &mut dyn Conn, partner: &PartnerId, plan: &PlannedRefusal) -> Result<(), Fault> {
    let key = [Bind::Text(partner.as_str()), Bind::Text(plan.service.as_str())];
    tx.execute("DELETE FROM planned_refusal WHERE partner = $1 AND service = $2", &key)?;
    if plan.remaining > 0 {
        tx.execute(
            "INSERT INTO planned_refusal (partner, service, code, remaining) VALUES ($1, $2, $3, $4)",
            &[key[0], key[1], Bind::Text(plan.code.as_str()), Bind::Int(plan.remaining)],
        )?;
    }
    Ok(())
}

/// What is planned for a partner.
pub(crate) fn load(tx: &mut dyn Conn, partner: &PartnerId) -> Result<Vec<PlannedRefusal>, Fault> {
    let sql = "SELECT service, code, remaining FROM planned_refusal WHERE partner = $1 ORDER BY service";
    let rows = tx.query(sql, &[Bind::Text(partner.as_str())])?;
    rows.iter()
        .map(|row| {
            Ok(PlannedRefusal {
                service: word(&row.get::<String>(0)?, Service::from_wire)?,
                code: word(&row.get::<String>(1)?, ErrorCode::from_wire)?,
                remaining: row.get(2)?,
            })
        })
        .collect()
}

/// Takes one of the refusals planned for a call, if there is one.
pub(crate) fn take(
    tx: &mut dyn Conn,
    partner: &PartnerId,
    service: Service,
) -> Result<Option<ErrorCode>, Fault> {
    let planned = load(tx, partner)?;
    let Some(plan) = planned.into_iter().find(|plan| plan.service == service) else { return Ok(None) };
    save(tx, partner, &PlannedRefusal { remaining: plan.remaining - 1, ..plan })?;
    Ok(Some(plan.code))
}
