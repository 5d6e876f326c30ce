//! Checkpoints: files from which a run continues.
//!
//! A checkpoint is a safetensors file. Its tensors are the parameters, their average if there is one, the optimizer's
//! averages and the last picture.
//! Everything else is JSON in its metadata. The metadata also has the SHA-256 of the whole file, computed with zeros
//! in the place of the digest.

use std::collections::{BTreeMap, HashMap};
use std::io::Read;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, Metadata, TensorView};
use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest, Sha256};

use super::{Make, Products, Recipe};
use crate::files::{open_regular, to_hex, unreadable_file};
use crate::optimizer::OptimizerState;
use crate::resolve::check;
use crate::session::{Average, FitSoFar, FrameStart, Judged, Plateau, SessionState};
use crate::{Error, Result};

/// The key of the head in the metadata.
const HEAD: &str = "text2art checkpoint";
/// The text before the digest in the file's header; unescaped, it occurs nowhere else.
const BEFORE_DIGEST: &[u8] = b"\"sha256\":\"";
/// The number of hexadecimal digits of a SHA-256.
const DIGITS: usize = 64;
/// The size of the length that a safetensors file begins with, in bytes.
const LENGTH: usize = size_of::<u64>();
/// The longest header that is read, in bytes.
const LONGEST_HEADER: u64 = 16 << 20;
/// The largest file that is read, in bytes: several times that of the largest pictures with every optimizer.
const LARGEST: u64 = 4 << 30;
/// The version of the format.
const FORMAT: u32 = 1;

const HINT: &str = "give a checkpoint that ‹checkpoint-every› wrote";
const DAMAGED: &str = "restore the file, or draw the picture again";

/// The state of a run.
pub struct Checkpoint {
    /// How the picture was made so far
    pub recipe: Recipe,
    /// The kind of device that computed it
    pub device: String,
    /// The files beside the picture, and how often they are written
    pub beside: Beside,
    /// The state of the session
    pub state: SessionState,
}

/// The files that a run writes beside its picture, and how often it writes them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beside {
    /// The iterations from one checkpoint to the next
    pub checkpoint_every: Option<u64>,
    /// The iterations from one save of the picture to the next
    pub save_every: Option<u64>,
    /// The folder for the cutouts
    pub save_cutouts: Option<PathBuf>,
    /// The SHA-256 of the SVG that the run last wrote
    #[serde(default)]
    pub svg_sha256: Option<String>,
    /// The frames so far, for movies
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_frames: Option<KeptFrames>,
    /// The picture's folder, relative to the folder in which the run started, as are relative paths here; none if the
    /// picture has an absolute path
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture_folder: Option<PathBuf>,
    /// Files other than the picture, by the options of their kinds
    #[serde(flatten, deserialize_with = "files")]
    pub files: BTreeMap<String, PathBuf>,
}

/// The part of the file of frames beside a checkpoint that belongs to the checkpoint. Anything after that part was
/// written later, before the run was interrupted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptFrames {
    /// The number of frames
    pub frames: usize,
    /// The length from the beginning of the file, in bytes
    pub bytes: u64,
    /// The SHA-256 of these bytes, in hexadecimal digits
    pub sha256: String,
}

/// The files that have a name; earlier versions wrote a null for each file that was not requested.
fn files<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, PathBuf>, D::Error> {
    let all = BTreeMap::<String, Option<PathBuf>>::deserialize(deserializer)?;
    Ok(all.into_iter().filter_map(|(option, path)| Some((option, path?))).collect())
}

impl Beside {
    /// What is to be recorded about the places of these products.
    #[must_use]
    pub fn of(products: &Products) -> Self {
        let folder = products.output().parent().filter(|folder| folder.is_relative() && folder.to_str().is_some());
        Self { picture_folder: folder.map(Path::to_owned), files: Self::files_of(products), ..Self::default() }
    }

    /// The files of these products other than the picture.
    fn files_of(products: &Products) -> BTreeMap<String, PathBuf> {
        let beside = products.iter().filter(|product| !matches!(product.kind.make, Make::Picture));
        beside.map(|product| (product.kind.option.to_owned(), product.path.clone())).collect()
    }

