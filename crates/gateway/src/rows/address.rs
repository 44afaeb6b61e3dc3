//! Address books.

use danbao_protocol::ids::UserId;
use danbao_protocol::service::payment::Receive;
use danbao_store::{Bind, Conn};

use crate::fault::Fault;

/// One entry of a buyer's address book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) address_id: i64,
    pub(crate) receive: Receive,
}

/// A buyer's address book, oldest entry first.
pub(crate) fn load_of(tx: &mut dyn Conn, user_id: &UserId) -> Result<Vec<Address>, Fault> {
    let rows = tx.query(
        "SELECT address_id, name, address, zip, phone, mobile FROM address WHERE user_id = $1
         ORDER BY address_id LIMIT 100",
        &[Bind::Text(user_id.as_str())],
    )?;
    rows.iter()
        .map(|row| {
            let receive = Receive {
                name: row.get(1)?,
                address: row.get(2)?,
                zip: row.get(3)?,
                phone: row.get(4)?,
                mobile: row.get(5)?,
            };
            Ok(Address { address_id: row.get(0)?, receive })
        })
        .collect()
}

/// Adds an entry.
pub(crate) fn insert(tx: &mut dyn Conn, user_id: &UserId, address: &Address) -> Result<(), Fault> {
    let to = &address.receive;
    tx.execute(
        "INSERT INTO address (address_id, user_id, name, address, zip, phone, mobile)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        &[
            Bind::Int(address.address_id),
            Bind::Text(user_id.as_str()),
            Bind::Text(&to.name),
            Bind::Text(&to.address),
            Bind::Text(&to.zip),
            Bind::Text(&to.phone),
            Bind::Text(&to.mobile),
        ],
    )?;
    Ok(())
}

/// Removes an entry of this buyer's.
pub(crate) fn delete(tx: &mut dyn Conn, user_id: &UserId, address_id: i64) -> Result<(), Fault> {
    tx.execute(
        "DELETE FROM address WHERE user_id = $1 AND address_id = $2",
        &[Bind::Text(user_id.as_str()), Bind::Int(address_id)],
    )?;
    Ok(())
}
