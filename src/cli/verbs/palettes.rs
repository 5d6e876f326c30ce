//! `text2art palettes`: the built-in palettes, and the palette that any value of `--palette` stands for.

use std::io::IsTerminal;

use serde::Serialize;

use crate::Result;
use crate::cli::terminal;
use crate::cli::terminal::stdout;
use crate::palette::{BuiltIn, Palette, hexadecimal};

/// Arguments of `palettes`.
#[derive(clap::Args)]
pub(in crate::cli) struct Arguments {
    /// A palette, as accepted by --palette: a name, colors, a ramp such as red->white\8, or a file
    #[arg(value_name = "PALETTE")]
    palette: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// A palette and what is known about it.
#[derive(Serialize)]
struct Shown<'a> {
    name: &'a str,
    title: Option<&'a str>,
    source: Option<&'a str>,
    licence: Option<&'a str>,
    /// Each as `#rrggbb`
    colours: Vec<String>,
}

impl<'a> Shown<'a> {
    fn new(palette: &'a Palette, built_in: Option<&'a BuiltIn>) -> Self {
        let colours = palette.colours().iter().map(|color| format!("#{}", hexadecimal(*color))).collect();
        Self {
            name: palette.name(),
            title: built_in.map(|built_in| built_in.title.as_str()),
            source: built_in.map(|built_in| built_in.source.as_str()),
            licence: built_in.map(|built_in| built_in.licence.as_str()),
            colours,
        }
    }
}

pub(in crate::cli) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let form =
        if std::io::stdout().is_terminal() && terminal::is_output_colored() { Form::Blocks } else { Form::Numbers };
    match &arguments.palette {
        Some(text) => show(text, arguments.json, form),
        None => list(arguments.json, form),
    }
}

/// How colors are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// For people
    Blocks,
    /// For programs
    Numbers,
}

fn list(json: bool, form: Form) -> anyhow::Result<()> {
    let palettes = BuiltIn::all()?.iter().map(|built_in| Ok((built_in, built_in.palette()?)));
    let palettes = palettes.collect::<Result<Vec<_>>>()?;
    if json {
        let shown: Vec<_> = palettes.iter().map(|(built_in, palette)| Shown::new(palette, Some(built_in))).collect();
        return stdout::print_json(&shown);
    }
    for (built_in, palette) in palettes {
        let (name, title, colors) = (&built_in.name, &built_in.title, palette.colours());
        stdout::print_line(&format!("{name:18} {:>3}  {title}", colors.len()))?;
        for line in lines(colors, form) {
            stdout::print(format!("  {line}\n").as_bytes())?;
        }
    }
    Ok(())
}

fn show(text: &str, json: bool, form: Form) -> anyhow::Result<()> {
    let palette = Palette::load(text)?;
    let built_in = BuiltIn::of(text)?;
    if json {
        return stdout::print_json(&Shown::new(&palette, built_in));
    }
    if form == Form::Numbers {
        // A .hex file, which --palette and other programs read.
        return palette.colours().iter().try_for_each(|color| stdout::print_line(&hexadecimal(*color)));
    }
    if let Some(BuiltIn { title, source, licence, .. }) = built_in {
        stdout::print_lines(&format!("{title}\nsource: {source}\nlicense: {licence}"))?;
    }
    palette
        .colours()
        .iter()
        .try_for_each(|color| stdout::print(format!("{} #{}\n", block(*color, 6), hexadecimal(*color)).as_bytes()))
}

/// Colors side by side, in lines that fit a terminal.
fn lines(colors: &[[u8; 3]], form: Form) -> Vec<String> {
    match form {
        Form::Blocks => {
            let line = |colors: &[[u8; 3]]| colors.iter().map(|color| block(*color, 2)).collect();
            colors.chunks(36).map(line).collect()
        }
        Form::Numbers => {
            let line = |colors: &[[u8; 3]]| colors.iter().map(|color| format!("#{}", hexadecimal(*color))).collect();
            colors.chunks(8).map(|colors| -> Vec<String> { line(colors) }).map(|line| line.join(" ")).collect()
        }
    }
}

/// A block of a color, as 24-bit escape sequences.
fn block([red, green, blue]: [u8; 3], width: usize) -> String {
    format!("\x1b[48;2;{red};{green};{blue}m{:width$}\x1b[0m", "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminals_see_blocks_and_programs_numbers() {
        let colors = [[255, 0, 10]; 40];
        let blocks = lines(&colors, Form::Blocks);
        assert_eq!(blocks.len(), 2);
        assert!(blocks[1].starts_with("\x1b[48;2;255;0;10m  \x1b[0m\x1b[48;2;"), "{}", blocks[1].escape_debug());
        let numbers = lines(&colors, Form::Numbers);
        assert_eq!((numbers.len(), numbers[4].as_str()), (5, ["#ff000a"; 8].join(" ").as_str()));
    }
}
