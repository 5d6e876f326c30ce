//! Markdown as text for a terminal or a pipe: headings, paragraphs, lists, tables and code, wrapped to a width.

use clap::builder::styling::Style;
use pulldown_cmark::{Event, LinkType, Options, Parser, Tag, TagEnd};
use unicode_width::UnicodeWidthStr;

use crate::cli::terminal::HELP;

/// How far code stands from the margin, in columns.
const CODE: usize = 4;
/// The space between two columns of a table.
const BETWEEN: usize = 2;
/// The narrowest last column of a table.
const LAST_COLUMN: usize = 16;

/// How text looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    Plain,
    Strong,
    Heading,
    Code,
}

impl Look {
    fn style(self) -> Style {
        match self {
            Self::Plain => Style::new(),
            Self::Strong => Style::new().bold(),
            Self::Heading => *HELP.get_header(),
            Self::Code => *HELP.get_literal(),
        }
    }
}

/// Text of one look, without spaces.
#[derive(Debug)]
struct Piece {
    look: Look,
    text: String,
}

/// What is not broken between two lines.
type Word = Vec<Piece>;

/// Markdown as lines of at most `width` columns, if code and words are not longer. Colors show what is code and what is a
/// heading; without them code within a sentence keeps its backticks.
pub(super) fn render(markdown: &str, width: usize, colored: bool) -> String {
    let mut page = Page { width, colored, ..Page::default() };
    for event in Parser::new_ext(markdown, Options::ENABLE_TABLES) {
        page.add(event);
    }
    page.text
}

/// A text that is being written.
#[derive(Default)]
struct Page {
    width: usize,
    colored: bool,
    text: String,
    /// Words of the paragraph or the cell that has begun
    words: Vec<Word>,
    /// Whether the next text continues the last word
    is_joined: bool,
    looks: Vec<Look>,
    /// Of each list that has begun, the number of its next item
    lists: Vec<Option<u64>>,
    /// The widths of the marks of all items that have begun
    indents: Vec<usize>,
    /// The mark of an item whose first line is to come
    mark: String,
    /// Code that has begun
    code: Option<String>,
    /// The address of a link, if its text does not show it
    link: Option<String>,
    /// The cells of a table's rows
    rows: Vec<Vec<Vec<Word>>>,
}

impl Page {
    fn add(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.begin(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => match &mut self.code {
                Some(code) => code.push_str(&text),
                None => self.add_text(&text, self.looks.last().copied().unwrap_or(Look::Plain)),
            },
            Event::Code(code) if self.colored => self.add_text(&code, Look::Code),
            Event::Code(code) => self.add_text(&format!("`{code}`"), Look::Code),
            Event::SoftBreak => self.is_joined = false,
            Event::HardBreak => self.end_paragraph(),
            _ => {}
        }
    }

    fn begin(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph | Tag::Table(_) => self.separate(),
            Tag::Heading { .. } => {
                self.separate();
                self.looks.push(Look::Heading);
            }
            Tag::Strong | Tag::Emphasis | Tag::TableHead => {
                self.looks.push(Look::Strong);
                if tag == Tag::TableHead {
                    self.rows.push(Vec::new());
                }
            }
            Tag::CodeBlock(_) => {
                self.end_paragraph();
                self.separate();
                self.code = Some(String::new());
            }
            Tag::List(number) => {
                self.end_paragraph();
                self.separate();
                self.lists.push(number);
            }
            Tag::Item => {
                self.mark = match self.lists.last_mut() {
                    Some(Some(number)) => {
                        *number += 1;
                        format!("{}. ", *number - 1)
                    }
                    _ => "- ".to_owned(),
                };
                self.indents.push(self.mark.len());
            }
            Tag::TableRow => self.rows.push(Vec::new()),
            Tag::Link { link_type, dest_url, .. } => {
                let is_named = link_type != LinkType::Autolink && dest_url.starts_with("http");
                self.link = is_named.then(|| dest_url.into_string());
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph => self.end_paragraph(),
            TagEnd::Heading(_) => {
                self.end_paragraph();
                self.looks.pop();
            }
            TagEnd::Strong | TagEnd::Emphasis | TagEnd::TableHead => {
                self.looks.pop();
            }
            TagEnd::CodeBlock => self.end_code(),
            TagEnd::List(_) => {
                self.lists.pop();
            }
            TagEnd::Item => {
                self.end_paragraph();
                self.indents.pop();
            }
            TagEnd::TableCell => {
                let cell = std::mem::take(&mut self.words);
                self.is_joined = false;
                if let Some(row) = self.rows.last_mut() {
                    row.push(cell);
                }
            }
            TagEnd::Table => self.end_table(),
            TagEnd::Link => {
                if let Some(address) = self.link.take() {
                    self.add_text(&format!(" ({address})"), Look::Plain);
                }
            }
            _ => {}
        }
    }

    /// Adds text to the words; spaces in it are where lines may break.
    fn add_text(&mut self, text: &str, look: Look) {
        for (index, part) in text.split(char::is_whitespace).enumerate() {
            self.is_joined &= index == 0;
            if part.is_empty() {
                continue;
            }
            let piece = Piece { look, text: part.to_owned() };
            match self.words.last_mut().filter(|_| self.is_joined) {
                Some(word) => word.push(piece),
                None => self.words.push(vec![piece]),
            }
            self.is_joined = true;
        }
    }

