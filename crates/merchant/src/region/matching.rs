//! The walk through the merchant's list, one level after the other.

use danbao_region::{Code, Level, Place, Region};

use super::list::{RegionId, RegionList};
use super::name::{Fit, fit, municipality};

/// A place as the gateway names it: `prov`, `city`, `area` and `address_code` of a `receive_address`; any may be empty.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NamedPlace<'a> {
    /// 省, a municipality without 市
    pub prov: &'a str,
    /// 市; a municipality is its own city
    pub city: &'a str,
    /// 区, 县
    pub area: &'a str,
    /// 行政区划代码; empty, or whatever else came
    pub address_code: &'a str,
}

/// One way of comparing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// The exact one: the merchant's list has the area code.
    AreaCode,
    /// 方法一: one name contains the other.
    Contains,
    /// 方法二: the first two characters are equal.
    FirstTwo,
}

impl Method {
    /// All three, the surest first.
    pub const ALL: [Method; 3] = [Method::AreaCode, Method::Contains, Method::FirstTwo];
}

/// What came of looking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegionMatch {
    /// This region and no other.
    Matched(RegionId),
    /// The buyer has to say which. One candidate alone means that it fits too loosely to be taken unasked.
    Ambiguous(Vec<RegionId>),
    /// Nothing in the list fits.
    NoMatch {
        /// How far the names did lead, if they led to one region: where the buyer's choice can begin.
        reached: Option<RegionId>,
    },
}

/// Finds a place by all three ways: by code, and by names as far as there are no codes. Where the two lead to different
/// regions, the answer is ambiguous. The example is at [the module](super).
pub fn find_region(list: &RegionList, place: &NamedPlace<'_>) -> RegionMatch {
    let by_code = match find_region_by(list, place, Method::AreaCode) {
        RegionMatch::Matched(id) => Some(id),
        RegionMatch::Ambiguous(_) | RegionMatch::NoMatch { .. } => None,
    };
    let by_name = by_names(list, place, |_| true);
    match (by_code, by_name) {
        (None, by_name) => by_name,
        (Some(id), RegionMatch::NoMatch { .. }) => RegionMatch::Matched(id),
        (Some(id), RegionMatch::Matched(named)) if named == id => RegionMatch::Matched(id),
        (Some(id), RegionMatch::Matched(named)) => RegionMatch::Ambiguous(vec![id, named]),
        (Some(id), RegionMatch::Ambiguous(candidates)) if candidates.contains(&id) => {
            RegionMatch::Matched(id)
        }
        (Some(id), RegionMatch::Ambiguous(mut candidates)) => {
            candidates.insert(0, id);
            RegionMatch::Ambiguous(candidates)
        }
    }
}

/// Finds a place by one way alone, for a merchant who wants exactly the tutorial's (quick-login tutorial, 4).
///
/// ```
/// use danbao_merchant::region::{Method, NamedPlace, RegionList, RegionMatch, ShopRegion, find_region_by};
///
/// let region = |key: &str, name: &str, code: &str| ShopRegion {
///     key: key.into(),
///     parent: None,
///     name: name.into(),
///     code: code.parse().ok(),
/// };
/// let list = RegionList::new([region("sh", "沪", "310000"), region("bj", "京", "110000")])?;
/// let place = NamedPlace { prov: "上海", address_code: "310000", ..NamedPlace::default() };
/// let shanghai = list.ids().next().map(RegionMatch::Matched);
/// assert_eq!(Some(find_region_by(&list, &place, Method::AreaCode)), shanghai);
/// assert_eq!(find_region_by(&list, &place, Method::Contains), RegionMatch::NoMatch { reached: None });
/// # Ok::<(), danbao_merchant::region::ListError>(())
/// ```
pub fn find_region_by(list: &RegionList, place: &NamedPlace<'_>, method: Method) -> RegionMatch {
    match method {
        Method::AreaCode => by_code(list, place),
        Method::Contains => by_names(list, place, |fit| fit != Fit::FirstTwo),
        Method::FirstTwo => by_names(list, place, |fit| matches!(fit, Fit::Equal | Fit::FirstTwo)),
    }
}

