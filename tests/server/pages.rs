//! Pages for browsers: their frame, their forms without scripts, their errors, and what they load.

use serde_json::{Value, json};

use crate::common::program::Workplace;
use crate::common::server::{Answer, Server};
use crate::people::{PASSWORD, admin_with_line, cookie, user};
use crate::visitor::{FOREIGN, PAGE, attributes, led, page, page_with, post, post_with};

#[test]
fn what_pages_load_is_small_and_kept() {
    let place = Workplace::new();
    let server = Server::start(&place, &[]);
    let answer = page(&server, "/");
    assert_eq!((answer.status, answer.header("cache-control")), (200, "no-store"), "{}", answer.text());
    let text = answer.text();
    let mut assets = [attributes(&text, "src"), attributes(&text, "href")].concat();
    assets.retain(|address| address.starts_with("/static/"));
    assert!(assets.len() >= 3, "{assets:?}");
    let mut total = answer.body.len();
    for address in assets {
        let asset = server.get(&address);
        assert_eq!(asset.status, 200, "{address}");
        assert_eq!(asset.header("cache-control"), "public, max-age=31536000, immutable", "{address}");
        total += asset.body.len();
    }
    // A third of it are fields for settings.
    assert!(total < 125_000, "{total}");
    // Another version's address is answered, but not kept.
    assert_eq!(server.get("/static/000000000000/style.css").header("cache-control"), "no-cache");
    server.get("/static/000000000000/other.css").problem(404);
}

#[test]
fn people_get_problems_as_pages_and_programs_as_json() {
    let place = Workplace::new();
    let server = Server::start(&place, &[]);
    let missing = page(&server, "/nothing");
    assert_eq!((missing.status, missing.header("content-type")), (404, "text/html; charset=utf-8"));
    assert!(missing.text().contains("There is no such page."), "{}", missing.text());
    server.get("/nothing").problem(404);
    page(&server, "/api/v1/jobs/nothing").problem(404);
}

#[test]
fn browsers_log_in_with_a_form_and_come_back() {
    let place = Workplace::new();
    admin_with_line(&place, PASSWORD, &["user", "add", "anna"]).succeeded();
    let server = Server::start(&place, &[]);
    let asked = page(&server, "/mine?before=x");
    assert_eq!((asked.status, asked.header("location")), (303, "/login?next=%2Fmine%3Fbefore%3Dx"));
    server.get("/mine").problem(401);
    let form = page(&server, asked.header("location"));
    assert_eq!(form.status, 200);
    assert!(form.text().contains("name=\"next\" value=\"/mine?before=x\""), "{}", form.text());

    let wrong = post(&server, "/login", "name=%3Ci%3Eanna&password=wrong&next=/mine");
    assert_eq!(wrong.status, 422);
    assert!(wrong.text().contains("value=\"&#60;i&#62;anna\""), "{}", wrong.text());
    for (next, to) in [("/mine", "/mine"), ("//evil.example", "/"), ("https://evil.example", "/")] {
        let body = format!("name=anna&password={}&next={next}", PASSWORD.replace(' ', "+"));
        let done = post(&server, "/login", &body);
        assert_eq!(led(&done), to);
        let cookie = cookie(&done);
        let me = page_with(&server, "/", &[("cookie", &cookie)]);
        assert!(me.status == 200 && me.text().contains("<bdi>anna</bdi>"), "{}", me.text());
        let out = post_with(&server, "/logout", &[("cookie", &cookie)], "x=");
        assert_eq!(led(&out), "/login");
        assert_eq!(page_with(&server, "/", &[("cookie", &cookie)]).status, 303);
    }
    // A page of another site logs nobody in.
    let refused = server.send("POST", "/login", &FOREIGN, b"name=anna&password=x");
    assert_eq!((refused.status, refused.header("content-type")), (403, "text/html; charset=utf-8"));
}

#[test]
fn what_is_published_needs_no_login() {
    let place = Workplace::new();
    user(&place, "anna", "user", "jobs");
    let server = Server::start(&place, &[]);
    for path in ["/login", "/docs/"] {
        assert_eq!(page(&server, path).status, 200, "{path}");
    }
    for path in ["/", "/mine", "/admin", "/p/00000000000000000000000000"] {
        assert_eq!(page(&server, path).status, 303, "{path}");
    }
}

/// The form of the first page, as a browser without scripts posts it.
fn create(server: &Server, fields: &[(&str, &str)], file: Option<&[u8]>) -> Answer {
    create_with(server, fields, "image", file)
}

