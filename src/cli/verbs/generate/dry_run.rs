//! `--dry-run`: prints the settings of a run, without drawing.

use super::target::in_words as in_words_of;
use crate::cli::options::max_memory;
use crate::cli::terminal::stdout;
use crate::device::ComputeDevice;
use crate::drawer;
use crate::machine::in_words;
use crate::models::hub::megabytes;
use crate::models::{Finder, Missing};
use crate::output::Products;
use crate::session::{Models, Plan};
use crate::settings::Settings;

/// Prints the settings and the plan of a run as a configuration file, without downloads. `asked` has the repositories
/// that the run would ask about first.
pub(in crate::cli) fn dry_run(
    settings: Settings,
    max_memory: Option<u64>,
    (products, device): (&Products, &ComputeDevice),
    finder: &Finder,
    asked: &[String],
) -> anyhow::Result<()> {
    let mut comments: Vec<_> =
        in_words_of(products).into_iter().map(|(kind, path)| format!("{kind}: {path}")).collect();
    comments.extend(settings.prompts_in_words());
    comments.extend(settings.styles_in_words());
    comments.extend(settings.labels_in_words());
    let missing = Models::missing(&settings, finder)?;
    let settings = if missing.is_empty() {
        let models = Models::load(&settings, finder)?;
        let plan = Plan::within(max_memory, settings, &models, device)?;
        plan.check()?;
        let delivered = drawer::of(&plan.settings().drawer)?.finished_size(plan.settings());
        comments.push(format!("drawn at {}, saved at {delivered}", plan.work_size()));
        comments.extend(plan.device().gpu().map(|gpu| format!("computed on {gpu}")));
        let encoded =
            products.encoded(plan.settings())?.into_iter().map(|(.., bytes)| plan.held().saturating_add(bytes));
        comments.push(format!("memory: about {}", in_words(encoded.fold(plan.memory(), u64::max))));
        comments.extend(max_memory::in_words(plan.recomputed()));
        plan.settings().clone()
    } else {
        comments.push("memory: unknown until the models are downloaded".to_owned());
        settings
    };
    for Missing { name, files, bytes } in missing {
        let bytes = bytes.map_or_else(|| "of unknown size".to_owned(), megabytes);
        comments.push(format!("to be downloaded: {name}, {}, {bytes}", files.join(" and ")));
    }
    for name in asked {
        comments.push(format!("asks first, or needs --trust: {name} is named only by the recipe"));
    }
    for comment in comments {
        stdout::print_line(&format!("# {comment}"))?;
    }
    stdout::print_toml(&settings)
}
