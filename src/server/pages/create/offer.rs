//! What the form offers, and what it costs.

use std::sync::OnceLock;

use serde_json::Value;

use super::shapes::{Shape, shapes};
use crate::error::Error;
use crate::models::embedded;
use crate::palette::{BuiltIn, hexadecimal};
use crate::queue::Overview;
use crate::server::app::App;
use crate::server::lists::{QualityView, drawers, qualities, usual_settings};
use crate::server::pages::about;
use crate::server::problem::Answer;
use crate::styles::Group;
use crate::text::counted;

/// The most colors of a palette that are shown.
const MOST_SWATCHES: usize = 12;
/// Sentences to try. The model inside the program knows their words.
pub(super) const EXAMPLES: [&str; 5] = [
    "a castle at night",
    "a red apple on a blue background",
    "a purple octopus underwater",
    "a penguin in the snow",
    "a sailboat on the sea, watercolor",
];

/// What the form offers.
pub(super) struct Offer {
    /// The quickest first
    pub qualities: Vec<QualityTile>,
    /// The default first
    pub drawers: Vec<DrawerTile>,
    pub shapes: Vec<Shape>,
    pub palettes: &'static [PaletteTile],
    pub styles: &'static [StyleGroup],
    /// Whether the model inside the program alone judges pictures, so that only its own styles are offered
    pub is_embedded: bool,
    /// The kinds of files besides the PNG
    pub products: Vec<Product>,
    /// The most iterations
    pub iterations: usize,
    /// The quality if nothing is said
    pub usual_quality: &'static str,
    /// The drawer if nothing is said
    pub usual_drawer: &'static str,
    /// How long the queue is
    pub queue: String,
    /// The default settings of a picture, by name
    pub usual: Value,
}

/// A quality.
pub(super) struct QualityTile {
    pub name: &'static str,
    pub description: &'static str,
    /// What it costs, for each drawer
    pub costs: Vec<String>,
}

/// A drawer.
pub(super) struct DrawerTile {
    pub name: &'static str,
    pub title: String,
    pub about: String,
}

/// A palette.
pub(super) struct PaletteTile {
    pub name: &'static str,
    pub description: &'static str,
    /// Some of its colors, such as `#ff004d`
    pub swatches: Vec<String>,
}

/// Styles of one kind.
pub(super) struct StyleGroup {
    pub title: &'static str,
    pub styles: Vec<Chip>,
}

/// A style.
pub(super) struct Chip {
    pub name: &'static str,
    pub effect: &'static str,
}

/// A kind of file.
pub(super) struct Product {
    pub name: &'static str,
    pub title: &'static str,
    /// The drawers that alone can make it; empty if all can
    pub only: String,
}

impl Offer {
    /// What a server offers now.
    pub async fn of(app: &App) -> Answer<Self> {
        let listed = qualities(app).await?;
        let drawn = drawers(app)?;
        let usual = usual_settings(app, "", None)?;
        let usual_quality = listed.iter().find(|quality| quality.default).map_or("normal", |quality| quality.name);
        let is_embedded = usual.clip.iter().all(|clip| clip == embedded::NAME);
        let overview = app.queue.overview().await?;
        let products = ["mp4", "gif", "reveal", "svg"].into_iter().filter_map(|name| {
            let able: Vec<&str> =
                drawn.iter().filter(|drawer| drawer.products.contains(&name)).map(|drawer| drawer.name).collect();
            if able.is_empty() {
                return None;
            }
            let titles = able.iter().map(|name| titled(name, "").0);
            let only = if able.len() == drawn.len() { String::new() } else { titles.collect::<Vec<_>>().join(", ") };
            Some(Product { name, title: product_title(name), only })
        });
        Ok(Self {
            products: products.collect(),
            usual_drawer: drawn
                .iter()
                .map(|drawer| drawer.name)
                .find(|name| *name == usual.drawer.as_str())
                .unwrap_or("vqgan"),
            drawers: drawn.iter().map(|drawer| DrawerTile::of(drawer.name, drawer.description)).collect(),
            shapes: shapes(usual.size),
            palettes: palettes()?,
            styles: styles(is_embedded)?,
            is_embedded,
            iterations: app.config.limits.iterations,
            qualities: tiles(&listed),
            usual_quality,
            queue: in_words(&overview),
            usual: serde_json::to_value(&usual).unwrap_or_default(),
        })
    }
}

