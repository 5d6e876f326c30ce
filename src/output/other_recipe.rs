//! Copies pictures and GIFs with a different recipe. The copies are bit for bit what a run with that recipe would write.

use std::io::{BufRead, Error as Fault, ErrorKind, Read, Result as Copied, Write};

use flate2::Crc;

use super::Recipe;
use super::gif_comment::{ascii_json, copy_with_comments};
use super::plain::pass;
use super::recipe_text::{BEGINNING, KEYWORD, PNG_SIGNATURE, WORDS};
use crate::{Error, Result};

/// The longest chunk of text that is read, in bytes.
const LONGEST: u32 = 8 << 20;
/// The bytes between the keyword and the text of an uncompressed chunk: the end of the keyword, no compression, its method, an
/// empty language and an empty translation, each with its end (PNG 11.3.3.4).
const PLAIN: [u8; 5] = [0; 5];

/// A file with its recipe replaced by what `change` returns. A file without a recipe stays unchanged.
///
/// # Errors
/// If the file is neither a PNG nor a GIF that this program wrote, or `change` fails.
pub fn with_other_recipe(file: &[u8], change: &dyn Fn(Recipe) -> Result<Recipe>) -> Result<Vec<u8>> {
    let broken =
        |error: &Fault| Error::usage(format!("the recipe cannot be replaced: {error}"), "draw the picture again");
    let mut failure = None;
    let mut changed = |json: &str| {
        let recipe = serde_json::from_str::<Recipe>(json).map_err(Fault::other)?;
        change(recipe).map_err(|error| {
            failure = Some(error);
            Fault::from(ErrorKind::Other)
        })
    };
    let mut target = Vec::with_capacity(file.len());
    let copied = if file.starts_with(&PNG_SIGNATURE) {
        copy_png(&mut &file[PNG_SIGNATURE.len()..], &mut target, &mut changed)
    } else if file.starts_with(b"GIF8") {
        copy_gif(&mut &*file, &mut target, &mut changed)
    } else {
        target.extend_from_slice(file);
        Ok(())
    };
    match (copied, failure) {
        (Ok(()), _) => Ok(target),
        (Err(_), Some(error)) => Err(error),
        (Err(error), None) => Err(broken(&error)),
    }
}

/// Reads the JSON of a recipe, and returns the recipe that takes its place.
type Change<'c> = &'c mut dyn FnMut(&str) -> Copied<Recipe>;

/// Copies the chunks after the signature. The recipe in words follows the recipe.
fn copy_png(file: &mut impl BufRead, target: &mut impl Write, changed: Change) -> Copied<()> {
    let fault = |error: Error| Fault::other(error.to_string());
    target.write_all(&PNG_SIGNATURE)?;
    let mut recipe: Option<Recipe> = None;
    loop {
        let mut head = [0; 8];
        file.read_exact(&mut head)?;
        let [a, b, c, d, kind @ ..] = head;
        let length = u32::from_be_bytes([a, b, c, d]);
        if kind != *b"iTXt" || length > LONGEST {
            target.write_all(&head)?;
            pass(file, target, u64::from(length) + 4)?;
            if kind == *b"IEND" {
                return Ok(());
            }
            continue;
        }
        let mut content = Vec::new();
        file.take(length.into()).read_to_end(&mut content)?;
        let mut checksum = [0; 4];
        file.read_exact(&mut checksum)?;
        let text_of = |keyword: &str| content.strip_prefix(keyword.as_bytes())?.strip_prefix(&PLAIN);
        if let Some(json) = text_of(KEYWORD) {
            let json = std::str::from_utf8(json).map_err(Fault::other)?;
            let other = recipe.insert(changed(json)?);
            write_text(target, KEYWORD, &other.to_json().map_err(fault)?)?;
        } else if let Some(other) = recipe.as_ref().filter(|_| text_of(WORDS).is_some()) {
            write_text(target, WORDS, &other.in_words().map_err(fault)?)?;
        } else {
            target.write_all(&head)?;
            target.write_all(&content)?;
            target.write_all(&checksum)?;
        }
    }
}

