//! The program on a virtual card (`tests/virtual_card`): everything that it computes on a GPU is executed on the CPU
//! and checked call by call, so that no GPU and no driver is needed.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use crate::common::program;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};

use candle_core::cuda::cudarc::driver::sys::CUresult;
use candle_core::cuda::cudarc::driver::{CudaContext, CudaSlice, CudaStream, LaunchConfig, PushKernelArg};
use candle_core::cuda::kernels;
use candle_core::{DType, Device, Result, Tensor, Var};

use program::{BINARY, Outcome, Workplace, finish};

/// A folder with a virtual card's libraries for a program.
fn card_for(program: &Path, name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/virtual_card/make.sh");
    assert!(Command::new(script).arg(program).arg(&folder).status().unwrap().success());
    folder
}

/// Runs a test of this program, which has to pass, on a virtual card; what the card says.
fn passes_on_a_virtual_card(test: &str) -> String {
    static CARD: OnceLock<PathBuf> = OnceLock::new();
    let tests = std::env::current_exe().unwrap();
    let card = CARD.get_or_init(|| card_for(&tests, "virtual-card-for-tests"));
    let mut command = Command::new(&tests);
    let outcome = command.env("LD_LIBRARY_PATH", card).args(["--ignored", "--exact", test]).output().unwrap();
    let (output, errors) = (String::from_utf8_lossy(&outcome.stdout), String::from_utf8_lossy(&outcome.stderr));
    // There is a test of that name.
    assert!(outcome.status.success() && output.contains("1 passed"), "{output}{errors}");
    errors.into_owned()
}

fn wave(shape: &[usize], step: f32, device: &Device) -> Result<Tensor> {
    let count = shape.iter().product::<usize>();
    #[allow(clippy::cast_precision_loss)]
    Tensor::from_vec((0..count).map(|index| (index as f32).mul_add(step, 0.3).sin()).collect(), shape, device)
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
    assert_eq!(passes_on_a_virtual_card("virtual_card::tensors_on_a_gpu"), "");
}

/// Copies so many numbers by a kernel of the tensor library's, on a stream.
fn copy(
    stream: &Arc<CudaStream>,
    from: &CudaSlice<f32>,
    to: &CudaSlice<f32>,
    count: u32,
) -> std::result::Result<(), CUresult> {
    let module = stream.context().load_module(kernels::FILL.ptx().into()).unwrap();
    let function = module.load_function("copy2d_f32").unwrap();
    let mut launch = stream.launch_builder(&function);
    launch.arg(from).arg(to).arg(&1_u32).arg(&count).arg(&count).arg(&count);
    // SAFETY: these are its parameters; on a virtual card the guards hold what is too much.
    unsafe { launch.launch(LaunchConfig::for_num_elems(count)) }.map(|_| ()).map_err(|error| error.0)
}

#[test]
#[ignore = "does what a virtual card has to find"]
fn what_is_wrong() {
    let wrong = Err(CUresult::CUDA_ERROR_ILLEGAL_ADDRESS);
    let context = CudaContext::new(0).unwrap();
    // SAFETY: that this is none is what is tried.
    unsafe { context.disable_event_tracking() };
    let (first, second) = (context.new_stream().unwrap(), context.new_stream().unwrap());
    let (from, to) = (first.clone_htod(&[1.0_f32; 8]).unwrap(), first.clone_htod(&[2.0_f32; 4]).unwrap());

    assert_eq!(copy(&first, &from, &to, 4), Ok(()));
    assert_eq!(first.clone_dtoh(&to).unwrap(), [1.0; 4]);
    assert_eq!(copy(&second, &from, &to, 4), Ok(()), "the host has waited for the first stream");
    assert_eq!(copy(&first, &from, &to, 4), wrong, "the second stream may still write");
    first.join(&second).unwrap();
    assert_eq!(copy(&first, &from, &to, 4), Ok(()), "the first stream has waited for the second");
    // SAFETY: nobody reads it.
    let fresh = unsafe { first.alloc::<f32>(4) }.unwrap();
    assert!(first.clone_dtoh(&fresh).unwrap().iter().all(|number| number.is_nan()));

    let own = context.per_thread_stream();
    assert_eq!(copy(&own, &fresh, &fresh, 4), Ok(()));
    let of_other_thread = std::thread::scope(|scope| scope.spawn(|| copy(&own, &fresh, &fresh, 4)).join().unwrap());
    assert_eq!(of_other_thread, wrong, "each thread has a stream of its own");

    assert_eq!(copy(&first, &from, &to, 5), wrong);
    std::mem::forget(to);
    let unknown = Tensor::new(1.0_f32, &Device::new_cuda_with_stream(0).unwrap()).unwrap().gelu().unwrap_err();
    assert!(unknown.to_string().contains("CUDA_ERROR_NOT_SUPPORTED"), "{unknown}");
}

