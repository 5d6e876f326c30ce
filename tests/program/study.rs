//! `text2art study`: every subject in every style, on a page and on sheets; stopped studies continue.

#![allow(clippy::unwrap_used)]

use crate::common;

use common::program::{Workplace, words};

/// The options of pictures that take a moment.
const SMALL: &str = "--size 32x32 -n 1 --cutouts 1 --seed 3 -q";

fn workplace() -> Workplace {
    let workplace = Workplace::new();
    workplace.write("subjects.txt", "a mushroom\na castle -- --seed 4\n</script><script>alert(1)</script> \"apple\"\n");
    workplace
}

#[test]
fn a_study_has_every_subject_in_every_style_and_continues() {
    let workplace = workplace();
    let line = format!("study subjects.txt --styles watercolor,neon -o out.html --sheet out.png {SMALL}");
    let outcome = workplace.run(&words(&line)).succeeded();
    let printed: Vec<String> = outcome.output_text().lines().map(str::to_owned).collect();
    assert_eq!(printed.len(), 9 + 2, "{printed:?}");
    for name in [
        "a-mushroom-plain-3",
        "a-mushroom-watercolor-3",
        "a-castle-neon-4",
        "script-script-alert-1-script-apple-plain-3",
    ] {
        assert!(workplace.join(format!("out/{name}.png")).is_file(), "{name} of {printed:?}");
    }
    let page = String::from_utf8(workplace.read("out.html")).unwrap();
    assert_eq!(page.matches("<img ").count(), 9);
    assert!(page.contains("src=\"out/a-castle-neon-4.png\"") && !page.contains("alert(1)</script>"), "{page}");
    // Every picture has a score.
    assert!(!page.contains("data-score=\"\""), "{page}");
    // Three columns and three rows, with their labels.
    let sheet = image::open(workplace.join("out.png")).unwrap();
    assert_eq!((sheet.width(), sheet.height()), (256 + 3 * 264 + 8, 3 * 16 + 8 + 3 * 264 + 8));
    // What exists is not drawn again.
    let (kept, lost) = ("out/a-castle-neon-4.png", "out/a-mushroom-neon-3.png");
    let before = (workplace.join(kept).metadata().unwrap().modified().unwrap(), workplace.read(lost));
    std::fs::remove_file(workplace.join(lost)).unwrap();
    workplace.run(&words(&line)).succeeded();
    assert_eq!((workplace.join(kept).metadata().unwrap().modified().unwrap(), workplace.read(lost)), before);
    assert_eq!(String::from_utf8(workplace.read("out.html")).unwrap(), page);
}

#[test]
fn the_page_has_one_default() {
    let workplace = Workplace::new();
    let help = workplace.run(&["study", "--help"]).succeeded();
    let of_output = help.output_text().split("--output").nth(1).unwrap().split("\n      --").next().unwrap();
    assert!(of_output.contains("[default: study.html]"), "{of_output}");
    assert_eq!(of_output.matches("[default: ").count(), 1, "{of_output}");
}

#[test]
fn all_styles_are_those_that_the_model_knows() {
    let workplace = Workplace::new();
    workplace.write("one.txt", "a castle\n");
    workplace.run(&words(&format!("study one.txt {SMALL}"))).succeeded();
    let page = String::from_utf8(workplace.read("study.html")).unwrap();
    // The card of the embedded model: nine styles, of which each has its own row.
    assert_eq!(page.matches("<tr data-name").count(), 1 + 9);
}

#[test]
fn wrong_requests_are_refused_before_anything_is_drawn() {
    let workplace = workplace();
    workplace.write("styled.txt", "a castle -- --style neon\n");
    workplace.write("page.html", "<p>My own page</p>");
    for (line, problem) in [
        ("study subjects.txt --styles watercolour", "watercolor"),
        ("study subjects.txt --styles artist", "knows no style"),
        ("study subjects.txt --style neon", "--styles"),
        ("study subjects.txt -o study.png", "expected .html"),
        ("study subjects.txt -o page.html", "already exists"),
        ("study subjects.txt --sheet sheet.jpg", "expected .png"),
        ("study styled.txt --styles neon", "styles of its own"),
        ("study none.txt", "none.txt"),
    ] {
        let outcome = workplace.run(&words(&format!("{line} {SMALL}")));
        assert!(matches!(outcome.code, Some(1 | 2)), "{line}: {:?}", outcome.code);
        assert!(outcome.errors.contains(problem), "{line}: {}", outcome.errors);
    }
    // Subjects are in a file or on standard input.
    for (file, hint) in [
        ("a cat, an owl", r"printf '%s\n' 'a cat' 'an owl' | text2art study -"),
        ("a red fox", r"printf '%s\n' 'a red fox' | text2art study -"),
        ("my subjects.txt", "did you mean `subjects.txt`?"),
    ] {
        let lines = workplace.refuses_somehow(&["study", file]);
        assert!(lines[0].contains("file not found") && lines[1].contains(hint), "{lines:?}");
    }
    assert!(!workplace.join("study.html").exists());
}