    /// These files, with relative paths resolved for the checkpoint at a path: against the folder in which the run
    /// started, or the folder that has taken its place if the checkpoint was moved together with that folder.
    #[must_use]
    pub fn resolved(&self, checkpoint: &Path) -> Self {
        let folder = checkpoint.parent().unwrap_or(Path::new(""));
        let start = self.picture_folder.as_deref().map(|recorded| start_of(folder, recorded)).unwrap_or_default();
        let files = self.files.iter().map(|(option, path)| (option.clone(), start.join(path))).collect();
        let save_cutouts = self.save_cutouts.as_ref().map(|path| start.join(path));
        Self { save_cutouts, files, ..self.clone() }
    }

    /// Checks that a checkpoint can store the paths.
    ///
    /// # Errors
    /// If a path is not valid UTF-8.
    pub fn check_names(&self) -> Result<()> {
        let mut paths = self.save_cutouts.iter().chain(self.files.values());
        match paths.find(|path| path.to_str().is_none()) {
            Some(path) => {
                let problem = "the name is not valid UTF-8, and a checkpoint stores names as text";
                Err(Error::file(path, problem, "choose another name, or leave out ‹checkpoint-every›"))
            }
            None => Ok(()),
        }
    }
}

/// The folder in which a run started whose checkpoint is in `folder`, if its picture was in `recorded`, relative to
/// that folder; `folder` itself if the two do not match.
fn start_of(folder: &Path, recorded: &Path) -> PathBuf {
    let recorded = recorded.strip_prefix(".").unwrap_or(recorded);
    let above = |folder: &Path| {
        let start = folder.ancestors().nth(recorded.components().count())?;
        folder.ends_with(recorded).then(|| start.to_owned())
    };
    let whole = || above(&std::path::absolute(Path::new(".").join(folder)).ok()?);
    above(folder).or_else(whole).unwrap_or_else(|| folder.to_owned())
}

/// Everything in the file other than tensors.
#[derive(Serialize, Deserialize)]
struct Head {
    format: u32,
    recipe: Recipe,
    device: String,
    beside: Beside,
    optimizer_steps: Option<u32>,
    plateau: Option<Plateau>,
    #[serde(default)]
    palette: Option<Vec<[u8; 3]>>,
    /// The loss of the iteration before the last
    loss_before: Option<f64>,
    /// How well the picture fits so far; earlier versions did not measure it
    #[serde(default)]
    fit: Option<FitSoFar>,
    /// The average of the parameters, without its tensors
    #[serde(default, skip_serializing_if = "Option::is_none")]
    average: Option<AverageHead>,
    /// The frame whose initial canvas is among the tensors
    #[serde(default, skip_serializing_if = "Option::is_none")]
    frame: Option<usize>,
}

/// What an average of the parameters is besides its tensors.
#[derive(Serialize, Deserialize)]
struct AverageHead {
    count: u64,
    weight: f64,
}

/// Whether something that happens every `every` iterations is due after this number of iterations.
#[must_use]
pub fn is_due(every: Option<u64>, iterations: usize) -> bool {
    every.is_some_and(|every| iterations > 0 && (iterations as u64).is_multiple_of(every))
}

