//! The notation of palettes: that of pixray, with the names of palettes in addition to colors.
//!
//! Parts are joined by `;`. A part is the name of a palette; a color; a list `[red, #0f0, navy]`, with or without its
//! brackets; or a ramp `black->red->white\8` through two or more colors. If a ramp's number of colors is left out, it
//! is 16. A color with a number, `navy\4`, is a ramp from black, and a list with a number, `[red, gold]\5`, is a ramp
//! through its colors. A color alone is only that color; pixray makes it a ramp from black.

use super::built_in::BuiltIn;
use super::{MOST_COLOURS, Palette, file, hexadecimal, names, oklab};
use crate::text::{near_names, question};
use crate::{Error, Result};

/// The number of a ramp's colors if none is given, as in pixray.
const RAMP_COLORS: usize = 16;
/// The start of a ramp if only one color is given.
const BLACK: [u8; 3] = [0; 3];
/// The longest name for which close ones are suggested: longer than any known name.
const LONGEST_NAME: usize = 64;
const SHOW: &str = "`text2art palettes` lists the built-in palettes";

/// The palette that a text stands for.
pub(super) fn read(text: &str) -> Result<Palette> {
    if text.trim().is_empty() {
        return Err(Error::usage(
            "a palette without colors cannot be used",
            "give colors, such as red->white\\8 or pico-8",
        ));
    }
    let mut colors = Vec::new();
    for part in text.split(';') {
        colors.extend(read_part(part.trim()).map_err(|(problem, hint)| {
            // Such a message names the whole text already.
            let is_whole = problem == unknown(text);
            let message = if is_whole { problem } else { format!("the palette {}: {problem}", shortened(text)) };
            Error::usage(message, hint)
        })?);
    }
    let palette = Palette::of_colours(shortened(text), colors)?;
    if let Some(only) = palette.only() {
        let problem = format!("the palette {}: its only color is #{}", shortened(text), hexadecimal(only));
        let hint = "add another color, such as black;gold, or make a ramp, such as black->gold\\4";
        return Err(Error::usage(problem, hint));
    }
    Ok(palette.named(text.trim()))
}

/// A problem, and what to do about it.
type Problem = (String, String);

fn problem<T>(problem: impl Into<String>, hint: impl Into<String>) -> Result<T, Problem> {
    Err((problem.into(), hint.into()))
}

fn read_part(part: &str) -> Result<Vec<[u8; 3]>, Problem> {
    if part.is_empty() {
        return problem("a part beside a `;` is empty", "write parts like black->navy\\4;gold");
    }
    if file::Named::of(part).is_some() {
        let hint = "give the file alone, or its colors as hexadecimal numbers";
        return problem(format!("{} is a file, which cannot be joined with other colors", shortened(part)), hint);
    }
    let (body, steps) = match part.rsplit_once('\\') {
        Some((body, steps)) => (body.trim(), Some(read_steps(steps)?)),
        None => (part, None),
    };
    let list = body.strip_prefix('[').and_then(|list| list.strip_suffix(']')).filter(|list| !list.contains(['+', ']']));
    if list.is_none() && body.contains("->") {
        let stops = body.split("->").map(read_color).collect::<Result<Vec<_>, _>>()?;
        return ramp(&stops, steps.unwrap_or(RAMP_COLORS));
    }
    if list.is_some() || body.contains(',') {
        let list = list.unwrap_or(body);
        if list.contains("->") {
            return problem("a list holds colors, not ramps", "join ramps with `;`, such as black->navy\\4;gold");
        }
        let colors = list.split(',').map(read_color).collect::<Result<Vec<_>, _>>()?;
        return steps.map_or(Ok(colors.clone()), |steps| ramp(&colors, steps));
    }
    let fault = |error: Error| (error.to_string(), error.hint());
    if let Some(built_in) = BuiltIn::of(body).map_err(fault)? {
        let palette = built_in.palette().map_err(fault)?;
        return match steps {
            None => Ok(palette.colors),
            Some(_) => problem(
                format!("{body} always has {} colors", palette.colors.len()),
                format!("remove the `\\` and everything after it: {body}"),
            ),
        };
    }
    let color = read_color(body)?;
    steps.map_or(Ok(vec![color]), |steps| ramp(&[BLACK, color], steps))
}

