//! How well a picture fits its prompts is what `score` says of it, from the start of the run to its end.

#![allow(clippy::unwrap_used)]

use crate::common;

use common::program::{Workplace, words};
use serde_json::Value;

/// A small run; the picture after a number of iterations does not depend on how many follow.
const SMALL: &str = "--size 32x32 --cutouts 2 --seed 3 --learning-rate-drops none --force";

/// Draws a picture, and returns its events.
fn events(workplace: &Workplace, arguments: &[&str]) -> Vec<Value> {
    let arguments = [arguments, &words(SMALL)[..], &["--progress", "json"]].concat();
    let outcome = workplace.run(&arguments).succeeded();
    outcome.errors.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn finished(events: &[Value]) -> &Value {
    events.iter().find(|event| event["event"] == "finished").unwrap()
}

/// The cosines that `score` prints, in the order of the models and the prompts.
fn cosines(workplace: &Workplace, picture: &str, prompts: &[&str], clip: &str) -> Vec<f64> {
    let prompts = prompts.iter().flat_map(|prompt| ["-p", prompt]);
    let arguments: Vec<&str> = ["score", picture, "--clip", clip, "--json"].into_iter().chain(prompts).collect();
    let scores = workplace.run(&arguments).succeeded().output_json();
    scores.as_array().unwrap().iter().map(|score| score["cosine"].as_f64().unwrap()).collect()
}

#[test]
fn it_is_what_score_says_of_the_picture() {
    let workplace = Workplace::new();
    let draw = |iterations: &str, name: &str| events(&workplace, &["a red apple", "-n", iterations, "-o", name]);
    let cosine = |name: &str| cosines(&workplace, name, &["a red apple"], "embedded")[0];
    draw("0", "start.png");
    let first = cosine("start.png");
    let all = draw("11", "p.png");
    let end = finished(&all);
    assert_eq!((end["first_fit"].as_f64(), end["fit"].as_f64()), (Some(first), Some(cosine("p.png"))));
    assert!(end["loss"].is_f64(), "{end}");
    // Each measurement moves what is shown half of the way: the first and every tenth picture are measured.
    draw("10", "tenth.png");
    let then = 0.5 * first + 0.5 * cosine("tenth.png");
    for (iteration, step) in all.iter().filter(|event| event["event"] == "step").enumerate() {
        let shown = step["fit"].as_f64().unwrap();
        let expected = if iteration < 10 { first } else { then };
        assert!((shown - expected).abs() < 1e-12, "{iteration}: {shown} {expected}");
    }
    // The picture's recipe keeps the numbers, and `info` and the last line show them.
    let recipe = workplace.run(&["info", "p.png", "--json"]).succeeded().output_json();
    assert_eq!((&recipe["result"]["first_fit"], &recipe["result"]["fit"]), (&end["first_fit"], &end["fit"]));
    let words = format!(", fits the prompt: {first:.2} -> {:.2}", cosine("p.png"));
    let told = workplace.run(&["info", "p.png"]).succeeded();
    assert!(told.output_text().lines().next().unwrap().ends_with(&format!("11 iterations{words}")));
}

#[test]
fn prompts_count_by_their_weights_and_models_alike() {
    let workplace = Workplace::new();
    let clip = format!("embedded,{}", common::text(&common::fixtures().join("clip")));
    let prompts = "a red apple | a pear:0.5 | red:-1";
    let all = events(&workplace, &[prompts, "-n", "2", "--clip", &clip, "--noise-prompt", "7:2", "-o", "p.png"]);
    let [apple, pear, other_apple, other_pear] = cosines(&workplace, "p.png", &["a red apple", "a pear"], &clip)[..]
    else {
        panic!("two models, two prompts")
    };
    let mean = |apple: f64, pear: f64| (apple + 0.5 * pear) / 1.5;
    let expected = f64::midpoint(mean(apple, pear), mean(other_apple, other_pear));
    let found = finished(&all)["fit"].as_f64().unwrap();
    assert!((found - expected).abs() < 1e-12, "{found} {expected}");
}

#[test]
fn any_number_of_threads_measures_the_same() {
    let workplace = Workplace::new();
    let [one, three] = ["1", "3"].map(|threads| {
        let all = events(&workplace, &["a green frog", "-n", "2", "--threads", threads, "-o", "p.png"]);
        let end = finished(&all);
        (end["first_fit"].as_f64().unwrap(), end["fit"].as_f64().unwrap(), workplace.read("p.png"))
    });
    assert!(one == three, "{:?} {:?}", (one.0, one.1), (three.0, three.1));
}

#[test]
fn without_a_prompt_to_fit_the_loss_is_shown() {
    let workplace = Workplace::new();
    let outcome = workplace.run(&[&["red:-1", "-n", "1", "-o", "p.png"][..], &words(SMALL)].concat()).succeeded();
    let last = outcome.errors.lines().last().unwrap();
    assert!(last.contains(", seed 3, loss ") && !last.contains("fit"), "{last}");
}
