//! Letters: an address is confirmed once, results come to it, and one click ends them.

use serde_json::json;

use crate::common::PROMPTS;
use crate::common::program::Workplace;
use crate::common::server::Server;
use crate::harness::{Browser, Mailbox, Scripts, link};
use crate::people::{add, log_in};

const ADDRESS: &str = "anna@example.org";

#[test]
#[ignore = "needs chromium, chromedriver, and Python's aiosmtpd"]
fn an_address_is_confirmed_and_letters_come_until_they_are_stopped() {
    let place = Workplace::new();
    let mut mailbox = Mailbox::start(&place);
    let token = add(&place, "anna", "user");
    place.write("password", format!("{}\n", Mailbox::PASSWORD));
    let smtp = format!("smtp+starttls://{}@localhost:{}", Mailbox::USER, mailbox.port);
    let authority = mailbox.authority();
    let server = Server::start_with_workers(
        &place,
        1,
        &[
            "--smtp",
            &smtp,
            "--smtp-password-file",
            "password",
            "--smtp-ca",
            &authority,
            "--mail-from",
            "Text2Art <art@example.org>",
        ],
    )
    .with_header("authorization", &token);
    let wish = json!({"prompt": PROMPTS[0], "size": "32x32", "iterations": 1, "cutouts": 1, "email": true});
    Browser::drive(&server, Scripts::On, |browser| {
        browser.open("/account");
        log_in(browser, "anna");
        // Nobody confirmed an address, so no letter can be asked for.
        server.post("/api/v1/jobs", &wish).problem(422);
        browser.fill("Your address", ADDRESS);
        browser.press("Send a link to confirm it");
        browser.until_text("on its way");
        let letter = mailbox.next();
        assert_eq!(letter["to"], json!([ADDRESS]), "{letter}");
        let page = link(&letter, "/mail/confirm/");
        browser.open(&page);
        browser.press("Confirm");
        browser.until_text("Your address is confirmed");
        // The link works once.
        browser.open(&page);
        browser.until_text("does not work any more");

        server.submit(&wish);
        let letter = mailbox.next();
        let types = letter["types"].to_string();
        for part in ["text/plain", "text/html", "image/png"] {
            assert!(types.contains(part), "{letter}");
        }
        let text = letter["text"].as_str().unwrap();
        assert!(text.contains(PROMPTS[0]), "{letter}");
        browser.open(&link(&letter, "/p/"));
        browser.until_text(PROMPTS[0]);

        browser.open(&link(&letter, "/mail/stop/"));
        browser.press("Turn email off");
        browser.until_text("Email is turned off");
        server.post("/api/v1/jobs", &wish).problem(422);
        browser.press("Turn email on again");
        browser.until_text("Email is turned on again");
        server.submit(&wish);
        assert_eq!(mailbox.next()["to"], json!([ADDRESS]));
    });
    assert!(!mailbox.has_more());
}
