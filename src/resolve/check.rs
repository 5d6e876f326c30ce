//! The rules between settings, which ranges alone do not express.

use crate::drawer;
use crate::models::manifest::Manifest;
use crate::picture::{Size, Tile};
use crate::settings::{LossKind, Settings, StartNoise};
use crate::{Error, Result};

/// Checks every range and every rule.
///
/// # Errors
/// If a value is outside its range, or conflicts with another value or with the drawer; the message names the option.
pub fn check(settings: &Settings) -> Result<()> {
    settings.validate()?;
    let blueprint = drawer::of(&settings.drawer)?;
    // Options that decide the kind of file or of picture are refused, never ignored: the user would get another one than
    // asked for.
    let asked = [
        ("hires", settings.hires.is_some()),
        ("outline", settings.outline == Some(true)),
        ("transparent", settings.transparent),
        ("pixel_zoom", settings.pixel_zoom.is_some()),
        ("overlay", settings.overlay.is_some()),
    ];
    if let Some((option, _)) = asked.into_iter().find(|(option, is_asked)| *is_asked && !blueprint.has(option)) {
        return Err(drawer::refusal(blueprint, option, |other| other.has(option)));
    }
    let held = [("init-weight", settings.init_weight > 0.0), ("init-weight-keys", settings.init_weight_keys.is_some())];
    let has_start = settings.init_image.is_some() || settings.init_noise == StartNoise::Prior;
    if let Some((option, _)) = held.iter().find(|(_, is_held)| *is_held).filter(|_| !has_start) {
        return Err(Error::usage(
            format!("‹{option}› needs a starting image, but none was given"),
            "give one with ‹init-image›, or use ‹init-noise› prior",
        ));
    }
    if settings.tile == Some(Tile::HalfDrop) {
        let first = settings.first_size();
        if let Some(odd) = [settings.size, first].into_iter().find(|size| !size.height.is_multiple_of(2)) {
            let problem = format!("‹tile› half-drop needs an even height, but the picture is drawn at {odd}");
            let even = Size { height: settings.size.height.next_multiple_of(2), ..settings.size };
            let hint =
                if odd == settings.size { format!("use ‹size› {even}") } else { "change ‹hires›".to_owned() };
            return Err(Error::usage(problem, hint));
        }
    }
    if settings.mask.is_some() && settings.tile.is_some() {
        let hint = "give only one of them: CLIP sees a tile across its edges, but a mask ends at them";
        return Err(Error::usage("‹mask› and ‹tile› are both given", hint));
    }
    if settings.recut_images == Some(true) && settings.tile.is_some() {
        let hint =
            "give only one of them: a tile is shifted before it is cut, but the images of ‹image-prompt› are not";
        return Err(Error::usage("‹recut-images› and ‹tile› are both given", hint));
    }
    let of_image = [("init-opacity", settings.init_opacity), ("init-pixel-weight", settings.init_pixel_weight)];
    if let Some((option, _)) =
        of_image.iter().find(|(_, given)| given.is_some()).filter(|_| settings.init_image.is_none())
    {
        let problem = format!("‹{option}› needs an init image, but none was given");
        return Err(Error::usage(problem, "give one with ‹init-image›"));
    }
    if settings.overlay.is_some() && settings.transparent {
        let problem = "‹overlay› does not work with ‹transparent›, which would make the overlay transparent again";
        return Err(Error::usage(problem, "leave out one of them"));
    }
    if settings.prompt_outside.is_some() && settings.mask.is_none() {
        return Err(Error::usage(
            "‹prompt-outside› needs a mask, but none was given",
            "give one with ‹mask›, such as ‹mask› left:0.5",
        ));
    }
    if settings.hires.is_some() && settings.auto_stop {
        let hint = "give only one of them: a run that stops early has no second pass";
        return Err(Error::usage("‹hires› and ‹auto-stop› are both given", hint));
    }
    if settings.momentum.is_some() && !settings.optimizer.has_momentum() {
        let problem = format!("‹momentum› is given, but the optimizer {} has none", settings.optimizer);
        return Err(Error::usage(
            problem,
            "leave out ‹momentum›, or choose the optimizer adam, adamw, adamax or radam",
        ));
    }
    check_losses(settings)?;
    check_animation(settings)?;
    check_prompt_weights(settings)?;
    blueprint.check(settings)
}

