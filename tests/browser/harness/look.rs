//! How a page looks: the size of the screen, light and dark, pictures of it.

use std::path::Path;

use base64::Engine;
use serde_json::{Value, json};

use super::driver::Browser;

/// The width of a phone, in pixels of CSS.
pub const PHONE: u32 = 390;
/// The width of a tablet.
pub const TABLET: u32 = 820;
/// The width of a wide screen.
pub const WIDE: u32 = 1440;

/// What a visitor prefers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colors {
    Light,
    Dark,
}

/// The elements that reach beyond the screen, unless a part of the page that scrolls by itself holds them.
const OVERFLOW: &str = "
    const width = window.innerWidth, page = document.scrollingElement;
    if (page.scrollWidth <= width) return [];
    const held = element => {
        for (let outer = element.parentElement; outer; outer = outer.parentElement)
            if (outer !== page && getComputedStyle(outer).overflowX !== 'visible') return true;
        return false;
    };
    const outside = [...document.querySelectorAll('body *')].filter(element =>
        element.getBoundingClientRect().right > width + 1 && !held(element));
    return [`${page.scrollWidth} > ${width}`, ...outside.slice(0, 5).map(element => element.outerHTML.slice(0, 200))];
";

impl Browser {
    /// Changes the screen to this width, and to what a visitor prefers.
    pub fn look(&self, width: u32, colors: Colors) {
        let height = if width == PHONE { 844 } else { 900 };
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.developer("Emulation.setDeviceMetricsOverride", &size);
        let scheme = if colors == Colors::Dark { "dark" } else { "light" };
        let features = json!([
            {"name": "prefers-color-scheme", "value": scheme},
            // What moves is seen in between otherwise.
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]);
        self.developer("Emulation.setEmulatedMedia", &json!({"features": features}));
        self.until("the colors", |browser| {
            let is_dark = browser.script("return matchMedia('(prefers-color-scheme: dark)').matches", vec![]);
            (is_dark == json!(colors == Colors::Dark)).then_some(())
        });
    }

    /// What makes the page wider than the screen; nothing if it is not.
    pub fn overflow(&self) -> Vec<Value> {
        self.script(OVERFLOW, vec![]).as_array().unwrap().clone()
    }

    /// Writes a picture of the whole page.
    pub fn photograph(&self, path: &Path) {
        let size = &self.developer("Page.getLayoutMetrics", &json!({}))["cssContentSize"];
        let all = json!({"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1});
        let options = json!({"captureBeyondViewport": true, "clip": all});
        let taken = self.developer("Page.captureScreenshot", &options);
        let bytes = base64::prelude::BASE64_STANDARD.decode(taken["data"].as_str().unwrap()).unwrap();
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
}
