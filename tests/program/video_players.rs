//! What other software sees in the moving pictures: FFmpeg counts, times and decodes them, Chromium plays them.
//! `.ci/run` installs both (the Debian packages `ffmpeg` and `chromium`).

#![allow(clippy::unwrap_used, clippy::cast_precision_loss)]

use crate::common;

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use common::movie::distance;
use common::program::Workplace;
use image::{Rgb, RgbImage};
use serde_json::Value;

const WHY: &str = "Debian's ffmpeg and chromium are needed; .ci/run installs them";
/// Time a browser may take to start and play a few seconds.
const PATIENCE: Duration = Duration::from_secs(90);
/// What is shown, a picture each: the pure colours, black, white, and ramps of all greys.
const COLOURS: [[u8; 3]; 6] = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [0, 0, 0], [255, 255, 255], [128, 128, 128]];

/// Frames of those colours, then a ramp to the right and one down.
fn frames(workplace: &Workplace, width: u32, height: u32) -> Vec<RgbImage> {
    let level = |at: u32, of: u32| Rgb([u8::try_from(at * 255 / (of - 1)).unwrap(); 3]);
    let plain = COLOURS.iter().map(|colour| RgbImage::from_pixel(width, height, Rgb(*colour)));
    let ramps = [
        RgbImage::from_fn(width, height, |x, _| level(x, width)),
        RgbImage::from_fn(width, height, |_, y| level(y, height)),
    ];
    let frames: Vec<_> = plain.chain(ramps).collect();
    std::fs::create_dir_all(workplace.join("frames")).unwrap();
    for (index, frame) in frames.iter().enumerate() {
        frame.save(workplace.join(format!("frames/{index}.png"))).unwrap();
    }
    frames
}

fn video(workplace: &Workplace, options: &str) {
    let line = format!("video frames --quiet --force {options}");
    workplace.run(&line.split_whitespace().collect::<Vec<_>>()).succeeded();
}

/// What ffprobe says of the only stream, every frame counted.
fn probe(path: &Path) -> Value {
    let mut command = Command::new("ffprobe");
    command.args(["-v", "error", "-count_frames", "-show_streams", "-show_format", "-of", "json"]).arg(path);
    let output = command.output().expect(WHY);
    assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(found["streams"].as_array().unwrap().len(), 1);
    let tags = found["format"]["tags"].take();
    let mut stream = found["streams"][0].take();
    stream["tags"] = tags;
    stream
}

/// The pictures FFmpeg shows at so many a second.
fn decode(workplace: &Workplace, path: &Path, rate: &str) -> Vec<RgbImage> {
    let folder = workplace.join("decoded");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir(&folder).unwrap();
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-i"]).arg(path).args(["-vf", &format!("fps={rate}"), "-pix_fmt", "rgb24"]);
    let output = command.arg(folder.join("%04d.png")).stdin(Stdio::null()).output().expect(WHY);
    assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| image::open(path).unwrap().into_rgb8()).collect()
}

