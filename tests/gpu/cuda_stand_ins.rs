//! What the program reports about NVIDIA's GPUs, drivers and libraries that cannot be used. Stand-ins for them are
//! compiled from `tests/cuda_stand_ins`, so that no GPU and no driver is needed.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use crate::common::program;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use program::{BINARY, Outcome, Workplace, finish};

/// A folder of stand-ins for the libraries that the program is linked with.
fn stand_ins() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cuda-stand-ins");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cuda_stand_ins/make.sh");
        assert!(Command::new(script).arg(BINARY).arg(&folder).status().unwrap().success());
        folder
    })
}

/// The program on the stand-ins, which say what `settings` tells; their GPUs are such as it is built for.
fn run(workplace: &Workplace, settings: &[(&str, &str)], arguments: &[&str]) -> Outcome {
    static BUILT_FOR: OnceLock<String> = OnceLock::new();
    let command = || {
        let mut command = workplace.command();
        command.env("LD_LIBRARY_PATH", stand_ins());
        command
    };
    let capability = BUILT_FOR.get_or_init(|| {
        let findings = finish(command().args(["doctor", "--json"])).succeeded().output_json();
        let built_for = findings["nvidia"]["built_for"].as_str().unwrap();
        built_for.split(' ').next().unwrap().replace('.', "")
    });
    let mut command = command();
    command.env("STAND_IN_CAPABILITY", capability).envs(settings.iter().copied());
    finish(command.args(arguments))
}

/// Runs the program, which has to refuse: exit code 2, a line that says what is wrong, with all of `named` in it, one
/// that says what to do, and no file.
fn refuses(settings: &[(&str, &str)], arguments: &[&str], named: &[&str]) -> String {
    let workplace = Workplace::new();
    let outcome = run(&workplace, settings, arguments);
    assert_eq!((outcome.code, outcome.output_text()), (Some(2), ""), "{settings:?}: {}", outcome.errors);
    let lines: Vec<_> = outcome.errors.lines().collect();
    let [error, hint] = lines.as_slice() else { panic!("{settings:?}: not two lines but {lines:#?}") };
    assert!(error.starts_with("error: ") && hint.starts_with("hint: "), "{settings:?}: {lines:#?}");
    for name in named {
        assert!(error.contains(name), "{settings:?}: no {name:?} in {error:?}");
    }
    assert!(workplace.content().values().all(Option::is_none), "{settings:?}: a file was written");
    println!("{settings:?}\n{}", outcome.errors);
    (*hint).to_owned()
}

/// The first command that draws on a GPU.
const DRAW: [&str; 5] = ["a red apple", "--device", "cuda:0", "-o", "apple.png"];

#[test]
fn a_driver_without_a_gpu_is_told() {
    for none in [("STAND_IN_cuInit", "100"), ("STAND_IN_GPUS", "0")] {
        refuses(&[none], &DRAW, &["--device cuda:0", "the driver finds no NVIDIA GPU"]);
    }
    let hidden = [("STAND_IN_cuInit", "100"), ("CUDA_VISIBLE_DEVICES", "-1")];
    let hint = refuses(&hidden, &DRAW, &["no NVIDIA GPU", "CUDA_VISIBLE_DEVICES is `-1`"]);
    assert!(hint.contains("unset CUDA_VISIBLE_DEVICES"), "{hint}");
}

#[test]
fn a_number_that_no_gpu_has_is_told() {
    let line = ["a red apple", "--device", "cuda:2", "-o", "apple.png"];
    refuses(&[("STAND_IN_GPUS", "2")], &line, &["--device cuda:2", "2 GPUs, cuda:0 to cuda:1"]);
    refuses(&[], &line, &["one GPU, cuda:0"]);
    let line = ["a red apple", "--device", "cuda:18446744073709551615", "-o", "apple.png"];
    refuses(&[], &line, &["one GPU, cuda:0"]);
}

