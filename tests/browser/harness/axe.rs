//! axe-core, which finds what keeps people from using a page. It is a package of npm; `AXE_CORE` names its `axe.min.js`.

use std::fmt::Write;
use std::sync::LazyLock;

use serde_json::{Value, json};

use super::driver::Browser;
use super::look::{Colors, PHONE, WIDE};

static AXE: LazyLock<String> = LazyLock::new(|| {
    let path = std::env::var_os("AXE_CORE").expect("AXE_CORE names the axe.min.js of npm's package axe-core");
    std::fs::read_to_string(path).unwrap()
});

/// Reports what is serious or critical, as WCAG 2.2 and the usual practice have it.
const RUN: &str = "
    const done = arguments[arguments.length - 1];
    axe.run(document, {resultTypes: ['violations']}).then(
        results => done(results.violations.filter(found => ['serious', 'critical'].includes(found.impact))),
        error => done(String(error)));
";

impl Browser {
    /// What keeps people from using the page, in light and dark, on a phone and on a wide screen, and what lies outside
    /// the screen there. The window is a wide one afterwards.
    pub fn problems(&self, what: &str) -> String {
        let mut found = String::new();
        for colors in [Colors::Light, Colors::Dark] {
            for width in [PHONE, WIDE] {
                self.look(width, colors);
                let too_wide = self.overflow().into_iter().map(|part| format!("wider than the screen: {part}"));
                for problem in too_wide.chain(self.violations()) {
                    let _ = writeln!(found, "{what}, {width} px, {colors:?}: {problem}");
                }
            }
        }
        self.look(WIDE, Colors::Light);
        found
    }

    /// Opens everything that is folded away.
    pub fn unfold(&self) {
        self.script("for (const details of document.querySelectorAll('details')) details.open = true", vec![]);
    }

    fn violations(&self) -> Vec<String> {
        self.script(&AXE, vec![]);
        let found = self.script_with_callback(RUN, vec![]);
        let found = found.as_array().unwrap_or_else(|| panic!("{found}"));
        found
            .iter()
            .map(|violation| {
                let nodes = violation["nodes"].as_array().unwrap().iter();
                let nodes: Vec<Value> = nodes.map(|node| json!([node["html"], node["failureSummary"]])).collect();
                format!("{} ({}): {}", violation["id"], violation["help"], json!(nodes))
            })
            .collect()
    }
}
