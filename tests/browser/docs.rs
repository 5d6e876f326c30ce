//! The pages to try the API.

use crate::common::program::Workplace;
use crate::common::server::Server;
use crate::harness::{Browser, Scripts};

#[test]
#[ignore = "needs chromium and chromedriver"]
fn the_pages_of_the_api_show_its_operations() {
    let place = Workplace::new();
    let server = Server::start(&place, &[]);
    Browser::drive(&server, Scripts::On, |browser| {
        browser.open("/docs/");
        browser.until_shown("#swagger-ui .opblock");
        browser.until_text("/api/v1/jobs");
        assert!(browser.count(".opblock") > 20, "{}", browser.text());
    });
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn without_scripts_the_browser_runs_none() {
    let place = Workplace::new();
    let server = Server::start(&place, &[]);
    Browser::drive(&server, Scripts::Off, |browser| {
        browser.open("/docs/");
        // The page's script would have written by then. A timer in the page never ends without scripts.
        std::thread::sleep(std::time::Duration::from_secs(2));
        assert!(!browser.shows(".opblock"), "{}", browser.text());
        assert!(browser.requests().iter().any(|url| url.ends_with("/docs/")));
        browser.open("/docs/");
    });
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn what_must_not_be_is_seen() {
    let place = Workplace::new();
    let server = Server::start(&place, &[]);
    Browser::drive(&server, Scripts::On, |browser| {
        browser.open("/docs/");
        assert_eq!(browser.complaints(), [""; 0]);
        browser.script("const image = new Image(); image.src = 'https://art.example.org/a.png';", vec![]);
        browser.until("the policy", |browser| {
            browser.complaints().iter().any(|text| text.contains("art.example.org")).then_some(())
        });
        let requests = browser.requests();
        assert!(requests.iter().any(|url| url.contains("art.example.org")), "{requests:?}");
        browser.open("/docs/");
        browser.script("setTimeout(() => { throw new Error('of a script') })", vec![]);
        browser.until("the error", |browser| {
            browser.complaints().iter().any(|text| text.contains("of a script")).then_some(())
        });
    });
}
