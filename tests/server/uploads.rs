//! Uploads: what is stored of a picture that a visitor gives, and what is refused.

use std::io::Write as _;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::common::fixtures;
use crate::common::program::Workplace;
use crate::common::server::{Answer, Server};

const UPLOADS: &str = "/api/v1/uploads";
const BOUNDARY: &str = "a-line-that-no-picture-has";

/// A form with files by the names of their fields.
fn form(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (field, bytes) in files {
        write!(body, "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"{field}\"; filename=\"a\"\r\n\r\n")
            .unwrap();
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n");
    }
    write!(body, "--{BOUNDARY}--\r\n").unwrap();
    body
}

fn send(server: &Server, body: &[u8]) -> Answer {
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    server.send("POST", UPLOADS, &[("content-type", &kind)], body)
}

fn give(server: &Server, picture: &[u8]) -> Answer {
    send(server, &form(&[("image", picture)]))
}

fn field(name: &str) -> Vec<u8> {
    std::fs::read(fixtures().join("field").join(name)).unwrap()
}

/// The PNG that is stored for an upload.
fn stored(place: &Workplace, upload: &Value) -> Vec<u8> {
    place.read(&format!("data/objects/uploads/{}", upload["id"].as_str().unwrap()))
}

/// The names of the chunks of a PNG.
fn chunks(png: &[u8]) -> Vec<String> {
    let (mut names, mut at) = (Vec::new(), 8);
    while let Some(head) = png.get(at..at + 8) {
        let length = u32::from_be_bytes(head[..4].try_into().unwrap()) as usize;
        names.push(String::from_utf8(head[4..].to_vec()).unwrap());
        at += length + 12;
    }
    names.dedup();
    names
}

fn files_in(place: &Workplace, folder: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(place.join(folder)).into_iter().flatten();
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// A PNG whose header promises so much, and that has nothing else.
fn promising(width: u32, height: u32) -> Vec<u8> {
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
    png.extend(width.to_be_bytes());
    png.extend(height.to_be_bytes());
    png.extend([8, 2, 0, 0, 0]);
    let check = crc32fast::hash(&png[12..]);
    png.extend(check.to_be_bytes());
    png
}

#[test]
fn what_is_stored_is_a_plain_picture_in_srgb() {
    let place = Workplace::new();
    let server = Server::start(&place, &[]);
    let answer = give(&server, &field("p3.png"));
    let upload = answer.json();
    assert_eq!(
        (answer.status, &upload["format"], &upload["width"], &upload["height"]),
        (201, &json!("png"), &json!(96), &json!(64))
    );
    let path = format!("{UPLOADS}/{}", upload["id"].as_str().unwrap());
    assert_eq!(answer.header("location"), path);
    let png = stored(&place, &upload);
    assert_eq!(
        (upload["bytes"].as_u64(), chunks(&png)),
        (Some(png.len() as u64), ["IHDR", "IDAT", "IEND"].map(String::from).to_vec())
    );
    let picture = image::load_from_memory(&png).unwrap().into_rgb8();
    // Display P3's (220, 40, 40) in sRGB, by LittleCMS 2.17 through Pillow 13.0.0.
    let [red, green, blue] = picture.get_pixel(24, 16).0;
    assert!(red.abs_diff(240) <= 2 && green <= 2 && blue.abs_diff(21) <= 2, "{red} {green} {blue}");
    assert_eq!(server.get(&path).json(), upload);

    // A JPEG that must be turned.
    let turned = give(&server, &field("exif_long.jpg")).json();
    assert_eq!((&turned["format"], &turned["width"], &turned["height"]), (&json!("jpeg"), &json!(64), &json!(96)));
    let png = image::load_from_memory(&stored(&place, &turned)).unwrap();
    assert_eq!((png.width(), png.height()), (64, 96));

    let list = server.get(UPLOADS).json();
    let items = list["items"].as_array().unwrap();
    assert_eq!(items.len(), 2);
    assert_eq!(list["bytes"], json!(items.iter().map(|item| item["bytes"].as_u64().unwrap()).sum::<u64>()));

    // The same picture in another format is the same picture.
    let again = give(&server, &png_of(&place, &turned));
    assert_eq!((again.status, &again.json()["id"]), (200, &turned["id"]));
    assert_eq!(server.delete(&path).status, 204);
    server.get(&path).problem(404);
    server.delete(&path).problem(404);
    assert_eq!(files_in(&place, "data/objects/uploads").len(), 1);
    assert!(files_in(&place, "data/incoming").is_empty());
}

fn png_of(place: &Workplace, upload: &Value) -> Vec<u8> {
    let picture = image::load_from_memory(&stored(place, upload)).unwrap();
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, image::ImageFormat::Tiff).unwrap();
    bytes.into_inner()
}

