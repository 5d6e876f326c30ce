//! The models of a run, loaded once for any number of pictures.

use std::fs::File;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, OnceLock, PoisonError};

use candle_core::Tensor;
use sha2::{Digest, Sha256};

use crate::clip::{AestheticHead, Clip};
use crate::drawer::{self, Loaded};
use crate::files::{hash_open_files, open_regular, to_hex, unreadable};
use crate::frozen::{MemoryOf, release_memory};
use crate::judge::Perceptor;
use crate::machine::in_words;
use crate::models::container::files_of;
use crate::models::manifest::Manifest;
use crate::models::{Finder, Missing, ModelFiles, ModelRecord, Role};
use crate::settings::Settings;
use crate::upscale::{Factor, Method, Upscaler, is_filter};
use crate::vqgan::Vqgan;
use crate::{Error, Result, machine};

/// A loaded model and its source.
pub struct LoadedModel<M> {
    /// The name that the user gave
    pub name: String,
    /// The model
    pub model: Arc<M>,
    source: Arc<Source>,
    /// The sources of its parts that were published apart, with their names: the image tower of a multilingual CLIP
    beside: Vec<(String, Arc<Source>)>,
}

/// What the source of the last layer of a text tower is called, behind the name of the model.
const DENSE: &str = "2_Dense";

/// The clone shares the model.
impl<M> Clone for LoadedModel<M> {
    fn clone(&self) -> Self {
        let Self { name, model, source, beside } = self;
        Self { name: name.clone(), model: model.clone(), source: source.clone(), beside: beside.clone() }
    }
}

/// The source of a model, which is hashed while the run draws.
struct Source {
    role: Role,
    commit: Option<String>,
    file: String,
    bytes: u64,
    /// Whether the model is inside the program, not read from a disk
    compiled: bool,
    hash: std::sync::Mutex<Hash>,
    /// What `--no-text` steers toward, for a CLIP, if it was needed
    without_text: OnceLock<Tensor>,
}

enum Hash {
    /// Not started yet
    Open(Content),
    /// Queued or running on a thread of the thread pool
    Running(Receiver<Result<String>>),
    Known(String),
}

/// The bytes of a model. Files stay open, so that these are the ones that were read, even if the names now belong to
/// other files.
enum Content {
    Files(Vec<(File, PathBuf)>),
    Compiled(&'static [u8]),
}

impl Content {
    /// Opens files, which stay open.
    fn opened(paths: Vec<PathBuf>) -> Result<Self> {
        let open = |path: PathBuf| {
            let file = open_regular(&path).map_err(|error| Error::file(&path, unreadable(&error), "restore it"))?;
            Ok((file, path))
        };
        paths.into_iter().map(open).collect::<Result<_>>().map(Self::Files)
    }

    fn hash(&self) -> Result<String> {
        match self {
            Self::Files(files) => hash_open_files(files),
            Self::Compiled(bytes) => Ok(to_hex(&Sha256::digest(bytes))),
        }
    }
}

/// All models of a run.
pub struct Models {
    /// The VQGAN that draws, if the drawer needs one
    pub vqgan: Option<LoadedModel<Vqgan>>,
    /// The CLIP models that judge
    pub clips: Vec<LoadedModel<Clip>>,
    /// The aesthetic head of each of these models, if the settings ask for heads and the CLIP has one
    pub heads: Vec<Option<LoadedModel<AestheticHead>>>,
    /// The network that enlarges the finished picture, if one does
    pub upscaler: Option<LoadedModel<Upscaler>>,
}

impl<M> LoadedModel<M> {
    /// Loads a model by name.
    ///
    /// # Errors
    /// If the files cannot be found or downloaded, or do not fit, or if the user interrupts.
    pub fn load(finder: &Finder, role: Role, name: &str, load: impl FnOnce(&ModelFiles) -> Result<M>) -> Result<Self> {
        let files = finder.open(role, name)?;
        let model = load(&files)?;
        finder.check_stop()?;
        let mut beside = Vec::new();
        if let Some(image) = &files.image {
            beside.push((image.name.clone(), Arc::new(Source::of(image)?)));
        }
        if let Some(path) = files.dense() {
            let (name, commit) = (format!("{name}/{DENSE}"), files.commit.clone());
            beside.push((name, Arc::new(Source { commit, ..Source::of_file(role, path)? })));
        }
        let source = Arc::new(Source::of(&files)?);
        Ok(Self { name: name.to_owned(), model: Arc::new(model), source, beside })
    }

