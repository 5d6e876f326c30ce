//! Hints that help: suggestions only if they are close and can be used, and impossible file names reported before any
//! work.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::PermissionsExt;

use super::common::program::Workplace;

const SMALL: [&str; 9] = ["apple", "-n", "1", "--size", "32x32", "--cutouts", "1", "-q", "-o"];

fn words(line: &str) -> Vec<&str> {
    line.split(' ').collect()
}

#[test]
fn options_of_other_programs_lead_to_ours() {
    let workplace = Workplace::new();
    workplace.write("prompts.txt", "a fig\n");
    for (line, hint) in [
        ("apple --width 512", "did you mean `--size WIDTHxHEIGHT`?"),
        ("apple --height=512", "did you mean `--size WIDTHxHEIGHT`?"),
        ("apple -W 512", "did you mean `--size WIDTHxHEIGHT`?"),
        ("apple -H 512", "did you mean `--size WIDTHxHEIGHT`?"),
        ("bench --width 512", "did you mean `--size WIDTHxHEIGHT`?"),
        ("apple --steps 50", "did you mean `--iterations N`?"),
        ("apple --num_inference_steps 50", "did you mean `--iterations N`?"),
        ("apple --outdir out", "did you mean `--output 'DIR/{slug}-{seed}.png'`?"),
        ("apple --out a.png", "did you mean `--output`?"),
        ("batch prompts.txt --outdir out", "did you mean `--output 'DIR/{slug}-{seed}.png'`?"),
        ("apple --count 4", "did you mean `text2art batch FILE --samples N`?"),
        ("apple --n_samples 4", "did you mean `text2art batch FILE --samples N`?"),
        ("batch prompts.txt --count 4", "did you mean `--samples N`?"),
        ("apple --prompts pear", "did you mean `--prompt TEXT`?"),
        ("apple --negative-prompt blurry", "did you mean `\"PROMPT | blurry:-0.3\"`?"),
        ("apple --gpu", "did you mean `--device cuda`?"),
        ("apple --cpu", "did you mean `--device cpu`?"),
        ("apple --model-name vit", "did you mean `--model NAME`?"),
        ("apple --widht 512", "did you mean `--size WIDTHxHEIGHT`?"),
        ("apple --hlep", "did you mean `--help`?"),
        ("apple --sed 5", "did you mean `--seed`?"),
        ("apple --optimiser adam", "did you mean `--optimizer`?"),
        ("bench --repetition 3", "did you mean `--repetitions`?"),
        // The verb that has the option.
        ("apple --keep 1", "`--keep` is an option of `text2art batch`"),
        ("apple --samples 4", "`--samples` is an option of `text2art batch`"),
        (
            "batch prompts.txt --save-every 5",
            "`--save-every` is an option of `text2art generate` and `text2art resume`",
        ),
        // Nothing is close, or the verb has no such option.
        ("apple --cfg-scale 7", "text2art --help lists all options; everything after ` -- ` is a prompt"),
        ("apple --zzz", "text2art --help lists all options; everything after ` -- ` is a prompt"),
        ("info a.png --width 512", "text2art info --help lists its options"),
        ("batch prompts.txt --prompts x", "text2art batch --help lists its options"),
        ("models list --steps 5", "text2art models list --help lists its options"),
        // The help of the verb that has the option.
        ("bench --repetitions 0", "text2art bench --help describes --repetitions"),
        ("models pull a/b --role", "text2art models pull --help describes --role"),
        ("apple --quality", "text2art --help describes --quality"),
    ] {
        let lines = workplace.refuses_somehow(&words(line));
        assert_eq!(lines[1], format!("hint: {hint}"), "{line}");
    }
}

#[test]
fn options_are_named_as_they_are_written() {
    let workplace = Workplace::new();
    for (line, error) in [
        ("a frog --mp4 frog.png", "--mp4 takes a name that ends in .mp4, but frog.png does not"),
        ("--mp4 a frog", "--mp4 takes a name that ends in .mp4, but a does not"),
        ("a frog --gif frog.png", "--gif takes a name that ends in .gif, but frog.png does not"),
        ("a frog --drawer pixel --svg frog.png", "--svg takes a name that ends in .svg, but frog.png does not"),
        ("a frog -o x.mp4 --mp4 y.mp4", "--output and --mp4 both name a file ending in .mp4"),
    ] {
        let lines = workplace.refuses_somehow(&words(line));
        assert_eq!(lines[0], format!("error: {error}"), "{line}");
        assert!(!lines.concat().contains(['‹', '›']), "{lines:?}");
    }
}

