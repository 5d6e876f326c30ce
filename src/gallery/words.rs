//! What a search compares: words without capitals, in one spelling of each character.

use unicode_normalization::UnicodeNormalization;

/// The longest text that is searched for, in characters.
pub const LONGEST_SEARCH: usize = 100;
/// The most words that are searched for by themselves; what follows the last one belongs to it.
pub(super) const MOST_WORDS: usize = 8;
/// The character before one that has no meaning of its own in a pattern.
const ESCAPE: char = '!';

/// What a search finds a picture by.
pub(super) fn of(title: Option<&str>, prompt: Option<&str>) -> String {
    plain(&[title, prompt].into_iter().flatten().collect::<Vec<_>>().join("\n"))
}

/// The patterns of all words of a search, each of which must be found; none for what is not used.
pub(super) fn patterns(search: &str) -> [Option<String>; MOST_WORDS] {
    let search: String = search.chars().take(LONGEST_SEARCH).collect();
    let search = plain(&search);
    let mut rest = search.trim();
    std::array::from_fn(|index| {
        let is_last = index + 1 == MOST_WORDS;
        let (word, behind) = rest.split_once(char::is_whitespace).filter(|_| !is_last).unwrap_or((rest, ""));
        rest = behind.trim_start();
        (!word.is_empty()).then(|| pattern(word))
    })
}

fn pattern(word: &str) -> String {
    let mut pattern = "%".to_owned();
    for character in word.chars() {
        if matches!(character, '%' | '_' | ESCAPE) {
            pattern.push(ESCAPE);
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

/// Compatible forms of a character become one, and capitals small.
fn plain(text: &str) -> String {
    text.nfkc().flat_map(char::to_lowercase).filter(|character| *character != '\0').collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(search: &str) -> Vec<String> {
        patterns(search).into_iter().flatten().collect()
    }

    #[test]
    fn each_word_is_searched_for_as_it_is() {
        assert_eq!(words("  Red   APPLE "), ["%red%", "%apple%"]);
        assert_eq!(words("100% a_b wow! it's \"x\\"), ["%100!%%", "%a!_b%", "%wow!!%", "%it's%", "%\"x\\%"]);
        assert_eq!(words("ＡＢ\u{0}C É"), ["%abc%", "%é%"]);
        assert_eq!(words(" \t\n"), [""; 0]);
        assert_eq!(words("a         b c"), ["%a%", "%b%", "%c%"]);
        assert_eq!(words("a  b  c  d  e  f  g  h i"), ["%a%", "%b%", "%c%", "%d%", "%e%", "%f%", "%g%", "%h i%"]);
        assert_eq!(words("a b c d e f g h i j"), ["%a%", "%b%", "%c%", "%d%", "%e%", "%f%", "%g%", "%h i j%"]);
        assert_eq!(words(&"x".repeat(1000)), [format!("%{}%", "x".repeat(LONGEST_SEARCH))]);
    }

    #[test]
    fn titles_and_prompts_are_found() {
        assert_eq!(of(Some("Größe"), Some("A\tRed apple")), "größe\na\tred apple");
        assert_eq!(of(None, None), "");
    }
}
