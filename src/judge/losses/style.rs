//! The loss `style`: copies the colors and textures of another picture, as convolutional CLIP models see them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use candle_core::{Device, Tensor, Var};

use super::gram::Gram;
use super::measure::BYTES;
use super::{Loss, LossValue, Seen, Verdict, sizes};
use crate::clip::{Clip, key};
use crate::frozen::{Border, Filter, Homography, MemoryOf, Network, View, Warp, with_gradient};
use crate::judge::no_gradient;
use crate::picture::{self, Size, to_values};
use crate::settings::Settings;
use crate::{Error, Result};

/// What the loss is multiplied by at weight 1.
const SCALE: f64 = 3.0;
/// The side of a square, in multiples of the side of CLIP's input, whose area limits the size at which a picture is seen.
/// Textures are finer than what CLIP needs to recognize things.
const FINER: usize = 2;
/// The models that work with the loss, for messages.
const MODELS: [&str; 4] = ["embedded", "rn50", "rn101", "rn50x4"];

/// The distances between the Gram matrices of the picture and of the style's picture.
pub(super) struct Style {
    name: &'static str,
    weight: f64,
    path: PathBuf,
    /// The sizes that are drawn
    sizes: Vec<Size>,
    towers: Vec<Tower>,
    /// The Gram matrices of the style's picture at each size, by tower and stage, once it has been read
    wanted: Vec<(Size, Vec<Arc<Vec<Gram>>>)>,
}

/// An image tower of convolutions.
struct Tower {
    /// The model that it is of
    clip: Arc<Clip>,
    /// Its stages, one after the other
    stages: Vec<Network>,
    /// The side of CLIP's input
    side: usize,
    /// How many pixels of the input make one place after the last stage
    stride: usize,
}

impl Style {
    /// The style of the picture in a file, as the CLIP models of a run with these settings see it.
    ///
    /// # Errors
    /// If none of the models is made of convolutions.
    pub fn new(name: &'static str, weight: f64, path: &Path, settings: &Settings, clips: &[Arc<Clip>]) -> Result<Self> {
        let is_new = |index: usize| !clips[..index].iter().any(|other| Arc::ptr_eq(other, &clips[index]));
        let distinct = clips.iter().enumerate().filter(|(index, _)| is_new(*index)).map(|(_, clip)| clip);
        let towers = distinct.filter_map(|clip| Tower::of(clip).transpose()).collect::<Result<Vec<_>>>()?;
        if towers.is_empty() {
            let names = settings.clip.join(" and ");
            let problem = format!("‹loss› {name} needs a CLIP made of convolutions; this run has {names}");
            return Err(Error::usage(problem, format!("add one of {} with ‹clip›", MODELS.join(", "))));
        }
        Ok(Self { name, weight, path: path.to_owned(), sizes: sizes(settings), towers, wanted: Vec::new() })
    }

    /// What each of the distances is multiplied by.
    #[allow(clippy::cast_precision_loss)]
    fn factor(&self) -> f64 {
        let count: usize = self.towers.iter().map(|tower| tower.stages.len()).sum();
        self.weight * SCALE / count as f64
    }
}

impl Tower {
    /// The tower of a CLIP; none if it is a transformer.
    fn of(clip: &Arc<Clip>) -> Result<Option<Self>> {
        let (stages, side) = (clip.stages(), clip.side());
        if stages.is_empty() {
            return Ok(None);
        }
        let after = shapes(&stages, [side, side])?.pop().map_or(side, |[_, height, _]| height);
        Ok(Some(Self { clip: clip.clone(), stages, side, stride: side.div_ceil(after.max(1)) }))
    }

    /// The height and the width at which the tower sees a picture: the proportions of the picture, its area if that is not too
    /// large, and whole strides.
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    fn view(&self, size: Size) -> [usize; 2] {
        let most = ((FINER * self.side) as f64).powi(2);
        let scale = (most / (size.width as f64 * size.height as f64)).sqrt().min(1.0);
        let stride = self.stride as f64;
        [size.height, size.width].map(|side| (side as f64 * scale / stride).round().max(1.0) as usize * self.stride)
    }

    /// The features of a picture `[1, 3, height, width]` after each stage, `[1, channels, height, width]`.
    fn features(&self, picture: &Tensor) -> Result<Vec<Tensor>> {
        let (_, _, height, width) = picture.dims4()?;
        let mut features = self.warp(Size { width, height }).forward(picture)?;
        let mut all = Vec::with_capacity(self.stages.len());
        for stage in &self.stages {
            features = stage.forward(&features)?;
            all.push(features.clone());
        }
        Ok(all)
    }

    /// Resizes a picture of this size to how the tower sees it.
    fn warp(&self, size: Size) -> Network {
        let [height, width] = self.view(size);
        let view = View { matrix: Homography::IDENTITY, border: Border::Edge };
        Network::of(Warp::new(vec![view], (height, width), Filter::Area))
    }

