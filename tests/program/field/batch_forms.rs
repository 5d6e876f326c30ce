//! Files of prompts as other programs write them, and files that are not prompts.

use std::io::Write;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::common::fixtures;
use crate::common::program::{BINARY, Outcome, Workplace};

/// A workplace with the files of these names, as other programs write them.
fn with_files(names: &[&str]) -> Workplace {
    let workplace = Workplace::new();
    for name in names {
        workplace.write(name, std::fs::read(fixtures().join("field").join(name)).unwrap());
    }
    workplace
}

/// What a batch would draw: prompts, seeds and files.
fn would_draw(outcome: &Outcome) -> Vec<(String, u64, String)> {
    let picture = |line: &str| {
        let picture: Value = serde_json::from_str(line).unwrap();
        let text = |name: &str| picture[name].as_str().unwrap().to_owned();
        (text("prompt"), picture["seed"].as_u64().unwrap(), text("output"))
    };
    outcome.output_text().lines().map(picture).collect()
}

/// What a batch of a file would draw, without a word on standard error.
fn of_file(workplace: &Workplace, name: &str) -> Vec<(String, u64, String)> {
    let outcome = workplace.run(&["batch", name, "--dry-run"]).succeeded();
    assert_eq!(outcome.errors, "", "{name}");
    would_draw(&outcome)
}

/// Runs the program with this on standard input.
fn with_input(workplace: &Workplace, arguments: &[&str], input: &[u8]) -> Outcome {
    let mut command = workplace.command();
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    Outcome { code: output.status.code(), output: output.stdout, errors }
}

fn picture(prompt: &str, seed: u64, output: &str) -> Drawn {
    (prompt.to_owned(), seed, output.to_owned())
}

/// A prompt, its seed and its file.
type Drawn = (String, u64, String);