#[test]
fn a_driver_older_than_the_kernels_is_told() {
    // CUDA_ERROR_UNSUPPORTED_PTX_VERSION
    let settings = [("STAND_IN_cuModuleLoadData", "222"), ("STAND_IN_DRIVER", "12040")];
    let hint = refuses(&settings, &DRAW, &["the driver is too old", "it supports CUDA 12.4", "built with CUDA 1"]);
    assert!(hint.contains("install a driver"), "{hint}");
}

#[test]
fn a_gpu_older_than_the_kernels_is_told() {
    let hint = refuses(&[("STAND_IN_CAPABILITY", "52")], &DRAW, &["NVIDIA Abacus 0", "5.2", "built for"]);
    assert!(hint.contains("compute capability 8.0 or newer"), "{hint}");
    // CUDA_ERROR_NO_BINARY_FOR_GPU: the driver sees what the numbers do not tell.
    let hint = refuses(&[("STAND_IN_cuModuleLoadData", "209")], &DRAW, &["NVIDIA Abacus 0", "built for"]);
    assert!(hint.contains("CUDA_COMPUTE_CAP="), "{hint}");
}

#[test]
fn libraries_that_do_not_start_are_told() {
    // CUBLAS_STATUS_NOT_INITIALIZED, CURAND_STATUS_INITIALIZATION_FAILED, CUDNN_STATUS_NOT_INITIALIZED
    for (function, code, named) in [
        ("STAND_IN_cublasCreate_v2", "1", ["cuBLAS failed to start", "CUBLAS_STATUS_NOT_INITIALIZED"]),
        ("STAND_IN_curandCreateGenerator", "203", ["cuRAND failed to start", "CURAND_STATUS_INITIALIZATION_FAILED"]),
        #[cfg(feature = "cudnn")]
        ("STAND_IN_cudnnCreate", "1001", ["cuDNN failed to start", "CUDNN_STATUS_NOT_INITIALIZED"]),
    ] {
        let hint = refuses(&[(function, code)], &DRAW, &named);
        assert!(hint.contains("install the libraries of CUDA"), "{hint}");
    }
}

#[test]
fn a_gpu_that_is_taken_is_told() {
    // CUDA_ERROR_OUT_OF_MEMORY, CUBLAS_STATUS_ALLOC_FAILED
    for (function, code) in [("STAND_IN_cuDevicePrimaryCtxRetain", "2"), ("STAND_IN_cublasCreate_v2", "3")] {
        let hint = refuses(&[(function, code)], &DRAW, &["the GPU has too little free memory"]);
        assert!(hint.contains("close other GPU programs"), "{hint}");
    }
    // CUDA_ERROR_DEVICE_UNAVAILABLE
    refuses(&[("STAND_IN_cuDevicePrimaryCtxRetain", "46")], &DRAW, &["another program has exclusive use of the GPU"]);
}

#[test]
fn other_faults_of_the_driver_are_told() {
    // CUDA_ERROR_STUB_LIBRARY, CUDA_ERROR_SYSTEM_DRIVER_MISMATCH, CUDA_ERROR_UNKNOWN
    for (code, named) in [("34", "only for linking"), ("803", "different versions"), ("999", "CUDA_ERROR_UNKNOWN")] {
        refuses(&[("STAND_IN_cuInit", code)], &DRAW, &[named]);
    }
    // A stand-in for the driver's compiler: CUDA_ERROR_JIT_COMPILER_NOT_FOUND
    refuses(&[("STAND_IN_cuModuleLoadData", "221")], &DRAW, &["libnvidia-ptxjitcompiler.so.1"]);
}

