//! The request to a server for a line of a batch, and its key.

use std::path::Path;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::batch::Sample;
use crate::client::{Job, check_ends, order_of};
use crate::database::Id;
use crate::files::to_hex;
use crate::output::{InputRecord, Make, Products};
use crate::palette::file_of;
use crate::resolve::combine;
use crate::settings::{OptionInfo, OrNone, Overrides, Settings};
use crate::{Error, Result};

/// The options that choose models.
const MODELS: [&str; 2] = ["vqgan", "clip"];
/// The settings that a server fills in itself, and that do not affect the picture.
const OF_THE_SERVER: [&str; 2] = ["device", "cut_batch"];

/// The fields of the request for a sample; files have their names on this machine.
///
/// # Errors
/// If a server does not take a setting of the sample from requests, or does not make one of its files.
pub(super) fn fields(sample: &Sample) -> Result<Map<String, Value>> {
    check_files(&sample.files, &sample.settings)?;
    let asked = Overrides { quality: Some(sample.quality), ..Overrides::from(sample.settings.clone()) };
    let mut fields = order_of(&asked)?;
    // A newer server may have other defaults, so the request has all settings except empty lists.
    fields.retain(|_, value| !value.as_array().is_some_and(Vec::is_empty));
    check_settings(&fields, &sample.settings)?;
    fields.insert("products".into(), products(&sample.files).into());
    Ok(fields)
}

/// The kinds of files beside the PNG, as requests call them.
fn products(files: &Products) -> Vec<&'static str> {
    files.iter().filter(|file| !matches!(file.kind.make, Make::Picture)).map(|file| file.kind.option).collect()
}

fn check_files(files: &Products, settings: &Settings) -> Result<()> {
    if let Some(folder) = files.iter().find(|file| file.kind.is_folder()) {
        let message = format!("‹{}›: a server cannot make a folder of frames", folder.kind.option);
        return Err(Error::usage(message, "ask for a movie with ‹gif› or ‹mp4›"));
    }
    check_ends(files)?;
    // The recipe in the file names the picture's files as this machine does.
    let is_fixed = |path: &Path| path.extension().is_some_and(|end| end.eq_ignore_ascii_case("mp4"));
    let movie = files.iter().find(|file| is_fixed(&file.path)).filter(|_| !settings.input_files().is_empty());
    if let Some(movie) = movie {
        let (option, path) = (movie.kind.option, movie.path.display());
        let message = format!("‹{option}› {path}: a server cannot make an MP4 of a picture that uses files");
        return Err(Error::usage(message, "use ‹gif›, or draw the line without ‹server›"));
    }
    Ok(())
}

/// Checks that the fields alone give the settings, on a server with default settings.
fn check_settings(fields: &Map<String, Value>, settings: &Settings) -> Result<()> {
    let read = serde_json::from_value::<Overrides>(Value::Object(fields.clone()));
    let mut read = read.map_err(|error| Error::fault(format!("cannot read a request: {error}")))?;
    if settings.palette.as_deref().and_then(file_of).is_some() {
        // Its colors were sent.
        read.palette = settings.palette.clone().map(OrNone::from);
    }
    let Some(name) = difference(&as_map(settings)?, &as_map(&combine(&[read])?)?) else { return Ok(()) };
    let option = OptionInfo::of(&name).map_or(name.as_str(), |option| option.option);
    let problem = if MODELS.contains(&name.as_str()) {
        format!("‹{option}›: a server chooses its own models")
    } else {
        format!("‹{option}›: requests to a server cannot set this option")
    };
    Err(Error::usage(problem, format!("leave out ‹{option}›, or draw the line without ‹server›")))
}

