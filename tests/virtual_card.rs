//! The program on a virtual card (`tests/virtual_card`): what it computes on a GPU, executed on the CPU and looked at
//! call by call, so that no GPU and no driver is needed.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

#[path = "common/program.rs"]
#[allow(dead_code)]
mod program;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use candle_core::{DType, Device, Result, Tensor, Var};

use program::{BINARY, Outcome, Workplace, finish};

/// A folder with a virtual card's libraries for a program.
fn card_for(program: &Path, name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/virtual_card/make.sh");
    assert!(Command::new(script).arg(program).arg(&folder).status().unwrap().success());
    folder
}

/// Runs a test of this file once more, on a virtual card.
fn passes_on_a_virtual_card(test: &str) {
    let tests = std::env::current_exe().unwrap();
    let mut command = Command::new(&tests);
    command.env("LD_LIBRARY_PATH", card_for(&tests, "virtual-card-for-tests"));
    let outcome = command.args(["--ignored", "--exact", test]).output().unwrap();
    let (output, errors) = (String::from_utf8_lossy(&outcome.stdout), String::from_utf8_lossy(&outcome.stderr));
    assert!(outcome.status.success(), "{output}{errors}");
    // Its name is one of a test.
    assert!(output.contains("1 passed"), "{output}");
    assert_eq!(errors, "");
}

fn wave(shape: &[usize], step: f32, device: &Device) -> Result<Tensor> {
    let count = shape.iter().product::<usize>();
    #[allow(clippy::cast_precision_loss)]
    Tensor::from_vec((0..count).map(|index| (index as f32 * step).sin()).collect(), shape, device)
}

/// What a run does with the tensor library, from one end to the other: a step of Adam on a loss of a picture's.
fn steps(device: &Device) -> Result<Vec<Tensor>> {
    let latent = Var::from_tensor(&wave(&[1, 4, 5, 6], 0.7, device)?)?;
    let (mut first, mut second) = (latent.zeros_like()?, latent.zeros_like()?);
    let weight = wave(&[6, 3], 1.3, device)?;
    let mut found = Vec::new();
    for step in 1..=3 {
        let (least, most) = (Tensor::new(-0.8_f32, device)?, Tensor::new(0.9_f32, device)?);
        let inside = latent.affine(0.9, 0.05)?.broadcast_maximum(&least)?.broadcast_minimum(&most)?;
        let turned = inside.transpose(2, 3)?.contiguous()?;
        let parts = Tensor::cat(&[&turned.narrow(1, 0, 2)?, &turned.narrow(1, 2, 2)?.sqr()?], 1)?;
        let is_bright = parts.ge(0.2)?;
        let mixed = is_bright.where_cond(&parts.sqrt()?.detach(), &parts.affine(2.0, 0.0)?)?;
        let product = mixed.transpose(2, 3)?.contiguous()?.reshape((20, 6))?.matmul(&weight)?;
        let smooth = (latent.narrow(2, 1, 4)? - latent.narrow(2, 0, 4)?)?.abs()?.mean_all()?;
        let means = product.mean_keepdim(0)?;
        let loss = product.broadcast_sub(&means)?.sqr()?.sum_all()?.affine(0.01, 0.0)?;
        let loss = ((loss + smooth)? + product.broadcast_mul(&means)?.exp()?.mean_all()?)?;
        let gradients = loss.backward()?;
        let gradient = gradients.get(&latent).unwrap();
        first = ((first * 0.9)? + (gradient * 0.1)?)?;
        second = ((second * 0.999)? + (gradient.sqr()? * 0.001)?)?;
        let scale = second.affine(1.0 / (1.0 - 0.999_f64.powi(step)), 0.0)?.sqrt()?.affine(1.0, 1e-8)?;
        let change = first.affine(0.1 / (1.0 - 0.9_f64.powi(step)), 0.0)?.broadcast_div(&scale)?;
        latent.set(&latent.sub(&change)?)?;
        found.extend([loss, gradient.clone(), latent.as_tensor().clone(), is_bright.to_dtype(DType::F32)?]);
    }
    let selected = weight.index_select(&Tensor::new(&[4_u32, 0, 4], device)?, 0)?;
    let largest = weight.max_keepdim(1)?.broadcast_as((6, 3))?.eq(&weight)?.to_dtype(DType::F64)?;
    let stacked = Tensor::stack(&[&weight.neg()?, &weight.recip()?, &weight.powf(2.0)?], 0)?;
    found.extend([selected, largest.to_dtype(DType::F32)?, stacked.permute((2, 0, 1))?.contiguous()?]);
    found.push(Tensor::arange(0_u32, 7, device)?.to_dtype(DType::F32)?.pad_with_zeros(0, 1, 2)?);
    Ok(found)
}

#[test]
#[ignore = "needs a GPU"]
fn tensors_on_a_gpu() {
    let numbers = |device: &Device| -> Vec<Vec<f32>> {
        steps(device).unwrap().iter().map(|tensor| tensor.flatten_all().unwrap().to_vec1().unwrap()).collect()
    };
    let (found, expected) = (numbers(&Device::new_cuda_with_stream(0).unwrap()), numbers(&Device::Cpu));
    for (number, (found, expected)) in found.iter().zip(&expected).enumerate() {
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() <= 1e-6 * (1.0 + expected.abs()), "{number}: {found}, not {expected}");
        }
    }
}

#[test]
fn tensors_are_what_they_are_on_the_processor() {
    passes_on_a_virtual_card("tensors_on_a_gpu");
}

/// The program on a virtual card.
fn run(workplace: &Workplace, settings: &[(&str, &str)], arguments: &[&str]) -> Outcome {
    static CARD: OnceLock<PathBuf> = OnceLock::new();
    let card = CARD.get_or_init(|| card_for(Path::new(BINARY), "virtual-card"));
    let mut command = workplace.command();
    finish(command.env("LD_LIBRARY_PATH", card).envs(settings.iter().copied()).args(arguments))
}

/// Draws on a device; the picture's bytes.
fn draw(workplace: &Workplace, device: &[&str], more: &[&str]) -> Vec<u8> {
    let line = [&["a red apple", "--seed", "1", "--quiet", "-o", "apple.png"], device, more].concat();
    let outcome = run(workplace, &[], &line).succeeded();
    assert_eq!(outcome.errors, "", "{line:?}");
    image::load_from_memory(&workplace.read("apple.png")).unwrap().into_rgb8().into_raw()
}

const GPU: [&str; 4] = ["--device", "cuda:0", "--precision", "f32"];

/// How far two pictures are apart: the most of one byte.
fn apart(first: &[u8], second: &[u8]) -> u8 {
    assert_eq!(first.len(), second.len());
    first.iter().zip(second).map(|(first, second)| first.abs_diff(*second)).max().unwrap()
}

#[test]
fn a_gpu_draws_what_the_processor_draws() {
    let workplace = Workplace::new();
    let small = ["--size", "64x64", "-n", "3"];
    let expected = draw(&workplace, &["--device", "cpu"], &small);
    let found = draw(&workplace, &GPU, &small);
    assert!(apart(&found, &expected) <= 1, "{} apart", apart(&found, &expected));
    assert!(found == draw(&workplace, &GPU, &small), "another picture the second time");
    // An earlier one is not so near.
    assert!(apart(&found, &draw(&workplace, &["--device", "cpu"], &["--size", "64x64", "-n", "1"])) > 8);
}
