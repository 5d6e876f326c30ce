//! The kind of a file by its first bytes: a picture that can be read, or another file with its name and a hint.

/// How many of a file's first bytes are examined.
pub(super) const HEAD: usize = 1024;

/// The formats that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Png,
    Jpeg,
    Gif,
    WebP,
    Bmp,
    Tiff,
}

/// A file that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Other {
    /// Its kind, with an article
    pub(super) name: &'static str,
    /// What to do about it
    pub(super) hint: &'static str,
}

/// The kind of a file by its first bytes; an error without a name if they are unknown.
pub(super) fn kind_of(head: &[u8]) -> Result<Kind, Option<Other>> {
    let known = match head {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Kind::Png,
        [0xff, 0xd8, 0xff, ..] => Kind::Jpeg,
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Kind::Gif,
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Kind::WebP,
        // Camera raw files begin as TIFF does.
        [b'I', b'I', 42, 0, _, _, _, _, b'C', b'R', ..] => return Err(Some(RAW)),
        // 43: BigTIFF.
        [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..] => Kind::Tiff,
        [b'B', b'M', ..] => Kind::Bmp,
        _ => return Err(other(head)),
    };
    Ok(known)
}

/// A picture from a camera's sensor, in the camera's own format.
pub(super) const RAW: Other = Other {
    name: "a camera's raw file",
    hint: "develop it to PNG or JPEG first, for example with darktable or RawTherapee",
};

const CONVERT: &str = "convert it to PNG or JPEG first, for example with `magick in.file out.png`";
const FRAME: &str = "take a picture out of it first, for example with `ffmpeg -i in.mp4 -frames:v 1 out.png`";
const EXPORT: &str = "open it in the program it comes from, and export a PNG";
const RENDER: &str = "render it to PNG first, for example with `rsvg-convert in.svg -o out.png`";

/// Other files, by bytes at an offset.
const SIGNATURES: [(usize, &[u8], Other); 33] = [
    (0, b"8BPS", Other { name: "a Photoshop document (PSD)", hint: EXPORT }),
    (0, b"gimp xcf", Other { name: "a GIMP document (XCF)", hint: EXPORT }),
    (
        0,
        b"%PDF",
        Other { name: "a PDF document", hint: "render a page first, for example with `pdftoppm -png in.pdf page`" },
    ),
    (
        0,
        b"%!PS",
        Other {
            name: "a PostScript document",
            hint: "render it to PNG first, for example with `gs -sDEVICE=png16m -o out.png in.ps`",
        },
    ),
    (
        0,
        b"\xc5\xd0\xd3\xc6",
        Other {
            name: "a PostScript document (EPS)",
            hint: "render it to PNG first, for example with `gs -sDEVICE=png16m -o out.png in.eps`",
        },
    ),
    (
        0,
        b"\0\0\0\x0cjP  \r\n\x87\n",
        Other {
            name: "a JPEG 2000 picture",
            hint: "convert it to PNG first, for example with `opj_decompress -i in.jp2 -o out.png`",
        },
    ),
    (
        0,
        b"\xff\x4f\xff\x51",
        Other {
            name: "a JPEG 2000 picture",
            hint: "convert it to PNG first, for example with `opj_decompress -i in.j2k -o out.png`",
        },
    ),
    (
        0,
        b"\0\0\0\x0cJXL \r\n\x87\n",
        Other { name: "a JPEG XL picture", hint: "convert it to PNG first, for example with `djxl in.jxl out.png`" },
    ),
    (
        0,
        b"\xff\x0a",
        Other { name: "a JPEG XL picture", hint: "convert it to PNG first, for example with `djxl in.jxl out.png`" },
    ),
    (0, b"\0\0\x01\0", Other { name: "an icon (ICO)", hint: CONVERT }),
    (0, b"\0\0\x02\0", Other { name: "a cursor (CUR)", hint: CONVERT }),
    (0, b"qoif", Other { name: "a QOI picture", hint: CONVERT }),
    (0, b"farbfeld", Other { name: "a farbfeld picture", hint: CONVERT }),
    (0, b"DDS ", Other { name: "a texture (DDS)", hint: CONVERT }),
    (0, b"\x76\x2f\x31\x01", Other { name: "an OpenEXR picture", hint: CONVERT }),
    (0, b"#?R", Other { name: "a Radiance picture (HDR)", hint: CONVERT }),
    (0, b"\xd7\xcd\xc6\x9a", Other { name: "a Windows metafile (WMF)", hint: CONVERT }),
    (40, b" EMF", Other { name: "a Windows metafile (EMF)", hint: CONVERT }),
    (0, b"FORM", Other { name: "an IFF file", hint: CONVERT }),
    (0, b"II\xbc\x01", Other { name: "a JPEG XR picture", hint: CONVERT }),
    (0, b"FUJIFILMCCD-RAW", RAW),
    (0, b"IIRO", RAW),
    (0, b"IIRS", RAW),
    (0, b"IIU\0", RAW),
    (0, b"FOVb", RAW),
    (0, b"\x1a\x45\xdf\xa3", Other { name: "a video (Matroska or WebM)", hint: FRAME }),
    (8, b"AVI ", Other { name: "a video (AVI)", hint: FRAME }),
    (
        0,
        b"PK\x03\x04",
        Other { name: "a ZIP archive or a document in one", hint: "unpack it, or export a PNG from its program" },
    ),
    (0, b"\x1f\x8b", Other { name: "a file compressed by gzip", hint: "unpack it first with `gunzip`" }),
    (0, b"7z\xbc\xaf\x27\x1c", Other { name: "a 7z archive", hint: "unpack it first" }),
    (0, b"Rar!", Other { name: "a RAR archive", hint: "unpack it first" }),
    (
        0,
        b"version https://git-lfs",
        Other { name: "a Git LFS pointer", hint: "fetch the file that it stands for with `git lfs pull`" },
    ),
    (0, b"\x93NUMPY", Other { name: "a NumPy array", hint: "save it as a PNG first, for example with Pillow" }),
];