impl Checkpoint {
    /// The file's bytes.
    ///
    /// # Errors
    /// If a tensor cannot be read or converted to single precision.
    pub fn encode(&self) -> Result<Vec<u8>> {
        let state = &self.state;
        let mut tensors = named("parameter", &state.parameters);
        if let Some(optimizer) = &state.optimizer {
            let moments = |index: usize| optimizer.moments.iter().map(move |pair| &pair[index]);
            tensors.extend(named("first", moments(0)));
            tensors.extend(named("second", moments(1)));
        }
        tensors.extend(named("average", state.average.iter().flat_map(|average| &average.means)));
        tensors.extend(named("picture", state.last.iter().map(|last| &last.picture)));
        tensors.extend(named("enlarged", &state.enlarged));
        tensors.extend(named("frame", state.frame_start.iter().flat_map(|start| &start.parameters)));
        let remainder = state.frame_start.iter().filter_map(|start| start.remainder.as_ref());
        tensors.extend(named("remainder", remainder));
        let bytes = tensors.iter().map(|(_, tensor)| bytes_of(tensor)).collect::<Result<Vec<_>>>()?;
        let fault = |error: String| Error::fault(format!("cannot encode the checkpoint: {error}"));
        let views = tensors.iter().zip(&bytes).map(|((name, tensor), bytes)| {
            let view = TensorView::new(Dtype::F32, tensor.dims().to_vec(), bytes);
            Ok((name, view.map_err(|error| fault(error.to_string()))?))
        });
        let head = Head {
            format: FORMAT,
            recipe: self.recipe.clone(),
            device: self.device.clone(),
            beside: self.beside.clone(),
            optimizer_steps: state.optimizer.as_ref().map(|optimizer| optimizer.steps),
            plateau: state.plateau.clone(),
            palette: state.palette.clone(),
            loss_before: state.last.as_ref().and_then(|last| last.loss_before),
            fit: state.fit,
            average: state.average.as_ref().map(|&Average { count, weight, .. }| AverageHead { count, weight }),
            frame: state.frame_start.as_ref().map(|start| start.frame),
        };
        let head = serde_json::to_string(&head).map_err(|error| fault(error.to_string()))?;
        let metadata = HashMap::from([(HEAD.to_owned(), head), ("sha256".to_owned(), "0".repeat(DIGITS))]);
        let views = views.collect::<Result<Vec<_>>>()?;
        let mut file = safetensors::serialize(views, Some(metadata)).map_err(|error| fault(error.to_string()))?;
        let place = digest_place(&file).ok_or_else(|| fault("the header has no digest".into()))?;
        let digest = to_hex(&Sha256::digest(&file));
        file[place].copy_from_slice(digest.as_bytes());
        Ok(file)
    }

    /// Reads a checkpoint.
    ///
    /// # Errors
    /// If the file is not a checkpoint, is cut short or damaged, or has the format of another version.
    pub fn read(path: &Path) -> Result<Self> {
        let file = read_whole(path)?;
        let damaged = |problem: &str| Error::file(path, problem, DAMAGED);
        let head = head_of(&file).ok_or_else(|| damaged("the checkpoint's metadata cannot be read"))?;
        let version = serde_json::from_str::<serde_json::Value>(&head).ok().and_then(|head| head["format"].as_u64());
        if version.is_some_and(|version| version != u64::from(FORMAT)) {
            let problem = "this version of text2art cannot read the checkpoint's format";
            return Err(Error::file(path, problem, "use the version of text2art that wrote it"));
        }
        let head: Head = serde_json::from_str(&head).map_err(|error| {
            // The bytes are intact, so another version with other settings wrote them.
            let problem = format!("this version of text2art cannot read the checkpoint: {error}");
            Error::file(path, problem, "use the version of text2art that wrote it")
        })?;
        head.recipe.check_revisions().map_err(|problem| damaged(&problem))?;
        check(&head.recipe.settings).map_err(|error| damaged(&error.to_string()))?;
        if head.recipe.result.iterations_done > head.recipe.settings.iterations {
            return Err(damaged("the checkpoint records more finished iterations than the run has"));
        }
        let tensors = SafeTensors::deserialize(&file).map_err(|error| damaged(&error.to_string()))?;
        let state = state_of(&head, &tensors)?.ok_or_else(|| damaged("the checkpoint's tensors are incomplete"))?;
        Ok(Self { recipe: head.recipe, device: head.device, beside: head.beside, state })
    }
}

/// Tensors with their names in the file.
fn named<'a>(name: &str, tensors: impl IntoIterator<Item = &'a Tensor>) -> Vec<(String, &'a Tensor)> {
    tensors.into_iter().enumerate().map(|(index, tensor)| (format!("{name}.{index}"), tensor)).collect()
}

fn bytes_of(tensor: &Tensor) -> Result<Vec<u8>> {
    let values = tensor.to_dtype(DType::F32)?.flatten_all()?.to_vec1::<f32>()?;
    Ok(values.into_iter().flat_map(f32::to_le_bytes).collect())
}

