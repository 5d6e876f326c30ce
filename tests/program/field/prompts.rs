//! Verbs and prompts that begin alike, numbers in all spellings, and prompts that were probably not meant as such.

use std::collections::BTreeSet;

use super::common::program::{Outcome, Workplace, finish};

/// For each verb prompts that begin with its name. Behind `submit`, any words are a prompt for a server, and behind `animate` that
/// of an animation; behind `upscale`, they are files.
const PROMPTS: &[(&str, &[&str])] = &[
    ("generate", &["generate generate electricity from wind"]),
    ("animate", &[]),
    ("resume", &["resume of a pirate"]),
    ("batch", &["batch of cookies", "batch of cookies --seed 3"]),
    ("study", &["study of a castle", "study in scarlet -n 5"]),
    ("score", &["score board", "score board -n 5"]),
    ("reconstruct", &["reconstruct the past"]),
    ("upscale", &[]),
    ("render", &[]),
    ("restyle", &["restyle an old house", "restyle my kitchen --seed 5"]),
    ("morph", &["morph of a cat and a fox", "morph suit --seed 5"]),
    ("video", &["video game castle", "video game castle --seed 5"]),
    ("info", &["info desk in a lobby"]),
    ("models", &["models of ships", "models list of cars"]),
    ("drawers", &["drawers full of socks"]),
    ("palettes", &["palettes of autumn"]),
    ("styles", &["styles of ancient rome"]),
    ("doctor", &["doctor who", "doctor with a white coat --size 64x64"]),
    ("bench", &["bench in a park", "bench | a park"]),
    #[cfg(feature = "server")]
    ("serve", &["serve tea and cake"]),
    #[cfg(feature = "server")]
    ("worker", &["worker bees"]),
    #[cfg(feature = "server")]
    ("submit", &[]),
    #[cfg(feature = "server")]
    ("jobs", &["jobs for cats"]),
    #[cfg(feature = "server")]
    ("cancel", &["cancel culture"]),
    #[cfg(feature = "server")]
    ("login", &["login page of a castle"]),
    ("completions", &["completions of a dream", "completions of a puzzle"]),
    ("man", &["man on the moon"]),
    ("help", &["help me paint a house", "help wanted sign", "help me list of dreams --seed 3"]),
];

fn words(line: &str) -> Vec<&str> {
    line.split(' ').collect()
}

/// Nothing listens on port 1.
#[cfg(feature = "server")]
#[test]
fn submit_takes_no_verb_that_makes_films_for_a_prompt() {
    let workplace = Workplace::new();
    let server = ["--server", "http://127.0.0.1:1"];
    for (line, way) in [
        ("animate a frog", "text2art submit a frog --length 24 --mp4;"),
        ("restyle film neon", "run `text2art restyle` on this machine;"),
        ("morph a.png b.png", "run `text2art morph` on this machine;"),
    ] {
        let given = [&["submit"], &words(line)[..], &server].concat();
        let lines = workplace.refuses_somehow(&given);
        let verb = line.split(' ').next().unwrap();
        assert_eq!(lines[0], format!("error: `submit` does not support the command {verb}"));
        let quoted = format!("run: text2art submit '{line}'");
        assert!(lines[1].contains(way) && lines[1].ends_with(&quoted), "{lines:?}");
        // The ways that the hint names get as far as the server.
        let whole = workplace.run(&[&["submit", line][..], &server].concat());
        assert!(whole.code != Some(0) && whole.errors.contains("127.0.0.1:1"), "{}", whole.errors);
    }
    for line in ["submit a frog --length 24 --mp4", "submit animate", "submit a morph of cats"] {
        let outcome = workplace.run(&[&words(line)[..], &server].concat());
        assert!(outcome.code != Some(0) && outcome.errors.contains("127.0.0.1:1"), "{line}: {}", outcome.errors);
    }
}

/// The settings a dry run prints.
fn dry(workplace: &Workplace, line: &str) -> toml::Table {
    let outcome = workplace.run(&[&words(line)[..], &["--dry-run"]].concat()).succeeded();
    outcome.output_text().parse().unwrap()
}

