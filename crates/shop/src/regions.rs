//! The shop's own list of regions, and an address from the gateway found in it.

use std::sync::LazyLock;

use danbao_merchant::protocol::address_post::ReceiveAddress;
use danbao_merchant::region::{NamedPlace, RegionId, RegionList, RegionMatch, ShopRegion, find_region};
use serde::Serialize;

/// The file is part of the program: what does not parse is found by the test below.
static LIST: LazyLock<RegionList> = LazyLock::new(|| {
    let regions = include_str!("../data/regions.csv").lines().filter_map(|line| {
        let mut columns = line.split(',');
        let key = columns.next()?.to_owned();
        let parent = Some(columns.next()?.to_owned()).filter(|parent| !parent.is_empty());
        Some(ShopRegion { key, parent, name: columns.next()?.to_owned(), code: None })
    });
    RegionList::new(regions).unwrap_or_default()
});

/// What the shop's list says to an address: where the buyer has to choose, and between what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct RegionChoice {
    /// `matched`, `ambiguous` or `no_match`.
    pub(crate) word: &'static str,
    /// The names as they came.
    given: String,
    /// What the buyer may choose, or the one that was found.
    pub(crate) options: Vec<RegionOption>,
}

/// A region as the shop writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct RegionOption {
    pub(crate) key: String,
    pub(crate) name: String,
}

impl RegionOption {
    fn of(id: RegionId) -> Option<RegionOption> {
        let path = LIST.path(id);
        let key = path.last()?.key.clone();
        Some(RegionOption {
            key,
            name: path.iter().map(|region| region.name.as_str()).collect::<Vec<_>>().join(" "),
        })
    }
}

impl RegionChoice {
    /// Looks an address up.
    pub(crate) fn of(address: &ReceiveAddress) -> RegionChoice {
        let place = NamedPlace {
            prov: &address.prov,
            city: &address.city,
            area: &address.area,
            address_code: &address.address_code,
        };
        let (word, ids) = match find_region(&LIST, &place) {
            RegionMatch::Matched(id) => ("matched", vec![id]),
            RegionMatch::Ambiguous(ids) => ("ambiguous", ids),
            RegionMatch::NoMatch { reached } => match (reached, LIST.children(reached)) {
                (Some(last), []) => ("no_match", vec![last]),
                (_, below) => ("no_match", below.to_vec()),
            },
        };
        let names = [&address.prov, &address.city, &address.area];
        let given: Vec<&str> =
            names.iter().map(|name| name.as_str()).filter(|name| !name.is_empty()).collect();
        RegionChoice {
            word,
            given: given.join(" "),
            options: ids.into_iter().filter_map(RegionOption::of).collect(),
        }
    }

    /// The region that the order goes to: the one that was found, or the one that the buyer has chosen.
    pub(crate) fn chosen(&self, key: &str) -> Option<&RegionOption> {
        match self.word {
            "matched" => self.options.first(),
            _ => self.options.iter().find(|option| option.key == key),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_shops_list_is_in_it() {
        assert_eq!(LIST.ids().count(), include_str!("../data/regions.csv").lines().count());
    }

    #[test]
    fn the_gateways_names_are_found_under_the_shops() {
        let found = |prov: &str, city: &str, area: &str, code: &str| {
            let address = ReceiveAddress {
                prov: prov.into(),
                city: city.into(),
                area: area.into(),
                address_code: code.into(),
                ..ReceiveAddress::default()
            };
            let choice = RegionChoice::of(&address);
            (choice.word, choice.options.into_iter().map(|option| option.name).collect::<Vec<_>>())
        };
        assert_eq!(found("上海", "上海", "浦东新区", "310115"), ("matched", vec!["上海市 浦东".into()]));
        assert_eq!(
            found("湖北省", "襄阳市", "襄州区", "420607"),
            ("matched", vec!["湖北 襄樊市 襄阳".into()])
        );
        let (word, options) = found("新疆维吾尔自治区", "和田地区", "和田县", "653221");
        assert_eq!((word, options), ("ambiguous", vec!["新疆 和田地区 和田".into()]));
        let (word, options) = found("江苏省", "苏州市", "姑苏区", "320508");
        assert_eq!(word, "no_match");
        assert!(options.contains(&"江苏 苏州市 沧浪".into()) && options.len() > 5);
        assert_eq!(found("蓬莱省", "", "", "").0, "no_match");
    }

    #[test]
    fn no_region_of_the_office_is_taken_for_another() {
        // 省直辖县级行政区划 and Chongqing's 县 are no places of their own: they stand for the province.
        let is_place = |name: &str| !name.contains("直辖") && name != "县";
        for region in danbao_region::all().iter().filter(|region| is_place(region.name())) {
            let place = danbao_region::place(region.code()).unwrap();
            let address = ReceiveAddress {
                prov: place.province().into(),
                city: place.city().unwrap_or_default().into(),
                area: place.area().unwrap_or_default().into(),
                address_code: region.code().to_string(),
                ..ReceiveAddress::default()
            };
            let choice = RegionChoice::of(&address);
            if choice.word == "matched" {
                let name = &choice.options[0].name;
                let last = name.rsplit(' ').next().unwrap();
                let own: Vec<&str> = std::iter::once(region.name()).chain(region.former_names()).collect();
                let is_own = own.iter().any(|own| own.chars().next() == last.chars().next());
                assert!(is_own, "{} became {name}", region.name());
            }
        }
    }
}