    /// An empty line between what is above and what comes, but not within lists.
    fn separate(&mut self) {
        if !self.text.is_empty() && self.lists.is_empty() {
            self.text.push('\n');
        }
    }

    fn end_paragraph(&mut self) {
        let words = std::mem::take(&mut self.words);
        self.is_joined = false;
        let indent: usize = self.indents.iter().sum();
        for line in lines(&words, self.width.saturating_sub(indent)) {
            let mark = std::mem::take(&mut self.mark);
            let margin = " ".repeat(indent.saturating_sub(mark.len()));
            self.write_line(&format!("{margin}{mark}{}", self.painted(line)));
        }
    }

    fn end_code(&mut self) {
        let margin = " ".repeat(self.indents.iter().sum::<usize>() + CODE);
        for line in self.code.take().unwrap_or_default().lines() {
            let (command, comment) = line.split_at(line.find(" #").unwrap_or(line.len()));
            self.write_line(&format!("{margin}{}{comment}", self.paint(command, Look::Code)));
        }
    }

    /// Writes the rows of a table: the last column is wrapped, the others are as wide as their widest cell.
    fn end_table(&mut self) {
        let rows = std::mem::take(&mut self.rows);
        let columns = rows.iter().map(Vec::len).max().unwrap_or_default().saturating_sub(1);
        let widest = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| width(cell)).max();
        let widths: Vec<usize> = (0..columns).map(|column| widest(column).unwrap_or_default() + BETWEEN).collect();
        let before: usize = widths.iter().sum();
        let room = self.width.saturating_sub(before).max(LAST_COLUMN);
        // A table may have no heads.
        for row in rows.iter().filter(|row| row.iter().any(|cell| !cell.is_empty())) {
            let mut begin = String::new();
            for (cell, column) in row.iter().zip(&widths) {
                begin += &self.painted(cell);
                begin += &" ".repeat(column.saturating_sub(width(cell)));
            }
            let last = lines(row.get(columns).map_or(&[], Vec::as_slice), room);
            let mut last = last.into_iter();
            self.write_line(&format!("{begin}{}", last.next().map_or_else(String::new, |line| self.painted(line))));
            for line in last {
                self.write_line(&format!("{:before$}{}", "", self.painted(line)));
            }
        }
    }

    fn write_line(&mut self, line: &str) {
        self.text += line.trim_end();
        self.text.push('\n');
    }

    fn painted(&self, words: &[Word]) -> String {
        let word = |word: &Word| word.iter().map(|piece| self.paint(&piece.text, piece.look)).collect::<String>();
        words.iter().map(word).collect::<Vec<_>>().join(" ")
    }

    fn paint(&self, text: &str, look: Look) -> String {
        let style = if self.colored { look.style() } else { Style::new() };
        format!("{style}{text}{style:#}")
    }
}

/// Words in lines of at most `most` columns; a word that is wider has a line to itself.
fn lines(words: &[Word], most: usize) -> Vec<&[Word]> {
    let mut lines = Vec::new();
    let mut start = 0;
    for end in 1..=words.len() {
        if end - start > 1 && width(&words[start..end]) > most {
            lines.push(&words[start..end - 1]);
            start = end - 1;
        }
    }
    if start < words.len() {
        lines.push(&words[start..]);
    }
    lines
}

/// The width of words with a space between any two, in columns.
fn width(words: &[Word]) -> usize {
    let letters: usize = words.iter().flatten().map(|piece| piece.text.width()).sum();
    letters + words.len().saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# Pixel art\n\nCells, `--drawer pixel`, are **rectangles**\nor [hexagons](https://x.org).\n\n\
        - one thing\n- another\n  - within\n\n1. first\n2. second\n\n```sh\ntext2art a cat   # draws\n```\n\n\
        | option | what it does |\n|---|---|\n| `--dither` | mixes colors that are not in the palette |\n";

    #[test]
    fn plain_text_is_wrapped_and_has_no_marks() {
        let expected = "Pixel art\n\nCells, `--drawer pixel`, are\nrectangles or hexagons\n(https://x.org).\n\n\
            - one thing\n- another\n  - within\n\n1. first\n2. second\n\n    text2art a cat   # draws\n\n\
            option      what it does\n`--dither`  mixes colors that\n            are not in the\n            palette\n";
        assert_eq!(render(TEXT, 30, false), expected);
    }

    #[test]
    fn colors_change_no_line() {
        let colored = render(&TEXT.replace("`--dither`", "`--dither--`"), 30, true);
        assert!(
            colored.starts_with("\x1b[1m\x1b[32mPixel\x1b[0m \x1b[1m\x1b[32mart\x1b[0m\n"),
            "{}",
            colored.escape_debug()
        );
        assert!(colored.contains("\x1b[1m\x1b[36mtext2art a cat  \x1b[0m # draws"), "{}", colored.escape_debug());
        assert!(!colored.contains('`'));
    }

    #[test]
    fn a_word_that_is_too_wide_has_its_own_line() {
        assert_eq!(render("a https://example.org/long b", 10, false), "a\nhttps://example.org/long\nb\n");
        assert_eq!(render("木木木 木木", 6, false), "木木木\n木木\n");
        assert_eq!(render("", 10, false), "");
    }
}
