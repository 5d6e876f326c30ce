//! From an order to the folder and the command line of the process that draws it.

use std::path::Path;

use super::kept::PICTURE;
use super::order::Order;
use super::setup::Setup;
use super::slot::unusable;
use crate::error::{Error, Result};
use crate::files::{Existing, write_whole};
use crate::objects::Objects;
use crate::output::{Kind, Make};
use crate::settings::Settings;
use crate::video::KINDS;

/// The settings of the order, as the process reads them.
const SETTINGS: &str = "order.toml";
/// The checkpoint that a process continues from.
const CHECKPOINT: &str = "picture.png.t2a";
/// About how many checkpoints and previews a run writes.
const SAVES: u64 = 50;
/// Names that begin so belong to the worker.
const OWN: [&str; 3] = ["picture.", "order.", "taken."];

/// The kinds of files that an order asks for beside the PNG.
///
/// # Errors
///
/// If there is no such kind, or it is no single file.
pub(super) fn products(order: &Order) -> Result<Vec<Kind>> {
    let kind = |name: &String| {
        let is_file =
            |kind: &Kind| matches!(kind.make, Make::Movie(_) | Make::Reveal | Make::Still(_) | Make::Finished(_));
        let fits = |kind: &Kind| kind.option == name && is_file(kind);
        KINDS.into_iter().find(fits).ok_or_else(|| {
            Error::usage(format!("a server cannot make a product called `{name}`"), "leave it out of the products")
        })
    };
    order.products.iter().map(kind).collect()
}

/// The name of a file in the folder of a job, and of its artifact.
pub(super) fn name_of(kind: Kind) -> String {
    format!("picture.{}", kind.extension)
}

/// Checks that an order names no files but its inputs, by their bare names.
///
/// # Errors
///
/// If it does.
pub(super) fn check(order: &Order) -> Result<()> {
    let hint = "submit the job again";
    let is_plain = |name: &str| {
        name.len() <= 100
            && name.starts_with(|first: char| first.is_ascii_alphanumeric())
            && name.chars().all(|sign| sign.is_ascii_alphanumeric() || "._-".contains(sign))
            && !OWN.iter().any(|own| name.starts_with(own))
    };
    if let Some(name) = order.inputs.keys().find(|name| !is_plain(name)) {
        return Err(Error::usage(format!("the job has an input with the name {name:?}"), hint));
    }
    let is_input = |path: &Path| path.to_str().is_some_and(|path| order.inputs.contains_key(path));
    match order.settings.input_files().into_iter().find(|(_, path)| !is_input(path)) {
        Some((option, _)) => Err(Error::usage(format!("‹{option}› names a file that is not among the uploads"), hint)),
        None => Ok(()),
    }
}

/// Writes the settings and the inputs of an order into the folder of its job.
///
/// # Errors
///
/// If the folder cannot be written, or an input not be fetched.
pub(super) async fn fill(objects: &Objects, order: &Order, folder: &Path) -> Result<()> {
    let settings = toml::to_string(&order.settings)
        .map_err(|error| Error::fault(format!("the settings of a job cannot be written: {error}")))?;
    let path = folder.join(SETTINGS);
    write_whole(&path, settings.as_bytes(), Existing::Keep).map_err(|error| match error {
        Error::Write { path, source } => unusable(&path, &source),
        other => other,
    })?;
    for (name, input) in &order.inputs {
        objects.fetch(&input.object, &folder.join(name), &input.sha256).await?;
    }
    Ok(())
}

/// The command line of the process: paths are ours, and what users wrote is in the file of settings.
pub(super) fn arguments(setup: &Setup, order: &Order, products: &[Kind], resumes: bool) -> Vec<String> {
    let every = saves_every(&order.settings).to_string();
    let mut words: Vec<String> = Vec::new();
    if resumes {
        words.extend(["resume", CHECKPOINT, "--exactly"].map(str::to_owned));
    } else {
        words.extend(["generate", "--config", SETTINGS, "--output", PICTURE].map(str::to_owned));
        words.extend(products.iter().flat_map(|kind| [format!("--{}", kind.option), name_of(*kind)]));
    }
    words.extend(["--checkpoint-every", &every, "--save-every", &every].map(str::to_owned));
    words.extend(["--preview", "none", "--stop-when-stdin-ends"].map(str::to_owned));
    words.extend(conduct(setup));
    words
}