    /// A model of random weights, which no recipe can name.
    pub(crate) fn random(role: Role, name: &str, model: M) -> Self {
        let hash = Hash::Known(String::new()).into();
        let without_text = OnceLock::new();
        let source = Source { role, commit: None, file: String::new(), bytes: 0, compiled: false, hash, without_text };
        Self { name: name.to_owned(), model: Arc::new(model), source: Arc::new(source), beside: Vec::new() }
    }

    /// The size of the weight file in bytes; 0 for a model inside the program.
    #[must_use]
    pub fn file_bytes(&self) -> u64 {
        if self.source.compiled { 0 } else { self.source.bytes }
    }

    /// The size of the model inside the program in bytes; 0 for a model from a file.
    #[must_use]
    pub fn compiled_bytes(&self) -> u64 {
        if self.source.compiled { self.source.bytes } else { 0 }
    }

    /// What `--no-text` steers toward, if it was needed.
    pub(super) fn without_text(&self) -> &OnceLock<Tensor> {
        &self.source.without_text
    }

    /// The record of this model in a recipe. Waits until the file is hashed.
    ///
    /// # Errors
    /// If the file could not be read again.
    pub fn record(&self) -> Result<ModelRecord> {
        self.source.record(&self.name)
    }

    /// The records of this model and of its parts that were published apart. Waits until all files are hashed.
    ///
    /// # Errors
    /// If a file could not be read again.
    pub fn records(&self) -> Result<Vec<ModelRecord>> {
        let beside = self.beside.iter().map(|(name, source)| source.record(name));
        std::iter::once(self.record()).chain(beside).collect()
    }

    /// Starts to hash the files.
    fn start_hashing(&self) {
        self.source.start_hashing();
        self.beside.iter().for_each(|(_, source)| source.start_hashing());
    }
}

impl Source {
    /// The source of a model's weights.
    ///
    /// # Errors
    /// If a file cannot be opened again.
    fn of(files: &ModelFiles) -> Result<Self> {
        let path = files.weights.path().to_owned();
        let name_of_file = || path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let (file, hash) = match (&files.published, files.weights.static_bytes()) {
            (Some(published), _) => (published.file.clone(), Hash::Known(published.sha256.clone())),
            (None, Some(bytes)) => (name_of_file(), Hash::Open(Content::Compiled(bytes))),
            (None, None) => (name_of_file(), Hash::Open(Content::opened(files_of(&path)?)?)),
        };
        let (bytes, compiled) = (files.weights.bytes(), files.weights.static_bytes().is_some());
        let image = files.image.as_ref().map_or(0, |image| image.weights.bytes());
        let (role, commit, hash, without_text) = (files.role, files.commit.clone(), hash.into(), OnceLock::new());
        Ok(Self { role, commit, file, bytes: bytes.max(image), compiled, hash, without_text })
    }

    /// The source of a single file.
    ///
    /// # Errors
    /// If the file cannot be opened again.
    fn of_file(role: Role, path: PathBuf) -> Result<Self> {
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let hash = Hash::Open(Content::opened(vec![path])?).into();
        Ok(Self { role, commit: None, file, bytes: 0, compiled: false, hash, without_text: OnceLock::new() })
    }

    fn record(&self, name: &str) -> Result<ModelRecord> {
        Ok(ModelRecord {
            role: self.role.option().into(),
            name: name.to_owned(),
            revision: self.commit.clone(),
            file: self.file.clone(),
            sha256: self.sha256()?,
        })
    }

    /// Starts hashing on a thread of the thread pool, unless it has started.
    fn start_hashing(&self) {
        let mut hash = self.hash.lock().unwrap_or_else(PoisonError::into_inner);
        if !matches!(*hash, Hash::Open(_)) {
            return;
        }
        let (sender, receiver) = channel();
        if let Hash::Open(content) = std::mem::replace(&mut *hash, Hash::Running(receiver)) {
            rayon::spawn(move || {
                // The receiver may be gone.
                let _ = sender.send(content.hash());
            });
        }
    }