/// Example files, and their content according to their README.
fn reported() -> [(&'static str, Vec<Drawn>); 8] {
    let (apple, fish) =
        (picture("a red apple", 0, "a-red-apple-0.png"), picture("a blue fish", 0, "a-blue-fish-0.png"));
    let first = picture("a red apple", 1, "a-red-apple-1.png");
    [
        ("prompts.json", vec![first.clone(), fish.clone()]),
        ("list.json", vec![first, picture("b", 2, "b-2.png")]),
        ("sheet.tsv", vec![picture("a red apple", 3, "a-red-apple-3.png")]),
        ("semicolon.csv", vec![picture("a red apple", 3, "x.png")]),
        (
            "floatseed.csv",
            [3, 0, 5].map(|seed| picture("a red apple", seed, &format!("a-red-apple-{seed}.png"))).to_vec(),
        ),
        ("utf16le.txt", vec![apple.clone(), fish.clone()]),
        ("cr_only.txt", vec![apple.clone(), fish]),
        ("recipe-as-batch.json", vec![apple]),
    ]
}

#[test]
fn common_forms_are_read_by_name_by_content_and_from_a_pipe() {
    let reported = reported();
    let workplace = with_files(&reported.each_ref().map(|(name, _)| *name));
    for (name, pictures) in &reported {
        assert_eq!(of_file(&workplace, name), *pictures, "{name}");
        // The form is found under another name and in a pipe as well.
        let content = workplace.read(name);
        workplace.write("list", &content);
        assert_eq!(of_file(&workplace, "list"), *pictures, "{name}");
        let outcome = with_input(&workplace, &["batch", "-", "--dry-run"], &content).succeeded();
        assert_eq!((would_draw(&outcome), outcome.errors.as_str()), (pictures.clone(), ""), "{name}");
    }
    // A recipe keeps its settings.
    let outcome = workplace.run(&["batch", "recipe-as-batch.json", "--dry-run"]).succeeded();
    let recipe: Value = serde_json::from_slice(&outcome.output).unwrap();
    assert_eq!((&recipe["size"], &recipe["iterations"]), (&"32x32".into(), &3.into()));
}

#[test]
fn every_way_to_write_a_list_is_the_same_list() {
    let workplace = Workplace::new();
    let pictures = [picture("a red apple", 3, "a-red-apple-3.png"), picture("a pear", 0, "a-pear-0.png")];
    let utf16 = |text: &str, to_bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(to_bytes).collect::<Vec<u8>>();
    let text = "a red apple -- --seed 3\r\na pear\r\n";
    for (name, content) in [
        ("marked-le.txt", utf16(&format!("\u{feff}{text}"), u16::to_le_bytes)),
        ("marked-be.txt", utf16(&format!("\u{feff}{text}"), u16::to_be_bytes)),
        ("le.txt", utf16(text, u16::to_le_bytes)),
        ("be.txt", utf16(text, u16::to_be_bytes)),
        ("le.csv", utf16("prompt\tseed\na red apple\t3\na pear\t\n", u16::to_le_bytes)),
        ("cr.csv", b"prompt,seed\ra red apple,3\ra pear,\r".to_vec()),
        ("sep.csv", b"sep=;\r\nprompt;seed\r\na red apple;3\r\na pear;\r\n".to_vec()),
        ("sep", b"sep=|\nprompt|seed\na red apple|3\na pear|\n".to_vec()),
        ("comment", b"# fruit\n\nprompt,seed\na red apple,3\na pear,\n".to_vec()),
        ("index.csv", b",prompt,seed\n0,a red apple,3\n1,a pear,\n".to_vec()),
        ("quoted", b"\"prompt\",\"seed\"\n\"a red apple\",\"3\"\n\"a pear\",\"\"\n".to_vec()),
        ("comma.tsv", b"Prompt, Seed\na red apple,3\na pear,\n".to_vec()),
        ("strings.json", b"[\"a red apple -- --seed 3\", \"a pear\"]".to_vec()),
        ("objects.json", b"{\"prompt\": \"a red apple\", \"seed\": 3.0}\n{\n \"prompt\": \"a pear\"\n}\n".to_vec()),
        ("lists.json", b"{\"prompts\": [{\"prompt\": \"a red apple\", \"seed\": 3}, \"a pear\"]}".to_vec()),
        (
            "array.jsonl",
            b"\xef\xbb\xbf[{\"prompt\": \"a red apple\", \"seed\": 3},\n{\"prompt\": \"a pear\"},\n]".to_vec(),
        ),
        ("tables", b"[[picture]]\nprompt = \"a red apple\"\nseed = 3\n[[picture]]\nprompt = \"a pear\"\n".to_vec()),
    ] {
        workplace.write(name, content);
        assert_eq!(of_file(&workplace, name), pictures, "{name}");
    }
    // The output of `info` for a picture is a batch of one picture.
    workplace.write("settings.toml", "prompt = \"a red apple\"\nseed = 3\n");
    assert_eq!(of_file(&workplace, "settings.toml"), pictures[..1]);
    // Prompts that look a little like another form.
    workplace.write("prompts.txt", "prompts of spring\n[oil painting] a pear\nprompt, seed and soil\n- a fig\n");
    let prompts: Vec<_> = of_file(&workplace, "prompts.txt").into_iter().map(|(prompt, ..)| prompt).collect();
    assert_eq!(prompts, ["prompts of spring", "[oil painting] a pear", "prompt, seed and soil", "- a fig"]);
}

#[test]
fn what_is_no_list_is_refused_once() {
    let workplace = with_files(&["p.yaml"]);
    workplace.write("yaml.txt", workplace.read("p.yaml"));
    workplace.write("settings.yml", "seed: 3\n");
    let small = ["--size", "16x16", "--cutouts", "1", "-n", "2", "-q", "--checkpoint-every", "1"];
    workplace.run(&[&["a pear", "-o", "pear.png", "--gif", "--mp4"], &small[..]].concat()).succeeded();
    workplace.write("pear.txt", workplace.read("pear.png"));
    workplace.write("archive.csv", b"PK\x03\x04\x14\0\x06\0\x08\0");
    workplace.write("binary", [&b"a red apple"[..], &[0, 1, 2, 3]].concat());
    workplace.write("utf-32.txt", b"\xff\xfe\0\0a\0\0\0");
    workplace.write("config.toml", "seed = 3\n");
    for (name, words) in [
        ("p.yaml", "YAML"),
        ("yaml.txt", "YAML"),
        ("settings.yml", "YAML"),
        ("pear.png", "PNG"),
        ("pear.txt", "PNG"),
        ("pear.gif", "GIF"),
        ("pear.mp4", "video"),
        ("pear.png.t2a", "checkpoint"),
        ("archive.csv", "ZIP"),
        ("binary", "binary data"),
        ("utf-32.txt", "UTF-32"),
        ("config.toml", "[[picture]]"),
        ("/dev/zero", "/dev/zero"),
    ] {
        workplace.refuses(&["batch", name], &[name, words]);
    }
    // The hint says what to do instead.
    for (name, hint) in [
        ("pear.png", "text2art --from pear.png"),
        ("pear.png.t2a", "text2art resume pear.png.t2a"),
        ("p.yaml", ".json"),
        ("binary", ".tsv"),
    ] {
        let lines = workplace.refuses_somehow(&["batch", name]);
        assert!(lines[1].contains(hint), "{lines:?}");
    }
    let outcome = with_input(&workplace, &["batch", "-"], &workplace.read("pear.png"));
    assert_eq!(outcome.code, Some(2), "{}", outcome.errors);
    assert!(outcome.errors.starts_with("error: standard input: this is a PNG picture"), "{}", outcome.errors);
    let outcome = with_input(&workplace, &["batch", "-"], b"prompts:\n");
    assert!(outcome.code == Some(2) && outcome.errors.contains("YAML"), "{}", outcome.errors);
}

#[test]
fn faults_in_json_have_a_line_and_an_end() {
    let workplace = Workplace::new();
    let long = format!("[{{\"prompt\": \"a\"}},\n\"{}\",\n{{\"promt\": \"b\"}},\n5,\n\"c\"]", "x".repeat(1 << 20));
    workplace.write("long.json", long);
    let outcome = workplace.run(&["batch", "long.json", "--dry-run"]);
    assert_eq!(outcome.code, Some(1), "{}", outcome.errors);
    let prompts: Vec<_> = would_draw(&outcome).into_iter().map(|(prompt, ..)| prompt).collect();
    assert_eq!(prompts, ["a", "c"]);
    for (line, words) in [(2, "longer than 100 KiB"), (3, "did you mean `prompt`?"), (4, "this is a number")] {
        let told = format!("error: long.json line {line}: ");
        let found = outcome.errors.lines().find(|error| error.starts_with(&told));
        assert!(found.is_some_and(|error| error.contains(words)), "{line}: {}", outcome.errors);
    }
    for (content, told) in [
        ("[\n\"a\",\n\"b\"", "error: x.json line 3: the array is incomplete"),
        ("[\"a\"\n\"b\"]", "error: x.json line 2: a comma is missing"),
        ("[\"a\",\n{\"prompt\": b},\n\"c\"]", "error: x.json line 2: this is not valid JSON"),
        ("a red apple\na pear\n", "error: x.json line 1: this is not valid JSON"),
        ("\n{\"prompt\": \"a", "error: x.json line 2: the value is incomplete"),
        // Deeper than the parser goes, and longer than is kept.
        (
            &format!("[{}{}]", "[".repeat(5_000), "]".repeat(5_000)),
            "error: x.json line 1: this is not valid JSON: recursion",
        ),
        (&"[".repeat(8 << 20), "error: x.json line 1: the value is incomplete"),
    ] {
        workplace.write("x.json", content);
        let outcome = workplace.run(&["batch", "x.json", "--dry-run"]);
        assert!(outcome.code == Some(1) && outcome.errors.starts_with(told), "{told}: {}", outcome.errors);
        assert_eq!(outcome.errors.matches("error: ").count(), 1, "{}", outcome.errors);
    }
}

#[test]
fn a_quotation_mark_that_is_never_closed_is_found() {
    let workplace = Workplace::new();
    let rest = "a red apple,2\n".repeat(200_000);
    for (begin, opened) in [("prompt,seed\na pear,1\n\"a fig,3\n", 3), ("prompt,seed\na pear,1\n\"a\nfig\",\"3\n", 4)] {
        let sheet = format!("{begin}{rest}");
        workplace.write("x.csv", &sheet);
        let script = "\"$0\" batch - --dry-run < x.csv";
        let piped = workplace.command_of("sh").args(["-c", script, BINARY]).output().unwrap();
        let piped = (piped.status.code(), String::from_utf8(piped.stderr).unwrap());
        let file = workplace.run(&["batch", "x.csv", "--dry-run"]);
        for (code, errors) in [piped, (file.code, file.errors)] {
            let told = format!("in line {opened} is not closed within 1 MiB");
            assert!(code == Some(1) && errors.contains(&told), "{errors}");
            assert_eq!(errors.matches("error: ").count(), 1, "{errors}");
        }
        assert_eq!(file.output.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count(), 1);
    }
}

#[test]
fn options_among_words_are_words_with_one_warning() {
    let workplace = with_files(&["forgotten_dashes.txt", "odd.txt"]);
    let warnings = |outcome: &Outcome| {
        // A doubtful prompt has its own warning.
        let is_such = |line: &&str| line.starts_with("warning: ") && line.contains("options in the prompt");
        let warnings: Vec<String> = outcome.errors.lines().filter(is_such).map(Into::into).collect();
        assert_eq!(warnings.len(), 1, "{}", outcome.errors);
        warnings.into_iter().next().unwrap()
    };
    let outcome = workplace.run(&["batch", "forgotten_dashes.txt", "--dry-run"]).succeeded();
    let prompts: Vec<_> = would_draw(&outcome).into_iter().map(|(prompt, ..)| prompt).collect();
    assert_eq!(prompts[..2], ["a red apple --seed 2", "--prompt \"a red apple\" --seed 2"]);
    let warning = warnings(&outcome);
    assert!(warning.contains("forgotten_dashes.txt line 1 and 3 more lines have options"), "{warning}");
    assert!(warning.ends_with(": a red apple -- --seed 2"), "{warning}");
    // The example in the warning is correct.
    workplace.write("right.txt", "a red apple -- --seed 2\n");
    assert_eq!(of_file(&workplace, "right.txt"), [picture("a red apple", 2, "a-red-apple-2.png")]);

    let outcome = workplace.run(&["batch", "odd.txt", "--dry-run"]);
    assert_eq!(outcome.code, Some(1), "{}", outcome.errors);
    assert!(warnings(&outcome).contains("odd.txt line 2 has options"), "{}", outcome.errors);
    for (line, words) in [(3, "there is no prompt before ` -- `"), (4, "has options but no prompt"), (9, "'B'")] {
        let told = format!("error: odd.txt line {line}: ");
        let found = outcome.errors.lines().find(|error| error.starts_with(&told));
        assert!(found.is_some_and(|error| error.contains(words)), "{line}: {}", outcome.errors);
    }
    let prompts: Vec<_> = would_draw(&outcome).into_iter().map(|(prompt, ..)| prompt).collect();
    let literal = ["\"a quoted apple\"", "a {red apple", "a }red apple", "50% off"];
    assert_eq!(prompts, [&["a red apple", "a red apple --seed 2"][..], &literal].concat());

    // An unknown option, one in a column, and one in a pipe.
    workplace.write("unknown.txt", "a red apple --ar 16:9\n");
    let warning = warnings(&workplace.run(&["batch", "unknown.txt", "--dry-run"]).succeeded());
    assert!(warning.contains("`--ar` is not an option"), "{warning}");
    workplace.write("column.csv", "prompt,size\na red apple --seed 2,32x32\n");
    let warning = warnings(&workplace.run(&["batch", "column.csv", "--dry-run"]).succeeded());
    assert!(warning.contains("column.csv line 2") && warning.contains("`seed`"), "{warning}");
    let small = ["batch", "-", "--size", "16x16", "--cutouts", "1", "-n", "0"];
    let outcome = with_input(&workplace, &small, b"a red apple --seed 2\na pear --seed 3\n").succeeded();
    assert!(warnings(&outcome).contains("standard input line 1 has"), "{}", outcome.errors);
    assert_eq!(outcome.output_text().lines().count(), 2);
}

#[test]
fn sheets_and_arrays_in_a_pipe_are_drawn_as_they_come() {
    for parts in [
        [&b"prompt;seed\nan apple;1\n"[..], b"a pear;7\n"],
        [b"[\n{\"prompt\": \"an apple\", \"seed\": 1}", b",\n{\"prompt\": \"a pear\", \"seed\": 7}]\n"],
        // The first prompt is drawn before the second line arrives.
        [
            b"a\0n\0 \0a\0p\0p\0l\0e\0 \0-\0-\0 \0-\0s\0 \x001\0\n\0",
            b"a\0 \0p\0e\0a\0r\0 \0-\0-\0 \0-\0s\0 \x007\0\n\0",
        ],
    ] {
        let workplace = Workplace::new();
        let mut command = workplace.command();
        command.args(["batch", "-", "-q", "--size", "16x16", "--cutouts", "1", "-n", "0"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        for (part, name) in parts.iter().zip(["an-apple-1.png", "a-pear-7.png"]) {
            input.write_all(part).unwrap();
            let began = Instant::now();
            while !workplace.join(name).exists() {
                assert!(
                    began.elapsed() < Duration::from_secs(60),
                    "{name} of {} does not come",
                    parts[0].escape_ascii()
                );
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        drop(input);
        assert!(child.wait().unwrap().success());
    }
}