#[test]
fn the_first_picture_of_an_animation_counts() {
    let place = Workplace::new();
    let server = Server::start(&place, &[]);
    let mut gif = Vec::new();
    let mut encoder = image::codecs::gif::GifEncoder::new(&mut gif);
    for color in [[255, 0, 0, 255], [0, 0, 255, 255]] {
        encoder.encode_frame(image::Frame::new(image::RgbaImage::from_pixel(5, 4, image::Rgba(color)))).unwrap();
    }
    drop(encoder);
    let upload = give(&server, &gif).json();
    assert_eq!((&upload["format"], &upload["width"]), (&json!("gif"), &json!(5)));
    let picture = image::load_from_memory(&stored(&place, &upload)).unwrap().into_rgb8();
    assert_eq!(picture.get_pixel(2, 2).0, [255, 0, 0]);
}

#[test]
fn what_is_no_picture_is_refused() {
    let place = Workplace::new();
    let server = Server::start(&place, &[]);
    let whole = field("p3.png");
    let cut = &whole[..whole.len() - 30];
    for (picture, words) in [
        (&b""[..], "the file is empty"),
        (&b"hello"[..], "not an image"),
        (&b"<svg xmlns='http://www.w3.org/2000/svg'/>"[..], "an SVG drawing"),
        (&b"\x89PNG\r\n\x1a\nxxxx"[..], "cannot be decoded"),
        (cut, "cannot be decoded"),
        (&promising(20_000, 20_000)[..], "20000x20000 pixels are too many"),
        (&promising(9000, 10)[..], "9000x10 pixels are too many"),
        (&promising(7000, 7000)[..], "7000x7000 pixels are too many"),
        (&promising(4000, 4000)[..], "cannot be decoded"),
    ] {
        let problem = give(&server, picture).problem(422);
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(words) && !detail.contains("upload-") && !detail.contains('/'), "{problem}");
        assert_eq!(problem["field"], "image", "{problem}");
        assert!(problem["hint"].as_str().is_some_and(|hint| !hint.is_empty()), "{problem}");
    }
    assert_eq!(server.get(UPLOADS).json()["items"], json!([]));
    assert!(files_in(&place, "data/incoming").is_empty() && files_in(&place, "data/objects/uploads").is_empty());
    assert!(!server.log().contains("panicked"), "{}", server.log());
}

#[cfg(target_os = "linux")]
#[test]
fn a_bomb_takes_little_memory() {
    let place = Workplace::new();
    let server = Server::start(&place, &[]);
    give(&server, &field("p3.png"));
    let before = server.memory();
    for _ in 0..3 {
        give(&server, &promising(20_000, 20_000)).problem(422);
    }
    // Its pixels would take 1,144 MiB.
    assert!(server.memory() < before + 40.0, "{before} MiB became {} MiB", server.memory());
}