/// The tensors of one name; none if one of them is not in single precision.
fn tensors_of(name: &str, tensors: &SafeTensors) -> Result<Option<Vec<Tensor>>> {
    let mut found = Vec::new();
    while let Ok(view) = tensors.tensor(&format!("{name}.{}", found.len())) {
        if view.dtype() != Dtype::F32 {
            return Ok(None);
        }
        let values = view.data().as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect::<Vec<_>>();
        found.push(Tensor::from_vec(values, view.shape(), &Device::Cpu)?);
    }
    Ok(Some(found))
}

/// The state of the session; none if a part of it is missing.
fn state_of(head: &Head, tensors: &SafeTensors) -> Result<Option<SessionState>> {
    let Some(parameters) = tensors_of("parameter", tensors)? else { return Ok(None) };
    let (Some(first), Some(second)) = (tensors_of("first", tensors)?, tensors_of("second", tensors)?) else {
        return Ok(None);
    };
    let (Some(pictures), Some(enlarged)) = (tensors_of("picture", tensors)?, tensors_of("enlarged", tensors)?) else {
        return Ok(None);
    };
    let Some(means) = tensors_of("average", tensors)? else { return Ok(None) };
    let Some(canvas) = tensors_of("frame", tensors)? else { return Ok(None) };
    let Some(remainder) = tensors_of("remainder", tensors)? else { return Ok(None) };
    let remainder = remainder.into_iter().next();
    let result = &head.recipe.result;
    let picture = pictures.into_iter().next();
    let loss = result.figures.loss;
    if first.len() != second.len() || picture.is_some() != loss.is_some() {
        return Ok(None);
    }
    let moments = first.into_iter().zip(second).map(|(first, second)| [first, second]).collect();
    let last = picture.zip(loss).map(|(picture, loss)| Judged { picture, loss, loss_before: head.loss_before });
    Ok(Some(SessionState {
        iteration: result.iterations_done,
        parameters,
        optimizer: head.optimizer_steps.map(|steps| OptimizerState { steps, moments }),
        average: head.average.as_ref().map(|&AverageHead { count, weight }| Average { count, weight, means }),
        plateau: head.plateau.clone(),
        palette: head.palette.clone(),
        last,
        fit: head.fit,
        enlarged: enlarged.into_iter().next(),
        frame_start: head.frame.map(|frame| FrameStart { frame, parameters: canvas, remainder }),
    }))
}

/// The place of the digest in the file.
fn digest_place(file: &[u8]) -> Option<std::ops::Range<usize>> {
    let length = usize::try_from(u64::from_le_bytes(*file.first_chunk()?)).ok()?;
    let header = file.get(LENGTH..LENGTH.checked_add(length)?)?;
    let before = header.windows(BEFORE_DIGEST.len()).position(|window| window == BEFORE_DIGEST)?;
    let start = LENGTH + before + BEFORE_DIGEST.len();
    (start + DIGITS <= LENGTH + length).then_some(start..start + DIGITS)
}

/// The bytes of the file, after the digest is verified.
fn read_whole(path: &Path) -> Result<Vec<u8>> {
    let fault = |error: &std::io::Error| unreadable_file(path, error, HINT);
    let other = || Error::file(path, "this is not a text2art checkpoint", HINT);
    let short = |bytes: usize| Error::file(path, format!("the checkpoint is cut short after {bytes} bytes"), DAMAGED);
    if path.is_dir() {
        return Err(other());
    }
    let mut opened = open_regular(path).map_err(|error| fault(&error))?;
    let mut file = Vec::new();
    // A file that is not a checkpoint is not read to its end.
    opened.by_ref().take(LENGTH as u64 + 1).read_to_end(&mut file).map_err(|error| fault(&error))?;
    let Some(length) = file.first_chunk().map(|bytes| u64::from_le_bytes(*bytes)) else {
        return Err(short(file.len()));
    };
    if length > LONGEST_HEADER || file.get(LENGTH).is_some_and(|first| *first != b'{') {
        return Err(other());
    }
    opened.by_ref().take(length.saturating_sub(1)).read_to_end(&mut file).map_err(|error| fault(&error))?;
    if opened.metadata().is_ok_and(|metadata| metadata.len() > LARGEST) {
        return Err(Error::file(path, format!("the file is larger than {LARGEST} bytes"), HINT));
    }
    let data = LENGTH.saturating_add(usize::try_from(length).unwrap_or(usize::MAX));
    if file.len() < data {
        return Err(short(file.len()));
    }
    let header = &file[LENGTH..];
    if !header.windows(HEAD.len()).any(|window| window == HEAD.as_bytes()) {
        return Err(other());
    }
    let damaged = || Error::file(path, "the checkpoint is damaged: its checksum does not match", DAMAGED);
    let metadata: Metadata = serde_json::from_slice(header).map_err(|_| damaged())?;
    let whole = data.checked_add(metadata.data_len()).ok_or_else(damaged)?;
    opened.take(metadata.data_len() as u64 + 1).read_to_end(&mut file).map_err(|error| fault(&error))?;
    if file.len() < whole {
        return Err(short(file.len()));
    }
    let place = digest_place(&file).ok_or_else(damaged)?;
    let digest = file[place.clone()].to_vec();
    let mut hash = Sha256::new();
    hash.update(&file[..place.start]);
    hash.update([b'0'; DIGITS]);
    hash.update(&file[place.end..]);
    if to_hex(&hash.finalize()).as_bytes() == digest { Ok(file) } else { Err(damaged()) }
}