fn by_code(list: &RegionList, place: &NamedPlace<'_>) -> RegionMatch {
    let Ok(code) = place.address_code.parse::<Code>() else {
        return RegionMatch::NoMatch { reached: None };
    };
    let with_code =
        |wanted: Code| list.ids().filter(move |id| list.get(*id).is_some_and(|r| r.code == Some(wanted)));
    let found: Vec<RegionId> = with_code(code).collect();
    match found[..] {
        [] => RegionMatch::NoMatch {
            reached: std::iter::successors(code.parent(), |code| code.parent())
                .find_map(|up| with_code(up).next()),
        },
        [id] => RegionMatch::Matched(id),
        _ => RegionMatch::Ambiguous(found),
    }
}

/// A region that the names so far lead to. `None` is the top of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Stand {
    at: Option<RegionId>,
    /// Whether some step on the way here was too loose to be taken unasked.
    is_loose: bool,
}

/// One name to be found, and what the office knows of it.
struct Step<'a> {
    name: &'a str,
    office: Option<&'static Region>,
    /// The merchant's list may well do without this level.
    may_lack: bool,
    /// How many levels right above this one the place does not name.
    left_out: usize,
}

fn by_names(
    list: &RegionList,
    place: &NamedPlace<'_>,
    is_allowed: impl Fn(Fit) -> bool + Copy,
) -> RegionMatch {
    let office = in_the_office(place);
    let mut stands = vec![Stand { at: None, is_loose: false }];
    for step in steps(place, office) {
        let mut next: Vec<Stand> = Vec::new();
        for stand in &stands {
            next.extend(step.from(list, *stand, is_allowed));
        }
        next.sort();
        next.dedup();
        // The surest way to a region counts.
        next.dedup_by_key(|stand| stand.at);
        if next.is_empty() {
            let reached = if let [only] = stands[..] { only.at } else { None };
            return RegionMatch::NoMatch { reached };
        }
        stands = next;
    }
    let found: Vec<RegionId> = stands.iter().filter_map(|stand| stand.at).collect();
    match (&found[..], &stands[..]) {
        ([], _) => RegionMatch::NoMatch { reached: None },
        ([id], [stand]) if !stand.is_loose => RegionMatch::Matched(*id),
        _ => RegionMatch::Ambiguous(found),
    }
}

/// The names that were given, from the largest.
fn steps<'a>(place: &NamedPlace<'a>, office: Option<Place>) -> Vec<Step<'a>> {
    let known = |level: Level, name: &str| {
        let code = office?.region().code();
        let code = match level {
            Level::Province => code.province(),
            Level::City => code.city()?,
            Level::Area => code,
        };
        danbao_region::find(code).filter(|region| region.name() == name && region.level() == level)
    };
    let is_own_city = municipality(place.city).is_some() || place.city.contains("直辖");
    let has_area = !place.area.trim().is_empty();
    let given = [
        (Level::Province, place.prov, false),
        // An area is looked for two levels down: the municipality as its own city would only lead past its counties.
        (Level::City, if is_own_city && has_area { "" } else { place.city }, is_own_city),
        (Level::Area, place.area, false),
    ];
    let mut steps = Vec::new();
    let mut left_out = 0;
    for (level, name, may_lack) in given {
        let name = name.trim();
        if name.is_empty() {
            left_out += 1;
        } else {
            steps.push(Step { name, office: known(level, name), may_lack, left_out });
            left_out = 0;
        }
    }
    steps
}

/// The place in the office's list: by its code unless the names say otherwise, else by its names.
fn in_the_office(place: &NamedPlace<'_>) -> Option<Place> {
    let says_the_same = |known: &Place| {
        let city = known.city().unwrap_or_default();
        let area = known.area().unwrap_or_default();
        [(place.prov, known.province()), (place.city, city), (place.area, area)]
            .iter()
            .all(|(said, known)| said.is_empty() || said == known)
    };
    let by_code = place.address_code.parse().ok().and_then(danbao_region::place).filter(says_the_same);
    by_code.or_else(|| {
        let mut named = danbao_region::all()
            .iter()
            .filter(|region| {
                [place.area, place.city, place.prov].iter().find(|n| !n.is_empty()) == Some(&region.name())
            })
            .filter_map(|region| danbao_region::place(region.code()))
            .filter(says_the_same);
        let found = named.next();
        found.filter(|_| named.next().is_none())
    })
}

