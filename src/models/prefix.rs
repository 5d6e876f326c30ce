//! The prefix of a model's tensor names in a file that holds the model as part of something larger.

use super::Role;
use super::container::TensorFile;

/// A name that every VQGAN has, as spelled by `PyTorch` and by flax.
const OF_VQGAN: [&str; 2] = ["decoder.conv_in.weight", "decoder.conv_in.kernel"];

/// Names of which every CLIP has one: OpenAI's, Hugging Face's, the embedded model's, and those of text towers alone.
const OF_CLIP: [&str; 4] = [
    "visual.conv1.weight",
    "vision_model.embeddings.patch_embedding.weight",
    "text_model.embeddings.token_embedding.weight",
    "embeddings.word_embeddings.weight",
];

/// Names of which every upscaler has one.
const OF_UPSCALER: [&str; 2] = ["conv_first.weight", "body.0.weight"];

/// The name of the weights of an aesthetic head, which is one layer.
const OF_HEAD: [&str; 1] = ["weight"];

/// Prefix of the averages that Real-ESRGAN's trainer keeps beside the weights; the averages are what is published.
const AVERAGES: &str = "params_ema.";

/// Prefix of the VQGAN that makes the pictures in a transformer's checkpoint, which may hold other VQGANs.
const FIRST_STAGE: &str = "first_stage_model.";

/// Prefix of averaged weights in taming-transformers and latent diffusion, whose names lose their dots.
const AVERAGED: &str = "model_ema.";

/// The prefix of a model's tensors in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Prefix {
    /// The text in front of every name
    text: String,
    /// Whether the names behind it have no dots
    dotless: bool,
}

impl Prefix {
    /// Finds the model of a role in a file: under its plain names if these exist, else below a prefix, else as
    /// averages.
    pub(crate) fn of(role: Role, file: &TensorFile) -> Self {
        let (anchors, dotless): (&[&str], bool) = match role {
            Role::Vqgan => (&OF_VQGAN, true),
            Role::Clip => (&OF_CLIP, false),
            Role::Upscaler => (&OF_UPSCALER, false),
            Role::Aesthetic => (&OF_HEAD, false),
        };
        let before = |name: &str, anchor: &str| {
            let prefix = name.strip_suffix(anchor)?;
            (prefix.is_empty() || prefix.ends_with('.')).then(|| prefix.to_owned())
        };
        let prefixes = file.names().flat_map(|name| anchors.iter().filter_map(move |anchor| before(name, anchor)));
        let rank = |prefix: &String| {
            (
                prefix.contains(AVERAGED),
                !prefix.is_empty(),
                !prefix.ends_with(FIRST_STAGE) && !prefix.ends_with(AVERAGES),
                prefix.len(),
                prefix.clone(),
            )
        };
        if let Some(text) = prefixes.min_by_key(rank) {
            return Self { text, dotless: false };
        }
        let averaged = |anchor: &&str| format!("{AVERAGED}{}", anchor.replace('.', ""));
        let averages: Vec<String> = anchors.iter().filter(|_| dotless).map(averaged).collect();
        let found = file.names().find_map(|name| averages.iter().find_map(|anchor| before(name, anchor)));
        found.map_or_else(Self::default, |outer| Self { text: format!("{outer}{AVERAGED}"), dotless: true })
    }

    /// The name in the file of a tensor of the model.
    pub(crate) fn name_of(&self, name: &str) -> String {
        if self.dotless { format!("{}{}", self.text, name.replace('.', "")) } else { format!("{}{name}", self.text) }
    }

    /// The model's own name for a tensor of the file; none if the tensor is not below the prefix.
    pub(crate) fn inner<'name>(&self, name: &'name str) -> Option<&'name str> {
        name.strip_prefix(self.text.as_str())
    }

    /// Whether the names behind the prefix have lost their dots, so that they reveal nothing else.
    pub(crate) fn is_dotless(&self) -> bool {
        self.dotless
    }
}