    /// The peak memory of its passes for a picture of a size, in bytes.
    fn memory(&self, size: Size, of: MemoryOf) -> Result<u64> {
        let view = self.view(size);
        let mut bytes = self.warp(size).memory(&[1, 3, size.height, size.width], true, of)?.peak;
        let mut input = vec![1, 3, view[0], view[1]];
        for (stage, [channels, height, width]) in self.stages.iter().zip(shapes(&self.stages, view)?) {
            bytes = bytes.saturating_add(stage.memory(&input, true, of)?.peak);
            // The features and their gradient; on the host also as numbers, with the slopes and two matrices.
            let (numbers, matrix) = ((channels * height * width) as u64, (channels * channels) as u64);
            let on_host = if of == MemoryOf::Host { 2 * numbers + 2 * matrix } else { 0 };
            bytes = bytes.saturating_add(4 * (2 * numbers + on_host));
            input = vec![1, channels, height, width];
        }
        Ok(bytes)
    }
}

/// The channels, height and width after each stage, for an input of this height and width.
fn shapes(stages: &[Network], [height, width]: [usize; 2]) -> Result<Vec<[usize; 3]>> {
    let mut shape = vec![1, 3, height, width];
    let mut shapes = Vec::with_capacity(stages.len());
    for stage in stages {
        shape = stage.output_shape(&shape)?;
        match *shape {
            [_, channels, height, width] => shapes.push([channels, height, width]),
            _ => return Err(Error::fault("a stage of convolutions returns no picture")),
        }
    }
    Ok(shapes)
}

impl Loss for Style {
    fn name(&self) -> &'static str {
        self.name
    }

    fn prepare(&mut self) -> Result<()> {
        let picture = picture::read(&self.path)?;
        for &size in &self.sizes {
            let fitted = picture::cover(picture.clone(), size)?;
            let key = key("style", &fitted);
            let style = Tensor::from_vec(to_values(&fitted, 3), (1, 3, size.height, size.width), &Device::Cpu)?;
            let of_tower = |tower: &Tower| -> Result<Vec<Gram>> { tower.features(&style)?.iter().map(gram).collect() };
            let wanted = self.towers.iter().map(|tower| tower.clip.derived(key, || of_tower(tower)));
            let wanted = wanted.collect::<Result<Vec<_>>>()?;
            self.wanted.push((size, wanted));
        }
        Ok(())
    }

    /// The mean of the distances over all stages. The Gram matrices are computed on the host, the features on the device of
    /// the picture.
    fn judge(&mut self, seen: &Seen) -> Result<Option<Verdict>> {
        let visible = seen.visible()?;
        let (_, wanted) = self
            .wanted
            .iter()
            .find(|(size, _)| *size == visible.size)
            .ok_or_else(|| Error::fault("the picture of a style was not read at the size that is drawn"))?;
        let picture = Var::from_tensor(&visible.tensor(seen.picture.device())?)?;
        let (factor, mut loss) = (self.factor(), 0.0);
        let mut objective: Option<Tensor> = None;
        for (tower, wanted) in self.towers.iter().zip(wanted) {
            for (features, wanted) in tower.features(&picture)?.iter().zip(wanted.iter()) {
                let values = features.detach().flatten_all()?.to_vec1::<f32>()?;
                let (distance, slopes) = wanted.distance(&values, factor);
                loss += distance;
                let slopes = Tensor::from_vec(slopes, features.shape(), features.device())?;
                let term = with_gradient(features, &slopes)?;
                objective = Some(match objective {
                    Some(sum) => (sum + term)?,
                    None => term,
                });
            }
        }
        let gradients = objective.ok_or_else(no_gradient)?.backward()?;
        let slopes = gradients.get(&picture).ok_or_else(no_gradient)?.flatten_all()?.to_vec1()?;
        Ok(Some(Verdict { loss: LossValue::Known(loss), gradient: visible.gradient(seen.picture, slopes)? }))
    }

    fn memory(&self, size: Size, of: MemoryOf) -> Result<u64> {
        let pixels = BYTES.saturating_mul((size.width as u64).saturating_mul(size.height as u64));
        let mut towers = self.towers.iter().map(|tower| tower.memory(size, of));
        towers.try_fold(pixels, |sum, tower| Ok(sum.saturating_add(tower?)))
    }

    /// The Gram matrices at both sizes. Reading the picture is estimated where all input images are.
    fn kept(&self, size: Size) -> u64 {
        let shapes = self.towers.iter().filter_map(|tower| shapes(&tower.stages, tower.view(size)).ok()).flatten();
        shapes.map(|[channels, _, _]| 2 * 4 * (channels as u64).pow(2)).fold(0, u64::saturating_add)
    }
}

