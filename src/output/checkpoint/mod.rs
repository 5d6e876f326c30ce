//! Checkpoints: files from which a run continues.
//!
//! A checkpoint is a safetensors file. Its tensors are the parameters, their average if there is one, the optimizer's
//! averages and the last picture. Everything else is the head: JSON in its metadata.

mod beside;
mod file;

use std::path::Path;

use candle_core::{DType, Device, Tensor};
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use serde::{Deserialize, Serialize};

pub use beside::{Beside, KeptFrames};

use file::{DAMAGED, fault, head_of, read_whole, whole};

use super::Recipe;
use crate::optimizer::OptimizerState;
use crate::resolve::check;
use crate::session::{Average, FitSoFar, FrameStart, Judged, Plateau, SessionState};
use crate::{Error, Result};

/// The version of the format.
const FORMAT: u32 = 1;

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
        let views = tensors.iter().zip(&bytes).map(|((name, tensor), bytes)| {
            let view = TensorView::new(Dtype::F32, tensor.dims().to_vec(), bytes);
            Ok((name.as_str(), view.map_err(fault)?))
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
        let head = serde_json::to_string(&head).map_err(fault)?;
        whole(head, views.collect::<Result<_>>()?)
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
