//! Addresses and ranges, as firewalls list them, and the ones that the tutorials name.

use std::net::{IpAddr, Ipv4Addr};

/// The ranges of the original in 2011-2012 (escrow, dual and quick-login tutorial, step 2 B). They are history: a gateway
/// of today has other addresses.
pub const TUTORIALS: [Range; 3] = [
    Range { base: IpAddr::V4(Ipv4Addr::new(121, 0, 26, 0)), bits: 23 },
    Range { base: IpAddr::V4(Ipv4Addr::new(110, 75, 128, 0)), bits: 19 },
    Range { base: IpAddr::V4(Ipv4Addr::new(115, 124, 16, 0)), bits: 24 },
];

/// All addresses with the same first bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// One of them.
    pub base: IpAddr,
    /// How many bits are the same.
    pub bits: u8,
}

impl Range {
    /// Reads `121.0.26.11`, `121.0.26.0/23` or an IPv6 address or range.
    pub fn parse(text: &str) -> Option<Range> {
        let (base, bits) = match text.split_once('/') {
            Some((base, bits)) => (base, Some(bits.parse::<u8>().ok()?)),
            None => (text, None),
        };
        let base: IpAddr = base.parse().ok()?;
        let most = if base.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(most);
        (bits <= most).then_some(Range { base, bits })
    }

    /// Whether an address is among them.
    pub fn holds(&self, address: IpAddr) -> bool {
        match (self.base, address) {
            (IpAddr::V4(base), IpAddr::V4(address)) => {
                let differs = u32::from(base) ^ u32::from(address);
                differs.checked_shr(32 - u32::from(self.bits)).unwrap_or(0) == 0
            }
            (IpAddr::V6(base), IpAddr::V6(address)) => {
                let differs = u128::from(base) ^ u128::from(address);
                differs.checked_shr(128 - u32::from(self.bits)).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

/// The ranges of a list, one to a line or parted by commas or blanks, and what in it is none. `#` begins a remark.
pub fn read(list: &str) -> (Vec<Range>, Vec<String>) {
    let mut ranges = Vec::new();
    let mut strange = Vec::new();
    for line in list.lines() {
        let line = line.split('#').next().unwrap_or_default();
        for word in line.split([',', ';', ' ', '\t']).filter(|word| !word.is_empty()) {
            match Range::parse(word) {
                Some(range) => ranges.push(range),
                None => strange.push(word.to_owned()),
            }
        }
    }
    (ranges, strange)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn the_tutorials_ranges_hold_what_the_tutorials_say() {
        for (range, first, last) in [
            (TUTORIALS[0], "121.0.26.1", "121.0.27.254"),
            (TUTORIALS[1], "110.75.128.1", "110.75.159.254"),
            (TUTORIALS[2], "115.124.16.1", "115.124.16.254"),
        ] {
            assert!(range.holds(ip(first)) && range.holds(ip(last)));
        }
        assert!(!TUTORIALS[0].holds(ip("121.0.28.0")) && !TUTORIALS[1].holds(ip("110.75.160.0")));
    }

    #[test]
    fn a_range_of_every_size_is_read_and_a_strange_word_is_named() {
        let (ranges, strange) = read("0.0.0.0/0\n127.0.0.1, ::1/128 # here\n10.0.0.0/33\nlocalhost");
        assert_eq!((ranges.len(), strange), (3, vec!["10.0.0.0/33".to_owned(), "localhost".to_owned()]));
        assert!(ranges[0].holds(ip("8.8.8.8")) && !ranges[0].holds(ip("::1")));
        assert!(ranges[1].holds(ip("127.0.0.1")) && !ranges[1].holds(ip("127.0.0.2")));
        assert!(ranges[2].holds(ip("::1")) && !ranges[2].holds(ip("::2")));
        assert!(Range::parse("::/0").unwrap().holds(ip("2001:db8::1")));
    }
}