/// The JSON of the head.
fn head_of(file: &[u8]) -> Option<String> {
    let (_, metadata) = SafeTensors::read_metadata(file).ok()?;
    metadata.metadata().as_ref()?.get(HEAD).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_their_options_in_every_versions_form() {
        let earlier = r#"{"checkpoint_every": 5, "save_every": null, "save_cutouts": "seen", "gif": "a.gif", "mp4": null,
            "frames": null, "svg": "a.svg", "svg_sha256": "00"}"#;
        let beside: Beside = serde_json::from_str(earlier).unwrap();
        let files = [("gif".to_owned(), "a.gif".into()), ("svg".to_owned(), "a.svg".into())].into();
        let (kept_frames, picture_folder) = (None, None);
        let (save_cutouts, svg_sha256) = (Some("seen".into()), Some("00".to_owned()));
        let checkpoint_every = Some(5);
        let read =
            Beside { checkpoint_every, save_every: None, save_cutouts, svg_sha256, kept_frames, picture_folder, files };
        assert_eq!(beside, read);
        let kept_frames = Some(KeptFrames { frames: 3, bytes: 70, sha256: "11".to_owned() });
        let now = Beside { kept_frames, ..read };
        let json = serde_json::to_value(&now).unwrap();
        assert_eq!((&json["gif"], &json["kept_frames"]["frames"]), (&"a.gif".into(), &3.into()));
        assert_eq!(serde_json::from_value::<Beside>(json).unwrap(), now);
        // The oldest version had no movies.
        let oldest = r#"{"checkpoint_every": null, "save_every": 2, "save_cutouts": null}"#;
        assert_eq!(
            serde_json::from_str::<Beside>(oldest).unwrap(),
            Beside { save_every: Some(2), ..Beside::default() }
        );
    }

    #[test]
    fn relative_names_start_where_the_run_did() {
        let here = std::env::current_dir().unwrap();
        for (checkpoint, recorded, start) in [
            ("p.png.t2a", "", ""),
            ("out/p.png.t2a", "out", ""),
            ("out/p.png.t2a", "./out", ""),
            ("../fin/p.png.t2a", "", "../fin"),
            ("/home/fin/out/p.png.t2a", "out", "/home/fin"),
            ("moved/p.png.t2a", "no-such-folder", "moved"),
        ] {
            assert_eq!(start_of(Path::new(checkpoint).parent().unwrap(), Path::new(recorded)), Path::new(start));
        }
        let name = here.file_name().unwrap();
        assert_eq!(start_of(Path::new(""), Path::new(name)), here.parent().unwrap());
        let files = [("gif".to_owned(), "p.gif".into()), ("svg".to_owned(), "/a/p.svg".into())].into();
        let beside = Beside { files, picture_folder: Some("".into()), ..Beside::default() };
        let resolved = beside.resolved(Path::new("fin/p.png.t2a"));
        assert_eq!(resolved.files["gif"], Path::new("fin/p.gif"));
        assert_eq!(resolved.files["svg"], Path::new("/a/p.svg"));
    }
}
