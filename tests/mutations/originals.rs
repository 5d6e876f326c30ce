//! The files to be damaged: one in each format that the program reads, as the program or other programs write it.

use std::path::Path;

use super::common::fixtures;
use super::common::program::Workplace;

/// A file, and how the program is asked to read a damaged copy of it.
pub struct Original {
    /// The copy's name; it may stand in a folder
    pub name: &'static str,
    pub content: Vec<u8>,
    /// What stands beside it, unharmed
    pub beside: Vec<(&'static str, Vec<u8>)>,
    /// Command lines to choose from
    pub lines: &'static [&'static str],
}

/// All of them, with what is known of the program that reads them.
pub fn originals() -> Vec<Original> {
    let workplace = Workplace::new();
    let drawn = "a red apple | a leaf:-0.5 --size 32x32 -n 4 --cutouts 1 -q --seed word --init-image start.png \
                 --checkpoint-every 2 --gif --mp4 --frames frames -o drawn.png";
    let start = fixtures().join("trace/init.png");
    std::fs::copy(&start, workplace.join("start.png")).unwrap();
    workplace.run(&drawn.split(' ').collect::<Vec<_>>()).succeeded();
    let cells = "a red apple --size 32x32 -n 2 --cutouts 1 -q --pixel-art --palette pico-8 --transparent -o cells.png";
    workplace.run(&cells.split(' ').collect::<Vec<_>>()).succeeded();
    let strokes = "a red apple --drawer strokes --strokes 9 --size 32x32 -n 1 --cutouts 1 -q -o strokes.png";
    workplace.run(&strokes.split(' ').collect::<Vec<_>>()).succeeded();
    let config = workplace.run(&["info", "drawn.png"]).succeeded().output;

    let read = |name: &str| workplace.read(name);
    let start = || vec![("start.png", read("start.png"))];
    let with = |name, content, beside, lines| Original { name, content, beside, lines };
    let alone = |name, content: Vec<u8>, lines| Original { name, content, beside: Vec::new(), lines };

    let from: &[&str] = &[
        "info X",
        "info X --json",
        "--from X -n 1 --size 32x32 --cutouts 1 --vqgan embedded --clip embedded -o out.png",
        "--from X --dry-run",
    ];
    let picture: &[&str] = &[
        "reconstruct X -o out.png",
        "score X --prompt apple",
        "a -n 1 --size 32x32 --cutouts 1 --init-image X -o out.png",
        "palettes X",
    ];
    let palette: &[&str] = &["palettes X"];
    let batch: &[&str] = &["batch X --dry-run", "batch X -n 1 --size 32x32 --cutouts 1"];
    let encoded = |format| {
        let mut bytes = std::io::Cursor::new(Vec::new());
        image::load_from_memory(&fixture("cli/vq_in.png")).unwrap().to_rgb8().write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    };

    let mut all = vec![
        with("x.png", read("drawn.png"), start(), from),
        with("x.gif", read("drawn.gif"), start(), from),
        with("x.mp4", read("drawn.mp4"), start(), from),
        alone("x.png", read("cells.png"), from),
        alone(
            "x.png",
            read("strokes.png"),
            &["render X --size 64x64 -o out.png", "render X -x 2 -o out.png", "render X --reveal out.gif"],
        ),
        with("x.png.t2a", read("drawn.png.t2a"), start(), &["resume X -n 4", "resume X -n 4 -o out.png"]),
        with(
            "x.toml",
            config,
            start(),
            &["--config X -n 1 --size 32x32 --cutouts 1 -o out.png", "--config X --dry-run"],
        ),
        alone("x.png", read("cells.png"), picture),
        alone("x.png", fixture("cli/vq_in.png"), picture),
        alone("x.jpg", encoded(image::ImageFormat::Jpeg), picture),
        alone("x.webp", encoded(image::ImageFormat::WebP), picture),
        alone("x.tiff", encoded(image::ImageFormat::Tiff), picture),
        alone("x.bmp", encoded(image::ImageFormat::Bmp), picture),
        alone("x.gif", encoded(image::ImageFormat::Gif), picture),
        alone(
            "x.gpl",
            b"GIMP Palette\nName: two\nColumns: 2\n#\n255 136 0\tname\n  0   0 128\tother\n".to_vec(),
            palette,
        ),
        alone("x.pal", b"JASC-PAL\r\n0100\r\n2\r\n255 136 0\r\n0 0 128\r\n".to_vec(), palette),
        alone("x.pal", riff(), palette),
        alone("x.hex", b"ff8800\n000080\n123456\n".to_vec(), palette),
        alone("x.act", [[255, 136, 0].repeat(256), vec![0, 3, 255, 255]].concat(), palette),
        alone("x.txt", text().into(), batch),
        alone(
            "x.csv",
            b"prompt,seed,size,output\na red apple,3,32x32,a.png\n\"a {red,green} pear\",,,\n".to_vec(),
            batch,
        ),
        alone(
            "x.jsonl",
            b"{\"prompt\": \"a red apple\", \"seed\": 3}\n{\"prompt\": [\"a\", \"b\"], \"size\": \"32x32\"}\n".to_vec(),
            batch,
        ),
        alone("x.json", b"[{\"prompt\": \"a red apple\", \"seed\": 3}, {\"prompt\": \"a pear\"}]".to_vec(), batch),
        alone(
            "x.toml",
            b"seed = 3\n[[picture]]\nprompt = \"a\"\n[[picture]]\nprompt = \"b\"\noutput = \"b.png\"\n".to_vec(),
            batch,
        ),
        with(
            "frames/000001.png",
            read("frames/000001.png"),
            frames(&workplace),
            &["video frames -o out.mp4", "video frames -o out.gif"],
        ),
    ];
    all.extend(weights(&start()));
    all.extend(compact(&workplace, from));
    all
}

