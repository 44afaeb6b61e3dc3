//! What the programs do not keep for ever: messages that the merchant did not believe, and the gateway's fault plans with
//! what they did. The auditor notes all of it before.

use std::collections::BTreeMap;
use std::time::Duration;

use danbao_store::faulty::Disk;
use danbao_store::{Conn, Error};

use super::books::{Gateway, Merchant, Message, Mishap, Plan, mishaps, plans};

/// Whoever looks this often misses none: nothing is kept for less than thirty days, and the trouble in which it comes does
/// not last ten.
pub(crate) const LOOK_EVERY: Duration = Duration::from_secs(20 * 86_400);

/// All that was ever seen of it.
#[derive(Default)]
pub(super) struct Forgotten {
    rejected: BTreeMap<String, Message>,
    plans: BTreeMap<i64, Plan>,
    mishaps: BTreeMap<(String, i64, i64, String), Mishap>,
}

impl Forgotten {
    /// Notes what is there now.
    pub(super) fn look(&mut self, gateway: &Disk, merchant: &Disk) -> Result<(), Error> {
        self.rejected.extend(merchant.inspect(rejected)?);
        self.plans.extend(gateway.inspect(plans)?.into_iter().map(|plan| (plan.plan_id, plan)));
        let named = |mishap: Mishap| {
            let name = (mishap.thread.clone(), mishap.seq, mishap.attempt, mishap.fault.clone());
            (name, mishap)
        };
        self.mishaps.extend(gateway.inspect(mishaps)?.into_iter().map(named));
        Ok(())
    }

    /// The books as if nothing had been forgotten.
    pub(super) fn complete(&mut self, gateway: &mut Gateway, merchant: &mut Merchant) {
        merchant.messages.retain(|message| message.outcome != "rejected");
        merchant.messages.extend(std::mem::take(&mut self.rejected).into_values());
        gateway.plans = std::mem::take(&mut self.plans).into_values().collect();
        gateway.mishaps = std::mem::take(&mut self.mishaps).into_values().collect();
    }
}

fn rejected(conn: &mut dyn Conn) -> Result<Vec<(String, Message)>, Error> {
    let sql = "SELECT id, way, raw, outcome, note FROM message WHERE outcome = 'rejected'";
    let rows = conn.query(sql, &[])?;
    let message = |row: &danbao_store::Row| {
        let mut columns = row.reader();
        let id = columns.next()?;
        let (way, raw) = (columns.next()?, columns.next()?);
        Ok((id, Message { way, raw, outcome: columns.next()?, note: columns.next()? }))
    };
    rows.iter().map(message).collect()
}