#[test]
fn a_virtual_card_finds_what_is_wrong() {
    let said = passes_on_a_virtual_card("virtual_card::what_is_wrong");
    for part in ["while another may still use it", "wrote beside memory of 16 bytes", "it was copy2d_f32", "ugelu_f32"]
    {
        assert!(said.contains(part), "no {part:?} in {said}");
    }
}

fn run(workplace: &Workplace, arguments: &[&str]) -> Outcome {
    run_with(workplace, &[], arguments)
}

/// The program on a virtual card, of which the environment tells something.
fn run_with(workplace: &Workplace, settings: &[(&str, &str)], arguments: &[&str]) -> Outcome {
    static CARD: OnceLock<PathBuf> = OnceLock::new();
    let card = CARD.get_or_init(|| card_for(Path::new(BINARY), "virtual-card"));
    let mut command = workplace.command();
    finish(command.env("LD_LIBRARY_PATH", card).envs(settings.iter().copied()).args(arguments))
}

fn pixels(workplace: &Workplace, picture: &str) -> Vec<u8> {
    image::load_from_memory(&workplace.read(picture)).unwrap().into_rgb8().into_raw()
}

/// How far two pictures are apart: the most of one byte.
fn apart(first: &[u8], second: &[u8]) -> u8 {
    assert_eq!(first.len(), second.len());
    first.iter().zip(second).map(|(first, second)| first.abs_diff(*second)).max().unwrap()
}

const GPU: [&str; 4] = ["--device", "cuda:0", "--precision", "f32"];

#[test]
fn a_gpu_draws_what_the_processor_draws() {
    let workplace = Workplace::new();
    // So fast that some of the codebook's vectors change.
    let small = ["a red apple", "--size", "64x64", "--seed", "1", "--learning-rate", "0.3", "--progress", "json"];
    let draw = |device: &[&str], iterations: &str, name: &str| {
        let line = [&small[..], device, &["-n", iterations, "-o", name]].concat();
        let events = run(&workplace, &line).succeeded().events();
        let losses: Vec<f64> = events.iter().filter_map(|event| event["loss"].as_f64()).collect();
        (losses, pixels(&workplace, name))
    };
    let processor = ["--device", "cpu"];
    let (expected_losses, expected) = draw(&processor, "3", "processor.png");
    let (losses, found) = draw(&GPU, "3", "gpu.png");
    assert_eq!(losses.len(), expected_losses.len());
    for (loss, expected) in losses.iter().zip(&expected_losses) {
        assert!((loss - expected).abs() < 1e-5, "{losses:?}, not {expected_losses:?}");
    }
    assert!(apart(&found, &expected) <= 1, "{} apart", apart(&found, &expected));
    assert!(draw(&GPU, "3", "again.png") == (losses, found), "another picture the second time");
    let (_, first) = draw(&processor, "1", "first.png");
    assert!(apart(&first, &expected) > 8, "nothing was drawn");
}

/// What a virtual card counts until the program ends, by name.
fn totals(workplace: &Workplace, arguments: &[&str]) -> serde_json::Value {
    totals_in(workplace, arguments, &GPU)
}