/// Checks that a job has the settings of a line. A server of another version, or with settings of its own, can turn a request
/// into other settings.
///
/// # Errors
/// If a setting differs; the message names it.
pub(super) fn check_answer(settings: &Settings, job: &Job) -> Result<()> {
    let (mut here, mut there) = (as_map(settings)?, job.settings.clone());
    // Requests name files differently.
    let files = settings.input_files().into_iter().map(|(option, _)| option.replace('-', "_"));
    for name in files.chain(OF_THE_SERVER.map(str::to_owned)) {
        here.shift_remove(&name);
        there.shift_remove(&name);
    }
    let Some(name) = difference(&here, &there) else { return Ok(()) };
    let option = OptionInfo::of(&name).map_or(name.as_str(), |option| option.option);
    let shown = |settings: &Map<String, Value>| settings.get(&name).map_or("nothing".to_owned(), Value::to_string);
    let problem = format!("the server draws this with a different ‹{option}›: {}, not {}", shown(&there), shown(&here));
    Err(Error::usage(
        problem,
        "use a server with the same version of text2art, whose operator has not changed this setting",
    ))
}

fn as_map(settings: &Settings) -> Result<Map<String, Value>> {
    match serde_json::to_value(settings) {
        Ok(Value::Object(map)) => Ok(map),
        _ => Err(Error::fault("cannot write settings as JSON")),
    }
}

/// The name of the first setting that differs.
fn difference(one: &Map<String, Value>, other: &Map<String, Value>) -> Option<String> {
    let is_other = |name: &&String| one.get(*name) != other.get(*name);
    one.keys().chain(other.keys()).find(is_other).cloned()
}

