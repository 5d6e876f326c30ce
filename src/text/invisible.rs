//! Characters that leave nothing to see.

/// Whether a character is invisible, or controls the direction of text or its lines: what Unicode calls
/// `Default_Ignorable_Code_Point`, line separators, and annotations. The variation selectors of emoji are none of these,
/// nor are spaces and control characters.
pub(crate) fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{AD}'
            | '\u{34F}'
            | '\u{61C}'
            | '\u{115F}'..='\u{1160}'
            | '\u{17B4}'..='\u{17B5}'
            | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200F}'
            | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{3164}'
            | '\u{FEFF}'
            | '\u{FFA0}'
            | '\u{FFF0}'..='\u{FFFB}'
            | '\u{1BCA0}'..='\u{1BCA3}'
            | '\u{1D173}'..='\u{1D17A}'
            | '\u{E0000}'..='\u{E0FFF}'
    )
}

/// Whether a character is a joiner or a non-joiner between characters that need it, in some scripts and in emoji.
pub(crate) fn joins(character: char, before: Option<char>, after: Option<char>) -> bool {
    let is_written = |neighbor: char| !neighbor.is_ascii() && !neighbor.is_control() && !is_invisible(neighbor);
    matches!(character, '\u{200C}' | '\u{200D}') && before.is_some_and(is_written) && after.is_some_and(is_written)
}
