//! Brace expansion, as in a shell: `a {red,green} apple` expands to two lines, `{1..8}` to eight.

/// The most lines that a line may expand to.
pub(super) const MOST_LINES: usize = 100_000;
/// The most bytes of all these lines together.
const MOST_BYTES: usize = 64 << 20;
/// The longest text of a range, in characters.
const LONGEST_RANGE: usize = 64;
/// The deepest nesting of braces.
const DEEPEST: usize = 16;

/// The lines that a line expands to, in the order of a shell. Braces without a comma or a range in them are kept.
/// Braces after a backslash are kept without the backslash.
///
/// # Errors
/// If there would be too many lines; the error is a sentence.
pub fn expand(text: &str) -> Result<Vec<String>, String> {
    let characters: Vec<char> = text.chars().collect();
    let expansion = Expansion { braces: braces(&characters), characters: &characters };
    expansion.sequence(0, characters.len(), 0)
}

/// A choice: where it closes, and where its commas are.
struct Brace {
    close: usize,
    commas: Vec<usize>,
}

/// The pairs of braces, by where they open.
fn braces(characters: &[char]) -> Vec<Option<Brace>> {
    let mut found: Vec<Option<Brace>> = characters.iter().map(|_| None).collect();
    let mut open: Vec<(usize, Vec<usize>)> = Vec::new();
    let mut index = 0;
    while index < characters.len() {
        match characters[index] {
            '\\' => index += 1,
            '{' => open.push((index, Vec::new())),
            ',' => {
                if let Some((_, commas)) = open.last_mut() {
                    commas.push(index);
                }
            }
            '}' => {
                if let Some((start, commas)) = open.pop() {
                    found[start] = Some(Brace { close: index, commas });
                }
            }
            _ => {}
        }
        index += 1;
    }
    found
}

struct Expansion<'a> {
    characters: &'a [char],
    braces: Vec<Option<Brace>>,
}

impl Expansion<'_> {
    /// The lines that a part of the text expands to, inside `depth` choices.
    fn sequence(&self, start: usize, end: usize, depth: usize) -> Result<Vec<String>, String> {
        if depth > DEEPEST {
            return Err(format!("braces are nested more than {DEEPEST} deep"));
        }
        let (mut lines, mut literal, mut index) = (vec![String::new()], String::new(), start);
        while index < end {
            let character = self.characters[index];
            let next = self.characters[..end].get(index + 1);
            if character == '\\' && next.is_some_and(|next| matches!(next, '{' | '}') || (depth > 0 && *next == ',')) {
                literal.extend(next);
                index += 2;
            } else if let Some((choices, close)) = self.choices(index, depth)? {
                append(&mut lines, &literal)?;
                literal.clear();
                lines = cross(&lines, &choices)?;
                index = close + 1;
            } else {
                literal.push(character);
                index += 1;
            }
        }
        append(&mut lines, &literal)?;
        Ok(lines)
    }

    /// The choices of the braces that open here, and where the braces close; none if the braces are not a choice.
    fn choices(&self, open: usize, depth: usize) -> Result<Option<(Vec<String>, usize)>, String> {
        let Some(Brace { close, commas }) = &self.braces[open] else { return Ok(None) };
        if commas.is_empty() {
            if close - open > LONGEST_RANGE {
                return Ok(None);
            }
            let inside: String = self.characters[open + 1..*close].iter().collect();
            return Ok(range(&inside)?.map(|numbers| (numbers, *close)));
        }
        let (mut choices, mut start) = (Vec::new(), open + 1);
        for end in commas.iter().chain([close]) {
            choices.extend(self.sequence(start, *end, depth + 1)?);
            check(choices.len(), choices.iter().map(String::len).sum())?;
            start = end + 1;
        }
        Ok(Some((choices, *close)))
    }
}

/// Appends a text to every line.
fn append(lines: &mut [String], text: &str) -> Result<(), String> {
    let bytes: usize = lines.iter().map(String::len).sum();
    // A single line is no longer than the text it comes from.
    if lines.len() > 1 {
        check(lines.len(), bytes.saturating_add(lines.len().saturating_mul(text.len())))?;
    }
    for line in lines {
        line.push_str(text);
    }
    Ok(())
}

/// Every line with every choice appended.
fn cross(lines: &[String], choices: &[String]) -> Result<Vec<String>, String> {
    let bytes = |texts: &[String]| texts.iter().map(String::len).sum::<usize>();
    let all = bytes(lines).saturating_mul(choices.len()).saturating_add(bytes(choices).saturating_mul(lines.len()));
    check(lines.len().saturating_mul(choices.len()), all)?;
    Ok(lines.iter().flat_map(|line| choices.iter().map(move |choice| format!("{line}{choice}"))).collect())
}