    fn sha256(&self) -> Result<String> {
        self.start_hashing();
        let mut hash = self.hash.lock().unwrap_or_else(PoisonError::into_inner);
        let known = match &*hash {
            Hash::Known(known) => return Ok(known.clone()),
            Hash::Running(receiver) => receiver.recv().ok().transpose()?,
            Hash::Open(_) => None,
        };
        let known = known.ok_or_else(|| Error::fault("the thread that hashes a model's file failed"))?;
        *hash = Hash::Known(known.clone());
        Ok(known)
    }
}

impl Models {
    /// Loads the models that settings name.
    ///
    /// # Errors
    /// If the files of a model cannot be found or downloaded, or do not fit.
    pub fn load(settings: &Settings, finder: &Finder) -> Result<Self> {
        ModelStore::default().load(settings, finder)
    }

    /// The files of the models in settings that are not on this machine. Does not use the network.
    ///
    /// # Errors
    /// If a model is unknown.
    pub fn missing(settings: &Settings, finder: &Finder) -> Result<Vec<Missing>> {
        let missing = wanted(settings)?.map(|(role, name)| finder.missing(role, name));
        Ok(missing.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
    }

    /// The roles and names of the models that settings need. Settings that need the same models can share them.
    ///
    /// # Errors
    /// If there is no such drawer.
    pub fn needed(settings: &Settings) -> Result<Vec<(Role, String)>> {
        Ok(wanted(settings)?.map(|(role, name)| (role, name.to_owned())).collect())
    }

    /// Starts to hash the files. Called when the run already draws, so that hashing does not delay the start.
    pub fn start_hashing(&self) {
        self.vqgan.iter().for_each(LoadedModel::start_hashing);
        self.clips.iter().for_each(LoadedModel::start_hashing);
        self.upscaler.iter().for_each(LoadedModel::start_hashing);
        self.heads.iter().flatten().for_each(LoadedModel::start_hashing);
    }

    /// The records of all models in a recipe.
    ///
    /// # Errors
    /// If a file could not be read again.
    pub fn records(&self) -> Result<Vec<ModelRecord>> {
        let vqgan = self.vqgan.iter().map(LoadedModel::records);
        let upscaler = self.upscaler.iter().map(LoadedModel::records);
        let heads = self.heads.iter().flatten().map(LoadedModel::records);
        let all = vqgan.chain(self.clips.iter().map(LoadedModel::records)).chain(upscaler).chain(heads);
        Ok(all.collect::<Result<Vec<_>>>()?.concat())
    }

    /// The CLIP models that judge.
    pub(super) fn shared_clips(&self) -> Vec<Arc<Clip>> {
        self.clips.iter().map(|clip| clip.model.clone()).collect()
    }

    /// A perceptor of the CLIP with this number, which also rates if settings ask for that and the CLIP has a head. The CLIPs
    /// with heads share the weight.
    ///
    /// # Errors
    /// If the head is for other features, or settings ask for heads and none is loaded.
    #[allow(clippy::cast_precision_loss)]
    pub(super) fn rated(&self, settings: &Settings, index: usize, perceptor: Perceptor) -> Result<Perceptor> {
        let Some(weight) = settings.aesthetic() else { return Ok(perceptor) };
        let count = self.heads.iter().flatten().count();
        if count == 0 {
            return Err(Error::fault("the loss aesthetic is requested, but no aesthetic head is loaded"));
        }
        let Some(head) = self.heads.get(index).and_then(Option::as_ref) else { return Ok(perceptor) };
        let (rates, features) = (head.model.weight().len(), perceptor.clip().config().features);
        if rates != features {
            let clip = &perceptor.name;
            let problem =
                format!("{} rates features of {rates} numbers, but those of {clip} have {features}", head.name);
            return Err(Error::usage(problem, "use the head that was published for this CLIP"));
        }
        Ok(perceptor.rating(head.model.clone(), weight / count as f64))
    }

    /// How settings enlarge the finished picture, if they do.
    ///
    /// # Errors
    /// If a network is needed that is not loaded.
    pub fn enlargement(&self, settings: &Settings) -> Result<Option<(Method<'_>, Factor)>> {
        let Some((times, name)) = settings.upscaling() else { return Ok(None) };
        let upscaler = self.upscaler.as_ref().map(|upscaler| upscaler.model.as_ref());
        Ok(Some((Method::of(name, upscaler)?, Factor::of(times)?)))
    }

    /// The models that a drawer can use.
    #[must_use]
    pub fn loaded(&self) -> Loaded<'_> {
        Loaded { vqgan: self.vqgan.as_ref().map(|vqgan| &vqgan.model) }
    }
}

/// Loaded models that several runs share.
#[derive(Default)]
pub struct ModelStore {
    vqgans: Vec<LoadedModel<Vqgan>>,
    clips: Vec<LoadedModel<Clip>>,
    upscalers: Vec<LoadedModel<Upscaler>>,
}

impl ModelStore {
    /// The models that settings name, loaded if necessary. If models fill more than half of the machine's memory, those
    /// that no run uses are dropped first.
    ///
    /// # Errors
    /// If the files of a model cannot be found or downloaded, or do not fit.
    pub fn load(&mut self, settings: &Settings, finder: &Finder) -> Result<Models> {
        // Download everything before loading the first model.
        finder.provide_all(wanted(settings)?.filter(|(role, name)| !self.has(*role, name)))?;
        let vqgan = drawer::of(&settings.drawer)?.vqgan(settings);
        let vqgan = vqgan.map(|name| self.vqgan(name, finder)).transpose()?;
        let mut clips: Vec<LoadedModel<Clip>> = Vec::new();
        for name in &settings.clip {
            if !clips.is_empty() && !self.has(Role::Clip, name) {
                let held = clips.iter().map(|clip| clip.model.weight_memory(MemoryOf::Host)).sum::<u64>();
                check_room(held, name, finder)?;
            }
            clips.push(self.clip(name, finder)?);
        }
        let upscaler = upscaler_of(settings).map(|name| self.upscaler(name, finder)).transpose()?;
        Ok(Models { vqgan, clips, heads: heads(settings, finder)?, upscaler })
    }

