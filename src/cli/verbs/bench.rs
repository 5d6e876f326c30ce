//! `text2art bench`: how fast this machine draws.

use std::time::Instant;

use serde::Serialize;

use crate::bench::{self, Report, Shares, Stage, Work};
use crate::cli::options::max_memory::MemorySize;
use crate::cli::options::threads::number as threads;
use crate::cli::options::{device, max_memory};
use crate::cli::terminal::report::Reporter;
use crate::cli::terminal::{interrupt, stdout};
use crate::drawer;
use crate::gpu::{Gpu, Precision, Traffic};
use crate::machine::{self, in_words};
use crate::models::Finder;
use crate::resolve::combine;
use crate::session::{Plan, Recomputed};
use crate::settings::{Choice, Chosen, OptionInfo, Overrides};
use crate::text::{count, counted};

/// The settings that `bench` takes: those that affect speed and memory.
struct Measured;

impl Choice for Measured {
    fn takes(option: &OptionInfo) -> bool {
        let names =
            ["drawer", "vqgan", "clip", "size", "cutouts", "cut_batch", "strokes", "segments", "device", "precision"];
        names.contains(&option.name)
    }
}

/// The arguments of `bench`.
#[derive(clap::Args)]
pub(in crate::cli) struct Arguments {
    /// What to measure: the `imagenet_f16_16384` VQGAN with ViT-B/32 (a) or the embedded model (b)
    ///
    /// Other options override parts of the workload. --vqgan and --clip also accept a model's configuration file; the
    /// weights are then random.
    #[arg(long, value_name = "NAME", default_value = "b")]
    work: Work,
    #[command(flatten)]
    settings: Chosen<Measured>,
    /// Number of times to run each part; the median is reported
    #[arg(long, value_name = "N", default_value = "5", value_parser = |text: &str| count::<u16>(text, 1..=1000))]
    repetitions: u16,
    /// Number of CPU threads
    #[arg(long, value_name = "N", value_parser = threads)]
    threads: Option<u16>,
    /// Memory limit, such as 4G or 800M [default: three quarters of the machine's memory]
    #[arg(long, value_name = "SIZE")]
    max_memory: Option<MemorySize>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Arguments {
    /// The number of threads that compute.
    pub(in crate::cli) fn threads(&self) -> Option<u16> {
        self.threads
    }
}

/// The JSON output.
#[derive(Serialize)]
struct Printed<'a> {
    program: &'static str,
    processor: String,
    instruction_set: &'static str,
    threads: usize,
    gpu: Option<&'a Gpu>,
    precision: Precision,
    #[serde(skip)]
    drawer: &'static str,
    vqgan: Option<&'a str>,
    clip: &'a [String],
    size: String,
    cutouts: usize,
    cut_batch: usize,
    recomputed: Recomputed,
    #[serde(flatten)]
    report: &'a Report,
}

pub(in crate::cli) fn run(arguments: &Arguments, reporter: &Reporter) -> anyhow::Result<()> {
    let stop = interrupt::exit_on_signal()?;
    let tell = |event| reporter.tell(&event);
    let finder = Finder::new(false, &stop, &tell);
    let prompt = Some("a red apple on a blue background".parse().map_err(anyhow::Error::msg)?);
    let asked = Overrides { prompt, ..arguments.settings.overrides.clone() };
    let settings = combine(&[asked, arguments.work.overrides()])?;
    let device = device::open(settings.device, settings.precision, reporter)?;
    let begun = Instant::now();
    let models = bench::models(&settings, &finder)?;
    let plan = Plan::within(arguments.max_memory.map(|most| most.0), settings, &models, &device)?;
    let report = bench::measure(&plan, &models, arguments.repetitions.into(), begun)?;
    let settings = plan.settings();
    let blueprint = drawer::of(&settings.drawer)?;
    let printed = Printed {
        program: crate::PROGRAM,
        processor: machine::processor(),
        instruction_set: machine::instruction_set(),
        threads: rayon::current_num_threads(),
        gpu: plan.device().gpu(),
        precision: plan.device().precision(),
        drawer: blueprint.name(),
        vqgan: blueprint.vqgan(settings),
        clip: &settings.clip,
        size: settings.size.to_string(),
        cutouts: settings.cutouts,
        cut_batch: plan.cut_batch(),
        recomputed: plan.recomputed(),
        report: &report,
    };
    if arguments.json {
        return stdout::print_json(&printed);
    }
    stdout::print_lines(&table(&printed))
}

