//! The rooms under `src/` (its folders, and the files beside them) stand on floors, and none imports from its own floor or
//! from one above.
//!
//! How to read [`FLOORS`]: the ground floor is first, and a room may import from every line above its own. So there is
//! no circle between rooms, and each can be understood with what is above its line alone.
//!
//! How to extend it: a new room goes on the lowest floor that is above everything it imports. If the test then names an
//! upward import, move what is imported down to the floor where it is needed; do not move the floor.
//!
//! What counts as an import is every path that begins with `crate::` or with `super::` and leaves its room, in `use` or
//! elsewhere. Unit tests may import what they like.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The rooms, the ground floor first.
const FLOORS: &[&[&str]] = &[
    &["machine", "random", "text"],
    &["error"],
    &["files"],
    &["database", "progress"],
    &["accounts", "gpu", "models", "optimizer", "picture", "queue"],
    &["frozen", "gallery", "objects", "palette", "sentence", "styles"],
    &["clip", "device", "mail", "upscale", "vqgan"],
    &["settings"],
    &["drawer", "judge"],
    &["resolve"],
    &["prior"],
    &["session"],
    &["bench", "output"],
    &["video"],
    &["job"],
    &["batch", "worker"],
    &["client", "server"],
    &["farm"],
    &["cli"],
];

#[test]
fn no_room_imports_from_above() {
    let faults = faults(Path::new("src"), FLOORS);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn an_upward_import_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let floors: &[&[&str]] = &[&["ground"], &["middle"], &["top"]];
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("lib.rs", "mod ground;\nmod middle;\nmod top;\npub use top::Sky;\n");
    write("ground.rs", "use std::path::Path;\npub struct Stone;\n");
    write("middle/mod.rs", "use crate::ground::Stone;\nmod stairs;\n");
    write("middle/stairs.rs", "use super::Step;\n// crate::top is only mentioned, as is \"crate::top\"\n");
    write("top.rs", "use crate::{ground::Stone, middle};\n");
    assert_eq!(faults(folder.path(), floors), [""; 0]);

    write("ground.rs", "use std::path::Path;\nuse crate::{Error, middle::{self, Step}};\n");
    write("middle/stairs.rs", "fn up() {\n    let sky = super::super::top::Sky;\n}\n");
    let found = faults(folder.path(), floors);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].ends_with("ground.rs:2: ground imports from middle, which is not below it"), "{found:?}");
    assert!(found[1].ends_with("stairs.rs:2: middle imports from top, which is not below it"), "{found:?}");

    write("ground.rs", "#[cfg(test)]\nmod tests {\n    use crate::top::Sky;\n}\n");
    write("middle/stairs.rs", "const QUOTE: &str = r#\"use crate::top;\"#;\nconst MARK: char = '\"';\n");
    write("attic.rs", "");
    assert_eq!(faults(folder.path(), floors), ["attic stands on no floor"]);
}

