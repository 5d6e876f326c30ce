//! The templates of letters, and what they are filled with.

use askama::Template;

/// What all letters have.
pub(super) struct Frame {
    /// The address of the server, without a slash at its end
    pub site: String,
    /// The link that stops the letters
    pub stop: String,
}

/// A picture that is done.
pub(super) struct View<'v> {
    pub frame: &'v Frame,
    /// The sentence
    pub prompt: String,
    /// The link to the page
    pub page: String,
    /// The link to the film
    pub film: Option<String>,
    /// Whether the letter has the film
    pub film_is_attached: bool,
    /// The link to the recipe
    pub recipe: String,
    /// Columns
    pub width: u32,
    /// Rows
    pub height: u32,
    /// The seed
    pub seed: String,
    /// How long the work took, in words
    pub took: String,
    /// The size of the picture inside the letter
    pub shown: Option<(u32, u32)>,
}

#[derive(Template)]
#[template(path = "done.txt", config = "src/mail/letters/askama.toml")]
pub(super) struct DoneText<'v> {
    pub view: &'v View<'v>,
}

#[derive(Template)]
#[template(path = "done.html", config = "src/mail/letters/askama.toml")]
pub(super) struct DoneHtml<'v> {
    pub view: &'v View<'v>,
}

/// A picture that could not be drawn.
#[derive(Template)]
#[template(path = "failed.txt", config = "src/mail/letters/askama.toml")]
pub(super) struct FailedText<'v> {
    pub frame: &'v Frame,
    pub prompt: &'v str,
    pub page: &'v str,
    pub error: &'v str,
    pub hint: Option<&'v str>,
}

#[derive(Template)]
#[template(path = "failed.html", config = "src/mail/letters/askama.toml")]
pub(super) struct FailedHtml<'v> {
    pub frame: &'v Frame,
    pub prompt: &'v str,
    pub page: &'v str,
    pub error: &'v str,
    pub hint: Option<&'v str>,
}

/// Letters whose point is a link.
macro_rules! of_link {
    ($($name:ident $path:literal)*) => {
        $(
            #[derive(Template)]
            #[template(path = $path, config = "src/mail/letters/askama.toml")]
            pub(super) struct $name<'v> {
                pub frame: &'v Frame,
                /// The user
                pub name: &'v str,
                pub link: &'v str,
            }
        )*
    };
}

of_link! {
    ConfirmText "confirm.txt"
    ConfirmHtml "confirm.html"
    ResetText "reset.txt"
    ResetHtml "reset.html"
}
