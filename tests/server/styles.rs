//! Styles in requests: the same picture as by the option, and what is wrong is said with near names.

use serde_json::json;

use crate::common::program::{Workplace, finish};
use crate::common::server::Server;

/// A picture that takes a moment.
const SMALL: [&str; 6] = ["--size", "32x32", "--iterations", "1", "--cutouts", "1"];
const STYLES: [&str; 4] = ["--style", "Neon,sepia", "--style-weight", "0.25"];

#[test]
fn the_field_and_the_option_give_the_same_picture() {
    let (place, home) = (Workplace::new(), Workplace::new());
    let server = Server::start_with_workers(&home, 1, &[]);
    place.run(&[&["a castle"][..], &STYLES, &SMALL, &["-q", "-o", "here.png"]].concat()).succeeded();
    let mut command = place.command();
    command.args([&["submit", "a castle"][..], &STYLES, &SMALL, &["-q", "-o", "there.png"]].concat());
    finish(command.env("TEXT2ART_SERVER", &server.address)).succeeded();
    assert!(place.read("here.png") == place.read("there.png"), "submit gives another picture");
    let body = json!({"prompt": "a castle", "style": ["neon", "sepia"], "style_weight": 0.25, "size": "32x32",
        "iterations": 1, "cutouts": 1, "seed": 0});
    let job = server.submit(&body);
    let recipe = place.run(&["info", "here.png", "--json"]).succeeded().output_json();
    for (name, value) in job["settings"].as_object().unwrap().iter().filter(|(name, _)| *name != "cut_batch") {
        assert_eq!(value, &recipe["settings"][name], "{name}");
    }
    assert_eq!((&job["settings"]["style"], &job["settings"]["style_weight"]), (&body["style"], &body["style_weight"]));
    let plain = server.submit(&json!({"prompt": "a castle", "style": []}));
    assert!(plain["settings"].get("style").is_none(), "{plain}");
}

#[test]
fn unknown_styles_are_refused_with_near_ones() {
    let place = Workplace::new();
    let server = Server::start(&place, &[]);
    let problem = server.post("/api/v1/jobs", &json!({"prompt": "a", "style": ["watercolour"]})).problem(422);
    assert_eq!(problem["detail"], "style: `watercolour` is not a style; did you mean `watercolor`?");
    assert_eq!((&problem["field"], &problem["hint"]), (&json!("style"), &json!("GET /api/v1/styles lists the styles")));
    let options = server.get("/api/v1/options").json();
    let style = options["items"].as_array().unwrap().iter().find(|option| option["name"] == "style").unwrap().clone();
    let styles = server.get("/api/v1/styles").json();
    let names: Vec<_> = styles["items"].as_array().unwrap().iter().map(|style| style["name"].clone()).collect();
    assert_eq!((&style["choices"], &style["list"]), (&json!(names), &json!(true)));
}
