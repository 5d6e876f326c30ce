//! A visitor whose browser runs no scripts: what it sends, and what it finds in a page.

use crate::common::server::{Answer, Server};

/// What browsers accept.
pub const PAGE: (&str, &str) = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");
/// How browsers send forms.
pub const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
/// What a browser sends with the form of another site.
pub const FOREIGN: [(&str, &str); 4] =
    [PAGE, FORM, ("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")];

/// Opens a page.
pub fn page(server: &Server, path: &str) -> Answer {
    page_with(server, path, &[])
}

/// Opens a page with other headers as well, such as a cookie.
pub fn page_with(server: &Server, path: &str, headers: &[(&str, &str)]) -> Answer {
    server.send("GET", path, &[&[PAGE], headers].concat(), &[])
}

/// Sends a form from a page of the server.
pub fn post(server: &Server, path: &str, fields: &str) -> Answer {
    post_with(server, path, &[], fields)
}

/// Sends a form from a page of the server with other headers as well.
pub fn post_with(server: &Server, path: &str, headers: &[(&str, &str)], fields: &str) -> Answer {
    let own = format!("http://{}", server.address);
    let usual = [PAGE, FORM, ("origin", own.as_str()), ("sec-fetch-site", "same-origin")];
    // A browser sends a form without fields as well.
    let fields = if fields.is_empty() { "_=" } else { fields };
    server.send("POST", path, &[&usual, headers].concat(), fields.as_bytes())
}

/// Where an answer leads.
pub fn led(answer: &Answer) -> &str {
    assert_eq!(answer.status, 303, "{}", answer.text());
    answer.header("location")
}

/// The values of an attribute in a page, as they are meant.
pub fn attributes(page: &str, name: &str) -> Vec<String> {
    let begin = format!(" {name}=\"");
    let values = page.split(&begin).skip(1).filter_map(|rest| rest.split('"').next());
    values.map(|value| html_escape::decode_html_entities(value).into_owned()).collect()
}
