//! Every page can be used by everybody, on a phone and on a wide screen, in light and dark: axe-core finds nothing serious,
//! and nothing lies outside the screen. And pictures of every page, for people to look at.

use std::path::PathBuf;

use serde_json::json;

use crate::common::program::Workplace;
use crate::harness::{Browser, Colors, PHONE, Scripts, TABLET, WIDE};
use crate::people::log_in;
use crate::site::{Site, reset_link};

/// Opens all pages of a site, as a visitor, a user and an operator.
fn visit(browser: &Browser, place: &Workplace, site: &Site, mut look: impl FnMut(&str)) {
    let mut all = |pages: Vec<(&'static str, String)>| {
        for (name, path) in pages {
            browser.open(&path);
            look(name);
        }
    };
    all(site.public());
    all(vec![("reset password", reset_link(place))]);
    browser.open("/login");
    log_in(browser, "anna");
    all(site.own());
    browser.press("Log out");
    browser.open("/login");
    log_in(browser, "olga");
    all(site.of_operators());
}

#[test]
#[ignore = "needs chromium, chromedriver, and axe-core of npm"]
fn every_page_can_be_used_by_everybody() {
    let place = Workplace::new();
    let site = Site::new(&place, &json!({"size": "32x32", "iterations": 2, "cutouts": 1}));
    Browser::drive(&site.server, Scripts::On, |browser| {
        let mut found = String::new();
        visit(browser, &place, &site, |name| {
            browser.unfold();
            found += &browser.problems(name);
        });
        assert!(found.is_empty(), "{found}");
    });
}

/// `SCREENSHOTS` names the folder, `SCREENSHOT_QUALITY` a quality of the drawn pictures other than a draft.
#[test]
#[ignore = "needs chromium and chromedriver; writes pictures for people"]
fn every_page_is_photographed() {
    let variable = |name: &str| std::env::var(name).ok();
    let usual = concat!(env!("CARGO_TARGET_TMPDIR"), "/screenshots");
    let folder = PathBuf::from(variable("SCREENSHOTS").unwrap_or_else(|| usual.to_owned()));
    let place = Workplace::new();
    let quality = variable("SCREENSHOT_QUALITY").unwrap_or_else(|| "draft".to_owned());
    let site = Site::new(&place, &json!({"quality": quality, "seed": 3}));
    let mut count = 0;
    Browser::drive(&site.server, Scripts::On, |browser| {
        visit(browser, &place, &site, |name| {
            for width in [PHONE, TABLET, WIDE] {
                for colors in [Colors::Light, Colors::Dark] {
                    browser.look(width, colors);
                    browser.photograph(&folder.join(format!("{}-{width}-{colors:?}.png", name.replace(' ', "-"))));
                    count += 1;
                }
            }
        });
    });
    assert!(count > 100, "{count}");
    println!("{count} pictures are in {}", folder.display());
}
