//! How well two names of regions fit: the tutorial's two methods for one pair of names.

/// 直辖市
const MUNICIPALITIES: [&str; 4] = ["北京", "天津", "上海", "重庆"];

/// How one name fits another, the better first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fit {
    /// The names are equal, or name the same municipality with and without 市.
    Equal,
    /// One begins with the other: 浦东 and 浦东新区.
    Beginning,
    /// The first two characters are equal: 黔西南州 and 黔西南布依族苗族自治州.
    FirstTwo,
    /// One contains the other further inside: 呼市新城 and 新城. Too weak to go by without asking.
    Inside,
}

/// The better of the fits that `is_allowed`; `None` if the names do not fit.
///
/// As the tutorial has it: first whether one of them is a municipality, and only then the comparison. A municipality
/// fits itself alone.
pub(super) fn fit(theirs: &str, ours: &str, is_allowed: impl Fn(Fit) -> bool) -> Option<Fit> {
    let (theirs, ours) = (theirs.trim(), ours.trim());
    if theirs.is_empty() || ours.is_empty() {
        return None;
    }
    if theirs == ours {
        return Some(Fit::Equal);
    }
    match (municipality(theirs), municipality(ours)) {
        (None, None) => {}
        (one, other) => return (one == other).then_some(Fit::Equal),
    }
    let fits = [
        (Fit::Beginning, theirs.starts_with(ours) || ours.starts_with(theirs)),
        (Fit::FirstTwo, first_two(theirs).is_some() && first_two(theirs) == first_two(ours)),
        (Fit::Inside, theirs.contains(ours) || ours.contains(theirs)),
    ];
    fits.into_iter().find(|(fit, fits)| *fits && is_allowed(*fit)).map(|(fit, _)| fit)
}

/// The municipality that this names, with or without 市.
pub(super) fn municipality(name: &str) -> Option<&'static str> {
    let bare = name.strip_suffix('市').unwrap_or(name);
    MUNICIPALITIES.into_iter().find(|known| *known == bare)
}

fn first_two(name: &str) -> Option<(char, char)> {
    let mut characters = name.chars();
    Some((characters.next()?, characters.next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_municipality_fits_itself_alone() {
        let any = |theirs: &str, ours: &str| fit(theirs, ours, |_| true);
        assert_eq!(any("上海", "上海市"), Some(Fit::Equal));
        assert_eq!(any("上海市", "上海"), Some(Fit::Equal));
        assert_eq!(any("上海", "上海路区"), None);
        assert_eq!(any("上海", "北京市"), None);
        assert_eq!(any("重庆", "重"), None);
    }

    #[test]
    fn names_fit_by_either_method_and_the_better_counts() {
        let any = |theirs: &str, ours: &str| fit(theirs, ours, |_| true);
        for (theirs, ours, wanted) in [
            ("浦东新区", "浦东新区", Some(Fit::Equal)),
            ("浦东新区", "浦东", Some(Fit::Beginning)),
            ("广西壮族自治区", "广西", Some(Fit::Beginning)),
            ("浦东", "浦东新区", Some(Fit::Beginning)),
            ("黔西南布依族苗族自治州", "黔西南州", Some(Fit::FirstTwo)),
            ("静海区", "静海县", Some(Fit::FirstTwo)),
            ("新城区", "呼市新城区", Some(Fit::Inside)),
            ("襄阳市", "襄樊市", None),
            ("山东省", "山西省", None),
            ("城", "东城区", Some(Fit::Inside)),
            ("", "东城区", None),
            ("东城区", "", None),
        ] {
            assert_eq!(any(theirs, ours), wanted, "{theirs} {ours}");
        }
    }
}
