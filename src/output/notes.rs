//! What a JPEG or a WebP says beside its pixels: the recipe in words, as the EXIF comment that other programs show, and the
//! recipe as JSON, in XMP.

use std::io::Cursor;

use exif::experimental::Writer;
use exif::{Field, In, Tag, Value};
use html_escape::{decode_html_entities, encode_text};

use super::Recipe;
use super::gif_comment::ascii_json;
use crate::{Error, PROGRAM, Result};

/// The longest packet that is read, in bytes.
pub(super) const LONGEST: usize = 8 << 20;
/// The name of the recipe in XMP.
const RECIPE: &str = "text2art:recipe";
/// The namespace of this name.
const NAMESPACE: &str = "xmlns:text2art=\"urn:text2art:\"";

/// The notes of a picture.
pub(super) struct Notes {
    /// A TIFF directory (EXIF 2.32, 4.5)
    pub(super) exif: Vec<u8>,
    /// An XMP packet
    pub(super) xmp: String,
}

impl Notes {
    /// The notes with a recipe.
    ///
    /// # Errors
    /// If the recipe cannot be written as text.
    pub(super) fn of(recipe: &Recipe) -> Result<Self> {
        // In ASCII, nothing depends on how other programs store text. Without `<` and `>`, the text of a prompt cannot be taken
        // for XML.
        let json = ascii_json(&recipe.to_json()?);
        let element = format!("<{RECIPE}>{}</{RECIPE}>", encode_text(&json));
        Ok(Self { exif: exif(&recipe.in_words()?)?, xmp: packet(NAMESPACE, &element) })
    }
}

/// An XMP packet with properties of a namespace (XMP specification, part 1, 7).
pub(super) fn packet(namespace: &str, properties: &str) -> String {
    format!(
        "<?xpacket begin=\"\u{feff}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?><x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\
         <rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"><rdf:Description rdf:about=\"\" {namespace}>\
         {properties}</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end=\"r\"?>"
    )
}

/// A directory with the program and a comment, in the form in which other programs store the `parameters` of a picture: as
/// UTF-16 in the byte order of the directory.
fn exif(comment: &str) -> Result<Vec<u8>> {
    let text = comment.encode_utf16().flat_map(u16::to_be_bytes);
    let comment = b"UNICODE\0".iter().copied().chain(text).collect();
    let field = |tag, value| Field { tag, ifd_num: In::PRIMARY, value };
    let fields = [
        field(Tag::Software, Value::Ascii(vec![PROGRAM.into()])),
        field(Tag::ExifVersion, Value::Undefined(b"0232".to_vec(), 0)),
        field(Tag::UserComment, Value::Undefined(comment, 0)),
    ];
    let (mut writer, mut directory) = (Writer::new(), Cursor::new(Vec::new()));
    for field in &fields {
        writer.push_field(field);
    }
    let written = writer.write(&mut directory, false);
    written.map_err(|error| Error::fault(format!("cannot write the notes of the picture: {error}")))?;
    Ok(directory.into_inner())
}

/// The recipe in an XMP packet; none if the packet has no recipe. Programs that rewrite a packet may turn an element into an
/// attribute (XMP specification, part 1, 7.9.2.2).
pub(super) fn recipe(packet: &[u8]) -> Option<String> {
    let packet = std::str::from_utf8(packet).ok()?;
    let between = |before: &str, after: &str| {
        let (_, rest) = packet.split_once(before)?;
        rest.split_once(after).map(|(text, _)| text)
    };
    let element = || between(&format!("<{RECIPE}>"), &format!("</{RECIPE}>"));
    let attribute = |quote: char| between(&format!("{RECIPE}={quote}"), &quote.to_string());
    let text = element().or_else(|| attribute('"')).or_else(|| attribute('\''))?;
    Some(decode_html_entities(text).into_owned())
}

#[cfg(test)]
mod tests {
    use exif::Reader;

    use super::*;

    #[test]
    fn a_recipe_is_found_however_it_is_written() {
        let element = |text: &str| packet(NAMESPACE, &format!("<{RECIPE}>{text}</{RECIPE}>"));
        let attribute = |text: &str| packet(&format!("{NAMESPACE} {RECIPE}={text}"), "");
        let json = r#"{"a": "<b> & 'c'"}"#;
        for packet in [
            element(r#"{"a": "&lt;b&gt; &amp; 'c'"}"#),
            element("{&quot;a&quot;: &#34;&#x3C;b&gt; &amp; &apos;c&#39;&quot;}"),
            attribute("\"{&quot;a&quot;: &quot;&lt;b&gt; &amp; 'c'&quot;}\""),
            attribute("'{\"a\": \"&lt;b> &amp; &apos;c&apos;\"}'"),
        ] {
            assert_eq!(recipe(packet.as_bytes()).as_deref(), Some(json), "{packet}");
        }
        assert_eq!(recipe(packet(NAMESPACE, "").as_bytes()), None);
        assert_eq!(recipe(b"<text2art:recipe>{}"), None);
        assert_eq!(recipe(b"<text2art:recipe>\xff</text2art:recipe>"), None);
    }

    #[test]
    fn the_words_are_where_other_programs_look() {
        let written = exif("größe\n\u{1f34e}").unwrap();
        let read = Reader::new().read_raw(written).unwrap();
        let Value::Undefined(bytes, _) = &read.get_field(Tag::UserComment, In::PRIMARY).unwrap().value else {
            panic!()
        };
        let text: Vec<u16> = bytes[8..].chunks(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
        assert_eq!(
            (&bytes[..8], String::from_utf16(&text).unwrap()),
            (&b"UNICODE\0"[..], "größe\n\u{1f34e}".to_owned())
        );
        assert!(read.get_field(Tag::Software, In::PRIMARY).unwrap().display_value().to_string().contains("text2art"));
    }
}
