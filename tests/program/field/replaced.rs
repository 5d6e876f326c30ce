//! Nothing is replaced without being asked for: not because a checkpoint says so, and not through a link.

use std::os::unix::fs::{PermissionsExt, symlink};

use text2art::output::Checkpoint;

use crate::common::fixtures;
use crate::common::program::Workplace;

const SMALL: &str = "a red apple --size 32x32 --cutouts 1 -q";

fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

fn draw(workplace: &Workplace, line: &str) -> Vec<u8> {
    workplace.run(&words(&format!("{SMALL} {line}"))).succeeded().output
}

/// Writes the checkpoint of a picture with other paths in it, and a checksum that fits.
fn forge(workplace: &Workplace, name: &str, change: impl Fn(&mut Checkpoint)) {
    let mut checkpoint = Checkpoint::read(&workplace.join("p.png.t2a")).unwrap();
    change(&mut checkpoint);
    workplace.write(name, checkpoint.encode().unwrap());
}

/// Names another file in a checkpoint.
fn set(checkpoint: &mut Checkpoint, option: &str, path: &str) {
    checkpoint.beside.files.insert(option.into(), path.into());
}

#[test]
fn a_checkpoint_from_a_stranger_overwrites_nothing() {
    let workplace = Workplace::new();
    let notes = workplace.root().join("docs/a.txt");
    std::fs::create_dir(workplace.root().join("docs")).unwrap();
    std::fs::write(&notes, "my notes").unwrap();
    let foreign = std::fs::read(fixtures().join("field/svg-overwrites.png.t2a")).unwrap();
    workplace.write("svg-overwrites.png.t2a", foreign);
    workplace.refuses(&["resume", "svg-overwrites.png.t2a"], &["../docs/a.txt"]);
    assert_eq!(std::fs::read(&notes).unwrap(), b"my notes");
}

#[test]
fn paths_of_a_checkpoint_lead_nowhere_else() {
    let workplace = Workplace::new();
    draw(&workplace, "-n 2 --drawer pixel --checkpoint-every 2 -o p.png");
    let outside = workplace.root().join("home/new.svg").to_str().unwrap().to_owned();
    symlink(workplace.root().join("home"), workplace.join("away")).unwrap();
    for path in ["../new.svg", &outside, "away/new.svg", "none/../../new.svg"] {
        forge(&workplace, "x.png.t2a", |found| set(found, "svg", path));
        workplace.refuses(&["resume", "x.png.t2a", "-n", "3"], &[path]);
        forge(&workplace, "x.png.t2a", |found| set(found, "gif", &path.replace("svg", "gif")));
        workplace.refuses(&["resume", "x.png.t2a", "-n", "3"], &["new.gif"]);
        forge(&workplace, "x.png.t2a", |found| set(found, "frames", path));
        workplace.refuses(&["resume", "x.png.t2a", "-n", "3"], &[path]);
        forge(&workplace, "x.png.t2a", |found| found.beside.save_cutouts = Some(path.into()));
        workplace.refuses(&["resume", "x.png.t2a", "-n", "3"], &[path]);
    }
    // A name that another program takes for something else.
    for (file, change) in [
        (".bash_profile", (|found: &mut Checkpoint| set(found, "gif", ".bash_profile")) as fn(&mut Checkpoint)),
        (".bashrc", |found| set(found, "mp4", ".bashrc")),
        (".zshrc", |found| set(found, "svg", ".zshrc")),
    ] {
        forge(&workplace, "x.png.t2a", change);
        workplace.refuses(&["resume", "x.png.t2a", "-n", "3"], &[file]);
    }
    workplace.write(".profile.t2a", workplace.read("p.png.t2a"));
    workplace.refuses(&["resume", ".profile.t2a", "-n", "3"], &[".profile.t2a", "where the picture goes"]);
    // Whoever trusts the checkpoint can say so.
    forge(&workplace, "x.png.t2a", |found| set(found, "svg", &outside));
    workplace.run(&["resume", "x.png.t2a", "-n", "3", "-q", "--force"]).succeeded();
    assert!(std::fs::read_to_string(&outside).unwrap().starts_with("<svg "));
}

