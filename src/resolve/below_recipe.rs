//! What weaker layers may not add to a recipe.

use crate::settings::Overrides;

/// Removes from a layer that is weaker than a recipe what it must not add. A recipe is complete, but leaves out some
/// settings if its picture was drawn without them.
pub fn below_recipe(weaker: &mut Overrides) {
    (weaker.stop_at, weaker.init_image, weaker.image_prompt, weaker.noise_prompt) = (None, None, None, None);
    (weaker.init_opacity, weaker.init_pixel_weight, weaker.overlay) = (None, None, None);
    (weaker.mask, weaker.prompt_outside, weaker.mask_feather) = (None, None, None);
    (weaker.seconds, weaker.style, weaker.style_weight, weaker.loss) = (None, None, None, None);
    (weaker.label, weaker.image_stop, weaker.recut_images) = (None, None, None);
    (weaker.no_text, weaker.tile) = (None, None);
    (weaker.average, weaker.momentum) = (None, None);
    (weaker.zooms, weaker.cut_power, weaker.center_bias) = (None, None, None);
    (weaker.length, weaker.iterations_per_frame, weaker.wander) = (None, None, None);
    (weaker.zoom, weaker.angle, weaker.pan_x, weaker.pan_y) = (None, None, None, None);
    (weaker.story, weaker.crossfade, weaker.prompt_weights) = (None, None, None);
    (weaker.learning_rate_keys, weaker.init_weight_keys) = (None, None);
    weaker.picture_quality = None;
}
