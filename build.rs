//! With the feature `cuda`: compiles the kernels in `src/frozen/cuda/kernels` to PTX with nvcc, which is found through
//! `CUDA_HOME`, `CUDA_PATH` or `PATH`, for cards from `CUDA_COMPUTE_CAP` on (80 if it is not set). Without the feature:
//! nothing.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

const KERNELS: &str = "src/frozen/cuda/kernels";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    if env::var_os("CARGO_FEATURE_CUDA").is_none() {
        return Ok(());
    }
    println!("cargo::rerun-if-changed={KERNELS}");
    for name in ["CUDA_HOME", "CUDA_PATH", "CUDA_COMPUTE_CAP"] {
        println!("cargo::rerun-if-env-changed={name}");
    }
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let mut arms = Vec::new();
    for file in kernels()? {
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        compile(&file, &out.join(format!("{name}.ptx")))?;
        arms.push(format!("        {name:?} => Some(include_str!(concat!(env!(\"OUT_DIR\"), \"/{name}.ptx\"))),\n"));
    }
    let arms = arms.concat();
    let function = "fn ptx(file: &str) -> Option<&'static str> {\n    match file {\n";
    fs::write(out.join("ptx.rs"), format!("{function}{arms}        _ => None,\n    }}\n}}\n"))?;
    Ok(())
}

fn kernels() -> io::Result<Vec<PathBuf>> {
    let files = fs::read_dir(KERNELS)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    let mut files: Vec<_> =
        files.into_iter().filter(|file| file.extension().is_some_and(|extension| extension == "cu")).collect();
    files.sort();
    Ok(files)
}

fn compile(file: &Path, ptx: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let home = env::var_os("CUDA_HOME").or_else(|| env::var_os("CUDA_PATH"));
    let nvcc = home.map_or_else(|| PathBuf::from("nvcc"), |home| Path::new(&home).join("bin/nvcc"));
    let capability = env::var("CUDA_COMPUTE_CAP").unwrap_or_else(|_| "80".into()).replace('.', "");
    let made = Command::new(&nvcc)
        .args(["--ptx", "-O3", "-std=c++17", &format!("--gpu-architecture=compute_{capability}"), "-o"])
        .arg(ptx)
        .arg(file)
        .output()
        .map_err(|error| format!("cannot run {}: {error}; set CUDA_HOME to the CUDA toolkit", nvcc.display()))?;
    if !made.status.success() {
        return Err(format!("{}: {}", file.display(), String::from_utf8_lossy(&made.stderr)).into());
    }
    Ok(())
}