/// Writes a chunk of text as the encoder does.
fn write_text(target: &mut impl Write, keyword: &str, text: &str) -> Copied<()> {
    let content = [b"iTXt", keyword.as_bytes(), &PLAIN, text.as_bytes()].concat();
    let length = u32::try_from(content.len() - 4).map_err(Fault::other)?;
    let mut checksum = Crc::new();
    checksum.update(&content);
    target.write_all(&length.to_be_bytes())?;
    target.write_all(&content)?;
    target.write_all(&checksum.sum().to_be_bytes())
}

fn copy_gif(file: &mut impl BufRead, target: &mut impl Write, changed: Change) -> Copied<()> {
    copy_with_comments(file, target, &mut |comment| {
        if !comment.starts_with(BEGINNING.as_bytes()) {
            return Ok(comment);
        }
        let recipe = changed(std::str::from_utf8(&comment).map_err(Fault::other)?)?;
        let json = recipe.to_json().map_err(|error| Fault::other(error.to_string()))?;
        Ok(ascii_json(&json).into_bytes())
    })
}

#[cfg(test)]
mod tests {
    use image::DynamicImage;

    use super::*;
    use crate::output::{ResultRecord, encode_pixels};
    use crate::progress::Figures;
    use crate::resolve::combine;
    use crate::settings::Overrides;

    fn recipe(prompt: &str, init_image: &str) -> Recipe {
        let init_image = Some(std::path::PathBuf::from(init_image).into());
        let overrides = Overrides { prompt: prompt.parse().ok(), init_image, ..Overrides::default() };
        let result = ResultRecord { iterations_done: 3, figures: Figures::default() };
        Recipe::new(combine(&[overrides]).unwrap(), Vec::new(), Vec::new(), result)
    }

    #[test]
    fn a_picture_is_what_a_run_with_the_other_recipe_writes() {
        let pixels = DynamicImage::new_rgba8(5, 4);
        let encoded = |recipe: Option<&Recipe>| encode_pixels(&pixels, recipe, None).unwrap();
        let (one, other) = (recipe("größe", "init_image-1.png"), recipe("a longer prompt", "my photo.png"));
        let changed = with_other_recipe(&encoded(Some(&one)), &|found| {
            assert_eq!(found, one);
            Ok(other.clone())
        });
        assert!(changed.unwrap() == encoded(Some(&other)));
        let none = |_: Recipe| -> Result<Recipe> { panic!("there is no recipe") };
        assert!(with_other_recipe(&encoded(None), &none).unwrap() == encoded(None));
        assert_eq!(with_other_recipe(b"<svg/>", &none).unwrap(), b"<svg/>");
        let refused = with_other_recipe(&encoded(Some(&one)), &|_| Err(Error::usage("no", "yes")));
        assert_eq!(refused.unwrap_err().to_string(), "no");
    }

    #[test]
    fn a_gif_gets_the_other_recipe_in_its_comment() {
        let gif = |recipe: &Recipe| {
            let mut bytes = Vec::new();
            let mut encoder = gif::Encoder::new(&mut bytes, 1, 1, &[0, 0, 0, 255, 255, 255]).unwrap();
            let comment = ascii_json(&recipe.to_json().unwrap());
            encoder
                .write_raw_extension(gif::AnyExtension(super::super::gif_comment::COMMENT), &[comment.as_bytes()])
                .unwrap();
            encoder
                .write_frame(&gif::Frame { width: 1, height: 1, buffer: vec![0].into(), ..gif::Frame::default() })
                .unwrap();
            drop(encoder);
            bytes
        };
        let (one, other) = (recipe("größe", "init_image-1.png"), recipe("a longer prompt", "my photo.png"));
        let changed = with_other_recipe(&gif(&one), &|_| Ok(other.clone())).unwrap();
        assert!(changed == gif(&other));
    }

    proptest::proptest! {
        #[test]
        fn damaged_files_are_refused_or_copied(cut in 0_usize..2000, at in 0_usize..2000, value: u8) {
            let one = recipe("a cat", "a.png");
            let mut bytes = encode_pixels(&DynamicImage::new_rgb8(2, 2), Some(&one), None).unwrap();
            let at = at % bytes.len();
            bytes[at] = value;
            bytes.truncate(bytes.len().saturating_sub(cut));
            let _ = with_other_recipe(&bytes, &|recipe| Ok(recipe));
        }
    }
}
