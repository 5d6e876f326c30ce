//! `text2art help` in a terminal: a text that is taller goes through a pager, unless there is to be none.

#![cfg(target_os = "linux")]

use super::pseudo_terminal::Terminal;
use crate::common::program::Workplace;

const XTERM: (&str, &str) = ("TERM", "xterm-256color");
/// A pager that marks what it shows.
const MARKS: (&str, &str) = ("PAGER", "sed s/^/paged:/");

/// What a terminal of so many rows gets, and whether any of it is colored.
fn shown(rows: u16, variables: &[(&str, &str)]) -> (String, bool) {
    let workplace = Workplace::new();
    let mut terminal = Terminal::start(&workplace, (rows, 100), &["help", "video"], variables);
    assert_eq!(terminal.finish(|_| ()), Some(0));
    (String::from_utf8(terminal.raw.clone()).unwrap(), terminal.is_colored())
}

#[test]
fn a_text_that_is_taller_than_the_terminal_is_paged() {
    let (paged, _) = shown(10, &[XTERM, MARKS]);
    assert!(paged.starts_with("paged:") && paged.contains("MP4s"), "{paged}");
    let (whole, colored) = shown(200, &[XTERM, MARKS]);
    assert!(!whole.contains("paged:") && colored, "{whole}");
    for variables in
        [&[XTERM, ("PAGER", "cat")][..], &[XTERM, ("PAGER", "")], &[XTERM, ("PAGER", "text2art-has-no-such-pager -x")]]
    {
        assert_eq!(shown(10, variables).0, whole, "{variables:?}");
    }
    // Where the cursor cannot be moved there is no pager, and no color.
    let (dumb, colored) = shown(10, &[("TERM", "dumb"), MARKS]);
    assert!(!dumb.contains("paged:") && !colored && !dumb.contains('\x1b'), "{dumb}");
}
