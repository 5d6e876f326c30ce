//! A VQGAN's dimensions, read from any of the published configurations.

use serde::Deserialize;
use serde_json::Value;

use crate::Result;
use crate::models::files::{ConfigFile, within};

/// The program whose names and conventions the weights follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// taming-transformers, also in flax's spelling
    Taming,
    /// diffusers' VQModel
    Diffusers,
}

/// A VQGAN's dimensions.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The names of the weights
    pub layout: Layout,
    /// Channels of a codebook vector
    pub embedding_dim: usize,
    /// Vectors in the codebook
    pub codes: usize,
    /// Channels between encoder and codebook
    pub latent_channels: usize,
    /// Channels of each level, the finest first
    pub channels: Vec<usize>,
    /// Channels after the encoder's first convolution
    pub first_channels: usize,
    /// Residual blocks of an encoder level; a decoder level has one more
    pub blocks: usize,
    /// Whether a level's blocks are followed by attention, the finest first
    pub attention: Vec<bool>,
    /// Whether the middle has attention
    pub middle_attention: bool,
    /// Groups of each group norm
    pub groups: usize,
    /// ε of each group norm
    pub epsilon: f64,
    /// Side of the pictures it was trained on, in pixels
    pub resolution: usize,
}

/// `ddconfig` of taming-transformers.
#[derive(Deserialize)]
struct TamingNetwork {
    #[serde(default)]
    double_z: bool,
    z_channels: usize,
    resolution: usize,
    #[serde(default = "three")]
    in_channels: usize,
    #[serde(default = "three")]
    out_ch: usize,
    ch: usize,
    ch_mult: Vec<usize>,
    num_res_blocks: usize,
    #[serde(default)]
    attn_resolutions: Vec<usize>,
    #[serde(default = "thirty_two")]
    num_groups: usize,
}

/// diffusers' VQModel.
#[derive(Deserialize)]
struct Diffusers {
    #[serde(default = "three")]
    in_channels: usize,
    #[serde(default = "three")]
    out_channels: usize,
    down_block_types: Vec<String>,
    up_block_types: Vec<String>,
    block_out_channels: Vec<usize>,
    #[serde(default = "one")]
    layers_per_block: usize,
    #[serde(default = "silu")]
    act_fn: String,
    latent_channels: usize,
    num_vq_embeddings: usize,
    #[serde(default = "thirty_two")]
    norm_num_groups: usize,
    #[serde(default)]
    vq_embed_dim: Option<usize>,
    #[serde(default = "group")]
    norm_type: String,
    #[serde(default = "yes")]
    mid_block_add_attention: bool,
    #[serde(default = "thirty_two")]
    sample_size: usize,
}

fn one() -> usize {
    1
}
fn three() -> usize {
    3
}
fn thirty_two() -> usize {
    32
}
fn silu() -> String {
    "silu".into()
}
fn group() -> String {
    "group".into()
}
fn yes() -> bool {
    true
}

/// The ε of both published implementations.
const EPSILON: f64 = 1e-6;

impl Config {
    /// Reads a configuration.
    ///
    /// # Errors
    /// If the configuration is of an unknown kind, or describes an unsupported network.
    pub fn read(file: &ConfigFile) -> Result<Self> {
        let text = &file.text;
        let yaml = file.path.extension().is_some_and(|extension| extension != "json");
        let value: Value = if yaml {
            serde_saphyr::from_str(text).map_err(|error| error.to_string())
        } else {
            serde_json::from_str(text).map_err(|error| error.to_string())
        }
        .map_err(|error| file.error(format!("not a readable configuration: {}", one_line(&error))))?;
        let config = Self::from_value(&value).map_err(|problem| file.error(problem))?;
        config.check().map_err(|problem| file.error(problem))?;
        Ok(config)
    }

