//! The requests that a server gets, the settings that requests can have, and the files that a server makes.

use std::ffi::OsStr;
use std::path::Path;

use serde_json::{Map, Value};

use crate::output::{Kind, PICTURE, Product, Products};
use crate::palette::{Palette, file_of, hexadecimal};
use crate::settings::{Choice, LossChoice, Mask, OptionInfo, OrNone, Overrides, Seed, Setter, Weighted};
use crate::{Error, Result};

/// Options that name files. A server takes uploads and colors instead.
const FILES: [&str; 5] = ["init_image", "mask", "overlay", "image_prompt", "palette"];

/// Options that become prompts and weights before the request is sent.
const STORY: [&str; 2] = ["story", "crossfade"];

/// The settings that a request may have.
pub struct Open;

impl Choice for Open {
    const HAS_HEADINGS: bool = true;

    fn takes(option: &OptionInfo) -> bool {
        is_open(option) || STORY.contains(&option.name)
    }
}

/// Whether requests can set an option.
fn is_open(option: &OptionInfo) -> bool {
    option.setter == Setter::Requests || FILES.contains(&option.name)
}

/// The settings as the fields of a request. Settings that only the server decides are left out.
///
/// # Errors
/// If a setting is not a number, a palette cannot be read, a loss names a file, or there is a story, which
/// [`flatten`](crate::resolve::flatten) turns into prompts.
pub fn order_of(settings: &Overrides) -> Result<Map<String, Value>> {
    if settings.story.is_some() || settings.crossfade.is_some() {
        return Err(Error::usage(
            "a server does not accept a story",
            "give the lines of the story as prompts, with ‹prompt-weights›",
        ));
    }
    let mut settings = settings.clone();
    let mut losses = settings.loss.iter().flatten().filter_map(LossChoice::loss);
    if let Some((loss, file)) = losses.find_map(|loss| Some((loss, loss.file()?))) {
        let problem = format!("a server does not accept a picture for a loss: {}", file.display());
        let has_color = loss.kind.has_color();
        let hint = if has_color { "give a color, as in ‹loss› border=white" } else { "leave out the loss" };
        return Err(Error::usage(problem, hint));
    }
    let palette = settings.palette.as_mut().and_then(|palette| palette.0.as_mut());
    if let Some(palette) = palette.filter(|palette| file_of(palette).is_some()) {
        let colors: Vec<String> = Palette::load(palette)?.colours().iter().map(|color| hexadecimal(*color)).collect();
        *palette = colors.join(";");
    }
    let written = serde_json::to_value(&settings);
    let Ok(Value::Object(mut order)) = written else { return Err(Error::fault("cannot write settings as JSON")) };
    order.retain(|name, _| OptionInfo::of(name).is_some_and(is_open));
    // A server accepts only uploads, and has no image of its own to turn off.
    for (name, image) in [("init_image", &settings.init_image), ("overlay", &settings.overlay)] {
        if image.as_ref().is_some_and(OrNone::is_none) {
            order.shift_remove(name);
        }
    }
    // A request without a factor is drawn at one size.
    if settings.hires.as_ref().is_some_and(OrNone::is_none) {
        order.shift_remove("hires");
    }
    // A request without a length asks for a single picture.
    if settings.length.as_ref().is_some_and(OrNone::is_none) {
        order.shift_remove("length");
    }
    // Otherwise the server would choose another seed, and draw a different picture than this machine.
    order.entry("seed").or_insert_with(|| Seed::default().0.into());
    match order.iter().find(|(_, value)| value.is_null()) {
        Some((name, _)) => Err(Error::usage(format!("‹{name}› is not a number"), "write it like 0.5")),
        None => Ok(order),
    }
}