/// Other files, by the brand of an ISO base media file, which follows `ftyp` (ISO/IEC 14496-12).
const BRANDS: [(&[u8], Other); 8] = [
    (b"avi", AVIF),
    (b"hei", HEIC),
    (b"hev", HEIC),
    (b"mif1", HEIC),
    (b"msf1", HEIC),
    (b"crx ", RAW),
    (b"jp", Other { name: "a JPEG 2000 picture", hint: CONVERT }),
    (b"", Other { name: "a video (MP4 or QuickTime)", hint: FRAME }),
];
const HEIC: Other = Other {
    name: "a HEIC picture",
    hint: "convert it to PNG or JPEG first, for example with `heif-convert in.heic out.png`",
};
const AVIF: Other = Other {
    name: "an AVIF picture",
    hint: "convert it to PNG or JPEG first, for example with `avifdec in.avif out.png`",
};

/// Other files, by the beginning of a text, in lowercase.
const TEXTS: [(&str, Other); 6] = [
    ("<svg", Other { name: "an SVG drawing", hint: RENDER }),
    ("<!doctype svg", Other { name: "an SVG drawing", hint: RENDER }),
    ("<!doctype html", PAGE),
    ("<html", PAGE),
    ("<head", PAGE),
    ("<body", PAGE),
];
const PAGE: Other = Other { name: "a web page", hint: "open the page in a browser, and save the picture on it" };

fn other(head: &[u8]) -> Option<Other> {
    if let Some(brand) = head.get(8..12).filter(|_| head.get(4..8) == Some(b"ftyp")) {
        // A file that several kinds of programs can read names the other kinds after its main brand.
        let avif = head.get(12..).is_some_and(|rest| brand == b"mif1" && rest.windows(4).any(|other| other == b"avif"));
        let found = BRANDS.iter().find(|(start, _)| brand.starts_with(start));
        return if avif { Some(AVIF) } else { found.map(|(_, other)| *other) };
    }
    let signed =
        |(offset, bytes, _): &&(usize, &[u8], Other)| head.get(*offset..).is_some_and(|rest| rest.starts_with(bytes));
    if let Some((_, _, other)) = SIGNATURES.iter().find(signed) {
        return Some(*other);
    }
    if let [b'P', b'1'..=b'7', b' ' | b'\t' | b'\n' | b'\r', ..] = head {
        return Some(Other { name: "a Netpbm picture (PBM, PGM, PPM or PAM)", hint: CONVERT });
    }
    let text = String::from_utf8_lossy(head).to_lowercase();
    let start = text.trim_start_matches('\u{feff}').trim_start();
    let named = |start: &str| TEXTS.iter().find(|(beginning, _)| start.starts_with(beginning)).map(|(_, other)| *other);
    // An XML declaration or a comment may stand before the first element.
    let within = || {
        let elements = start.starts_with("<?xml") || start.starts_with("<!--");
        let mut places = start.match_indices('<').filter(|_| elements);
        places.find_map(|(place, _)| named(&start[place..]))
    };
    named(start).or_else(within)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_by_their_content() {
        let named = |head: &[u8]| kind_of(head).unwrap_err().map(|other| other.name);
        assert_eq!(named(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"), Some("a HEIC picture"));
        assert_eq!(named(b"\0\0\0\x18ftypmif1\0\0\0\0avifmif1"), Some("an AVIF picture"));
        assert_eq!(named(b"\0\0\0\x18ftypisom\0\0\0\0"), Some("a video (MP4 or QuickTime)"));
        assert_eq!(named(b"\xef\xbb\xbf\n<!DOCTYPE HTML>"), Some("a web page"));
        assert_eq!(named(b"<?xml version='1.0'?>\n<!-- made by --><svg xmlns="), Some("an SVG drawing"));
        assert_eq!(named(b"II*\0\x10\0\0\0CR\x02\0"), Some("a camera's raw file"));
        assert_eq!((named(b"hello"), named(b"")), (None, None));
        assert_eq!(kind_of(b"MM\0\x2b\0\x08"), Ok(Kind::Tiff));
    }
}
