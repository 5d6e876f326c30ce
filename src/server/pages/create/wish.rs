//! What the form asks for: its fields as they were typed, and the request that they stand for.

use serde_json::{Map, Value};

use super::FILE;
use super::base::Base;
use super::options::{self, Typed};
use crate::database::Id;
use crate::drawer;
use crate::server::pages::Form;
use crate::server::problem::{Answer, Problem};
use crate::settings::{DrawerName, Prompt, Prompts};

/// The weight of what the picture should not show. With the weight of the prompt itself, it would decide the picture.
const AGAINST: f64 = -0.5;
/// The drawer whose pictures have few colors, unless a request says otherwise.
const CELLS: &str = "pixel";

/// The fields of the form, as they were typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Wish {
    pub prompt: String,
    /// What the picture should not show
    pub negative: String,
    pub styles: Vec<String>,
    pub quality: String,
    pub drawer: String,
    pub aspect: String,
    pub seed: String,
    pub iterations: String,
    /// The name of a palette
    pub palette: String,
    /// Colors in the visitor's own words, which count more than the palette
    pub own_colors: String,
    /// How many colors
    pub colors: String,
    /// Whether cells get a dark line around things
    pub outline: bool,
    /// How often the picture is enlarged; empty for as often as usual
    pub upscale: String,
    pub products: Vec<String>,
    /// Whether a letter tells of the end
    pub email: bool,
    /// The upload to start from
    pub init_image: String,
    /// How closely to keep to the start: empty, `near` or `close`
    pub strength: String,
    /// The settings that have no place of their own in the form
    pub options: Typed,
    /// The job whose settings this varies
    pub from: String,
    /// The published picture whose settings this takes
    pub like: String,
}

impl Wish {
    /// Reads the fields. Those that the form does not have are as they were before.
    pub fn read(form: &Form, before: Self) -> Self {
        let text = |name: &str, before: String| match form.all(name).next() {
            Some(value) => value.trim().to_owned(),
            None => before,
        };
        let list = |name: &str, before: Vec<String>| {
            let values: Vec<String> = form.all(name).map(str::to_owned).filter(|value| !value.is_empty()).collect();
            if values.is_empty() { before } else { values }
        };
        Self {
            prompt: text("prompt", before.prompt),
            negative: text("negative", before.negative),
            styles: list("style", before.styles),
            quality: text("quality", before.quality),
            drawer: text("drawer", before.drawer),
            aspect: text("aspect", before.aspect),
            seed: text("seed", before.seed),
            iterations: text("iterations", before.iterations),
            palette: text("palette", before.palette),
            own_colors: text("own_colors", before.own_colors),
            colors: text("colors", before.colors),
            outline: form.has("outline") || before.outline,
            upscale: text("upscale", before.upscale),
            products: list("products", before.products),
            email: form.has("email") || before.email,
            init_image: text("init_image", before.init_image),
            strength: text("strength", before.strength),
            options: options::read(form, &before.options),
            from: text("from", before.from),
            like: text("like", before.like),
        }
    }

    /// Takes the upload of a file field.
    pub fn take(&mut self, field: &str, upload: &Id) {
        if field == FILE {
            self.init_image = upload.to_string();
        } else if let Some(setting) = options::setting_of_file(field) {
            let typed = self.options.entry(setting.name).or_default();
            if setting.list && !typed.is_empty() {
                typed.push('\n');
            } else {
                typed.clear();
            }
            typed.push_str(&upload.to_string());
        }
    }

    /// The body of a request to `POST /api/v1/jobs`.
    pub fn body(&self, base: Option<&Base>) -> Answer<Map<String, Value>> {
        let base = base.filter(|base| base.fits(self));
        let mut body = Map::new();
        let mut set = |name: &str, value: Value| drop(body.insert(name.to_owned(), value));
        set("prompt", self.prompts()?.into());
        if let Some(base) = base.filter(|_| self.aspect.is_empty()) {
            set("size", base.drawn_at.to_string().into());
        }
        for (name, value) in [("quality", &self.quality), ("aspect", &self.aspect), ("seed", &self.seed)] {
            if !value.is_empty() {
                set(name, value.as_str().into());
            }
        }
        if self.drawer == CELLS && base.is_none() {
            set("pixel_art", true.into());
        } else if !self.drawer.is_empty() {
            set("drawer", self.drawer.as_str().into());
        }
        let colors = [&self.own_colors, &self.palette].into_iter().find(|colors| !colors.is_empty());
        if let Some(colors) = colors {
            set("palette", colors.as_str().into());
        }
        for (name, value) in [("iterations", &self.iterations), ("colors", &self.colors), ("upscale", &self.upscale)] {
            if let Some(number) = whole(name, value)? {
                set(name, number.into());
            }
        }
        // A browser may remember it for another drawer.
        if self.outline && self.drawer == CELLS {
            set("outline", true.into());
        }
        if !self.styles.is_empty() {
            set("style", self.styles.clone().into());
        }
        if !self.products.is_empty() {
            set("products", self.products.clone().into());
        }
        if self.email {
            set("email", true.into());
        }
        if !self.init_image.is_empty() {
            set("init_image", self.init_image.as_str().into());
            if let Some(weight) = self.hold() {
                set("init_weight", weight.into());
            }
        }
        for setting in options::settings() {
            let kept = || base.and_then(|base| base.wish.options.get(setting.name));
            let typed = self.options.get(setting.name).or_else(kept).filter(|typed| !typed.is_empty());
            if let Some(typed) = typed {
                set(setting.name, options::value(setting, typed)?);
            }
        }
        Ok(body)
    }

