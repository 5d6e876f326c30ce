//! Studies: every subject of a file in every style, side by side.

mod grid;
mod page;
mod sheet;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::entry::{Asked, Entry};
use super::{Card, Source};
use crate::files::{Existing, slug, write_beside};
use crate::settings::{SeedChoice, StyleName};
use crate::{Error, Result};
use grid::Grid;
pub use page::is_own_page;
pub use sheet::sheet_names;

/// The most pictures for one subject: all styles that there are, and more.
const MOST_STYLES: usize = 1000;

/// The styles that subjects are drawn in, and where the pictures go.
pub struct Study {
    /// Each style with its part of the file names; the first is none
    styles: Vec<(StyleName, String)>,
    folder: PathBuf,
    /// How many subjects so far have each name
    subjects: HashMap<String, usize>,
}

impl Study {
    /// A study of styles, whose pictures go to a folder. Each subject is also drawn without a style.
    ///
    /// # Errors
    /// If there are too many styles.
    pub fn new(styles: &[StyleName], folder: &Path) -> Result<Self> {
        let mut named = HashMap::new();
        let plain: StyleName = "none".parse().map_err(|error: String| Error::fault(error))?;
        let all = std::iter::once(&plain).chain(styles.iter().filter(|style| style.style().is_some()));
        let mut found: Vec<(StyleName, String)> = Vec::new();
        for style in all {
            if found.iter().all(|(known, _)| known != style) {
                let name = style.style().map_or_else(|| "plain".to_owned(), |style| slug(&style.name));
                found.push((style.clone(), unique(&mut named, name)));
            }
        }
        if found.len() > MOST_STYLES + 1 {
            let problem = format!("a study of {} styles is too large", found.len() - 1);
            return Err(Error::usage(problem, format!("give at most {MOST_STYLES}")));
        }
        Ok(Self { styles: found, folder: folder.to_owned(), subjects: HashMap::new() })
    }

    /// The subjects of a source, each in every style.
    #[must_use]
    pub fn of(mut self, source: Source) -> Source {
        let Source { name, is_stream, entries } = source;
        let entries =
            entries.map(move |entry| Entry { asked: entry.asked.and_then(|asked| self.in_styles(&asked)), ..entry });
        Source { name, is_stream, entries: Box::new(entries) }
    }

    /// The number of rows: one for each style, and one without a style.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.styles.len()
    }

    fn in_styles(&mut self, asked: &[Asked]) -> Result<Vec<Asked>, String> {
        let mut all = Vec::new();
        for subject in asked {
            if subject.settings.style.is_some() {
                return Err("the line has styles of its own, but a study decides the styles".into());
            }
            if subject.output.is_some() {
                return Err("the line names its output, but a study names its pictures itself".into());
            }
            let prompt = subject.settings.prompt.as_ref().and_then(|prompt| prompt.all().first());
            // Styles are compared on one seed.
            let seed = subject.settings.seed.map(SeedChoice::seed).transpose().map_err(|error| error.to_string())?;
            let name = unique(&mut self.subjects, slug(prompt.map_or("", |prompt| &prompt.text)));
            for (style, part) in &self.styles {
                let mut one = subject.clone();
                one.settings.seed = seed.map(SeedChoice::from);
                one.settings.style = Some(vec![style.clone()]);
                one.output = Some(self.folder.join(format!("{name}-{part}-{{seed}}.png")));
                all.push(one);
            }
        }
        Ok(all)
    }
}

/// A name that none before has: a number follows one that was taken.
fn unique(taken: &mut HashMap<String, usize>, name: String) -> String {
    let count = taken.entry(name.clone()).or_default();
    *count += 1;
    if *count == 1 { name } else { format!("{name}-{count}") }
}

/// Writes a study as a page that can be filtered and sorted, and as PNGs with labels if `sheets` names them. Returns the
/// paths.
///
/// # Errors
/// If a picture cannot be read, or a file cannot be written.
pub fn write_study(page: (&Path, Existing), sheets: Option<(&Path, Existing)>, cards: &[Card]) -> Result<Vec<PathBuf>> {
    let grid = Grid::of(cards);
    let (path, existing) = page;
    let mut written = vec![write_beside(path, page::page(path, &grid).as_bytes(), existing)?];
    if let Some((path, existing)) = sheets {
        for (name, rows) in sheet_names(path, grid.rows.len()).iter().zip(sheet::pages(&grid)) {
            written.push(write_beside(name, &sheet::sheet(&grid, rows)?, existing)?);
        }
    }
    Ok(written)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Overrides;

    fn study(styles: &[&str]) -> Study {
        let styles: Vec<StyleName> = styles.iter().map(|style| style.parse().unwrap()).collect();
        Study::new(&styles, Path::new("out")).unwrap()
    }

    fn subject(prompt: &str) -> Asked {
        let settings = Overrides { prompt: Some(prompt.parse().unwrap()), ..Overrides::default() };
        Asked { settings, ..Asked::default() }
    }

    #[test]
    fn every_subject_is_drawn_in_every_style_once() {
        let mut study = study(&["neon", "none", "Neon", "watercolor"]);
        let asked = study.in_styles(&[subject("a cat"), subject("A cat!")]).unwrap();
        let names: Vec<_> = asked.iter().map(|asked| asked.output.clone().unwrap()).collect();
        let expected = ["a-cat-plain", "a-cat-neon", "a-cat-watercolor", "a-cat-2-plain", "a-cat-2-neon"];
        for (name, expected) in names.iter().zip(expected) {
            assert_eq!(*name, Path::new("out").join(format!("{expected}-{{seed}}.png")));
        }
        assert_eq!(names.len(), 6);
        assert!(asked[0].settings.style.as_ref().unwrap()[0].style().is_none());
    }

    #[test]
    fn a_random_seed_is_the_same_for_all_styles() {
        let mut subject = subject("a cat");
        subject.settings.seed = Some(SeedChoice::Random);
        let asked = study(&["neon", "watercolor"]).in_styles(&[subject.clone(), subject]).unwrap();
        let seeds: Vec<_> = asked.iter().map(|asked| asked.settings.seed.unwrap()).collect();
        assert!(seeds.iter().all(|seed| !seed.is_random()) && seeds.len() == 6);
        assert!(seeds[..3].iter().all(|seed| *seed == seeds[0]) && seeds[3..].iter().all(|seed| *seed == seeds[3]));
    }

    #[test]
    fn lines_with_styles_or_names_of_their_own_are_refused() {
        let styled = Overrides { style: Some(vec!["neon".parse().unwrap()]), ..subject("a").settings };
        let styled = Asked { settings: styled, ..Asked::default() };
        let named = Asked { output: Some("a.png".into()), ..subject("a") };
        for wrong in [styled, named] {
            assert!(study(&["neon"]).in_styles(&[wrong]).is_err());
        }
    }
}
