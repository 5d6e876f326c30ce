//! The prior's network; `weights/training/prior.py` has it in PyTorch.

use candle_core::{Device, Tensor};
use candle_nn::VarBuilder;
use serde::Deserialize;

use crate::Result;
use crate::frozen::{Activation, Convolution, GroupNorm, Linear, Network, Step, Upsample, Window};
use crate::models::Values;

/// The network's dimensions and other settings that its weights do not show.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Config {
    /// Channels
    width: usize,
    /// Length of the condition computed from sentence and choices
    condition: usize,
    /// Length of a text tower state
    pub states: usize,
    /// Length of a codebook vector
    code: usize,
    /// Places along a side at first; doubled in the end
    coarse: usize,
    /// Channels of the first map
    map: usize,
    groups: usize,
    epsilon: f64,
    pub choices: ChoicesConfig,
}

/// Choices that a picture depends on besides its sentence.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct ChoicesConfig {
    /// Number of artists
    pub artists: usize,
    /// The artists whose drawings were learned
    pub learned: Vec<usize>,
    /// Number of variants of backgrounds and strokes
    pub variants: usize,
}

impl ChoicesConfig {
    pub(super) fn length(&self) -> usize {
        self.artists + self.variants
    }
}

/// A residual block of two convolutions, between which the condition scales and shifts (Perez et al., 2018).
struct Modulated {
    before: Network,
    modulation: Network,
    after: Network,
}

/// Attention from each place to the words.
struct Attention {
    queries: Network,
    keys: Network,
    values: Network,
    out: Network,
}

/// The network from a sentence and choices to a grid of vectors in the codebook's space.
pub(super) struct PriorNetwork {
    config: Config,
    condition: Network,
    map: Network,
    enter: Network,
    places: Vec<f32>,
    fine_places: Vec<f32>,
    double: Network,
    /// Attention to the words and convolutions, at each of the two sizes
    stages: [(Attention, Modulated); 2],
    out: Network,
}

fn linear(builder: &VarBuilder, inputs: usize, outputs: usize) -> Result<Step> {
    let weight = builder.values((outputs, inputs), "weight")?;
    let bias = builder.values(outputs, "bias")?;
    Ok(Step::layer(Linear::new(weight, Some(bias), inputs, outputs)))
}

fn convolution(builder: &VarBuilder, inputs: usize, outputs: usize, side: usize) -> Result<Step> {
    let weight = builder.values((outputs, inputs, side, side), "weight")?;
    let bias = builder.values(outputs, "bias")?;
    Ok(Step::layer(Convolution::new(weight, bias, inputs, outputs, Window::same(side))))
}

fn norm(builder: &VarBuilder, config: &Config, silu: bool) -> Result<Step> {
    let scale = builder.values(config.width, "weight")?;
    let shift = builder.values(config.width, "bias")?;
    Ok(Step::layer(GroupNorm::new(scale, shift, config.groups, config.epsilon, silu)))
}

impl PriorNetwork {
    pub(super) fn load(builder: &VarBuilder, config: Config) -> Result<Self> {
        let Config { width, condition, states, code, coarse, map, .. } = config;
        let stage = |index: usize| -> Result<(Attention, Modulated)> {
            let attention = Attention::load(&builder.pp("attentions").pp(index), &config)?;
            Ok((attention, Modulated::load(&builder.pp("blocks").pp(index), &config)?))
        };
        Ok(Self {
            condition: Network::new(vec![
                linear(&builder.pp("condition1"), states + config.choices.length(), condition)?,
                Step::layer(Activation::Silu),
                linear(&builder.pp("condition2"), condition, condition)?,
                Step::layer(Activation::Silu),
            ]),
            map: Network::new(vec![linear(&builder.pp("map"), condition, map * coarse * coarse)?]),
            enter: Network::new(vec![convolution(&builder.pp("conv_in"), map, width, 1)?]),
            places: builder.values((1, width, coarse, coarse), "places")?,
            fine_places: builder.values((1, width, 2 * coarse, 2 * coarse), "fine_places")?,
            double: Network::of(Upsample),
            stages: [stage(0)?, stage(1)?],
            out: Network::new(vec![
                norm(&builder.pp("norm_out"), &config, true)?,
                convolution(&builder.pp("conv_out"), width, code, 3)?,
            ]),
            config,
        })
    }

    /// The vectors `[1, code, side, side]` for the states of the sentences' words, one after the other, the weighted
    /// mean of the last states, and the choices.
    pub(super) fn forward(&self, states: &[f32], end: &[f32], choices: &[f32]) -> Result<Tensor> {
        let Config { width, coarse, map, states: length, .. } = self.config;
        let said = [end, choices].concat();
        let said = Tensor::from_slice(&said, (1, 1, said.len()), &Device::Cpu)?;
        let condition = self.condition.forward(&said)?;
        let first = self.map.forward(&condition)?.reshape((1, map, coarse, coarse))?;
        let condition = condition.flatten_all()?;
        let states = Tensor::from_slice(states, (1, states.len() / length, length), &Device::Cpu)?;
        let places = Tensor::from_slice(&self.places, (1, width, coarse, coarse), &Device::Cpu)?;
        let fine_places = Tensor::from_slice(&self.fine_places, (1, width, 2 * coarse, 2 * coarse), &Device::Cpu)?;
        let [(look, convolve), (look_again, refine)] = &self.stages;
        let grid = (self.enter.forward(&first)? + places)?;
        let grid = convolve.forward(&look.forward(&grid, &states)?, &condition)?;
        let grid = (self.double.forward(&grid)? + fine_places)?;
        let grid = refine.forward(&look_again.forward(&grid, &states)?, &condition)?;
        Ok(self.out.forward(&grid)?)
    }
}

