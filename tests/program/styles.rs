//! Styles: the list of them, and what `--style` does to a picture.

#![allow(clippy::unwrap_used)]

use crate::common;

use common::program::Workplace;
use serde_json::Value;
use text2art::models::Vocabulary;

#[test]
fn the_list_says_which_styles_the_embedded_model_knows() {
    let workplace = Workplace::new();
    let all = workplace.run(&["styles", "--json"]).succeeded().output_json();
    let known: Vec<&str> = all
        .as_array()
        .unwrap()
        .iter()
        .filter(|style| style["embedded"] == true)
        .map(|style| style["name"].as_str().unwrap())
        .collect();
    let mut expected = Vocabulary::embedded().unwrap().styles;
    expected.sort();
    let mut sorted = known.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, expected);
    let text = workplace.run(&["styles"]).succeeded();
    let marked: Vec<&str> = text.output_text().lines().filter_map(|line| line.strip_prefix("* ")).collect();
    assert!(marked.iter().zip(&known).all(|(line, name)| line.starts_with(name)), "{marked:?}");
    assert_eq!(marked.len(), known.len());
}

#[test]
fn a_group_is_listed_alone_and_near_names_are_suggested() {
    let workplace = Workplace::new();
    let light = workplace.run(&["styles", "Light", "--json"]).succeeded().output_json();
    let names: Vec<&Value> = light.as_array().unwrap().iter().map(|style| &style["name"]).collect();
    assert!(names.len() > 5 && light.as_array().unwrap().iter().all(|style| style["group"] == "light"), "{names:?}");
    workplace.refuses(&["styles", "lihgt"], &["no group of styles named `lihgt`", "did you mean `light`?"]);
    workplace.refuses(&["styles", "x"], &["no group of styles named `x`", "medium, movement"]);
}