/// A ramp's number of colors.
fn read_steps(text: &str) -> Result<usize, Problem> {
    let digits = text.trim();
    let steps = digits.parse().ok().filter(|steps| (2..=MOST_COLOURS).contains(steps));
    steps.ok_or_else(|| {
        let what = match digits.parse::<usize>() {
            Ok(1) => "a ramp cannot have only one color".into(),
            Ok(0) => "a ramp cannot have 0 colors".into(),
            _ if !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit()) => {
                format!("a ramp of {} colors is too long", shortened(digits))
            }
            _ => format!("`{}` after a `\\` is not a number of colors", shortened(digits)),
        };
        (what, format!("write a ramp of 2 to {MOST_COLOURS} colors, such as red->white\\8"))
    })
}

fn read_color(text: &str) -> Result<[u8; 3], Problem> {
    let name = text.trim();
    if let Some(color) = names::color(name) {
        return Ok(color);
    }
    if name.is_empty() {
        return problem("a color is missing", "write a list such as red,gold, or a ramp such as red->gold\\8");
    }
    let what = unknown(name);
    if name.chars().count() > LONGEST_NAME {
        return problem(what, SHOW);
    }
    if BuiltIn::of(name).is_ok_and(|found| found.is_some()) {
        return problem(
            format!("{name} is a palette, not a color for a list or ramp"),
            format!("join the palette with `;`, as in {name};gold"),
        );
    }
    let palettes = BuiltIn::all().into_iter().flatten().map(|palette| palette.name.as_str());
    let plain = name.strip_prefix("xkcd:").unwrap_or(name);
    let known: Vec<&str> = palettes.chain(names::all()).collect();
    match question(&near_names(plain, known)) {
        Some(question) => problem(what, format!("{question} {SHOW}")),
        None => problem(what, format!("use a name from CSS or xkcd, or a number such as #ff8800; {SHOW}")),
    }
}

/// The problem with a name that nothing has.
fn unknown(name: &str) -> String {
    format!("no color or palette is named `{}`", shortened(name))
}

/// A ramp of `count` colors through the stops: all of the stops, and between them steps in OKLab whose lengths are as
/// even as possible.
fn ramp(stops: &[[u8; 3]], count: usize) -> Result<Vec<[u8; 3]>, Problem> {
    if count < stops.len() {
        let what = format!("a ramp through {} colors cannot have {count}", stops.len());
        return problem(what, format!("choose at least {}", stops.len()));
    }
    let segments: Vec<_> = stops.windows(2).map(|pair| (oklab::of_srgb(pair[0]), oklab::of_srgb(pair[1]))).collect();
    let mut steps = vec![1_u8; segments.len()];
    let step = |segment: usize, steps: u8| {
        let (from, to) = segments[segment];
        oklab::distance(from, to).sqrt() / f32::from(steps)
    };
    for _ in stops.len()..count {
        // If several steps are equally long, the last of them: the longest steps are halved, thirded, and so on.
        let longest =
            (0..segments.len()).max_by(|one, other| step(*one, steps[*one]).total_cmp(&step(*other, steps[*other])));
        if let Some(longest) = longest {
            steps[longest] = steps[longest].saturating_add(1);
        }
    }
    let mut colors: Vec<_> = stops.first().copied().into_iter().collect();
    for (((from, to), steps), stop) in segments.iter().zip(steps).zip(&stops[1..]) {
        colors.extend((1..steps).map(|step| {
            let part = f32::from(step) / f32::from(steps);
            oklab::to_srgb(std::array::from_fn(|axis| from[axis] + part * (to[axis] - from[axis])))
        }));
        colors.push(*stop);
    }
    Ok(colors)
}

