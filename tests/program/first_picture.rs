//! The program makes a picture alone: the binary in an empty folder without write permission, without a home and
//! without a network. Also where a picture goes if the command does not say.

#![allow(clippy::unwrap_used)]

use crate::common;

use common::program::Workplace;

const SENTENCE: [&str; 8] = ["a", "red", "apple", "on", "a", "blue", "background", "--offline"];
const SMALL: [&str; 4] = ["--size", "64x64", "--iterations", "3"];

fn size(bytes: &[u8]) -> (u32, u32) {
    let picture = image::load_from_memory_with_format(bytes, image::ImageFormat::Png).unwrap();
    (picture.width(), picture.height())
}

#[cfg(unix)]
mod alone {
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;
    use std::process::Command;

    use super::common::program::{BINARY, Outcome, Workplace, finish};
    use super::{SENTENCE, SMALL, size};

    /// What cuts a program off the network, where the system lets us: a network namespace of its own,
    /// with a user namespace around it for those who are not root. Containers often allow neither; then
    /// the run is the same, with the network there.
    fn without_network() -> Option<[&'static str; 2]> {
        let options = ["-rn", "-n"];
        let works = |option: &&str| {
            Command::new("unshare").args([option, "true"]).output().is_ok_and(|output| output.status.success())
        };
        options.into_iter().find(works).map(|option| ["unshare", option])
    }

    /// Runs a copy of the binary, cut off if possible, in the folder where it lies and without a home.
    fn run_alone(binary: &Path, workplace: &Workplace, arguments: &[&str]) -> Outcome {
        let mut command = match without_network() {
            Some([program, option]) => {
                let mut command = workplace.command_of(program);
                command.arg(option).arg(binary);
                command
            }
            None => workplace.command_of(binary),
        };
        command.env_remove("HOME").env_remove("XDG_CONFIG_HOME").current_dir(binary.parent().unwrap());
        finish(command.args(arguments))
    }

    #[test]
    fn the_binary_is_all_it_needs() {
        let (alone, workplace) = (Workplace::new(), Workplace::new());
        // By another program: a file that this one holds open to write, if only in a child another test has
        // just started, cannot be run.
        let copied = finish(workplace.command_of("cp").args([BINARY.as_ref(), alone.join("text2art").as_os_str()]));
        copied.succeeded();
        // Permissions do not bind root, so what is there is compared, too.
        set_permissions(alone.join(""), Permissions::from_mode(0o555)).unwrap();
        let before = alone.content();
        let path = workplace.argument("p.png");
        let outcome = run_alone(&alone.join("text2art"), &workplace, &[&SMALL[..], &SENTENCE, &["-o", &path]].concat());
        let after = alone.content();
        set_permissions(alone.join(""), Permissions::from_mode(0o755)).unwrap();
        let outcome = outcome.succeeded();
        assert_eq!(outcome.output_text(), format!("{path}\n"));
        assert_eq!(size(&workplace.read("p.png")), (64, 64));
        assert!(before.keys().eq(after.keys()), "{:?}", after.keys());
        // Nothing but the picture, here and in the home.
        let files = workplace.content().into_iter().filter(|(_, content)| content.is_some());
        assert_eq!(files.map(|(path, _)| path).collect::<Vec<_>>(), [workplace.join("p.png")]);
    }
}

#[test]
fn the_first_pictures_have_names_of_their_own() {
    let workplace = Workplace::new();
    let arguments = [&SENTENCE[..], &SMALL].concat();
    let mut pictures = Vec::new();
    for name in ["", "-2", "-3"].map(|number| format!("a-red-apple-on-a-blue-background-0{number}.png")) {
        let outcome = workplace.run(&arguments).succeeded();
        assert_eq!(outcome.output_text(), format!("{name}\n"));
        pictures.push(workplace.read(&name));
    }
    assert_eq!(size(&pictures[0]), (64, 64));
    assert!(pictures.iter().all(|picture| *picture == pictures[0]));
    let files = workplace.content().into_iter().filter(|(_, content)| content.is_some()).count();
    assert_eq!(files, 3);
}

#[test]
fn names_are_filled_in() {
    let workplace = Workplace::new();
    let arguments = [&SENTENCE[..], &SMALL, &["--seed", "7", "-o", "{slug}_{seed}_{number}.png"]].concat();
    for number in [1, 2] {
        let outcome = workplace.run(&arguments).succeeded();
        assert_eq!(outcome.output_text(), format!("a-red-apple-on-a-blue-background_7_{number}.png\n"));
    }
}

#[test]
fn standard_output_holds_nothing_but_the_picture() {
    let workplace = Workplace::new();
    let arguments = [&SENTENCE[..], &SMALL].concat();
    let outcome = workplace.run(&[&arguments[..], &["-o", "-"]].concat()).succeeded();
    assert!(outcome.output.starts_with(b"\x89PNG\r\n\x1a\n") && outcome.output.ends_with(b"IEND\xaeB`\x82"));
    assert_eq!(size(&outcome.output), (64, 64));
    assert!(workplace.content().values().all(Option::is_none), "a file was written");
    workplace.run(&[&arguments[..], &["-o", "p.png"]].concat()).succeeded();
    assert!(workplace.read("p.png") == outcome.output);
}