#[test]
fn values_are_refused_with_what_is_possible() {
    let workplace = Workplace::new();
    for (line, error) in [
        ("apple --colors many", "`many` is not a whole number from 2 to 256"),
        ("apple --cutouts -1", "`-1` is not a whole number from 1 to 4096"),
        ("apple --learning-rate-drops 150%", "`150%`: percentages must be at most 100%"),
        ("apple --device gpu", "did you mean `cuda`?"),
        ("apple --size 128,128", "write WIDTHxHEIGHT, e.g. 128x128"),
    ] {
        let lines = workplace.refuses_somehow(&words(line));
        assert!(lines[0].ends_with(error), "{lines:?}");
    }
    let lines = workplace.refuses_somehow(&words("apple --model imagenet --offline"));
    assert_eq!(lines[0], "error: imagenet-f16-16384 is not downloaded (flax_model.msgpack), and --offline is set");
}

#[test]
fn models_names_its_subcommands() {
    let lines = Workplace::new().refuses_somehow(&["models"]);
    assert_eq!(lines[0], "error: a command is required");
    assert!(
        lines[1].starts_with("hint: run `text2art models COMMAND`, where COMMAND is list, info, pull"),
        "{}",
        lines[1]
    );
}

#[test]
fn other_files_have_no_recipe() {
    let workplace = Workplace::new();
    for name in ["notes.txt", "p.png.t2a"] {
        workplace.write(name, "not a picture");
        for arguments in [&["info", name][..], &["--from", name, "-o", "q.png"]] {
            let lines = workplace.refuses_somehow(arguments);
            assert_eq!(lines[0], format!("error: {name}: not a PNG, JPEG, WebP, GIF or MP4 that text2art made"));
            assert_eq!(lines[1].contains("text2art resume p.png.t2a"), name == "p.png.t2a", "{}", lines[1]);
        }
    }
}

#[test]
fn a_folder_that_exists_is_not_to_be_created() {
    let workplace = Workplace::new();
    let folder = workplace.join("closed");
    std::fs::create_dir(&folder).unwrap();
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o555)).unwrap();
    // Root may write into any folder.
    if std::fs::write(folder.join("mine"), "").is_err() {
        let lines = workplace.refuses_somehow(&[&SMALL[..], &["closed/a.png"]].concat());
        assert_eq!(lines[1], "hint: choose a folder you may write to, or change its permissions");
    }
}

#[test]
fn suggestions_are_close_and_never_twice() {
    let workplace = Workplace::new();
    for (line, question) in [
        ("apple --palette redd", Some("did you mean `red`")),
        ("apple --clip vit-b33", Some("did you mean `vit-b32`")),
        ("models info vit-b33", Some("did you mean `vit-b32`")),
        ("apple --quality bets", Some("did you mean `best`?")),
        ("apple --aspect widscreen", Some("did you mean `widescreen`?")),
        ("apple --optimizer sgd", None),
        ("apple --palette xyzzyx", None),
        ("apple --model stable-diffusion", None),
    ] {
        let text = workplace.refuses_somehow(&words(line)).join("\n");
        assert!(!text.contains(" meant?"), "{text}");
        let Some(question) = question else {
            assert!(!text.contains("did you mean"), "{text}");
            continue;
        };
        assert_eq!(text.matches("did you mean").count(), 1, "{text}");
        assert!(text.contains(question), "{text}");
        let asked = &text[text.find("did you mean").unwrap()..];
        let names: Vec<_> = asked[..asked.find('?').unwrap()].split('`').skip(1).step_by(2).collect();
        let mut unique = names.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), names.len(), "{text}");
    }
    workplace.write("wrong.toml", "widht = 5\n");
    let lines = workplace.refuses_somehow(&["a", "--config", "wrong.toml"]);
    assert!(lines[0].contains("no setting `widht`") && !lines[0].contains("did you mean"), "{lines:?}");
}

