//! Every option through the real binary: its effect, and the report of a value that cannot be used, as exit code,
//! standard output and standard error. An option without a case fails.
//!
//! `INSTA_UPDATE=always cargo test --release --test program options::` renews the snapshots; read the difference.

#![allow(clippy::unwrap_used)]

use crate::common;

use std::collections::BTreeSet;
use std::fmt::Write;

use common::fixtures;
use common::program::{Outcome, Workplace, words};
use serde_json::{Map, Value};
use text2art::settings::OPTIONS;

/// A run that takes a moment.
const SMALL: &str = "apple --size 32x32 --iterations 1 --cutouts 1 --quiet";
/// The same, where nothing is drawn.
const DRY: &str = "apple --dry-run";

/// A workplace with a picture, a file that is none, a folder, and models.
fn workplace() -> Workplace {
    let workplace = Workplace::new();
    let copies = [
        ("trace/init.png", "photo.png"),
        ("clip/config.json", "clip/config.json"),
        ("clip/model.safetensors", "clip/model.safetensors"),
        ("clip/tokenizer.json", "clip/tokenizer.json"),
        ("vqgan/last.ckpt", "vqgan/last.ckpt"),
        ("vqgan/model.yaml", "vqgan/model.yaml"),
        ("upscalers/compact-x2.safetensors", "compact.safetensors"),
    ];
    for (source, name) in copies {
        workplace.write(name, std::fs::read(fixtures().join(source)).unwrap());
    }
    workplace.write("text.png", "no picture");
    workplace.write("text.json", "no configuration");
    workplace.write("settings.toml", "seed = 5\n");
    workplace.write("wrong.toml", "sed = 5\n");
    workplace.write("prompts.txt", "# fruit\na {red,green} apple -- --seed 5\na pear -- --sed 5\n");
    workplace.write("one.txt", "a fig\n");
    workplace.write("empty.txt", "# nothing\n");
    workplace.write("story.txt", "a dawn\na night\n");
    std::fs::create_dir(workplace.join("folder")).unwrap();
    let small = image::RgbImage::from_pixel(32, 32, image::Rgb([9, 90, 200]));
    std::fs::create_dir(workplace.join("film")).unwrap();
    small.save(workplace.join("film/1.png")).unwrap();
    workplace.run(&words(&format!("{SMALL} -o made.png --seed 3 --checkpoint-every 1"))).succeeded();
    workplace
}

/// What hangs on the machine or the moment is left out.
fn steady(line: &str) -> String {
    let keep = |end: &str| line.find(end).map(|at| format!("{}...", &line[..at + end.len()]));
    if line.starts_with("iteration ") {
        return keep("fit ").unwrap();
    }
    if line.starts_with("enlarged tile ") || line.starts_with("frame ") {
        return keep(", ").unwrap();
    }
    if line.starts_with("done: ") {
        return keep(" iteration").unwrap();
    }
    if line.starts_with("{\"event\":\"finished\"") {
        return keep("\"loss\":").unwrap();
    }
    if line.starts_with("{\"event\":\"step\"") {
        return keep("\"loss\":").unwrap();
    }
    line.to_owned()
}

/// Commands with what came of them, and the options they were for.
struct Record {
    workplace: Workplace,
    /// What a dry run prints where nothing is said
    base: BTreeSet<String>,
    /// What a dry run of a batch prints for a line that says nothing but its prompt
    batch_base: Map<String, Value>,
    text: String,
}

impl Record {
    fn new() -> Self {
        let workplace = workplace();
        let base = workplace.run(&words(DRY)).succeeded();
        let base = base.output_text().lines().map(str::to_owned).collect();
        let batch = workplace.run(&["batch", "one.txt", "--dry-run"]).succeeded();
        let batch_base = serde_json::from_str(batch.output_text()).unwrap();
        Self { workplace, base, batch_base, text: String::new() }
    }

    /// Runs commands; of a dry run only what differs from one without options is noted, so that a new option changes no
    /// snapshot but its own.
    fn add(&mut self, lines: &[&str]) -> &mut Self {
        for line in lines {
            let outcome = self.workplace.run(&words(line));
            self.note(line, &outcome);
        }
        self
    }

    fn note(&mut self, line: &str, outcome: &Outcome) {
        writeln!(self.text, "$ text2art {line}\nexit code {}", outcome.code.unwrap()).unwrap();
        let dry = line.contains("--dry-run");
        let output = String::from_utf8_lossy(&outcome.output).into_owned();
        let output = if output.contains('\u{fffd}') { format!("({} bytes)", "some") } else { output };
        // An amount of memory hangs on the machine (`memory.rs` is about it).
        let lines = output.lines().filter(|line| !line.starts_with("# memory: about "));
        for line in lines.filter(|line| !dry || !self.base.contains(*line)) {
            let shown = if dry && line.starts_with('{') { self.changed(line) } else { steady(line) };
            writeln!(self.text, "| {shown}").unwrap();
        }
        // A path that the program completed begins with the folder of this run.
        let folder = self.workplace.join("").display().to_string();
        for line in outcome.errors.lines() {
            writeln!(self.text, "! {}", steady(&line.replace(&folder, "/folder/"))).unwrap();
        }
        self.text.push('\n');
    }

    /// What a dry run of a batch prints for a line: its prompt, its picture, and what differs from the defaults.
    fn changed(&self, line: &str) -> String {
        let mut fields: Map<String, Value> = serde_json::from_str(line).unwrap();
        fields.retain(|name, value| {
            ["prompt", "output"].contains(&name.as_str()) || self.batch_base.get(name) != Some(value)
        });
        serde_json::to_string(&fields).unwrap()
    }
}