#[test]
fn a_resumed_run_replaces_only_its_own() {
    let workplace = Workplace::new();
    let line =
        "-n 4 --drawer pixel --svg p.svg --gif --frames frames --save-cutouts seen --checkpoint-every 2 -o p.png";
    std::fs::create_dir(workplace.join("seen")).unwrap();
    draw(&workplace, line);
    let resume = ["resume", "p.png.t2a", "-n", "+2", "-q"];
    // Its own files are in their places ...
    workplace.run(&resume).succeeded();
    assert_eq!(std::fs::read_dir(workplace.join("frames")).unwrap().count(), 7);
    let own = ["p.svg", "frames/000006.png", "p.gif"].map(|name| (name, workplace.read(name)));
    // ... where now another's stands.
    for (name, content) in own {
        let circle = b"<svg xmlns=\"http://www.w3.org/2000/svg\"><circle r=\"1\"/></svg>".to_vec();
        let other = if name == "p.svg" { circle } else { std::fs::read(fixtures().join("trace/init.png")).unwrap() };
        workplace.write(name, &other);
        workplace.refuses(&resume, &[name, "already"]);
        assert_eq!(workplace.read(name), other);
        workplace.write(name, content);
    }
    // That a checkpoint knows the digest of a file does not make the file the run's.
    workplace.write("notes.svg", "abc");
    forge(&workplace, "x.png.t2a", |found| {
        found.beside = text2art::output::Beside {
            files: [("svg".to_owned(), "notes.svg".into())].into(),
            // Of `abc`, from FIPS 180-2.
            svg_sha256: Some("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad".into()),
            ..text2art::output::Beside::default()
        };
    });
    workplace.refuses(&["resume", "x.png.t2a", "-n", "+2"], &["notes.svg", "already exists"]);
    // Cutouts of the iterations after the checkpoint: the same again are no matter, and others stay.
    let before = ["p.png.t2a", "p.svg"].map(|name| (name, workplace.read(name)));
    let again = |options: &[&str]| {
        for (name, content) in &before {
            workplace.write(name, content);
        }
        workplace.run(&[&resume[..], options].concat()).succeeded().errors
    };
    again(&[]);
    let errors = again(&[]);
    assert!(!errors.contains("cannot write"), "{errors}");
    workplace.write("seen/000007-embedded.png", "mine");
    let errors = again(&[]);
    assert!(errors.contains("seen/000007-embedded.png") && errors.contains("--force"), "{errors}");
    assert_eq!(workplace.read("seen/000007-embedded.png"), b"mine");
    again(&["--force"]);
    assert_ne!(workplace.read("seen/000007-embedded.png"), b"mine");
}

#[test]
fn cutouts_are_replaced_by_force_alone() {
    let workplace = Workplace::new();
    workplace.write("seen/000000-embedded.png", "mine");
    let line = format!("{SMALL} -n 1 --save-cutouts seen -o p.png");
    workplace.refuses(&words(&line), &["seen", "already contains cutouts"]);
    workplace.run(&words(&format!("{line} --force"))).succeeded();
    assert_ne!(workplace.read("seen/000000-embedded.png"), b"mine");
}

#[test]
fn contact_sheets_replace_only_contact_sheets() {
    let workplace = Workplace::new();
    workplace.write("lines.txt", "a\n");
    let picture = std::fs::read(fixtures().join("trace/init.png")).unwrap();
    for (sheet, mine) in [("sheet.html", b"<!DOCTYPE html>\n".to_vec()), ("sheet.png", picture)] {
        workplace.write(sheet, &mine);
        let line = format!("batch lines.txt --size 32x32 --cutouts 1 -n 1 -q --contact-sheet {sheet}");
        workplace.refuses(&words(&line), &[sheet, "already exists"]);
        workplace.run(&words(&format!("{line} --force"))).succeeded();
        assert_ne!(workplace.read(sheet), mine);
        // Its own it brings up to date.
        workplace.run(&words(&line)).succeeded();
    }
}