#[test]
fn the_last_of_repeated_options_counts() {
    let workplace = Workplace::new();
    let outcome = workplace.run(&words("apple -n 5 -n 6 --seed 1 --seed=2 --dry-run --dry-run")).succeeded();
    let settings: toml::Table = outcome.output_text().parse().unwrap();
    assert_eq!((settings["iterations"].as_integer(), settings["seed"].as_integer()), (Some(6), Some(2)));
    // What may be given several times still adds up.
    let outcome = workplace.run(&words("apple --noise-prompt 1 --noise-prompt 2 --dry-run")).succeeded();
    assert!(outcome.output_text().contains(r#"noise_prompt = ["1:1", "2:1"]"#));
    workplace.write("prompts.txt", "a fig -- -n 5 -n 6\n");
    let line = words("batch prompts.txt --seed 1 --seed 2 --dry-run");
    let json = workplace.run(&line).succeeded().output_json();
    assert_eq!((&json["seed"], &json["iterations"]), (&2.into(), &6.into()));
    // Each verb: it goes on to what is wrong besides.
    for line in [
        "resume none.t2a -n 5 -n 6",
        "batch none.txt --jobs 1 --jobs 1",
        "score none.png -p a --clip embedded --json --json",
        "reconstruct none.png -o x.png -o y.png --force --force",
        "video none.png -o x.mp4 --fps 5 --fps 6 -o y.mp4",
        "info none.png --json --json",
        "bench --vqgan none --vqgan none.json --json --json",
        "models path none --json --json",
    ] {
        let lines = workplace.refuses_somehow(&words(line));
        assert!(lines[0].contains("none"), "{line}: {lines:?}");
    }
}

#[test]
fn a_name_that_is_too_long_is_refused_before_any_work() {
    let workplace = Workplace::new();
    workplace.write("photo.png", std::fs::read(super::common::fixtures().join("trace/init.png")).unwrap());
    workplace.write("prompts.txt", "a fig\n");
    let name = |length: usize, end: &str| format!("{}{end}", "x".repeat(length - end.len()));
    let too_long = name(300, ".png");
    for arguments in [
        &["apple", "-o", &too_long][..],
        &["apple", "-o", &name(300, ".mp4")],
        // 255 bytes are the most of Linux's file systems: there is no room for `.t2a`, or for a part's name.
        &["apple", "-o", &name(254, ".png"), "--checkpoint-every", "1"],
        &["apple", "-o", &name(254, ".gif")],
        &["apple", "--mp4", &name(254, ".mp4")],
        &["apple", "--svg", &name(300, ".svg"), "--drawer", "pixel"],
        &["apple", "--frames", &name(300, "")],
        &["reconstruct", "photo.png", "-o", &too_long],
        &["video", "photo.png", "-o", &name(254, ".mp4")],
    ] {
        workplace.refuses(arguments, &["the name is too long"]);
    }
    let outcome = workplace.run(&["batch", "prompts.txt", "-o", &too_long, "--results", "none", "--dry-run"]);
    assert!(outcome.code != Some(0) && outcome.errors.contains("the name is too long"), "{}", outcome.errors);
    // The longest that fits is taken, and a prompt's own name always fits.
    let longest = name(255, ".png");
    workplace.run(&[&SMALL[..], &[&longest]].concat()).succeeded();
    assert!(workplace.read(&longest).starts_with(b"\x89PNG"));
    let long = "very long ".repeat(100);
    workplace.run(&[&long, "-n", "0", "--size", "32x32", "--cutouts", "1", "-q"]).succeeded();
}

#[test]
fn names_need_not_be_text() {
    let workplace = Workplace::new();
    let name = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
    let run = |arguments: &[&OsStr]| workplace.run(&[&SMALL.map(OsStr::new)[..], arguments].concat());
    // Latin-1, as old disks have it.
    let output = name(b"caf\xe9-{seed}.png");
    let extra = [OsStr::new("--gif"), OsStr::new("--frames"), &name(b"fr\xe9")].map(OsStr::to_owned);
    let extra: Vec<&OsStr> = extra.iter().map(OsString::as_os_str).collect();
    run(&[&[output.as_os_str()], &extra[..]].concat()).succeeded();
    let there = |bytes: &[u8]| workplace.join(name(bytes)).exists();
    assert!(there(b"caf\xe9-0.png") && there(b"caf\xe9-0.gif") && there(b"fr\xe9/000000.png"));
    // It is read again under its name.
    let picture = name(b"caf\xe9-0.png");
    workplace.run(&[OsStr::new("info"), &picture]).succeeded();
    workplace.run(&[OsStr::new("--from"), &picture, OsStr::new("--dry-run")]).succeeded();
    let decoded = name(b"d\xe9.png");
    workplace.run(&[OsStr::new("reconstruct"), &picture, OsStr::new("-o"), &decoded]).succeeded();
    let lines = workplace.refuses_somehow(&[OsStr::new("apple"), OsStr::new("-o"), &picture]);
    assert!(lines[0].contains("already exists"), "{lines:?}");
    // As JSON it is as near as text comes.
    let video = name(b"v\xe9.mp4");
    let outcome = workplace.run(&[
        OsStr::new("video"),
        &picture,
        OsStr::new("-o"),
        &video,
        OsStr::new("--progress"),
        OsStr::new("json"),
    ]);
    let saved = outcome.succeeded().events().into_iter().find(|event| event["event"] == "saved").unwrap();
    assert_eq!(saved["path"], "v\u{fffd}.mp4");
    // A checkpoint of a picture with such a name is resumed, and what it must name as text is refused at once.
    let again = name(b"r\xe9.png");
    run(&[&again, OsStr::new("--checkpoint-every"), OsStr::new("1")]).succeeded();
    let checkpoint = name(b"r\xe9.png.t2a");
    workplace
        .run(&[OsStr::new("resume"), &checkpoint, OsStr::new("-n"), OsStr::new("2"), OsStr::new("-q")])
        .succeeded();
    let gif = [&name(b"g\xe9.png"), OsStr::new("--gif"), OsStr::new("--checkpoint-every"), OsStr::new("1")];
    let lines = workplace.refuses_somehow(&[&SMALL.map(OsStr::new)[..], &gif].concat());
    assert!(lines[0].contains("not valid UTF-8"), "{lines:?}");
    std::fs::copy(workplace.join(&picture), workplace.join(name(b"i\xe9.png"))).unwrap();
    let init = [&name(b"x.png"), OsStr::new("--init-image"), &name(b"i\xe9.png")];
    let lines = workplace.refuses_somehow(&[&SMALL.map(OsStr::new)[..], &init].concat());
    assert!(lines[0].contains("UTF-8"), "{lines:?}");
    // A batch file and its output.
    std::fs::write(workplace.join(name(b"l\xe9.txt")), "a fig\n").unwrap();
    let batch =
        [OsStr::new("batch"), &name(b"l\xe9.txt"), OsStr::new("-o"), &name(b"b\xe9-{slug}.png")].map(OsStr::to_owned);
    let small = words("-n 0 --size 32x32 --cutouts 1 -q --results none");
    let arguments: Vec<&OsStr> = batch.iter().map(OsString::as_os_str).chain(small.iter().map(OsStr::new)).collect();
    workplace.run(&arguments).succeeded();
    assert!(there(b"b\xe9-a-fig.png"));
    assert!(
        workplace.join("").read_dir().unwrap().all(|entry| !entry.unwrap().file_name().as_bytes().starts_with(b"."))
    );
}

/// What Bash would complete a line to, by the program's own script; by names of files if that says so and finds nothing.
fn completed(workplace: &Workplace, script: &str, line: &str) -> Vec<String> {
    let words = words(line);
    let quoted: Vec<_> = words.iter().map(|word| format!("'{word}'")).collect();
    let last = words.len() - 1;
    let (word, before) = (words[last], words[last - 1]);
    let ask = format!(
        "{script}\nCOMP_WORDS=({}); COMP_CWORD={last}; COMP_LINE='{line}'; _text2art text2art '{word}' '{before}'; \
         [ ${{#COMPREPLY[@]}} -gt 0 ] || ! complete -p text2art | grep -q -- '-o default' || COMPREPLY=($(compgen -f '{word}')); \
         printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        quoted.join(" ")
    );
    // The script is longer than an argument may be.
    workplace.write("completing.bash", &ask);
    let bash = &mut workplace.command_of("bash");
    let outcome = super::common::program::finish(bash.args(["--norc", "completing.bash"])).succeeded();
    outcome.output_text().lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[test]
fn a_shell_completes_verbs_options_values_and_files() {
    let workplace = Workplace::new();
    for name in ["photo.png", "run.png.t2a", "prompts.txt"] {
        workplace.write(name, "anything");
    }
    std::fs::create_dir(workplace.join("frames")).unwrap();
    let script = workplace.run(&["completions", "bash"]).succeeded();
    let completed = |line: &str| completed(&workplace, script.output_text(), line);
    assert_eq!(completed("text2art bat"), ["batch"]);
    assert_eq!(completed("text2art info pho"), ["photo.png"]);
    assert_eq!(completed("text2art resume run"), ["run.png.t2a"]);
    assert_eq!(completed("text2art batch pro"), ["prompts.txt"]);
    assert_eq!(completed("text2art --qual"), ["--quality"]);
    assert_eq!(completed("text2art --quality b"), ["better", "best"]);
    assert_eq!(completed("text2art bench --work a"), ["a"]);
    assert_eq!(completed("text2art completions ba"), ["bash"]);
    for option in ["--init-image", "--output", "-o", "--gif", "--from", "--svg"] {
        assert_eq!(completed(&format!("text2art {option} pho")), ["photo.png"], "{option}");
    }
    assert_eq!(completed("text2art --frames fr"), ["frames"]);
    // Names from the lists of the program, and files where no name fits.
    assert_eq!(completed("text2art --style waterc"), ["watercolor"]);
    assert_eq!(completed("text2art study prompts.txt --styles waterc"), ["watercolor"]);
    assert_eq!(completed("text2art --palette game"), ["game-boy", "game-boy-pocket"]);
    assert_eq!(completed("text2art --palette pho"), ["photo.png"]);
    assert_eq!(completed("text2art --model imagenet-"), ["imagenet-cc"]);
    assert_eq!(completed("text2art --vqgan amu"), ["amused"]);
    assert_eq!(completed("text2art --clip vit-b1"), ["vit-b16"]);
    assert_eq!(completed("text2art upscale photo.png --upscaler lan"), ["lanczos"]);
    assert_eq!(completed("text2art --drawer pix"), ["pixel"]);
    assert_eq!(completed("text2art help anim"), ["animate", "animation"]);
}

#[test]
fn scripts_of_shells_have_the_names_that_options_take() {
    let workplace = Workplace::new();
    for (shell, names) in [
        ("zsh", [r#":COLORS:{_alternative names\:name\:"(1-bit "#, r" made\ of\ water ", "(vqgan pixel "]),
        ("fish", [" -l palette ", "watercolor\\t''", "using_subcommand help\" -f -a \"animate animation "]),
    ] {
        let script = workplace.run(&["completions", shell]).succeeded();
        let script = script.output_text();
        for name in names.iter().chain(&["game-boy", "watercolor", "imagenet-cc", "vit-b16", "amused", "lanczos"]) {
            assert!(script.contains(name), "{shell}: {name}");
        }
        // What a shell would take for a quotation mark is in no list.
        assert!(!script.contains("child's drawing") && !script.contains("child'\\''s drawing"), "{shell}");
    }
    let script = workplace.run(&["completions", "fish"]).succeeded();
    let palette = script.output_text().lines().find(|line| line.contains(" -l palette ")).unwrap().to_owned();
    assert!(palette.contains(" -r -F -a \""), "{palette}");
    // Other values are read as before.
    workplace.run(&["a cat", "--palette", "red,#00ff00", "--style", "gouache", "--dry-run"]).succeeded();
}
