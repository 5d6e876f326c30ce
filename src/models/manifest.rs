//! The published models known by name: `weights/models.toml`, compiled in.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;

use super::{Quality, Role};
use crate::text::{near_names, question};
use crate::{Error, Result};

static TEXT: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/weights/models.toml"));

/// All models and presets that have names.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    #[serde(rename = "model")]
    models: Vec<Entry>,
    #[serde(rename = "tokenizer")]
    tokenizers: Vec<SharedTokenizer>,
    #[serde(rename = "preset")]
    presets: Vec<Preset>,
    #[serde(rename = "table")]
    tables: BTreeMap<String, QualityTable>,
}

/// A published model.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Name on the command line
    pub name: String,
    /// The model's role
    pub role: Role,
    /// Description in one line
    pub title: String,
    /// `organization/repository` on the hub; none if every file has a URL
    pub repository: Option<String>,
    /// A commit of 40 hexadecimal digits, or a branch
    pub revision: Option<String>,
    /// The weight file's format: safetensors, pickle or msgpack
    pub format: String,
    /// License according to its page
    pub licence: String,
    /// Further information for the user
    pub note: Option<String>,
    /// One file with the weights and, unless the model is a single file ([`Role::is_single_file`]), one with the
    /// configuration; others of some models
    pub files: Vec<EntryFile>,
    /// Name of the tokenizer, if the tokenizer is in another repository
    pub tokenizer: Option<String>,
    /// Name of the CLIP whose image tower belongs to it, if this is a text tower that was published alone
    pub image: Option<String>,
    /// Name of the CLIP whose features the model rates, if it is an aesthetic head
    pub clip: Option<String>,
}

/// A file of a model.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntryFile {
    /// Content of the file
    pub part: FilePart,
    /// Its path in the repository
    pub path: String,
    /// Address of a file that is not on a hub
    pub url: Option<String>,
    /// Size in bytes, if known
    pub bytes: Option<u64>,
    /// Approximate size in bytes, if the exact size is unknown
    pub about: Option<u64>,
    /// SHA-256 in lowercase hexadecimal digits, if known
    pub sha256: Option<String>,
}

/// Content of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FilePart {
    /// The weights
    Weights,
    /// The configuration
    Configuration,
    /// The tokenizer, if it is in the model's own repository
    Tokenizer,
    /// The last layer of a text tower, and what belongs to it
    Dense,
}

/// A tokenizer that several models use.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SharedTokenizer {
    /// Name that entries refer to
    pub name: String,
    /// Repository on the hub
    pub repository: String,
    /// Commit or branch
    pub revision: String,
    /// Path in the repository
    pub path: String,
    /// Size in bytes
    pub bytes: Option<u64>,
    /// SHA-256 in lowercase hexadecimal digits
    pub sha256: Option<String>,
}

/// A preset, which `--model` selects.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preset {
    /// Name on the command line
    pub name: String,
    /// The VQGAN that draws
    pub vqgan: String,
    /// Name of the quality table
    table: String,
}

/// The amount of work for each quality.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QualityTable {
    /// Quick, to try out a prompt
    pub draft: Work,
    /// The default
    pub normal: Work,
    /// Larger or longer
    pub better: Work,
    /// As much work as still pays off
    pub best: Work,
}

/// An amount of work.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Work {
    /// The picture's side, in pixels
    pub side: usize,
    /// Iterations
    pub iterations: usize,
    /// Cutouts that each CLIP sees per iteration
    pub cutouts: usize,
    /// The CLIP models that judge
    pub clip: Vec<String>,
}

/// Name of the tokenizer of OpenAI's CLIP models.
const OPEN_AI: &str = "openai-clip";

/// Name of the quality table for models without their own.
const PUBLISHED: &str = "published";

