//! 行政区划代码: six digits, two for each level.

use std::fmt;
use std::str::FromStr;

/// The code of a region, such as `310115`. That it has the form of one does not say that there is such a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(u32);

/// How far down a region stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// 省级: provinces, autonomous regions, municipalities.
    Province,
    /// 地级: cities, prefectures, leagues; for a municipality the office's 市辖区 and 县.
    City,
    /// 县级: districts, counties, banners, county-level cities.
    Area,
}

/// Not six digits, or not below any province.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a region's code is six digits")]
pub struct NotACode;

impl Code {
    /// Takes the number that the six digits make; `None` if it has more or fewer.
    pub const fn new(number: u32) -> Option<Code> {
        if number >= 100_000 && number <= 999_999 { Some(Code(number)) } else { None }
    }

    /// The level, as the zeros at the end tell it.
    pub const fn level(self) -> Level {
        match (self.0 % 10_000, self.0 % 100) {
            (0, _) => Level::Province,
            (_, 0) => Level::City,
            _ => Level::Area,
        }
    }

    /// The code of the province that this one lies in: itself for a province.
    pub const fn province(self) -> Code {
        Code(self.0 / 10_000 * 10_000)
    }

    /// The code of the city that this one lies in: itself for a city, none for a province.
    pub const fn city(self) -> Option<Code> {
        match self.level() {
            Level::Province => None,
            Level::City | Level::Area => Some(Code(self.0 / 100 * 100)),
        }
    }

    /// The code one level up; none for a province.
    pub const fn parent(self) -> Option<Code> {
        match self.level() {
            Level::Province => None,
            Level::City => Some(self.province()),
            Level::Area => self.city(),
        }
    }
}

impl FromStr for Code {
    type Err = NotACode;

    fn from_str(text: &str) -> Result<Code, NotACode> {
        let is_six_digits = text.len() == 6 && text.bytes().all(|b| b.is_ascii_digit());
        let number = text.parse().ok().filter(|_| is_six_digits);
        number.and_then(Code::new).ok_or(NotACode)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:06}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_tells_its_level_and_what_it_lies_in() {
        let code = |text: &str| text.parse::<Code>().unwrap();
        let pudong = code("310115");
        assert_eq!(
            (pudong.level(), pudong.parent(), pudong.city()),
            (Level::Area, Some(code("310100")), Some(code("310100")))
        );
        assert_eq!((code("310100").level(), code("310100").parent()), (Level::City, Some(code("310000"))));
        assert_eq!((code("310000").level(), code("310000").parent()), (Level::Province, None));
        assert_eq!(pudong.to_string(), "310115");
    }

    #[test]
    fn what_is_not_six_digits_is_no_code() {
        for text in ["", "31011", "3101150", "31011x", "+31011", "010101", "３１０１１５", " 310115"] {
            assert_eq!(text.parse::<Code>(), Err(NotACode), "{text}");
        }
    }
}
