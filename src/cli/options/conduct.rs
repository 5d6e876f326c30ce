//! The options of every verb that draws: how to show progress, and how much of the machine to use.

use super::max_memory::MemorySize;
use super::threads::number as threads;
use crate::cli::terminal::report::{Progress, Reporter};

/// How pictures are drawn. Nothing here changes the pictures.
#[derive(clap::Args)]
pub(in crate::cli) struct Conduct {
    /// Use only models that are already downloaded
    #[arg(long, help_heading = "Models")]
    pub(in crate::cli) offline: bool,
    #[command(flatten)]
    effort: Effort,
}

impl Conduct {
    /// The reporter of progress.
    pub(in crate::cli) fn reporter(&self) -> Reporter {
        self.effort.reporter()
    }

    /// The limit on memory, in bytes.
    pub(in crate::cli) fn max_memory(&self) -> Option<u64> {
        self.effort.max_memory()
    }

    /// The number of threads that compute.
    pub(in crate::cli) fn threads(&self) -> Option<u16> {
        self.effort.threads()
    }
}

/// How to show progress, and how much of the machine to use, for verbs that need no models.
#[derive(clap::Args)]
pub(in crate::cli) struct Effort {
    /// How to show progress on standard error
    #[arg(long, value_enum, value_name = "KIND", default_value = "auto", help_heading = "Output")]
    progress: Progress,
    /// Show only warnings and errors
    #[arg(short, long, help_heading = "Output")]
    quiet: bool,
    /// Number of CPU threads
    #[arg(long, value_name = "N", help_heading = "Machine", value_parser = threads)]
    threads: Option<u16>,
    /// Memory limit, such as 4G or 800M [default: three quarters of the machine's memory]
    ///
    /// If a run needs more, text2art lowers `--cut-batch`, unless you set it, and records the lower value in the recipe.
    /// A lower value can change the picture by rounding errors. If that is not enough, parts of the networks are computed
    /// twice, which takes about 25% longer and does not change the picture. What still needs more is refused.
    #[arg(long, value_name = "SIZE", help_heading = "Machine")]
    max_memory: Option<MemorySize>,
}

impl Effort {
    /// The reporter of progress.
    pub(in crate::cli) fn reporter(&self) -> Reporter {
        Reporter::new(self.progress.unless_quiet(self.quiet))
    }

    /// The limit on memory, in bytes.
    pub(in crate::cli) fn max_memory(&self) -> Option<u64> {
        self.max_memory.map(|most| most.0)
    }

    /// The number of threads that compute.
    pub(in crate::cli) fn threads(&self) -> Option<u16> {
        self.threads
    }
}