impl Manifest {
    /// The manifest inside the program.
    ///
    /// # Errors
    /// If the compiled-in manifest is not valid.
    pub fn get() -> Result<&'static Self> {
        static MANIFEST: OnceLock<Result<Manifest, String>> = OnceLock::new();
        let parsed = MANIFEST.get_or_init(|| toml::from_str(TEXT).map_err(|error| error.to_string()));
        parsed.as_ref().map_err(|problem| Error::fault(format!("the list of models cannot be read: {problem}")))
    }

    /// All models, in the order of the file.
    #[must_use]
    pub fn models(&self) -> &[Entry] {
        &self.models
    }

    /// All names of `--model`.
    #[must_use]
    pub fn presets(&self) -> &[Preset] {
        &self.presets
    }

    /// The model with a name.
    #[must_use]
    pub fn model(&self, name: &str) -> Option<&Entry> {
        self.models.iter().find(|entry| entry.name == name)
    }

    /// The aesthetic head for the features of a CLIP, if one is known.
    #[must_use]
    pub fn head_of(&self, clip: &str) -> Option<&Entry> {
        // The features are those of the image tower.
        let tower = self.model(clip).and_then(|entry| entry.image.as_deref()).unwrap_or(clip);
        self.models.iter().find(|entry| entry.role == Role::Aesthetic && entry.clip.as_deref() == Some(tower))
    }

    /// The names of the CLIP models that have an aesthetic head.
    pub fn clips_with_heads(&self) -> impl Iterator<Item = &str> {
        let clips = self.models.iter().filter(|entry| entry.role == Role::Clip).map(|entry| entry.name.as_str());
        clips.filter(|name| self.head_of(name).is_some())
    }

    /// The preset with a name.
    #[must_use]
    pub fn preset(&self, name: &str) -> Option<&Preset> {
        self.presets.iter().find(|preset| preset.name == name)
    }

    /// The quality table of a preset; without a preset, the table for published models.
    ///
    /// # Errors
    /// If the manifest has no such table.
    pub fn table(&self, preset: Option<&Preset>) -> Result<&QualityTable> {
        let name = preset.map_or(PUBLISHED, |preset| &preset.table);
        self.tables.get(name).ok_or_else(|| Error::fault(format!("there is no quality table `{name}`")))
    }

    /// The tokenizer that an entry uses from another repository.
    #[must_use]
    pub fn tokenizer_of(&self, entry: &Entry) -> Option<&SharedTokenizer> {
        let name = entry.tokenizer.as_ref()?;
        self.tokenizers.iter().find(|tokenizer| tokenizer.name == *name)
    }

    /// The tokenizer of OpenAI's own CLIP models.
    #[must_use]
    pub fn open_ai_tokenizer(&self) -> Option<&SharedTokenizer> {
        self.tokenizers.iter().find(|tokenizer| tokenizer.name == OPEN_AI)
    }

    /// Whether the list has files from a repository of the hub.
    #[must_use]
    pub fn lists_repository(&self, id: &str) -> bool {
        let of_models = self.models.iter().filter_map(|entry| entry.repository.as_deref());
        of_models.chain(self.tokenizers.iter().map(|tokenizer| tokenizer.repository.as_str())).any(|known| known == id)
    }

    /// The error for an unknown model name, with similar names.
    #[must_use]
    pub fn unknown_model(&self, role: Role, name: &str) -> Error {
        let names = self.models.iter().filter(|entry| entry.role == role).map(|entry| entry.name.as_str());
        unknown(role.option(), name, role.built_in(), names)
    }

    /// The error for an unknown name of `--model`, with similar names.
    #[must_use]
    pub fn unknown_preset(&self, name: &str) -> Error {
        let vqgans = self.models.iter().filter(|entry| entry.role == Role::Vqgan).map(|entry| entry.name.as_str());
        unknown(
            "model",
            name,
            Role::Vqgan.built_in(),
            self.presets.iter().map(|preset| preset.name.as_str()).chain(vqgans),
        )
    }
}

impl QualityTable {
    /// The amount of work for a quality.
    #[must_use]
    pub fn of(&self, quality: Quality) -> &Work {
        match quality {
            Quality::Draft => &self.draft,
            Quality::Normal => &self.normal,
            Quality::Better => &self.better,
            Quality::Best => &self.best,
        }
    }
}

impl Entry {
    /// The file with a part; a model that is a single file has no configuration.
    #[must_use]
    pub fn file(&self, part: FilePart) -> Option<&EntryFile> {
        self.files.iter().find(|file| file.part == part)
    }

    /// The revision on the hub; `main` by default.
    #[must_use]
    pub fn revision(&self) -> &str {
        self.revision.as_deref().unwrap_or("main")
    }
}