/// Cases of a group by the option they are for: its name, the lines.
type Group = (&'static str, &'static [(&'static str, &'static [&'static str])]);

const GENERATE: [Group; 14] = [
    (
        "picture",
        &[
            ("--prompt", &["--prompt apple --prompt pear:0.5 --dry-run", "apple --dry-run --prompt ''"]),
            ("--quality", &["apple --dry-run --quality best", "apple --dry-run --quality bets", "apple --quality"]),
            ("--size", &["apple --dry-run --size 500x281", "apple --size 0x5", "apple --size big"]),
            (
                "--aspect",
                &[
                    "apple --dry-run --aspect widescreen",
                    "apple --dry-run --aspect 2:1",
                    "apple --dry-run --aspect retain --init-image photo.png",
                    "apple --aspect retain",
                    "apple --aspect widscreen",
                    "apple --aspect 1:1 --size 64x64",
                ],
            ),
            ("--iterations", &["apple --dry-run -n 7", "apple --iterations many", "apple --iterations 1000001"]),
            ("--stop-at", &["apple --dry-run --stop-at 7", "apple --stop-at 1000001"]),
            ("--auto-stop", &["--auto-stop apple --dry-run", "apple --auto-stop=perhaps"]),
            (
                "--seed",
                &["apple --dry-run -s 7", "apple --dry-run --seed -7", "apple --dry-run --seed cat", "apple --seed ''"],
            ),
            (
                "--style",
                &[
                    "apple --dry-run --style Watercolor,artstation --style neon",
                    "apple --dry-run --style none",
                    "apple --style watercolour",
                    "apple --style ''",
                    "apple --style none,neon",
                    "apple --style",
                ],
            ),
            (
                "--style-weight",
                &[
                    "apple --dry-run --style neon --style-weight 0.25",
                    "apple --dry-run --style-weight 0.25",
                    "apple --style-weight 0",
                    "apple --style neon --style-weight much",
                ],
            ),
            (
                "--upscale",
                &[
                    "apple --dry-run --upscale 2",
                    "apple --dry-run --upscale 1",
                    "apple --dry-run --upscale 4 --pixel-art",
                    "apple --size 16x16 -n 0 --quiet --upscale 2 -o made-large.png",
                    "apple --upscale 5",
                    "apple --upscale twice",
                    "apple --upscale 2 --pixel-art --pixel-zoom 1",
                ],
            ),
            (
                "--hires",
                &[
                    "apple --dry-run --hires 2",
                    "apple --dry-run --hires 1.5 --size 96x64",
                    "apple --hires 1",
                    "apple --dry-run --hires none",
                    "apple --hires twice",
                    "apple --hires 2 --drawer pixel",
                    "apple --hires 2 --auto-stop",
                ],
            ),
            (
                "--label",
                &[
                    "apple --dry-run --label lighthouse --label 'stormy sea:0.5:0.7'",
                    "apple --label ''",
                    "apple --label 'lighthouse | sea'",
                    "apple --label lighthouse:0",
                ],
            ),
            (
                "--tile",
                &[
                    "apple --dry-run --tile",
                    "apple --dry-run --tile half-drop --size 64x48",
                    "apple --dry-run --tile none",
                    "--drawer pixel --pixel-shape hex --size 45x45 apple --dry-run --tile",
                    "apple --tile diagonal",
                    "apple --tile half-drop --size 64x33",
                    "apple --drawer pixel --pixel-shape hex --pixel-size 9x9 --tile",
                ],
            ),
            (
                "--image-prompt",
                &[
                    "apple --dry-run --image-prompt photo.png:0.5 --image-prompt photo.png",
                    "apple --image-prompt none.png",
                    "apple --image-prompt text.png",
                    "apple --image-prompt photo.png:0",
                ],
            ),
            (
                "--image-stop",
                &[
                    "apple --dry-run --image-prompt photo.png --image-stop 0.6",
                    "apple --image-stop -1",
                    "apple --image-stop near",
                ],
            ),
            (
                "--recut-images",
                &[
                    "apple --dry-run --image-prompt photo.png --recut-images",
                    "apple --dry-run --recut-images=false",
                    "apple --recut-images=maybe",
                    "apple --image-prompt photo.png --recut-images --tile",
                ],
            ),
            ("--noise-prompt", &["apple --dry-run --noise-prompt 5:-0.1", "apple --noise-prompt ''"]),
            (
                "--no-text",
                &[
                    "--no-text apple --dry-run",
                    "apple --dry-run --no-text=0.3",
                    "apple --dry-run --no-text=0",
                    "apple --no-text=-1",
                    "apple --no-text=never",
                ],
            ),
        ],
    ),
    (
        "start",
        &[
            (
                "--init-image",
                &[
                    "apple --dry-run --init-image photo.png",
                    "apple --dry-run --init-image none",
                    "apple --init-image none.png",
                    "apple --init-image text.png",
                ],
            ),
            (
                "--init-opacity",
                &[
                    "apple --dry-run --init-image photo.png --init-opacity 0.4",
                    "apple --init-opacity 0.4",
                    "apple --init-image photo.png --init-opacity 40",
                ],
            ),
            (
                "--init-pixel-weight",
                &[
                    "apple --dry-run --init-image photo.png --init-pixel-weight 2",
                    "apple --init-pixel-weight 2",
                    "apple --init-image photo.png --init-pixel-weight -1",
                ],
            ),
            (
                "--overlay",
                &[
                    "apple --dry-run --overlay photo.png",
                    "apple --dry-run --overlay none",
                    "apple --overlay none.png",
                    "apple --overlay text.png",
                    "apple --overlay photo.png --drawer strokes",
                ],
            ),
            (
                "--overlay-every",
                &[
                    "apple --dry-run --overlay photo.png --overlay-every 5",
                    "apple --dry-run --overlay-every 5",
                    "apple --overlay photo.png --overlay-every 0",
                    "apple --overlay-every often",
                ],
            ),
            (
                "--overlay-opacity",
                &["apple --dry-run --overlay photo.png --overlay-opacity 0.5", "apple --overlay-opacity 2"],
            ),
            (
                "--init-weight",
                &[
                    "apple --dry-run --init-image photo.png --init-weight 0.5",
                    "apple --init-weight 0.5 --init-noise none",
                    "apple --init-image photo.png --init-weight -1",
                ],
            ),
            ("--init-noise", &["apple --dry-run --init-noise fractal", "apple --init-noise fractle"]),
        ],
    ),
    (
        "masks",
        &[
            (
                "--mask",
                &[
                    "apple --dry-run --mask left:0.3",
                    "apple --dry-run --mask none",
                    "apple --mask none --prompt-outside sky",
                    "apple --dry-run --mask photo.png",
                    "apple --dry-run --mask photo.png --init-image photo.png",
                    "apple --mask none.png",
                    "apple --mask text.png",
                    "apple --mask rihgt:0.3",
                    "apple --mask right:3",
                    "apple --mask right:0.3 --tile",
                ],
            ),
            (
                "--prompt-outside",
                &[
                    "apple --dry-run --mask top --prompt-outside 'sky:0.5 | sea'",
                    "apple --mask top --prompt-outside sky:0",
                    "apple --prompt-outside sky",
                ],
            ),
            (
                "--mask-feather",
                &[
                    "apple --dry-run --mask top --init-image photo.png --mask-feather 3",
                    "apple --dry-run --mask-feather 3",
                    "apple --mask-feather soft",
                    "apple --mask-feather 1025",
                ],
            ),
        ],
    ),
    (
        "models",
        &[
            (
                "--model",
                &["apple --dry-run --model embedded", "apple --dry-run --model imagenet", "apple --model embeded"],
            ),
            (
                "--vqgan",
                &["apple --dry-run --vqgan vqgan", "apple --vqgan none", "apple --vqgan folder", "apple --vqgan ''"],
            ),
            ("--clip", &["apple --dry-run --clip clip,embedded", "apple --clip none", "apple --clip folder"]),
            (
                "--upscaler",
                &[
                    "apple --dry-run --upscale 2 --upscaler compact.safetensors",
                    "apple --dry-run --upscaler none.pth",
                    "apple --upscale 2 --upscaler none.pth",
                    "apple --upscale 2 --upscaler lanczoss",
                    "apple --upscale 2 --upscaler clip/model.safetensors",
                    "apple --dry-run --size 16x16 --upscale 2 --upscaler embedded",
                    "apple --upscale 2 --upscaler ''",
                ],
            ),
            ("--offline", &["apple --dry-run --offline"]),
        ],
    ),
    (
        "guidance",
        &[
            ("--cutouts", &["apple --dry-run --cutouts 3", "apple --cutouts 0", "apple --cutouts -1"]),
            (
                "--cut-batch",
                &[
                    "apple --dry-run --cut-batch 3",
                    "apple --dry-run --cut-batch auto --cutouts 40",
                    "apple --cut-batch 0",
                    "apple --cut-batch all",
                ],
            ),
            (
                "--augment",
                &[
                    "apple --dry-run --augment flip,crop",
                    "apple --dry-run --augment none",
                    "apple --augment crop,flipp",
                ],
            ),
            ("--cut-noise", &["apple --dry-run --cut-noise 0.2", "apple --cut-noise -1", "apple --cut-noise much"]),
            (
                "--zooms",
                &[
                    "apple --dry-run --zooms 0.25,0.75@40%",
                    "apple --dry-run --zooms 1",
                    "apple --zooms 1.5",
                    "apple --zooms 0.25,0.75",
                    "apple --zooms most",
                ],
            ),
            (
                "--cut-power",
                &["apple --dry-run --cut-power 2,0.5@30", "apple --cut-power 0", "apple --cut-power 2,0.5@120%"],
            ),
            (
                "--center-bias",
                &[
                    "apple --dry-run --center-bias 2",
                    "apple --dry-run --center-bias 0",
                    "apple --center-bias 11",
                    "apple --center-bias left",
                ],
            ),
            (
                "--loss",
                &[
                    "apple --dry-run --loss saturation:0.5,border=navy --loss symmetry-half-turn",
                    "apple --dry-run --loss none",
                    "apple --loss symetry:1",
                    "apple --loss saturation:nan",
                    "apple --loss border:-1",
                    "apple --loss border=nawy",
                    "apple --dry-run --loss border=photo.png:0.5",
                    "apple --loss border=none.png",
                    "apple --loss border=text.png",
                    "apple --loss tv,tv:2",
                    "apple --loss none,tv",
                    "apple --loss smoothness --smoothness 0.5",
                    "apple --tile --loss border=navy",
                    "apple --tile --loss vignette",
                    "apple --dry-run --tile --loss border:0",
                    "apple --dry-run --loss style=photo.png:0.5",
                    "apple --loss style",
                    "apple --loss style=none.png",
                    "apple --loss style=photo.png:-1",
                    "apple --dry-run --loss aesthetic:0",
                    "apple --loss aesthetic",
                    "apple --loss",
                ],
            ),
            ("--optimizer", &["apple --dry-run --optimizer radam", "apple --optimizer adm", "apple --optimizer sgd"]),
            (
                "--momentum",
                &[
                    "apple --dry-run --momentum 0",
                    "apple --momentum 1",
                    "apple --momentum much",
                    "apple --momentum 0.5 --optimizer adagrad",
                ],
            ),
            ("--learning-rate", &["apple --dry-run --learning-rate 0.2", "apple --learning-rate 0"]),
            (
                "--learning-rate-drops",
                &[
                    "apple --dry-run --learning-rate-drops 50%,80",
                    "apple --dry-run --learning-rate-drops none",
                    "apple --learning-rate-drops 120%",
                ],
            ),
            (
                "--average",
                &[
                    "apple --dry-run --average 0.9",
                    "apple --dry-run --average 0",
                    "apple --average 1",
                    "apple --average half",
                ],
            ),
        ],
    ),
    (
        "drawer",
        &[
            ("--drawer", &["apple --dry-run --drawer pixel", "apple --dry-run --drawer fft", "apple --drawer pixels"]),
            ("--pixel-shape", &["apple --dry-run --drawer pixel --pixel-shape hex", "apple --pixel-shape hexx"]),
            (
                "--pixel-size",
                &[
                    "apple --dry-run --drawer pixel --pixel-size 32x16",
                    "apple --drawer pixel --pixel-size 32",
                    "apple --drawer pixel --pixel-size 1000x10",
                ],
            ),
            (
                "--pixel-scale",
                &["apple --dry-run --drawer pixel --pixel-scale 2", "apple --drawer pixel --pixel-scale 0"],
            ),
            ("--smoothness", &["apple --dry-run --drawer pixel --smoothness 0.5", "apple --smoothness -1"]),
            (
                "--tidy",
                &[
                    "apple --dry-run --drawer pixel --colors 8 --tidy",
                    "apple --dry-run --pixel-art --tidy=false",
                    "apple --dry-run --tidy",
                    "apple --pixel-art --tidy=maybe",
                ],
            ),
            (
                "--outline",
                &[
                    "apple --dry-run --pixel-art --outline",
                    "apple --outline",
                    "apple --drawer pixel --outline",
                    "apple --pixel-art --outline --dither bayer2",
                    "apple --pixel-art --outline=maybe",
                ],
            ),
            (
                "--transparent",
                &[
                    "apple --dry-run --drawer pixel --transparent",
                    "--drawer pixel --transparent apple -n 2 --size 32x32 --cutouts 1 -q -o made-transparent.png",
                    "apple --transparent",
                    "apple --drawer fft --transparent",
                    "apple --drawer pixel --transparent=maybe",
                ],
            ),
            (
                "--alpha-weight",
                &["apple --dry-run --drawer pixel --transparent --alpha-weight 0.5", "apple --alpha-weight 1001"],
            ),
            (
                "--pixel-art",
                &[
                    "apple --dry-run --pixel-art",
                    "apple --dry-run --pixel-art --palette pico-8",
                    "apple --pixel-art=maybe",
                ],
            ),
            (
                "--pixel-zoom",
                &[
                    "apple --dry-run --pixel-art --pixel-zoom 1",
                    "apple --pixel-zoom 1",
                    "apple --pixel-art --pixel-zoom 0",
                    "apple --pixel-art --pixel-shape hex --pixel-zoom 1",
                    "apple --pixel-art --pixel-size 48x48 --size 64x64 --pixel-zoom 1",
                    "apple --pixel-art --mask top --init-image photo.png --pixel-zoom 1",
                ],
            ),
        ],
    ),
    (
        "strokes",
        &[
            (
                "--strokes",
                &[
                    "apple --dry-run --drawer strokes",
                    "apple --dry-run --drawer line",
                    "apple --dry-run --drawer strokes --strokes 99",
                    "apple --dry-run --drawer strokes --quality best",
                    "apple --drawer strokes --strokes 16 --size 32x32 -n 1 --cutouts 1 -q -o made-strokes.png",
                    "apple --drawer strokes --strokes 4097",
                    "apple --drawer strokes --strokes few",
                ],
            ),
            (
                "--segments",
                &[
                    "apple --dry-run --drawer line --segments 12",
                    "apple --drawer line --segments 0",
                    "apple --drawer line --segments 1.5",
                ],
            ),
            (
                "--min-stroke-width",
                &[
                    "apple --dry-run --drawer strokes --min-stroke-width 0.25",
                    "apple --drawer strokes --min-stroke-width 0",
                    "apple --drawer strokes --min-stroke-width 50",
                ],
            ),
            (
                "--max-stroke-width",
                &[
                    "apple --dry-run --drawer strokes --max-stroke-width 20",
                    "apple --drawer strokes --max-stroke-width 101",
                    "apple --drawer strokes --max-stroke-width wide",
                ],
            ),
            (
                "--paper",
                &[
                    "apple --dry-run --drawer strokes --paper navy",
                    "apple --dry-run --drawer line --paper '#FFF'",
                    "apple --drawer strokes --paper nawy",
                    "apple --drawer strokes --paper ''",
                ],
            ),
            (
                "--change-paper",
                &[
                    "apple --dry-run --drawer line --change-paper",
                    "apple --drawer line --change-paper --transparent",
                    "apple --drawer line --change-paper=maybe",
                ],
            ),
        ],
    ),
    (
        "waves",
        &[
            ("--decay", &["apple --dry-run --drawer fft --decay 2", "apple --drawer fft --decay 5"]),
            ("--colorfulness", &["apple --dry-run --drawer fft --colorfulness 1", "apple --colorfulness 0"]),
            ("--contrast", &["apple --dry-run --drawer fft --contrast 0.9", "apple --contrast 0"]),
            ("--sharpness", &["apple --dry-run --drawer fft --sharpness 0.5", "apple --sharpness -1"]),
        ],
    ),
    (
        "colors",
        &[
            (
                "--palette",
                &[
                    r"apple --dry-run --palette black->navy\4;gold",
                    "apple --dry-run --palette none",
                    "apple --palette pico-9",
                    "apple --palette none.gpl",
                    "apple --palette red",
                    "apple --palette pico-8 --colors 2",
                ],
            ),
            ("--colors", &["apple --dry-run --colors 16", "apple --colors 1", "apple --colors 10000"]),
            ("--palette-weight", &["apple --dry-run --palette-weight 2", "apple --palette-weight -1"]),
            ("--dither", &["apple --dry-run --dither bayer4 --palette pico-8", "apple --dither bayer3"]),
        ],
    ),
    (
        "machine",
        &[
            ("--device", &["apple --dry-run --device cpu", "apple --device gpu", "apple --device cdua:0"]),
            ("--precision", &["apple --dry-run --precision bf16", "apple --precision f16"]),
            ("--threads", &["apple --dry-run --threads 1", "apple --threads 0"]),
            ("--max-memory", &["apple --dry-run --max-memory 4G", "apple --max-memory much", "apple --max-memory 0"]),
        ],
    ),
    (
        "output",
        &[
            (
                "--output",
                &[
                    "apple --dry-run -o {slug}/{seed}.png",
                    "apple --dry-run -o {slug}-{seed}-{number}.png",
                    "apple --dry-run -o -",
                    "apple -o made.png",
                    "apple -o none/apple.png",
                    "apple -o apple.bmp",
                    "apple -o folder",
                ],
            ),
            (
                "--picture-quality",
                &[
                    "apple --dry-run -o apple.jpg --picture-quality 80",
                    "apple -o apple.webp --picture-quality 0",
                    "apple -o apple.webp --picture-quality high",
                ],
            ),
            ("--force", &["apple --size 32x32 --iterations 1 --quiet -o made.png --force"]),
            (
                "--svg",
                &[
                    "apple --drawer pixel --size 32x32 -n 1 --cutouts 1 -q -o made-svg.png --svg made.svg",
                    "apple --drawer pixel --svg made.svg",
                    "apple --svg apple.svg",
                    "apple --drawer pixel --svg none/apple.svg",
                ],
            ),
            (
                "--tile-proof",
                &[
                    "apple --tile --size 32x32 -n 1 --cutouts 1 -q -o made-tile.png --tile-proof",
                    "apple --dry-run --tile --tile-proof proof.png",
                    "apple --tile-proof",
                    "apple --tile --tile-proof proof.jpg",
                    "apple --tile --tile-proof none/proof.png",
                ],
            ),
            (
                "--save-every",
                &[
                    "apple --size 32x32 -n 3 --cutouts 1 --progress lines --save-every 1 -o saved.png",
                    "apple --save-every 0",
                    "apple --save-every 1 -o -",
                ],
            ),
            (
                "--checkpoint-every",
                &[
                    "apple --size 32x32 -n 3 --cutouts 1 --progress json --checkpoint-every 2 -o goes-on.png",
                    "apple --checkpoint-every 1 -o goes-on.png",
                    "apple --checkpoint-every 0",
                    "apple --checkpoint-every 1 -o -",
                ],
            ),
            (
                "--save-cutouts",
                &[
                    "apple --size 32x32 -n 1 --cutouts 1 -q --save-cutouts folder -o seen.png",
                    "apple --save-cutouts none",
                ],
            ),
            (
                "--progress",
                &[
                    "apple --size 32x32 -n 1 --cutouts 1 --progress json -o json.png",
                    "apple --size 32x32 -n 1 --cutouts 1 --progress lines -o lines.png",
                    "apple --size 32x32 -n 1 --cutouts 1 --progress none -o none.png",
                    "apple --size 32x32 -n 1 --cutouts 1 --progress auto -o auto.png",
                    "apple --progress bars",
                    "apple --progress json --sed 5",
                ],
            ),
            (
                "--preview",
                &["apple --size 32x32 -n 1 --cutouts 1 -q --preview kitty -o no-terminal.png", "apple --preview ascii"],
            ),
            ("--quiet", &["apple --size 32x32 -n 1 --cutouts 1 -q -o quiet.png", "apple --quiet --iterations many"]),
        ],
    ),
    (
        "moving_pictures",
        &[
            (
                "--gif",
                &[
                    "apple --size 32x32 -n 2 --cutouts 1 -q --gif -o beside.png",
                    "apple --size 32x32 -n 2 --cutouts 1 -q --progress json -o alone.gif",
                    "apple --dry-run --gif other.gif",
                    "apple --gif made.png",
                    "--gif apple",
                    "apple -o x.gif --gif y.gif",
                    "apple -o x.gif --save-every 1",
                    "apple --dry-run --size 70000x2 --gif",
                ],
            ),
            (
                "--mp4",
                &[
                    "apple --size 32x32 -n 2 --cutouts 1 -q --mp4 -o beside.png --force",
                    "apple --dry-run --mp4 --gif",
                    "apple --dry-run -o {slug}.mp4",
                    "apple --mp4 none/x.mp4",
                    "apple --size 4000x2 --mp4",
                ],
            ),
            (
                "--frames",
                &[
                    "apple --size 32x32 -n 2 --cutouts 1 -q --frames frames -o framed.png",
                    "apple --frames frames",
                    "apple --frames none/frames",
                    "apple --frames made.png",
                ],
            ),
            ("--reveal", &["apple --dry-run --reveal", "apple --reveal x.png", "apple --reveal none/x.mp4"]),
            ("--fps", &["apple --dry-run --fps 30000/1001", "apple --fps 0", "apple --fps 10000", "apple --fps fast"]),
            ("--frame-every", &["apple --dry-run --frame-every 5", "apple --frame-every 0"]),
            ("--blend", &["apple --dry-run --blend 2", "apple --blend 101", "apple --blend some"]),
            (
                "--seconds",
                &["apple --dry-run --seconds 8", "apple --seconds 0", "apple --seconds -1", "apple --seconds 0.01"],
            ),
            ("--hold", &["apple --dry-run --hold 2", "apple --hold -1", "apple --hold 2 --seconds 2"]),
            ("--boomerang", &["--boomerang apple --dry-run", "apple --boomerang=perhaps"]),
            ("--gif-palette", &["apple --dry-run --gif-palette global", "apple --gif-palette each"]),
        ],
    ),
    (
        "settings",
        &[
            (
                "--from",
                &[
                    "--dry-run --from made.png",
                    "pear --dry-run --from made.png --seed 4",
                    "--from photo.png",
                    "--from none.png",
                ],
            ),
            ("--trust", &["--dry-run --from made.png --trust", "--from made.png --trust=yes"]),
            (
                "--config",
                &[
                    "apple --dry-run --config settings.toml",
                    "apple --dry-run --config none",
                    "apple --config wrong.toml",
                    "apple --config missing.toml",
                ],
            ),
            ("--dry-run", &["--dry-run", "pear --dry-run -o -"]),
        ],
    ),
    (
        "animation",
        &[
            (
                "--length",
                &[
                    "apple --dry-run --length 30",
                    "apple --dry-run --length none",
                    "animate apple --length none",
                    "apple --length 0",
                    "apple --length long",
                    "apple --length 30 -n 20",
                    "apple --length 200000",
                    "apple --length 30 --auto-stop",
                    "apple --length 30 --hires 2",
                ],
            ),
            (
                "--iterations-per-frame",
                &[
                    "apple --dry-run --length 30 --iterations-per-frame 4",
                    "apple --dry-run --iterations-per-frame 4",
                    "apple --iterations-per-frame 0",
                ],
            ),
            (
                "--zoom",
                &[
                    "apple --dry-run --length 30 --zoom '0: (1), 20: (1.05)'",
                    "apple --zoom 1.02",
                    "apple --length 30 --zoom 0",
                    "apple --length 30 --zoom '0: 1, 50'",
                    "apple --length 30 --zoom 1.02 --mask left",
                    "apple --length 30 --zoom 1.02 --tile",
                ],
            ),
            (
                "--angle",
                &[
                    "apple --dry-run --length 30 --angle -1.5",
                    "apple --angle 400 --length 30",
                    "apple --length 30 --angle left",
                ],
            ),
            ("--pan-x", &["apple --dry-run --length 30 --pan-x 'smooth 0: 0, 9: 4'", "apple --length 3 --pan-x 99999"]),
            ("--pan-y", &["apple --dry-run --length 30 --pan-y -2", "apple --length 3 --pan-y '0: 1, 0: 2'"]),
            (
                "--wander",
                &[
                    "--wander apple --dry-run --length 30",
                    "apple --dry-run --length 30 --wander=0",
                    "apple --length 30 --wander=21",
                    "apple --wander",
                ],
            ),
            (
                "--story",
                &[
                    "--dry-run --length 30 --story story.txt",
                    "apple --dry-run -n 30 --story story.txt",
                    "--story none.txt",
                    "--story empty.txt",
                ],
            ),
            (
                "--crossfade",
                &[
                    "--dry-run --length 30 --story story.txt --crossfade 0",
                    "apple --crossfade slow",
                    "apple --crossfade 3",
                ],
            ),
            (
                "--prompt-weights",
                &[
                    "'apple | pear' --dry-run --prompt-weights '2 = 0: 0, 30: 1'",
                    "apple --prompt-weights '2 = 0: 0, 30: 1'",
                    "apple --prompt-weights '1 = 1' --prompt-weights '1 = 2'",
                    "apple --prompt-weights '0: 0, 30: 1'",
                    "apple --prompt-weights '1 = 0: 1e9'",
                ],
            ),
            (
                "--learning-rate-keys",
                &["apple --dry-run --learning-rate-keys '0: 0.1, 30: 0.02'", "apple --learning-rate-keys -1"],
            ),
            (
                "--init-weight-keys",
                &[
                    "apple --dry-run --init-weight-keys '0: 1, 30: 0'",
                    "apple --init-weight-keys 1 --init-noise none",
                    "apple --init-weight-keys -1",
                    "apple --init-weight-keys 1 --hires 2",
                ],
            ),
        ],
    ),
];

/// The other verbs' cases.
const VERBS: [Group; 29] = [
    (
        "generate",
        &[("", &["generate info --dry-run", "generate --dry-run a pear", "generate", "generate --sed 5 a pear"])],
    ),
    (
        "animate",
        &[("", &["animate a pear --dry-run", "animate a pear --dry-run --length 7", "animate", "animate a pear -n 7"])],
    ),
    (
        "resume",
        &[
            (
                "--iterations",
                &[
                    "resume made.png.t2a -n +1 -q",
                    "resume made.png.t2a -n 1",
                    "resume made.png.t2a -n more",
                    "resume made.png",
                    "resume none.t2a",
                    "resume",
                ],
            ),
            ("--prompt", &["resume made.png.t2a --prompt pear --progress none", "resume made.png.t2a --prompt ''"]),
            ("--reset-optimizer", &["resume made.png.t2a -n +1 --reset-optimizer -q"]),
            ("--output", &["resume made.png.t2a -o other.png", "resume made.png.t2a -o none/other.png"]),
            ("--force", &["resume made.png.t2a -o other.png -q", "resume made.png.t2a -o other.png -q --force"]),
            ("--save-every", &["resume made.png.t2a --save-every 0"]),
            ("--checkpoint-every", &["resume made.png.t2a --checkpoint-every 0"]),
            ("--trust", &["resume made.png.t2a --trust=yes"]),
            ("--offline", &["resume made.png.t2a -q --offline"]),
            ("--progress", &["resume made.png.t2a --progress loud"]),
            ("--preview", &["resume made.png.t2a --preview ascii"]),
            ("--quiet", &["resume made.png.t2a --quiet --iterations"]),
            ("--threads", &["resume made.png.t2a --threads 0"]),
            ("--max-memory", &["resume made.png.t2a --max-memory some"]),
        ],
    ),
    (
        "batch",
        &[
            (
                "--dry-run",
                &[
                    "batch prompts.txt --dry-run --size 32x32",
                    "batch none.txt",
                    "batch",
                    "batch prompts.txt --sed 5 --dry-run",
                ],
            ),
            ("--output", &["batch one.txt --dry-run --output {slug}.png", "batch one.txt --output {slug}.bmp"]),
            (
                "--force",
                &["batch one.txt --dry-run --output made.png --force", "batch one.txt --dry-run --output made.png"],
            ),
            (
                "--gif",
                &["batch one.txt --dry-run --gif", "batch one.txt --gif x.png", "batch one.txt --dry-run --gif none"],
            ),
            ("--mp4", &["batch one.txt --dry-run -o x.mp4", "batch one.txt -o x.mp4 --mp4 y.mp4"]),
            ("--frames", &["batch one.txt --dry-run --frames {slug}", "batch one.txt --frames ''"]),
            ("--svg", &["batch one.txt --svg x.png", "batch one.txt --dry-run --svg none"]),
            ("--reveal", &["batch one.txt --reveal x.png", "batch one.txt --dry-run --reveal none"]),
            ("--format", &["batch settings.toml --format txt --dry-run", "batch settings.toml --format yaml"]),
            ("--samples", &["batch one.txt --dry-run --samples 2", "batch one.txt --samples 0"]),
            ("--keep", &["batch one.txt --keep 0", "batch one.txt --samples 2 --keep 3"]),
            (
                "--checkpoint-every",
                &["batch one.txt --dry-run --checkpoint-every 5", "batch one.txt --checkpoint-every 0"],
            ),
            ("--rank-with", &["batch one.txt --rank-with none --size 16x16 -n 0 --results none --progress none"]),
            ("--jobs", &["batch one.txt --jobs 0"]),
            ("--devices", &["batch one.txt --devices gpu", "batch one.txt --devices cpu --device cpu"]),
            ("--results", &["batch one.txt --results settings.toml", "batch one.txt --dry-run --results none"]),
            ("--contact-sheet", &["batch one.txt --contact-sheet sheet.gif"]),
            #[cfg(feature = "server")]
            (
                "--server",
                &[
                    "batch one.txt --results none --server http://127.0.0.1:1",
                    "batch one.txt --server ftp://here",
                    "batch one.txt --server http://127.0.0.1:1 --jobs 2",
                    "batch one.txt --server http://127.0.0.1:1 --device cpu",
                    "batch one.txt --dry-run --server http://127.0.0.1:1",
                    "batch one.txt --dry-run --server http://127.0.0.1:1 --cut-batch 2 -o made.jpg --progress none",
                ],
            ),
            ("--config", &["batch one.txt --config wrong.toml"]),
            ("--offline", &["batch one.txt --dry-run --offline"]),
            ("--progress", &["batch one.txt --progress loud"]),
            ("--quiet", &["batch one.txt --quiet --cutouts none"]),
            ("--threads", &["batch one.txt --threads 0"]),
            ("--max-memory", &["batch one.txt --max-memory 1Q"]),
        ],
    ),
    (
        "study",
        &[
            (
                "--styles",
                &[
                    "study one.txt --styles nean",
                    "study one.txt --styles artist",
                    "study",
                    "study none.txt",
                    "study one.txt --style neon",
                ],
            ),
            ("--output", &["study one.txt --output page.png", "study one.txt --output none/page.html"]),
            ("--sheet", &["study one.txt --sheet sheet.jpg"]),
            ("--force", &["study none.txt --force"]),
            ("--checkpoint-every", &["study one.txt --checkpoint-every 0"]),
            ("--format", &["study one.txt --format yaml"]),
            ("--jobs", &["study one.txt --jobs 0"]),
            ("--devices", &["study one.txt --devices gpu"]),
            ("--config", &["study one.txt --config wrong.toml"]),
            ("--offline", &["study none.txt --offline"]),
            ("--progress", &["study one.txt --progress loud"]),
            ("--quiet", &["study one.txt --quiet --cutouts none"]),
            ("--threads", &["study one.txt --threads 0"]),
            ("--max-memory", &["study one.txt --max-memory 1Q"]),
        ],
    ),
    (
        "score",
        &[
            ("--prompt", &["score photo.png", "score photo.png --prompt ''", "score none.png --prompt apple"]),
            ("--clip", &["score photo.png -p apple --clip none"]),
            ("--json", &["score text.png -p apple --json"]),
            ("--offline", &["score text.png -p apple --offline"]),
        ],
    ),
    (
        "reconstruct",
        &[
            (
                "--output",
                &["reconstruct photo.png", "reconstruct photo.png -o decoded.png", "reconstruct photo.png -o made.png"],
            ),
            ("--picture-quality", &["reconstruct photo.png -o x.jpg --picture-quality 101"]),
            ("--vqgan", &["reconstruct photo.png -o x.png --vqgan none"]),
            ("--force", &["reconstruct photo.png -o decoded.png --force"]),
            ("--offline", &["reconstruct text.png -o x.png --offline"]),
        ],
    ),
    (
        "restyle",
        &[
            (
                "--output",
                &[
                    "restyle film apple -o restyled --size 32x32 -n 1 --cutouts 1 -q",
                    "restyle film apple",
                    "restyle film -o x",
                    "restyle film apple -o x.avi",
                    "restyle none apple -o x.mp4",
                    "restyle photo.png apple -o x.mp4",
                    "restyle vqgan apple -o x.mp4",
                ],
            ),
            ("--frames", &["restyle film apple -o x --frames y", "restyle film apple -o x.mp4 --frames photo.png"]),
            ("--memory", &["restyle film apple -o x --memory 1", "restyle film apple -o x --memory much"]),
            ("--smooth", &["restyle film apple -o x --smooth -1", "restyle film apple -o x --smooth much"]),
            ("--force", &["restyle none apple -o x --force"]),
            ("--config", &["restyle film apple -o x --config wrong.toml"]),
            ("--preview", &["restyle film apple -o x --preview film"]),
            ("--offline", &["restyle none apple -o x --offline"]),
            ("--progress", &["restyle film apple -o x --progress loud"]),
            ("--quiet", &["restyle film apple -o x --quiet --cutouts none"]),
            ("--threads", &["restyle film apple -o x --threads 0"]),
            ("--max-memory", &["restyle film apple -o x --max-memory 1Q"]),
        ],
    ),
    (
        "morph",
        &[
            (
                "--output",
                &[
                    "morph photo.png photo.png -o morphed.gif --length 2 -q",
                    "morph photo.png photo.png",
                    "morph photo.png -o x.gif",
                    "morph photo.png made.png -o different.gif -q",
                    "morph photo.png none.png -o x.gif",
                    "morph photo.png photo.png -o x.avi",
                ],
            ),
            ("--length", &["morph photo.png photo.png -o x.gif --length 0"]),
            ("--ease", &["morph photo.png photo.png -o x.gif --ease hard"]),
            ("--vqgan", &["morph photo.png photo.png -o x.gif --vqgan none"]),
            ("--fps", &["morph photo.png photo.png -o x.gif --fps 0"]),
            ("--frame-every", &["morph photo.png photo.png -o x.gif --frame-every 0"]),
            ("--blend", &["morph photo.png photo.png -o x.gif --blend 101"]),
            ("--seconds", &["morph photo.png photo.png -o x.gif --seconds 0"]),
            ("--hold", &["morph photo.png photo.png -o x.gif --hold -1"]),
            ("--boomerang", &["morph photo.png photo.png -o x.gif --boomerang=perhaps"]),
            ("--gif-palette", &["morph photo.png photo.png -o x.gif --gif-palette each"]),
            ("--force", &["morph photo.png photo.png -o morphed.gif"]),
            ("--offline", &["morph photo.png none.png -o x.gif --offline"]),
            ("--threads", &["morph photo.png photo.png -o x.gif --threads 0"]),
            ("--progress", &["morph photo.png photo.png -o x.gif --progress loud"]),
            ("--quiet", &["morph photo.png photo.png -o x.gif --length 1 --quiet"]),
        ],
    ),
    (
        "video",
        &[
            (
                "--output",
                &[
                    "video photo.png photo.png -o v.mp4 -q",
                    "video photo.png",
                    "video -o v.mp4",
                    "video photo.png -o v.avi",
                    "video photo.png made.png -o w.mp4",
                    "video none.png -o x.mp4",
                    "video text.png -o x.mp4",
                    "video vqgan -o x.mp4",
                ],
            ),
            ("--fps", &["video photo.png -o w.gif --fps 0", "video photo.png -o w.gif --fps 10000"]),
            ("--frame-every", &["video photo.png -o w.gif --frame-every 0"]),
            ("--blend", &["video photo.png -o w.gif --blend -1"]),
            ("--seconds", &["video photo.png -o w.gif --seconds 0", "video photo.png -o w.gif --seconds long"]),
            ("--hold", &["video photo.png -o w.gif --hold -1"]),
            ("--boomerang", &["video photo.png -o w.gif --boomerang -q"]),
            ("--gif-palette", &["video photo.png -o w.gif --gif-palette each"]),
            ("--force", &["video photo.png -o v.mp4", "video photo.png -o v.mp4 --force -q"]),
            (
                "--progress",
                &["video photo.png -o w.gif --force --progress json", "video photo.png -o x --progress loud"],
            ),
            ("--quiet", &["video photo.png -o w.gif --force --quiet"]),
        ],
    ),
    (
        "upscale",
        &[
            (
                "--factor",
                &[
                    "upscale photo.png -x 2",
                    "upscale photo.png -x 5",
                    "upscale",
                    "upscale none.png",
                    "upscale text.png",
                ],
            ),
            (
                "--output",
                &[
                    "upscale photo.png -x 2 -o folder",
                    "upscale photo.png made.png -o {name}-large.png",
                    "upscale photo.png made.png -o large.png",
                    "upscale photo.png -o large.bmp",
                    "upscale photo.png -o none/large.png",
                    "upscale photo.png -o made.png",
                ],
            ),
            (
                "--upscaler",
                &[
                    "upscale photo.png -x 2 -o with-network.png --upscaler compact.safetensors -q",
                    "upscale photo.png --upscaler none.pth",
                    "upscale photo.png --upscaler vit-b32",
                    "upscale photo.png --upscaler text.json",
                    "upscale photo.png --upscaler ''",
                ],
            ),
            ("--force", &["upscale photo.png -x 2 -o photo-x2.png", "upscale photo.png -x 2 -o photo-x2.png --force"]),
            ("--picture-quality", &["upscale photo.png -o large.jpg --picture-quality 101"]),
            ("--device", &["upscale photo.png --device gpu"]),
            ("--precision", &["upscale photo.png --precision f16"]),
            ("--offline", &["upscale photo.png --upscaler realesrgan-x4plus --offline"]),
            (
                "--progress",
                &[
                    "upscale photo.png made.png -x 2 -o {name}-lines.png --progress lines",
                    "upscale photo.png made.png -x 2 -o {name}-json.png --progress json",
                    "upscale photo.png --progress loud",
                ],
            ),
            ("--quiet", &["upscale photo.png -x 2 -o quiet.png --quiet"]),
            ("--threads", &["upscale photo.png --threads 0"]),
            ("--max-memory", &["upscale photo.png --max-memory some", "upscale photo.png --max-memory 1K"]),
        ],
    ),
    (
        "render",
        &[
            ("--size", &["render photo.png --size 64x64", "render made.png --size 64", "render none.png --size 64x64"]),
            (
                "--factor",
                &["render made.png -x 2", "render made.png -x 0", "render made.png -x 2 --size 64x64", "render"],
            ),
            ("--output", &["render made.png text.png -o {name}-large.png"]),
            ("--picture-quality", &["render made.png -o large.jpg --picture-quality 101"]),
            ("--svg", &["render made.png --svg"]),
            ("--reveal", &["render made.png --reveal"]),
            ("--force", &["render made.png --force"]),
            ("--threads", &["render made.png --threads 0"]),
            ("--max-memory", &["render made.png --max-memory some"]),
            ("--progress", &["render made.png --progress loud"]),
            ("--quiet", &["render made.png --quiet"]),
        ],
    ),
    ("info", &[("--json", &["info photo.png", "info none.png", "info photo.png --json", "info"])]),
    ("models", &[("--offline", &["models --offline"]), ("--progress", &["models list --progress loud"])]),
    ("models info", &[("--json", &["models info embedded", "models info vit-b33", "models info vit-b32 --json"])]),
    ("models list", &[("--json", &["models list --jsn", "models lits"])]),
    (
        "models pull",
        &[
            ("--role", &["models pull a/b --role judge", "models pull a/b --offline"]),
            ("--quality", &["models pull imagenet --quality good --offline", "models pull vit-b33"]),
            ("--json", &["models pull --json", "models pull vit-b32 --offline --json"]),
        ],
    ),
    ("models verify", &[("--json", &["models verify vit-b33", "models verify vit-b32 --json"])]),
    (
        "models path",
        &[
            ("--role", &["models path vit-b32 --role judge"]),
            ("--json", &["models path vit-b32 --json", "models path"]),
        ],
    ),
    (
        "models import",
        &[
            ("--role", &["models import mine clip --role judge", "models import vit-b32 none"]),
            ("--json", &["models import vit-b32 --json", "models import vit-b32 folder --json"]),
        ],
    ),
    ("models rm", &[("--json", &["models rm vit-b32 --json", "models rm", "models rm vit-b33"])]),
    ("doctor", &[("--json", &["doctor --jsn"])]),
    ("drawers", &[("--json", &["drawers", "drawers --json"])]),
    (
        "bench",
        &[
            ("--work", &["bench --work c", "bench --work"]),
            ("--drawer", &["bench --drawer none"]),
            ("--vqgan", &["bench --vqgan none.json", "bench --vqgan settings.toml", "bench --vqgan text.json"]),
            ("--clip", &["bench --clip none.yaml", "bench --clip none"]),
            ("--size", &["bench --size big"]),
            ("--cutouts", &["bench --cutouts 0", "bench --cutouts -1"]),
            ("--cut-batch", &["bench --cut-batch some"]),
            ("--strokes", &["bench --strokes 0"]),
            ("--segments", &["bench --drawer strokes --segments 33"]),
            ("--repetitions", &["bench --repetitions 0"]),
            ("--device", &["bench --device gpu"]),
            ("--precision", &["bench --precision f16"]),
            ("--threads", &["bench --threads 0"]),
            ("--max-memory", &["bench --max-memory 1.2.3"]),
            ("--json", &["bench --json --size 0x1"]),
        ],
    ),
    (
        "palettes",
        &[
            (
                "",
                &[
                    "palettes",
                    "palettes game-boy",
                    "palettes 'red->white\\4;gold'",
                    "palettes photo.png\\3",
                    "palettes 'redd->white'",
                    "palettes red->white\\1",
                    "palettes none.gpl",
                    "palettes text.png",
                    "palettes ''",
                ],
            ),
            ("--json", &["palettes 1-bit --json", "palettes cloudy_blue;gold --json"]),
        ],
    ),
    (
        "styles",
        &[
            ("", &["styles light", "styles lihgt", "styles watercolor", "styles ''"]),
            ("--json", &["styles mood --jsn"]),
        ],
    ),
    ("completions", &[("", &["completions", "completions bsh"])]),
    ("man", &[("", &["man --page"])]),
    ("help", &[("", &["help pixl-art", "help castle", "help --all"])]),
];

/// The cases of the server's verbs. Nothing listens on port 1; `tests/server` has those of a server that does.
#[cfg(feature = "server")]
const SERVER_VERBS: [Group; 6] = [
    (
        "serve",
        &[
            ("--listen", &["serve --listen example.org:80", "serve --listen 0.0.0.0:0 --data x", "serve --listen"]),
            ("--data", &["serve --data text.png"]),
            ("--database", &["serve --database mysql://art", "serve --database postgres://art:secret@localhost/art"]),
            ("--database-listen", &["serve --database-listen postgres://localhost/art"]),
            ("--storage", &["serve --storage art", "serve --storage s3://Art"]),
            (
                "--storage-endpoint",
                &["serve --storage-endpoint s3.example.org", "serve --storage-endpoint https://s3.example.org"],
            ),
            ("--storage-region", &["serve --storage-region eu-central-1"]),
            ("--storage-path-style", &["serve --storage-path-style=perhaps"]),
            ("--storage-presign", &["serve --storage-presign"]),
            ("--workers", &["serve --workers 300", "serve --workers many"]),
            ("--jobs-per-process", &["serve --jobs-per-process 0", "serve --jobs-per-process many"]),
            ("--open", &["serve --open=perhaps"]),
            ("--registration", &["serve --registration all"]),
            (
                "--public-url",
                &["serve --public-url art.example.org", "serve --public-url https://art.example.org --data x"],
            ),
            ("--metrics", &["serve --metrics example.org:9090"]),
            ("--trusted-proxies", &["serve --trusted-proxies proxy"]),
            ("--max-size", &["serve --max-size big"]),
            ("--max-iterations", &["serve --max-iterations -1"]),
            ("--max-cutouts", &["serve --max-cutouts 0"]),
            ("--max-waiting", &["serve --max-waiting 0"]),
            ("--keep-jobs", &["serve --keep-jobs 30"]),
            ("--keep-audit", &["serve --keep-audit 30"]),
            (
                "--smtp",
                &[
                    "serve --smtp mail.example.org",
                    "serve --smtp smtp://mail.example.org",
                    "serve --smtp smtps://art:secret@mail.example.org",
                    "serve --smtp smtps://mail.example.org",
                    "serve --smtp smtps://art@mail.example.org --mail-from art@example.org --data x",
                ],
            ),
            (
                "--smtp-password-file",
                &[
                    "serve --smtp smtps://art@mail.example.org --mail-from art@example.org --smtp-password-file none --data x",
                ],
            ),
            (
                "--smtp-ca",
                &["serve --smtp smtps://mail.example.org --mail-from art@example.org --smtp-ca text.json --data x"],
            ),
            ("--mail-from", &["serve --mail-from art", "serve --mail-from art@example.org"]),
            ("--offline", &["serve --offline=perhaps"]),
            ("--log", &["serve --log loud"]),
            ("--config", &["serve --config none.toml", "serve --config text.png"]),
        ],
    ),
    (
        "worker",
        &[
            ("--data", &["worker --data text.png", "worker --data"]),
            ("--database", &["worker --database mysql://art", "worker --database postgres://art:secret@localhost/art"]),
            ("--database-listen", &["worker --database-listen postgres://localhost/art"]),
            ("--storage", &["worker --storage art", "worker --storage s3://Art"]),
            (
                "--storage-endpoint",
                &["worker --storage-endpoint s3.example.org", "worker --storage-endpoint https://s3.example.org"],
            ),
            ("--storage-region", &["worker --storage-region eu-central-1"]),
            ("--storage-path-style", &["worker --storage-path-style=perhaps"]),
            ("--storage-presign", &["worker --storage-presign"]),
            ("--config", &["worker --config none.toml"]),
            ("--slots", &["worker --slots 0", "worker --slots many"]),
            ("--jobs-per-process", &["worker --jobs-per-process 0"]),
            ("--offline", &["worker --offlin"]),
        ],
    ),
    (
        "submit",
        &[
            (
                "--server",
                &[
                    "submit a pear --server http://127.0.0.1:1",
                    "submit a pear --server ftp://here",
                    "submit a pear --server http://me:secret@here",
                    "submit",
                    "submit a pear --device cpu",
                    "submit a pear --from made.png",
                    "submit a pear --sed 5",
                ],
            ),
            (
                "--wait",
                &["submit a pear --wait --server http://127.0.0.1:1 --progress json", "submit a pear --wait=yes"],
            ),
            ("--output", &["submit a pear -o made.png", "submit a pear -o pear.jpg", "submit a pear -o none/pear.png"]),
            ("--force", &["submit a pear -o made.png --force --server http://127.0.0.1:1"]),
            ("--frames", &["submit a pear --frames folder"]),
            ("--gif", &["submit a pear --gif pear.png"]),
            ("--init-image", &["submit a pear --init-image none.png --server http://127.0.0.1:1"]),
            ("--palette", &["submit a pear --palette none.hex"]),
            ("--story", &["submit --length 30 --story none.txt", "submit --story story.txt"]),
            ("--config", &["submit a pear --config wrong.toml"]),
            ("--cut-noise", &["submit a pear --cut-noise nan"]),
        ],
    ),
    (
        "jobs",
        &[
            (
                "--server",
                &[
                    "jobs --server http://127.0.0.1:1",
                    "jobs 0123456789abcdefghjkmnpqrs --server http://127.0.0.1:1",
                    "jobs 0123 --server http://127.0.0.1:1",
                ],
            ),
            ("--watch", &["jobs --watch"]),
            ("--output", &["jobs -o pear.png"]),
            ("--force", &["jobs --force=yes"]),
            ("--state", &["jobs --state ready", "jobs 0123456789abcdefghjkmnpqrs --state done"]),
            ("--limit", &["jobs --limit 0"]),
            ("--json", &["jobs --jsn"]),
            ("--preview", &["jobs --preview ascii"]),
            ("--progress", &["jobs --progress loud"]),
        ],
    ),
    (
        "cancel",
        &[(
            "--server",
            &["cancel", "cancel 0123456789abcdefghjkmnpqrs --server http://127.0.0.1:1", "cancel 0123 --server here"],
        )],
    ),
    (
        "login",
        &[
            ("--server", &["login --server http://127.0.0.1:1", "login --server https://a?b"]),
            ("--forget", &["login --forget", "login --forget=yes"]),
        ],
    ),
];
#[cfg(not(feature = "server"))]
const SERVER_VERBS: [Group; 0] = [];

/// The cases of the verbs of operators, which share a folder of data. `tests/server/admin.rs` tells what the options do to
/// a server; a token and a moment cannot stand in a snapshot.
#[cfg(feature = "server")]
const ADMIN_VERBS: [Group; 28] = [
    (
        "serve admin user add",
        &[
            (
                "--no-password",
                &[
                    "serve admin user add Anna --no-password --data d",
                    "serve admin user add anna --no-password --data d",
                    "serve admin user add anna --no-password --data d",
                ],
            ),
            (
                "--role",
                &[
                    "serve admin user add ben --no-password --role operator --data d",
                    "serve admin user add c --role king",
                ],
            ),
            ("--weight", &["serve admin user add c --no-password --weight 0 --data d"]),
            ("--max-waiting", &["serve admin user add c --max-waiting many"]),
            ("--max-running", &["serve admin user add c --no-password --max-running 1001 --data d"]),
            ("--email", &["serve admin user add c --no-password --email nobody --data d"]),
        ],
    ),
    (
        "serve admin user list",
        &[("--json", &["serve admin user list --json --data none", "serve admin user list --jsn"])],
    ),
    (
        "serve admin user change",
        &[
            (
                "--role",
                &["serve admin user change anna --role admin --data d", "serve admin user change anna --role king"],
            ),
            ("--weight", &["serve admin user change anna --weight 101 --data d"]),
            ("--max-waiting", &["serve admin user change nobody --max-waiting 7 --data d"]),
            ("--max-running", &["serve admin user change anna --max-running 0 --data d"]),
            ("--email", &["serve admin user change anna --email a@b@ --data d"]),
        ],
    ),
    (
        "serve admin user reset",
        &[
            ("--expires", &["serve admin user reset anna --expires 90", "serve admin user reset nobody --data d"]),
            ("--public-url", &["serve admin user reset anna --public-url here"]),
        ],
    ),
    (
        "serve admin invitation add",
        &[
            ("--note", &["serve admin invitation add --note --data d"]),
            ("--expires", &["serve admin invitation add --expires 90"]),
            ("--public-url", &["serve admin invitation add --public-url here"]),
        ],
    ),
    (
        "serve admin invitation list",
        &[("--json", &["serve admin invitation list --data d", "serve admin invitation list --json --data d"])],
    ),
    (
        "serve admin invitation withdraw",
        &[("", &["serve admin invitation withdraw 0123456789abcdefghjkmnpqrs --data d"])],
    ),
    ("serve admin user password", &[("", &["serve admin user password nobody --data d"])]),
    (
        "serve admin user disable",
        &[("", &["serve admin user disable anna --data d", "serve admin user disable nobody --data d"])],
    ),
    ("serve admin user enable", &[("", &["serve admin user enable anna --data d"])]),
    (
        "serve admin user remove",
        &[("", &["serve admin user remove ben --data d", "serve admin user remove ben --data d"])],
    ),
    (
        "serve admin token add",
        &[
            ("--name", &["serve admin token add nobody --name laptop --data d"]),
            ("--scope", &["serve admin token add anna --scope all"]),
            ("--expires", &["serve admin token add anna --expires 90"]),
        ],
    ),
    (
        "serve admin token list",
        &[("--json", &["serve admin token list --json --data d", "serve admin token list nobody --data d"])],
    ),
    ("serve admin token revoke", &[("", &["serve admin token revoke 0123456789abcdefghjkmnpqrs --data d"])]),
    ("serve admin queue pause", &[("", &["serve admin queue pause --data d", "serve admin queue pause --data d"])]),
    ("serve admin queue resume", &[("", &["serve admin queue resume --data d", "serve admin queue resume --data d"])]),
    (
        "serve admin queue show",
        &[("--json", &["serve admin queue show --data d", "serve admin queue show --json --data d"])],
    ),
    (
        "serve admin jobs",
        &[
            ("--state", &["serve admin jobs --state dead --data d", "serve admin jobs --state ready"]),
            ("--user", &["serve admin jobs --user anna --data d", "serve admin jobs --user nobody --data d"]),
            ("--limit", &["serve admin jobs --limit -1"]),
            ("--json", &["serve admin jobs --json --data d"]),
            ("--data", &["serve admin jobs --data none", "serve admin jobs --data text.png"]),
            ("--config", &["serve admin jobs --config none.toml", "serve admin jobs --config text.png"]),
        ],
    ),
    (
        "serve admin requeue",
        &[("", &["serve admin requeue", "serve admin requeue 0123456789abcdefghjkmnpqrs --data d"])],
    ),
    ("serve admin workers", &[("--json", &["serve admin workers --data d", "serve admin workers --json --data d"])]),
    (
        "serve admin drain",
        &[("--undo", &["serve admin drain nobody --data d", "serve admin drain nobody --undo --data d"])],
    ),
    (
        "serve admin audit",
        &[
            ("--limit", &["serve admin audit --limit 0 --data d", "serve admin audit --limit -1"]),
            ("--json", &["serve admin audit --json --data none"]),
        ],
    ),
    ("serve admin letters", &[("--json", &["serve admin letters --data d", "serve admin letters --json --data d"])]),
    ("serve admin resend", &[("", &["serve admin resend done-0 --data d"])]),
    ("serve admin gc", &[("", &["serve admin gc --data d"])]),
    (
        "serve admin retention",
        &[
            ("--older-than", &["serve admin retention --data d", "serve admin retention --older-than 30"]),
            (
                "--keep-bytes",
                &["serve admin retention --keep-bytes 20G --data d", "serve admin retention --keep-bytes much"],
            ),
        ],
    ),
    (
        "serve admin backup",
        &[("--force", &["serve admin backup text.png --data d", "serve admin backup x.zip --force --data none"])],
    ),
    (
        "serve admin restore",
        &[("", &["serve admin restore none.zip --data e", "serve admin restore text.png --data e"])],
    ),
];
#[cfg(not(feature = "server"))]
const ADMIN_VERBS: [Group; 0] = [];

/// The cases of all verbs but the one that draws.
fn verbs() -> impl Iterator<Item = &'static Group> {
    VERBS.iter().chain(&SERVER_VERBS)
}

/// The options a help text lists.
fn options_of(help: &str) -> BTreeSet<String> {
    let is_option = |word: &&str| word.starts_with("--");
    let lines = help.lines().map(str::trim_start).filter(|line| line.starts_with('-'));
    let names = lines.filter_map(|line| line.split([' ', ',', '[', '=']).find(is_option).map(str::to_owned));
    names.filter(|name| !["--help", "--version"].contains(&name.as_str())).collect()
}

#[test]
fn every_option_of_drawing_does_what_it_says() {
    for (group, cases) in GENERATE {
        let mut record = Record::new();
        for (_, lines) in cases {
            record.add(lines);
        }
        insta::assert_snapshot!(group, record.text);
    }
}

#[test]
fn every_option_of_the_other_verbs_does_what_it_says() {
    for (verb, cases) in verbs() {
        let mut record = Record::new();
        for (_, lines) in *cases {
            record.add(lines);
        }
        insta::assert_snapshot!(format!("verb_{}", verb.replace(' ', "_")), record.text);
    }
}

#[test]
#[cfg(feature = "server")]
fn every_option_of_the_verbs_of_operators_does_what_it_says() {
    let mut record = Record::new();
    for (_, lines) in ADMIN_VERBS.iter().flat_map(|(_, cases)| *cases) {
        record.add(lines);
    }
    insta::assert_snapshot!("verb_serve_admin", record.text);
}

#[test]
fn no_option_is_without_a_case() {
    let workplace = Workplace::new();
    let help = |arguments: &[&str]| workplace.run(arguments).succeeded().output_text().to_owned();
    let tested = GENERATE.iter().flat_map(|(_, cases)| cases.iter().map(|(option, _)| (*option).to_owned()));
    assert_eq!(tested.collect::<BTreeSet<_>>(), options_of(&help(&["--help"])));
    // Those that set something of a picture are tested with their groups.
    for option in OPTIONS.iter().filter(|option| option.value.is_some()) {
        let name = option.group.to_lowercase().replace(' ', "_");
        let (_, cases) = GENERATE.iter().find(|(group, _)| *group == name).unwrap();
        assert!(cases.iter().any(|(case, _)| case.strip_prefix("--") == Some(option.option)), "{option:?}");
    }
    for (verb, cases) in verbs().chain(&ADMIN_VERBS).filter(|(verb, _)| *verb != "generate") {
        let tested = cases.iter().map(|(option, _)| (*option).to_owned()).filter(|option| !option.is_empty());
        let mut options = options_of(&help(&words(&format!("{verb} --help"))));
        if ["animate", "batch", "study", "submit", "restyle"].contains(verb) {
            // Settings are those of drawing.
            let settings = options_of(&help(&["--help"]));
            options.retain(|option| tested.clone().any(|tested| tested == *option) || !settings.contains(option));
        }
        if verb.contains(' ') {
            // Those of the verb above it.
            let above = ["--offline", "--progress", "--data", "--config"];
            options
                .retain(|option| !above.contains(&option.as_str()) || tested.clone().any(|tested| tested == *option));
        }
        assert_eq!(tested.collect::<BTreeSet<_>>(), options, "{verb}");
    }
    let verbs_of = |before: &str| {
        let help = help(&words(&format!("{before} --help")));
        let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
        // Longer descriptions go on in the next line.
        let verbs = lines.filter(|line| !line.starts_with("   ")).filter_map(|line| line.split_whitespace().next());
        verbs.map(|verb| format!("{before} {verb}").trim().to_owned()).collect::<Vec<_>>()
    };
    let verbs: BTreeSet<String> = verbs_of("").into_iter().chain(verbs_of("models")).collect();
    assert_eq!(self::verbs().map(|(verb, _)| (*verb).to_owned()).collect::<BTreeSet<_>>(), verbs);
    if cfg!(feature = "server") {
        let groups = ["user", "token", "invitation", "queue"].map(|group| format!("serve admin {group}"));
        let mut verbs: BTreeSet<String> = verbs_of("serve admin").into_iter().collect();
        for group in &groups {
            assert!(verbs.remove(group), "{group}");
            verbs.extend(verbs_of(group));
        }
        verbs.remove("serve admin help");
        assert_eq!(ADMIN_VERBS.iter().map(|(verb, _)| (*verb).to_owned()).collect::<BTreeSet<_>>(), verbs);
    }
}

#[test]
fn the_help_is_complete_and_the_short_one_fits_a_screen() {
    let workplace = Workplace::new();
    let help = |arguments: &[&str]| {
        let mut command = workplace.command();
        common::program::finish(command.env("COLUMNS", "80").args(arguments)).succeeded().output_text().to_owned()
    };
    insta::assert_snapshot!("help", help(&["--help"]));
    let short = help(&["-h"]);
    // A terminal is 80 by 24 where nobody made it larger.
    assert!(short.lines().count() <= 24 && short.lines().all(|line| line.chars().count() <= 80), "{short}");
    insta::assert_snapshot!("short_help", short);
    // What a dry run of nothing but a prompt prints is in the help, too.
    let long = help(&["--help"]).split_whitespace().collect::<Vec<_>>().join(" ");
    let settings: toml::Table = workplace.run(&words(DRY)).succeeded().output_text().parse().unwrap();
    for (name, value) in
        settings.iter().filter(|(name, _)| !["prompt", "vqgan", "clip", "cut_batch"].contains(&name.as_str()))
    {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let option = format!("--{}", name.replace('_', "-"));
        let of_option = &long[long.find(&format!("{option} <")).or_else(|| long.find(&option)).unwrap()..];
        let default = &of_option[of_option.find("[default: ").unwrap() + 10..];
        let value = value.strip_suffix(".0").unwrap_or(&value);
        assert!(default.starts_with(value), "{option}: {value} is not {}", &default[..20]);
    }
}

#[test]
fn shells_and_man_know_every_option() {
    let workplace = Workplace::new();
    let help = workplace.run(&["--help"]).succeeded();
    let options = options_of(help.output_text());
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = workplace.run(&["completions", shell]).succeeded();
        for option in &options {
            let name = option.trim_start_matches('-');
            assert!(script.output_text().contains(name), "{shell}: {option}");
        }
    }
    let page = workplace.run(&["man"]).succeeded();
    for option in &options {
        assert!(page.output_text().contains(&option.replace('-', r"\-")), "{option}");
    }
}

#[test]
fn the_doctor_sees_what_there_is() {
    let workplace = Workplace::new();
    let findings = workplace.run(&["doctor", "--json"]).succeeded().output_json();
    assert!(findings["program"].as_str().unwrap().starts_with("text2art "));
    assert!(findings["threads"].as_u64().unwrap() > 0 && findings["memory"]["total"].as_u64().unwrap() > 0);
    assert_eq!(findings["config"]["present"], false);
    let built = findings["features"].as_array().unwrap().iter().any(|feature| feature == "cuda");
    let nvidia = findings["nvidia"].as_object().unwrap();
    let without = "this program was built without CUDA";
    assert!(built || nvidia["problem"]["problem"] == without && nvidia["gpus"].as_array().unwrap().is_empty());
    let models = findings["models"].as_array().unwrap();
    assert!(models.len() == 2 && models.iter().all(|model| model["problem"].is_null()), "{models:?}");
    let text = workplace.run(&["doctor"]).succeeded();
    assert!(text.output_text().contains("model            vqgan embedded: usable"), "{}", text.output_text());
    let gpu = format!("GPU              none: {without}");
    assert!(built || text.output_text().contains(&gpu), "{}", text.output_text());
}
