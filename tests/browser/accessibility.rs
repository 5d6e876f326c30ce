//! Every page can be used by everybody, on a phone and on a wide screen, in light and dark: axe-core finds nothing serious,
//! and nothing lies outside the screen.

use crate::common::program::Workplace;
use crate::common::server::Server;
use crate::harness::{Browser, Scripts};

#[test]
#[ignore = "needs chromium and chromedriver"]
fn pages_without_a_login() {
    let place = Workplace::new();
    let server = Server::start(&place, &[]);
    Browser::drive(&server, Scripts::On, |browser| {
        browser.open("/login");
        browser.check_page("login");
        browser.open("/nowhere");
        browser.until_text("text2art");
        browser.check_page("a page that is not there");
    });
}
