//! axe-core: what stands between a page and people who do not see, or use no mouse.

use serde_json::Value;

use crate::browser::driver::Browser;
use crate::requirement;

/// Of the packages that `cargo xtask setup` installs.
const AXE: &str = "e2e-node/node_modules/axe-core/axe.min.js";

/// Runs every rule of WCAG 2.2 A and AA and the good practices, and tells what is broken and where.
const RUN: &str = "
    return axe.run(document, {
        resultTypes: ['violations'],
        runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] },
    }).then(found => found.violations.flatMap(broken =>
        broken.nodes.map(node => broken.id + ': ' + broken.help + ': ' + node.html)));
";

impl Browser {
    /// What axe-core has against the page that is shown; nothing if the package is not there and need not be.
    ///
    /// A page that goes on by itself is not asked: it might be gone before the answer. "Paid" is one, as the tutorials want
    /// it, and can be told to stay.
    pub(crate) fn barriers(&self) -> Vec<Value> {
        if self.has("meta[http-equiv=refresh]") {
            return Vec::new();
        }
        let file = requirement::target().join(AXE);
        let source = std::fs::read_to_string(file).ok();
        let Some(source) = requirement::need(source, "axe-core") else { return Vec::new() };
        self.while_scripts_run(|| {
            self.script(&source);
            self.script(RUN).as_array().cloned().unwrap()
        })
    }
}
