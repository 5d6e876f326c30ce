//! The newest pictures as a feed, by RFC 4287.

use std::fmt::Write;

use axum::extract::State;
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use sha2::{Digest, Sha256};

use super::files::{THUMBNAIL, url};
use crate::files::to_hex;
use crate::gallery::{Picture, Search};
use crate::server::absolute::absolute;
use crate::server::app::App;
use crate::server::delivery::{Content, File, Manner};
use crate::server::derived::thumbnail_size;
use crate::server::moment::moment;
use crate::server::problem::Answer;

/// Where the feed is.
pub(super) const PATH: &str = "/gallery/feed.xml";
/// How many pictures it has.
const LENGTH: u32 = 30;
/// Readers ask often, and get little unless there is something new.
const ASK_AGAIN: &str = "public, no-cache";

pub(super) async fn feed(State(app): State<App>, headers: HeaderMap) -> Answer<Response> {
    let pictures = app.gallery.list(&Search { limit: LENGTH, ..Search::default() }).await?;
    let text = written(&pictures, &|path| absolute(&app, &headers, path));
    let tag = to_hex(&Sha256::digest(&text));
    let file = File { content: Content::Text(text), tag, media_type: "application/atom+xml; charset=utf-8" };
    file.send(&app, (&Method::GET, &headers), &Manner { caching: ASK_AGAIN, name: "feed.xml", download: false }).await
}

/// The feed. `address` completes a path of this server.
fn written(pictures: &[Picture], address: &dyn Fn(&str) -> String) -> String {
    let [gallery, own] = ["/gallery", PATH].map(|path| escaped(&address(path)));
    let updated = moment(pictures.iter().map(|picture| picture.published).max().unwrap_or(0));
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\">\n\
         <id>{gallery}</id>\n<title>Gallery</title>\n<updated>{updated}</updated>\n<generator>text2art</generator>\n\
         <link rel=\"self\" type=\"application/atom+xml\" href=\"{own}\"/>\n\
         <link rel=\"alternate\" type=\"text/html\" href=\"{gallery}\"/>\n"
    );
    for picture in pictures {
        let page = escaped(&address(&format!("/g/{}", picture.id)));
        let small = escaped(&address(&url(&picture.id, THUMBNAIL)));
        let (width, height) = thumbnail_size(picture.width, picture.height);
        let title = picture.title.as_deref().or(picture.prompt.as_deref()).unwrap_or("Untitled");
        let prompt = picture.prompt.as_deref().map(|prompt| format!("<p>{}</p>", escaped(prompt))).unwrap_or_default();
        let shown = format!(
            "<p><a href=\"{page}\"><img src=\"{small}\" width=\"{width}\" height=\"{height}\" alt=\"{}\"></a></p>{prompt}",
            escaped(title)
        );
        let (title, author) = (escaped(title), escaped(picture.author.as_deref().unwrap_or("a visitor")));
        let (moment, shown) = (moment(picture.published), escaped(&shown));
        // Writing into a text cannot fail.
        let _ = write!(
            text,
            "<entry>\n<id>{page}</id>\n<title>{title}</title>\n<author><name>{author}</name></author>\n\
             <published>{moment}</published>\n<updated>{moment}</updated>\n\
             <link rel=\"alternate\" type=\"text/html\" href=\"{page}\"/>\n\
             <content type=\"html\">{shown}</content>\n</entry>\n"
        );
    }
    text + "</feed>\n"
}

/// Text for XML and HTML, without the characters that XML 1.0 (2.2) does not have.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\t' | '\n' | '\r' => escaped.push(sign),
            '\0'..='\x1f' | '\u{fffe}' | '\u{ffff}' => {}
            _ => escaped.push(sign),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::Id;

    #[test]
    fn hostile_text_stays_text() {
        let id = Id::random().unwrap();
        let picture = Picture {
            number: 1,
            id: id.clone(),
            job: Id::random().unwrap(),
            owner: "secret-owner".into(),
            author: None,
            title: Some("]]><script>\"'&\u{fffe}\u{1}".into()),
            show_prompt: true,
            prompt: Some("</content><b>".into()),
            kind: "vqgan".into(),
            width: 1024,
            height: 512,
            published: 0,
            likes: 0,
            hidden: None,
        };
        let text = written(&[picture], &|path| format!("https://art.example.org{path}"));
        assert!(text.contains("<title>]]&gt;&lt;script&gt;&quot;&#39;&amp;</title>"), "{text}");
        assert!(text.contains("&lt;p&gt;&amp;lt;/content&amp;gt;&amp;lt;b&amp;gt;&lt;/p&gt;"), "{text}");
        assert!(text.contains("width=&quot;512&quot; height=&quot;256&quot;"), "{text}");
        assert!(
            text.contains(&format!("<id>https://art.example.org/g/{id}</id>")) && !text.contains("secret"),
            "{text}"
        );
        assert_eq!(text.matches('<').count(), text.matches('>').count());
    }
}
