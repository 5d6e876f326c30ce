//! A study as a page, which needs no network and no server.

use std::fmt::Write;
use std::io::Read;
use std::path::Path;

use html_escape::encode_safe;

use super::grid::{Grid, Row};
use crate::batch::Card;
use crate::batch::contact_sheet::link;
use crate::files::open_regular;

/// The beginning of a page.
const PAGE: &str = "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Style study</title>";
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// Whether the file at a path is a study that this program wrote: a later run may replace such a file.
#[must_use]
pub fn is_own_page(path: &Path) -> bool {
    let Ok(file) = open_regular(path) else { return false };
    let mut beginning = Vec::new();
    file.take(PAGE.len() as u64).read_to_end(&mut beginning).is_ok() && beginning == PAGE.as_bytes()
}

/// The text of the page at a path. Everything that a user wrote is escaped, and the script reads it from the page only.
pub(super) fn page(path: &Path, grid: &Grid) -> String {
    let mut text = format!(
        "{PAGE}\n<meta name=\"viewport\" content=\"width=device-width\">\n<style>\n{STYLE}</style></head>\n<body>\n\
         <form id=\"tools\"><label>Filter <input id=\"filter\" type=\"search\" placeholder=\"a style\" \
         autocomplete=\"off\"></label>\n<label>Group <select id=\"group\"><option value=\"\">all</option>"
    );
    let mut groups: Vec<&str> = grid.rows.iter().map(Row::group).filter(|group| !group.is_empty()).collect();
    groups.dedup();
    for group in groups {
        let _ = write!(text, "<option>{}</option>", encode_safe(group));
    }
    text += "</select></label>\n<label>Sort by <select id=\"sort\"><option value=\"order\">group</option>\
             <option value=\"name\">name</option><option value=\"mean\">mean score</option>";
    for (index, subject) in grid.subjects.iter().enumerate() {
        let _ =
            write!(text, "<option value=\"{index}\">score of {}</option>", encode_safe(&subject.prompt.to_string()));
    }
    text += "</select></label>\n<output id=\"count\"></output></form>\n<table><thead><tr><th scope=\"col\">Style</th>";
    for subject in &grid.subjects {
        let prompt = subject.prompt.to_string();
        let _ = write!(text, "<th scope=\"col\">{} <small>seed {}</small></th>", encode_safe(&prompt), subject.seed);
    }
    text += "</tr></thead>\n<tbody>\n";
    for row in &grid.rows {
        add_row(&mut text, path, grid, row);
    }
    let _ = write!(text, "</tbody></table>\n<script>\n{SCRIPT}</script></body></html>\n");
    text
}

fn add_row(text: &mut String, path: &Path, grid: &Grid, row: &Row) {
    let attribute = |value: &str| encode_safe(value).into_owned();
    let mean = row.score().map_or_else(String::new, |score| format!("{score:.4}"));
    let (name, group) = (attribute(row.name()), attribute(row.group()));
    let _ = write!(text, "<tr data-name=\"{name}\" data-group=\"{group}\" data-mean=\"{mean}\"><th scope=\"row\">");
    let effect = row.style.map_or("The subjects as they are", |style| &style.effect);
    let _ = write!(
        text,
        "{}<small>{}</small><small class=\"mean\">{mean}</small></th>",
        encode_safe(row.name()),
        encode_safe(effect)
    );
    for (cell, subject) in row.cells.iter().zip(&grid.subjects) {
        let Some(Card { path: picture, score, .. }) = cell else {
            *text += "<td class=\"missing\">not drawn</td>";
            continue;
        };
        let (link, score) = (link(path, picture), score.map_or_else(String::new, |score| format!("{score:.4}")));
        let says = attribute(&format!("{}, {}", subject.prompt, row.name()));
        let _ = write!(
            text,
            "<td data-score=\"{score}\"><a href=\"{link}\"><img src=\"{link}\" alt=\"{says}\" loading=\"lazy\"></a>\
             <small>{score}</small></td>"
        );
    }
    *text += "</tr>\n";
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolve::combine;
    use crate::settings::Overrides;

    #[test]
    fn hostile_prompts_stay_text() {
        let card = |prompt: &str, style: &str| {
            let asked = Overrides {
                prompt: Some(prompt.parse().unwrap()),
                style: Some(vec![style.parse().unwrap()]),
                ..Overrides::default()
            };
            Card { path: "out/a\"><script>.png".into(), settings: combine(&[asked]).unwrap(), score: Some(0.25) }
        };
        let hostile = "</script><img src=x onerror=alert(1)>";
        let cards = [card(hostile, "none"), card(hostile, "neon"), card("\" onload=\"alert(1)", "neon")];
        let grid = Grid::of(&cards);
        assert_eq!((grid.subjects.len(), grid.rows.len()), (2, 2));
        let page = page(Path::new("study.html"), &grid);
        assert!(
            !page.contains("<img src=x") && !page.contains("\" onload=") && !page.contains("\"><script>"),
            "{page}"
        );
        assert_eq!(page.matches("<script>").count(), 1);
        // One subject was not drawn without a style.
        assert_eq!((page.matches("<img ").count(), page.matches("not drawn").count()), (3, 1));
    }
}