#[test]
fn a_prompt_may_begin_with_the_name_of_any_verb() {
    let workplace = Workplace::new();
    let help = workplace.run(&["--help"]).succeeded();
    let lines = help.output_text().lines().skip_while(|line| *line != "Commands:").skip(1);
    let verbs: BTreeSet<String> = lines
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .collect();
    // A verb without a case fails.
    assert_eq!(PROMPTS.iter().map(|(verb, _)| (*verb).to_owned()).collect::<BTreeSet<_>>(), verbs);
    for (verb, lines) in PROMPTS {
        for line in *lines {
            let text = line.split(" -").next().unwrap();
            // Behind it any words are a prompt.
            let text = if *verb == "generate" { text.strip_prefix("generate ").unwrap() } else { text };
            assert!(text.starts_with(verb), "{line}");
            assert_eq!(dry(&workplace, line)["prompt"].as_str(), Some(text), "{line}");
            let explicit = format!("generate {text}");
            assert_eq!(dry(&workplace, &explicit)["prompt"].as_str(), Some(text), "{explicit}");
        }
    }
}

/// Checks that a line is refused by its verb, with what it says in the error and in the hint.
fn refused(workplace: &Workplace, line: &str, error: &str, hint: &str) {
    let lines = workplace.refuses_somehow(&words(line));
    assert!(lines[0].contains(error), "{line}: {lines:?}");
    assert!(lines[1].contains(hint), "{line}: {lines:?}");
}

#[test]
fn what_a_verb_takes_is_the_verbs() {
    let workplace = Workplace::new();
    workplace.write("photo.png", "no picture");
    workplace.write("lines", "a fig\n");
    for (line, error, hint) in [
        // One word that could be a file's name: the verb, and how to draw the words.
        ("info desk", "desk: file not found", "to use these words as a prompt, run: text2art generate info desk"),
        (
            "batch cookies",
            "cookies: file not found",
            "to use these words as a prompt, run: text2art generate batch cookies",
        ),
        (
            "resume cover",
            "cover: file not found",
            "to use these words as a prompt, run: text2art generate resume cover",
        ),
        (
            "upscale a castle",
            "a: file not found",
            "to use these words as a prompt, run: text2art generate upscale a castle",
        ),
        ("info castle --seed 5", "--seed", "to use these words as a prompt, run: text2art generate info castle"),
        // Names of files, and files that are there.
        ("info cat.png", "cat.png: file not found", "check the spelling of the path"),
        ("info phto.png", "phto.png: file not found", "did you mean `photo.png`?"),
        ("apple --init-image phto.png", "phto.png: file not found", "did you mean `photo.png`?"),
        ("apple --config none/a.toml", "none/a.toml: file not found", "the folder none does not exist"),
        ("batch prompts.txt", "prompts.txt: file not found", "check the spelling of the path"),
        ("score photo.png", "--prompt", "run `text2art score"),
        ("score photo.png apple", "--prompt", "run `text2art score"),
        // What was given with everything that the verb needs.
        ("video frames -o slow.mp4", "frames: file or folder not found", "check the spelling of the path"),
        ("info photo.png other.png", "other.png", "text2art info --help"),
        ("batch lines of text", "of", "text2art batch --help"),
        // A word alone.
        ("info", "<PICTURE>", "run `text2art info <PICTURE>`"),
        ("batch", "<FILE>", "run `text2art batch <FILE>`"),
        // An option that is the verb's alone, or mistyped.
        ("batch x.txt --sampels 3", "--sampels", "did you mean `--samples`?"),
        (
            "batch of cookies --samples 3",
            "cookies",
            "to use these words as a prompt, run: text2art generate batch of cookies",
        ),
        ("models lits", "lits", "did you mean `list`?"),
        ("completions bsh", "bsh", "did you mean `bash`"),
        (
            "completions tcsh",
            "tcsh",
            "use one of bash, elvish, fish, powershell, zsh; to use these words as a prompt, run:",
        ),
        ("models help", "help", "text2art models --help"),
        ("batch prompts --samples 0", "--samples", "text2art batch --help"),
        ("man --seed 3", "--seed", "text2art man --help"),
        ("models path vit-b32 --quiet", "--quiet", "text2art models path --help"),
        ("help castle", "`castle` is not a topic or a command", "text2art generate help castle"),
        ("help castle --seed 3", "--seed", "to use these words as a prompt, run: text2art generate help castle"),
    ] {
        refused(&workplace, line, error, hint);
    }
    // No hint to draw what nobody would.
    for line in ["info cat.png", "video frames -o slow.mp4"] {
        let lines = workplace.refuses_somehow(&words(line));
        assert!(!lines[1].contains("as a prompt"), "{lines:?}");
    }
}