/// The form of the first page, with a file in another field.
fn create_with(server: &Server, fields: &[(&str, &str)], of_file: &str, file: Option<&[u8]>) -> Answer {
    create_with_files(server, fields, &[(of_file, file)])
}

/// The form of the first page, with files in some fields.
fn create_with_files(server: &Server, fields: &[(&str, &str)], files: &[(&str, Option<&[u8]>)]) -> Answer {
    const LIMIT: &str = "----a limit that nobody writes";
    let mut body = Vec::new();
    for (name, value) in fields {
        let part = format!("--{LIMIT}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend(part.as_bytes());
    }
    for (of_file, file) in files {
        let name = if file.is_some() { "start.png" } else { "" };
        let head = format!("Content-Disposition: form-data; name=\"{of_file}\"; filename=\"{name}\"");
        body.extend(format!("--{LIMIT}\r\n{head}\r\nContent-Type: application/octet-stream\r\n\r\n").as_bytes());
        body.extend(file.unwrap_or_default());
        body.extend(b"\r\n");
    }
    body.extend(format!("--{LIMIT}--\r\n").as_bytes());
    let own = format!("http://{}", server.address);
    let kind = format!("multipart/form-data; boundary=\"{LIMIT}\"");
    let headers = [PAGE, ("content-type", &kind), ("origin", &own), ("sec-fetch-site", "same-origin")];
    server.send("POST", "/", &headers, &body)
}

/// The job that a posted form led to.
fn job_of(server: &Server, answer: &Answer) -> Value {
    let id = led(answer).strip_prefix("/p/").unwrap_or_else(|| panic!("{}", answer.header("location")));
    server.get(&format!("/api/v1/jobs/{id}")).json()
}

/// A picture of one color.
fn picture(red: u8) -> Vec<u8> {
    let mut png = Vec::new();
    let pixels = image::RgbImage::from_pixel(24, 16, image::Rgb([red, 40, 90]));
    pixels.write_to(&mut std::io::Cursor::new(&mut png), image::ImageFormat::Png).unwrap();
    png
}

#[test]
fn a_picture_is_asked_for_by_a_form_without_scripts() {
    let place = Workplace::new();
    let server = Server::start(&place, &[]);
    let form = page(&server, "/").text();
    assert!(form.contains("action=\"/\" enctype=\"multipart/form-data\""), "{form}");
    let fields = [
        ("prompt", "a castle\r\nat night"),
        ("negative", "16:9 | text"),
        ("drawer", "pixel"),
        ("quality", "draft"),
        ("aspect", "widescreen"),
        ("seed", "42"),
        ("iterations", "7"),
        ("palette", "pico-8"),
        ("own_colors", ""),
        ("colors", ""),
        ("products", "mp4"),
        ("products", "svg"),
        ("strength", ""),
        ("from", ""),
        ("like", ""),
    ];
    let job = job_of(&server, &create(&server, &fields, None));
    let settings = &job["settings"];
    assert_eq!(job["prompt"], "a castle\nat night | 16:9 \\| text:-0.5");
    assert_eq!(
        (&job["kind"], &job["quality"], &job["products"]),
        (&json!("pixel"), &json!("draft"), &json!(["mp4", "svg"]))
    );
    assert_eq!(
        (&settings["seed"], &settings["iterations"], &settings["palette"]),
        (&json!(42), &json!(7), &json!("pico-8"))
    );
    let (width, height) = settings["size"].as_str().unwrap().split_once('x').unwrap();
    let ratio = width.parse::<f64>().unwrap() / height.parse::<f64>().unwrap();
    assert!((ratio - 16.0 / 9.0).abs() < 0.1, "{settings}");
    // What is said by nobody comes from the server, as in the API.
    let job = job_of(&server, &create(&server, &[("prompt", "a")], None));
    assert_eq!((&job["kind"], &job["quality"]), (&json!("vqgan"), &json!("normal")));

    assert_eq!(server.send("POST", "/", &FOREIGN, b"prompt=a").status, 403);
    assert_eq!(server.get("/api/v1/jobs").json()["items"].as_array().unwrap().len(), 2);
}

#[test]
fn a_picture_to_start_from_is_kept_while_the_rest_is_mended() {
    let place = Workplace::new();
    let server = Server::start(&place, &[]);
    let fields =
        |prompt: &'static str| [("prompt", prompt), ("drawer", "vqgan"), ("strength", "close"), ("aspect", "retain")];
    let refused = create(&server, &fields(" "), Some(&picture(200)));
    assert_eq!(refused.status, 422);
    let text = refused.text();
    let start = text.split("name=\"init_image\" value=\"").nth(1).expect("the upload").split('"').next().unwrap();
    let shown = server.get(&format!("/api/v1/uploads/{start}/picture.png"));
    assert_eq!((shown.status, shown.header("content-type")), (200, "image/png"));
    assert!(text.contains("value=\"close\" checked") && text.contains("value=\"retain\" checked"), "{text}");

    let again = [&fields("a red apple")[..], &[("init_image", start)]].concat();
    let job = job_of(&server, &create(&server, &again, None));
    assert_eq!(
        (&job["settings"]["init_image"], &job["settings"]["init_weight"]),
        (&json!("init_image-1.png"), &json!(4.0))
    );
    assert_ne!(job["settings"]["size"], "64x64");
    let wrong = create(&server, &fields("a"), Some(b"no picture"));
    assert_eq!(wrong.status, 422);
    assert!(wrong.text().contains("id=\"error-image\""), "{}", wrong.text());
    assert_eq!(create(&server, &[("prompt", "a"), ("init_image", "00000000000000000000000000")], None).status, 422);
}

#[test]
fn what_is_wrong_is_told_at_its_field_and_the_rest_is_kept() {
    let place = Workplace::new();
    let server = Server::start(&place, &["--max-waiting", "1", "--max-iterations", "50"]);
    let hostile = "\"><script>alert(1)</script> \u{202e}abc\u{200b} 😀 &amp; {{ x }}";
    for (field, value, section) in [
        ("iterations", "many", "iterations"),
        ("iterations", "51", "iterations"),
        ("colors", "1", "colors"),
        ("own_colors", "no such color", "palette"),
        ("quality", "god", "quality"),
        ("aspect", "round", "aspect"),
        ("products", "exe", "products"),
    ] {
        let answer =
            create(&server, &[("prompt", hostile), ("seed", hostile), ("drawer", "pixel"), (field, value)], None);
        let text = answer.text();
        assert_eq!(answer.status, 422, "{field}: {text}");
        assert!(text.contains(&format!("id=\"error-{section}\"")), "{field}: {text}");
        assert!(!text.contains("<script>alert") && text.contains("&#60;script&#62;alert(1)"), "{text}");
        assert!(text.contains("value=\"pixel\" id=\"drawer-2\" checked"), "{text}");
    }
    assert!(create(&server, &[("prompt", "")], None).text().contains("id=\"error-prompt\""));
    assert_eq!(create(&server, &[("prompt", &"x".repeat(2001))], None).status, 422);
    assert_eq!(create(&server, &[("prompt", &"x".repeat(70_000))], None).status, 413);
}

/// Fields that no part of the form names: they come from the table of options.
#[test]
fn other_options_become_settings_and_are_filled_in_again() {
    let place = Workplace::new();
    let server = Server::start(&place, &[]);
    let form = page(&server, "/").text();
    for name in ["loss", "tile", "mask", "prompt_outside", "cutouts", "momentum", "segments", "decay", "fps", "label"] {
        assert!(form.contains(&format!("id=\"option-{name}\" name=\"{name}\"")), "{name}: {form}");
        assert!(form.contains(&format!("id=\"hint-{name}\"")), "{name}: {form}");
    }
    let groups = form.split("class=\"option-groups\"").nth(1).expect("the groups").split("</form>").next().unwrap();
    assert!(groups.contains("<details>") && !groups.contains("<details open"), "{groups}");
    let fields = [
        ("prompt", "a cat"),
        ("quality", "draft"),
        ("loss", "tv:0.5, saturation"),
        ("tile", "both"),
        ("label", "a fox\r\na red, round apple"),
        ("cutouts", "3"),
        ("cut_noise", ""),
        ("zooms", "0.25,0.75@40%"),
        ("momentum", "0.5"),
        ("auto_stop", ""),
        ("auto_stop", "true"),
        ("boomerang", ""),
    ];
    let job = job_of(&server, &create(&server, &fields, None));
    let settings = &job["settings"];
    for (name, expected) in [
        ("loss", json!(["tv:0.5", "saturation:1"])),
        ("tile", json!("both")),
        ("cutouts", json!(3)),
        ("zooms", json!("0.25,0.75@40%")),
        ("momentum", json!(0.5)),
        ("auto_stop", json!(true)),
        ("boomerang", json!(false)),
    ] {
        assert_eq!(settings[name], expected, "{name}: {settings}");
    }
    assert_eq!(settings["label"].as_array().unwrap().len(), 2, "{settings}");
    // What is not as usual is filled in again, and nothing else.
    let id = job["id"].as_str().unwrap().to_owned();
    let varied = page(&server, &format!("/?from={id}")).text();
    for expected in [
        "name=\"loss\" value=\"tv:0.5, saturation:1\"",
        "<option value=\"both\" selected>",
        "name=\"cutouts\" value=\"3\"",
        "name=\"cut_noise\" value=\"\"",
        "name=\"size\" value=\"\"",
        "name=\"auto_stop\" value=\"true\" checked",
        "name=\"learning_rate\" value=\"\"",
    ] {
        assert!(varied.contains(expected), "{expected}: {varied}");
    }
    // A field that is emptied is as usual again; one that the form does not have stays.
    let again =
        [("prompt", "a cat"), ("from", &id), ("quality", "draft"), ("drawer", "vqgan"), ("loss", ""), ("tile", "x")];
    let settings = job_of(&server, &create(&server, &again, None))["settings"].clone();
    assert_eq!((&settings["loss"], &settings["tile"]), (&Value::Null, &json!("x")), "{settings}");
    assert_eq!((&settings["cutouts"], &settings["auto_stop"]), (&json!(3), &json!(true)), "{settings}");
}

#[test]
fn a_mask_is_a_side_or_a_file_of_the_form() {
    let place = Workplace::new();
    let server = Server::start(&place, &[]);
    let fields = [("prompt", "a cat"), ("mask", "left:0.3"), ("prompt_outside", "the sea")];
    let settings = job_of(&server, &create(&server, &fields, None))["settings"].clone();
    assert_eq!((&settings["mask"], &settings["prompt_outside"]), (&json!("left:0.3"), &json!("the sea")), "{settings}");
    let file = |field, file: &[u8]| create_with(&server, &[("prompt", "a cat"), ("mask", "")], field, Some(file));
    let job = job_of(&server, &file("mask_file", &picture(255)));
    assert_eq!(job["settings"]["mask"], "mask-1.png", "{job}");
    let varied = page(&server, &format!("/?from={}", job["id"].as_str().unwrap())).text();
    let upload = varied.split("name=\"mask\" value=\"").nth(1).expect("the upload").split('"').next().unwrap();
    assert_eq!(server.get(&format!("/api/v1/uploads/{upload}")).status, 200, "{upload}");
    let wrong = file("overlay_file", b"no picture");
    assert!(wrong.status == 422 && wrong.text().contains("id=\"error-overlay\""), "{}", wrong.text());
}

#[test]
fn each_file_of_the_form_may_be_large() {
    let place = Workplace::new();
    let server = Server::start(&place, &[]);
    // 11 MB each.
    let mut large = Vec::new();
    let pixels = image::RgbImage::from_pixel(2100, 1800, image::Rgb([200, 40, 90]));
    pixels.write_to(&mut std::io::Cursor::new(&mut large), image::ImageFormat::Bmp).unwrap();
    let files = [("image", Some(&large[..])), ("mask_file", Some(&large[..]))];
    let settings = job_of(&server, &create_with_files(&server, &[("prompt", "a cat")], &files))["settings"].clone();
    assert!(settings["init_image"].is_string() && settings["mask"].is_string(), "{settings}");
    let too_large = vec![0; (20 << 20) + 1];
    assert_eq!(create(&server, &[("prompt", "a cat")], Some(&too_large[..])).status, 413);
}

#[test]
fn what_is_wrong_in_other_options_is_told_at_their_fields() {
    let place = Workplace::new();
    let server = Server::start(&place, &[]);
    let hostile = "\"><script>alert(1)</script>";
    for (field, value, words) in [
        ("loss", "tvv", "did you mean"),
        ("cutouts", "0", "from 1 to 4096"),
        ("cutouts", "some", "not a whole number"),
        ("cut_noise", "much", "not a number"),
        ("tile", "round", "way to tile"),
        ("prompt_outside", "the sea", "needs a mask"),
        ("size", "huge", "not a valid size"),
        ("init_weight", "-1", "out of range"),
        ("mask", "lfet:0.3", "did you mean"),
        ("image_prompt", "nothing", "not the id of an upload"),
        ("momentum", hostile, "not a number"),
        ("zooms", hostile, "&#60;script&#62;"),
    ] {
        let answer = create(&server, &[("prompt", "a"), ("label", hostile), (field, value)], None);
        let text = answer.text();
        assert_eq!(answer.status, 422, "{field}: {text}");
        let error = text.split(&format!("id=\"error-{field}\"")).nth(1).unwrap_or_else(|| panic!("{field}: {text}"));
        assert!(error.split("</p>").next().unwrap().contains(words), "{field}: {text}");
        let described = format!("aria-describedby=\"hint-{field} error-{field}\" aria-invalid=\"true\"");
        assert!(text.contains(&described), "{field}: {text}");
        // What was typed is still there, as text.
        assert!(text.contains("&#60;script&#62;alert(1)") && !text.contains("<script>alert"), "{field}: {text}");
        assert!(text.contains("<details open>"), "{field}: {text}");
    }
}

#[test]
fn an_address_fills_in_the_form() {
    let place = Workplace::new();
    let server = Server::start(&place, &[]);
    let text = page(&server, "/?prompt=a+%3Cb%3Ecat%3C/b%3E&seed=7&drawer=pixel&palette=nes&aspect=widescreen").text();
    for expected in [
        ">a &#60;b&#62;cat&#60;/b&#62;</textarea>",
        "name=\"seed\" value=\"7\"",
        "value=\"pixel\" id=\"drawer-2\" checked",
        "value=\"nes\" checked",
        "value=\"widescreen\" checked",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    // A picture is varied: what the form does not show stays, and what it shows can be changed.
    let asked = json!({"prompt": "a cat | dogs:-0.5", "size": "40x56", "iterations": 9, "cutouts": 3, "seed": 5,
        "quality": "draft", "cut_noise": 0.25, "learning_rate": 0.07, "palette": "red,white"});
    let id = server.submit(&asked)["id"].as_str().unwrap().to_owned();
    let text = page(&server, &format!("/?from={id}")).text();
    for expected in
        [">a cat</textarea>", "name=\"negative\" value=\"dogs\"", "value=\"red,white\"", "As it was (40 × 56)"]
    {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    let fields = [
        ("prompt", "a dog"),
        ("from", &id),
        ("quality", "draft"),
        ("drawer", "vqgan"),
        ("aspect", ""),
        ("seed", "5"),
        ("iterations", "9"),
    ];
    let settings = job_of(&server, &create(&server, &fields, None))["settings"].clone();
    for (name, value) in [
        ("prompt", json!("a dog")),
        ("size", json!("40x56")),
        ("cutouts", json!(3)),
        ("cut_noise", json!(0.25)),
        ("learning_rate", json!(0.07)),
    ] {
        assert_eq!(settings[name], value, "{name}: {settings}");
    }
    assert_eq!(settings["palette"], Value::Null);
    assert_eq!(page(&server, "/?from=00000000000000000000000000").status, 404);
}

#[test]
fn styles_are_chips_that_the_model_knows() {
    let place = Workplace::new();
    let server = Server::start(&place, &[]);
    let text = page(&server, "/").text();
    assert!(text.contains("name=\"style\" value=\"watercolor\">"), "{text}");
    // The model inside the program was not trained on it.
    assert!(!text.contains("gouache"), "{text}");
    let job = job_of(&server, &create(&server, &[("prompt", "a"), ("style", "watercolor"), ("style", "neon")], None));
    assert_eq!(job["settings"]["style"], json!(["watercolor", "neon"]));
    let varied = page(&server, &format!("/?from={}", job["id"].as_str().unwrap())).text();
    assert!(varied.contains("name=\"style\" value=\"neon\" checked>"), "{varied}");
    let wrong = create(&server, &[("prompt", "a"), ("style", "neno")], None);
    assert!(wrong.status == 422 && wrong.text().contains("id=\"error-style\""), "{}", wrong.text());
}

#[test]
fn pages_load_nothing_from_elsewhere_and_run_no_inline_script() {
    let place = Workplace::new();
    admin_with_line(&place, PASSWORD, &["user", "add", "anna"]).succeeded();
    let server = Server::start(&place, &["--open"]);
    for path in ["/", "/login", "/nothing", "/mine", "/gallery"] {
        let text = page(&server, path).text();
        for script in text.split("<script").skip(1) {
            let (tag, content) = script.split_once('>').unwrap();
            assert!(tag.contains("src=\"/static/") && content.starts_with("</script>"), "{path}: {script}");
        }
        let lower = text.to_lowercase();
        assert!(
            !lower.contains("<style") && !lower.contains(" style=") && !lower.contains(" onclick="),
            "{path}: {text}"
        );
        for address in
            ["src", "href", "action", "srcset", "poster"].into_iter().flat_map(|name| attributes(&text, name))
        {
            assert!(address.starts_with(['/', '#']) && !address.starts_with("//"), "{path}: {address}");
        }
    }
}
