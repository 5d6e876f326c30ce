//! Sentences, and what they say.

use super::*;

/// A short form of what a sentence says.
fn said(text: &str) -> String {
    let sentence = Sentence::read(text).unwrap();
    let mut parts: Vec<String> = Vec::new();
    for (at, group) in sentence.groups.iter().enumerate() {
        let relation = if at == 0 { String::new() } else { format!("{:?} ", group.relation) };
        let color = group.color.map_or_else(String::new, |color| format!(" {color:?}"));
        let scale = if (group.scale - 1.0).abs() > 0.01 { format!(" x{}", group.scale) } else { String::new() };
        parts.push(format!("{relation}{} {}{color}{scale}", group.count, group.thing));
    }
    match &sentence.backdrop {
        Some(Backdrop::Colors(colors)) => parts.push(format!("on {colors:?}")),
        Some(Backdrop::Scene(scene)) => parts.push(format!("in {}", scene.name)),
        None => {}
    }
    parts.extend(sentence.styles.iter().map(|style| format!("as {style}")));
    parts.join("; ")
}

/// Sentences and what they say, a line each.
fn check(table: &[(&str, &str)]) {
    let wrong: Vec<String> = table
        .iter()
        .filter(|(text, wanted)| said(text) != *wanted)
        .map(|(text, wanted)| format!("{text}\n    said:   {}\n    wanted: {wanted}", said(text)))
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn things_have_synonyms_plurals_and_long_names() {
    check(&[
        ("a teapot", "1 teapot"),
        ("A KITTEN!", "1 cat"),
        ("scissors", "1 scissors"),
        ("a pair of scissors", "1 scissors"),
        ("a cup of coffee", "1 cup of coffee"),
        ("two cups of coffee", "2 cup of coffee"),
        ("slices of pizza", "3 pizza"),
        ("an ice-cream cone", "1 ice cream"),
        ("a T-Shirt", "1 t-shirt"),
        ("mice", "3 mouse"),
        ("wolves", "3 wolf"),
        ("a bow and arrow", "1 bow and arrow"),
        ("a house with a garden", "1 house with a garden"),
        ("a face with sunglasses", "1 face with sunglasses"),
        ("a green apple", "1 green apple"),
        ("an orange", "1 orange"),
        ("an orange on a table", "1 orange; in room"),
        ("a hot dog and a dog", "1 hot dog; With 1 dog"),
        ("a fire engine", "1 fire engine"),
        ("a chocolate cake", "1 cake"),
        ("apple trees", "3 tree"),
        ("a snow leopard", "1 leopard"),
        ("the moon", "1 crescent moon"),
        ("a ball and two boats", "1 football; With 2 sailboat"),
        ("a cat with big blue eyes", "1 cat"),
    ]);
}

#[test]
fn numbers_are_counted() {
    check(&[
        ("three apples", "3 apple"),
        ("3 apples", "3 apple"),
        ("a pair of owls", "2 owl"),
        ("several fluffy cats", "3 cat"),
        ("four hearts", "4 heart"),
        ("a four leaf clover", "1 clover"),
        ("100 ants", "9 ant"),
        ("a dozen eggs", "9 egg"),
        ("five cats and seven dogs", "5 cat; With 4 dog"),
        ("two sheep", "2 sheep"),
        ("one big dog and two small cats", "1 dog x1.2; With 2 cat x0.75"),
        ("a flock of birds", "5 bird"),
    ]);
}

#[test]
fn relations_join_things() {
    check(&[
        ("a cat beside a dog", "1 cat; Beside 1 dog"),
        ("a cat next to a dog", "1 cat; Beside 1 dog"),
        ("a cat, a dog and a bird", "1 cat; With 1 dog; With 1 bird"),
        ("a cat & a dog", "1 cat; With 1 dog"),
        ("a star above a house", "1 star; Above 1 house"),
        ("an airplane over an island", "1 airplane; Above 1 island"),
        ("a mushroom under a tree", "1 mushroom; Under 1 tree"),
        ("a cat on a chair", "1 cat; On 1 chair"),
        ("a cat sitting on top of a car", "1 cat; On 1 car"),
        ("a frog in front of a castle", "1 frog; InFront 1 castle"),
        ("a dog behind a tree", "1 dog; Behind 1 tree"),
        ("a fish in a bathtub", "1 fish; In 1 bathtub"),
        ("a cat to the left of a dog", "1 cat; Beside 1 dog"),
        ("a cat to the right of a dog", "1 cat; RightOf 1 dog"),
        ("a cat on the left and a dog on the right", "1 cat; With 1 dog"),
        ("a frog with a crown", "1 frog; Bearing 1 crown"),
        ("a penguin wearing a hat", "1 penguin; Bearing 1 top hat"),
        ("a rabbit with a carrot", "1 rabbit; With 1 carrot"),
        ("a cat on a rug, a dog", "1 cat; With 1 dog"),
    ]);
}

#[test]
fn colors_belong_to_the_thing_after_them() {
    check(&[
        ("a blue banana", "1 banana [40, 95, 220]"),
        ("a dark blue cat and a red dog", "1 cat [20, 30, 95]; With 1 dog [220, 35, 40]"),
        ("two blue hearts", "2 heart [40, 95, 220]"),
        ("an orange cat", "1 cat [250, 140, 30]"),
        ("a red lighthouse and a cat", "1 cat"),
        ("a red and white airplane", "1 airplane"),
        ("a black and white cat", "1 cat"),
        ("a bright yellow car", "1 car [250, 215, 50]"),
        ("a red cat with blue eyes", "1 cat [220, 35, 40]"),
        ("a light bulb", "1 light bulb"),
        ("a pink elephant on a blue background", "1 elephant [250, 140, 185]; on [[40, 95, 220]]"),
    ]);
}

#[test]
fn scenes_and_backgrounds_are_behind_things() {
    check(&[
        ("a fox in the snow", "1 fox; in snow"),
        ("a car on the beach", "1 car; in beach"),
        ("a horse in a green field", "1 horse; in meadow"),
        ("a shark under the sea", "1 shark; in underwater"),
        ("a tent under a night sky", "1 tent; in night sky"),
        ("an astronaut in space", "1 astronaut; in space"),
        ("a sailboat at sunset", "1 sailboat; in sunset"),
        ("a duck in the rain", "1 duck; in rain"),
        ("an umbrella in the rain", "1 umbrella in the rain"),
        ("a castle in the mountains", "1 castle; in mountains"),
        ("a castle with mountains in the background", "1 castle; in mountains"),
        ("a castle on a mountain", "1 castle; On 1 mountain"),
        ("two mountains", "2 mountain"),
        ("mountains at sunset", "in mountains"),
        ("a cat on a deserted beach", "1 cat; in beach"),
        ("a cat in a house near the beach", "1 cat; In 1 house; in beach"),
        ("a snowy landscape with two foxes", "2 fox; in snow"),
        ("a car in front of buildings", "1 car; in city"),
        ("a glass of water", ""),
        ("an octopus underwater", "1 octopus; in underwater"),
        ("a cat on red", "1 cat; on [[220, 35, 40]]"),
        ("a cat, light blue background", "1 cat; on [[150, 205, 250]]"),
        ("a cat against a plain red wall", "1 cat; on [[220, 35, 40]]"),
        ("a cat on a red and blue gradient", "1 cat; on [[220, 35, 40], [40, 95, 220]]"),
        ("a sunset", "in sunset"),
        ("three red balloons in the sky", "3 balloon [220, 35, 40]; in sky"),
        ("a cat in the sun", "1 cat"),
    ]);
}

#[test]
fn styles_are_told_apart_from_things() {
    check(&[
        ("a castle, watercolor", "1 castle; as watercolor"),
        ("pencil sketch of a dog", "1 dog; as pencil sketch"),
        ("an 8-bit robot", "1 robot; as pixel art"),
        ("a black and white photo of a horse", "1 horse; as black and white"),
        ("a horse, black and white", "1 horse; as black and white"),
        ("a horse in black and white", "1 horse; as black and white"),
        ("a low-poly deer", "1 deer; as low poly"),
        ("a neon heart", "1 heart; as neon"),
        ("a paintbrush", "1 paintbrush"),
        ("an old photo of a train", "1 train; as sepia"),
    ]);
}

#[test]
fn hostile_sentences_are_read_in_bounds() {
    check(&[
        ("", ""),
        ("   ,,, .. --- ''' ", ""),
        ("ein roter Apfel", ""),
        ("рыжий кот 🐱 猫", ""),
        ("and and on under in the of two", ""),
        ("red red red on on on", ""),
        ("in", ""),
        ("on a", ""),
        ("black and", ""),
        ("black and white", "as black and white"),
        ("two three four cats", "4 cat"),
        ("eight cats and an apple trees and a dog", "8 cat; With 1 tree"),
        ("99999999999999999999 cats", "3 cat"),
        ("0 cats", "1 cat"),
    ]);
    for text in ["a cat and ".repeat(10_000), "x".repeat(100_000), ",".repeat(100_000), "'-".repeat(50_000)] {
        let sentence = Sentence::read(&text).unwrap();
        assert!(sentence.groups.len() <= MOST_GROUPS && sentence.count() <= MOST_THINGS);
        assert!(warning(&text).unwrap().is_none_or(|warning| warning.len() < 1000));
    }
}

#[test]
fn every_scene_and_style_of_the_vocabulary_is_read() {
    let vocabulary = crate::models::Vocabulary::embedded().unwrap();
    for scene in vocabulary.scenes {
        let alone = scenes::SCENES.iter().find(|known| known.name == scene).unwrap().alone;
        assert_eq!(said(alone), format!("in {scene}"));
    }
    assert!(styles::STYLES.iter().all(|(_, style)| vocabulary.styles.iter().any(|known| known == style)));
    for style in vocabulary.styles {
        assert_eq!(said(&format!("a cat, {style}")), format!("1 cat; as {style}"));
    }
    for names in vocabulary.things {
        let group = Sentence::read(&names[0]).unwrap().groups.pop().map(|group| (group.thing, group.count));
        assert_eq!(group, Some((names[0].clone(), 1)));
    }
}

#[test]
fn every_unknown_noun_is_named() {
    let named = |text: &str| {
        let warning = warning(text).unwrap()?;
        let nouns: Vec<&str> = warning.split('"').skip(1).step_by(2).collect();
        Some(nouns.join(", "))
    };
    for (text, nouns) in [
        ("a cat beside a lighthouse", "lighthouse"),
        ("a lighthouse on a cliff and a cat", "lighthouse, cliff"),
        ("a cat and lighthouse", "lighthouse"),
        ("lighthouse, cat", "lighthouse"),
        ("a fluffy cat on a big red sofa next to a tall glorious minaret", "minaret"),
        ("a castle by Greg Rutkowski", "greg rutkowski"),
        ("two giraffes and three walruses", "walruses"),
        ("a dog riding a skateboard in the snow", "skateboard"),
        ("two friends walking in the rain", "friends"),
        ("a cat at a wedding", "wedding"),
    ] {
        assert_eq!(named(text).as_deref(), Some(nouns), "{text}");
    }
    for text in [
        "a red apple",
        "Two CHERRIES!",
        "wolves at night",
        "pencil sketch",
        "a thing under the stars",
        "a dog running fast in the snow",
        "a fluffy cat that is sleeping",
        "a beautiful, highly detailed castle",
        "an old abandoned factory",
        "a cat sitting quietly",
        "a very big dog",
        "a picture of a small house in a green field at sunset, watercolor",
        "a hot air balloon",
    ] {
        assert_eq!(warning(text).unwrap(), None, "{text}");
    }
    let near = warning("a pengiun in the snow").unwrap().unwrap();
    assert!(near.contains("penguin") && near.contains("models info embedded"), "{near}");
    let near = warning("a pengiun").unwrap().unwrap();
    assert!(near.contains("does not recognize any word") && near.contains("penguin"), "{near}");
    // Only text in other letters is likely to be in another language.
    assert!(warning("красный дом").unwrap().unwrap().contains("`text2art help models` names models"));
    assert!(!warning("xqzzv 🐸").unwrap().unwrap().contains("help models"));
    assert!(warning("xqzzv").unwrap().unwrap().contains("does not recognize any word"), "no near one");
}

#[test]
fn the_prompts_of_the_list_are_read() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/weights/training/prompts_by_group.txt");
    for prompt in std::fs::read_to_string(path).unwrap().lines().filter(|line| !line.starts_with('#')) {
        assert!(!Sentence::read(prompt).unwrap().groups.is_empty(), "{prompt}");
        assert_eq!(warning(prompt).unwrap(), None, "{prompt}");
    }
}