#[test]
fn every_verb_that_computes_refuses_a_gpu_that_is_not_there() {
    let settings = [("STAND_IN_cuInit", "100")];
    refuses(&settings, &["bench", "--device", "cuda:0"], &["no NVIDIA GPU"]);
    refuses(&settings, &["a red apple", "--dry-run", "--device", "cuda"], &["no NVIDIA GPU"]);
    let workplace = Workplace::new();
    workplace.write("a.txt", "a red apple\n");
    for device in ["--devices", "--device"] {
        let outcome = run(&workplace, &settings, &["batch", "a.txt", device, "cuda:0", "-o", "{slug}.png"]);
        assert!(outcome.code == Some(2) && outcome.errors.contains("no NVIDIA GPU"), "{}", outcome.errors);
    }
}

#[test]
fn auto_draws_on_the_processor_and_says_why() {
    let workplace = Workplace::new();
    let small = ["a red apple", "--size", "32x32", "-n", "2", "--seed", "1"];
    let draw = |settings: &[(&str, &str)], name: &str, more: &[&str]| {
        let line = [&small[..], &["-o", name], more].concat();
        (run(&workplace, settings, &line).succeeded().errors, workplace.read(name))
    };
    let (silent, of_processor) = draw(&[], "processor.png", &["--device", "cpu", "--quiet"]);
    assert_eq!(silent, "");
    let cases: [(&[(&str, &str)], &str); 3] = [
        (&[("STAND_IN_cuInit", "100")], "the driver finds no NVIDIA GPU"),
        (&[("STAND_IN_cuModuleLoadData", "222")], "the driver is too old"),
        (&[("STAND_IN_GPUS", "2"), ("STAND_IN_cublasCreate_v2", "1")], "cuBLAS failed to start"),
    ];
    let pixels = |bytes: &[u8]| image::load_from_memory(bytes).unwrap().into_rgb8().into_raw();
    for (number, (settings, reason)) in cases.into_iter().enumerate() {
        let (errors, picture) = draw(settings, &format!("auto-{number}.png"), &["--quiet"]);
        let lines: Vec<_> = errors.lines().collect();
        let [warning] = lines.as_slice() else { panic!("{lines:#?}") };
        assert!(warning.starts_with("warning: computing on the CPU: ") && warning.contains(reason), "{warning}");
        assert_eq!(pixels(&picture), pixels(&of_processor));
    }
}

#[test]
fn the_doctor_shows_driver_and_gpus() {
    let workplace = Workplace::new();
    let two = [("STAND_IN_GPUS", "2"), ("STAND_IN_FREE", "3221225472"), ("STAND_IN_DRIVER", "13010")];
    let findings = run(&workplace, &two, &["doctor", "--json"]).succeeded().output_json();
    let nvidia = &findings["nvidia"];
    assert_eq!((&nvidia["driver_cuda"], &nvidia["problem"]), (&"13.1".into(), &serde_json::Value::Null));
    assert_eq!(nvidia["gpus"].as_array().unwrap().len(), 2);
    let gpu = &nvidia["gpus"][1];
    assert_eq!((&gpu["number"], &gpu["name"]), (&1.into(), &"NVIDIA Abacus 1".into()));
    assert_eq!((&gpu["total_memory"], &gpu["free_memory"]), (&(8u64 << 30).into(), &(3u64 << 30).into()));
    let text = run(&workplace, &two, &["doctor"]).succeeded();
    let shown = "GPU              cuda:0 (NVIDIA Abacus 0), compute capability ";
    for part in [shown, "8.0 GiB, 3.0 GiB free", "supports CUDA 13.1; the program was built with CUDA "] {
        assert!(text.output_text().contains(part), "{}", text.output_text());
    }
    let old = [("STAND_IN_CAPABILITY", "52")];
    let findings = run(&workplace, &old, &["doctor", "--json"]).succeeded().output_json();
    let gpu = &findings["nvidia"]["gpus"][0];
    assert!(
        gpu["free_memory"].is_null()
            && gpu["problem"]["problem"].as_str().unwrap().contains("has compute capability 5.2")
    );
    let none = run(&workplace, &[("STAND_IN_cuInit", "100")], &["doctor"]).succeeded();
    assert!(none.output_text().contains("GPU              none: the driver finds no NVIDIA GPU"));
}