impl Step<'_> {
    /// Where this name leads from a stand; nowhere if nothing fits.
    ///
    /// Levels come before former names, because a name's former bearer must not hide what now stands right here; what is
    /// merely inside of another name comes last of all.
    fn from(&self, list: &RegionList, stand: Stand, is_allowed: impl Fn(Fit) -> bool + Copy) -> Vec<Stand> {
        let mut names: Vec<&str> = vec![self.name];
        for former in self.office.iter().flat_map(|office| office.former_names()) {
            names.push(former);
        }
        let levels = self.levels(list, stand.at);
        for may_be_inside in [false, true] {
            let is_allowed = |fit| is_allowed(fit) && (may_be_inside || fit != Fit::Inside);
            for among in &levels {
                for name in &names {
                    let found = self.best(list, name, among, is_allowed);
                    if !found.is_empty() {
                        return found.into_iter().map(|found| found.after(stand)).collect();
                    }
                }
            }
        }
        // The merchant's list goes no further than here, or does not have this level.
        let ends_here = stand.at.is_some() && list.children(stand.at).is_empty();
        if self.may_lack || ends_here { vec![stand] } else { Vec::new() }
    }

    /// Where to look: right below, and then one further down, because the merchant may have a level between. What the
    /// place leaves out may be any of them, so then they are looked through together.
    fn levels(&self, list: &RegionList, at: Option<RegionId>) -> Vec<Vec<RegionId>> {
        let mut levels = vec![list.children(at).to_vec()];
        for _ in 0..self.left_out.max(1) {
            let above = levels.last().map(Vec::as_slice).unwrap_or_default();
            levels.push(above.iter().flat_map(|id| list.children(Some(*id))).copied().collect());
        }
        if self.left_out > 0 { vec![levels.concat()] } else { levels }
    }

    /// The regions that fit best, each with whether that is too loose.
    fn best(
        &self,
        list: &RegionList,
        name: &str,
        among: &[RegionId],
        is_allowed: impl Fn(Fit) -> bool + Copy,
    ) -> Vec<Found> {
        let fits = |name: &str| -> Vec<(Fit, RegionId)> {
            among
                .iter()
                .filter_map(|id| fit(name, list.name(*id), is_allowed).map(|fit| (fit, *id)))
                .collect()
        };
        let ours = fits(name);
        let Some(best) = ours.iter().map(|(fit, _)| *fit).min() else { return Vec::new() };
        let mut found = Vec::new();
        for (_, id) in ours.into_iter().filter(|(fit, _)| *fit == best) {
            // An equal name is nobody else's.
            let rivals = self.neighbours().filter(|_| best != Fit::Equal);
            let claim = rivals.filter_map(|neighbour| best_claim(&fits(neighbour), id)).min();
            match claim {
                // Another region of the office's fits this entry better: it is that one's.
                Some(other) if other < best => {}
                Some(other) if other == best => found.push(Found { id, is_loose: true }),
                _ => {
                    let is_unknown = self.office.is_none() && best == Fit::FirstTwo;
                    found.push(Found { id, is_loose: is_unknown || best == Fit::Inside });
                }
            }
        }
        found
    }

    /// The names of the office's other regions beside this one; none if the office does not know it.
    fn neighbours(&self) -> impl Iterator<Item = &'static str> {
        let office = self.office;
        office.into_iter().flat_map(siblings).filter(move |other| Some(*other) != office).map(Region::name)
    }
}

/// An entry of the merchant's list that a name fits.
struct Found {
    id: RegionId,
    is_loose: bool,
}

impl Found {
    fn after(self, stand: Stand) -> Stand {
        Stand { at: Some(self.id), is_loose: stand.is_loose || self.is_loose }
    }
}

/// How well a neighbour fits an entry, if no other entry fits it better.
fn best_claim(fits: &[(Fit, RegionId)], id: RegionId) -> Option<Fit> {
    let best = fits.iter().map(|(fit, _)| *fit).min()?;
    fits.contains(&(best, id)).then_some(best)
}

/// The office's regions that lie in the same one, a municipality's all together.
fn siblings(region: &'static Region) -> Vec<&'static Region> {
    let code = region.code();
    match (region.level(), danbao_region::find(code.province())) {
        (Level::Province, _) => danbao_region::provinces().collect(),
        (Level::City, _) => danbao_region::children(code.province()).collect(),
        (Level::Area, Some(province)) if province.is_municipality() => {
            danbao_region::children(code.province())
                .flat_map(|city| danbao_region::children(city.code()))
                .collect()
        }
        (Level::Area, _) => code.city().into_iter().flat_map(danbao_region::children).collect(),
    }
}