/// The key of a sample's job. It depends on the name of the output, the settings, the kinds of files and the content of the
/// files that the picture uses, and on `own` and `attempt`.
pub(super) fn key(sample: &Sample, inputs: &[InputRecord], own: Option<&Id>, attempt: u32) -> Result<String> {
    let Sample { settings, quality, files, .. } = sample;
    // Settings that are left to the server do not affect the picture.
    let mut settings = as_map(settings)?;
    for name in OF_THE_SERVER {
        settings.shift_remove(name);
    }
    let inputs: Vec<_> = inputs.iter().map(|input| (&input.option, &input.sha256)).collect();
    let named = serde_json::json!([
        "batch",
        files.output().to_string_lossy(),
        settings,
        quality.to_string(),
        products(files),
        inputs,
        own.map(Id::as_str),
        attempt,
    ]);
    Ok(format!("batch-{}", to_hex(&Sha256::digest(named.to_string().as_bytes()))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::Work;
    use crate::models::Quality;
    use crate::output::{PICTURE, Product};
    use crate::video::KINDS;

    fn sample(given: &Value, output: &str) -> Sample {
        let given: Overrides = serde_json::from_value(given.clone()).unwrap();
        let quality = given.quality.unwrap_or(Quality::Normal);
        let settings = combine(&[given]).unwrap();
        let files = Products::new(Product::new(PICTURE, output.into()), Vec::new());
        Sample { settings, quality, files, work: Work::Draw(Vec::new()), checkpoints: None }
    }

    #[test]
    fn a_request_says_all_that_decides_the_picture() {
        for given in [
            serde_json::json!({"prompt": "a cat"}),
            serde_json::json!({"prompt": "a cat | b:0.5", "quality": "draft", "size": "64x48", "seed": 18_446_744_073_709_551_615_u64}),
            serde_json::json!({"prompt": "a cat", "pixel_art": true, "outline": true, "palette": "pico-8"}),
            serde_json::json!({"prompt": "a cat", "drawer": "pixel", "pixel_size": "8x8", "colors": 5}),
            serde_json::json!({"prompt": "a cat", "drawer": "strokes", "quality": "best"}),
            serde_json::json!({"prompt": "a cat", "drawer": "line"}),
            serde_json::json!({"prompt": "a cat", "drawer": "fft", "tile": "x"}),
            serde_json::json!({"prompt": "a cat", "style": ["watercolor"], "loss": ["border=navy"]}),
            serde_json::json!({"prompt": "a cat", "init_image": "photo.png", "hires": 2.0, "upscale": 2}),
        ] {
            let sample = sample(&given, "a.png");
            let fields = fields(&sample).unwrap_or_else(|error| panic!("{given}: {error}"));
            let read: Overrides = serde_json::from_value(Value::Object(
                fields.into_iter().filter(|(name, _)| name != "products").collect(),
            ))
            .unwrap();
            // The settings of a request override the server's own.
            let own: Overrides =
                serde_json::from_value(serde_json::json!({"quality": "draft", "cutouts": 3, "cut_noise": 0.7}))
                    .unwrap();
            assert_eq!(combine(&[read, own]).unwrap(), sample.settings, "{given}");
        }
    }

    #[test]
    fn what_a_server_takes_from_no_request_is_named() {
        for (given, words) in [
            (serde_json::json!({"prompt": "a cat", "device": "cpu"}), "--device"),
            (serde_json::json!({"prompt": "a cat", "cut_batch": 3}), "--cut-batch"),
            (serde_json::json!({"prompt": "a cat", "picture_quality": 80}), "--picture-quality"),
            (serde_json::json!({"prompt": "a cat", "vqgan": "folder"}), "--vqgan"),
            (serde_json::json!({"prompt": "a cat", "clip": ["vit-b32"]}), "--clip"),
        ] {
            let error = fields(&sample(&given, "a.png")).unwrap_err();
            assert!(error.is_usage() && error.to_string().contains(words), "{given}: {error}");
            assert!(error.hint().contains("--server"), "{}", error.hint());
        }
        let error = fields(&sample(&serde_json::json!({"prompt": "a cat"}), "a.jpg")).unwrap_err();
        assert_eq!(error.to_string(), "--output a.jpg: a server makes a .png");
        let with_file = sample(&serde_json::json!({"prompt": "a cat", "init_image": "b.png"}), "a.png");
        for (option, is_possible) in [("mp4", false), ("gif", true)] {
            let kind = KINDS.into_iter().find(|kind| kind.option == option).unwrap();
            let beside = vec![Product::new(kind, format!("a.{option}").into())];
            let files = Products::new(Product::new(PICTURE, "a.png".into()), beside);
            assert_eq!(fields(&Sample { files, ..with_file.clone() }).is_ok(), is_possible, "{option}");
        }
    }

    #[test]
    fn a_key_follows_from_the_line() {
        let given = serde_json::json!({"prompt": "a cat", "seed": 3});
        let input = |sha256: &str| InputRecord { option: "mask".into(), path: "m.png".into(), sha256: sha256.into() };
        let key = |given: &Value, output: &str, sha256: &str, attempt: u32| {
            key(&sample(given, output), &[input(sha256)], None, attempt).unwrap()
        };
        let first = key(&given, "a.png", "1", 0);
        assert!(first.len() <= 200 && first.bytes().all(|sign| sign.is_ascii_graphic()));
        assert_eq!(first, key(&given, "a.png", "1", 0));
        let on_cpu = serde_json::json!({"prompt": "a cat", "seed": 3, "device": "cpu"});
        assert_eq!(first, key(&on_cpu, "a.png", "1", 0));
        let other = serde_json::json!({"prompt": "a cat", "seed": 4});
        for different in [
            key(&other, "a.png", "1", 0),
            key(&given, "b.png", "1", 0),
            key(&given, "a.png", "2", 0),
            key(&given, "a.png", "1", 1),
        ] {
            assert_ne!(first, different);
        }
    }

    #[test]
    fn a_server_that_draws_something_else_is_noticed() {
        let sample = sample(&serde_json::json!({"prompt": "a cat", "mask": "m.png"}), "a.png");
        let job = |change: &dyn Fn(&mut Map<String, Value>)| {
            let mut settings = as_map(&sample.settings).unwrap();
            settings.insert("mask".into(), "mask-1.png".into());
            settings.insert("device".into(), "cuda".into());
            change(&mut settings);
            let id = "0123456789abcdefghjkmnpqrs";
            serde_json::from_value::<Job>(serde_json::json!({"id": id, "state": "queued", "settings": settings}))
                .unwrap()
        };
        check_answer(&sample.settings, &job(&|_| {})).unwrap();
        let other = job(&|settings| drop(settings.insert("cutouts".into(), 3.into())));
        let error = check_answer(&sample.settings, &other).unwrap_err().to_string();
        assert_eq!(
            error,
            format!("the server draws this with a different --cutouts: 3, not {}", sample.settings.cutouts)
        );
        let newer = job(&|settings| drop(settings.insert("mood".into(), "good".into())));
        assert!(check_answer(&sample.settings, &newer).is_err());
    }
}
