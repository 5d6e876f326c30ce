//! The names of options in messages.
//!
//! A message names an option by its identifier in angle quotes, as in `choose another ‹drawer›`. Whoever shows the message
//! spells the identifier as its readers write it.

/// How readers of a message write the name of an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spelling {
    /// On a command line: `--cut-batch`
    Flag,
    /// In JSON: `cut_batch`
    Field,
}

/// The quotes around an identifier.
const QUOTES: (char, char) = ('‹', '›');

/// A message with the names of its options spelled. Angle quotes around anything but an identifier stay.
#[must_use]
pub fn spelled(message: &str, spelling: Spelling) -> String {
    let mut text = String::with_capacity(message.len());
    let mut rest = message;
    while let Some((before, after)) = rest.split_once(QUOTES.0) {
        text.push_str(before);
        let named = after.split_once(QUOTES.1).filter(|(name, _)| is_identifier(name));
        if let Some((name, behind)) = named {
            match spelling {
                Spelling::Flag => text.extend(["--", &name.replace('_', "-")]),
                Spelling::Field => text.push_str(&name.replace('-', "_")),
            }
            rest = behind;
        } else {
            text.push(QUOTES.0);
            rest = after;
        }
    }
    text + rest
}

fn is_identifier(name: &str) -> bool {
    name.starts_with(|sign: char| sign.is_ascii_lowercase())
        && name.chars().all(|sign| sign.is_ascii_lowercase() || sign.is_ascii_digit() || sign == '-' || sign == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_spelled_as_readers_write_them() {
        let message = "‹cut-batch› 0 is out of range: see ‹ and ‹A B› or ‹init_image› or ‹mp4›";
        let flags = "--cut-batch 0 is out of range: see ‹ and ‹A B› or --init-image or --mp4";
        let fields = "cut_batch 0 is out of range: see ‹ and ‹A B› or init_image or mp4";
        assert_eq!(spelled(message, Spelling::Flag), flags);
        assert_eq!(spelled(message, Spelling::Field), fields);
        assert_eq!(spelled("", Spelling::Field), "");
    }
}