#[test]
#[ignore = "needs ffmpeg"]
fn ffmpeg_counts_times_and_decodes() {
    let workplace = Workplace::new();
    for (width, height) in [(64, 48), (33, 47), (16, 16), (301, 200)] {
        let frames = frames(&workplace, width, height);
        // The rate, options, pictures and seconds.
        for (rate, options, pictures, seconds) in [
            ("25/1", "--fps 25", 8, 0.32),
            ("24000/1001", "--fps 23.976 --hold 1", 32, 1.3347),
            ("5/1", "--fps 5 --boomerang", 14, 2.8),
        ] {
            video(&workplace, &format!("{options} -o v.mp4"));
            let found = probe(&workplace.join("v.mp4"));
            let even = |side: u32| side.next_multiple_of(2);
            assert_eq!((&found["codec_name"], &found["pix_fmt"]), (&"h264".into(), &"yuv420p".into()));
            assert_eq!((&found["width"], &found["height"]), (&even(width).into(), &even(height).into()));
            for name in ["color_space", "color_primaries", "color_transfer"] {
                assert_eq!(found[name], "bt709", "{name}");
            }
            assert_eq!((&found["color_range"], &found["nb_read_frames"]), (&"tv".into(), &pictures.to_string().into()));
            let ratio = |text: &str| {
                let (frames, seconds) = text.split_once('/').unwrap();
                frames.parse::<f64>().unwrap() / seconds.parse::<f64>().unwrap()
            };
            let found_rate = ratio(found["avg_frame_rate"].as_str().unwrap());
            assert!((found_rate / ratio(rate) - 1.0).abs() < 1e-4, "{found_rate} and {rate}");
            let length: f64 = found["duration"].as_str().unwrap().parse().unwrap();
            assert!((length - seconds).abs() < 1e-3, "{length} and {seconds}");
            assert!(found["tags"]["encoder"].as_str().unwrap().starts_with("text2art "));
            video(&workplace, &format!("{options} -o v.gif"));
            let length: f64 = probe(&workplace.join("v.gif"))["duration"].as_str().unwrap().parse().unwrap();
            assert!((length - seconds).abs() <= 0.01, "{length} and {seconds}");
        }
        video(&workplace, "--fps 10 -o v.mp4");
        video(&workplace, "--fps 10 -o v.gif");
        // Colours: mean levels apart, over pure colours and ramps. A GIF leaves what is a level off as it is.
        for (name, tolerance) in [("v.mp4", 2.0), ("v.gif", 0.05)] {
            let decoded = decode(&workplace, &workplace.join(name), "10");
            assert_eq!(decoded.len(), frames.len(), "{name}");
            for (index, (found, expected)) in decoded.iter().zip(&frames).enumerate() {
                let distance = distance(found, expected);
                assert!(distance <= tolerance, "{name} of {width}x{height}, frame {index}: {distance} levels");
            }
        }
    }
}

#[test]
#[ignore = "needs ffmpeg"]
fn ffmpeg_reads_what_a_run_and_a_long_video_made() {
    let workplace = Workplace::new();
    let line = "a red apple --size 45x33 -n 20 --cutouts 1 -q --seconds 3 --hold 1 -o p.png --gif --mp4 --frames f";
    workplace.run(&line.split_whitespace().collect::<Vec<_>>()).succeeded();
    let (mp4, gif) = (probe(&workplace.join("p.mp4")), probe(&workplace.join("p.gif")));
    assert_eq!((&mp4["nb_read_frames"], &mp4["duration"]), (&"75".into(), &"3.000000".into()));
    assert_eq!(gif["duration"], "3.000000");
    let recipe: Value = serde_json::from_str(mp4["tags"]["text2art"].as_str().unwrap()).unwrap_or_default();
    assert!(mp4["tags"]["comment"].as_str().unwrap().starts_with("a red apple"), "{recipe}");
    let last = decode(&workplace, &workplace.join("p.mp4"), "25").pop().unwrap();
    let picture = image::open(workplace.join("p.png")).unwrap().into_rgb8();
    assert!(distance(&last, &picture) < 5.0, "{}", distance(&last, &picture));
    // Where a player can jump to: every two seconds.
    frames(&workplace, 32, 32);
    let names = (0..8).cycle().take(3000).map(|index| format!("frames/{index}.png"));
    let arguments = ["video".into(), "-o".into(), "long.mp4".into(), "-q".into()].into_iter().chain(names);
    workplace.run(&arguments.collect::<Vec<String>>()).succeeded();
    let long = probe(&workplace.join("long.mp4"));
    assert_eq!((&long["nb_read_frames"], &long["duration"]), (&"3000".into(), &"120.000000".into()));
    let mut command = Command::new("ffprobe");
    command.args(["-v", "error", "-skip_frame", "nokey", "-show_entries", "frame=pts_time", "-of", "csv=p=0"]);
    let keys = String::from_utf8(command.arg(workplace.join("long.mp4")).output().expect(WHY).stdout).unwrap();
    assert!(keys.lines().count() >= 60, "{keys}");
}

