//! The pictures of a study in rows of styles and columns of subjects.

use crate::batch::Card;
use crate::settings::Settings;
use crate::styles::{Group, Style};

/// Styles by subjects.
pub(super) struct Grid<'a> {
    /// The settings of each subject, without a style, in the order of the file
    pub subjects: Vec<Settings>,
    /// A row for each style, in the order of the study
    pub rows: Vec<Row<'a>>,
}

/// The pictures in one style.
pub(super) struct Row<'a> {
    /// The style; none for the subjects as they are
    pub style: Option<&'static Style>,
    /// The picture of each subject; none if it could not be drawn
    pub cells: Vec<Option<&'a Card>>,
}

impl<'a> Grid<'a> {
    /// The grid of pictures.
    pub fn of(cards: &'a [Card]) -> Self {
        let (mut subjects, mut rows) = (Vec::<Settings>::new(), Vec::<Row>::new());
        for card in cards {
            let subject = Settings { style: Vec::new(), style_weight: None, ..card.settings.clone() };
            let column = subjects.iter().position(|known| *known == subject).unwrap_or_else(|| {
                subjects.push(subject);
                subjects.len() - 1
            });
            let style = card.settings.styles().next();
            let is_of_style = |row: &Row| row.style.map(|style| &style.name) == style.map(|style| &style.name);
            let index = rows.iter().position(is_of_style).unwrap_or_else(|| {
                rows.push(Row { style, cells: Vec::new() });
                rows.len() - 1
            });
            let cells = &mut rows[index].cells;
            cells.resize(cells.len().max(column + 1), None);
            cells[column] = Some(card);
        }
        let columns = subjects.len();
        for row in &mut rows {
            row.cells.resize(columns, None);
        }
        Self { subjects, rows }
    }
}

impl Row<'_> {
    /// The name of the style.
    pub fn name(&self) -> &'static str {
        self.style.map_or("no style", |style| &style.name)
    }

    /// The heading of the group of styles; empty without a style.
    pub fn group(&self) -> &'static str {
        let has =
            |group: &&Group| group.styles.iter().any(|style| self.style.is_some_and(|own| own.name == style.name));
        Group::all().ok().and_then(|groups| groups.iter().find(has)).map_or("", |group| &group.title)
    }

    /// The mean of the scores that are known; none if none is.
    #[allow(clippy::cast_precision_loss)]
    pub fn score(&self) -> Option<f64> {
        let scores: Vec<f64> = self.cells.iter().filter_map(|cell| cell.and_then(|card| card.score)).collect();
        (!scores.is_empty()).then(|| scores.iter().sum::<f64>() / scores.len() as f64)
    }
}