#[test]
fn forms_that_are_something_else_are_refused() {
    let place = Workplace::new();
    let server = Server::start(&place, &[]);
    let picture = field("p3.png");
    for (files, named) in [
        (&[("picture", &picture[..])][..], "picture"),
        (&[][..], "image"),
        (&[("image", &picture[..]), ("image", &picture[..])][..], "image"),
        (&[("image", &picture[..]), ("name", &b"a"[..])][..], "name"),
    ] {
        let problem = send(&server, &form(files)).problem(422);
        assert_eq!(problem["field"], named, "{problem}");
    }
    server.post(UPLOADS, &json!({"image": "a"})).problem(415);
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    server.send("POST", UPLOADS, &[("content-type", &kind)], b"no form").problem(400);
    let ended = &form(&[("image", &picture)])[..400];
    server.send("POST", UPLOADS, &[("content-type", &kind)], ended).problem(400);
    let large = vec![0; (20 << 20) + 1];
    let problem = give(&server, &large).problem(413);
    assert!(problem["detail"].as_str().unwrap().contains("20 MiB"), "{problem}");
    for id in ["0000000000000000000000000a", "..%2F..%2Ftext2art.db", "x"] {
        server.get(&format!("{UPLOADS}/{id}")).problem(404);
        server.delete(&format!("{UPLOADS}/{id}")).problem(404);
    }
    assert!(files_in(&place, "data/incoming").is_empty());
}

#[test]
fn a_mask_is_an_upload_that_keeps_its_transparency() {
    let place = Workplace::new();
    let server = Server::start(&place, &[]);
    let mut png = std::io::Cursor::new(Vec::new());
    let hole = image::RgbaImage::from_fn(8, 8, |x, _| image::Rgba([255, 255, 255, if x < 4 { 0 } else { 255 }]));
    hole.write_to(&mut png, image::ImageFormat::Png).unwrap();
    let upload = give(&server, png.get_ref()).json();
    let id = upload["id"].as_str().unwrap();
    let kept = server.get(&format!("{UPLOADS}/{id}/picture.png"));
    assert_eq!(image::load_from_memory(&kept.body).unwrap().to_rgba8(), hole);
    let job = server.submit(&json!({"prompt": "a", "mask": id, "init_image": id}));
    assert_eq!(
        (&job["settings"]["mask"], &job["settings"]["init_image"]),
        (&json!("mask-1.png"), &json!("init_image-1.png"))
    );
    let job = server.submit(&json!({"prompt": "a", "mask": "left:0.25", "prompt_outside": "sky"}));
    assert_eq!((&job["settings"]["mask"], &job["settings"]["prompt_outside"]), (&json!("left:0.25"), &json!("sky")));
    let refused = |body: serde_json::Value| server.post("/api/v1/jobs", &body).problem(422);
    assert_eq!(refused(json!({"prompt": "a", "mask": "0000000000000000000000000a"}))["field"], "mask");
    assert_eq!(refused(json!({"prompt": "a", "mask": "/etc/passwd"}))["field"], "mask");
    let problem = refused(json!({"prompt": "a", "prompt_outside": "sky"}));
    assert!(problem["detail"].as_str().unwrap().contains("prompt_outside needs a mask"), "{problem}");
}

#[test]
fn a_job_keeps_its_upload() {
    let place = Workplace::new();
    let server = Server::start(&place, &[]);
    let upload = give(&server, &field("p3.png")).json();
    let id = upload["id"].as_str().unwrap();
    let job = server.submit(&json!({"prompt": "a", "init_image": id, "image_prompt": [format!("{id}:0.5")]}));
    assert_eq!(job["settings"]["init_image"], "init_image-1.png");
    let problem = server.delete(&format!("{UPLOADS}/{id}")).problem(409);
    assert!(problem["detail"].as_str().unwrap().contains("needs"), "{problem}");
    let job = format!("/api/v1/jobs/{}", job["id"].as_str().unwrap());
    assert_eq!(server.send("POST", &format!("{job}/cancel"), &[], b"").status, 202);
    assert_eq!(server.delete(&format!("{UPLOADS}/{id}")).status, 204);
    let body = json!({"prompt": "a", "init_image": id});
    assert_eq!(server.post("/api/v1/jobs", &body).problem(422)["field"], "init_image");
}
