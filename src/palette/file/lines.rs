//! Palette files made of lines. Errors name the number of the line.

use super::super::names;

type Colors = Result<Vec<[u8; 3]>, String>;

/// The lines of a file with their numbers, trimmed and without blank ones. Names in encodings other than UTF-8 do no
/// harm.
fn lines(bytes: &[u8]) -> Vec<(usize, String)> {
    let text = String::from_utf8_lossy(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes));
    // Line ends of Unix, Windows and old Macs.
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let lines = text.lines().zip(1..).map(|(line, number)| (number, line.trim().to_owned()));
    lines.filter(|(_, line)| !line.is_empty()).collect()
}

/// The beginning of a line, for a message.
fn shown(line: &str) -> String {
    line.chars().take(40).collect::<String>().escape_debug().to_string()
}

/// Red, green and blue at the beginning of a line.
fn numbers(number: usize, line: &str) -> Result<[u8; 3], String> {
    let mut words = line.split_whitespace().map(|word| word.parse::<u8>().ok());
    let mut next = || words.next().flatten();
    let color = next().zip(next()).zip(next()).map(|((red, green), blue)| [red, green, blue]);
    color.ok_or_else(|| {
        format!("line {number}: `{}` does not begin with red, green and blue from 0 to 255", shown(line))
    })
}

/// Reads a GIMP palette: a title, lines of settings, comments after `#`, and lines of red, green, blue and a name.
pub(super) fn gimp(bytes: &[u8]) -> Colors {
    let mut lines = lines(bytes).into_iter();
    match lines.next() {
        Some((_, title)) if title == "GIMP Palette" => {}
        Some((number, line)) => {
            return Err(format!(
                "line {number}: `{}` is not `GIMP Palette`, the first line of such files",
                shown(&line)
            ));
        }
        None => return Ok(Vec::new()),
    }
    let is_setting = |line: &str| {
        let name = line.split_once(':').map(|(name, _)| name.trim().to_lowercase());
        name.is_some_and(|name| ["name", "columns", "channels"].contains(&name.as_str()))
    };
    let colors = lines.filter(|(_, line)| !line.starts_with('#') && !is_setting(line));
    colors.map(|(number, line)| numbers(number, &line)).collect()
}

/// Reads a list of hexadecimal numbers; comments begin with `;`.
pub(super) fn hexadecimal(bytes: &[u8]) -> Colors {
    let lines = lines(bytes).into_iter().filter(|(_, line)| !line.starts_with(';'));
    let colors = lines.map(|(number, line)| {
        let digits = line.strip_prefix('#').unwrap_or(&line);
        let color = Some(digits).filter(|digits| digits.len() == 6).and_then(names::hexadecimal);
        color.ok_or_else(|| format!("line {number}: `{}` is not a color of six hexadecimal digits", shown(&line)))
    });
    colors.collect()
}

/// Reads a palette of JASC's Paint Shop Pro: `JASC-PAL`, `0100`, the number of colors, and the colors.
pub(super) fn jasc(bytes: &[u8]) -> Colors {
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
    let (number, count) = lines.next().ok_or("the file ends before the number of its colors")?;
    let count: usize =
        count.parse().map_err(|_| format!("line {number}: `{}` is not a valid number of colors", shown(&count)))?;
    let colors = lines.map(|(number, line)| numbers(number, &line)).collect::<Result<Vec<_>, _>>()?;
    if colors.len() == count {
        return Ok(colors);
    }
    Err(format!("line {number} claims {count} colors, but there are {}", colors.len()))
}
