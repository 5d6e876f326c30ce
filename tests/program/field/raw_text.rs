//! Text from files never reaches the terminal raw.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use candle_core::{DType, Device, Tensor};
use serde_json::{Value, json};
use text2art::output::{Checkpoint, Recipe, Stage, encode};

use super::common::fixtures;
use super::common::program::{Outcome, Workplace, finish};

/// Colors, a bell, a backspace, a return and a delete; controls of C1, one of which begins sequences; what turns the
/// direction of text; what is not seen, and what ends lines.
const HOSTILE: &str =
    "\x1b[31m\x07\x08\r\x7f\u{85}\u{9b}31m\u{202e}\u{2066}\u{2069}\u{200f}\u{61c}\u{200b}\u{feff}\u{2028}\u{e0041}";
/// How it begins where it is shown as it is.
const SHOWN: &str = r"\u001B[31m\u0007\u0008";

/// Hostile text as a file may hold it.
fn hostile() -> String {
    format!("x\0\n{HOSTILE}y")
}

/// Whether a character steers a terminal or misleads the reader.
fn is_raw(character: char) -> bool {
    (character.is_control() && character != '\n')
        || matches!(character, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(character, '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// Checks that nothing of a run's text is raw, and that the hostile text is in it.
fn check(outcome: Outcome, what: &str) -> Outcome {
    let output = String::from_utf8_lossy(&outcome.output).into_owned();
    for text in [&output, &outcome.errors] {
        if let Some(raw) = text.chars().find(|character| is_raw(*character)) {
            panic!("{what}: {raw:?} in {text:?}");
        }
    }
    assert!(!outcome.errors.contains("panicked"), "{what}: {}", outcome.errors);
    let all = output + &outcome.errors;
    assert!(is_shown(&all), "{what}: not in {all:?}");
    outcome
}

/// Whether the hostile text is there, as it is written in any of the ways in which it is safe.
fn is_shown(text: &str) -> bool {
    ["\\u202e", "\\u{202e}"].iter().any(|escape| text.to_lowercase().contains(escape))
}

fn run<S: AsRef<OsStr>>(workplace: &Workplace, arguments: &[S]) -> Outcome {
    let shown: Vec<_> = arguments.iter().map(AsRef::as_ref).collect();
    check(workplace.run(arguments), &format!("{shown:?}"))
}

/// A workplace with `a.png`, a picture, and `a.png.t2a`, its checkpoint.
fn drawn() -> Workplace {
    let workplace = Workplace::new();
    let line = "apple --size 32x32 --cutouts 1 -n 2 --seed 1 -q --checkpoint-every 1 --gif --mp4 -o a.png";
    workplace.run(&line.split(' ').collect::<Vec<_>>()).succeeded();
    workplace
}

/// Puts hostile text into every field of a recipe that takes any.
fn poison(recipe: &mut Recipe) {
    let stage = Stage { iterations_done: 1, settings: recipe.settings.clone(), reset_optimizer: true };
    recipe.settings.prompt = format!("{}\"'", hostile()).parse().unwrap();
    recipe.program = hostile();
    recipe.earlier.push(stage);
    for model in &mut recipe.models {
        (model.role, model.name, model.file, model.sha256) = (hostile(), hostile(), hostile(), hostile());
    }
    let input = json!({ "option": hostile(), "path": hostile(), "sha256": hostile() });
    recipe.inputs.push(serde_json::from_value(input).unwrap());
}

/// A picture with a recipe.
fn write_picture(workplace: &Workplace, name: &str, recipe: &Recipe) {
    let picture = Tensor::zeros((1, 3, 32, 32), DType::F32, &Device::Cpu).unwrap();
    workplace.write(name, encode(&picture, Some(recipe), None).unwrap());
}

#[test]
fn recipes_are_shown_safely_and_mean_the_same() {
    let workplace = drawn();
    let mut recipe = Recipe::read(&workplace.join("a.png")).unwrap();
    poison(&mut recipe);
    write_picture(&workplace, "hostile.png", &recipe);
    // Both forms read back as what the picture says.
    let shown = run(&workplace, &["info", "hostile.png", "--json"]).succeeded();
    assert_eq!(shown.output_json(), serde_json::to_value(&recipe).unwrap());
    let shown = run(&workplace, &["info", "hostile.png"]).succeeded();
    let read: toml::Table = toml::from_str(shown.output_text()).unwrap();
    assert_eq!(read, toml::Table::try_from(&recipe.settings).unwrap());
    // Comments stay comments, whatever lines their text has.
    let settings = shown.output_text().lines().find(|line| !line.starts_with("# ")).unwrap();
    assert!(settings.starts_with("prompt = "), "{settings}");
    workplace.write("hostile.toml", &shown.output);
    let dry = run(&workplace, &["--config", "hostile.toml", "--dry-run"]).succeeded();
    let read: toml::Table = toml::from_str(dry.output_text()).unwrap();
    assert_eq!(read["prompt"].as_str(), Some(recipe.settings.prompt.to_string().as_str()));
    // Text of models and files.
    for (option, text) in [("vqgan", hostile()), ("image_prompt", hostile()), ("init_image", hostile())] {
        let mut recipe = Recipe::read(&workplace.join("a.png")).unwrap();
        let mut settings = serde_json::to_value(&recipe.settings).unwrap();
        settings[option] = if option == "image_prompt" { json!([text]) } else { json!(text) };
        recipe.settings = serde_json::from_value(settings).unwrap();
        recipe.inputs.clear();
        write_picture(&workplace, "other.png", &recipe);
        run(&workplace, &["info", "other.png"]).succeeded();
        run(&workplace, &["--from", "other.png", "--offline", "-o", "n.png"]);
        run(&workplace, &["--from", "other.png", "--offline", "-o", "n.png", "--progress", "json"]);
    }
}

#[test]
fn reported_pictures_and_settings_are_shown_safely() {
    let workplace = Workplace::new();
    for name in ["esc-program.png", "recipe_config-BIDIC1-1-rp.toml"] {
        workplace.write(name, std::fs::read(fixtures().join("field").join(name)).unwrap());
    }
    for arguments in [
        &["info", "esc-program.png"][..],
        &["info", "esc-program.png", "--json"],
        &["--config", "recipe_config-BIDIC1-1-rp.toml", "--dry-run"],
    ] {
        let outcome = workplace.run(arguments);
        let shown = String::from_utf8_lossy(&outcome.output).into_owned() + &outcome.errors;
        assert!(!shown.chars().any(is_raw), "{arguments:?}: {shown:?}");
        assert!(
            shown.contains(r"\u001B]0;PWN") || shown.contains(r"\u001b]0;PWN") || shown.contains(r"\u202E"),
            "{shown}"
        );
    }
}

#[test]
fn moving_pictures_and_checkpoints_are_shown_safely() {
    let workplace = drawn();
    // Their recipes hold no raw C0, since JSON does not; what is as long as the program's name takes its place.
    let replaced = |name: &str, new: &str, text: &str| {
        let (before, program) = (workplace.read(name), text2art::PROGRAM);
        let field = b"\"program\":\"";
        let place = before.windows(field.len()).position(|bytes| bytes == field).unwrap() + field.len();
        assert_eq!(text.len(), program.len());
        let mut bytes = before;
        bytes[place..place + text.len()].copy_from_slice(text.as_bytes());
        workplace.write(new, bytes);
    };
    replaced("a.mp4", "hostile.mp4", "\\u001b\u{9b}\u{202e}\x7f  ");
    replaced("a.gif", "hostile.gif", "\\u001b\\u009b  ");
    for name in ["hostile.mp4", "hostile.gif"] {
        for arguments in [&["info", name][..], &["info", name, "--json"]] {
            let outcome = workplace.run(arguments).succeeded();
            let text = outcome.output_text();
            assert!(!text.chars().any(is_raw) && text.to_lowercase().contains(r"\u001b\u009b"), "{name}: {text:?}");
        }
    }
    let mut checkpoint = Checkpoint::read(&workplace.join("a.png.t2a")).unwrap();
    checkpoint.device = hostile();
    checkpoint.recipe.program = hostile();
    for progress in ["lines", "json"] {
        workplace.write("a.png.t2a", checkpoint.encode().unwrap());
        run(&workplace, &["resume", "a.png.t2a", "-n", "+1", "--progress", progress]).succeeded();
    }
    poison(&mut checkpoint.recipe);
    checkpoint.recipe.inputs.clear();
    workplace.write("a.png.t2a", checkpoint.encode().unwrap());
    run(&workplace, &["resume", "a.png.t2a", "-n", "+1", "--force"]);
}

#[test]
fn batches_are_shown_safely() {
    let workplace = drawn();
    let lines = [json!({ "prompt": hostile(), "seed": 1 }), json!({ "prompt": "a", "size": hostile() })];
    workplace.write("h.jsonl", lines.map(|line| line.to_string() + "\n").concat());
    workplace.write("h.txt", format!("x{}y\nan apple -- --size x{HOSTILE}y\n", HOSTILE.replace('\r', "")));
    workplace.write("h.csv", format!("prompt,size\n\"x{HOSTILE}y\",\n\"a\",\"x{HOSTILE}y\"\n"));
    workplace.write("columns.csv", format!("prompt,x{}y\na,b\n", HOSTILE.replace('\r', "")));
    let toml = toml::to_string(&json!({ "picture": [{ "prompt": hostile() }, { "prompt": "a", "size": hostile() }] }));
    workplace.write("h.toml", toml.unwrap());
    let draw = ["--size", "32x32", "--cutouts", "1", "-n", "1"];
    for name in ["h.jsonl", "h.txt", "h.csv", "h.toml", "columns.csv"] {
        run(&workplace, &["batch", name, "--dry-run"]);
        for progress in ["lines", "json"] {
            let template = format!("{{slug}}-{progress}.png");
            run(&workplace, &[&["batch", name, "--progress", progress, "-o", &template], &draw[..]].concat());
        }
    }
    // What a program reads is what the file says.
    let dry = workplace.run(&["batch", "h.jsonl", "--dry-run"]);
    let line: Value = serde_json::from_str(dry.output_text().lines().next().unwrap()).unwrap();
    assert_eq!(line["prompt"], hostile());
    // The name of the file, and those of the pictures.
    let name = format!("x{HOSTILE}y.txt");
    workplace.write(&name, "an apple -- --size none\n");
    run(&workplace, &["batch", name.as_str()]);
    let output = format!("x{HOSTILE}y.png");
    workplace.write("o.jsonl", json!({ "prompt": "an apple", "output": output, "gif": hostile() }).to_string());
    workplace.write("q.jsonl", json!({ "prompt": "an apple", "output": output }).to_string());
    run(&workplace, &["batch", "o.jsonl"]);
    let drawn = finish(workplace.command().args(["batch", "q.jsonl", "--progress", "lines"]).args(draw)).succeeded();
    assert!(!drawn.errors.chars().any(is_raw) && is_shown(&drawn.errors), "{:?}", drawn.errors);
    assert_eq!(drawn.output, format!("{output}\n").as_bytes());
}

#[test]
fn palettes_are_shown_safely() {
    let workplace = Workplace::new();
    workplace.write("h.gpl", format!("GIMP Palette\nName: x{}y\n#\n1 2 3 x\n4 5 6 y\n", HOSTILE.replace('\r', "")));
    // A file's own title is not shown.
    let shown = workplace.run(&["palettes", "h.gpl", "--json"]).succeeded();
    assert!(!shown.output_text().chars().any(is_raw) && !shown.errors.chars().any(is_raw));
    workplace.write("bad.gpl", format!("GIMP Palette\nx{}y\n", HOSTILE.replace('\r', "")));
    run(&workplace, &["palettes", "bad.gpl"]);
    let hostile = format!("x{HOSTILE}y");
    run(&workplace, &["palettes", &hostile]);
    run(&workplace, &["an", "apple", "--palette", &hostile, "-o", "n.png"]);
}

/// A weight file of one tensor, with a name of its own.
fn safetensors(name: &str) -> Vec<u8> {
    let header = json!({
        "__metadata__": { hostile(): hostile() },
        name: { "dtype": "F32", "shape": [1], "data_offsets": [0, 4] },
    });
    let header = header.to_string();
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &[0; 4]].concat()
}

#[test]
fn models_are_shown_safely() {
    let workplace = Workplace::new();
    let clip = |name: &str| std::fs::read(fixtures().join("clip").join(name)).unwrap();
    let config: Value = serde_json::from_slice(&clip("config.json")).unwrap();
    let whole = |folder: &str| {
        for name in ["config.json", "tokenizer.json", "model.safetensors"] {
            workplace.write(&format!("{folder}/{name}"), clip(name));
        }
    };
    let draw = |model: &str| {
        let line =
            ["apple", "--size", "32x32", "--cutouts", "1", "-n", "1", "--offline", "-o", "n.png", "--clip", model];
        run(&workplace, &line);
        run(&workplace, &[&line[..], &["--progress", "json"]].concat());
    };
    // Values where a number or a known name is to stand.
    for (part, field) in
        [("text_config", "hidden_act"), ("text_config", "hidden_size"), ("vision_config", "hidden_act")]
    {
        whole("c");
        let mut config = config.clone();
        config[part][field] = hostile().into();
        workplace.write("c/config.json", config.to_string());
        draw("c");
    }
    // The name of a tensor that is too many, and of the folder.
    let folder = format!("x{HOSTILE}y");
    whole(&folder);
    workplace.write(&format!("{folder}/model.safetensors"), safetensors(&hostile()));
    draw(&folder);
    run(&workplace, &["models", "import", "someone/something", &folder, "--role", "clip"]);
    whole("t");
    let tokenizer = String::from_utf8(clip("tokenizer.json")).unwrap();
    assert!(tokenizer.contains("\"BPE\""));
    let kind = serde_json::to_string(&hostile()).unwrap();
    workplace.write("t/tokenizer.json", tokenizer.replacen("\"BPE\"", &kind, 1));
    let outcome = workplace.run(&["apple", "--size", "32x32", "--offline", "-o", "n.png", "--clip", "t"]);
    assert!(outcome.code != Some(0) && !outcome.errors.chars().any(is_raw), "{:?}", outcome.errors);
    for name in ["models info", "models path", "models pull", "models rm", "models verify"] {
        let arguments: Vec<_> = name.split(' ').chain([folder.as_str()]).collect();
        run(&workplace, &[&arguments[..], &["--offline"]].concat());
    }
}

#[test]
fn names_of_files_are_shown_safely() {
    let workplace = drawn();
    let nothing = format!("x{HOSTILE}y");
    let (png, t2a, gif) = (format!("{nothing}.png"), format!("{nothing}.t2a"), format!("{nothing}.gif"));
    let cases: [&[&str]; 13] = [
        &["info", &png],
        &["score", &png, "-p", "a"],
        &["reconstruct", &png, "-o", "n.png"],
        &["reconstruct", "a.png", "-o", &nothing],
        &["resume", &t2a],
        &["video", &png, "-o", "n.gif"],
        &["video", "a.png", "-o", &nothing],
        &["batch", &nothing],
        &["a", "--init-image", &png],
        &["a", "--image-prompt", &png],
        &["a", "--from", &png],
        &["a", "--config", &nothing],
        &["a", "--dry-run", "-o", &png],
    ];
    for arguments in cases {
        run(&workplace, arguments);
    }
    // Files that are there.
    std::fs::copy(workplace.join("a.png"), workplace.join(&png)).unwrap();
    let scored = workplace.run(&["score", &png, "-p", &nothing]).succeeded();
    assert!(!scored.output_text().chars().any(|character| is_raw(character) && character != '\t'));
    let scores = run(&workplace, &["score", &png, "-p", &nothing, "--json"]).succeeded().output_json();
    assert_eq!([&scores[0]["image"], &scores[0]["prompt"]], [&json!(png), &json!(nothing)]);
    for arguments in [&["a", "-o", &png][..], &["video", "a.png", "-o", &gif, "--progress", "json"]] {
        let outcome = workplace.run(arguments);
        assert!(!outcome.errors.chars().any(is_raw) && (outcome.code == Some(0) || is_shown(&outcome.errors)));
    }
}

#[test]
fn what_was_typed_is_shown_safely() {
    let workplace = Workplace::new();
    let hostile = format!("x{HOSTILE}y");
    let option = format!("--{hostile}");
    for arguments in [&[option.as_str()][..], &["--size", &hostile], &["info", "a.png", &hostile]] {
        // clap takes some of the sequences out itself.
        let outcome = workplace.run(arguments);
        assert_eq!(outcome.code, Some(2), "{arguments:?}");
        assert!(!outcome.errors.chars().any(is_raw), "{arguments:?}: {:?}", outcome.errors);
    }
    run(&workplace, &[hostile.as_str(), "--dry-run"]).succeeded();
    // The environment.
    let variables = [("TEXT2ART_SIZE", hostile.as_str()), (&*format!("TEXT2ART_X{HOSTILE}"), "1")];
    for (name, value) in variables {
        let outcome = finish(workplace.command().env(name, value).args(["apple", "--dry-run"]));
        assert!(!outcome.errors.chars().any(is_raw) && is_shown(&outcome.errors), "{:?}", outcome.errors);
    }
    // The program's own name, which a caller chooses.
    let mut command = workplace.command();
    std::os::unix::process::CommandExt::arg0(&mut command, &hostile);
    let outcome = finish(command.arg("--help"));
    assert!(!outcome.output_text().chars().any(is_raw));
}

#[test]
fn paths_are_whole_for_programs_and_safe_for_people() {
    let workplace = drawn();
    let name = OsString::from(format!("x{HOSTILE}y.gif"));
    let not_text = OsStr::from_bytes(b"\xFF\x1b\x80.gif");
    for name in [name.as_os_str(), not_text] {
        let outcome = workplace.run(&[OsStr::new("video"), OsStr::new("a.png"), OsStr::new("-o"), name]).succeeded();
        assert_eq!(outcome.output, [name.as_bytes(), b"\n"].concat());
        assert!(workplace.join(Path::new(name)).is_file());
        let json = ["video", "a.png", "--force", "--progress", "json", "-o"].map(OsStr::new);
        let outcome = workplace.run(&[&json[..], &[name]].concat()).succeeded();
        let saved = outcome.events().into_iter().find(|event| event["event"] == "saved").unwrap();
        assert_eq!(saved["path"], *name.to_string_lossy());
        assert!(!outcome.errors.chars().any(is_raw));
    }
    #[cfg(target_os = "linux")]
    {
        let name = name.to_str().unwrap();
        let arguments = ["video", "a.png", "-q", "--force", "-o", name];
        let variables = [("TERM", "xterm-256color")];
        let mut terminal = super::pseudo_terminal::Terminal::start(&workplace, (10, 300), &arguments, &variables);
        assert_eq!(terminal.finish(|_| ()), Some(0));
        assert!(terminal.rows()[0].starts_with(&format!("x{SHOWN}")), "{:?}", terminal.rows());
        assert!(!terminal.raw.contains(&0x07), "{:?}", terminal.raw);
    }
}
