//! The page of the form.

use askama::Template;

use super::base::Base;
use super::offer::{EXAMPLES, Offer};
use super::options::{self, Group, Input};
use super::shapes::kept;
use super::start::Start;
use super::wish::Wish;
use crate::server::pages::{Layout, in_sentences};
use crate::server::problem::Problem;

/// The sections of the form, and the fields of a request that belong to each. A field that also has a place of its own
/// belongs there if it is filled in. A problem with a field that has no place is shown at the top.
const SECTIONS: [(&str, &[&str]); 14] = [
    ("prompt", &["prompt"]),
    ("quality", &["quality"]),
    ("drawer", &["drawer", "pixel_art"]),
    ("aspect", &["aspect", "size", "pixel_zoom"]),
    ("style", &["style"]),
    ("image", &["image", "init_image", "init_weight"]),
    ("seed", &["seed"]),
    ("iterations", &["iterations"]),
    ("palette", &["palette"]),
    ("colors", &["colors"]),
    ("outline", &["outline"]),
    ("upscale", &["upscale", "upscaler"]),
    ("products", &["products"]),
    ("email", &["email"]),
];
/// The sections that are folded away.
const FOLDED: [&str; 7] = ["seed", "iterations", "palette", "colors", "outline", "upscale", "products"];

#[derive(Template)]
#[template(path = "create.html", config = "src/server/pages/askama.toml")]
pub(super) struct CreatePage {
    layout: Layout,
    offer: Offer,
    wish: Wish,
    examples: [&'static str; 5],
    /// The settings that have no place of their own in the form
    options: Vec<Group>,
    /// The picture to start from
    start: Option<Start>,
    /// Whether the visitor can get a letter
    mails: bool,
    /// The address of the page of the picture that this varies
    base_page: Option<String>,
    /// The section in which something is wrong; empty for the form as a whole
    wrong: Option<&'static str>,
    error: String,
    /// Whether the browser may fill in what it remembers
    remembers: bool,
}

impl CreatePage {
    pub fn new(
        layout: Layout,
        mut offer: Offer,
        mut wish: Wish,
        start: Option<Start>,
        mails: bool,
        base: Option<&Base>,
        problem: Option<&Problem>,
    ) -> Self {
        let remembers = problem.is_none() && wish == Wish::default();
        if wish.quality.is_empty() {
            offer.usual_quality.clone_into(&mut wish.quality);
        }
        if wish.drawer.is_empty() {
            offer.usual_drawer.clone_into(&mut wish.drawer);
        }
        if let Some(base) = base {
            for shape in &mut offer.shapes {
                if shape.value.is_empty() {
                    shape.value = "square";
                }
            }
            offer.shapes.insert(0, kept(&base.size));
        }
        let field = problem.and_then(Problem::wrong_field).unwrap_or_default();
        let wrong = problem.map(|_| section_of(field, &wish));
        let options = options::groups(&wish.options, &offer.usual, wrong);
        Self {
            layout,
            offer,
            options,
            wish,
            examples: EXAMPLES,
            start,
            mails,
            base_page: base.map(|base| base.page.clone()),
            wrong,
            error: problem.map(in_words).unwrap_or_default(),
            remembers,
        }
    }

    /// What is wrong in a section, if that is where something is wrong.
    fn error_of(&self, section: &str) -> Option<&str> {
        (self.wrong == Some(section)).then_some(self.error.as_str())
    }

    /// Whether the options that are folded away are shown at once: something is wrong there, or they are not as usual.
    fn is_unfolded(&self) -> bool {
        let Wish { negative, iterations, palette, own_colors, colors, outline, products, .. } = &self.wish;
        let texts = [negative, iterations, palette, own_colors, colors];
        self.wrong.is_some_and(|section| FOLDED.contains(&section))
            || texts.iter().any(|text| !text.is_empty())
            || *outline
            || !products.is_empty()
            || self.options.iter().any(|group| group.is_open)
    }

    fn has_style(&self, name: &str) -> bool {
        self.wish.styles.iter().any(|style| style.eq_ignore_ascii_case(name))
    }

    fn makes(&self, product: &str) -> bool {
        self.wish.products.iter().any(|wanted| wanted == product)
    }
}

/// Where the form shows a problem with a field of a request; empty for the top.
fn section_of(field: &str, wish: &Wish) -> &'static str {
    let section = SECTIONS.iter().find(|(_, fields)| fields.contains(&field)).map(|(section, _)| *section);
    let own = options::settings().iter().map(|setting| setting.name).find(|name| *name == field);
    let filled = own.filter(|name| wish.options.get(name).is_some_and(|typed| !typed.is_empty()));
    filled.or(section).or(own).unwrap_or_default()
}

/// What is wrong, without the name of the field, next to which it is shown.
fn in_words(problem: &Problem) -> String {
    let detail = problem.detail();
    let field = problem.wrong_field().unwrap_or_default();
    let detail = detail.strip_prefix(field).and_then(|rest| rest.strip_prefix(": ")).unwrap_or(detail);
    in_sentences(detail, problem.to_do())
}
