//! What somebody else's recipe may lead to: no request goes out for models that only it names before the user says so.

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use text2art::output::{Checkpoint, Recipe, encode};

use crate::common::hub::{Repository, TestHub};
use crate::common::program::{Outcome, Workplace, finish};

/// No run may take longer, by far.
const LIMIT: Duration = Duration::from_secs(120);
const SMALL: [&str; 8] = ["a red apple", "--size", "32x32", "-n", "1", "--cutouts", "1", "-q"];
const QUESTION: &str = "[y/N] ";

fn hub() -> TestHub {
    TestHub::new(vec![Repository::clip("acme/clip"), Repository::vqgan("acme/vqgan")])
}

fn command(workplace: &Workplace, hub: &TestHub, arguments: &[&str]) -> Command {
    let mut command = workplace.command();
    command.env("HF_ENDPOINT", &hub.endpoint).env("HF_TOKEN", "hf_secret").env("TERM", "dumb").args(arguments);
    command
}

fn run(workplace: &Workplace, hub: &TestHub, arguments: &[&str]) -> Outcome {
    finish(&mut command(workplace, hub, arguments))
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

/// A run whose standard input and error are a terminal.
struct OnTerminal {
    child: Child,
    terminal: File,
    shown: Receiver<Vec<u8>>,
    seen: String,
    started: Instant,
}

impl OnTerminal {
    fn start(command: &mut Command) -> Self {
        Self::start_with(command, true)
    }

    /// Standard input may be empty instead.
    fn start_with(command: &mut Command, with_input: bool) -> Self {
        let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&controller).unwrap();
        unlockpt(&controller).unwrap();
        let name = ptsname(&controller, Vec::new()).unwrap();
        let side = || File::options().read(true).write(true).open(name.to_str().unwrap()).unwrap();
        let input = if with_input { side().into() } else { Stdio::null() };
        let child = command.stdin(input).stderr(side()).stdout(Stdio::null()).spawn().unwrap();
        // The command keeps its side open, which would keep the terminal from ending.
        command.stdin(Stdio::null()).stderr(Stdio::null());
        let terminal = File::from(controller);
        let (sender, shown) = channel();
        let mut reader = terminal.try_clone().unwrap();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            // The end of a terminal is an error.
            while let Ok(count @ 1..) = reader.read(&mut bytes) {
                let _ = sender.send(bytes[..count].to_vec());
            }
        });
        Self { child, terminal, shown, seen: String::new(), started: Instant::now() }
    }

    /// Waits until a text is shown.
    fn wait_for(&mut self, text: &str) {
        while !self.seen.contains(text) {
            let left = LIMIT.saturating_sub(self.started.elapsed());
            match self.shown.recv_timeout(left) {
                Ok(bytes) => self.seen += &String::from_utf8_lossy(&bytes),
                Err(error) => {
                    let _ = self.child.kill();
                    panic!("{error} before {text:?}: {}", self.seen);
                }
            }
        }
    }

    fn finish(mut self) -> Outcome {
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if self.started.elapsed() > LIMIT {
                let _ = self.child.kill();
                panic!("still running after {LIMIT:?}: {}", self.seen);
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        while let Ok(bytes) = self.shown.recv_timeout(Duration::from_secs(1)) {
            self.seen += &String::from_utf8_lossy(&bytes);
        }
        Outcome { code: status.code(), output: Vec::new(), errors: self.seen }
    }
}

/// Answers the question of a run.
fn answered(workplace: &Workplace, hub: &TestHub, arguments: &[&str], answer: &[u8]) -> Outcome {
    let mut running = OnTerminal::start(&mut command(workplace, hub, arguments));
    running.wait_for(QUESTION);
    running.terminal.write_all(answer).unwrap();
    running.finish()
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
    // A terminal that shows and does not answer.
    let mut half = command(&workplace, &hub, &["--from", "p.png", "-q", "-o", "q.png"]);
    let outcome = OnTerminal::start_with(&mut half, false).finish();
    assert_eq!(outcome.code, Some(2), "{}", outcome.errors);
    assert!(outcome.errors.contains("--trust") && !outcome.errors.contains(QUESTION), "{}", outcome.errors);
    // What would be done is shown; without a network all is as it was.
    let plan = run(&workplace, &hub, &["--from", "p.png", "--dry-run"]).succeeded();
    assert!(plan.output_text().contains("# to be downloaded: acme/clip"), "{}", plan.output_text());
    assert!(plan.output_text().contains("--trust: acme/vqgan"), "{}", plan.output_text());
    let outcome = run(&workplace, &hub, &["--from", "p.png", "-q", "-o", "q.png", "--offline"]);
    assert!(outcome.code == Some(2) && outcome.errors.contains("no network may be used"), "{}", outcome.errors);
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

#[test]
fn somebody_at_a_terminal_is_asked() {
    let hub = hub();
    let (workplace, asked) = strangers_picture(&hub);
    let line = ["--from", "p.png", "-q", "-o", "q.png"];
    // An empty line, a no, something else, and the end of the input.
    for no in [&b"\n"[..], b"n\n", b"what?\n", b"\x04"] {
        let outcome = answered(&workplace, &hub, &line, no);
        assert_eq!(outcome.code, Some(2), "{}", outcome.errors);
        assert!(outcome.errors.contains("acme/clip and acme/vqgan"), "{}", outcome.errors);
    }
    let mut running = OnTerminal::start(&mut command(&workplace, &hub, &line));
    running.wait_for(QUESTION);
    let process = running.child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &process]).status().unwrap().success());
    assert_eq!(running.finish().code, Some(130));
    assert_eq!(hub.requests().len(), asked);
    assert!(!workplace.join("q.png").exists());
    let outcome = answered(&workplace, &hub, &line, b"y\n");
    assert_eq!(outcome.code, Some(0), "{}", outcome.errors);
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
        workplace.write("listed.png", encode(&picture.unwrap(), Some(&recipe)).unwrap());
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
    for change in [0, 1, 2, 3] {
        let mut recipe = recipe.clone();
        match change {
            0 => recipe.settings.init_image = Some(share.into()),
            1 => recipe.settings.vqgan = share.to_owned(),
            2 => recipe.settings.clip = vec![share.to_owned()],
            _ => recipe.settings.palette = Some(share.to_owned()),
        }
        let picture = candle_core::Tensor::zeros((1, 3, 32, 32), candle_core::DType::F32, &candle_core::Device::Cpu);
        workplace.write("theirs.png", encode(&picture.unwrap(), Some(&recipe)).unwrap());
        workplace.refuses(&["--from", "theirs.png"], &["theirs.png", "another machine", "198.51.100.7"]);
        let mut checkpoint = Checkpoint::read(&workplace.join("p.png.t2a")).unwrap();
        checkpoint.recipe = recipe;
        workplace.write("theirs.png.t2a", checkpoint.encode().unwrap());
        workplace.refuses(&["resume", "theirs.png.t2a"], &["theirs.png.t2a", "another machine"]);
    }
}