    fn from_value(value: &Value) -> Result<Self, String> {
        if value.get("_class_name").is_some() || value.get("block_out_channels").is_some() {
            return Self::from_diffusers(value);
        }
        let model = value.get("model").unwrap_or(value);
        let parameters = model.get("params").unwrap_or(model);
        // A transformer's configuration contains that of its VQGAN.
        let parameters =
            parameters.get("first_stage_config").and_then(|nested| nested.get("params")).unwrap_or(parameters);
        let number = |key: &str| {
            let number = parameters.get(key).and_then(Value::as_u64).and_then(|number| usize::try_from(number).ok());
            number.ok_or_else(|| format!("not a VQGAN configuration: `{key}` is missing"))
        };
        let (embedding_dim, codes) = (number("embed_dim")?, number("n_embed")?);
        let network = parameters.get("ddconfig").unwrap_or(parameters);
        let network: TamingNetwork =
            serde_json::from_value(network.clone()).map_err(|error| format!("not a VQGAN configuration: {error}"))?;
        if network.double_z || network.in_channels != 3 || network.out_ch != 3 {
            return Err("only VQGANs with three colors and a plain latent (`double_z: false`) are supported".into());
        }
        let levels = network.ch_mult.len();
        let side = |level: usize| network.resolution.checked_shr(u32::try_from(level).unwrap_or(u32::MAX)).unwrap_or(0);
        Ok(Self {
            layout: Layout::Taming,
            embedding_dim,
            codes,
            latent_channels: network.z_channels,
            channels: network.ch_mult.iter().map(|factor| network.ch.saturating_mul(*factor)).collect(),
            first_channels: network.ch,
            blocks: network.num_res_blocks,
            attention: (0..levels).map(|level| network.attn_resolutions.contains(&side(level))).collect(),
            middle_attention: true,
            groups: network.num_groups,
            epsilon: EPSILON,
            resolution: network.resolution,
        })
    }

    fn from_diffusers(value: &Value) -> Result<Self, String> {
        let class = value.get("_class_name").and_then(Value::as_str).unwrap_or("VQModel");
        if class != "VQModel" {
            return Err(format!("the configuration is for a {class}, not a VQModel"));
        }
        let config: Diffusers =
            serde_json::from_value(value.clone()).map_err(|error| format!("not a VQModel configuration: {error}"))?;
        let plain = config.down_block_types.iter().all(|kind| kind == "DownEncoderBlock2D")
            && config.up_block_types.iter().all(|kind| kind == "UpDecoderBlock2D")
            && config.norm_type == "group"
            && config.act_fn == "silu"
            && (config.in_channels, config.out_channels) == (3, 3);
        if !plain {
            return Err("only DownEncoderBlock2D and UpDecoderBlock2D with group norm and SiLU are supported".into());
        }
        Ok(Self {
            layout: Layout::Diffusers,
            embedding_dim: config.vq_embed_dim.unwrap_or(config.latent_channels),
            codes: config.num_vq_embeddings,
            latent_channels: config.latent_channels,
            first_channels: config.block_out_channels.first().copied().unwrap_or(0),
            attention: vec![false; config.block_out_channels.len()],
            channels: config.block_out_channels,
            blocks: config.layers_per_block,
            middle_attention: config.mid_block_add_attention,
            groups: config.norm_num_groups,
            epsilon: EPSILON,
            resolution: config.sample_size,
        })
    }

    /// Checks bounds that every published model keeps, so that a broken file cannot request the impossible.
    fn check(&self) -> Result<(), String> {
        within("the number of levels", self.channels.len(), 8)?;
        within("the number of residual blocks", self.blocks, 16)?;
        within("the codebook's dimension", self.embedding_dim, 4096)?;
        within("the number of codes", self.codes, 1 << 20)?;
        within("the number of latent channels", self.latent_channels, 4096)?;
        within("the number of groups", self.groups, 4096)?;
        for &channels in self.channels.iter().chain([&self.first_channels]) {
            within("a number of channels", channels, 8192)?;
            if channels % self.groups != 0 {
                return Err(format!("{channels} channels cannot be split into {} groups", self.groups));
            }
        }
        Ok(())
    }

    /// Pixels of the picture along one side of a code.
    #[must_use]
    pub fn factor(&self) -> usize {
        1 << (self.channels.len() - 1)
    }
}

/// The first line of an error.
fn one_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim().to_owned()
}
