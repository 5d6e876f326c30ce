//! Text that wants to be more than text: it is shown as it is on every page, and does no harm there.

use serde_json::{Value, json};

use crate::common::program::Workplace;
use crate::common::server::Server;
use crate::gallery::{drawn, publish};
use crate::harness::{Browser, Colors, PHONE, Scripts, WIDE};
use crate::people::{add, log_in};

/// The longest title of a picture, in characters.
const LONGEST_TITLE: usize = 100;

/// Sentences that are scripts, markup, templates, or hard to show.
pub fn hostile() -> Vec<String> {
    let mut all: Vec<String> = [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(2)>",
        "' autofocus onfocus=alert(3) x='",
        "</title></textarea></style></script><svg onload=alert(4)>",
        "{{ 7 * 7 }} {% raw %} ${7 * 7} %s &lt;b&gt; &amp;amp;",
        "javascript:alert(5)",
        // Turns around what follows, where it is not kept apart.
        "\u{202e}gnp.exe \u{2066}\u{202d}abc",
        "zero\u{200b}width\u{200d}joined\u{feff}marks",
        "🦊👩‍👩‍👧‍👦🏳️‍🌈 e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}",
    ]
    .map(str::to_owned)
    .into();
    all.push("a".repeat(2000));
    all.push("🦊 ".repeat(1000).trim_end().to_owned());
    all
}

/// The text of the page without its spaces, which a page may show as fewer.
const SHOWN: &str = "return document.body.textContent.replace(/\\s+/g, '')";

/// Checks that the page shows a text as it is, at least its beginning, and that nothing lies outside a phone's screen.
pub fn check_shown(browser: &Browser, text: &str, place: &str) {
    let shown = browser.script(SHOWN, vec![]);
    let is_kept = |letter: &char| !letter.is_whitespace() && *letter != '\u{feff}';
    let begin: String = text.chars().filter(is_kept).take(60).collect();
    assert!(shown.as_str().unwrap().contains(&begin), "{place} does not show {begin:?}: {shown}");
    browser.look(PHONE, Colors::Light);
    let too_wide = browser.overflow();
    assert!(too_wide.is_empty(), "{place}, {begin:?}: {too_wide:?}");
    browser.look(WIDE, Colors::Light);
    // A script of the text would have begun by now; a dialog of it would have failed the commands above.
    let strange = browser.script("return document.querySelectorAll('[onerror], [onload], [onfocus]').length", vec![]);
    assert_eq!(strange, json!(0), "{place}: {begin:?}");
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn prompts_are_text() {
    let place = Workplace::new();
    let server = Server::start(&place, &["--max-waiting", "100"]);
    let wish = |prompt: &str| json!({"prompt": prompt, "size": "32x32", "iterations": 1, "cutouts": 1});
    let jobs: Vec<(String, Value)> =
        hostile().into_iter().map(|text| (text.clone(), server.submit(&wish(&text)))).collect();
    Browser::drive(&server, Scripts::On, |browser| {
        for (text, job) in &jobs {
            browser.open(&format!("/p/{}", job["id"].as_str().unwrap()));
            check_shown(browser, text, "the page of a job");
            browser.open(&format!("/?from={}", job["id"].as_str().unwrap()));
            assert_eq!(browser.value("#prompt"), *text);
        }
        browser.open("/mine");
        for (text, _) in &jobs {
            check_shown(browser, text, "the list of jobs");
        }
    });
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn titles_and_published_prompts_are_text() {
    let place = Workplace::new();
    let token = add(&place, "anna", "user");
    add(&place, "olga", "operator");
    let server = Server::start_with_workers(&place, 2, &[]).with_header("authorization", &token);
    let texts = hostile();
    let prompts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let jobs = drawn(&server, &prompts);
    let titles: Vec<String> = texts.iter().map(|text| text.chars().take(LONGEST_TITLE).collect()).collect();
    let pages: Vec<String> = jobs.iter().zip(&titles).map(|(job, title)| publish(&server, job, title)).collect();
    Browser::drive(&server, Scripts::On, |browser| {
        browser.open("/gallery");
        for title in &titles {
            check_shown(browser, title, "the gallery");
        }
        for ((page, title), prompt) in pages.iter().zip(&titles).zip(&texts) {
            browser.open(page);
            check_shown(browser, title, "the page of a picture");
            check_shown(browser, prompt, "the page of a picture");
        }
        browser.open("/login?next=/admin/jobs?state=all");
        log_in(browser, "olga");
        browser.open("/admin/jobs?state=all");
        for text in &texts {
            check_shown(browser, text, "the jobs for operators");
        }
        browser.open(&pages[0]);
        browser.fill("Reason for hiding it", &texts[0]);
        browser.press("Hide");
        browser.until_text("This picture is hidden.");
        check_shown(browser, &texts[0], "a hidden picture");
        browser.open("/admin/audit");
        check_shown(browser, &texts[0], "the audit");
        // What was searched for is shown again.
        for text in &texts {
            let word: String = text.chars().take(80).collect();
            let query: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("q", &word).finish();
            browser.open(&format!("/gallery?{query}"));
            assert_eq!(browser.value("#q"), word.trim());
        }
    });
}