/// The part of the command line that all processes of a worker have in common.
pub(super) fn conduct(setup: &Setup) -> Vec<String> {
    let mut words = ["--progress", "json", "--threads"].map(str::to_owned).to_vec();
    words.push(setup.threads.to_string());
    words.extend(setup.max_memory.iter().flat_map(|bytes| ["--max-memory".to_owned(), bytes.to_string()]));
    words.extend(setup.offline.then(|| "--offline".to_owned()));
    words
}

/// The number of iterations, or of frames of an animation, from one checkpoint and preview to the next.
fn saves_every(settings: &Settings) -> u64 {
    let each = settings.iterations_of_frame().unwrap_or(1).max(1);
    ((settings.iterations_to_run() / each) as u64 / SAVES).max(1)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::settings::{OrNone, Overrides};
    use crate::worker::Input;

    fn order(init_image: Option<&str>, inputs: &[&str], products: &[&str]) -> Order {
        let prompt = Some("a red apple".parse().unwrap());
        let overrides = Overrides {
            prompt,
            init_image: init_image.map(|path| std::path::PathBuf::from(path).into()),
            ..Overrides::default()
        };
        let input = || Input { object: "uploads/a".into(), sha256: String::new() };
        let inputs: BTreeMap<_, _> = inputs.iter().map(|name| ((*name).to_owned(), input())).collect();
        let products = products.iter().map(|name| (*name).to_owned()).collect();
        Order::new(crate::resolve::combine(&[overrides]).unwrap(), products, inputs)
    }

    #[test]
    fn an_order_names_nothing_but_its_inputs() {
        check(&order(None, &[], &[])).unwrap();
        check(&order(Some("init_image-1.png"), &["init_image-1.png"], &[])).unwrap();
        let refused = [
            order(Some("/etc/passwd"), &[], &[]),
            order(Some("other.png"), &["init_image-1.png"], &[]),
            order(Some("../a.png"), &["../a.png"], &[]),
            order(None, &["picture.png"], &[]),
            order(None, &["-v"], &[]),
            order(None, &["a\\b"], &[]),
        ];
        for (number, order) in refused.iter().enumerate() {
            assert!(check(order).is_err(), "{number}");
        }
    }

    #[test]
    fn runs_are_saved_about_fifty_times() {
        let every = |iterations: Option<usize>, length: Option<usize>, iterations_per_frame: Option<usize>| {
            let prompt = Some("a red apple".parse().unwrap());
            let length = length.map(OrNone::from);
            let asked = Overrides { prompt, iterations, length, iterations_per_frame, ..Overrides::default() };
            saves_every(&crate::resolve::combine(&[asked]).unwrap())
        };
        assert_eq!([every(Some(40), None, None), every(Some(1000), None, None)], [1, 20]);
        // Animations are saved after whole frames, each with many iterations.
        assert_eq!([every(None, Some(50), Some(200)), every(None, Some(500), Some(2))], [1, 10]);
    }

    #[test]
    fn products_are_single_files() {
        let names = |products: &[&str]| -> Result<Vec<String>> {
            Ok(super::products(&order(None, &[], products))?.into_iter().map(name_of).collect())
        };
        assert_eq!(
            names(&["mp4", "gif", "svg", "reveal"]).unwrap(),
            ["picture.mp4", "picture.gif", "picture.svg", "picture.reveal.mp4"]
        );
        for wrong in ["frames", "png", "", "webm"] {
            assert!(names(&[wrong]).is_err(), "{wrong}");
        }
    }
}