#[test]
fn links_are_written_through() {
    let names = ["p.png", "p.gif", "p.mp4", "p.svg", "p.png.t2a", "sheet.png", "sheet.html", "again.png", "video.gif"];
    let workplace = Workplace::new();
    std::fs::create_dir(workplace.join("disk")).unwrap();
    workplace.write("lines.txt", "a\n");
    let target = |name: &str| workplace.join("disk").join(name);
    for name in names {
        symlink(format!("disk/{name}"), workplace.join(name)).unwrap();
    }
    let lines = |force: &str| {
        for line in [
            format!("{SMALL} -n 2 --drawer pixel --gif --mp4 --svg p.svg --checkpoint-every 1 --save-every 1 -o p.png"),
            "batch lines.txt --size 32x32 --cutouts 1 -n 1 -q --contact-sheet sheet.png --contact-sheet sheet.html"
                .to_owned(),
            "reconstruct p.png -o again.png".to_owned(),
            "video p.png again.png -o video.gif".to_owned(),
        ] {
            let outcome = workplace.run(&words(&format!("{line} {force}"))).succeeded();
            // Paths are told as they were given.
            assert!(!outcome.output_text().contains("disk"), "{}", outcome.output_text());
        }
    };
    // At first they lead to nothing, which is no file of another's.
    lines("");
    for name in names {
        assert!(target(name).is_file(), "{name}");
        std::fs::write(target(name), "before").unwrap();
        std::fs::set_permissions(target(name), std::fs::Permissions::from_mode(0o640)).unwrap();
    }
    let refused = format!("{SMALL} -n 1 -o p.png");
    workplace.refuses(&words(&refused), &["p.png", "already exists"]);
    lines("--force");
    for name in names {
        assert!(workplace.join(name).is_symlink(), "{name} is no link any more");
        assert_ne!(std::fs::read(target(name)).unwrap(), b"before", "{name}");
        assert_eq!(target(name).metadata().unwrap().permissions().mode() & 0o777, 0o640, "{name}");
    }
    assert_eq!(std::fs::read_dir(workplace.join("disk")).unwrap().count(), names.len());
}

#[test]
fn a_file_that_is_replaced_passes_its_permissions_on() {
    let workplace = Workplace::new();
    draw(&workplace, "-n 1 -o p.png --frames frames");
    for name in ["p.png", "frames/000001.png"] {
        std::fs::set_permissions(workplace.join(name), std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    draw(&workplace, "-n 1 -o p.png --frames frames --force --seed 1");
    for name in ["p.png", "frames/000001.png"] {
        assert_eq!(workplace.join(name).metadata().unwrap().permissions().mode() & 0o777, 0o600, "{name}");
    }
}

#[test]
fn links_that_lead_nowhere_are_said() {
    let workplace = Workplace::new();
    symlink("none/p.png", workplace.join("lost.png")).unwrap();
    symlink("circle.png", workplace.join("circle.png")).unwrap();
    symlink("/dev/null", workplace.join("null.png")).unwrap();
    symlink("none", workplace.join("frames")).unwrap();
    for force in [&[][..], &["--force"]] {
        for (name, problem) in [("lost.png", "leads to"), ("circle.png", "circle"), ("null.png", "")] {
            let line = format!("{SMALL} -n 1 -o {name}");
            workplace.refuses(&[&words(&line), force].concat(), &[name, problem]);
        }
        let line = format!("{SMALL} -n 1 -o p.png --frames frames");
        workplace.refuses(&[&words(&line), force].concat(), &["frames", "a link to a folder"]);
    }
    // A name that nobody gave is not taken from a link.
    symlink("elsewhere.png", workplace.join("a-red-apple-0.png")).unwrap();
    assert_eq!(draw(&workplace, "-n 1"), b"a-red-apple-0-2.png\n");
    assert!(!workplace.join("elsewhere.png").exists());
}
