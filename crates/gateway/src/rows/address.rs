//! Address books.

use danbao_node::Fault;
use danbao_protocol::address_post::ReceiveAddress;
use danbao_protocol::ids::UserId;
use danbao_protocol::service::payment::Receive;
use danbao_region::{Code, Place};
use danbao_store::{Bind, Conn};

/// One entry of a buyer's address book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) address_id: i64,
    /// 行政区划代码; `None` where only one line of text is known, as it is entered at the cashier.
    pub(crate) area_code: Option<Code>,
    /// Who and where; with a code, the address is the street alone.
    pub(crate) to: Receive,
}

impl Address {
    fn place(&self) -> Option<Place> {
        self.area_code.and_then(danbao_region::place)
    }

    /// As a trade has it, in one line: province city area street (protocol.md §4.2). A municipality is not said twice.
    pub(crate) fn receive(&self) -> Receive {
        let Some(place) = self.place() else { return self.to.clone() };
        let city = place.city().filter(|city| *city != place.province());
        let parts = [Some(place.province()), city, place.area(), Some(self.to.address.as_str())];
        let line: Vec<&str> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
        Receive { address: line.join(" "), ..self.to.clone() }
    }

    /// As a merchant is told it, in its parts (protocol.md §4.6); `None` without a known region, by which the merchant
    /// finds the place.
    pub(crate) fn in_parts(&self) -> Option<ReceiveAddress> {
        let place = self.place()?;
        Some(ReceiveAddress {
            prov: place.province().to_owned(),
            city: place.city().unwrap_or_default().to_owned(),
            area: place.area().unwrap_or_default().to_owned(),
            address_code: place.region().code().to_string(),
            address: one_line(&self.to.address),
            fullname: one_line(&self.to.name),
            mobile_phone: one_line(&self.to.mobile),
            phone: one_line(&self.to.phone),
            post: one_line(&self.to.zip),
        })
    }
}

/// The text without line ends and their like: no input of ours sends them, and a browser would change them on the way to
/// a merchant, whose check of the signature would fail.
pub(crate) fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}

/// A buyer's address book, oldest entry first.
pub(crate) fn load_of(tx: &mut dyn Conn, user_id: &UserId) -> Result<Vec<Address>, Fault> {
    let rows = tx.query(
        "SELECT address_id, name, address, zip, phone, mobile, area_code FROM address WHERE user_id = $1
         ORDER BY address_id LIMIT 100",
        &[Bind::Text(user_id.as_str())],
    )?;
    rows.iter()
        .map(|row| {
            let to = Receive {
                name: row.get(1)?,
                address: row.get(2)?,
                zip: row.get(3)?,
                phone: row.get(4)?,
                mobile: row.get(5)?,
            };
            Ok(Address { address_id: row.get(0)?, area_code: row.get::<String>(6)?.parse().ok(), to })
        })
        .collect()
}

fn written(code: Option<Code>) -> String {
    code.map(|code| code.to_string()).unwrap_or_default()
}

/// Adds an entry.
pub(crate) fn insert(tx: &mut dyn Conn, user_id: &UserId, address: &Address) -> Result<(), Fault> {
    let to = &address.to;
    tx.execute(
        "INSERT INTO address (address_id, user_id, name, address, zip, phone, mobile, area_code)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        &[
            Bind::Int(address.address_id),
            Bind::Text(user_id.as_str()),
            Bind::Text(&to.name),
            Bind::Text(&to.address),
            Bind::Text(&to.zip),
            Bind::Text(&to.phone),
            Bind::Text(&to.mobile),
            Bind::Text(&written(address.area_code)),
        ],
    )?;
    Ok(())
}

/// Changes an entry of this buyer's; whether there is such a one.
pub(crate) fn update(tx: &mut dyn Conn, user_id: &UserId, address: &Address) -> Result<bool, Fault> {
    let to = &address.to;
    let changed = tx.execute(
        "UPDATE address SET name = $3, address = $4, zip = $5, phone = $6, mobile = $7, area_code = $8
         WHERE user_id = $1 AND address_id = $2",
        &[
            Bind::Text(user_id.as_str()),
            Bind::Int(address.address_id),
            Bind::Text(&to.name),
            Bind::Text(&to.address),
            Bind::Text(&to.zip),
            Bind::Text(&to.phone),
            Bind::Text(&to.mobile),
            Bind::Text(&written(address.area_code)),
        ],
    )?;
    Ok(changed == 1)
}

/// Removes an entry of this buyer's.
pub(crate) fn delete(tx: &mut dyn Conn, user_id: &UserId, address_id: i64) -> Result<(), Fault> {
    tx.execute(
        "DELETE FROM address WHERE user_id = $1 AND address_id = $2",
        &[Bind::Text(user_id.as_str()), Bind::Int(address_id)],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(code: Option<&str>, street: &str) -> Address {
        let to = Receive { address: street.to_owned(), ..Receive::default() };
        Address { address_id: 1, area_code: code.map(|code| code.parse().unwrap()), to }
    }

    #[test]
    fn a_line_names_the_regions_once_and_the_parts_name_all_three() {
        for (code, line, parts) in [
            ("310107", "上海 普陀区 某路1号", ["上海", "上海", "普陀区"]),
            ("330106", "浙江省 杭州市 西湖区 某路1号", ["浙江省", "杭州市", "西湖区"]),
            ("441900", "广东省 东莞市 某路1号", ["广东省", "东莞市", ""]),
        ] {
            let address = address(Some(code), "某路1号");
            assert_eq!(address.receive().address, line);
            let told = address.in_parts().unwrap();
            assert_eq!([&told.prov, &told.city, &told.area], parts);
            assert_eq!((told.address_code.as_str(), told.address.as_str()), (code, "某路1号"));
        }
    }

    #[test]
    fn what_is_one_line_of_text_stays_so_and_has_no_parts() {
        for code in [None, Some("999999")] {
            let address = address(code, "上海市 普陀区 某路1号");
            assert_eq!(address.receive().address, "上海市 普陀区 某路1号");
            assert_eq!(address.in_parts(), None);
        }
    }
}