impl DrawerTile {
    fn of(name: &'static str, description: &str) -> Self {
        let (title, about) = titled(name, description);
        Self { name, title, about }
    }
}

/// The words of the form for a drawer; a drawer that the form does not know has its own.
pub(super) fn titled(name: &str, description: &str) -> (String, String) {
    match name {
        "vqgan" => ("Painting".into(), "Free shapes and soft edges".into()),
        "pixel" => ("Pixel art".into(), "Square cells in a few colors".into()),
        "strokes" => ("Brush strokes".into(), "Curved strokes of all colors".into()),
        "line" => ("Line drawing".into(), "Few lines of a black pen".into()),
        "fft" => ("Waves".into(), "Soft colors that blend".into()),
        other => (crate::server::pages::sentence(other).trim_end_matches('.').to_owned(), description.to_owned()),
    }
}

fn product_title(name: &str) -> &'static str {
    match name {
        "mp4" => "Film of how it was drawn (MP4)",
        "gif" => "Film of how it was drawn (GIF)",
        "reveal" => "Film of its strokes, one after the other (MP4)",
        _ => "Vector graphic (SVG)",
    }
}

/// The qualities with what they cost. A time that was never measured is found from others by the amount of work.
fn tiles(listed: &[QualityView]) -> Vec<QualityTile> {
    let works = || listed.iter().flat_map(|quality| &quality.drawers);
    // Seconds for a unit of work of a drawer, or of any.
    let pace = |drawer: Option<&str>| {
        let measured = works().filter(|work| drawer.is_none_or(|drawer| work.drawer == drawer));
        measured.filter_map(|work| Some(work.seconds? / amount(work.iterations, work.cutouts))).next_back()
    };
    let least = |drawer: &str| {
        let amounts = works().filter(|work| work.drawer == drawer).map(|work| amount(work.iterations, work.cutouts));
        amounts.fold(f64::INFINITY, f64::min)
    };
    let tile = |quality: &QualityView| {
        let costs = quality.drawers.iter().map(|work| {
            let amount = amount(work.iterations, work.cutouts);
            let seconds = work.seconds.or_else(|| Some(pace(Some(work.drawer)).or_else(|| pace(None))? * amount));
            let time = match seconds {
                Some(seconds) => about(seconds),
                None if amount <= least(work.drawer) => "the quickest".into(),
                None => format!("about {:.0} times as long", (amount / least(work.drawer)).max(1.0)),
            };
            format!("{} · {time}", work.size.replace('x', " × "))
        });
        QualityTile { name: quality.name, description: quality.description, costs: costs.collect() }
    };
    listed.iter().map(tile).collect()
}

/// The work of a picture: what each iteration and each cutout of it costs differs little.
#[allow(clippy::cast_precision_loss, reason = "an estimate")]
fn amount(iterations: usize, cutouts: usize) -> f64 {
    (iterations as f64 * cutouts as f64).max(1.0)
}

/// What is computed once, since it cannot change.
type Once<T> = OnceLock<Result<Vec<T>, String>>;

