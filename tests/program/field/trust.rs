//! What someone else's recipe may cause: no request for models that only the recipe names before the user agrees.

use text2art::output::{Checkpoint, Recipe, encode};

#[cfg(target_os = "linux")]
use super::pseudo_terminal::Terminal;
use crate::common::hub::{Repository, TestHub};
use crate::common::program::{Outcome, Workplace, finish};

const SMALL: [&str; 8] = ["a red apple", "--size", "32x32", "-n", "1", "--cutouts", "1", "-q"];
#[cfg(target_os = "linux")]
const QUESTION: &str = "[y/N] ";

fn hub() -> TestHub {
    TestHub::new(vec![Repository::clip("acme/clip"), Repository::vqgan("acme/vqgan")])
}

fn variables(hub: &TestHub) -> [(&str, &str); 3] {
    [("HF_ENDPOINT", &hub.endpoint), ("HF_TOKEN", "hf_secret"), ("TERM", "dumb")]
}

fn run(workplace: &Workplace, hub: &TestHub, arguments: &[&str]) -> Outcome {
    finish(workplace.command().envs(variables(hub)).args(arguments))
}

/// A picture that somebody else drew with models of the hub, in a workplace that has none of them; and how many requests
/// the hub saw for it.
fn strangers_picture(hub: &TestHub) -> (Workplace, usize) {
    let (theirs, ours) = (Workplace::new(), Workplace::new());
    let line = ["--vqgan", "acme/vqgan", "--clip", "acme/clip", "--checkpoint-every", "1", "-o", "p.png"];
    run(&theirs, hub, &[&SMALL[..], &line].concat()).succeeded();
    for name in ["p.png", "p.png.t2a"] {
        ours.write(name, theirs.read(name));
    }
    (ours, hub.requests().len())
}

/// A run at a terminal that is wide enough for any line.
#[cfg(target_os = "linux")]
fn at_terminal(workplace: &Workplace, hub: &TestHub, arguments: &[&str], has_input: bool) -> Terminal {
    let start = if has_input { Terminal::start } else { Terminal::start_without_input };
    start(workplace, (24, 400), arguments, &variables(hub))
}

/// Answers the question of a run. Returns the exit code and what was shown.
#[cfg(target_os = "linux")]
fn answered(workplace: &Workplace, hub: &TestHub, arguments: &[&str], answer: &[u8]) -> (Option<i32>, String) {
    let mut terminal = at_terminal(workplace, hub, arguments, true);
    terminal.wait_for(QUESTION);
    terminal.press(answer);
    (terminal.finish(|_| ()), terminal.text())
}

#[test]
fn nothing_is_asked_of_the_network_for_a_strangers_recipe() {
    let hub = hub();
    let (workplace, asked) = strangers_picture(&hub);
    for line in [
        &["--from", "p.png", "-q", "-o", "q.png"][..],
        &["a green frog", "--from", "p.png", "-o", "q.png", "--progress", "json"],
        &["--from", "p.png", "--clip", "embedded", "-q", "-o", "q.png"],
        &["resume", "p.png.t2a", "-n", "+1", "-o", "q.png", "-q"],
    ] {
        let outcome = run(&workplace, &hub, line);
        assert_eq!(outcome.code, Some(2), "{line:?}: {}", outcome.errors);
        assert!(outcome.errors.contains("acme/vqgan") && outcome.errors.contains("--trust"), "{}", outcome.errors);
        assert_eq!(outcome.errors.contains("acme/clip"), !line.contains(&"--clip"), "{}", outcome.errors);
        assert!(!workplace.join("q.png").exists());
    }
    // What would be done is shown; without a network all is as it was.
    let plan = run(&workplace, &hub, &["--from", "p.png", "--dry-run"]).succeeded();
    assert!(plan.output_text().contains("# to be downloaded: acme/clip"), "{}", plan.output_text());
    assert!(plan.output_text().contains("--trust: acme/vqgan"), "{}", plan.output_text());
    let outcome = run(&workplace, &hub, &["--from", "p.png", "-q", "-o", "q.png", "--offline"]);
    assert!(outcome.code == Some(2) && outcome.errors.contains("--offline is set"), "{}", outcome.errors);
    assert_eq!(hub.requests().len(), asked);
}

#[test]
fn what_the_user_names_or_trusts_is_downloaded() {
    let hub = hub();
    let (workplace, asked) = strangers_picture(&hub);
    // Other models need no consent.
    let other = ["--from", "p.png", "--vqgan", "embedded", "--clip", "embedded", "-q", "-o", "other.png"];
    run(&workplace, &hub, &other).succeeded();
    assert_eq!(hub.requests().len(), asked);
    // Neither do those that the user names.
    let named = ["--from", "p.png", "--vqgan", "acme/vqgan", "--clip", "acme/clip", "-q", "-o", "named.png"];
    run(&workplace, &hub, &named).succeeded();
    assert!(hub.requests().len() > asked);
    // What is here needs none.
    let here = hub.requests().len();
    run(&workplace, &hub, &["--from", "p.png", "-q", "-o", "again.png"]).succeeded();
    assert_eq!(hub.requests().len(), here);
    assert!(workplace.read("again.png") == workplace.read("p.png"));
    let (workplace, _) = strangers_picture(&hub);
    run(&workplace, &hub, &["--from", "p.png", "--trust", "-q", "-o", "q.png"]).succeeded();
    assert!(workplace.read("q.png") == workplace.read("p.png"));
    let (workplace, _) = strangers_picture(&hub);
    run(&workplace, &hub, &["resume", "p.png.t2a", "-n", "+1", "-q", "-o", "q.png", "--trust"]).succeeded();
    // A user's own file counts as the user.
    let (workplace, _) = strangers_picture(&hub);
    workplace.write("own.toml", "vqgan = \"acme/vqgan\"\nclip = [\"acme/clip\"]\n");
    run(&workplace, &hub, &["--from", "p.png", "--config", "own.toml", "-q", "-o", "q.png"]).succeeded();
}

