//! From a sentence to a picture: with scripts, without them, and with the keyboard alone.

use serde_json::json;

use crate::common::PROMPTS;
use crate::common::program::Workplace;
use crate::common::server::Server;
use crate::harness::{Browser, Colors, PHONE, Scripts};

/// The label of the field for the prompt.
pub const PROMPT: &str = "What do you want to see?";

/// The job whose page is open, as the API has it.
pub fn job_of(browser: &Browser, server: &Server) -> serde_json::Value {
    let path = browser.until_path("/p/");
    let id = path.trim_start_matches("/p/").split(['?', '#', '/']).next().unwrap();
    server.get(&format!("/api/v1/jobs/{id}")).json()
}

fn draw(scripts: Scripts) {
    let place = Workplace::new();
    let server = Server::start_with_workers(&place, 1, &[]);
    Browser::drive(&server, scripts, |browser| {
        browser.open("/");
        browser.fill(PROMPT, PROMPTS[0]);
        browser.choose("Draft");
        browser.choose("More options");
        browser.fill("Iterations", "6");
        browser.press("Draw");
        let job = job_of(browser, &server);
        browser.script("window.stays = true", vec![]);
        assert_eq!((&job["prompt"], &job["quality"]), (&json!(PROMPTS[0]), &json!("draft")), "{job}");
        browser.until_shown(".downloads");
        assert_eq!(browser.text_of("h1"), PROMPTS[0]);
        // With scripts, it was the same page until the end.
        let stays = browser.script("return window.stays === true", vec![]);
        assert_eq!(stays, json!(scripts == Scripts::On));
        // The picture itself, and its files.
        let width = browser.script("return document.querySelector('#picture img').naturalWidth", vec![]);
        assert_eq!(width, json!(256));
        let link = browser.attribute(".downloads a", "href").unwrap();
        let file = server.get(&link);
        assert_eq!((file.status, file.header("content-type")), (200, "image/png"), "{link}");
        assert!(file.header("content-disposition").starts_with("attachment"));
        browser.follow("Mine");
        browser.until_path("/mine");
        browser.until_text(PROMPTS[0]);
    });
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn a_sentence_becomes_a_picture() {
    draw(Scripts::On);
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn a_sentence_becomes_a_picture_without_scripts() {
    draw(Scripts::Off);
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn what_is_chosen_is_asked_for_and_remembered() {
    let place = Workplace::new();
    let server = Server::start(&place, &[]);
    Browser::drive(&server, Scripts::On, |browser| {
        browser.open("/");
        browser.fill(PROMPT, PROMPTS[5]);
        browser.choose("Better");
        browser.choose("Widescreen");
        browser.choose("pencil sketch");
        browser.choose("More options");
        browser.fill("Seed", "7");
        browser.fill("Iterations", "12");
        browser.fill("What the picture should not show", "a cat");
        browser.press("Draw");
        let job = job_of(browser, &server);
        let settings = &job["settings"];
        assert_eq!((&job["quality"], &settings["iterations"]), (&json!("better"), &json!(12)), "{job}");
        assert_eq!(settings["seed"].as_u64(), Some(7), "{job}");
        let text = settings.to_string();
        assert!(text.contains("pencil sketch") && text.contains("a cat"), "{job}");
        let size = settings["size"].as_str().unwrap().split_once('x').unwrap();
        assert!(size.0.parse::<u32>().unwrap() > size.1.parse::<u32>().unwrap(), "{job}");

        // Not the sentences nor the seed, which belong to one picture.
        browser.follow("Create");
        browser.until_shown("#prompt");
        for (css, expected) in [
            ("[name=quality][value=better]", true),
            ("[name=quality][value=draft]", false),
            ("[name=style][value='pencil sketch']", true),
        ] {
            let is_checked = browser.script(&format!("return document.querySelector(\"{css}\").checked"), vec![]);
            assert_eq!(is_checked, json!(expected), "{css}");
        }
        assert_eq!(browser.value("#prompt"), "");
        assert_eq!(browser.value("[name=seed]"), "");
    });
}

/// Sets options that only the table of options names.
fn choose_other_options(scripts: Scripts) {
    let place = Workplace::new();
    let server = Server::start(&place, &[]);
    Browser::drive(&server, scripts, |browser| {
        browser.open("/");
        browser.fill(PROMPT, PROMPTS[0]);
        let is_open = |name: &str| {
            let script = format!("return document.querySelector('#option-{name}').closest('details').open");
            browser.script(&script, vec![])
        };
        assert_eq!(is_open("loss"), json!(false));
        browser.choose("More options");
        browser.choose("Guidance");
        browser.choose("Picture");
        browser.until_shown("#option-loss");
        browser.fill("Loss", "tv:0.5");
        browser.select("#option-tile", "both");
        browser.look(PHONE, Colors::Light);
        browser.unfold();
        let too_wide = browser.overflow();
        assert!(too_wide.is_empty(), "{too_wide:?}");
        browser.press("Draw");
        let job = job_of(browser, &server);
        let settings = &job["settings"];
        assert_eq!((&settings["loss"], &settings["tile"]), (&json!(["tv:0.5"]), &json!("both")), "{job}");
        // The form of another picture with these settings shows them at once.
        browser.open(&format!("/?from={}", job["id"].as_str().unwrap()));
        browser.until_shown("#option-loss");
        assert_eq!(
            (browser.value("#option-loss").as_str(), browser.value("#option-tile").as_str()),
            ("tv:0.5", "both")
        );
        assert_eq!((is_open("tile"), is_open("decay")), (json!(true), json!(false)));
    });
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn other_options_are_chosen() {
    choose_other_options(Scripts::On);
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn other_options_are_chosen_without_scripts() {
    choose_other_options(Scripts::Off);
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn a_picture_starts_from_an_image() {
    let place = Workplace::new();
    let server = Server::start(&place, &[]);
    let image = image::RgbImage::from_pixel(40, 20, image::Rgb([200, 20, 20]));
    image.save(place.join("red.png")).unwrap();
    place.write("text.png", "not a picture");
    Browser::drive(&server, Scripts::On, |browser| {
        browser.open("/");
        browser.attach("#image", &place.join("text.png"));
        browser.fill(PROMPT, PROMPTS[0]);
        browser.press("Draw");
        // What was written is still there.
        browser.until_shown("#error-image");
        assert_eq!(browser.value("#prompt"), PROMPTS[0]);
        browser.attach("#image", &place.join("red.png"));
        browser.until_shown("#preview img");
        browser.press("Draw");
        let job = job_of(browser, &server);
        assert!(job["settings"]["init_image"].is_string(), "{job}");
    });
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn the_keyboard_is_enough() {
    let place = Workplace::new();
    let server = Server::start(&place, &[]);
    Browser::drive(&server, Scripts::On, |browser| {
        browser.open("/gallery");
        browser.key("Tab");
        assert_eq!(browser.focused(), "Skip to content");
        browser.key("Enter");
        assert_eq!(browser.script("return document.activeElement.id", vec![]), json!("main"));
        // What is asked for first is in focus.
        browser.open("/");
        assert_eq!(browser.focused(), PROMPT);
        browser.developer("Input.insertText", &json!({"text": PROMPTS[1]}));
        browser.key("Enter");
        assert_eq!(job_of(browser, &server)["prompt"], json!(PROMPTS[1]));
    });
}
