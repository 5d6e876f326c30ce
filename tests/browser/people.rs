//! Users of a server, and how they come in.

#[allow(dead_code, reason = "these tests need a part of it")]
#[path = "../server/people.rs"]
mod users;

pub use users::admin;
use users::{PASSWORD, admin_with_line, token};

use crate::common::program::Workplace;
use crate::common::server::Server;
use crate::harness::{Browser, Scripts};

/// Adds a user with a password, and returns the header with a token of theirs.
pub fn add(place: &Workplace, name: &str, role: &str) -> String {
    admin_with_line(place, PASSWORD, &["user", "add", name, "--role", role]).succeeded();
    token(place, name, "jobs")
}

/// Logs in on the page that asks for it.
pub fn log_in(browser: &Browser, name: &str) {
    browser.until_path("/login");
    browser.fill("Name", name);
    browser.fill("Password", PASSWORD);
    browser.press("Log in");
    browser.until("the end of the login", |browser| (!browser.path().starts_with("/login")).then_some(()));
}

fn in_and_out(scripts: Scripts) {
    let place = Workplace::new();
    add(&place, "anna", "user");
    let server = Server::start(&place, &[]);
    Browser::drive(&server, scripts, |browser| {
        // What was asked for comes after the login.
        browser.open("/mine");
        assert_eq!(browser.until_path("/login"), "/login?next=%2Fmine");
        browser.fill("Name", "anna");
        browser.fill("Password", "wrong horse battery");
        browser.press("Log in");
        browser.until_shown("[role=alert]");
        log_in(browser, "anna");
        assert_eq!(browser.path(), "/mine");
        browser.until_text("anna");
        browser.press("Log out");
        browser.until("the end of the session", |browser| (!browser.text().contains("anna")).then_some(()));
        browser.open("/account");
        browser.until_path("/login");
        // Not to another site.
        browser.open("/login?next=//evil.example/");
        log_in(browser, "anna");
    });
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn a_user_logs_in_and_out() {
    in_and_out(Scripts::On);
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn a_user_logs_in_and_out_without_scripts() {
    in_and_out(Scripts::Off);
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn somebody_registers_makes_a_token_and_leaves() {
    let place = Workplace::new();
    add(&place, "root", "admin");
    let server = Server::start(&place, &["--registration", "open"]);
    Browser::drive(&server, Scripts::On, |browser| {
        browser.open("/register");
        browser.fill("Name", "root");
        browser.fill("Password", PASSWORD);
        browser.press("Create the account");
        browser.until_shown("[role=alert]");
        browser.fill("Name", "anna");
        browser.fill("Password", PASSWORD);
        browser.press("Create the account");
        browser.until_text("anna");

        browser.open("/account");
        browser.fill("What it is for", "a script");
        browser.press("Make a token");
        browser.until_shown("#token");
        let token = browser.text_of("#token");
        let me = server.send("GET", "/api/v1/me", &[("authorization", &format!("Bearer {token}"))], &[]);
        assert_eq!(me.json()["name"], "anna", "{}", me.text());
        browser.press("Revoke a script");
        browser.until_text("You have no tokens");
        let me = server.send("GET", "/api/v1/me", &[("authorization", &format!("Bearer {token}"))], &[]);
        assert_eq!(me.status, 401);

        browser.fill("Your password", PASSWORD);
        browser.press("Delete the account");
        browser.agree();
        browser.until_path("/login?done=deleted");
        browser.open("/login");
        browser.fill("Name", "anna");
        browser.fill("Password", PASSWORD);
        browser.press("Log in");
        browser.until_shown("[role=alert]");
    });
}
