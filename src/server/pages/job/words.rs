//! Jobs in words, for lists and for the page of one.

use crate::drawer;
use crate::queue::State;
use crate::settings::DrawerName;

/// The longest prompt that stands in a heading, in characters.
const LONGEST_HEADING: usize = 120;

/// The beginning of a prompt, for a heading.
pub(in crate::server::pages) fn heading(prompt: &str) -> String {
    let Some((end, _)) = prompt.char_indices().nth(LONGEST_HEADING) else { return prompt.to_owned() };
    let whole_words = prompt[..end].rfind(char::is_whitespace).filter(|at| *at > end / 2).unwrap_or(end);
    format!("{}…", prompt[..whole_words].trim_end())
}

/// A state in a word.
pub(in crate::server::pages) fn state_in_words(state: State, cancel: bool) -> &'static str {
    match state {
        State::Queued => "Waiting",
        State::Running if cancel => "Stopping",
        State::Running => "Drawing",
        State::Done => "Done",
        State::Dead => "Failed",
        State::Cancelled => "Canceled",
    }
}

/// The color of the badge of a state.
pub(in crate::server::pages) fn tone(state: State) -> &'static str {
    match state {
        State::Queued | State::Cancelled => "",
        State::Running => "notice",
        State::Done => "good",
        State::Dead => "error",
    }
}

/// Whether the pictures of a drawer consist of cells with edges.
pub(in crate::server::pages) fn has_cells(drawer: &DrawerName) -> bool {
    drawer::of(drawer).is_ok_and(|drawer| drawer.has("pixel_size"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_end_with_a_word() {
        assert_eq!(heading("a red apple"), "a red apple");
        let long = heading(&"apple ".repeat(100));
        assert!(long.ends_with("apple…") && long.chars().count() <= LONGEST_HEADING + 1, "{long}");
        let one = heading(&"ä".repeat(2000));
        assert_eq!(one.chars().count(), LONGEST_HEADING + 1);
    }
}