/// Checks that the canvas moves only in an animation, and that nothing is fixed in place while it moves.
fn check_animation(settings: &Settings) -> Result<()> {
    let motion = settings.motion();
    let Some((length, each)) = settings.length.zip(settings.iterations_of_frame()) else {
        return match motion {
            Some(option) => {
                let problem =
                    format!("‹{option}› moves the canvas of an animation, but this run draws a single picture");
                Err(Error::usage(problem, "give the number of frames with ‹length›"))
            }
            None => Ok(()),
        };
    };
    if settings.iterations != length.saturating_mul(each) {
        let problem = format!("‹iterations› {} does not fit ‹length› {length}", settings.iterations);
        return Err(Error::usage(problem, "give ‹length› and ‹iterations-per-frame› instead of ‹iterations›"));
    }
    if settings.auto_stop {
        let hint = "give only one of them: an animation always draws all of its frames";
        return Err(Error::usage("‹length› and ‹auto-stop› are both given", hint));
    }
    if settings.hires.is_some() {
        let hint = "give only one of them, or enlarge all frames with ‹upscale›";
        return Err(Error::usage("‹length› and ‹hires› are both given", hint));
    }
    let Some(option) = motion else { return Ok(()) };
    let fixed = [
        ("mask", settings.mask.is_some(), "the mask would stay where it is while the canvas moves"),
        ("tile", settings.tile.is_some(), "the edges of a moving canvas do not continue each other"),
        (
            "init-pixel-weight",
            settings.init_pixel_weight.is_some(),
            "each pixel would be pulled back to its old place; use ‹init-weight›",
        ),
    ];
    match fixed.iter().find(|(_, is_given, _)| *is_given) {
        Some((other, _, reason)) => {
            let problem = format!("‹{option}› and ‹{other}› are both given");
            Err(Error::usage(problem, format!("give only one of them: {reason}")))
        }
        None => Ok(()),
    }
}

/// Checks that each set of weights belongs to a prompt, and that no prompt has two sets.
fn check_prompt_weights(settings: &Settings) -> Result<()> {
    if settings.init_weight_keys.is_some() && settings.hires.is_some() {
        let hint = "give only one of them: the second pass starts from another picture";
        return Err(Error::usage("‹init-weight-keys› and ‹hires› are both given", hint));
    }
    let count = settings.prompt.all().len();
    for (index, weight) in settings.prompt_weights.iter().enumerate() {
        if weight.prompt > count {
            let problem = format!("‹prompt-weights› names prompt {}, but the last prompt is {count}", weight.prompt);
            return Err(Error::usage(problem, "prompts are numbered from 1, and separated by |"));
        }
        if settings.prompt_weights[..index].iter().any(|other| other.prompt == weight.prompt) {
            let problem = format!("‹prompt-weights› is given twice for prompt {}", weight.prompt);
            return Err(Error::usage(problem, "give all keys of a prompt in one value"));
        }
    }
    Ok(())
}

/// Checks that no loss of the picture does the same as an option of a drawer, and that none gives a tile the edges that it
/// is not to have.
fn check_losses(settings: &Settings) -> Result<()> {
    let is_asked =
        |is_meant: fn(LossKind) -> bool| settings.losses().map(|loss| loss.kind).find(|kind| is_meant(*kind));
    let even = is_asked(LossKind::is_smoothness).filter(|_| settings.smoothness > 0.0);
    let sharp = is_asked(|kind| kind == LossKind::Sharpness).filter(|_| settings.sharpness.is_some_and(|by| by > 0.0));
    for (option, loss) in [("smoothness", even), ("sharpness", sharp)] {
        if let Some(loss) = loss {
            let hint = format!(
                "give only one of them: ‹{option}› is an option of one drawer, but the loss works with every drawer"
            );
            return Err(Error::usage(format!("‹{option}› and ‹loss› {loss} are both given"), hint));
        }
    }
    let is_at_edges = |kind: LossKind| matches!(kind, LossKind::Border | LossKind::Vignette);
    let at_edges = settings.losses().find(|loss| loss.weight != 0.0 && is_at_edges(loss.kind));
    if let Some(loss) = at_edges.filter(|_| settings.tile.is_some()) {
        let problem = format!("‹tile› and ‹loss› {} are both given", loss.kind);
        let hint = "give only one of them: the loss would frame every copy of the tile";
        return Err(Error::usage(problem, hint));
    }
    let manifest = Manifest::get()?;
    if settings.aesthetic().is_some() && !settings.clip.iter().any(|clip| manifest.head_of(clip).is_some()) {
        let names = settings.clip.join(" and ");
        let problem = format!("‹loss› aesthetic needs a CLIP that has an aesthetic head; this run has {names}");
        let known: Vec<&str> = manifest.clips_with_heads().collect();
        return Err(Error::usage(problem, format!("add one of {} with ‹clip›", known.join(", "))));
    }
    Ok(())
}
