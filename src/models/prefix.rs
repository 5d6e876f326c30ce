//! What stands in front of the names of a model's tensors in a file that holds it as a part of something larger.

use super::Role;
use super::container::TensorFile;

/// Names that every VQGAN has, as `PyTorch` and flax have them.
const OF_VQGAN: [&str; 2] = ["decoder.conv_in.weight", "decoder.conv_in.kernel"];

/// Names of which every CLIP has one, as OpenAI, Hugging Face and the embedded model have them.
const OF_CLIP: [&str; 3] = [
    "visual.conv1.weight",
    "vision_model.embeddings.patch_embedding.weight",
    "text_model.embeddings.token_embedding.weight",
];

/// Where a transformer's checkpoint keeps the VQGAN that makes its pictures; it may hold others.
const FIRST_STAGE: &str = "first_stage_model.";

/// What taming-transformers and latent diffusion put in front of averaged weights, whose own names lose their dots.
const AVERAGED: &str = "model_ema.";

/// Where in a file a model's tensors are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Prefix {
    /// What stands in front of every name
    text: String,
    /// Whether the names behind it have no dots
    dotless: bool,
}

impl Prefix {
    /// Finds the model of a role in a file: under its own names if these are there, else below a prefix, else as
    /// averages.
    pub(crate) fn of(role: Role, file: &TensorFile) -> Self {
        let (anchors, dotless): (&[&str], bool) = match role {
            Role::Vqgan => (&OF_VQGAN, true),
            Role::Clip => (&OF_CLIP, false),
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
                !prefix.ends_with(FIRST_STAGE),
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

    /// A tensor's name in the file.
    pub(crate) fn name_of(&self, name: &str) -> String {
        if self.dotless { format!("{}{}", self.text, name.replace('.', "")) } else { format!("{}{name}", self.text) }
    }

    /// The model's own name of a tensor; none if the tensor is not below the prefix.
    pub(crate) fn inner<'name>(&self, name: &'name str) -> Option<&'name str> {
        name.strip_prefix(self.text.as_str())
    }

    /// Whether the names behind the prefix have lost their dots, so that nothing else can be read off them.
    pub(crate) fn is_dotless(&self) -> bool {
        self.dotless
    }
}
