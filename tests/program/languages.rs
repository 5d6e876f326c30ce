//! CLIP models that read other languages, from folders: a text tower with the image tower of another CLIP, and one whose
//! tokenizer is a list of words.

#![allow(clippy::unwrap_used)]

use crate::common;

use common::fixtures;
use common::program::{Workplace, words};
use serde_json::Value;

fn copy(workplace: &Workplace, from: &str, to: &str) {
    let folder = fixtures().join(from);
    for path in ["config.json", "model.safetensors", "tokenizer.json", "vocab.txt", "sentence_bert_config.json"] {
        if folder.join(path).is_file() {
            workplace.write(&format!("{to}/{path}"), std::fs::read(folder.join(path)).unwrap());
        }
    }
}

/// A workplace with a multilingual model and a Chinese one.
fn workplace() -> Workplace {
    let workplace = Workplace::new();
    copy(&workplace, "clip-multilingual", "many");
    copy(&workplace, "clip", "many/image");
    for path in ["2_Dense/config.json", "2_Dense/model.safetensors"] {
        workplace
            .write(&format!("many/{path}"), std::fs::read(fixtures().join("clip-multilingual").join(path)).unwrap());
    }
    copy(&workplace, "clip-chinese", "chinese");
    workplace
}

/// A run that takes a moment.
const SMALL: &str = "--drawer pixel --pixel-size 8x8 --size 32x32 -n 2 --cutouts 2 --init-noise snow -q";

#[test]
fn prompts_in_other_languages_are_drawn_and_repeated() {
    let workplace = workplace();
    let draw = |line: &str| workplace.run(&words(line)).succeeded();
    for (clip, prompt, other) in
        [("many", "старый замок на холме", "桜の木の下で眠る猫"), ("chinese", "一座灯塔矗立在海边", "油画")]
    {
        draw(&format!("'{prompt}' --clip {clip} {SMALL} -o {clip}.png"));
        draw(&format!("'{other}' --clip {clip} {SMALL} -o {clip}-other.png"));
        draw(&format!("--from {clip}.png -q -o {clip}-again.png"));
        assert!(workplace.read(&format!("{clip}.png")) == workplace.read(&format!("{clip}-again.png")), "{clip}");
        let pixels = |name: &str| image::open(workplace.join(name)).unwrap().into_rgb8();
        assert!(pixels(&format!("{clip}.png")) != pixels(&format!("{clip}-other.png")), "{clip}");
        draw(&format!("'{prompt}' --clip {clip} {SMALL} --stop-at 1 --checkpoint-every 1 -o {clip}-part.png"));
        draw(&format!("resume {clip}-part.png.t2a -n 2 -q"));
        assert!(workplace.read(&format!("{clip}.png")) == workplace.read(&format!("{clip}-part.png")), "{clip}");
    }
    // The recipe has the digests of all parts.
    let recipe = workplace.run(&["info", "many.png", "--json"]).succeeded().output_json();
    let clips: Vec<&Value> =
        recipe["models"].as_array().unwrap().iter().filter(|model| model["role"] == "clip").collect();
    let names: Vec<&str> = clips.iter().map(|model| model["name"].as_str().unwrap()).collect();
    assert!(names[0] == "many" && names[1].ends_with("many/image") && names[2] == "many/2_Dense", "{names:?}");
    assert!(clips.iter().all(|model| model["sha256"].as_str().unwrap().len() == 64), "{clips:?}");
    // Another model of the name is noticed.
    let mut weights = workplace.read("many/2_Dense/model.safetensors");
    let last = weights.len() - 4;
    weights[last] ^= 1;
    workplace.write("many/2_Dense/model.safetensors", weights);
    let outcome = workplace.run(&words("--from many.png --progress lines -o changed.png")).succeeded();
    assert!(
        outcome.errors.contains("many/2_Dense is not the file that the recipe was made with"),
        "{}",
        outcome.errors
    );
    let refused = workplace.run(&words("resume many-part.png.t2a -n 3 -q --force"));
    assert!(refused.code != Some(0) && refused.errors.contains("many/2_Dense"), "{}", refused.errors);
}

#[test]
fn an_imported_text_tower_keeps_its_image_tower() {
    let workplace = workplace();
    workplace.run(&words("models import acme/many many --role clip")).succeeded();
    for clip in ["many", "acme/many"] {
        let output = clip.replace('/', "-");
        workplace.run(&words(&format!("桜 --clip {clip} {SMALL} --offline -o {output}.png"))).succeeded();
    }
    let pixels = |name: &str| image::open(workplace.join(name)).unwrap().into_rgb8();
    assert!(pixels("many.png") == pixels("acme-many.png"));
}

#[test]
fn a_text_tower_is_no_image_tower() {
    let workplace = workplace();
    std::fs::remove_dir_all(workplace.join("many/image")).unwrap();
    // A folder with the name of the model whose image tower such a text tower gets.
    std::fs::rename(workplace.join("many"), workplace.join("vit-b32")).unwrap();
    let lines = workplace.refuses_somehow(&words("a --clip vit-b32 --offline -o p.png")).join("\n");
    assert!(lines.contains("an image tower is needed") && lines.contains("the folder `image`"), "{lines}");
}

#[test]
fn what_is_missing_of_a_text_tower_is_said() {
    let workplace = workplace();
    std::fs::remove_dir_all(workplace.join("many/2_Dense")).unwrap();
    workplace.refuses(&words("a --clip many --offline -o p.png"), &["2_Dense/model.safetensors"]);
    std::fs::remove_file(workplace.join("chinese/vocab.txt")).unwrap();
    workplace.refuses(&words("a --clip chinese --offline -o p.png"), &["there is no tokenizer.json"]);
    std::fs::remove_dir_all(workplace.join("many/image")).unwrap();
    // Then it is that of the published model, which is not here.
    let outcome = workplace.run(&words("a --clip many --offline -o p.png"));
    assert!(outcome.code == Some(2) && outcome.errors.contains("vit-b32"), "{}", outcome.errors);
    let outcome = workplace.run(&words("a --clip vit-b32-multilingual --offline -o p.png"));
    assert!(outcome.code == Some(2) && outcome.errors.contains("vit-b32-multilingual"), "{}", outcome.errors);
}
