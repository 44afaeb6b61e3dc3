//! 收货地址簿: one book a buyer, entered in one form, wherever it is shown: at the desk, and on the way to a merchant.

use danbao_node::Fault;
use danbao_protocol::ids::UserId;
use danbao_region::{Code, Level, Region, children, find, place, provinces};

use crate::cashier::{self, ADDRESSES_MAX, entered_address};
use crate::pages::{AddressEntry, BookEntry, BookForm, FormError, Message, RegionChoice, RegionOption};
use crate::rows::address::{self, Address};
use crate::turn::Turn;
use crate::web::Fields;

/// A buyer's book as pages show it.
pub(crate) fn shown(book: &[Address]) -> Vec<BookEntry> {
    book.iter()
        .enumerate()
        .map(|(index, entry)| BookEntry {
            id: entry.address_id,
            address: cashier::address(index, &entry.receive()),
            lacks_region: entry.in_parts().is_none(),
        })
        .collect()
}

/// The entry of a book that a form or a link names.
pub(crate) fn named<'b>(book: &'b [Address], id: &str) -> Option<&'b Address> {
    let id: i64 = id.parse().ok()?;
    book.iter().find(|entry| entry.address_id == id)
}

/// The form for a new entry, empty or as it was sent.
pub(crate) fn form(sent: &Fields) -> BookForm {
    BookForm {
        id: sent.get("id").parse().ok(),
        entry: AddressEntry {
            name: sent.get("receive_name").to_owned(),
            address: sent.get("receive_address").to_owned(),
            zip: sent.get("receive_zip").to_owned(),
            phone: sent.get("receive_phone").to_owned(),
            mobile: sent.get("receive_mobile").to_owned(),
        },
        region: Chosen::of(sent).shown(),
    }
}

/// The form for an entry that is there.
pub(crate) fn form_of(entry: &Address) -> BookForm {
    BookForm {
        id: Some(entry.address_id),
        entry: AddressEntry {
            name: entry.to.name.clone(),
            address: entry.to.address.clone(),
            zip: entry.to.zip.clone(),
            phone: entry.to.phone.clone(),
            mobile: entry.to.mobile.clone(),
        },
        region: Chosen::around(entry.area_code).shown(),
    }
}

/// Saves what the form says: a new entry, or the one that it names. Gives the entry's id, or why the form comes back;
/// `None` is not an error, the next level of regions is asked for.
pub(crate) fn save(
    turn: &mut Turn<'_>,
    user_id: &UserId,
    sent: &Fields,
) -> Result<Result<i64, Option<FormError>>, Fault> {
    let chosen = Chosen::of(sent);
    let Some(area_code) = chosen.complete() else {
        let is_asked_for = !sent.get("list").is_empty() && chosen.levels[0].is_some();
        let error = FormError::at(chosen.next(), Message::RegionIncomplete);
        return Ok(Err((!is_asked_for).then_some(error)));
    };
    let to = match entered_address(sent) {
        Ok(to) => to,
        Err(error) => return Ok(Err(Some(error))),
    };
    let entry = Address { address_id: 0, area_code: Some(area_code), to };
    if entry.receive().address.chars().count() > LINE_CHARS_MAX {
        return Ok(Err(Some(FormError::at("receive_address", Message::TooLong))));
    }
    if let Ok(address_id) = sent.get("id").parse()
        && address::update(turn.tx, user_id, &Address { address_id, ..entry.clone() })?
    {
        return Ok(Ok(address_id));
    }
    if address::load_of(turn.tx, user_id)?.len() >= ADDRESSES_MAX {
        return Ok(Err(Some(FormError::whole(Message::AddressBookFull))));
    }
    let address_id = turn.number("address")?;
    address::insert(turn.tx, user_id, &Address { address_id, ..entry })?;
    Ok(Ok(address_id))
}

/// The length of `receive_address` in characters, regions and all (protocol.md §3.2).
const LINE_CHARS_MAX: usize = 128;

/// The inputs of the three levels: province, city, area.
const FIELDS: [&str; 3] = ["region_1", "region_2", "region_3"];