    /// The prompt, and what the picture should not show.
    fn prompts(&self) -> Answer<String> {
        if self.prompt.is_empty() {
            return Err(Problem::unprocessable("no prompt was given").hint("say what to draw").field("prompt"));
        }
        if self.negative.is_empty() {
            return Ok(self.prompt.clone());
        }
        let against = Prompt { text: self.negative.clone(), weight: AGAINST, stop: None };
        Ok(format!("{} | {against}", self.prompt))
    }

    /// How strongly the picture is kept close to its start.
    pub fn hold(&self) -> Option<f64> {
        let factor = match self.strength.as_str() {
            "near" => 1.0,
            "close" => 4.0,
            _ => return None,
        };
        // What is not a drawer is refused later.
        let drawer = drawer::of(&DrawerName::from(self.drawer.as_str())).ok();
        Some(factor * drawer.map_or(0.5, |drawer| drawer.usual_init_weight(crate::models::embedded::NAME)))
    }
}

/// Divides prompts into what to draw and what not to, as the form asks for them.
pub(super) fn divided(prompts: &Prompts) -> (String, String) {
    let written = || (prompts.to_string(), String::new());
    let Some((last, others)) = prompts.all().split_last() else { return written() };
    let is_negative = last.stop.is_none() && (last.weight - AGAINST).abs() < f64::EPSILON;
    if !is_negative || others.is_empty() {
        return written();
    }
    let others: Vec<String> = others.iter().map(ToString::to_string).collect();
    (others.join(" | "), last.text.clone())
}

fn whole(field: &str, typed: &str) -> Answer<Option<u64>> {
    if typed.is_empty() {
        return Ok(None);
    }
    typed.parse().map(Some).map_err(|_| {
        let shown: String = typed.chars().take(50).collect();
        Problem::unprocessable(format!("`{shown}` is not a whole number"))
            .hint("use digits only, or leave the field empty")
            .field(field)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn body(query: &str) -> Value {
        Value::Object(Wish::read(&Form::parse(query.as_bytes()), Wish::default()).body(None).unwrap())
    }

    #[test]
    fn fields_become_a_request() {
        assert_eq!(body("prompt=a+cat&seed=&colors=&aspect="), json!({"prompt": "a cat"}));
        assert_eq!(
            body("prompt=a+cat&negative=16:9+|+x&drawer=pixel&colors=8&products=mp4&products=gif&seed=7"),
            json!({"prompt": "a cat | 16:9 \\| x:-0.5", "pixel_art": true, "colors": 8, "seed": "7",
                "products": ["mp4", "gif"]})
        );
        assert_eq!(
            body("prompt=a&drawer=pixel&outline=1&upscale=2"),
            json!({"prompt": "a", "pixel_art": true, "upscale": 2, "outline": true})
        );
        assert_eq!(body("prompt=a&email=1"), json!({"prompt": "a", "email": true}));
        assert_eq!(body("prompt=a&palette=nes&own_colors=red,blue")["palette"], "red,blue");
        assert_eq!(body("prompt=a&init_image=x&strength=near&drawer=vqgan")["init_weight"], 1.0);
        assert_eq!(body("prompt=a&init_image=x&strength=close&drawer=pixel")["init_weight"], 80.0);
        let wrong = |query: &str| Wish::read(&Form::parse(query.as_bytes()), Wish::default()).body(None).unwrap_err();
        assert_eq!(wrong("prompt=+").wrong_field(), Some("prompt"));
        assert_eq!(wrong("prompt=a&iterations=many").wrong_field(), Some("iterations"));
        assert_eq!(
            body("prompt=a&loss=tv:0.5,border&cutouts=4&transparent=&tile=both&init_weight=0.25&cut_noise="),
            json!({"prompt": "a", "loss": ["tv:0.5", "border"], "cutouts": 4, "tile": "both", "init_weight": 0.25})
        );
        assert_eq!(wrong("prompt=a&cut_noise=much").wrong_field(), Some("cut_noise"));
    }

    #[test]
    fn files_become_values_of_their_settings() {
        let mut wish = Wish::read(&Form::parse(b"mask=left&image_prompt=x:0.5"), Wish::default());
        let id = Id::parse("0123456789abcdefghjkmnpqrs").unwrap();
        for field in options::files() {
            wish.take(&field, &id);
        }
        assert_eq!((&wish.init_image, &wish.options["mask"]), (&id.to_string(), &id.to_string()));
        assert_eq!(wish.options["image_prompt"], format!("x:0.5\n{id}"));
    }

    #[test]
    fn what_not_to_draw_is_found_again() {
        for (typed, against) in [("a castle | night:0.5", "blurry"), ("a cat", "16:9 | x"), ("a cat", "")] {
            let wish = Wish { prompt: typed.into(), negative: against.into(), ..Wish::default() };
            let prompts: Prompts = wish.prompts().unwrap().parse().unwrap();
            assert_eq!(divided(&prompts), (typed.to_owned(), against.to_owned()));
        }
    }
}