fn table(printed: &Printed) -> String {
    let Printed { vqgan, clip, size, cutouts, cut_batch, processor, instruction_set, threads, report, .. } = printed;
    let draws = vqgan.unwrap_or(printed.drawer);
    let mut lines = vec![
        format!("{draws} with {}, {size}, {}, {cut_batch} at once", clip.join(", "), counted(*cutouts, "cutout")),
        format!("{processor}, {instruction_set}, {}", counted(*threads, "thread")),
    ];
    lines.extend(printed.gpu.map(|gpu| format!("{gpu}, products in {}", printed.precision)));
    lines.extend(max_memory::in_words(printed.recomputed));
    lines.push(format!("{:<24}{:>10}{:>10}{:>12}{:>10}{:>12}", "", "seconds", "GFLOP", "GFLOP/s", "GB/s", "memory"));
    lines.push(row(&report.start));
    let whole = [&report.iteration, &report.product];
    lines.extend(
        report.stages.iter().chain(whole).chain(&report.linear).chain(&report.peak).chain(&report.copy).map(row),
    );
    let Shares { drawer, cutouts, clip } = report.shares;
    let percent = |share: f64| format!("{:.0}%", 100.0 * share);
    lines.push(format!(
        "drawing takes {} of the combined time, cutouts {}, CLIP {}",
        percent(drawer),
        percent(cutouts),
        percent(clip)
    ));
    if let Some(share) = report.share {
        lines.push(format!("an iteration runs at {:.0}% of the machine's rate", 100.0 * share));
    }
    lines.extend(shares_of_peak(report));
    if let Some(share) = report.copy_share {
        lines.push(format!("its layers read and write at {:.0}% of the GPU's copying rate", 100.0 * share));
    }
    if let Some(Traffic { to_gpu, to_host }) = report.traffic {
        lines.push(format!("an iteration sends {to_gpu} bytes to the GPU and {to_host} to the host"));
    }
    if let Some(seconds) = report.asking {
        lines.push(format!("the host takes {seconds:.4} seconds to launch an iteration"));
    }
    if let Some(bytes) = report.peak_memory {
        lines.push(format!("peak memory {}, estimated {}", in_words(bytes), in_words(report.estimated_memory)));
    }
    lines.join("\n") + "\n"
}

/// How much of the processor's peak its products reach.
fn shares_of_peak(report: &Report) -> Option<String> {
    let peak = report.peak.as_ref()?.gigaflop_per_second?;
    let shares = report.linear.iter().filter_map(|stage| stage.gigaflop_per_second).map(|rate| 100.0 * rate / peak);
    let (least, most) = shares.fold((f64::MAX, 0.0_f64), |(least, most), share| (least.min(share), most.max(share)));
    let product = 100.0 * report.peak_share?;
    Some(format!(
        "the product runs at {product:.0}% of the processor's peak, linear layers at {least:.0}% to {most:.0}%"
    ))
}

fn row(stage: &Stage) -> String {
    let number = |value: Option<f64>| value.map_or_else(String::new, |value| format!("{value:.1}"));
    let memory = stage.peak_memory.map_or_else(String::new, in_words);
    let (gigaflop, rate) = (number(stage.gigaflop), number(stage.gigaflop_per_second));
    let copied = number(stage.gigabyte_per_second);
    format!("{:<24}{:>10.4}{gigaflop:>10}{rate:>12}{copied:>10}{memory:>12}", stage.name, stage.seconds)
}
