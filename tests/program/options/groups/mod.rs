//! The cases of the options of drawing: a file for each group of the help.

mod animation;
mod colors;
mod drawer;
mod guidance;
mod machine;
mod masks;
mod models;
mod moving_pictures;
mod output;
mod picture;
mod settings;
mod start;
mod strokes;
mod waves;

use super::Group;

/// The groups, in the order of the help.
pub(super) const GENERATE: &[Group] = &[
    picture::CASES,
    start::CASES,
    masks::CASES,
    models::CASES,
    guidance::CASES,
    drawer::CASES,
    strokes::CASES,
    waves::CASES,
    colors::CASES,
    machine::CASES,
    moving_pictures::CASES,
    animation::CASES,
    output::CASES,
    settings::CASES,
];
