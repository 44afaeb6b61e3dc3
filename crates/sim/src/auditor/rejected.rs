//! Messages that the merchant did not believe. It does not keep them for ever, so the auditor notes them before.

use std::collections::BTreeMap;
use std::time::Duration;

use danbao_store::faulty::Disk;
use danbao_store::{Conn, Error};

use super::books::{Merchant, Message};

/// Whoever looks this often misses none: they are kept for thirty days.
pub(crate) const LOOK_EVERY: Duration = Duration::from_secs(29 * 86_400);

/// All that were ever seen, by their ids.
#[derive(Default)]
pub(super) struct RejectedMessages(BTreeMap<String, Message>);

impl RejectedMessages {
    /// Notes those that are there now.
    pub(super) fn look(&mut self, merchant: &Disk) -> Result<(), Error> {
        self.0.extend(merchant.inspect(read)?);
        Ok(())
    }

    /// The merchant's messages as if none had been forgotten.
    pub(super) fn complete(&mut self, merchant: &mut Merchant) {
        merchant.messages.retain(|message| message.outcome != "rejected");
        merchant.messages.extend(std::mem::take(&mut self.0).into_values());
    }
}

fn read(conn: &mut dyn Conn) -> Result<Vec<(String, Message)>, Error> {
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
