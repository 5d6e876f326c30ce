//! Losses of the picture itself, as they are asked for: `saturation:0.5`, `border=navy:2` or `style=painting.png`.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use super::Color;
use super::prompt::{LARGEST_WEIGHT, decimal};
use crate::text::did_you_mean;

/// A loss of the picture itself, whatever drew it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LossKind {
    /// Makes colors stronger
    Saturation,
    /// Makes the left half the mirror image of the right half
    Symmetry,
    /// Makes the upper half the mirror image of the lower half
    SymmetryTopBottom,
    /// Makes the picture look the same upside down, like a playing card
    SymmetryHalfTurn,
    /// Makes differences between neighboring pixels smaller, large and small ones alike
    Smoothness,
    /// The same, but leaves clear edges alone
    SmoothnessClipped,
    /// The same, but pulls less at large differences than at small ones
    SmoothnessLog,
    /// Makes differences between neighboring pixels smaller, the large ones most: total variation
    Tv,
    /// Makes differences between neighboring pixels larger
    Sharpness,
    /// Gives the edge of the picture a color, or makes it like the edge of another picture
    Border,
    /// Blends the picture into a color toward its corners
    Vignette,
    /// Makes the picture one that people like, as far as a rating of CLIP's features can tell
    Aesthetic,
    /// Gives the picture the colors and textures of another picture
    Style,
}

crate::text::named_values!(LossKind, "loss", {
    Saturation => "saturation",
    Symmetry => "symmetry",
    SymmetryTopBottom => "symmetry-top-bottom",
    SymmetryHalfTurn => "symmetry-half-turn",
    Smoothness => "smoothness",
    SmoothnessClipped => "smoothness-clipped",
    SmoothnessLog => "smoothness-log",
    Tv => "tv",
    Sharpness => "sharpness",
    Border => "border",
    Vignette => "vignette",
    Aesthetic => "aesthetic",
    Style => "style",
});

impl LossKind {
    /// The name, as options and events have it.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| *name)
    }

    /// Whether a negative weight means something: the opposite.
    #[must_use]
    pub fn has_opposite(self) -> bool {
        use LossKind::{Saturation, Sharpness, Smoothness, SmoothnessClipped, SmoothnessLog, Tv};
        matches!(self, Saturation | Sharpness | Smoothness | SmoothnessClipped | SmoothnessLog | Tv)
    }

    /// Whether it evens out neighboring pixels by one of the formulas for smoothness.
    #[must_use]
    pub fn is_smoothness(self) -> bool {
        matches!(self, Self::Smoothness | Self::SmoothnessClipped | Self::SmoothnessLog)
    }

    /// Whether it has a color.
    #[must_use]
    pub fn has_color(self) -> bool {
        matches!(self, Self::Border | Self::Vignette)
    }

    /// Whether it can have a picture: instead of a color, or because it needs one.
    #[must_use]
    pub fn can_have_picture(self) -> bool {
        matches!(self, Self::Border | Self::Style)
    }

    /// Whether it can be computed from the pixels alone, without models.
    #[must_use]
    pub fn is_of_pixels(self) -> bool {
        !matches!(self, Self::Aesthetic | Self::Style)
    }
}

/// What a loss makes a part of the picture like.
#[derive(Clone, Debug, PartialEq)]
pub enum LossAim {
    /// A color
    Color(Color),
    /// The file of a picture
    Picture(String),
}

impl fmt::Display for LossAim {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Color(color) => color.fmt(formatter),
            Self::Picture(path) => formatter.write_str(path),
        }
    }
}

/// A loss of the picture itself with its weight.
#[derive(Clone, Debug, PartialEq)]
pub struct PictureLoss {
    /// Which loss it is
    pub kind: LossKind,
    /// Its color or picture, if it has one ([`LossKind::has_color`], [`LossKind::can_have_picture`])
    pub aim: Option<LossAim>,
    /// How much it counts; 0 turns it off. Negative for the opposite, only if there is one ([`LossKind::has_opposite`])
    pub weight: f64,
}

impl PictureLoss {
    /// The file that it names, if it names one.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match &self.aim {
            Some(LossAim::Picture(path)) => Some(Path::new(path)),
            _ => None,
        }
    }
}

/// A loss as it is asked for, or `none`, which takes away the losses of weaker sources.
#[derive(Clone, Debug, PartialEq)]
pub struct LossChoice(Option<PictureLoss>);

/// How to write that there are no losses.
const NONE: &str = "none";
/// How much of an unknown text an error quotes, in characters: longer than any known name.
const QUOTED: usize = 50;
/// The color of a border or a vignette if none is named, as in pixray.
const USUAL_COLOR: Color = Color([255; 3]);

