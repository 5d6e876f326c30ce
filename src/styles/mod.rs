//! The styles with names: `weights/styles.toml`, compiled in. A style is a few words that change how a CLIP model wants a
//! picture to look.

use std::sync::OnceLock;

use serde::Deserialize;

use crate::models::Vocabulary;
use crate::text::{MOST_NAMES, near_names, question};
use crate::{Error, Result};

static TEXT: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/weights/styles.toml"));

/// The shortest text whose appearance inside a name makes the name a suggestion.
const SHORTEST_PART: usize = 3;

/// Styles of one kind.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// The name of the group, in one word
    pub name: String,
    /// A heading for the group
    pub title: String,
    /// The styles, related ones next to each other
    pub styles: Vec<Style>,
}

/// A style.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Style {
    /// The name for `--style`
    pub name: String,
    /// The words that a model reads, if they are not the name
    words: Option<String>,
    /// What the style does, in one line
    pub effect: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    #[serde(rename = "group")]
    groups: Vec<Group>,
}

impl Group {
    /// All groups, in the order of the file.
    ///
    /// # Errors
    /// Only if the list in the program is damaged.
    pub fn all() -> Result<&'static [Self]> {
        static LIST: OnceLock<Result<List, String>> = OnceLock::new();
        let list = LIST.get_or_init(|| toml::from_str(TEXT).map_err(|error| error.to_string()));
        let list =
            list.as_ref().map_err(|problem| Error::fault(format!("the list of styles cannot be read: {problem}")));
        Ok(&list?.groups)
    }

    /// The group with a name, in upper or lower case.
    ///
    /// # Errors
    /// If there is none; the hint suggests close names.
    pub fn of(name: &str) -> Result<&'static Self> {
        let all = Self::all()?;
        let found = all.iter().find(|group| group.name.eq_ignore_ascii_case(name.trim()));
        found.ok_or_else(|| {
            if let Some(group) = all.iter().find(|group| group.styles.iter().any(|style| style.is_named(name))) {
                let hint = format!("this is a style in the group `{}`; use it with ‹style›", group.name);
                return Error::usage(format!("there is no group of styles named `{}`", name.trim()), hint);
            }
            let names: Vec<&str> = all.iter().map(|group| group.name.as_str()).collect();
            let near = question(&near_names(name.trim(), names.iter().copied()));
            let hint = near.unwrap_or_else(|| format!("use one of {}", names.join(", ")));
            Error::usage(format!("there is no group of styles named `{}`", name.trim()), hint)
        })
    }
}

impl Style {
    /// All styles, in the order of the file.
    ///
    /// # Errors
    /// Only if the list in the program is damaged.
    pub fn all() -> Result<impl Iterator<Item = &'static Self>> {
        Ok(Group::all()?.iter().flat_map(|group| &group.styles))
    }

    /// The style with a name, in upper or lower case.
    ///
    /// # Errors
    /// Only if the list in the program is damaged.
    pub fn of(name: &str) -> Result<Option<&'static Self>> {
        Ok(Self::all()?.find(|style| style.is_named(name)))
    }

    fn is_named(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.trim())
    }

    /// The names that someone who wrote this one may have meant, the nearest first: similar names, then names that
    /// contain it.
    ///
    /// # Errors
    /// Only if the list in the program is damaged.
    pub fn near(name: &str) -> Result<Vec<&'static str>> {
        let part = name.trim().to_lowercase();
        let mut near = near_names(&part, Self::all()?.map(|style| style.name.as_str()));
        let is_part =
            |style: &&Self| part.chars().count() >= SHORTEST_PART && style.name.to_lowercase().contains(&part);
        for style in Self::all()?.filter(is_part) {
            if !near.contains(&style.name.as_str()) {
                near.push(&style.name);
            }
        }
        near.truncate(MOST_NAMES);
        Ok(near)
    }

    /// The words that a model reads.
    #[must_use]
    pub fn words(&self) -> &str {
        self.words.as_deref().unwrap_or(&self.name)
    }

    /// Whether the embedded model was trained on this style.
    ///
    /// # Errors
    /// Only if a list in the program is damaged.
    pub fn is_embedded(&self) -> Result<bool> {
        Ok(embedded()?.iter().any(|known| known.eq_ignore_ascii_case(&self.name)))
    }
}

/// The names of the styles that the embedded model was trained on.
///
/// # Errors
/// Only if its vocabulary is damaged.
pub fn embedded() -> Result<&'static [String]> {
    static NAMES: OnceLock<Result<Vec<String>, String>> = OnceLock::new();
    let names = NAMES
        .get_or_init(|| Vocabulary::embedded().map(|vocabulary| vocabulary.styles).map_err(|error| error.to_string()));
    names.as_deref().map_err(|problem| Error::fault(problem.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_style_is_whole_and_its_name_is_unique() {
        let all: Vec<&Style> = Style::all().unwrap().collect();
        assert!(all.len() > 390);
        let mut names: Vec<String> = all.iter().map(|style| style.name.to_lowercase()).collect();
        names.sort();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count, "a name is there twice");
        for Style { name, words, effect } in all {
            let is_plain = name.trim() == name && !name.is_empty() && !name.contains([',', '|', '"']);
            assert!(is_plain && !name.starts_with('-') && name != "none", "{name}");
            assert!(effect.len() > 5 && effect.len() <= 70 && !effect.ends_with('.'), "{name}: {effect}");
            assert!(effect.starts_with(|first: char| first.is_ascii_uppercase() || first.is_ascii_digit()), "{name}");
            assert!(words.as_ref().is_none_or(|words| !words.is_empty() && words != name), "{name}");
        }
        let groups = Group::all().unwrap();
        for group in groups {
            assert!(!group.title.is_empty() && !group.styles.is_empty(), "{}", group.name);
            assert!(group.name.bytes().all(|byte| byte.is_ascii_lowercase()), "{}", group.name);
            assert_eq!(groups.iter().filter(|other| other.name == group.name).count(), 1, "{}", group.name);
        }
    }

    #[test]
    fn the_list_has_what_the_embedded_model_knows() {
        for name in embedded().unwrap() {
            let style = Style::of(name).unwrap().unwrap_or_else(|| panic!("{name} is missing"));
            assert!(style.is_embedded().unwrap() && style.words().eq_ignore_ascii_case(name), "{name}");
        }
        let known = Style::all().unwrap().filter(|style| style.is_embedded().unwrap()).count();
        assert_eq!(known, embedded().unwrap().len());
    }

    #[test]
    fn names_are_found_in_any_case_and_near_ones_are_suggested() {
        assert_eq!(Style::of(" WaterColor ").unwrap().unwrap().name, "watercolor");
        assert_eq!(Style::of("1990S").unwrap().unwrap().words(), "1990s, 1995");
        assert!(Style::of("").unwrap().is_none());
        assert_eq!(Style::near("watercolour").unwrap()[0], "watercolor");
        assert_eq!(Style::near("monet").unwrap(), ["Claude Monet"]);
        assert_eq!(Style::near("xq").unwrap(), [""; 0]);
        assert_eq!(Group::of("Medium").unwrap().name, "medium");
        assert_eq!(Group::of("lihgt").unwrap_err().hint(), "did you mean `light`?");
        assert!(Group::of("x").unwrap_err().hint().starts_with("use one of medium, "));
    }
}