#[cfg(target_os = "linux")]
#[test]
fn somebody_at_a_terminal_is_asked() {
    let hub = hub();
    let (workplace, asked) = strangers_picture(&hub);
    let line = ["--from", "p.png", "-q", "-o", "q.png"];
    // An empty line, a no, something else, and the end of the input.
    for no in [&b"\n"[..], b"n\n", b"what?\n", b"\x04"] {
        let (code, shown) = answered(&workplace, &hub, &line, no);
        assert_eq!(code, Some(2), "{shown}");
        assert!(shown.contains("acme/clip and acme/vqgan"), "{shown}");
    }
    let mut terminal = at_terminal(&workplace, &hub, &line, true);
    terminal.wait_for(QUESTION);
    terminal.signal("INT");
    assert_eq!(terminal.finish(|_| ()), Some(130));
    // A terminal that shows and does not answer.
    let mut terminal = at_terminal(&workplace, &hub, &line, false);
    assert_eq!(terminal.finish(|_| ()), Some(2));
    let shown = terminal.text();
    assert!(shown.contains("--trust") && !shown.contains(QUESTION), "{shown}");
    assert_eq!(hub.requests().len(), asked);
    assert!(!workplace.join("q.png").exists());
    let (code, shown) = answered(&workplace, &hub, &line, b"y\n");
    assert_eq!(code, Some(0), "{shown}");
    assert!(workplace.read("q.png") == workplace.read("p.png"));
    let token = |seen: &crate::common::hub::Seen| seen.headers.contains_key("authorization");
    assert!(hub.requests()[asked..].iter().any(token));
}

#[test]
fn models_of_the_list_are_not_asked_about() {
    let hub = TestHub::new(Vec::new());
    let workplace = Workplace::new();
    run(&workplace, &hub, &[&SMALL[..], &["-o", "p.png"]].concat()).succeeded();
    for name in ["vit-b32", "openai/clip-vit-base-patch32"] {
        let mut recipe = Recipe::read(&workplace.join("p.png")).unwrap();
        recipe.settings.clip = vec![name.to_owned()];
        let picture = candle_core::Tensor::zeros((1, 3, 32, 32), candle_core::DType::F32, &candle_core::Device::Cpu);
        workplace.write("listed.png", encode(&picture.unwrap(), Some(&recipe), None).unwrap());
        let before = hub.requests().len();
        let outcome = run(&workplace, &hub, &["--from", "listed.png", "-q", "-o", "q.png"]);
        // The hub has none of them, which shows that it was asked.
        assert!(hub.requests().len() > before && !outcome.errors.contains("--trust"), "{name}: {}", outcome.errors);
    }
}

#[test]
fn files_on_other_machines_are_not_looked_at() {
    let hub = TestHub::new(Vec::new());
    let workplace = Workplace::new();
    run(&workplace, &hub, &[&SMALL[..], &["--checkpoint-every", "1", "-o", "p.png"]].concat()).succeeded();
    let share = r"\\198.51.100.7\share\x.png";
    let recipe = Recipe::read(&workplace.join("p.png")).unwrap();
    for change in 0..6 {
        let mut recipe = recipe.clone();
        match change {
            0 => recipe.settings.init_image = Some(share.into()),
            1 => recipe.settings.vqgan = share.to_owned(),
            2 => recipe.settings.clip = vec![share.to_owned()],
            3 => recipe.settings.mask = Some(share.parse().unwrap()),
            4 => recipe.settings.overlay = Some(share.into()),
            _ => recipe.settings.palette = Some(share.to_owned()),
        }
        let picture = candle_core::Tensor::zeros((1, 3, 32, 32), candle_core::DType::F32, &candle_core::Device::Cpu);
        workplace.write("theirs.png", encode(&picture.unwrap(), Some(&recipe), None).unwrap());
        workplace.refuses(&["--from", "theirs.png"], &["theirs.png", "another machine", "198.51.100.7"]);
        let mut checkpoint = Checkpoint::read(&workplace.join("p.png.t2a")).unwrap();
        checkpoint.recipe = recipe;
        workplace.write("theirs.png.t2a", checkpoint.encode().unwrap());
        workplace.refuses(&["resume", "theirs.png.t2a"], &["theirs.png.t2a", "another machine"]);
    }
}
