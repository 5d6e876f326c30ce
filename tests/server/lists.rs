//! What a page or a client learns about pictures before it asks for one.

use serde_json::{Value, json};

use crate::common::program::Workplace;
use crate::common::server::Server;

/// The items of a list, by name.
fn items(server: &Server, list: &str) -> Vec<Value> {
    let answer = server.get(&format!("/api/v1/{list}"));
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"), "{}", answer.text());
    answer.json()["items"].as_array().unwrap().clone()
}

fn named<'a>(items: &'a [Value], name: &str) -> &'a Value {
    items.iter().find(|item| item["name"] == name).unwrap_or_else(|| panic!("no {name} in {items:?}"))
}

#[test]
fn qualities_say_what_they_stand_for() {
    let place = Workplace::new();
    let server = Server::start(&place, &[]);
    let qualities = items(&server, "qualities");
    let names: Vec<&str> = qualities.iter().map(|quality| quality["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["draft", "normal", "better", "best"]);
    assert_eq!(named(&qualities, "normal")["default"], true);
    let work = named(&qualities, "draft")["drawers"].as_array().unwrap();
    let vqgan = work.iter().find(|work| work["drawer"] == "vqgan").unwrap();
    let expected =
        json!({"drawer": "vqgan", "size": "256x256", "iterations": 40, "cutouts": 4, "models": ["embedded"]});
    assert_eq!(vqgan, &expected);
    // What a quality promises is what a job of it gets.
    let job = server.submit(&json!({"prompt": "a", "quality": "draft", "drawer": "pixel"}));
    let pixel = work.iter().find(|work| work["drawer"] == "pixel").unwrap();
    for field in ["size", "iterations", "cutouts"] {
        assert_eq!(job["settings"][field], pixel[field], "{field}");
    }
}

#[test]
fn drawers_and_palettes_are_those_that_requests_may_name() {
    let place = Workplace::new();
    let server = Server::start(&place, &[]);
    let drawers = items(&server, "drawers");
    let (vqgan, pixel) = (named(&drawers, "vqgan"), named(&drawers, "pixel"));
    assert_eq!((&vqgan["products"], &pixel["products"]), (&json!(["gif", "mp4"]), &json!(["gif", "mp4", "svg"])));
    let options: Vec<&str> = pixel["options"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    assert!(options.contains(&"pixel_size") && options.contains(&"palette"), "{options:?}");
    for drawer in &drawers {
        server.submit(&json!({"prompt": "a", "drawer": drawer["name"], "products": drawer["products"]}));
    }
    let palettes = items(&server, "palettes");
    let pico = named(&palettes, "pico-8");
    assert_eq!((pico["colors"].as_array().unwrap().len(), &pico["colors"][8]), (16, &json!("#ff004d")));
    server.submit(&json!({"prompt": "a", "palette": "pico-8"}));
}

#[test]
fn styles_are_those_of_the_command_line_with_who_knows_them() {
    let place = Workplace::new();
    let server = Server::start(&place, &[]);
    let styles = items(&server, "styles");
    let shown = place.run(&["styles", "--json"]).succeeded().output_json();
    let names = |styles: &[Value]| styles.iter().map(|style| style["name"].clone()).collect::<Vec<_>>();
    assert_eq!(names(&styles), names(shown.as_array().unwrap()));
    let watercolor = named(&styles, "watercolor");
    assert_eq!((&watercolor["group"], &watercolor["known_by"]), (&json!("medium"), &json!(["embedded", "published"])));
    assert_eq!(named(&styles, "artstation")["known_by"], json!(["published"]));
    let embedded = styles.iter().filter(|style| style["known_by"][0] == "embedded").count();
    assert_eq!(embedded, 9);
    let light = server.get("/api/v1/styles?group=light").json();
    assert_eq!(light["groups"], json!([{"name": "light", "title": "Light"}]));
    let items = light["items"].as_array().unwrap();
    assert!(items.len() > 5 && items.iter().all(|style| style["group"] == "light"), "{light}");
    assert_eq!(server.get("/api/v1/styles?group=none").problem(404)["detail"], "there is no such group");
}

#[test]
fn models_say_whether_they_are_here() {
    let place = Workplace::new();
    let server = Server::start(&place, &[]);
    let models = items(&server, "models");
    let embedded: Vec<&Value> = models.iter().filter(|model| model["name"] == "embedded").collect();
    assert_eq!(embedded.iter().map(|model| model["role"].as_str().unwrap()).collect::<Vec<_>>(), ["vqgan", "clip"]);
    assert!(embedded.iter().all(|model| model["present"] == true));
    let published = named(&models, "vit-b32");
    assert_eq!((&published["present"], &published["license"]), (&json!(false), &json!("MIT (OpenAI's release)")));
}

#[test]
fn a_form_can_be_built_from_the_options() {
    let place = Workplace::new();
    let server = Server::start(&place, &[]);
    let options = items(&server, "options");
    // The defaults of all options at once are a request.
    let mut body = json!({"prompt": "a cat"});
    for option in &options {
        if let Some(default) = option.get("default") {
            body[option["name"].as_str().unwrap()] = default.clone();
        }
    }
    server.submit(&body);
    for option in &options {
        let name = option["name"].as_str().unwrap();
        let refused = |value: Value| {
            let value = if option["list"] == true { json!([value]) } else { value };
            let problem = server.post("/api/v1/jobs", &json!({"prompt": "a cat", name: value})).problem(422);
            assert_eq!(problem["field"], name, "{problem}");
        };
        match option["type"].as_str().unwrap() {
            "integer" | "number" => {
                assert!(option["maximum"].is_number(), "{option}");
                refused(json!(option["maximum"].as_f64().unwrap() * 2.0));
                refused(json!("many"));
            }
            "boolean" => refused(json!(1)),
            "upload" => refused(json!("picture.png")),
            "string" | "number_or_string" => refused(json!("")),
            other => panic!("{other}"),
        }
        for choice in option["choices"].as_array().into_iter().flatten() {
            assert!(choice.is_string(), "{option}");
        }
    }
}
