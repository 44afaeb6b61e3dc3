//! The list, in the order of its codes.

use std::sync::LazyLock;

use crate::code::{Code, Level};

const REGIONS: &str = include_str!("../data/regions.csv");
const FORMER: &str = include_str!("../data/former.csv");

/// 市辖区: what the office calls the districts of a city taken together.
const CITY_DISTRICTS: &str = "市辖区";
/// 县: what it calls the counties of Chongqing taken together.
const COUNTIES: &str = "县";

/// One region of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Region {
    code: Code,
    name: &'static str,
}

/// A region with everything that it lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    province: &'static Region,
    city: Option<&'static Region>,
    area: Option<&'static Region>,
}

/// The files are part of the program: a line that does not parse is left out and found by the tests below.
fn lines(text: &'static str) -> impl Iterator<Item = Region> {
    text.lines().filter_map(|line| {
        let (code, name) = line.split_once(',')?;
        Some(Region { code: code.parse().ok()?, name })
    })
}

static LIST: LazyLock<Vec<Region>> = LazyLock::new(|| lines(REGIONS).collect());
static FORMER_NAMES: LazyLock<Vec<Region>> = LazyLock::new(|| lines(FORMER).collect());

/// Every region, in the order of the codes: a province, its first city, that city's areas, its next city.
pub fn all() -> &'static [Region] {
    &LIST
}

/// The region of a code.
pub fn find(code: Code) -> Option<&'static Region> {
    let at = LIST.binary_search_by_key(&code, |region| region.code).ok()?;
    LIST.get(at)
}

/// Every province, autonomous region and municipality.
pub fn provinces() -> impl Iterator<Item = &'static Region> {
    LIST.iter().filter(|region| region.level() == Level::Province)
}

/// The regions one level below this one, in the order of their codes: none for an area, a city without areas, or a code
/// of nothing.
pub fn children(code: Code) -> impl Iterator<Item = &'static Region> {
    let first = LIST.partition_point(|region| region.code <= code);
    let below = LIST.get(first..).unwrap_or_default().iter();
    let is_below = move |region: &&Region| match code.level() {
        Level::Province => region.code.province() == code,
        Level::City => region.code.city() == Some(code),
        Level::Area => false,
    };
    below.take_while(is_below).filter(move |region| region.code.parent() == Some(code))
}

/// The region of a code with its city and province.
pub fn place(code: Code) -> Option<Place> {
    let region = find(code)?;
    let province = find(code.province())?;
    let city = code.city().and_then(find);
    Some(Place { province, city, area: Some(region).filter(|region| region.level() == Level::Area) })
}

impl Region {
    /// The code.
    pub fn code(&self) -> Code {
        self.code
    }

    /// How far down it stands.
    pub fn level(&self) -> Level {
        self.code.level()
    }

    /// The name as the gateway writes it: in full, a municipality without 市. The districts of a municipality taken
    /// together, 市辖区 in the office's list, have the municipality's name (protocol.md §4.6).
    pub fn name(&self) -> &'static str {
        match find(self.code.province()) {
            Some(province) if self.name == CITY_DISTRICTS && self.level() == Level::City => province.name,
            _ => self.name,
        }
    }

    /// 直辖市: a municipality, which is its own province.
    pub fn is_municipality(&self) -> bool {
        self.level() == Level::Province && matches!(self.name, "北京" | "天津" | "上海" | "重庆")
    }

    /// Names that the same place had in the office's lists of 2002 to 2013.
    pub fn former_names(&self) -> impl Iterator<Item = &'static str> {
        let code = self.code;
        FORMER_NAMES.iter().filter(move |former| former.code == code).map(|former| former.name)
    }
}