fn totals_in(workplace: &Workplace, arguments: &[&str], gpu: &[&str]) -> serde_json::Value {
    let path = workplace.argument("totals.json");
    run_with(workplace, &[("VIRTUAL_CARD_TOTALS", &path)], &[arguments, gpu].concat()).succeeded();
    serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap()
}

#[test]
fn a_gpu_is_waited_for_once_an_iteration() {
    const CUTOUTS: u64 = 4;
    let workplace = Workplace::new();
    let small = ["--size", "32x32", "--cutouts", "4"];
    let drawn = |iterations: &str| {
        let line = ["a red apple", "-n", iterations, "--seed", "1", "-q", "-o", "x.png", "--force"];
        let totals = totals(&workplace, &[&line[..], &small].concat());
        let launches = totals["launches"].as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum();
        let [waits, to_card, to_host] = ["waits", "to_card", "to_host"].map(|name| totals[name].as_u64().unwrap());
        [waits, to_card, to_host, launches]
    };
    let (two, six) = (drawn("2"), drawn("6"));
    let [waits, to_card, to_host, launches] = std::array::from_fn(|index| (six[index] - two[index]) / 4);
    println!("an iteration: {waits} waits, {to_card} bytes to the card, {to_host} to the host, {launches} launches");
    // A distance of each cutout, the latent's loss of its own, and the square of its gradient.
    assert_eq!((waits, to_host), (1, 4 * (CUTOUTS + 2)));
    // Where each cutout lies (12 numbers of f64) and what is done to it (18 of 32 bits), and nothing of a picture's size.
    assert_eq!(to_card, CUTOUTS * (12 * 8 + 18 * 4));
    // The bench knows of everything that passes.
    let bench = [&["bench", "--json", "--repetitions", "1"][..], &small, &GPU].concat();
    let report = run(&workplace, &bench).succeeded().output_json();
    assert_eq!(report["traffic"], serde_json::json!({ "to_gpu": to_card, "to_host": to_host }));
    assert!(report["asking"].as_f64().unwrap() > 0.0);
}

#[test]
fn the_memory_of_a_gpu_is_known_before() {
    // What libraries load of their own (`PROGRAM_ON_GPU`), which a virtual card's do not, and cuBLAS's workspace, which is
    // there before what is free is counted.
    const LIBRARIES: f64 = 64.0;
    const WORKSPACE: f64 = 32.0;
    let workplace = Workplace::new();
    for shape in [["--size", "32x32", "--cutouts", "4"], ["--size", "160x96", "--cutouts", "9"]] {
        let line = [&["a red apple", "-n", "1", "--seed", "1", "-o", "x.png", "--force"][..], &shape].concat();
        let told = run(&workplace, &[&line[..], &GPU, &["--dry-run"]].concat()).succeeded();
        let estimate =
            told.output_text().lines().find_map(|line| line.strip_prefix("# memory: about ")?.strip_suffix(" MiB"));
        let estimate: f64 = estimate.unwrap().parse().unwrap();
        let used = totals(&workplace, &line)["most_used"].as_f64().unwrap() / f64::from(1 << 20) - WORKSPACE;
        println!("{shape:?}: {used:.0} MiB, {LIBRARIES} + {:.0} estimated", estimate - LIBRARIES);
        assert!(estimate - LIBRARIES > 0.97 * used);
        // Of cuDNN's workspaces the largest that may be is counted.
        assert!(cfg!(feature = "cudnn") || estimate - LIBRARIES < 1.1 * used);
    }
}

#[test]
fn pictures_are_drawn_side_by_side_on_a_gpu() {
    let workplace = Workplace::new();
    workplace.write("list.txt", "a red apple\na blue sky\n");
    let draw = |jobs: &str| {
        let name = format!("{jobs}-{{slug}}.png");
        let small = ["batch", "list.txt", "--jobs", jobs, "--size", "32x32", "-n", "2", "--seed", "1", "-o", &name];
        let outcome = run(&workplace, &[&small[..], &GPU].concat()).succeeded();
        assert!(!outcome.errors.contains("virtual card"), "{}", outcome.errors);
        ["a-red-apple", "a-blue-sky"].map(|slug| pixels(&workplace, &format!("{jobs}-{slug}.png")))
    };
    assert!(draw("2") == draw("1"));
}

