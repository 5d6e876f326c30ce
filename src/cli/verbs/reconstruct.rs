//! `text2art reconstruct`: a picture through a VQGAN's codebook.

use std::path::PathBuf;

use crate::cli::terminal::report::Reporter;
use crate::cli::terminal::{interrupt, stdout};
use crate::device::ComputeDevice;
use crate::drawer::{Drawer, Start, VqganDrawer};
use crate::files::{check_target, write_whole};
use crate::frozen::MemoryOf;
use crate::models::{Finder, Role};
use crate::output::{PNG, encode, kind_of};
use crate::picture;
use crate::picture::Size;
use crate::session::{LoadedModel, memory};
use crate::vqgan::Vqgan;

/// Arguments of `reconstruct`.
#[derive(clap::Args)]
pub(in crate::cli) struct Arguments {
    /// A picture of any size
    #[arg(value_name = "IMAGE")]
    image: PathBuf,
    /// Output file (.png)
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// VQGAN to use
    #[arg(long, value_name = "NAME", default_value = "embedded")]
    vqgan: String,
    /// Replace the output file if it exists
    #[arg(long)]
    force: bool,
    /// Use only models that are already downloaded
    #[arg(long)]
    offline: bool,
}

pub(in crate::cli) fn run(arguments: &Arguments, reporter: &Reporter) -> anyhow::Result<()> {
    let path = &arguments.output;
    kind_of(path, &[PNG])?;
    let existing = check_target(path, arguments.force)?;
    let image = picture::read(&arguments.image)?;
    let size = Size { width: image.width() as usize, height: image.height() as usize };
    let stop = interrupt::exit_on_signal()?;
    let tell = |event| reporter.tell(&event);
    let finder = Finder::new(arguments.offline, &stop, &tell);
    let vqgan = LoadedModel::load(&finder, Role::Vqgan, &arguments.vqgan, Vqgan::load)?;
    let work_size = VqganDrawer::work_size(&vqgan.model, size, None);
    let encoding = vqgan.model.encoding_memory(work_size, MemoryOf::Host)?.peak;
    let needed = encoding.max(vqgan.model.decoding_memory(work_size, false, 0, MemoryOf::Host)?.peak);
    let processor = ComputeDevice::processor();
    memory::refuse_above_room(needed, None, &processor, &format!("{size} pixels"), "give a smaller picture")?;
    let drawer = VqganDrawer::new(vqgan.model, size, Start::Picture(image, 0.0), processor.tensors())?;
    write_whole(path, &encode(&drawer.draw()?, None, None)?, existing)?;
    stdout::print_path(path)
}