/// A text for a message, cut if it is long.
fn shortened(text: &str) -> String {
    let text = text.trim();
    let end = text.char_indices().nth(LONGEST_NAME).map(|(index, _)| index);
    end.map_or_else(|| text.to_owned(), |end| format!("{}...", &text[..end]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hexes(text: &str) -> Vec<String> {
        let palette = Palette::load(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        palette.colours().iter().map(|[red, green, blue]| format!("{red:02x}{green:02x}{blue:02x}")).collect()
    }

    #[test]
    fn lists_and_joined_parts() {
        for text in ["red,#0f0,navy", "[red, #0f0, navy]", "red;#0f0;navy", " red ; [0f0,navy,red] ", "red;00ff00,navy"]
        {
            assert_eq!(hexes(text), ["ff0000", "00ff00", "000080"], "{text}");
        }
        assert_eq!(hexes("gold;gold\\2"), ["ffd700", "000000"]);
        assert_eq!(hexes("(0+0+255),xkcd:red"), ["0000ff", "e50000"]);
        assert_eq!(hexes("game-boy;red"), ["0f380f", "306230", "8bac0f", "9bbc0f", "ff0000"]);
    }

    #[test]
    fn ramps_are_even_in_oklab() {
        assert_eq!(hexes("red->white").len(), 16);
        let ramp = Palette::load("red->white\\8").unwrap();
        assert_eq!((ramp.colours()[0], ramp.colours()[7]), ([255, 0, 0], [255; 3]));
        let steps: Vec<_> = ramp.perceived.windows(2).map(|pair| oklab::distance(pair[0], pair[1]).sqrt()).collect();
        let mean = steps.iter().sum::<f32>() / 7.0;
        // A level of a byte is at most about 0.01 of OKLab.
        assert!(steps.iter().all(|step| (step - mean).abs() < 0.01), "{steps:?}");
        // Grays of OKLab lightness 1/3 and 2/3: 0.037 and 0.296 of the light.
        assert_eq!(hexes("black->white\\4"), ["000000", "363636", "949494", "ffffff"]);
        assert_eq!(hexes("white\\4"), hexes("black->white\\4"));
        assert_eq!(hexes("[black, white]\\4"), hexes("black->white\\4"));
        assert_eq!(hexes("black->navy\\4;gold").len(), 5);
        assert_eq!(hexes("[1+0+0]->[0+0+1]\\2"), ["ff0000", "0000ff"]);
    }

    #[test]
    fn ramps_hold_their_stops() {
        // Near black, longer ramps have colors that bytes cannot distinguish.
        for count in 3..30 {
            let ramp = hexes(&format!("black->red->white\\{count}"));
            assert_eq!(ramp.len(), count);
            assert!(ramp.contains(&"ff0000".to_owned()), "{count}");
        }
        // Most steps are where the distance is long; from yellow to white it is short.
        let ramp = hexes("black->yellow->white\\12");
        assert_eq!(ramp.iter().position(|color| color == "ffff00"), Some(9));
    }

    #[test]
    fn errors_name_the_place() {
        let cases = [
            ("redd->white\\8", "the palette redd->white\\8: no color or palette is named `redd`", "`red`"),
            ("cloudy bleu", "no color or palette is named `cloudy bleu`", "cloudy blue"),
            ("picco-8", "no color or palette is named `picco-8`", "pico-8"),
            ("red->white\\1", "only one color", "2 to 256"),
            ("red", "the palette red: its only color is #ff0000", "black;gold"),
            ("[#f00, red]", "its only color is #ff0000", "black;gold"),
            ("red->red\\8", "its only color is #ff0000", "black;gold"),
            ("red->white\\0", "a ramp cannot have 0 colors", "2 to 256"),
            ("red->white\\10000", "a ramp of 10000 colors is too long", "2 to 256"),
            ("red->white\\many", "`many` after a `\\` is not a number", "red->white\\8"),
            ("red->white\\99999999999999999999", "is too long", "256"),
            ("red->green->blue\\2", "a ramp through 3 colors cannot have 2", "at least 3"),
            ("red->", "a color is missing", "red->gold"),
            ("[]", "a color is missing", "red,gold"),
            ("red;;blue", "beside a `;` is empty", "gold"),
            ("", "without colors", "red->white"),
            ("[red->white]", "not ramps", "`;`"),
            ("pico-8,red", "pico-8 is a palette", "pico-8;gold"),
            ("pico-8\\8", "always has 16 colors", "remove"),
            ("photo.png;red", "photo.png is a file", "alone"),
            ("red->white\\200;black->blue\\200", "has 381 colors; the limit is 256", "256"),
            ("qqqqqqqq", "no color or palette is named `qqqqqqqq`", "CSS or xkcd"),
        ];
        for (text, expected, hint) in cases {
            let error = Palette::load(text).unwrap_err();
            assert!(error.to_string().contains(expected), "{text}: {error}");
            assert!(error.hint().contains(hint), "{text}: {}", error.hint());
            assert!(error.is_usage());
        }
        let long = Palette::load(&"x".repeat(100_000)).unwrap_err();
        assert!(long.to_string().len() < 300);
    }
}
