//! The rings: what the picture in `ARCHITECTURE.md` draws and what the `Cargo.toml` files say are the same.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result};

/// Which crate knows which.
type Arrows = BTreeSet<(String, String)>;

/// The crates of the picture with their rings, and its arrows.
#[derive(Debug, Default)]
struct Picture {
    /// `None` for what stands outside the rings: the store.
    rings: BTreeMap<String, Option<u8>>,
    arrows: Arrows,
}

/// Compares both, and names each difference.
pub(crate) fn check(root: &Path, broken: &mut Vec<String>) -> Result<()> {
    let text = std::fs::read_to_string(root.join("ARCHITECTURE.md"))?;
    let picture = Picture::read(&text).context("ARCHITECTURE.md has no picture of the rings")?;
    let mut crates = BTreeSet::new();
    let mut arrows = Arrows::new();
    for entry in std::fs::read_dir(root.join("crates"))? {
        let entry = entry?;
        // A directory that git does not know, left over by a build of another branch.
        let Ok(manifest) = std::fs::read_to_string(entry.path().join("Cargo.toml")) else { continue };
        let name = entry.file_name().to_string_lossy().into_owned();
        arrows.extend(dependencies(&manifest).map(|known| (name.clone(), known)));
        crates.insert(name);
    }
    differences(&picture, &crates, &arrows, broken);
    Ok(())
}

fn differences(picture: &Picture, crates: &BTreeSet<String>, arrows: &Arrows, broken: &mut Vec<String>) {
    const WHERE: &str = "the picture of ARCHITECTURE.md";
    for name in crates.iter().filter(|name| !picture.rings.contains_key(*name)) {
        broken.push(format!("crates/{name} is not in {WHERE}"));
    }
    for name in picture.rings.keys().filter(|name| !crates.contains(*name)) {
        broken.push(format!("{WHERE} has `{name}`, and there is no such crate"));
    }
    for (from, to) in arrows.iter().filter(|(from, to)| !picture.leads(from, to)) {
        broken.push(format!(
            "crates/{from} depends on {to}: {WHERE} does not; a new arrow is a decision (docs/adr)"
        ));
    }
    for (from, to) in picture.arrows.difference(arrows) {
        broken.push(format!("{WHERE} leads from {from} to {to}, and crates/{from} does not depend on it"));
    }
    for (from, to) in &picture.arrows {
        let ring = |name: &String| picture.rings.get(name).copied().flatten();
        if ring(from).zip(ring(to)).is_some_and(|(from, to)| from < to) {
            broken.push(format!("{WHERE} leads outwards, from {from} to {to}"));
        }
        if ring(from) == Some(0) && ring(to).is_none() {
            broken.push(format!("{WHERE} leads from {from}, which is pure, to {to}"));
        }
    }
}

impl Picture {
    /// Reads the first Mermaid graph: one crate or one arrow a line, a `subgraph` for each ring.
    fn read(text: &str) -> Option<Picture> {
        let graph = text.split("```mermaid\ngraph").nth(1)?.split("```").next()?;
        let mut picture = Picture::default();
        let mut ring = None;
        for line in graph.lines().skip(1).map(str::trim).filter(|line| !line.is_empty()) {
            if let Some(subgraph) = line.strip_prefix("subgraph ring") {
                ring = subgraph.get(..1).and_then(|digit| digit.parse().ok());
            } else if line == "end" {
                ring = None;
            } else if let Some((from, to)) = line.split_once("-->").or_else(|| line.split_once("-.->")) {
                let to = to.rsplit('|').next().unwrap_or(to);
                let (from, to) = (named(from), named(to));
                for name in [&from, &to] {
                    picture.place(name.clone(), ring);
                }
                picture.arrows.insert((from, to));
            } else {
                picture.place(named(line), ring);
            }
        }
        Some(picture)
    }

