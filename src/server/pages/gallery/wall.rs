//! Many published pictures, the newest or the most liked first.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::super::{Layout, address, render};
use crate::gallery::Order;
use crate::server::app::App;
use crate::server::pictures::{Page, View, Viewer, Which};
use crate::server::problem::{Answer, Parameters};

/// The path of the page.
const PATH: &str = "/gallery";

#[derive(Template)]
#[template(path = "gallery.html", config = "src/server/pages/askama.toml")]
struct GalleryPage {
    layout: Layout,
    orders: Vec<OrderLink>,
    /// The order, as addresses have it
    sort: &'static str,
    /// Whether addresses need not have it
    is_usual: bool,
    /// What is searched for
    words: String,
    cards: Vec<Card>,
    /// Whether the list begins with its first picture
    is_first: bool,
    /// Where the list begins
    first: String,
    /// Where it goes on
    next: Option<String>,
}

struct OrderLink {
    label: &'static str,
    url: String,
    is_chosen: bool,
}

struct Card {
    picture: View,
    heading: String,
    /// Whether the heading is the prompt
    is_prompt: bool,
}

pub(super) async fn show(
    State(app): State<App>,
    layout: Layout,
    viewer: Viewer,
    Parameters(which): Parameters<Which>,
) -> Answer<Response> {
    let search = which.search()?;
    let Page { pictures, next } = Page::of(&app, &search).await?;
    let cards = View::all(&app, &viewer, pictures).await?.into_iter().map(Card::new).collect();
    let (order, words) = (search.order, search.words.trim().to_owned());
    let orders = [("Newest", Order::Newest), ("Most liked", Order::MostLiked)];
    Ok(render(&GalleryPage {
        layout,
        orders: orders
            .map(|(label, each)| OrderLink { label, url: list(each, &words, None), is_chosen: each == order })
            .into(),
        sort: order.as_str(),
        is_usual: order == Order::default(),
        cards,
        is_first: search.after.is_none(),
        first: list(order, &words, None),
        next: next.map(|next| list(order, &words, Some(&next.to_string()))),
        words,
    }))
}

/// The address of a list.
fn list(order: Order, words: &str, before: Option<&str>) -> String {
    let sort = Some(order).filter(|order| *order != Order::default()).map(Order::as_str);
    address(PATH, &[("sort", sort), ("q", Some(words).filter(|words| !words.is_empty())), ("before", before)])
}

impl Card {
    fn new(picture: View) -> Self {
        let (heading, is_prompt) = match (&picture.title, &picture.prompt) {
            (Some(title), _) => (title.clone(), false),
            (None, Some(prompt)) => (prompt.clone(), true),
            (None, None) => ("Untitled".to_owned(), false),
        };
        Self { picture, heading, is_prompt }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_say_what_differs_from_the_usual() {
        assert_eq!(list(Order::Newest, "", None), "/gallery");
        assert_eq!(list(Order::MostLiked, "a&b \"", Some("3.12")), "/gallery?sort=liked&q=a%26b+%22&before=3.12");
    }
}