#[test]
fn one_wrong_word_behind_a_verb_is_no_prompt() {
    let workplace = Workplace::new();
    for (line, error) in [
        ("doctor now", "'now'"),
        ("man alive", "'alive'"),
        ("score board", "--prompt"),
        ("models sail", "'sail'"),
        #[cfg(feature = "server")]
        ("cancel nope", "'nope'"),
        #[cfg(feature = "server")]
        ("jobs list", "'list'"),
        #[cfg(feature = "server")]
        ("jobs ch2tcg", "'ch2tcg'"),
        #[cfg(feature = "server")]
        ("login foo", "'foo'"),
    ] {
        refused(&workplace, line, error, &format!("to use these words as a prompt, run: text2art generate {line}"));
    }
    refused(&workplace, "models pul imagenet", "'pul'", "did you mean `pull`?");
    // Several words are a prompt, as is a phrase in quotes, and what an option of pictures follows.
    for line in ["models full of details in wood", "doctor now --seed 5", "score board -n 5"] {
        let text = line.split(" -").next().unwrap();
        assert_eq!(dry(&workplace, line)["prompt"].as_str(), Some(text), "{line}");
    }
    let small = ["--size", "32x32", "-n", "0", "--cutouts", "1", "-q", "-o", "phrase.png"];
    workplace.run(&[&["models", "of planets"], &small[..]].concat()).succeeded();
    assert!(workplace.join("phrase.png").is_file());
}

#[test]
fn a_mistyped_verb_alone_is_not_drawn() {
    let workplace = Workplace::new();
    for (word, verb) in [
        ("stlyes", "styles"),
        ("styels", "styles"),
        ("Styles", "styles"),
        ("upscal", "upscale"),
        ("resmue", "resume"),
        ("helpp", "help"),
    ] {
        let hint =
            format!("did you mean the command `{verb}`? to use these words as a prompt, run: text2art generate {word}");
        refused(&workplace, word, &format!("`{word}` is not a command"), &hint);
        let explicit = format!("generate {word}");
        assert_eq!(dry(&workplace, &explicit)["prompt"].as_str(), Some(word));
        // An option says that a picture is wanted.
        assert_eq!(dry(&workplace, word)["prompt"].as_str(), Some(word));
    }
}

#[test]
fn mistyped_verbs_and_names_of_files_are_not_drawn() {
    let workplace = Workplace::new();
    for name in ["prompts.txt", "cat.png", "run.png.t2a", "photo.jpg", "notes", "my photo.png"] {
        workplace.write(name, "anything");
    }
    for (line, error, hint) in [
        ("prompts.txt", "`prompts.txt` is a file, not a prompt", "text2art batch prompts.txt;"),
        ("cat.png", "a file, not a prompt", "text2art info cat.png; to draw it again: text2art --from cat.png;"),
        ("run.png.t2a", "a file, not a prompt", "text2art resume run.png.t2a;"),
        ("photo.jpg", "a file, not a prompt", "--init-image photo.jpg;"),
        ("notes", "a file, not a prompt", "to use these words as a prompt, run: text2art generate notes"),
        ("my photo.png", "`my photo.png` is a file", "text2art info 'my photo.png'"),
        ("cat.png photo.jpg", "`cat.png photo.jpg` are files, not a prompt", "text2art generate cat.png photo.jpg"),
        ("prompts.txt --seed 3 --dry-run", "a file, not a prompt", "text2art batch prompts.txt"),
        ("btach prompts.txt", "`btach` is not a command", "did you mean `batch`?"),
        ("btach none.txt", "`btach` is not a command", "did you mean `batch`?"),
        ("inof cat.png", "`inof` is not a command", "did you mean `info`?"),
        ("Info cat.png", "`Info` is not a command", "did you mean `info`?"),
        ("inof --json", "--json", "did you mean `info`?"),
        ("batchs prompts.txt --samples 3", "--samples", "did you mean `batch`?"),
    ] {
        refused(&workplace, line, error, hint);
    }
    // The hint draws.
    assert_eq!(dry(&workplace, "generate prompts.txt")["prompt"].as_str(), Some("prompts.txt"));
    let outcome = workplace.run(&["--dry-run", "--", "prompts.txt"]).succeeded();
    assert!(outcome.output_text().contains("prompt = \"prompts.txt\""));
    std::fs::create_dir(workplace.join("castle")).unwrap();
    for line in
        ["bath towel", "bath towel -n 5", "castle", "palette", "score of a symphony", "helpful robot", "a cat.png"]
    {
        let text = line.split(" -").next().unwrap();
        assert_eq!(dry(&workplace, line)["prompt"].as_str(), Some(text), "{line}");
    }
}

