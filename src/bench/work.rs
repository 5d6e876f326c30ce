//! The models to measure: real ones, or networks with random weights, which need no download.

use std::path::Path;

use crate::clip::{Clip, Config as ClipConfig};
use crate::files::read_text;
use crate::models::Finder;
use crate::models::files::{ConfigFile, Role};
use crate::session::{LoadedModel, Models, heads};
use crate::settings::{Overrides, Settings};
use crate::vqgan::{Config as VqganConfig, Vqgan};
use crate::{Error, Result, drawer};

/// Standard configurations, which make measurements comparable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// VQGAN `imagenet_f16_16384` and ViT-B/32 with random weights, 256x256, 32 cutouts
    A,
    /// The embedded model at its default settings
    B,
}

crate::text::named_values!(Work, "standard configuration", { A => "a", B => "b" });

/// The configuration of `imagenet_f16_16384` of taming-transformers, from its `model.yaml`.
const IMAGENET_F16_16384: &str = r#"{"embed_dim": 256, "n_embed": 16384, "ddconfig": {"double_z": false,
    "z_channels": 256, "resolution": 256, "in_channels": 3, "out_ch": 3, "ch": 128, "ch_mult": [1, 1, 2, 2, 4],
    "num_res_blocks": 2, "attn_resolutions": [16], "dropout": 0.0}}"#;
/// The configuration of OpenAI's ViT-B/32, as `open_clip` writes it.
const VIT_B32: &str = r#"{"model_cfg": {"embed_dim": 512, "quick_gelu": true,
    "vision_cfg": {"image_size": 224, "layers": 12, "width": 768, "patch_size": 32},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 512, "heads": 8, "layers": 12}},
    "preprocess_cfg": {}}"#;
/// Configurations inside the program: file name and content.
const CONFIGURATIONS: [(&str, &str); 2] = [("imagenet-f16-16384.json", IMAGENET_F16_16384), ("vit-b32.json", VIT_B32)];
/// The seed of random weights.
const SEED: u64 = 0;

impl Work {
    /// The settings of this configuration.
    #[must_use]
    pub fn overrides(self) -> Overrides {
        match self {
            Self::A => Overrides {
                vqgan: Some(CONFIGURATIONS[0].0.into()),
                clip: Some(vec![CONFIGURATIONS[1].0.into()]),
                size: "256x256".parse().ok(),
                cutouts: Some(32),
                ..Overrides::default()
            },
            Self::B => Overrides::default(),
        }
    }
}

/// Loads the models that settings name. The name of a configuration file stands for a network with random weights.
///
/// # Errors
/// If a model cannot be loaded or a configuration cannot be used.
pub fn models(settings: &Settings, finder: &Finder) -> Result<Models> {
    let vqgan = |name: &str| match configuration(name)? {
        Some(file) => Ok(LoadedModel::random(Role::Vqgan, name, Vqgan::random(VqganConfig::read(&file)?, SEED)?)),
        None => LoadedModel::load(finder, Role::Vqgan, name, Vqgan::load),
    };
    let vqgan = drawer::of(&settings.drawer)?.vqgan(settings).map(vqgan).transpose()?;
    let clip = |name: &String| match configuration(name)? {
        Some(file) => Ok(LoadedModel::random(Role::Clip, name, Clip::random(ClipConfig::read(&file, None)?, SEED)?)),
        None => LoadedModel::load(finder, Role::Clip, name, Clip::load),
    };
    let clips = settings.clip.iter().map(clip).collect::<Result<_>>()?;
    Ok(Models { vqgan, clips, heads: heads(settings, finder)?, upscaler: None })
}

/// The configuration that a name stands for; none if it names a model.
fn configuration(name: &str) -> Result<Option<ConfigFile>> {
    let path = Path::new(name);
    if !path.extension().is_some_and(|extension| ["json", "yaml", "yml"].iter().any(|known| extension == *known)) {
        return Ok(None);
    }
    let compiled = CONFIGURATIONS.iter().find(|(known, _)| *known == name);
    let text = match compiled {
        Some((_, text)) if !path.exists() => (*text).to_owned(),
        _ => read_text(path, "give the configuration of a model, as it was published")?,
    };
    if text.trim().is_empty() {
        return Err(Error::file(path, "the configuration is empty", "give the configuration of a model"));
    }
    Ok(Some(ConfigFile { path: path.to_owned(), text }))
}