/// The Gram matrix of features `[1, channels, height, width]`.
fn gram(features: &Tensor) -> Result<Gram> {
    let (_, channels, _, _) = features.dims4()?;
    Ok(Gram::of(&features.flatten_all()?.to_vec1::<f32>()?, channels))
}

#[cfg(test)]
mod tests {
    use image::RgbImage;

    use super::*;
    use crate::clip::{Config, ConvolutionConfig, ImageConfig};
    use crate::judge::losses;
    use crate::models::manifest::Manifest;
    use crate::models::{ModelFiles, Role};
    use crate::random::Stream;
    use crate::resolve::combine;
    use crate::settings::{LossChoice, Overrides};

    fn embedded() -> Arc<Clip> {
        Arc::new(Clip::load(&ModelFiles::open(Role::Clip, "embedded").unwrap()).unwrap())
    }

    /// A CLIP of random weights with another image tower than the embedded one.
    fn random_clip(image: ImageConfig, side: usize) -> Arc<Clip> {
        let config = embedded().config().clone();
        Arc::new(Clip::random(Config { side, image, ..config }, 3).unwrap())
    }

    fn resnet() -> Arc<Clip> {
        random_clip(ImageConfig::ResNet { width: 8, blocks: [1, 2, 1, 1], heads: 4 }, 32)
    }

    fn settings(size: Size, path: &Path, weight: f64) -> Settings {
        let loss: LossChoice = format!("style={}:{weight}", path.display()).parse().unwrap();
        let overrides = Overrides {
            prompt: Some("a".parse().unwrap()),
            size: Some(size.to_string().parse().unwrap()),
            loss: Some(vec![loss]),
            ..Overrides::default()
        };
        combine(&[overrides]).unwrap()
    }

    /// A picture of diagonal stripes.
    fn stripes(path: &Path) {
        let color = |x: u32, y: u32| if ((x + y) / 4).is_multiple_of(2) { [230, 40, 20] } else { [20, 90, 200] };
        RgbImage::from_fn(40, 30, |x, y| image::Rgb(color(x, y))).save(path).unwrap();
    }

    #[allow(clippy::cast_possible_truncation)]
    fn noise(count: usize) -> Vec<f32> {
        let mut stream = Stream::new(4, "test", 0);
        (0..count).map(|_| stream.between(0.2, 0.8) as f32).collect()
    }

    /// The loss of a picture `[channels, height, width]`, and its gradient.
    fn judged(loss: &mut dyn Loss, values: &[f32], [channels, height, width]: [usize; 3]) -> (f64, Vec<f32>) {
        let picture = Tensor::from_slice(values, (1, channels, height, width), &Device::Cpu).unwrap();
        let verdict = loss.judge(&Seen::new(&picture, 0, None, 0.5)).unwrap().unwrap();
        let LossValue::Known(value) = verdict.loss else { panic!("the loss is computed") };
        assert_eq!(verdict.gradient.dims(), picture.dims());
        (value, verdict.gradient.flatten_all().unwrap().to_vec1().unwrap())
    }