    /// A crate is in the ring in which it stands first.
    fn place(&mut self, name: String, ring: Option<u8>) {
        self.rings.entry(name).or_insert(ring);
    }

    /// Whether arrows lead from one to the other, over others or not.
    fn leads(&self, from: &str, to: &str) -> bool {
        let mut reached = BTreeSet::from([from]);
        loop {
            let next = self
                .arrows
                .iter()
                .find(|(tail, head)| reached.contains(tail.as_str()) && !reached.contains(head.as_str()));
            match next {
                Some((_, head)) if head == to => return true,
                Some((_, head)) => reached.insert(head.as_str()),
                None => return false,
            };
        }
    }
}

/// The word before what Mermaid shows instead of it.
fn named(text: &str) -> String {
    text.trim().split(['[', '(']).next().unwrap_or_default().to_owned()
}

/// Our own crates that one is built from; what only its tests know is not in the picture.
fn dependencies(manifest: &str) -> impl Iterator<Item = String> {
    let sections = manifest.split("\n[dependencies]\n").nth(1).and_then(|rest| rest.split("\n[").next());
    let lines = sections.unwrap_or_default().lines();
    lines.filter_map(|line| {
        let name = line.strip_prefix("danbao-")?;
        name.split(['.', ' ', '=']).next().map(str::to_owned)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
```mermaid
graph LR
  subgraph ring0[\"ring 0: pure\"]
    engine --> protocol
  end
  subgraph ring1[\"ring 1\"]
    gateway
    shop
  end
  store[(store)]
  gateway --> engine
  shop -.->|a feature| store
```
";

    fn found(arrows: &[(&str, &str)]) -> Vec<String> {
        let picture = Picture::read(TEXT).unwrap();
        let crates = ["engine", "gateway", "protocol", "shop", "store"].map(str::to_owned).into();
        let arrows = arrows.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned())).collect();
        let mut broken = Vec::new();
        differences(&picture, &crates, &arrows, &mut broken);
        broken
    }

    const DRAWN: [(&str, &str); 3] = [("engine", "protocol"), ("gateway", "engine"), ("shop", "store")];

    #[test]
    fn what_is_drawn_is_what_is_built_also_over_another_crate() {
        assert_eq!(found(&DRAWN), Vec::<String>::new());
        assert_eq!(found(&[&DRAWN[..], &[("gateway", "protocol")]].concat()), Vec::<String>::new());
    }

    #[test]
    fn a_dependency_that_is_not_drawn_and_an_arrow_without_a_dependency_are_found() {
        let more = found(&[&DRAWN[..], &[("shop", "gateway")]].concat());
        assert!(more.len() == 1 && more[0].starts_with("crates/shop depends on gateway"), "{more:?}");
        let fewer = found(&DRAWN[1..]);
        assert!(fewer.len() == 1 && fewer[0].contains("from engine to protocol"), "{fewer:?}");
    }

    #[test]
    fn an_arrow_outwards_and_a_pure_crate_with_a_database_are_found() {
        for (arrow, word) in [("protocol --> shop", "outwards"), ("engine --> store", "pure")] {
            let text = TEXT.replace("  store[(store)]\n", &format!("  store[(store)]\n  {arrow}\n"));
            let picture = Picture::read(&text).unwrap();
            let crates = picture.rings.keys().cloned().collect();
            let mut broken = Vec::new();
            differences(&picture, &crates, &picture.arrows, &mut broken);
            assert!(broken.len() == 1 && broken[0].contains(word), "{broken:?}");
        }
    }

    #[test]
    fn what_only_tests_know_is_no_dependency() {
        let manifest = "[package]\n\n[dependencies]\ndanbao-store = { path = \"../store\" }\nbytes.workspace = true\n\
                        danbao-protocol.workspace = true\n\n[dev-dependencies]\ndanbao-shop.workspace = true\n";
        assert_eq!(dependencies(manifest).collect::<Vec<_>>(), ["store", "protocol"]);
    }
}
