//! A stand-in for a GPU in tests: the same kernels, compiled by the C++ compiler (`shim.h` explains how they run), and
//! products as plain loops. Fresh memory holds NaN, and writes outside of a kernel's memory are detected.

use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, OnceLock};

use candle_core::{Error, Result};
use libloading::Library;

use super::accelerator::{Accelerator, Argument, Buffer, Factor, Kernel, Product, Slice, THREADS};

/// All kernels, compiled once per test process.
pub struct Emulation(Mutex<Library>);

/// A kernel argument, as read by `shim.h`.
#[repr(C)]
struct Value {
    kind: i32,
    padding: i32,
    bits: u64,
}

type Emulate = unsafe extern "C" fn(*const i32, i32, *const Value, i32) -> i32;

/// Number of guard words before and after each buffer, which must not be written.
const GUARD: usize = 64;
/// A NaN that no computation produces.
const UNTOUCHED: u32 = 0xFFFF_DEAD;

/// Memory between two guards.
struct Guarded(Vec<u32>);

impl Guarded {
    fn new(length: usize) -> Self {
        Self(vec![UNTOUCHED; length + 2 * GUARD])
    }

    fn into_buffer(mut self) -> Buffer {
        let length = self.0.len() - 2 * GUARD;
        let address = self.0[GUARD..].as_mut_ptr() as u64;
        Buffer::new(address, length, Box::new(self))
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        let end = self.0.len() - GUARD;
        let untouched = self.0[..GUARD].iter().chain(&self.0[end..]).all(|word| *word == UNTOUCHED);
        assert!(untouched || std::thread::panicking(), "a kernel wrote beside its memory");
    }
}

impl Emulation {
    /// The emulation of this process.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Emulation> = OnceLock::new();
        SHARED.get_or_init(Self::compile)
    }

    fn compile() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/frozen/cuda");
        let include = |file: &Path| format!("#include \"{}\"\n", file.display());
        let mut source = include(&folder.join("emulation/shim.h"));
        let mut files: Vec<_> = std::fs::read_dir(folder.join("kernels")).unwrap().map(|e| e.unwrap().path()).collect();
        files.sort();
        for file in files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "cu")) {
            source += &include(file);
            let text = std::fs::read_to_string(file).unwrap();
            let kernels = text.split("__global__ void ").skip(1).filter_map(|rest| rest.split('(').next());
            source.extend(kernels.map(|kernel| format!("EXPORT({kernel})\n")));
        }
        let folder = tempfile::tempdir().unwrap();
        let (unit, library) = (folder.path().join("kernels.cpp"), folder.path().join("kernels.so"));
        std::fs::write(&unit, source).unwrap();
        let options = ["-std=c++17", "-O1", "-Wall", "-Wno-unused", "-Wno-unknown-pragmas", "-shared", "-fPIC", "-o"];
        let made = Command::new("c++").args(options).arg(&library).arg(&unit).output().expect("these tests need c++");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        // SAFETY: the library runs no code when it is loaded.
        Self(Mutex::new(unsafe { Library::new(&library) }.unwrap()))
    }
}

impl Accelerator for Emulation {
    fn id(&self) -> usize {
        0
    }

    fn allocate(&self, length: usize) -> Result<Buffer> {
        Ok(Guarded::new(length).into_buffer())
    }

    fn upload(&self, bytes: &[u8]) -> Result<Buffer> {
        let mut memory = Guarded::new(bytes.len() / 4);
        for (word, bytes) in memory.0[GUARD..].iter_mut().zip(bytes.as_chunks().0) {
            *word = u32::from_ne_bytes(*bytes);
        }
        Ok(memory.into_buffer())
    }

    fn copy(&self, source: &Slice, target: &Slice) -> Result<()> {
        assert!(source.len() <= target.len());
        // SAFETY: both are memory of this process of at least that length.
        unsafe { std::ptr::copy(words(source), words(target), source.len()) };
        Ok(())
    }

    fn launch(&self, kernel: Kernel, blocks: [usize; 2], arguments: &[Argument]) -> Result<()> {
        let values: Vec<Value> = arguments
            .iter()
            .map(|argument| match *argument {
                Argument::Place(place) => Value { kind: 0, padding: 0, bits: place.address() },
                Argument::Int(value) => Value { kind: 1, padding: 0, bits: u64::from(value.cast_unsigned()) },
                Argument::Long(value) => Value { kind: 2, padding: 0, bits: value.cast_unsigned() },
                Argument::Float(value) => Value { kind: 3, padding: 0, bits: u64::from(value.to_bits()) },
            })
            .collect();
        assert!(blocks[0] > 0 && blocks[1] > 0 && blocks[1] < 1 << 16, "no such grid: {blocks:?}");
        let grid = blocks.map(|blocks| i32::try_from(blocks).unwrap());
        let library = self.0.lock().unwrap();
        // SAFETY: the shim's function with that name has this type.
        let emulate: libloading::Symbol<Emulate> =
            unsafe { library.get(format!("emulate_{}", kernel.name)) }.map_err(Error::wrap)?;
        let (threads, count) = (i32::try_from(THREADS).unwrap(), i32::try_from(values.len()).unwrap());
        // SAFETY: the shim compares the arguments with the kernel's parameters.
        match unsafe { emulate(grid.as_ptr(), threads, values.as_ptr(), count) } {
            0 => Ok(()),
            1 => Err(Error::Msg(format!("{} has other parameters", kernel.name))),
            _ => Err(Error::Msg(format!("not all threads of a block of {} reach a barrier", kernel.name))),
        }
    }

    fn multiply(&self, product: &Product) -> Result<()> {
        let Product { rows, columns, depth, left, right, destination, .. } = *product;
        for index in 0..product.count {
            for row in 0..rows {
                for column in 0..columns {
                    let term = |k| f64::from(number(left, index, row, k)) * f64::from(number(right, index, k, column));
                    let sum = f64::from(product.scale) * (0..depth).map(term).sum::<f64>();
                    let target = element(destination, index, row, column);
                    let before = if product.accumulate { number(destination, index, row, column) } else { 0.0 };
                    #[allow(clippy::cast_possible_truncation)]
                    // SAFETY: the product's caller answers for its views.
                    unsafe {
                        *target = before + sum as f32;
                    }
                }
            }
        }
        Ok(())
    }

    fn download(&self, slice: &Slice) -> Vec<f32> {
        // SAFETY: memory of this process of that length.
        unsafe { std::slice::from_raw_parts(words(slice).cast(), slice.len()) }.to_vec()
    }
}

fn words(slice: &Slice) -> *mut u32 {
    slice.at(0).address() as *mut u32
}

fn element(factor: Factor, index: usize, row: usize, column: usize) -> *mut f32 {
    let (row, column) = if factor.transposed { (column, row) } else { (row, column) };
    (factor.place.address() as *mut f32).wrapping_add(index * factor.apart + row * factor.stride + column)
}

fn number(factor: Factor, index: usize, row: usize, column: usize) -> f32 {
    // SAFETY: the product's caller answers for its views.
    unsafe { *element(factor, index, row, column) }
}