    /// A CLIP model, loaded if necessary.
    ///
    /// # Errors
    /// If the files cannot be found or downloaded, or do not fit.
    pub fn clip(&mut self, name: &str, finder: &Finder) -> Result<LoadedModel<Clip>> {
        if let Some(clip) = self.clips.iter().find(|clip| clip.name == name) {
            return Ok(clip.clone());
        }
        self.make_room();
        let clip = LoadedModel::load(finder, Role::Clip, name, Clip::load)?;
        self.clips.push(clip.clone());
        Ok(clip)
    }

    fn vqgan(&mut self, name: &str, finder: &Finder) -> Result<LoadedModel<Vqgan>> {
        if let Some(vqgan) = self.vqgans.iter().find(|vqgan| vqgan.name == name) {
            return Ok(vqgan.clone());
        }
        self.make_room();
        let vqgan = LoadedModel::load(finder, Role::Vqgan, name, Vqgan::load)?;
        self.vqgans.push(vqgan.clone());
        Ok(vqgan)
    }

    /// An upscaler, loaded if necessary.
    ///
    /// # Errors
    /// If the file cannot be found or downloaded, or does not fit.
    pub fn upscaler(&mut self, name: &str, finder: &Finder) -> Result<LoadedModel<Upscaler>> {
        if let Some(upscaler) = self.upscalers.iter().find(|upscaler| upscaler.name == name) {
            return Ok(upscaler.clone());
        }
        self.make_room();
        let upscaler = LoadedModel::load(finder, Role::Upscaler, name, Upscaler::load)?;
        self.upscalers.push(upscaler.clone());
        Ok(upscaler)
    }

    /// Forgets everything but the models: what their runs said to them, and the memory in which they computed. Pictures do
    /// not change by it.
    pub fn forget_runs(&self) {
        self.clips.iter().for_each(|clip| clip.model.forget_sentences());
        release_memory();
    }

    fn has(&self, role: Role, name: &str) -> bool {
        match role {
            Role::Vqgan => self.vqgans.iter().any(|vqgan| vqgan.name == name),
            Role::Clip => self.clips.iter().any(|clip| clip.name == name),
            Role::Upscaler => self.upscalers.iter().any(|upscaler| upscaler.name == name),
            // Heads are small, and not kept.
            Role::Aesthetic => false,
        }
    }