    /// Along the gradient, the loss rises as fast as the gradient says, for towers of both kinds and for both together.
    /// Networks compute in single precision, so single values would tell less.
    #[test]
    fn gradients_are_those_of_the_loss() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stripes.png");
        stripes(&path);
        for clips in [vec![embedded()], vec![resnet()], vec![embedded(), resnet()]] {
            for shape in [[3, 40, 52], [4, 40, 52]] {
                let settings = settings(Size { width: 52, height: 40 }, &path, 1.5);
                let mut loss = losses(&settings, &clips).unwrap().remove(0);
                loss.prepare().unwrap();
                let values = noise(shape.iter().product());
                let (value, gradient) = judged(loss.as_mut(), &values, shape);
                // The mean of distances that are at most 1, times the weight and the scale.
                assert!(value > 0.1 && value <= 4.5, "{value}");
                let length = gradient.iter().map(|slope| f64::from(*slope).powi(2)).sum::<f64>().sqrt();
                assert!(length > 1e-4, "{length}");
                #[allow(clippy::cast_possible_truncation)]
                let mut at = |step: f64| {
                    let along = |(value, slope): (&f32, &f32)| value + (f64::from(*slope) / length * step) as f32;
                    judged(loss.as_mut(), &values.iter().zip(&gradient).map(along).collect::<Vec<_>>(), shape).0
                };
                let difference = (at(0.02) - at(-0.02)) / 0.04;
                assert!((difference / length - 1.0).abs() < 0.02, "{shape:?}: {difference}, {length}");
            }
        }
    }

    #[test]
    fn a_picture_has_its_own_style() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stripes.png");
        stripes(&path);
        let size = Size { width: 40, height: 30 };
        let clips = [resnet(), embedded()];
        let mut loss = losses(&settings(size, &path, 1.0), &clips).unwrap().remove(0);
        loss.prepare().unwrap();
        // What happens to the file later changes nothing.
        let own = to_values(&picture::read(&path).unwrap(), 3);
        std::fs::remove_file(&path).unwrap();
        let (value, gradient) = judged(loss.as_mut(), &own, [3, 30, 40]);
        assert!(value < 1e-9 && gradient.iter().all(|slope| slope.abs() < 1e-6), "{value}");
        assert!(judged(loss.as_mut(), &noise(own.len()), [3, 30, 40]).0 > 0.1);
        // Another size was not read.
        let other = Tensor::zeros((1, 3, 8, 8), candle_core::DType::F32, &Device::Cpu).unwrap();
        assert!(loss.judge(&Seen::new(&other, 0, None, 0.5)).is_err());
        let gone = losses(&settings(size, &path, 1.0), &clips).unwrap().remove(0).prepare();
        assert!(gone.is_err());
    }

    /// A CLIP that is named twice counts once, and the mean does not grow with the number of models.
    #[test]
    fn towers_share_the_weight() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stripes.png");
        stripes(&path);
        let (size, values) = (Size { width: 32, height: 32 }, noise(3 * 32 * 32));
        let (one, other) = (embedded(), resnet());
        let value = |clips: &[Arc<Clip>]| {
            let mut loss = losses(&settings(size, &path, 1.0), clips).unwrap().remove(0);
            loss.prepare().unwrap();
            judged(loss.as_mut(), &values, [3, 32, 32]).0
        };
        let [of_one, of_other] = [&one, &other].map(|clip| value(std::slice::from_ref(clip)));
        assert!((value(&[one.clone(), one.clone()]) - of_one).abs() < 1e-12);
        // Both have three stages.
        assert!((value(&[one, other]) - f64::midpoint(of_one, of_other)).abs() < 1e-9);
    }

    #[test]
    fn pictures_are_seen_with_their_proportions_and_at_most_the_finer_area() {
        let tower = Tower::of(&embedded()).unwrap().unwrap();
        assert_eq!((tower.stages.len(), tower.side, tower.stride), (3, 64, 8));
        let view = |width, height| tower.view(Size { width, height });
        assert_eq!(view(64, 64), [64, 64]);
        assert_eq!(view(512, 512), [128, 128]);
        assert_eq!(view(1024, 256), [64, 256]);
        assert_eq!(view(1, 3), [8, 8]);
        assert_eq!(view(40, 30), [32, 40]);
        let tower = Tower::of(&resnet()).unwrap().unwrap();
        assert_eq!((tower.stages.len(), tower.stride), (3, 16));
    }

    #[test]
    fn models_without_convolutions_are_refused() {
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/clip");
        let files = ModelFiles::open(Role::Clip, fixture.to_str().unwrap()).unwrap();
        let transformer = Arc::new(Clip::load(&files).unwrap());
        let settings = settings(Size { width: 32, height: 32 }, Path::new("a.png"), 1.0);
        let Err(error) = losses(&settings, std::slice::from_ref(&transformer)) else { panic!("not refused") };
        assert!(error.to_string().contains("needs a CLIP made of convolutions"), "{error}");
        assert!(error.hint().contains("embedded, rn50"), "{}", error.hint());
        // One that has them is enough.
        assert_eq!(losses(&settings, &[transformer, embedded()]).unwrap().len(), 1);
        let known = Manifest::get().unwrap();
        for name in &MODELS[1..] {
            assert!(known.model(name).is_some(), "{name}");
        }
        // A stack without a change of resolution is one stage, which is about things.
        let layer = ConvolutionConfig { kernel: 3, stride: 2, padding: 1, out: 4, residual: false };
        let single = random_clip(ImageConfig::Convolutions { layers: vec![layer], hidden: Some(4) }, 32);
        assert!(losses(&settings, &[single]).is_err());
    }

    #[test]
    fn memory_grows_with_the_picture_up_to_what_is_seen() {
        let settings = settings(Size { width: 32, height: 32 }, Path::new("a.png"), 1.0);
        let loss = losses(&settings, &[embedded()]).unwrap().remove(0);
        let of = |side: usize| loss.memory(Size { width: side, height: side }, MemoryOf::Host).unwrap();
        assert!(of(64) < of(128) && of(128) < of(256));
        // From there on, only the picture itself grows: its numbers and gradients.
        let more = (of(1024) - of(512)) / (1024 * 1024 - 512 * 512);
        assert!((80..200).contains(&more), "{more}");
        assert!(loss.kept(Size { width: 32, height: 32 }) >= 2 * 4 * (32 * 32 + 64 * 64 + 112 * 112));
    }
}