/// The error for an unknown name.
fn unknown<'a>(option: &str, name: &str, built_in: &[&'a str], known: impl Iterator<Item = &'a str>) -> Error {
    // A name can be both that of a model and that of a preset.
    let mut known_once = built_in.to_vec();
    for name in known {
        if !known_once.contains(&name) {
            known_once.push(name);
        }
    }
    let known = known_once;
    let hint = match question(&near_names(name, known.iter().copied())) {
        Some(question) => format!("{question} `text2art models list` shows all names; a path must exist"),
        None => format!("use one of {}; or a path, or `organization/repository` on the hub", known.join(", ")),
    };
    Error::usage(format!("‹{option}› {name}: there is no model or file with this name"), hint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::hub::Repository;

    #[test]
    fn every_entry_is_whole() {
        let manifest = Manifest::get().unwrap();
        for entry in manifest.models() {
            let name = &entry.name;
            for part in [FilePart::Weights, FilePart::Configuration] {
                let expected = usize::from(part == FilePart::Weights || !entry.role.is_single_file());
                assert_eq!(entry.files.iter().filter(|file| file.part == part).count(), expected, "{name}: {part:?}");
            }
            assert!(matches!(entry.format.as_str(), "safetensors" | "pickle" | "msgpack"), "{name}");
            match &entry.repository {
                Some(id) => {
                    let spelled = format!("{id}@{}", entry.revision());
                    assert!(Repository::parse(&spelled).is_some(), "{name}: {spelled}");
                    assert!(entry.files.iter().all(|file| file.url.is_none()), "{name}");
                }
                None => assert!(entry.files.iter().all(|file| file.url.is_some()), "{name}"),
            }
            for sha256 in entry.files.iter().filter_map(|file| file.sha256.as_ref()) {
                assert!(sha256.len() == 64 && sha256.bytes().all(|byte| byte.is_ascii_hexdigit()), "{name}");
            }
            let tokenizers = usize::from(manifest.tokenizer_of(entry).is_some())
                + entry.files.iter().filter(|file| file.part == FilePart::Tokenizer).count();
            assert_eq!(usize::from(entry.role == Role::Clip), tokenizers, "{name}");
            let image = entry.image.as_ref().map(|image| manifest.model(image).unwrap().role);
            assert_eq!(image, entry.file(FilePart::Dense).map(|_| Role::Clip), "{name}");
            let rated = entry.clip.as_ref().map(|clip| manifest.model(clip).unwrap().role);
            assert_eq!(rated, (entry.role == Role::Aesthetic).then_some(Role::Clip), "{name}");
            assert_eq!(manifest.models().iter().filter(|other| other.name == *name).count(), 1, "{name} twice");
        }
        for preset in manifest.presets() {
            assert_eq!(manifest.model(&preset.vqgan).unwrap().role, Role::Vqgan, "{}", preset.name);
            let table = manifest.table(Some(preset)).unwrap();
            for work in [&table.draft, &table.normal, &table.better, &table.best] {
                assert!(!work.clip.is_empty());
                assert!(work.clip.iter().all(|clip| manifest.model(clip).unwrap().role == Role::Clip));
            }
        }
    }

    #[test]
    fn heads_belong_to_image_towers() {
        let manifest = Manifest::get().unwrap();
        let head_of = |clip| manifest.head_of(clip).map(|entry| entry.name.as_str());
        assert_eq!(head_of("vit-b16"), Some("aesthetic-vit-b16"));
        assert_eq!(head_of("vit-b32-multilingual"), head_of("vit-b32"));
        // Trained by others, at another size of pictures, or not in the list.
        for clip in ["laion-b32", "vit-l14-336", "rn50", "embedded", "acme/clip"] {
            assert_eq!(head_of(clip), None, "{clip}");
        }
        let with_heads: Vec<&str> = manifest.clips_with_heads().collect();
        assert_eq!(with_heads, ["vit-b32", "vit-b16", "vit-l14", "vit-b32-multilingual"]);
    }

    #[test]
    fn names_that_look_alike_are_found() {
        let manifest = Manifest::get().unwrap();
        let hint = manifest.unknown_model(Role::Clip, "vit_b32").hint();
        assert!(hint.contains("vit-b32"), "{hint}");
        assert!(manifest.unknown_preset("imagnet").hint().contains("imagenet"));
        assert_eq!(manifest.unknown_preset("zzz").hint().matches("amused").count(), 1);
    }
}