/// Plays a video, and tells the server what was seen: the length, the size, and the colour in the middle at some times.
const PAGE: &str = "<!doctype html><video id=v muted src=/v.mp4></video><script>
const video = document.getElementById('v'), seen = [];
const tell = text => fetch('/told?' + encodeURIComponent(text));
const look = () => {
  const canvas = document.createElement('canvas');
  canvas.width = video.videoWidth; canvas.height = video.videoHeight;
  const context = canvas.getContext('2d');
  context.drawImage(video, 0, 0);
  const [red, green, blue] = context.getImageData(canvas.width >> 1, canvas.height >> 1, 1, 1).data;
  seen.push([video.currentTime, red, green, blue]);
};
video.onerror = () => tell('error ' + video.error.message);
video.ontimeupdate = look;
video.onended = () => { look(); tell(JSON.stringify({
  duration: video.duration, width: video.videoWidth, height: video.videoHeight, seen })); };
video.play().catch(error => tell('refused ' + error));
</script>";

/// Answers a browser: the page, the video, and what the page tells goes to `told`.
fn serve(mut stream: TcpStream, video: &[u8], told: &Sender<String>) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut request = String::new();
    reader.read_line(&mut request)?;
    let mut header = String::new();
    while reader.read_line(&mut header)? > 2 {
        header.clear();
    }
    let path = request.split(' ').nth(1).unwrap_or_default();
    let (kind, body) = match path {
        "/" => ("text/html", PAGE.as_bytes()),
        "/v.mp4" => ("video/mp4", video),
        _ => ("text/plain", &b""[..]),
    };
    if let Some(text) = path.strip_prefix("/told?") {
        let _ = told.send(text.to_owned());
    }
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)
}

/// What `%7B` and such stand for.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, left @ ..] = rest {
        let code = left.get(..2).filter(|_| *first == b'%').and_then(|code| std::str::from_utf8(code).ok());
        let byte = code.and_then(|code| u8::from_str_radix(code, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &left[2..] } else { left };
    }
    String::from_utf8(bytes).unwrap()
}

#[test]
#[ignore = "needs chromium"]
fn chromium_plays_to_the_end() {
    let workplace = Workplace::new();
    frames(&workplace, 65, 47);
    // Each frame for half a second.
    video(&workplace, "--fps 2 -o v.mp4");
    let bytes = workplace.read("v.mp4");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let page = format!("http://{}/", listener.local_addr().unwrap());
    let (sender, told) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (bytes, sender) = (bytes.clone(), sender.clone());
            std::thread::spawn(move || serve(stream, &bytes, &sender));
        }
    });
    let profile = format!("--user-data-dir={}", workplace.argument("profile"));
    let mut command = Command::new("chromium");
    command.args(["--headless", "--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required"]);
    command.args(["--remote-debugging-port=0", &profile, &page]).stdout(Stdio::null()).stderr(Stdio::null());
    let mut browser = command.spawn().expect(WHY);
    let seen = told.recv_timeout(PATIENCE);
    browser.kill().unwrap();
    browser.wait().unwrap();
    let text = decoded(&seen.expect("the browser told nothing"));
    let seen: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}"));
    assert_eq!((&seen["width"], &seen["height"]), (&66.into(), &48.into()));
    assert!((seen["duration"].as_f64().unwrap() - 4.0).abs() < 0.01, "{text}");
    let looks = seen["seen"].as_array().unwrap();
    assert!(looks.len() >= 8, "{text}");
    let mut pure = std::collections::BTreeSet::new();
    for look in looks {
        let time = look[0].as_f64().unwrap();
        // Near a change either frame may be seen.
        let inside = (time * 2.0).fract();
        if time >= 3.0 || !(0.3..0.7).contains(&inside) {
            continue;
        }
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let index = (time * 2.0) as usize;
        for (channel, level) in COLOURS[index].into_iter().enumerate() {
            let found = look[channel + 1].as_f64().unwrap();
            // Near black, where the curves of BT.709 and of screens differ, a level becomes three.
            assert!((found - f64::from(level)).abs() <= 16.0, "{look} is not {:?}", COLOURS[index]);
        }
        pure.insert(index);
    }
    assert!(pure.len() >= 3, "{text}");
}