/// How far down a region has been chosen. What does not lie in what is above it was chosen before that was changed, and
/// is forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Chosen {
    levels: [Option<Code>; 3],
}

impl Chosen {
    fn of(sent: &Fields) -> Chosen {
        let [province, city, area] = FIELDS.map(|field| sent.get(field).parse::<Code>().ok());
        Chosen::from(province, city, area)
    }

    fn around(code: Option<Code>) -> Chosen {
        let code = code.filter(|code| place(*code).is_some());
        let city = code.and_then(Code::city);
        Chosen::from(code.map(Code::province), city, code)
    }

    fn from(province: Option<Code>, city: Option<Code>, area: Option<Code>) -> Chosen {
        let is_there = |code: &Code, level| code.level() == level && find(*code).is_some();
        let province = province.filter(|code| is_there(code, Level::Province));
        let city = city.filter(|code| is_there(code, Level::City) && Some(code.province()) == province);
        let city = city.or_else(|| only_child(province?));
        let area = area.filter(|code| is_there(code, Level::Area) && code.city() == city);
        Chosen { levels: [province, city, area] }
    }

    /// The smallest region, if none below it is left to choose.
    fn complete(&self) -> Option<Code> {
        let [_, city, area] = self.levels;
        area.or(city.filter(|city| children(*city).next().is_none()))
    }

    /// The input of the first level that is not chosen.
    fn next(&self) -> &'static str {
        let next = self.levels.iter().position(Option::is_none);
        next.and_then(|level| FIELDS.get(level)).copied().unwrap_or_default()
    }

    fn shown(&self) -> RegionChoice {
        let [province, city, area] = self.levels;
        let option = |chosen: Option<Code>| {
            move |region: &'static Region| RegionOption {
                code: region.code().to_string(),
                name: region.name(),
                chosen: Some(region.code()) == chosen,
            }
        };
        RegionChoice {
            provinces: provinces().map(option(province)).collect(),
            cities: province.into_iter().flat_map(children).map(option(city)).collect(),
            areas: city.into_iter().flat_map(children).map(option(area)).collect(),
            is_complete: self.complete().is_some(),
        }
    }
}

/// The one region below, if there is no other: a municipality's districts taken together.
fn only_child(code: Code) -> Option<Code> {
    let mut below = children(code);
    let only = below.next()?.code();
    below.next().is_none().then_some(only)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> Option<Code> {
        text.parse().ok()
    }

    fn chosen(province: &str, city: &str, area: &str) -> Chosen {
        Chosen::from(code(province), code(city), code(area))
    }

    #[test]
    fn a_region_is_chosen_level_by_level() {
        assert_eq!((chosen("", "", "").complete(), chosen("", "", "").next()), (None, "region_1"));
        assert_eq!(
            (chosen("330000", "", "").complete(), chosen("330000", "", "").next()),
            (None, "region_2")
        );
        let city = chosen("330000", "330100", "");
        assert_eq!((city.complete(), city.next()), (None, "region_3"));
        assert_eq!(chosen("330000", "330100", "330106").complete(), code("330106"));
        assert_eq!(chosen("440000", "441900", "").complete(), code("441900"), "a city without districts");
        assert_eq!(chosen("310000", "", "").next(), "region_3", "a municipality is its own city");
        assert_eq!(chosen("310000", "", "310107").complete(), code("310107"));
        assert_eq!(chosen("500000", "", "").next(), "region_2", "but for the one that has counties");
    }

    #[test]
    fn what_lies_elsewhere_is_forgotten() {
        assert_eq!(chosen("310000", "330100", "330106").levels, [code("310000"), code("310100"), None]);
        assert_eq!(chosen("330000", "330100", "310107").complete(), None);
        assert_eq!(chosen("990000", "330100", "330106").levels, [None; 3]);
        assert_eq!(chosen("330106", "330106", "330106").levels, [None; 3]);
        assert_eq!(Chosen::around(code("330106")).complete(), code("330106"));
        assert_eq!(Chosen::around(code("330199")).levels, [None; 3]);
    }
}
