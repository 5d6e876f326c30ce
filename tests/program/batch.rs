//! Batches: every file format, errors in lines, existing files, kills, samples and sheets.

#![allow(clippy::unwrap_used)]

use crate::common;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use common::batch::{SMALL, batch};
use common::program::{Outcome, Running, Workplace, finish};
use serde_json::Value;
use text2art::output::Recipe;
use text2art::random::Stream;

/// The lines of a results file.
fn results(workplace: &Workplace) -> Vec<Value> {
    let text = String::from_utf8(workplace.read("results.jsonl")).unwrap();
    assert!(text.ends_with('\n'), "the last line is cut off");
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

fn recipe(workplace: &Workplace, name: &str) -> Recipe {
    Recipe::read(&workplace.join(name)).unwrap_or_else(|error| panic!("{error}"))
}

/// Every PNG in the work folder.
fn pictures(workplace: &Workplace) -> Vec<String> {
    let is_picture = |path: &Path| path.extension().is_some_and(|extension| extension == "png");
    let paths = workplace.content().into_keys().filter(|path| is_picture(path));
    paths.map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect()
}

/// When each picture was written.
fn times(workplace: &Workplace) -> BTreeMap<String, std::time::SystemTime> {
    let time = |name: &String| std::fs::metadata(workplace.join(name)).unwrap().modified().unwrap();
    pictures(workplace).into_iter().map(|name| (name.clone(), time(&name))).collect()
}

#[test]
fn every_form_of_file_draws_the_same() {
    let workplace = Workplace::new();
    workplace.write("a.txt", "# fruit\na red apple\na pear -- --seed 3 -o pear.png\n\n");
    workplace.write(
        "a.jsonl",
        "{\"prompt\": \"a red apple\"}\n{\"prompt\":\"a pear\",\"seed\":3,\"output\":\"pear.png\"}\n",
    );
    workplace.write("a.csv", "prompt,seed,output\na red apple,,\na pear,3,pear.png\n");
    workplace.write(
        "a.toml",
        "[[picture]]\nprompt = \"a red apple\"\n[[picture]]\nprompt = \"a pear\"\nseed = 3\noutput = \"pear.png\"\n",
    );
    let mut first = None;
    for name in ["a.txt", "a.jsonl", "a.csv", "a.toml"] {
        let outcome = batch(&workplace, &[name, "--force", "-q"]).succeeded();
        assert_eq!(outcome.output_text(), "a-red-apple-0.png\npear.png\n", "{name}");
        assert_eq!(outcome.errors, "");
        let drawn = [workplace.read("a-red-apple-0.png"), workplace.read("pear.png")];
        assert!(first.get_or_insert_with(|| drawn.clone()) == &drawn, "{name}");
    }
    // A single command draws the same picture.
    workplace.run(&[&["a pear", "-s", "3", "-q", "-o", "alone.png"][..], &SMALL].concat()).succeeded();
    assert!(workplace.read("alone.png") == workplace.read("pear.png"));
    // --format gives the form of a file whose name does not.
    workplace.write("list", "{\"prompt\": \"a fig\"}\n");
    assert_eq!(batch(&workplace, &["list", "--format", "jsonl"]).succeeded().output_text(), "a-fig-0.png\n");
}

#[test]
fn a_bad_line_is_told_and_the_others_go_on() {
    let workplace = Workplace::new();
    let mut file = b"an apple\na pear -- --sed 5\na \xff fig\n".to_vec();
    file.extend(b"a plum -- --size 0x0\n{\"promt\": \"x\"}\n");
    file.extend(vec![b'x'; 1_000_000]);
    file.extend(b"\na cherry\na grape -- -o none/grape.png\na date -- --clip nothing\n");
    workplace.write("a.txt", &file);
    let outcome = batch(&workplace, &["a.txt"]);
    assert_eq!(outcome.code, Some(1), "{}", outcome.errors);
    assert_eq!(outcome.output_text(), "an-apple-0.png\na-cherry-0.png\n");
    for (line, words) in [
        (2, "--sed"),
        (3, "not valid UTF-8 at byte 3"),
        (4, "--size"),
        (5, "no setting `promt`; did you mean `prompt`?"),
        (6, "longer than 100 KiB"),
        (8, "folder not found"),
        (9, "nothing"),
    ] {
        let told = format!("error: a.txt line {line}: ");
        let found = outcome.errors.lines().find(|error| error.starts_with(&told));
        assert!(found.is_some_and(|error| error.contains(words)), "line {line}: {}", outcome.errors);
        let record = results(&workplace).into_iter().find(|record| record["result"]["line"] == line).unwrap();
        assert_eq!((&record["result"]["status"], &record["result"]["file"]), (&"failed".into(), &"a.txt".into()));
        assert!(record["result"]["error"].as_str().unwrap().contains(words), "{record}");
    }
    assert!(outcome.errors.lines().last().unwrap().starts_with("2 drawn, 0 already done, 7 failed, "));
    // The error of a line is recorded once.
    let before = results(&workplace).len();
    assert_eq!(batch(&workplace, &["a.txt", "-q"]).code, Some(1));
    assert_eq!(results(&workplace).iter().filter(|record| record["result"]["line"] == 2).count(), 1);
    assert_eq!(results(&workplace).len(), before);
}

#[test]
fn what_is_wrong_with_all_of_it_is_told_before_any_work() {
    let workplace = Workplace::new();
    workplace.write("a.txt", "an apple\n");
    workplace.write("wrong.csv", "promt\na\n");
    workplace.write("wrong.toml", "[[picture]\n");
    workplace.write("other.jsonl", "{\"a\": 1}\n");
    workplace.write("notes.txt", "my notes");
    std::fs::create_dir(workplace.join("folder")).unwrap();
    for (arguments, words) in [
        (&["none.txt"][..], "none.txt"),
        (&["folder"], "folder"),
        (&["wrong.csv"], "promt"),
        (&["wrong.toml"], "line 1"),
        (&["a.txt", "--cutouts", "0"], "cutouts"),
        (&["a.txt", "-o", "{slug}.bmp"], "expected .png"),
        (&["a.txt", "--results", "other.jsonl"], "not a batch result"),
        (&["a.txt", "--results", "notes.txt"], "not a results file"),
        (&["a.txt", "--results", "folder"], "folder"),
        (&["a.txt", "--results", "none/r.jsonl"], "the folder does not exist"),
        (&["a.txt", "--contact-sheet", "sheet.gif"], "sheet.gif"),
        (&["a.txt", "--contact-sheet", "none/sheet.png"], "none"),
        (&["a.txt", "--devices", "cuda:0"], "cuda:0"),
    ] {
        workplace.refuses(&[&["batch"], arguments].concat(), &[words]);
    }
}

#[test]
fn finished_lines_are_known_by_their_recipes() {
    let workplace = Workplace::new();
    workplace.write("a.txt", "an apple\na pear\nan apple\n");
    let first = batch(&workplace, &["a.txt"]).succeeded();
    // Two lines with the same prompt are two pictures.
    assert_eq!(first.output_text(), "an-apple-0.png\na-pear-0.png\nan-apple-0-2.png\n");
    assert!(workplace.read("an-apple-0.png") == workplace.read("an-apple-0-2.png"));
    let before = times(&workplace);
    let again = batch(&workplace, &["a.txt"]).succeeded();
    assert_eq!((again.output_text(), times(&workplace)), ("", before.clone()));
    assert!(again.errors.starts_with("0 drawn, 3 already done, 0 failed"), "{}", again.errors);
    assert_eq!(results(&workplace).len(), 3);
    // A picture with the same name and other settings is another picture.
    let other = batch(&workplace, &["a.txt", "--optimizer", "radam"]).succeeded();
    assert_eq!(other.output_text(), "an-apple-0-3.png\na-pear-0-2.png\nan-apple-0-4.png\n");
    assert!(before.iter().all(|(name, time)| times(&workplace)[name] == *time));
    // Files of others are kept, and missing pictures are drawn again.
    workplace.write("a-pear-0.png", "no picture");
    std::fs::remove_file(workplace.join("an-apple-0-2.png")).unwrap();
    let third = batch(&workplace, &["a.txt"]).succeeded();
    assert_eq!(third.output_text(), "a-pear-0-3.png\nan-apple-0-2.png\n");
    assert_eq!(workplace.read("a-pear-0.png"), b"no picture");
    // An explicit name belongs to another picture, or to another line.
    workplace.write("b.txt", "a fig -- -o x.png\na date -- -o x.png\na fig -- -o x.png\n");
    let outcome = batch(&workplace, &["b.txt"]);
    assert_eq!((outcome.code, outcome.output_text()), (Some(1), "x.png\n"));
    assert!(outcome.errors.contains("b.txt line 2: x.png is already the picture of b.txt line 1"));
    assert!(outcome.errors.contains("1 drawn, 1 already done, 1 failed"), "{}", outcome.errors);
    workplace.write("c.txt", "a date -- -o x.png\n");
    let outcome = batch(&workplace, &["c.txt"]);
    assert!(outcome.code == Some(1) && outcome.errors.contains("x.png: the file already exists"));
    assert_eq!(batch(&workplace, &["c.txt", "--force"]).succeeded().output_text(), "x.png\n");
}

#[test]
fn results_are_a_batch() {
    let workplace = Workplace::new();
    workplace.write(
        "a.txt",
        "an apple: {red,green} -- --seed {1..2}\na \\{plain,odd\\} pear | sky:0.5 -- --learning-rate 0.07\n",
    );
    batch(&workplace, &["a.txt"]).succeeded();
    let drawn = pictures(&workplace);
    assert_eq!(drawn.len(), 5);
    let bytes: Vec<_> = drawn.iter().map(|name| workplace.read(name)).collect();
    for record in results(&workplace) {
        assert_eq!(record["result"]["status"], "done");
        assert!(record["result"]["loss"].is_f64() && record["result"]["seconds"].is_f64(), "{record}");
    }
    std::fs::rename(workplace.join("results.jsonl"), workplace.join("again.jsonl")).unwrap();
    for name in &drawn {
        std::fs::remove_file(workplace.join(name)).unwrap();
    }
    let outcome = workplace.run(&["batch", "again.jsonl", "-q"]).succeeded();
    assert_eq!(outcome.errors, "");
    assert_eq!(pictures(&workplace), drawn);
    assert!(drawn.iter().zip(&bytes).all(|(name, bytes)| workplace.read(name) == *bytes));
    // The batch can also read its own results file.
    let outcome = workplace.run(&["batch", "results.jsonl"]).succeeded();
    assert!(outcome.errors.starts_with("0 drawn, 5 already done"), "{}", outcome.errors);
    assert_eq!(results(&workplace).len(), 5);
    // The output of a dry run draws the same pictures.
    let dry = workplace.run(&[&["batch", "a.txt", "--dry-run", "--force"][..], &SMALL].concat()).succeeded();
    workplace.write("dry.jsonl", dry.output);
    assert_eq!(workplace.run(&["batch", "dry.jsonl", "-q", "--force"]).succeeded().output_text().lines().count(), 5);
    assert!(drawn.iter().zip(&bytes).all(|(name, bytes)| workplace.read(name) == *bytes));
}

#[test]
fn weaker_sources_add_nothing_to_a_result_or_a_recipe() {
    let workplace = Workplace::new();
    workplace.write("a.txt", "an apple -- -o a.png\n");
    batch(&workplace, &["a.txt"]).succeeded();
    let drawn = workplace.read("a.png");
    std::fs::rename(workplace.join("results.jsonl"), workplace.join("again.jsonl")).unwrap();
    workplace.write("recipe.jsonl", recipe(&workplace, "a.png").to_json().unwrap());
    workplace.write("settings.toml", "loss = [\"tv\"]\npalette = \"pico-8\"\nupscale = 2\n");
    let draw = |file: &str, more: &[&str]| {
        let line = ["batch", file, "-q", "--force", "--config", "settings.toml", "-o", "a.png"];
        workplace.run(&[&line[..], more].concat()).succeeded();
        workplace.read("a.png")
    };
    for file in ["again.jsonl", "recipe.jsonl"] {
        assert!(draw(file, &[]) == drawn, "{file}");
        // The options of the batch itself count.
        assert!(draw(file, &["--loss", "tv"]) != drawn, "{file}");
    }
    // Other lines take what they do not name.
    draw("a.txt", &SMALL);
    assert_eq!(recipe(&workplace, "a.png").settings.loss.len(), 1);
}

#[test]
fn a_pipe_is_drawn_as_it_comes() {
    let workplace = Workplace::new();
    let mut command = workplace.command();
    command.args(["batch", "-", "--progress", "json"]).args(SMALL);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    for (line, name) in [("an apple\n", "an-apple-0.png"), ("{\"prompt\": \"a pear\", \"seed\": 7}\n", "a-pear-7.png")]
    {
        input.write_all(line.as_bytes()).unwrap();
        input.flush().unwrap();
        // The next line is written when the picture of this line exists.
        let began = Instant::now();
        while !workplace.join(name).exists() {
            assert!(began.elapsed() < Duration::from_secs(60), "{name} does not come");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let errors = String::from_utf8(output.stderr).unwrap();
    let outcome = Outcome { code: Some(0), output: output.stdout, errors };
    let events = outcome.events();
    let of = |kind: &str| events.iter().filter(|event| event["event"] == kind).cloned().collect::<Vec<_>>();
    assert_eq!((of("begun").len(), of("step").len(), of("result").len()), (2, 2, 2));
    assert_eq!((&of("step")[1]["item"], &of("begun")[1]["seed"]), (&2.into(), &7.into()));
    assert_eq!(of("batch_finished")[0]["drawn"], 2);
}

/// Starts a batch again and again, killed or interrupted at random points, until it is done: nothing is lost, nothing
/// is drawn twice, no file is torn.
#[cfg(unix)]
#[test]
fn kills_lose_nothing_and_draw_nothing_twice() {
    let mut chance = Stream::new(3, "kills", 0);
    for round in 0..8 {
        let workplace = Workplace::new();
        workplace
            .write("a.txt", "an apple\na {red,green,blue} pear\na fig -- --sed\nan apple -- --seed {1..4}\nan apple\n");
        let jobs = ["1", "2"][round % 2];
        let (mut kills, mut drawn): (usize, BTreeMap<String, std::time::SystemTime>) = (0, BTreeMap::new());
        let mut longest = 250_000;
        loop {
            let mut command = workplace.command();
            command.args(["batch", "a.txt", "--jobs", jobs, "--progress", "json"]).args(SMALL);
            let running = Running::start(&mut command);
            std::thread::sleep(Duration::from_micros(chance.below(longest) as u64));
            running.signal(if chance.happens(0.7) { "KILL" } else { "INT" });
            let outcome = running.finish();
            let now = times(&workplace);
            for (name, time) in &drawn {
                assert_eq!(now.get(name), Some(time), "{name} was lost or drawn twice");
            }
            for name in now.keys() {
                recipe(&workplace, name);
                image::open(workplace.join(name)).unwrap();
            }
            if now.len() == drawn.len() {
                // A slow machine needs longer for a picture.
                longest += longest / 8;
            }
            drawn = now;
            match outcome.code {
                Some(1) => break,
                None | Some(130) => kills += 1,
                Some(_) => panic!("{}", outcome.errors),
            }
            assert!(kills < 200, "no end");
        }
        assert_eq!(drawn.len(), 9, "{drawn:?}");
        let done: Vec<_> =
            results(&workplace).into_iter().filter(|record| record["result"]["status"] == "done").collect();
        let mut outputs: Vec<_> = done.iter().map(|record| record["output"].as_str().unwrap()).collect();
        outputs.sort_unstable();
        assert_eq!(outputs, drawn.keys().map(String::as_str).collect::<Vec<_>>(), "each is written down once");
    }
}

#[test]
fn samples_are_ranked_and_the_best_kept() {
    let workplace = Workplace::new();
    workplace.write("a.txt", "a red apple\na pear -- -o pear.png\n");
    let base = ["a.txt", "--samples", "3", "--seed", "5", "--init-noise", "codes"];
    let outcome = batch(&workplace, &base).succeeded();
    assert_eq!(pictures(&workplace).len(), 6);
    let ranked = |workplace: &Workplace| {
        results(workplace)
            .into_iter()
            .map(|record| (record["output"].as_str().unwrap().to_owned(), record["result"].clone()))
            .collect::<Vec<_>>()
    };
    let all = ranked(&workplace);
    // The best picture comes first, both on standard output and in the results.
    let printed: Vec<_> = outcome.output_text().lines().collect();
    assert_eq!(printed, all.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>());
    for group in all.chunks(3) {
        let scores: Vec<f64> = group.iter().map(|(_, result)| result["score"].as_f64().unwrap()).collect();
        assert!(scores[0] >= scores[1] && scores[1] >= scores[2] && scores[0] > scores[2], "{scores:?}");
        assert!(group.iter().zip(1..).all(|((_, result), rank)| result["rank"] == rank));
    }
    assert!(all[3..].iter().all(|(name, _)| ["pear-5.png", "pear-6.png", "pear-7.png"].contains(&name.as_str())));
    // The score is the one that `score` prints.
    let score = workplace.run(&["score", &all[0].0, "-p", "a red apple", "--json"]).succeeded().output_json();
    let (said, found) = (score[0]["cosine"].as_f64().unwrap(), all[0].1["score"].as_f64().unwrap());
    assert!((said - found).abs() < 1e-6, "{said} {found}");
    // With a lower --keep, the other pictures are removed and not drawn again.
    batch(&workplace, &[&base[..], &["--keep", "1"]].concat()).succeeded();
    let best: Vec<_> = [&all[0].0, &all[3].0].into_iter().cloned().collect();
    let kept = |workplace: &Workplace| {
        let mut kept = pictures(workplace);
        kept.sort_by_key(|name| best.iter().position(|best| best == name));
        kept
    };
    assert_eq!(kept(&workplace), best);
    let again = batch(&workplace, &[&base[..], &["--keep", "1"]].concat()).succeeded();
    assert!(again.errors.starts_with("0 drawn, 6 already done"), "{}", again.errors);
    assert_eq!(kept(&workplace), best);
    // With a higher --keep, missing pictures are drawn again.
    let more = batch(&workplace, &[&base[..], &["--keep", "2"]].concat()).succeeded();
    assert!(more.errors.contains("2 drawn, 4 already done"), "{}", more.errors);
    assert_eq!(pictures(&workplace).len(), 4);
}

#[test]
fn another_model_may_rank() {
    let workplace = Workplace::new();
    workplace.write("a.txt", "a red apple\n");
    let clip = common::fixtures().join("clip");
    let outcome =
        batch(&workplace, &["a.txt", "--init-noise", "codes", "--samples", "2", "--rank-with", common::text(&clip)])
            .succeeded();
    let best = outcome.output_text().lines().next().unwrap().to_owned();
    let clip = ["--clip", common::text(&clip), "--json"];
    let score = workplace.run(&[&["score", &best, "-p", "a red apple"][..], &clip].concat()).succeeded().output_json();
    let found = results(&workplace)[0]["result"]["score"].as_f64().unwrap();
    assert!((score[0]["cosine"].as_f64().unwrap() - found).abs() < 1e-6);
}

#[test]
fn jobs_and_devices_draw_the_same_pictures() {
    let workplace = Workplace::new();
    workplace.write("a.txt", "a {red,green,blue} {apple,pear}\n");
    batch(&workplace, &["a.txt", "-o", "one-{slug}.png"]).succeeded();
    batch(&workplace, &["a.txt", "-o", "many-{slug}.png", "--jobs", "3"]).succeeded();
    batch(&workplace, &["a.txt", "-o", "cpus-{slug}.png", "--devices", "cpu,cpu"]).succeeded();
    let colours = |name: String| image::open(workplace.join(name)).unwrap().to_rgb8().into_raw();
    for name in pictures(&workplace).iter().filter_map(|name| name.strip_prefix("one-")) {
        assert!(workplace.read(&format!("one-{name}")) == workplace.read(&format!("many-{name}")), "{name}");
        assert!(colours(format!("one-{name}")) == colours(format!("cpus-{name}")), "{name}");
    }
    assert_eq!(pictures(&workplace).len(), 18);
    // An existing picture counts, whatever drew it.
    let outcome = batch(&workplace, &["a.txt", "-o", "one-{slug}.png", "--devices", "cpu"]).succeeded();
    assert!(outcome.errors.starts_with("0 drawn, 6 already done"), "{}", outcome.errors);
}

#[test]
fn a_contact_sheet_shows_all() {
    let workplace = Workplace::new();
    workplace.write("a.txt", "a {red,green,blue} <apple>\n");
    let arguments = ["a.txt", "--contact-sheet", "sheet.png", "--contact-sheet", "sheet.html"];
    let outcome = batch(&workplace, &arguments).succeeded();
    let named = "contact sheet: sheet.png\ncontact sheet: sheet.html";
    assert!(
        outcome.errors.trim_end().ends_with(named) && !outcome.output_text().contains("sheet"),
        "{}",
        outcome.errors
    );
    let sheet = image::open(workplace.join("sheet.png")).unwrap();
    // Two by two pictures of 256 pixels, with gaps of 8.
    assert_eq!((sheet.width(), sheet.height()), (2 * 264 + 8, 2 * 264 + 8));
    let page = String::from_utf8(workplace.read("sheet.html")).unwrap();
    assert!(page.matches("<img src=\"a-").count() == 3 && page.contains("a blue &lt;apple&gt;"), "{page}");
    // The sheet also shows pictures that existed before.
    std::fs::remove_file(workplace.join("sheet.html")).unwrap();
    batch(&workplace, &arguments).succeeded();
    assert_eq!(String::from_utf8(workplace.read("sheet.html")).unwrap(), page);
    let outcome = batch(&workplace, &["a.txt", "--contact-sheet", "sheet.png", "--progress", "json"]).succeeded();
    let saved = outcome.events().pop().unwrap();
    assert_eq!(saved, serde_json::json!({"event": "saved", "path": "sheet.png"}));
}

#[cfg(unix)]
#[test]
fn ctrl_c_keeps_what_is_finished() {
    let workplace = Workplace::new();
    workplace.write("a.txt", "an apple\na pear -- --iterations 100000\na fig\n");
    let mut command = workplace.command();
    let mut running = Running::start(command.args(["batch", "a.txt", "--progress", "json"]).args(SMALL));
    running.wait_for_lines("\"event\":\"step\"", 5);
    running.signal("INT");
    let outcome = running.finish();
    assert_eq!((outcome.code, outcome.output_text()), (Some(130), "an-apple-0.png\n"), "{}", outcome.errors);
    assert_eq!(pictures(&workplace), ["an-apple-0.png"]);
    // A batch that waits for lines also ends.
    let mut command = workplace.command();
    let mut child = command.args(["batch", "-"]).stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(300));
    let kill = format!("kill -INT {}", child.id());
    assert!(std::process::Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    let began = Instant::now();
    while child.try_wait().unwrap().is_none() {
        assert!(began.elapsed() < Duration::from_secs(30), "it waits on");
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

#[test]
fn hundreds_of_lines() {
    let workplace = Workplace::new();
    workplace.write("a.txt", "picture {1..300}\n");
    let mut command = workplace.command();
    command.args(["batch", "a.txt", "-q", "--size", "16x16", "--cutouts", "1", "--iterations", "0"]);
    let outcome = finish(&mut command).succeeded();
    assert_eq!(outcome.output_text().lines().count(), 300);
    assert_eq!((pictures(&workplace).len(), results(&workplace).len()), (300, 300));
    let again = finish(&mut command).succeeded();
    assert_eq!((again.output_text(), results(&workplace).len()), ("", 300));
}

#[test]
fn two_batches_do_not_mix() {
    let workplace = Workplace::new();
    workplace.write("a.txt", "an apple -- --iterations 100000\n");
    let mut command = workplace.command();
    let mut running = Running::start(command.args(["batch", "a.txt", "--progress", "json"]).args(SMALL));
    running.wait_for_lines("\"event\":\"step\"", 1);
    let second = workplace.run(&["batch", "a.txt"]);
    assert_eq!(second.code, Some(2));
    assert!(second.errors.contains("another batch is writing this file"), "{}", second.errors);
    #[cfg(unix)]
    running.signal("INT");
    assert_eq!(running.finish().code, Some(130));
    // An incomplete line is removed.
    workplace
        .write("results.jsonl", "{\"result\":{\"status\":\"failed\",\"file\":\"b\",\"line\":1}}\n{\"prompt\":\"an ap");
    workplace.write("b.txt", "a fig\n");
    batch(&workplace, &["b.txt", "-q"]).succeeded();
    assert_eq!(results(&workplace).len(), 2);
}