#[test]
fn each_gpu_has_memory_for_its_own_pictures() {
    let workplace = Workplace::new();
    workplace.write("list.txt", "a red apple\na blue sky\n");
    let draw = |devices: &str, jobs: &str| {
        let line = ["batch", "list.txt", "--devices", devices, "--jobs", jobs, "--size", "32x32", "--precision", "f32"];
        let rest = ["-n", "1", "--seed", "1", "-o", "{slug}.png", "--cut-batch", "4", "--force"];
        // Enough for one of these pictures on each (about 92 MiB are estimated, and both have a workspace in the same memory
        // here), and not for two on one.
        run_with(&workplace, &[("STAND_IN_GPUS", "2"), ("STAND_IN_TOTAL", "200000000")], &[&line[..], &rest].concat())
    };
    draw("cuda:0,cuda:1", "1").succeeded();
    let refused = draw("cuda:0", "2");
    assert!(refused.code == Some(1) && refused.errors.contains("lower --jobs"), "{}", refused.errors);
}

#[test]
fn a_gpu_that_fails_while_it_draws_is_told() {
    let workplace = Workplace::new();
    let line = [&["a red apple", "--size", "64x64", "-n", "2", "-o", "apple.png"][..], &GPU].concat();
    // Something else takes memory after the program has looked; cuDNN needs less than unfolded pictures, and gets further.
    let outcome = run_with(&workplace, &[("STAND_IN_LIMIT", "56000000")], &line);
    assert!(outcome.code == Some(1) && outcome.errors.contains("the GPU ran out of memory"), "{}", outcome.errors);
    let saved = workplace.content().keys().any(|path| path.extension().is_some_and(|extension| extension == "png"));
    assert_eq!(saved, outcome.errors.contains("the last good picture was saved"), "{}", outcome.errors);
}

#[cfg(feature = "cudnn")]
#[test]
fn convolutions_are_cudnns_and_what_stops_it_is_told() {
    let workplace = Workplace::new();
    let line = [&["a red apple", "--size", "64x64", "-n", "1", "-o", "apple.png"][..], &GPU].concat();
    // CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED
    let outcome = run_with(&workplace, &[("STAND_IN_cudnnConvolutionForward", "4004")], &line);
    assert!(outcome.code == Some(1) && outcome.errors.contains("the GPU ran out of memory"), "{}", outcome.errors);
    let draw = |settings: &[(&str, &str)]| {
        run_with(&workplace, settings, &[&line[..], &["--force"]].concat()).succeeded();
        pixels(&workplace, "apple.png")
    };
    let expected = draw(&[]);
    // CUDNN_STATUS_NOT_SUPPORTED_SHAPE, CUDNN_STATUS_EXECUTION_FAILED: products do it instead.
    for code in ["3002", "5000"] {
        let apart = apart(&draw(&[("STAND_IN_cudnnConvolutionForward", code)]), &expected);
        assert!(apart <= 1, "{apart} apart");
    }
}

#[cfg(feature = "cudnn")]
#[test]
fn cudnn_convolves_in_bf16() {
    let workplace = Workplace::new();
    let draw = |precision: &str| {
        let line = ["a red apple", "--size", "64x64", "-n", "1", "--seed", "1", "-q", "-o", "apple.png", "--force"];
        let totals = totals_in(&workplace, &line, &["--device", "cuda:0", "--precision", precision]);
        let narrowed = totals["launches"].get("narrow").and_then(serde_json::Value::as_u64).unwrap_or(0);
        (narrowed, pixels(&workplace, "apple.png"))
    };
    let ((none, expected), (some, found)) = (draw("f32"), draw("bf16"));
    assert!(none == 0 && some > 0, "{none} and {some} tensors in 16 bits");
    // 8 bits of a number are 1 part in 256, and errors add up.
    let apart = apart(&found, &expected);
    assert!((1..=24).contains(&apart), "{apart} apart");
}
