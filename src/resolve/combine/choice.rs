//! Which drawer and models draw.

use crate::Result;
use crate::drawer::{self, Blueprint};
use crate::models::embedded;
use crate::settings::{DrawerName, Overrides};

/// What layers choose to draw with.
pub(super) struct Choice<'a> {
    /// The model that a layer names and that draws
    pub named: Option<&'a str>,
    /// The model whose presets apply; none for a VQGAN of the user
    pub model: Option<&'a str>,
    pub vqgan: &'a str,
    pub drawer: DrawerName,
    pub blueprint: &'static dyn Blueprint,
    /// Whether only the CLIP inside the program judges
    pub is_guided_by_embedded: bool,
}

impl<'a> Choice<'a> {
    /// What these layers, the strongest first, choose.
    ///
    /// # Errors
    /// If the drawer does not exist.
    pub(super) fn of(layers: &'a [Overrides]) -> Result<Self> {
        // A model in a layer below one that names a VQGAN does not draw.
        let naming = layers.iter().find(|layer| layer.model.is_some() || layer.vqgan.is_some());
        let named = naming.and_then(|layer| layer.model.as_deref());
        // The values for the embedded model do not suit a VQGAN of the user.
        let vqgan = layers.iter().find_map(|layer| layer.vqgan.as_deref()).unwrap_or(embedded::NAME);
        let model = named.or_else(|| (vqgan == embedded::NAME).then_some(embedded::NAME));
        let drawer = layers.iter().find_map(drawer_of).unwrap_or_default();
        let blueprint = drawer::of(&drawer)?;
        let is_guided_by_embedded = match layers.iter().find_map(|layer| layer.clip.as_ref()) {
            Some(clips) => clips.iter().all(|clip| clip == embedded::NAME),
            None => model == Some(embedded::NAME),
        };
        Ok(Self { named, model, vqgan, drawer, blueprint, is_guided_by_embedded })
    }
}

/// The drawer that a layer chooses.
fn drawer_of(layer: &Overrides) -> Option<DrawerName> {
    let pixel_art = || drawer::with_option("pixel_art").filter(|_| layer.pixel_art == Some(true));
    layer.drawer.clone().or_else(pixel_art)
}