    fn make_room(&mut self) {
        let bytes = self.vqgans.iter().map(|vqgan| vqgan.model.weight_memory(MemoryOf::Host)).sum::<u64>()
            + self.clips.iter().map(|clip| clip.model.weight_memory(MemoryOf::Host)).sum::<u64>()
            + self.upscalers.iter().map(|upscaler| upscaler.model.weight_memory(MemoryOf::Host)).sum::<u64>();
        if machine::memory().is_some_and(|memory| bytes > memory.total / 2) {
            self.vqgans.retain(|vqgan| Arc::strong_count(&vqgan.model) > 1);
            self.clips.retain(|clip| Arc::strong_count(&clip.model) > 1);
            self.upscalers.retain(|upscaler| Arc::strong_count(&upscaler.model) > 1);
        }
    }
}

/// Checks that there is room for another CLIP besides `held` bytes of others. The plan, which counts all memory of a
/// run, is made only after the models are loaded.
fn check_room(held: u64, name: &str, finder: &Finder) -> Result<()> {
    let needed = held.saturating_add(finder.open(Role::Clip, name)?.weights.bytes());
    let (room, allowed) = (machine::room(), machine::allowed_memory());
    let Some(room) = room.into_iter().chain(allowed).min().filter(|room| needed > *room) else { return Ok(()) };
    let (needed, room) = (in_words(needed), in_words(room));
    let message = format!("the CLIP models up to {name} need about {needed} of memory, but only {room} can be used");
    Err(Error::usage(message, "choose fewer or smaller models with ‹clip›"))
}

/// The models that settings name, and those that these need.
fn wanted(settings: &Settings) -> Result<impl Iterator<Item = (Role, &str)>> {
    let manifest = Manifest::get()?;
    let vqgan = drawer::of(&settings.drawer)?.vqgan(settings).map(|name| (Role::Vqgan, name));
    let image = |name: &str| manifest.model(name).and_then(|entry| entry.image.as_deref());
    let clips = settings.clip.iter().flat_map(move |name| [Some(name.as_str()), image(name)].into_iter().flatten());
    let clips = clips.map(|name| (Role::Clip, name));
    let heads = heads_of(settings)?.into_iter().flatten().map(|name| (Role::Aesthetic, name));
    Ok(vqgan.into_iter().chain(clips).chain(upscaler_of(settings).map(|name| (Role::Upscaler, name))).chain(heads))
}

/// For each CLIP in the settings, the name of its aesthetic head, if the settings ask for heads and the CLIP has one.
fn heads_of(settings: &Settings) -> Result<Vec<Option<&'static str>>> {
    let manifest = Manifest::get()?;
    let is_asked = settings.aesthetic().is_some();
    let head = |clip: &String| manifest.head_of(clip).filter(|_| is_asked).map(|entry| entry.name.as_str());
    Ok(settings.clip.iter().map(head).collect())
}

/// Loads the aesthetic heads that settings ask for, one for each CLIP that has one.
///
/// # Errors
/// If a file cannot be found or downloaded, or does not fit.
pub(crate) fn heads(settings: &Settings, finder: &Finder) -> Result<Vec<Option<LoadedModel<AestheticHead>>>> {
    let load = |name| LoadedModel::load(finder, Role::Aesthetic, name, AestheticHead::load);
    heads_of(settings)?.into_iter().map(|name| name.map(load).transpose()).collect()
}

/// The network that enlarges the finished picture; none if nothing or a filter does.
fn upscaler_of(settings: &Settings) -> Option<&str> {
    settings.upscaling().map(|(_, name)| name).filter(|name| !is_filter(name))
}

/// Loads a model to check that it can be used.
///
/// # Errors
/// If the configuration cannot be used, or the weights do not fit it.
pub fn check_usable(files: &ModelFiles) -> Result<()> {
    match files.role {
        Role::Clip => Clip::load(files).map(drop),
        Role::Vqgan => Vqgan::load(files).map(drop),
        Role::Upscaler => Upscaler::load(files).map(drop),
        Role::Aesthetic => AestheticHead::load(files).map(drop),
    }
}