impl Modulated {
    fn load(builder: &VarBuilder, config: &Config) -> Result<Self> {
        let Config { width, condition, .. } = *config;
        Ok(Self {
            before: Network::new(vec![
                norm(&builder.pp("norm1"), config, true)?,
                convolution(&builder.pp("conv1"), width, width, 3)?,
                norm(&builder.pp("norm2"), config, false)?,
            ]),
            modulation: Network::new(vec![linear(&builder.pp("modulation"), condition, 2 * width)?]),
            after: Network::new(vec![
                Step::layer(Activation::Silu),
                convolution(&builder.pp("conv2"), width, width, 3)?,
            ]),
        })
    }

    fn forward(&self, grid: &Tensor, condition: &Tensor) -> Result<Tensor> {
        let modulation = self.modulation.forward(&condition.reshape((1, 1, ()))?)?.flatten_all()?.to_vec1::<f32>()?;
        let (scale, shift) = modulation.split_at(modulation.len() / 2);
        let inner = self.before.forward(grid)?;
        let mut values = inner.flatten_all()?.to_vec1::<f32>()?;
        let area = values.len() / scale.len();
        for (channel, (scale, shift)) in values.chunks_mut(area).zip(scale.iter().zip(shift)) {
            for value in channel {
                *value = *value * (1.0 + scale) + shift;
            }
        }
        let inner = self.after.forward(&Tensor::from_vec(values, inner.shape(), &Device::Cpu)?)?;
        Ok((grid + inner)?)
    }
}

impl Attention {
    fn load(builder: &VarBuilder, config: &Config) -> Result<Self> {
        let Config { width, states, .. } = *config;
        Ok(Self {
            queries: Network::new(vec![
                norm(&builder.pp("norm"), config, false)?,
                convolution(&builder.pp("queries"), width, width, 1)?,
            ]),
            keys: Network::new(vec![linear(&builder.pp("keys"), states, width)?]),
            values: Network::new(vec![linear(&builder.pp("values"), states, width)?]),
            out: Network::new(vec![convolution(&builder.pp("out"), width, width, 1)?]),
        })
    }

    #[allow(clippy::cast_precision_loss)]
    fn forward(&self, grid: &Tensor, states: &Tensor) -> Result<Tensor> {
        let (_, width, height, breadth) = grid.dims4()?;
        let places = height * breadth;
        let queries = self.queries.forward(grid)?.flatten_all()?.to_vec1::<f32>()?;
        let keys = self.keys.forward(states)?.flatten_all()?.to_vec1::<f32>()?;
        let values = self.values.forward(states)?.flatten_all()?.to_vec1::<f32>()?;
        let scale = 1.0 / (width as f32).sqrt();
        let mut attended = vec![0.0; queries.len()];
        for place in 0..places {
            let fit = |key: &[f32]| (0..width).map(|at| queries[at * places + place] * key[at]).sum::<f32>() * scale;
            let fits: Vec<f32> = keys.chunks(width).map(fit).collect();
            let highest = fits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let weights: Vec<f32> = fits.iter().map(|fit| (fit - highest).exp()).collect();
            let total: f32 = weights.iter().sum();
            for (weight, value) in weights.iter().zip(values.chunks(width)) {
                for (at, value) in value.iter().enumerate() {
                    attended[at * places + place] += weight / total * value;
                }
            }
        }
        let attended = Tensor::from_vec(attended, grid.shape(), &Device::Cpu)?;
        Ok((grid + self.out.forward(&attended)?)?)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::Prior;

    /// The reference is from PyTorch with single-precision weights; the embedded weights have half precision.
    #[test]
    fn vectors_are_those_of_the_training() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/embedded/expected.safetensors");
        let expected = candle_core::safetensors::load(path, &candle_core::Device::Cpu).unwrap();
        let values = |name: &str| expected[name].flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let prior = Prior::of(None, None).unwrap();
        let sentence = "a red apple on a blue background";
        let states = prior.clip.text_states(&prior.clip.tokenizer().encode(sentence).unwrap()).unwrap();
        let end = &states[states.len() - prior.network.config.states..];
        let vectors = prior.network.forward(&states, end, &values("prior_choices")).unwrap();
        let (vectors, wanted) = (vectors.flatten_all().unwrap().to_vec1::<f32>().unwrap(), values("prior_vectors"));
        assert_eq!(vectors.len(), wanted.len());
        let length = |values: &mut dyn Iterator<Item = f32>| values.map(|value| value * value).sum::<f32>().sqrt();
        let difference = length(&mut vectors.iter().zip(&wanted).map(|(vector, wanted)| vector - wanted));
        assert!(difference < 1e-2 * length(&mut wanted.iter().copied()), "{difference}");
    }
}
