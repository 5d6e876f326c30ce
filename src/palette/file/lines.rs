//! Palette files of lines. What is wrong is told with the line's number.

use super::super::names;

type Colours = Result<Vec<[u8; 3]>, String>;

/// The lines of a file with their numbers, without blank ones and spaces around. Names in other encodings than UTF-8
/// do no harm.
fn lines(bytes: &[u8]) -> Vec<(usize, String)> {
    let text = String::from_utf8_lossy(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes));
    // Of Unix, Windows and old Macs.
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let lines = text.lines().zip(1..).map(|(line, number)| (number, line.trim().to_owned()));
    lines.filter(|(_, line)| !line.is_empty()).collect()
}

/// A line's beginning, for a message.
fn shown(line: &str) -> String {
    line.chars().take(40).collect::<String>().escape_debug().to_string()
}

/// Red, green and blue at the beginning of a line.
fn numbers(number: usize, line: &str) -> Result<[u8; 3], String> {
    let mut words = line.split_whitespace().map(|word| word.parse::<u8>().ok());
    let mut next = || words.next().flatten();
    let colour = next().zip(next()).zip(next()).map(|((red, green), blue)| [red, green, blue]);
    colour.ok_or_else(|| {
        format!("line {number}: `{}` does not begin with red, green and blue from 0 to 255", shown(line))
    })
}

/// A palette of GIMP: its title, lines of settings, comments behind `#`, and lines of red, green, blue and a name.
pub(super) fn gimp(bytes: &[u8]) -> Colours {
    let mut lines = lines(bytes).into_iter();
    match lines.next() {
        Some((_, title)) if title == "GIMP Palette" => {}
        Some((number, line)) => {
            return Err(format!(
                "line {number}: `{}` is not `GIMP Palette`, with which such files begin",
                shown(&line)
            ));
        }
        None => return Ok(Vec::new()),
    }
    let is_setting = |line: &str| {
        let name = line.split_once(':').map(|(name, _)| name.trim().to_lowercase());
        name.is_some_and(|name| ["name", "columns", "channels"].contains(&name.as_str()))
    };
    let colours = lines.filter(|(_, line)| !line.starts_with('#') && !is_setting(line));
    colours.map(|(number, line)| numbers(number, &line)).collect()
}

/// A list of hexadecimal numbers; what begins with `;` is a comment.
pub(super) fn hexadecimal(bytes: &[u8]) -> Colours {
    let lines = lines(bytes).into_iter().filter(|(_, line)| !line.starts_with(';'));
    let colours = lines.map(|(number, line)| {
        let digits = line.strip_prefix('#').unwrap_or(&line);
        let colour = Some(digits).filter(|digits| digits.len() == 6).and_then(names::hexadecimal);
        colour.ok_or_else(|| format!("line {number}: `{}` is no colour of six hexadecimal digits", shown(&line)))
    });
    colours.collect()
}

/// A palette of JASC's Paint Shop Pro: `JASC-PAL`, `0100`, how many colours, and these.
pub(super) fn jasc(bytes: &[u8]) -> Colours {
    let mut lines = lines(bytes).into_iter();
    for expected in ["JASC-PAL", "0100"] {
        match lines.next() {
            Some((_, line)) if line == expected => {}
            Some((number, line)) => {
                let problem = format!("line {number}: `{}` is not `{expected}`", shown(&line));
                return Err(format!("{problem}: this is neither a JASC nor a RIFF palette"));
            }
            None => return Err(format!("the file ends before `{expected}`")),
        }
    }
    let (number, count) = lines.next().ok_or("the file ends before the number of its colours")?;
    let count: usize =
        count.parse().map_err(|_| format!("line {number}: `{}` is no number of colours", shown(&count)))?;
    let colours = lines.map(|(number, line)| numbers(number, &line)).collect::<Result<Vec<_>, _>>()?;
    if colours.len() == count {
        return Ok(colours);
    }
    Err(format!("line {number} tells of {count} colours, and there are {}", colours.len()))
}