impl LossChoice {
    /// The loss; none for `none`.
    #[must_use]
    pub fn loss(&self) -> Option<&PictureLoss> {
        self.0.as_ref()
    }

    /// The file that it names, if it names one.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        self.loss().and_then(PictureLoss::file)
    }
}

impl fmt::Display for LossChoice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(loss) => loss.fmt(formatter),
            None => formatter.write_str(NONE),
        }
    }
}

impl fmt::Display for PictureLoss {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.kind.name())?;
        if let Some(aim) = &self.aim {
            write!(formatter, "={aim}")?;
        }
        write!(formatter, ":{}", self.weight)
    }
}

impl FromStr for LossChoice {
    type Err = String;

    /// Reads `NAME[=COLOR|FILE][:WEIGHT]`.
    fn from_str(text: &str) -> Result<Self, String> {
        if text.trim().eq_ignore_ascii_case(NONE) {
            return Ok(Self(None));
        }
        let is_color = |(_, aim): (&str, &str)| aim.parse::<Color>().is_ok();
        let (what, weight) = match text.rsplit_once(':') {
            // A colon after the letter of a drive, or in a color such as xkcd:red.
            Some((_, rest)) if rest.contains(['/', '\\']) || text.split_once('=').is_some_and(is_color) => (text, None),
            Some((what, weight)) => (what, Some(weight.trim())),
            None => (text, None),
        };
        let (name, aim) = match what.split_once('=') {
            Some((name, aim)) => (name, Some(aim.trim())),
            None => (what, None),
        };
        let kind = kind(name.trim())?;
        let aim = match aim {
            Some(_) if !kind.has_color() && !kind.can_have_picture() => {
                return Err(format!("`{kind}` has no color: write {kind}, or {kind}:0.5 for a weight"));
            }
            Some(text) => Some(aim_of(kind, text)?),
            None if kind.can_have_picture() && !kind.has_color() => {
                return Err(format!("`{kind}` needs a picture: write {kind}=FILE, or {kind}=FILE:0.5 for a weight"));
            }
            None => kind.has_color().then_some(LossAim::Color(USUAL_COLOR)),
        };
        let weight = match weight {
            Some(weight) => decimal(weight)
                .ok_or_else(|| format!("`{}` is not a weight: write a number, as in {kind}:0.5", quoted(weight)))?,
            None => 1.0,
        };
        if !weight.is_finite() || weight.abs() > LARGEST_WEIGHT {
            return Err(format!("the weight of `{kind}` is too large: give at most {LARGEST_WEIGHT}"));
        }
        if weight < 0.0 && !kind.has_opposite() {
            return Err(format!("`{kind}` has no opposite, so {weight} is not a valid weight: give a number from 0"));
        }
        Ok(Self(Some(PictureLoss { kind, aim, weight })))
    }
}

/// The color or the picture that a text names.
fn aim_of(kind: LossKind, text: &str) -> Result<LossAim, String> {
    if !kind.has_color() {
        return match text {
            "" => Err(format!("`{kind}` needs a picture: write the name of its file after `=`")),
            text if text.contains(',') => Err(has_comma(text)),
            text => Ok(LossAim::Picture(text.to_owned())),
        };
    }
    let problem = match text.parse() {
        Ok(color) => return Ok(LossAim::Color(color)),
        Err(problem) => problem,
    };
    // No other text about colors has these signs.
    let is_file = text.contains(['.', '/', '\\']);
    match (is_file, kind.can_have_picture()) {
        (true, true) if text.contains(',') => Err(has_comma(text)),
        (true, true) => Ok(LossAim::Picture(text.to_owned())),
        (true, false) => Err(format!("`{}` is not a color, and `{kind}` takes no picture", quoted(text))),
        (false, _) => Err(problem),
    }
}

/// The error for a file name with a comma, which cannot be in a list of losses.
fn has_comma(name: &str) -> String {
    format!("the name `{}` has a comma, which ends a loss: rename the file", quoted(name))
}

/// The loss with a name.
fn kind(name: &str) -> Result<LossKind, String> {
    let names = || LossKind::ALL.iter().map(|(_, name)| *name);
    let found = LossKind::ALL.iter().find(|(_, known)| known.eq_ignore_ascii_case(name));
    found.map(|(kind, _)| *kind).ok_or_else(|| {
        let shown = quoted(name);
        let near = did_you_mean(&shown, names());
        format!("`{shown}` is not a loss: use none, or some of {}{near}", names().collect::<Vec<_>>().join(", "))
    })
}

/// The beginning of a text.
fn quoted(text: &str) -> String {
    text.chars().take(QUOTED).collect()
}

