//! Colors by name or number: CSS, the xkcd survey, hexadecimal digits, amounts of red, green and blue.

use std::collections::BTreeMap;
use std::sync::OnceLock;

static CSS: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/weights/palettes/css.txt"));
static XKCD: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/weights/palettes/xkcd.txt"));
/// The prefix that marks a name as one of the survey, if CSS has it as well.
const XKCD_PREFIX: &str = "xkcd:";

type Names = BTreeMap<&'static str, [u8; 3]>;

/// Reads a list of names and colors: lines of `rrggbb name`, with `#` before comments.
fn read(list: &'static str) -> Names {
    let lines = list.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(' '));
    lines.filter_map(|(digits, name)| Some((name, hexadecimal(digits)?))).collect()
}

fn css() -> &'static Names {
    static NAMES: OnceLock<Names> = OnceLock::new();
    NAMES.get_or_init(|| read(CSS))
}

fn xkcd() -> &'static Names {
    static NAMES: OnceLock<Names> = OnceLock::new();
    NAMES.get_or_init(|| read(XKCD))
}

/// All names, CSS first.
pub(super) fn all() -> impl Iterator<Item = &'static str> {
    css().keys().chain(xkcd().keys()).copied()
}

/// The color of a name, a hexadecimal number, or `(255+128+0)` and `[1+0.5+0]`.
pub(super) fn color(text: &str) -> Option<[u8; 3]> {
    let name = text.trim().to_lowercase();
    if let Some(name) = name.strip_prefix(XKCD_PREFIX) {
        return xkcd().get(spaced(name).as_str()).copied();
    }
    let spaced = spaced(&name);
    let named = css().get(name.as_str()).or_else(|| xkcd().get(spaced.as_str())).copied();
    named.or_else(|| hexadecimal(name.strip_prefix('#').unwrap_or(&name))).or_else(|| amounts(&name))
}

/// A name with one space between its words. In shells, users write `-` or `_` instead.
fn spaced(name: &str) -> String {
    name.split([' ', '-', '_', '\t']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The color of three or six hexadecimal digits.
pub(super) fn hexadecimal(digits: &str) -> Option<[u8; 3]> {
    let values = digits.chars().map(|digit| digit.to_digit(16).and_then(|value| u8::try_from(value).ok()));
    match values.collect::<Option<Vec<u8>>>()?[..] {
        [red, green, blue] => Some([red, green, blue].map(|value| 17 * value)),
        [r1, r0, g1, g0, b1, b0] => Some([(r1, r0), (g1, g0), (b1, b0)].map(|(high, low)| 16 * high + low)),
        _ => None,
    }
}

/// The color of three amounts joined by `+`: 0 to 255 in parentheses, 0 to 1 in brackets.
fn amounts(text: &str) -> Option<[u8; 3]> {
    let within = |open, close| text.strip_prefix(open).and_then(|text| text.strip_suffix(close));
    let (amounts, most) = within('(', ')').map(|text| (text, 255.0)).or(within('[', ']').map(|text| (text, 1.0)))?;
    let bytes = amounts.split('+').map(|amount| {
        let amount: f64 = amount.trim().parse().ok()?;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        (0.0..=most).contains(&amount).then(|| (amount / most * 255.0).round() as u8)
    });
    bytes.collect::<Option<Vec<u8>>>()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_whole() {
        // W3C: 148 names with `rebeccapurple`; https://xkcd.com/color/rgb.txt: 949.
        assert_eq!((css().len(), xkcd().len()), (148, 949));
        for list in [CSS, XKCD] {
            assert_eq!(list.lines().filter(|line| !line.starts_with('#')).count(), read(list).len());
        }
        assert!(
            all().all(|name| name == name.to_lowercase() && name.contains(|letter| !('0'..='f').contains(&letter)))
        );
    }

    #[test]
    fn colours_are_found() {
        let cases = [
            ("red", Some([255, 0, 0])),
            (" RED ", Some([255, 0, 0])),
            // Not CSS's: the survey's red is e50000.
            ("xkcd:red", Some([0xe5, 0, 0])),
            ("cloudy blue", Some([0xac, 0xc2, 0xd9])),
            ("Cloudy_Blue", Some([0xac, 0xc2, 0xd9])),
            ("robin's egg blue", Some([0x98, 0xef, 0xf9])),
            ("blue/green", Some([0x0f, 0x9b, 0x8e])),
            // Two different names: `darkred` is CSS's 8b0000, `dark red` the survey's 840000.
            ("darkred", Some([0x8b, 0, 0])),
            ("dark red", Some([0x84, 0, 0])),
            ("#f80", Some([255, 136, 0])),
            ("ff8800", Some([255, 136, 0])),
            ("(255+128+0)", Some([255, 128, 0])),
            ("[1+0.5+0]", Some([255, 128, 0])),
            ("(256+0+0)", None),
            ("[1+0]", None),
            ("(NaN+0+0)", None),
            ("#ff88", None),
            ("xkcd:", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(color(text), expected, "{text}");
        }
    }
}