/// The seed that a dry run with these arguments and variables would draw with.
fn seed(workplace: &Workplace, arguments: &[&str], variables: &[(&str, &str)]) -> Result<String, Outcome> {
    let mut command = workplace.command();
    command.args(["apple", "--dry-run"]).args(arguments).envs(variables.iter().copied());
    let outcome = finish(&mut command);
    if outcome.code != Some(0) {
        return Err(outcome);
    }
    let settings: toml::Table = outcome.output_text().parse().unwrap();
    let seed = &settings["seed"];
    Ok(seed.as_str().map_or_else(|| seed.to_string(), str::to_owned))
}

/// The seed of the only line of a batch.
fn batch_seed(workplace: &Workplace, name: &str, content: &str) -> Result<String, Outcome> {
    workplace.write(name, content);
    let outcome = workplace.run(&["batch", name, "--dry-run"]);
    if outcome.code != Some(0) {
        return Err(outcome);
    }
    let line: serde_json::Value = serde_json::from_str(outcome.output_text().trim()).unwrap();
    Ok(line["seed"].as_str().map_or_else(|| line["seed"].to_string(), str::to_owned))
}

#[test]
fn a_seed_is_the_same_number_from_every_source() {
    let workplace = Workplace::new();
    for (written, expected) in [
        ("3.0", "3"),
        ("1e3", "1000"),
        ("1,000", "1000"),
        (" 5 ", "5"),
        ("007", "7"),
        // The largest numbers of 63 and of 64 bits.
        ("9223372036854775808", "9223372036854775808"),
        ("18446744073709551615", "18446744073709551615"),
    ] {
        assert_eq!(seed(&workplace, &["--seed", written], &[]).unwrap(), expected, "{written}");
        assert_eq!(seed(&workplace, &[], &[("TEXT2ART_SEED", written)]).unwrap(), expected, "{written}");
        let line = format!("prompt,seed\napple,\"{written}\"\n");
        assert_eq!(batch_seed(&workplace, "a.csv", &line).unwrap(), expected, "{written}");
        let line = format!("{{\"prompt\": \"apple\", \"seed\": \"{written}\"}}\n");
        assert_eq!(batch_seed(&workplace, "a.jsonl", &line).unwrap(), expected, "{written}");
        workplace.write("a.toml", format!("seed = \"{written}\"\n"));
        assert_eq!(seed(&workplace, &["--config", "a.toml"], &[]).unwrap(), expected, "{written}");
        if !written.contains(',') && !written.starts_with('0') {
            let line = format!("{{\"prompt\": \"apple\", \"seed\": {written}}}\n");
            assert_eq!(batch_seed(&workplace, "a.jsonl", &line).unwrap(), expected, "{written}");
            workplace.write("a.toml", format!("seed = {written}\n"));
            assert_eq!(seed(&workplace, &["--config", "a.toml"], &[]).unwrap(), expected, "{written}");
        }
    }
    // The first eight bytes of SHA-256("cat"), little-endian.
    assert_eq!(seed(&workplace, &["--seed", "cat"], &[]).unwrap(), "11805248889965490039");
}

#[test]
fn what_looks_like_a_number_is_never_a_word() {
    let workplace = Workplace::new();
    for (written, words) in [
        ("-1", "`random` means a new one each time"),
        ("1.5", "not a whole number"),
        ("1,5", "neither a number nor a word"),
        ("18446744073709551616", "too large"),
        ("1e30", "too large"),
    ] {
        let told = |outcome: Result<String, Outcome>| outcome.unwrap_err().errors;
        for errors in [
            told(seed(&workplace, &["--seed", written], &[])),
            told(seed(&workplace, &[], &[("TEXT2ART_SEED", written)])),
            told(batch_seed(&workplace, "a.csv", &format!("prompt,seed\napple,\"{written}\"\n"))),
            told(batch_seed(&workplace, "a.jsonl", &format!("{{\"prompt\": \"apple\", \"seed\": \"{written}\"}}\n"))),
        ] {
            assert!(errors.contains(words), "{written}: {errors}");
        }
    }
    for written in ["-1", "1.5", "1e30", "nan"] {
        workplace.write("a.toml", format!("seed = {written}\n"));
        let errors = seed(&workplace, &["--config", "a.toml"], &[]).unwrap_err().errors;
        assert!(errors.contains("a.toml: line 1:") && errors.contains("seed"), "{written}: {errors}");
    }
    for arguments in [["-n", "1.5"], ["-n", "1,5"], ["-n", "many"], ["--cutouts", "-1"], ["--save-every", "0.5"]] {
        let lines = workplace.refuses_somehow(&[&["apple"], &arguments[..]].concat());
        assert!(lines[0].contains("is not a whole number from "), "{lines:?}");
    }
}

