//! The merchant's own list of regions, as a value.

use std::collections::BTreeMap;

use danbao_region::Code;

/// One region of the merchant's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShopRegion {
    /// The merchant's own key for it.
    pub key: String,
    /// The key of the region that it lies in; `None` for those at the top.
    pub parent: Option<String>,
    /// The name as the merchant writes it: 上海市, 浦东.
    pub name: String,
    /// The statistics office's code, if the merchant's list has codes.
    pub code: Option<Code>,
}

/// A region's place in its [`RegionList`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RegionId(usize);

/// The merchant's list: provinces at the top, two or three levels deep, as the merchant has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RegionList {
    regions: Vec<ShopRegion>,
    parents: Vec<Option<RegionId>>,
    children: BTreeMap<Option<RegionId>, Vec<RegionId>>,
    by_key: BTreeMap<String, RegionId>,
}

/// What is wrong with a list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// Two regions have one key.
    #[error("two regions have the key `{0}`")]
    Twice(String),
    /// A region lies in one that does not stand before it.
    #[error("`{key}` lies in `{parent}`, which does not stand before it")]
    Parent {
        /// The region.
        key: String,
        /// What it is said to lie in.
        parent: String,
    },
}

impl RegionList {
    /// Takes regions, each after the one that it lies in.
    ///
    /// # Errors
    /// [`ListError`].
    ///
    /// ```
    /// use danbao_merchant::region::{ListError, RegionList, ShopRegion};
    ///
    /// let region = |key: &str, parent: Option<&str>, name: &str| ShopRegion {
    ///     key: key.into(),
    ///     parent: parent.map(Into::into),
    ///     name: name.into(),
    ///     code: None,
    /// };
    /// let list = RegionList::new([region("sh", None, "上海市"), region("pd", Some("sh"), "浦东")])?;
    /// let pudong = list.find("pd").expect("it stands in the list");
    /// assert_eq!(list.path(pudong).iter().map(|region| &*region.name).collect::<String>(), "上海市浦东");
    /// assert_eq!(list.children(list.parent(pudong)), [pudong]);
    /// assert_eq!(list.get(pudong).map(|region| &*region.key), Some("pd"));
    ///
    /// let loose = RegionList::new([region("pd", Some("sh"), "浦东")]);
    /// assert!(matches!(loose, Err(ListError::Parent { .. })));
    /// # Ok::<(), ListError>(())
    /// ```
    pub fn new(regions: impl IntoIterator<Item = ShopRegion>) -> Result<RegionList, ListError> {
        let mut list = RegionList::default();
        for region in regions {
            let id = RegionId(list.regions.len());
            let parent = match &region.parent {
                None => None,
                Some(key) => Some(
                    list.find(key)
                        .ok_or_else(|| ListError::Parent { key: region.key.clone(), parent: key.clone() })?,
                ),
            };
            if list.by_key.insert(region.key.clone(), id).is_some() {
                return Err(ListError::Twice(region.key));
            }
            list.children.entry(parent).or_default().push(id);
            list.parents.push(parent);
            list.regions.push(region);
        }
        Ok(list)
    }

    /// The region of a key; the example is at [`RegionList::new`].
    pub fn find(&self, key: &str) -> Option<RegionId> {
        self.by_key.get(key).copied()
    }

    /// A region of this list, as in the example of [`RegionList::new`]; `None` for an id that it does not have.
    pub fn get(&self, id: RegionId) -> Option<&ShopRegion> {
        self.regions.get(id.0)
    }

    /// What a region lies in, as in the example of [`RegionList::new`]; `None` at the top.
    pub fn parent(&self, id: RegionId) -> Option<RegionId> {
        self.parents.get(id.0).copied().flatten()
    }

    /// The regions directly in this one, in the list's order; those at the top for `None`. The example is at
    /// [`RegionList::new`].
    pub fn children(&self, of: Option<RegionId>) -> &[RegionId] {
        self.children.get(&of).map(Vec::as_slice).unwrap_or_default()
    }

    /// Every region, in the list's order.
    pub fn ids(&self) -> impl Iterator<Item = RegionId> {
        (0..self.regions.len()).map(RegionId)
    }

    /// The region and all that it lies in, the largest first; the example is at [`RegionList::new`].
    pub fn path(&self, id: RegionId) -> Vec<&ShopRegion> {
        let mut path: Vec<&ShopRegion> =
            std::iter::successors(Some(id), |id| self.parent(*id)).filter_map(|id| self.get(id)).collect();
        path.reverse();
        path
    }

    pub(super) fn name(&self, id: RegionId) -> &str {
        self.get(id).map(|region| region.name.as_str()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(key: &str, parent: Option<&str>) -> ShopRegion {
        ShopRegion { key: key.into(), parent: parent.map(Into::into), name: key.into(), code: None }
    }

    #[test]
    fn a_list_is_a_tree_and_says_so() {
        let list = RegionList::new([region("沪", None), region("浦东", Some("沪"))]).unwrap();
        let pudong = list.find("浦东").unwrap();
        assert_eq!(list.path(pudong).iter().map(|r| r.key.as_str()).collect::<Vec<_>>(), ["沪", "浦东"]);
        assert_eq!(
            RegionList::new([region("沪", None), region("沪", None)]),
            Err(ListError::Twice("沪".into()))
        );
        let loose = RegionList::new([region("浦东", Some("沪")), region("沪", None)]);
        assert!(matches!(loose, Err(ListError::Parent { .. })));
    }
}
