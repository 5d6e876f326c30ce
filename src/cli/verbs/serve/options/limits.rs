//! What requests may ask for.

use crate::cli::options::layers::layered;
use crate::picture::Size;
use crate::server::Limits;
use crate::text::count;

layered! {
    /// What requests may ask for.
    #[allow(clippy::struct_field_names, reason = "the options are called so")]
    pub(in crate::cli::verbs::serve) struct LimitOptions {
        /// Largest picture that a request may ask for; other shapes may have at most as many pixels (W times H) [default: 4096x4096]
        #[arg(long, value_name = "WxH")]
        max_size: Size,
        /// Maximum number of iterations of a request [default: 100000]
        #[arg(long, value_name = "N", value_parser = |text: &str| count::<usize>(text, 0..=1_000_000))]
        max_iterations: usize,
        /// Maximum number of cutouts of a request [default: 512]
        #[arg(long, value_name = "N", value_parser = |text: &str| count::<usize>(text, 1..=4096))]
        max_cutouts: usize,
        /// Maximum number of waiting jobs of a visitor without a login, with --open [default: 5]
        #[arg(long, value_name = "N", value_parser = |text: &str| count::<u32>(text, 1..=10_000))]
        max_waiting: u32,
    }
}

impl LimitOptions {
    /// The limits, with the usual ones for what is missing.
    pub(in crate::cli::verbs::serve) fn limits(&self) -> Limits {
        let usual = Limits::default();
        Limits {
            pixels: self.max_size.map_or(usual.pixels, |size| size.width.saturating_mul(size.height)),
            iterations: self.max_iterations.unwrap_or(usual.iterations),
            cutouts: self.max_cutouts.unwrap_or(usual.cutouts),
            waiting: self.max_waiting.unwrap_or(usual.waiting),
            ..usual
        }
    }
}