#[test]
fn other_numbers_have_the_same_spellings() {
    let workplace = Workplace::new();
    for line in ["apple -n 1e3", "apple -n 1,000", "apple -n 1000.0", "apple -n 1_000 --save-every 1e1 --threads 1e0"] {
        assert_eq!(dry(&workplace, line)["iterations"].as_integer(), Some(1000), "{line}");
    }
    workplace.write("lines.txt", "a fig -- --seed 2.0 -n 1e1\n");
    let line = workplace.run(&words("batch lines.txt --samples 1.0 --jobs 1e0 --dry-run")).succeeded().output_json();
    assert_eq!((&line["seed"], &line["iterations"]), (&2.into(), &10.into()));
    for size in ["64x32", "64×32", "64 x 32", "64X32"] {
        let outcome = workplace.run(&["apple", "--size", size, "--dry-run"]).succeeded();
        assert!(outcome.output_text().contains("size = \"64x32\""), "{size}");
    }
    for arguments in [&["--size", "512"][..], &["--size", "512", "x", "512"]] {
        let lines = workplace.refuses_somehow(&[&["apple"], arguments].concat());
        assert!(lines[0].contains("write WIDTHxHEIGHT, e.g. 512x512"), "{lines:?}");
    }
}

#[test]
fn doubtful_prompts_are_shown_as_they_are_understood() {
    let workplace = Workplace::new();
    let warning = |outcome: Outcome| {
        let outcome = outcome.succeeded();
        let lines: Vec<_> = outcome.errors.lines().filter(|line| line.starts_with("warning: ")).collect();
        assert_eq!(lines.len(), 1, "{}", outcome.errors);
        lines[0].to_owned()
    };
    for (prompt, understood, other) in [
        ("a clock at 10:30", "`a clock at 10` with weight 30", r"`a clock at 10\:30`"),
        ("John 3:16", "`John 3` with weight 16", r"`John 3\:16`"),
        ("hot dog::2", "`hot dog:` with weight 2", "one colon"),
        ("a (red:1.3) cat", "`a (red:1.3) cat` with weight 1", "brackets"),
        ("red: 0.5", "`red` with weight 0.5", r"`red\: 0.5`"),
        ("cat:abc", "`cat:abc` with weight 1", r"`cat\:abc`"),
        ("cat:nan", "`cat:nan` with weight 1", r"`cat\:nan`"),
        ("night sky :2", "`night sky` with weight 2", "`night sky:2`"),
    ] {
        let shown = warning(workplace.run(&[prompt, "--dry-run"]));
        assert!(shown.contains(understood) && shown.contains(other), "{shown}");
        let mut command = workplace.command();
        assert_eq!(warning(finish(command.arg("--dry-run").env("TEXT2ART_PROMPT", prompt))), shown);
        workplace.write("a.toml", format!("prompt = '{prompt}'\n"));
        assert_eq!(warning(workplace.run(&["--config", "a.toml", "--dry-run"])), shown);
    }
    workplace.write("lines.txt", "a fig\na {clock,bell} at 10:30\n");
    let shown = warning(workplace.run(&["batch", "lines.txt", "--dry-run"]));
    assert!(shown.starts_with("warning: lines.txt line 2: `a clock at 10:30` is understood as"), "{shown}");
    // It is drawn all the same, and what is drawn is not doubted again.
    let small = ["red apple 16:9", "-n", "1", "--size", "32x32", "--cutouts", "1", "-o", "a.png"];
    let shown = warning(workplace.run(&small));
    assert!(shown.contains("`red apple 16` with weight 9"), "{shown}");
    let again = workplace.run(&["--from", "a.png", "--dry-run"]).succeeded();
    assert!(!again.errors.contains("warning"), "{}", again.errors);
    // So are those outside a mask.
    let outside = ["a fig", "--mask", "left", "--prompt-outside", "a clock at 10:30", "--dry-run"];
    assert!(warning(workplace.run(&outside)).contains("`a clock at 10` with weight 30"));
    workplace.write("lines.txt", "a fig -- --mask left --prompt-outside 'a clock at 10:30'\n");
    let shown = warning(workplace.run(&["batch", "lines.txt", "--dry-run"]));
    assert!(shown.starts_with("warning: lines.txt line 1: `a clock at 10:30` is understood as"), "{shown}");
    for prompt in ["Star Wars: a new hope", r"a clock at 10\:30", "a castle | night sky:0.5 | blurry:-0.3:-0.7"] {
        let outcome = workplace.run(&[prompt, "--dry-run"]).succeeded();
        assert_eq!(outcome.errors, "", "{prompt}");
    }
}