/// Pictures in the formats other than PNG, and the command lines for recipes.
fn compact(workplace: &Workplace, from: &'static [&'static str]) -> [Original; 3] {
    let cells = "--pixel-art --palette pico-8 --transparent --picture-quality 70";
    let drawn = |name, more: &str, lines| {
        let line = format!("a red apple --size 32x32 -n 1 --cutouts 1 -q -o {name} {more}");
        workplace.run(&line.split_whitespace().collect::<Vec<_>>()).succeeded();
        Original { name, content: workplace.read(name), beside: Vec::new(), lines }
    };
    [
        drawn("x.jpg", "", from),
        drawn("x.webp", "", from),
        drawn("y.webp", cells, &["upscale X -x 2 -o out.png", "score X --prompt apple"]),
    ]
}

/// Weights, configurations and a tokenizer, each with the rest of its model and a picture beside it.
fn weights(picture: &[(&'static str, Vec<u8>)]) -> Vec<Original> {
    const CLIP: [&str; 3] = ["clip/model.safetensors", "clip/config.json", "clip/tokenizer.json"];
    const VQGAN: [&str; 2] = ["vqgan/last.ckpt", "vqgan/model.yaml"];
    let models: [(&'static [&'static str], &'static [&'static str]); 2] = [
        (&CLIP, &["score start.png --prompt apple --clip ."]),
        (&VQGAN, &["reconstruct start.png --vqgan last.ckpt -o out.png"]),
    ];
    let mut all = Vec::new();
    for (files, lines) in models {
        for name in files {
            let others = files.iter().filter(|other| *other != name).map(|other| (leaf(other), fixture(other)));
            let beside = others.chain(picture.iter().cloned()).collect();
            all.push(Original { name: leaf(name), content: fixture(name), beside, lines });
        }
    }
    all
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(fixtures().join(name)).unwrap()
}

/// A fixture's name without its folder.
fn leaf(name: &'static str) -> &'static str {
    Path::new(name).file_name().and_then(|name| name.to_str()).unwrap()
}

fn text() -> &'static str {
    "# fruit\na red apple\na {red,green} pear -- --seed {1..3} --size 32x32\n\"a fig\" | red:-0.5 -- -o fig.png\n"
}

/// A RIFF palette of two colors.
fn riff() -> Vec<u8> {
    let data = [&[0, 3, 2, 0, 255, 136, 0, 0, 0, 0, 128, 0][..]].concat();
    let mut bytes = b"RIFF\x18\0\0\0PAL data".to_vec();
    bytes.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
    bytes.extend(data);
    bytes
}

/// The frames of a run but the one that is damaged.
fn frames(workplace: &Workplace) -> Vec<(&'static str, Vec<u8>)> {
    let names = ["frames/000000.png", "frames/000002.png"];
    names.into_iter().map(|name| (name, workplace.read(name))).collect()
}