/// Replaces the files that settings name with uploads. `upload` sends a file, and returns its name in requests.
///
/// # Errors
/// If `upload` fails.
pub fn upload_files(
    order: &mut Map<String, Value>,
    settings: &Overrides,
    upload: &mut dyn FnMut(&Path) -> Result<String>,
) -> Result<()> {
    if let Some(path) = settings.init_image.as_ref().and_then(OrNone::value) {
        order.insert("init_image".into(), upload(path)?.into());
    }
    if let Some(path) = settings.overlay.as_ref().and_then(OrNone::value) {
        order.insert("overlay".into(), upload(path)?.into());
    }
    if let Some(path) = settings.mask.as_ref().and_then(OrNone::value).and_then(Mask::file) {
        order.insert("mask".into(), upload(path)?.into());
    }
    if let Some(prompts) = &settings.image_prompt {
        let mut uploaded = |prompt: &Weighted| {
            let value = upload(Path::new(&prompt.value))?;
            Ok(Weighted { value, weight: prompt.weight }.to_string().into())
        };
        let uploaded = prompts.iter().map(&mut uploaded).collect::<Result<Vec<Value>>>()?;
        order.insert("image_prompt".into(), uploaded.into());
    }
    Ok(())
}

/// Checks that names have the same extension as the files that a server makes, for kinds with several extensions.
///
/// # Errors
/// If the extension of a name is different.
pub fn check_ends(products: &Products) -> Result<()> {
    let made = |kind: Kind| Path::new(kind.extension).extension().unwrap_or(OsStr::new(kind.extension));
    let other = |product: &&Product| {
        let end = product.path.extension().unwrap_or_default();
        !product.kind.others.is_empty() && !end.eq_ignore_ascii_case(made(product.kind))
    };
    let Some(Product { kind, path, .. }) = products.iter().find(other) else { return Ok(()) };
    let end = made(*kind).display();
    let option = if *kind == PICTURE { "output" } else { kind.option };
    let message = format!("‹{option}› {}: a server makes a .{end}", path.display());
    Err(Error::usage(message, format!("use a name that ends in .{end}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_is_open_to_requests_is_sent() {
        let settings = Overrides {
            prompt: "a cat | b:0.5".parse().ok(),
            size: "64x48".parse().ok(),
            seed: "lucky".parse().ok(),
            cut_noise: Some(0.25),
            pixel_art: Some(true),
            device: "cuda".parse().ok(),
            model: Some("/etc/passwd".into()),
            clip: Some(vec!["vit-b32".into()]),
            ..Overrides::default()
        };
        let mut order = order_of(&settings).unwrap();
        let seed = order.remove("seed").unwrap();
        assert_eq!(serde_json::from_value(seed).ok(), settings.seed);
        let expected = json!({"prompt": "a cat | b:0.5", "size": "64x48", "cut_noise": 0.25, "pixel_art": true});
        assert_eq!(Value::from(order), expected);
        assert_eq!(order_of(&Overrides::default()).unwrap()["seed"], 0);
        let losses = |loss: &str| Overrides { loss: Some(vec![loss.parse().unwrap()]), ..Overrides::default() };
        assert_eq!(order_of(&losses("border=navy:0.5")).unwrap()["loss"], json!(["border=#000080:0.5"]));
        let refused = order_of(&losses("border=frame.png")).unwrap_err().to_string();
        assert_eq!(refused, "a server does not accept a picture for a loss: frame.png");
        let story = Overrides { story: Some("story.txt".into()), ..Overrides::default() };
        assert_eq!(order_of(&story).unwrap_err().to_string(), "a server does not accept a story");
        let wrong = Overrides { cut_noise: Some(f64::NAN), ..Overrides::default() };
        assert_eq!(order_of(&wrong).unwrap_err().to_string(), "--cut-noise is not a number");
    }

    #[test]
    fn a_palette_file_is_sent_as_its_colors() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("two.hex");
        std::fs::write(&path, "ff0000\n00ff00\n").unwrap();
        let palette = |text: &str| Overrides { palette: text.parse().ok(), ..Overrides::default() };
        let sent = |text: &str| order_of(&palette(text)).map(|order| order["palette"].clone());
        let colors = sent(path.to_str().unwrap()).unwrap();
        assert_eq!(Palette::load(colors.as_str().unwrap()).unwrap().colours(), [[255, 0, 0], [0, 255, 0]]);
        assert_eq!(sent("pico-8").unwrap(), "pico-8");
        assert!(sent("none.hex").is_err());
        assert_eq!(sent("none").unwrap(), "none");
        let none = json!({"init_image": "none", "overlay": "none", "hires": "none", "length": "none"});
        let order = order_of(&serde_json::from_value(none).unwrap()).unwrap();
        assert_eq!(order.keys().collect::<Vec<_>>(), ["seed"]);
    }
}