impl Place {
    /// 省: `prov` of an address.
    pub fn province(&self) -> &'static str {
        self.province.name()
    }

    /// 市: `city` of an address; a municipality is its own city. `None` if the place is a whole province.
    pub fn city(&self) -> Option<&'static str> {
        self.city.map(|city| match city.name {
            CITY_DISTRICTS | COUNTIES if self.province.is_municipality() => self.province.name(),
            _ => city.name(),
        })
    }

    /// 区, 县: `area` of an address. `None` if the place is larger.
    pub fn area(&self) -> Option<&'static str> {
        self.area.map(Region::name)
    }

    /// The smallest region of the three.
    pub fn region(&self) -> &'static Region {
        self.area.or(self.city).unwrap_or(self.province)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> Code {
        text.parse().unwrap()
    }

    fn written(text: &str) -> (&'static str, &'static str, &'static str) {
        let place = place(code(text)).unwrap();
        (place.province(), place.city().unwrap_or_default(), place.area().unwrap_or_default())
    }

    #[test]
    fn every_line_of_the_list_is_a_region_and_their_codes_ascend() {
        assert_eq!(all().len(), REGIONS.lines().count());
        assert!(all().windows(2).all(|pair| pair[0].code < pair[1].code));
        assert_eq!(provinces().count(), 31);
        assert!(all().iter().all(|region| !region.name.is_empty()));
    }

    #[test]
    fn every_region_lies_in_one_of_the_list() {
        for region in all() {
            let parent = region.code.parent();
            assert!(parent.is_none_or(|parent| find(parent).is_some()), "{}", region.code);
            let is_child = parent.is_none_or(|parent| children(parent).any(|child| child == region));
            assert!(is_child, "{}", region.code);
        }
    }

    #[test]
    fn names_are_those_of_the_tutorial() {
        assert_eq!(written("310115"), ("上海", "上海", "浦东新区"));
        assert_eq!(written("500229"), ("重庆", "重庆", "城口县"));
        assert_eq!(written("330106"), ("浙江省", "杭州市", "西湖区"));
        assert_eq!(written("150102"), ("内蒙古自治区", "呼和浩特市", "新城区"));
        assert_eq!(written("429004"), ("湖北省", "省直辖县级行政区划", "仙桃市"));
        assert_eq!(written("441900"), ("广东省", "东莞市", ""));
        assert_eq!(written("650000"), ("新疆维吾尔自治区", "", ""));
        assert_eq!(find(code("500200")).unwrap().name(), "县");
        let municipalities: Vec<_> = provinces().filter(|p| p.is_municipality()).map(Region::name).collect();
        assert_eq!(municipalities, ["北京", "天津", "上海", "重庆"]);
    }

    #[test]
    fn children_are_one_level_down_and_no_further() {
        let names = |text: &str| children(code(text)).map(Region::name).collect::<Vec<_>>();
        assert_eq!(names("310000"), ["上海"]);
        assert_eq!(names("500000"), ["重庆", "县"]);
        assert!(names("310100").contains(&"浦东新区") && names("310100").len() == 16);
        assert_eq!(names("440000").len(), 21);
        assert!(names("441900").is_empty() && names("310115").is_empty() && names("990000").is_empty());
    }

    #[test]
    fn a_code_of_nothing_finds_nothing() {
        for text in ["999999", "310199", "310300", "990000"] {
            assert!(find(code(text)).is_none() && place(code(text)).is_none(), "{text}");
        }
    }

    #[test]
    fn a_renamed_place_keeps_its_former_name_and_none_is_that_of_another_place() {
        let former = |text: &str| find(code(text)).unwrap().former_names().collect::<Vec<_>>();
        assert_eq!(former("420600"), ["襄樊市"]);
        assert_eq!(former("530800"), ["思茅市"]);
        assert!(former("310115").is_empty());
        assert_eq!(FORMER_NAMES.len(), FORMER.lines().count());
        for former in FORMER_NAMES.iter() {
            let region = find(former.code).unwrap();
            assert_ne!(region.name, former.name);
            let parent = former.code.parent().unwrap();
            assert!(children(parent).all(|sibling| sibling.name != former.name), "{}", former.name);
        }
    }
}