crate::text::serde_as_text!(LossChoice);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::settings::OptionInfo;

    fn read(text: &str) -> Result<String, String> {
        text.parse::<LossChoice>().map(|loss| loss.to_string())
    }

    #[test]
    fn losses_have_names_colors_and_weights() {
        for (text, expected) in [
            ("saturation", "saturation:1"),
            (" Saturation : -0.5", "saturation:-0.5"),
            ("symmetry-half-turn:2", "symmetry-half-turn:2"),
            ("border", "border=#ffffff:1"),
            // CSS Color Module Level 4, 6.1: navy is #000080.
            ("border=navy:1e-3", "border=#000080:0.001"),
            ("vignette = #F80 : 2", "vignette=#ff8800:2"),
            ("tv:0", "tv:0"),
            ("border=frame.png", "border=frame.png:1"),
            ("border=./frame:0.5", "border=./frame:0.5"),
            (r"border=C:\frame.png", r"border=C:\frame.png:1"),
            // Colors of xkcd, and one in amounts.
            ("border=blue/grey", "border=#758da3:1"),
            ("border=xkcd:blue/grey", "border=#758da3:1"),
            ("vignette=xkcd:cloudy blue:0.5", "vignette=#acc2d9:0.5"),
            ("border=[0.2+0.4+0.6]", "border=#336699:1"),
            ("aesthetic", "aesthetic:1"),
            ("aesthetic:0.5", "aesthetic:0.5"),
            // A picture that cannot be a color needs no dot.
            ("style=painting", "style=painting:1"),
            ("style = paintings/waves.jpg : 0.5", "style=paintings/waves.jpg:0.5"),
            (r"style=C:\waves.png", r"style=C:\waves.png:1"),
            ("style=navy:2", "style=navy:2"),
            ("None", "none"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_said_with_a_way_out() {
        for (text, words) in [
            ("symetry:1", "`symetry` is not a loss: use none, or some of saturation, "),
            ("symetry:1", "; did you mean `symmetry`?"),
            ("smooth", "; did you mean `smoothness`?"),
            ("", "`` is not a loss"),
            (":1", "`` is not a loss"),
            ("saturation:much", "`much` is not a weight: write a number, as in saturation:0.5"),
            ("saturation:", "`` is not a weight"),
            ("saturation:nan", "`nan` is not a weight"),
            ("saturation:inf", "`inf` is not a weight"),
            ("border=white:-inf", "`-inf` is not a weight"),
            ("saturation:1e999", "the weight of `saturation` is too large: give at most 1000000"),
            ("tv:-1000001", "the weight of `tv` is too large"),
            ("saturation:1:2", "`saturation:1` is not a loss"),
            ("saturation=red", "`saturation` has no color: write saturation, or saturation:0.5 for a weight"),
            ("border=nawy", "`nawy` is not a color such as navy or #ff8800; did you mean `navy`?"),
            ("vignette=nawy", "; did you mean `navy`?"),
            ("vignette=a.png", "`a.png` is not a color, and `vignette` takes no picture"),
            ("border=a,b.png", "the name `a,b.png` has a comma, which ends a loss: rename the file"),
            ("border=", "`` is not a color"),
            ("border:-1", "`border` has no opposite, so -1 is not a valid weight: give a number from 0"),
            ("symmetry:-0.5", "`symmetry` has no opposite"),
            ("aesthetic=red", "`aesthetic` has no color: write aesthetic"),
            ("aesthetic:-1", "`aesthetic` has no opposite"),
            ("style", "`style` needs a picture: write style=FILE, or style=FILE:0.5 for a weight"),
            ("style:2", "`style` needs a picture"),
            ("style= :2", "`style` needs a picture: write the name of its file after `=`"),
            ("style=a,b.png", "the name `a,b.png` has a comma, which ends a loss: rename the file"),
            ("style=a.png:-1", "`style` has no opposite, so -1 is not a valid weight"),
        ] {
            let problem = read(text).unwrap_err();
            assert!(problem.contains(words), "{text}: {problem}");
        }
        assert!(read(&"x".repeat(5000)).unwrap_err().len() < 300);
    }

    #[test]
    fn the_help_names_each_loss() {
        let help = OptionInfo::of("loss").and_then(OptionInfo::long_help).unwrap();
        for (_, name) in LossKind::ALL {
            assert!(help.split([' ', ',', '.', ':', '=']).any(|word| word == *name), "{name}: {help}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_loss_or_an_error(text in "(saturation|tv|border|vignette|style)?[a-z=:.#0-9-]{0,12}") {
            if let Ok(loss) = text.parse::<LossChoice>() {
                prop_assert_eq!(loss.to_string().parse::<LossChoice>().unwrap(), loss);
            }
        }
    }
}