fn check(lines: usize, bytes: usize) -> Result<(), String> {
    if lines <= MOST_LINES && bytes <= MOST_BYTES {
        return Ok(());
    }
    Err(format!("the braces expand to more than {MOST_LINES} lines, or to very long lines"))
}

/// The numbers or letters of `1..8`, `08..1`, `1..9..2` or `a..e`; none if the text is not a range.
fn range(inside: &str) -> Result<Option<Vec<String>>, String> {
    let parts: Vec<&str> = inside.split("..").collect();
    let (first, last, step) = match parts[..] {
        [first, last] => (first, last, Some(1)),
        [first, last, step] => (first, last, step.parse::<i64>().ok()),
        _ => return Ok(None),
    };
    let Some(step) = step else { return Ok(None) };
    let letter = |text: &str| text.parse::<char>().ok().filter(char::is_ascii_alphabetic).map(|letter| letter as i64);
    let ends = |read: &dyn Fn(&str) -> Option<i64>| read(first).zip(read(last));
    let (from, to, letters) = match (ends(&|text| text.parse().ok()), ends(&letter)) {
        (Some((from, to)), _) => (from, to, false),
        (None, Some((from, to))) => (from, to, true),
        (None, None) => return Ok(None),
    };
    let step = step.unsigned_abs().max(1);
    let count = from.abs_diff(to) / step;
    check(usize::try_from(count).unwrap_or(usize::MAX), 0)?;
    // If a number has a leading zero, all are padded to the length of the longest.
    let padded = [first, last]
        .map(|text| text.trim_start_matches('-'))
        .iter()
        .any(|digits| digits.len() > 1 && digits.starts_with('0'));
    let width = if padded { first.len().max(last.len()) } else { 0 };
    let number = |index: u64| {
        let away = (index * step).cast_signed();
        let value = if from <= to { from + away } else { from - away };
        match u8::try_from(value) {
            Ok(letter) if letters => char::from(letter).to_string(),
            _ => format!("{value:0width$}"),
        }
    };
    Ok(Some((0..=count).map(number).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(text: &str) -> Vec<String> {
        expand(text).unwrap()
    }

    #[test]
    fn braces_are_those_of_a_shell() {
        // `bash -c 'printf "%s\n" ...'` gives the same lines.
        assert_eq!(expanded("a {red,green} apple"), ["a red apple", "a green apple"]);
        assert_eq!(expanded("{a,b}{1..3}"), ["a1", "a2", "a3", "b1", "b2", "b3"]);
        assert_eq!(expanded("x{,y,{z,w}v}"), ["x", "xy", "xzv", "xwv"]);
        assert_eq!(expanded("{08..11}"), ["08", "09", "10", "11"]);
        assert_eq!(expanded("{3..-1..2}"), ["3", "1", "-1"]);
        assert_eq!(expanded("{-01..1}"), ["-01", "000", "001"]);
        assert_eq!(expanded("{c..a}"), ["c", "b", "a"]);
        assert_eq!(expanded("{5..5}"), ["5"]);
        for plain in ["{slug}-{seed}", "{}", "{a..}", "{1...3}", "{a,b", "a,b}", "{1..b}", "{1..2..x}", r"a\|b\:2"] {
            assert_eq!(expanded(plain), [plain]);
        }
        assert_eq!(expanded("{{a,b}"), ["{a", "{b"]);
        assert_eq!(expanded("{x{a,b}}"), ["{xa}", "{xb}"]);
        assert_eq!(expanded(r"\{a,b\} {c\,d,e}"), ["{a,b} c,d", "{a,b} e"]);
    }

    #[test]
    fn too_many_are_an_error_at_once() {
        assert_eq!(expand("{1..100000}").unwrap().len(), 100_000);
        for many in ["{0..100000}", "{1..9223372036854775807}", &"{a,b}".repeat(17), &"{0..9}".repeat(1000)] {
            assert!(expand(many).unwrap_err().contains("100000 lines"));
        }
        assert!(expand(&format!("{}{}", "{0..9999}", "x".repeat(10_000))).unwrap_err().contains("long"));
        assert!(expand(&format!("{}a,b{}", "{".repeat(50_000), "}".repeat(50_000))).is_ok());
        assert!(expand(&format!("{}b{}", "{a,".repeat(50_000), "}".repeat(50_000))).unwrap_err().contains("braces"));
        let open = "{".repeat(100_000);
        assert_eq!(expanded(&open), [open]);
    }
}
