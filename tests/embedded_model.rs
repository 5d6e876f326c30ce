//! The model inside the program draws what it is asked for: of ten pictures drawn with little work,
//! nearly all fit their own prompt better than the nine others, as `score` judges.

#![allow(clippy::unwrap_used)]

mod common;

use std::fmt::Write;

use common::program::Workplace;

const PROMPTS: [&str; 10] = [
    "a red apple on a blue background",
    "a sunflower under a night sky",
    "a penguin in the snow",
    "a green frog in a meadow",
    "a pink heart on a black background",
    "a purple octopus underwater",
    "a yellow banana on a pink background",
    "a sailboat on the sea",
    "pencil sketch of a cat",
    "neon butterfly",
];

#[test]
fn pictures_fit_their_own_prompts_best() {
    let workplace = Workplace::new();
    let names: Vec<String> = (0..PROMPTS.len()).map(|index| format!("{index}.png")).collect();
    for (prompt, name) in PROMPTS.iter().zip(&names) {
        workplace.run(&[prompt, "--quality", "draft", "--quiet", "-o", name]).succeeded();
    }
    let mut arguments = vec!["score", "--json"];
    arguments.extend(names.iter().map(String::as_str));
    arguments.extend(PROMPTS.iter().flat_map(|prompt| ["--prompt", prompt]));
    let scores = workplace.run(&arguments).succeeded().output_json();
    let scores = scores.as_array().unwrap();
    assert_eq!(scores.len(), PROMPTS.len() * PROMPTS.len());

    let cosine = |name: &str, prompt: &str| {
        let score = scores.iter().find(|score| score["image"] == name && score["prompt"] == prompt).unwrap();
        score["cosine"].as_f64().unwrap()
    };
    let mut first = 0;
    let mut report = String::new();
    for (own, name) in PROMPTS.iter().zip(&names) {
        let found = cosine(name, own);
        let better: Vec<&&str> = PROMPTS.iter().filter(|prompt| cosine(name, prompt) > found).collect();
        first += usize::from(better.is_empty());
        writeln!(report, "{own}: rank {} with cosine {found:.3}, behind {better:?}", better.len() + 1).unwrap();
    }
    assert!(first >= 8, "only {first} of {} fit their own prompt best:\n{report}", PROMPTS.len());
}