/// What is wrong in the tree of `source`, in the order of its files.
fn faults(source: &Path, floors: &[&[&str]]) -> Vec<String> {
    let floors: BTreeMap<&str, usize> =
        floors.iter().enumerate().flat_map(|(floor, rooms)| rooms.iter().map(move |room| (*room, floor))).collect();
    let mut files = Vec::new();
    collect(source, &mut files);
    files.sort();
    let modules: Vec<Vec<String>> = files.iter().map(|file| module(source, file)).collect();
    let rooms: Vec<&str> = modules.iter().filter_map(|module| module.first().map(String::as_str)).collect();
    let mut faults: Vec<String> = Vec::new();
    for room in &rooms {
        let fault = format!("{room} stands on no floor");
        if !floors.contains_key(room) && !faults.contains(&fault) {
            faults.push(fault);
        }
    }
    faults.extend(
        floors.keys().filter(|room| !rooms.contains(room)).map(|room| format!("there is no room called {room}")),
    );
    for (file, module) in files.iter().zip(&modules) {
        let names_tests = |name: &std::ffi::OsStr| name.to_string_lossy().ends_with("tests");
        let is_test = file.file_stem().is_some_and(names_tests)
            || file.parent().and_then(Path::file_name).is_some_and(names_tests);
        let Some(room) = module.first().filter(|_| !is_test) else { continue };
        let text = std::fs::read_to_string(file).unwrap();
        for (line, imported) in imported_rooms(&text, module) {
            let (Some(own), Some(other)) = (floors.get(room.as_str()), floors.get(imported.as_str())) else { continue };
            if imported != *room && other >= own {
                let file = file.display();
                faults.push(format!("{file}:{line}: {room} imports from {imported}, which is not below it"));
            }
        }
    }
    faults
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// The path of a file's module below the crate: none for `lib.rs` and `main.rs`.
fn module(source: &Path, file: &Path) -> Vec<String> {
    let relative = file.strip_prefix(source).unwrap().with_extension("");
    let mut parts: Vec<String> = relative.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if parts.last().is_some_and(|last| last == "mod" || (parts.len() == 1 && (last == "lib" || last == "main"))) {
        parts.pop();
    }
    parts
}

/// The first names of all paths in a file that begin at the crate's root, with their lines: most are rooms.
fn imported_rooms(text: &str, module: &[String]) -> Vec<(usize, String)> {
    let code = code_of(text);
    let tokens = tokens(code.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default());
    let is = |at: usize, text: &str| tokens.get(at).is_some_and(|(_, token)| token == text);
    let mut found = Vec::new();
    for at in 0..tokens.len() {
        if at > 0 && is(at - 1, "::") {
            continue;
        }
        // Past `crate::`, or past as many `super::` as lead to the root.
        let mut next = at;
        while is(next, "super") && is(next + 1, "::") {
            next += 2;
        }
        let climbed = (next - at) / 2;
        if climbed == 0 && is(at, "crate") && is(at + 1, "::") {
            next += 2;
        } else if climbed == 0 || climbed < module.len() {
            continue;
        }
        if !is(next, "{") {
            found.extend(tokens.get(next).cloned());
            continue;
        }
        // The first names of a group's paths.
        let (mut depth, mut begins) = (0, false);
        for (line, token) in &tokens[next..] {
            match token.as_str() {
                "{" => {
                    depth += 1;
                    begins = depth == 1;
                }
                "}" if depth == 1 => break,
                "}" => depth -= 1,
                "," => begins = depth == 1,
                name if begins => {
                    found.push((*line, name.to_owned()));
                    begins = false;
                }
                _ => {}
            }
        }
    }
    found
}

/// Names, `::` and single signs, with their lines from 1.
fn tokens(code: &str) -> Vec<(usize, String)> {
    let mut tokens = Vec::new();
    for (line, text) in code.lines().enumerate() {
        let mut rest = text.trim_start();
        while let Some(first) = rest.chars().next() {
            let is_name = |sign: char| sign.is_alphanumeric() || sign == '_';
            let length = match first {
                _ if is_name(first) => rest.find(|sign| !is_name(sign)).unwrap_or(rest.len()),
                ':' if rest.starts_with("::") => 2,
                _ => first.len_utf8(),
            };
            tokens.push((line + 1, rest[..length].to_owned()));
            rest = rest[length..].trim_start();
        }
    }
    tokens
}

/// The text without comments and without what is quoted; its lines stay where they are.
fn code_of(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let raw = rest.strip_prefix('r').map(|after| after.len() - after.trim_start_matches('#').len());
        let raw = raw.filter(|marks| rest[1 + marks..].starts_with('"') && !code.ends_with(char::is_alphanumeric));
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if let Some(marks) = raw {
            let end = format!("\"{}", "#".repeat(marks));
            rest[marks + 2..].find(&end).map_or(rest.len(), |at| marks + 2 + at + end.len())
        } else if first == '"' {
            quoted(rest)
        } else if rest.starts_with("'\"'") {
            3
        } else {
            code.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        };
        code.extend(rest[..length].chars().filter(|sign| *sign == '\n'));
        rest = &rest[length..];
    }
    code
}

/// How many bytes a string in quotes takes at the beginning of `text`.
fn quoted(text: &str) -> usize {
    let mut escaped = false;
    for (at, sign) in text.char_indices().skip(1) {
        match sign {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}