fn once<T>(list: &'static Once<T>, make: impl FnOnce() -> Result<Vec<T>, Error>) -> Answer<&'static [T]> {
    let made = list.get_or_init(|| make().map_err(|error| error.to_string()));
    Ok(made.as_deref().map_err(|problem| Error::fault(problem.clone()))?)
}

fn palettes() -> Answer<&'static [PaletteTile]> {
    static PALETTES: Once<PaletteTile> = OnceLock::new();
    let tile = |built_in: &'static BuiltIn| {
        let palette = built_in.palette()?;
        let colors = palette.colours();
        let shown = colors.len().min(MOST_SWATCHES);
        // Evenly from the first to the last.
        let at = |index: usize| colors[index * (colors.len() - 1) / shown.max(2).saturating_sub(1)];
        let swatches = (0..shown).map(|index| format!("#{}", hexadecimal(at(index)))).collect();
        Ok(PaletteTile { name: &built_in.name, description: &built_in.title, swatches })
    };
    once(&PALETTES, || BuiltIn::all()?.iter().map(tile).collect())
}

/// The styles. The model inside the program gets those that it knows.
fn styles(is_embedded: bool) -> Answer<&'static [StyleGroup]> {
    static ALL: Once<StyleGroup> = OnceLock::new();
    static EMBEDDED: Once<StyleGroup> = OnceLock::new();
    once(if is_embedded { &EMBEDDED } else { &ALL }, || style_groups(is_embedded))
}

fn style_groups(is_embedded: bool) -> Result<Vec<StyleGroup>, Error> {
    let mut groups = Vec::new();
    for group in Group::all()? {
        let mut styles = Vec::new();
        for style in &group.styles {
            if !is_embedded || style.is_embedded()? {
                styles.push(Chip { name: &style.name, effect: &style.effect });
            }
        }
        if !styles.is_empty() {
            groups.push(StyleGroup { title: &group.title, styles });
        }
    }
    Ok(groups)
}

/// How long the queue is, in words.
fn in_words(overview: &Overview) -> String {
    let Overview { waiting, running, slots, usual, .. } = *overview;
    if slots == 0 {
        let waiting = if waiting == 0 { String::new() } else { format!(" {}.", waiting_words(waiting)) };
        return format!("No worker is running right now. Your picture will wait until one starts.{waiting}");
    }
    if waiting == 0 {
        let free = running < slots;
        return if free {
            "The queue is empty: yours starts right away.".into()
        } else {
            "Yours would be next.".into()
        };
    }
    // Each slot draws its share of them, one after another.
    #[allow(clippy::cast_precision_loss, reason = "an estimate")]
    let rounds = (waiting as f64 / slots as f64).ceil();
    let time = usual.map(|usual| format!(", {}", about(rounds * usual.as_secs_f64()))).unwrap_or_default();
    format!("{}{time}.", waiting_words(waiting))
}

fn waiting_words(waiting: u64) -> String {
    format!("{} {} waiting", counted(waiting, "picture"), if waiting == 1 { "is" } else { "are" })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_queue_is_told_in_words() {
        let usual = Some(Duration::from_secs(20));
        let overview = |waiting, running, slots| Overview { waiting, running, workers: slots, slots, usual };
        assert_eq!(in_words(&overview(3, 1, 2)), "3 pictures are waiting, about 40 s.");
        assert_eq!(in_words(&Overview { usual: None, ..overview(1, 1, 1) }), "1 picture is waiting.");
        assert_eq!(in_words(&overview(0, 0, 1)), "The queue is empty: yours starts right away.");
        assert_eq!(in_words(&overview(0, 1, 1)), "Yours would be next.");
        assert!(in_words(&overview(2, 0, 0)).ends_with("until one starts. 2 pictures are waiting."));
    }

    #[test]
    fn palettes_are_shown_by_their_first_and_last_colors() {
        for tile in palettes().unwrap() {
            let all = BuiltIn::of(tile.name).unwrap().unwrap().palette().unwrap();
            let hex = |color: &[u8; 3]| format!("#{}", hexadecimal(*color));
            assert_eq!(tile.swatches.first().cloned(), all.colours().first().map(hex), "{}", tile.name);
            assert_eq!(tile.swatches.last().cloned(), all.colours().last().map(hex), "{}", tile.name);
        }
    }
}