#[test]
fn warnings_about_prompts_are_short() {
    let workplace = Workplace::new();
    let small = ["-n", "0", "--size", "32x32", "--cutouts", "1", "-q", "-o", "a.png", "--force"];
    let warned = |prompt: &str| workplace.run(&[&[prompt], &small[..]].concat()).succeeded().errors;
    let told = warned(&format!("a red apple{}", " beside watermelon".repeat(200)));
    let (_, ignored) = told.split_once("ignores: ").unwrap();
    let ignored = ignored.lines().next().unwrap();
    let words = ignored.strip_suffix("...").unwrap();
    assert!(ignored.len() < 70 && words.split(' ').all(|word| ["beside", "watermelon"].contains(&word)), "{told}");
    // Other languages.
    assert!(warned("красный дом").contains("`text2art help models` names models that read other languages"));
}

#[test]
fn prompts_are_shown_with_their_weights() {
    let workplace = Workplace::new();
    let small = ["-n", "1", "--size", "32x32", "--cutouts", "1", "-q", "-o", "a.png"];
    let prompt = "a \"castle\" | night sky:0.5 | blurry:-0.3:-0.7";
    workplace.run(&[&[prompt], &small[..]].concat()).succeeded();
    let expected = [
        "# prompt \"a \\\"castle\\\"\", weight 1",
        "# prompt \"night sky\", weight 0.5",
        "# prompt \"blurry\", weight -0.3, stop -0.7",
    ];
    for arguments in [&["info", "a.png"][..], &["--from", "a.png", "--dry-run"], &[prompt, "--dry-run"]] {
        let outcome = workplace.run(arguments).succeeded();
        let lines: Vec<_> = outcome.output_text().lines().filter(|line| line.starts_with("# prompt ")).collect();
        assert_eq!(lines, expected, "{arguments:?}");
        assert!(outcome.output_text().parse::<toml::Table>().is_ok());
    }
    let masked = ["a fig", "--mask", "left", "--prompt-outside", "sea:0.5 | sky", "--dry-run"];
    let outcome = workplace.run(&masked).succeeded();
    let lines: Vec<_> = outcome.output_text().lines().filter(|line| line.starts_with("# outside the mask: ")).collect();
    let expected = ["# outside the mask: prompt \"sea\", weight 0.5", "# outside the mask: prompt \"sky\", weight 1"];
    assert_eq!(lines, expected);
    // A line break in a prompt stays in its line.
    let outcome = workplace.run(&["a\nb = 5", "--dry-run"]).succeeded();
    assert!(outcome.output_text().lines().any(|line| line == "# prompt \"a\\nb = 5\", weight 1"));
}

#[test]
fn a_prompt_may_be_given_as_an_option() {
    let workplace = Workplace::new();
    for (arguments, prompt) in [
        (&["--prompt", "a red apple"][..], "a red apple"),
        (&["--prompt=a", "--prompt", "b:0.5"], "a | b:0.5"),
        (&["a", "castle", "--prompt", "night sky:0.5"], "a castle | night sky:0.5"),
        (&["--prompt", "night sky:0.5", "a", "castle"], "a castle | night sky:0.5"),
        (&["generate", "--prompt", "info"], "info"),
    ] {
        let outcome = workplace.run(&[arguments, &["--dry-run"]].concat()).succeeded();
        let settings: toml::Table = outcome.output_text().parse().unwrap();
        assert_eq!(settings["prompt"].as_str(), Some(prompt), "{arguments:?}");
    }
    for (arguments, hint) in [
        (&["--prompt", ""][..], "or leave out the option"),
        (&[""], "describe the picture"),
        (&["a frog | "], r"remove the extra |, or write \| for a literal |"),
    ] {
        let lines = workplace.refuses_somehow(arguments);
        assert!(lines[0].contains("a prompt is empty") && lines[1].contains(hint), "{lines:?}");
    }
    assert!(workplace.run(&["--help"]).succeeded().output_text().contains("--prompt <TEXT>"));
}
