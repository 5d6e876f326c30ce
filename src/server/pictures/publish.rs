//! Publishing the pictures of jobs, and withdrawing them.

use axum::http::StatusCode;

use crate::database::Id;
use crate::gallery::{self, LONGEST_TITLE, Picture, Withdrawn};
use crate::queue::{JobId, State};
use crate::server::app::App;
use crate::server::derived::{plain, thumbnail};
use crate::server::jobs::job_of;
use crate::server::problem::{Answer, Problem};
use crate::server::visitor::Visitor;
use crate::text::is_invisible;

/// A picture that is published, now or before.
pub(in crate::server) struct Published {
    /// The picture
    pub picture: Picture,
    /// Whether it was not published before
    pub is_new: bool,
}

/// Publishes the picture of a job of the visitor. A title without visible characters is none.
pub(in crate::server) async fn publish(
    app: &App,
    visitor: &Visitor,
    job: &JobId,
    title: &str,
    show_prompt: bool,
) -> Answer<Published> {
    let title = checked(title)?;
    let job = job_of(app, visitor, job).await?;
    if job.owner != visitor.owner {
        return Err(Problem::new(StatusCode::FORBIDDEN, "only the owner of a picture publishes it"));
    }
    if let Some(picture) = app.gallery.of_job(&job.id).await? {
        return before(picture, title.as_deref(), show_prompt);
    }
    let not_done = || {
        let problem = Problem::new(StatusCode::CONFLICT, "the job has no finished picture");
        problem.hint("publish it when the job is done")
    };
    if job.state != State::Done {
        return Err(not_done());
    }
    let artifacts = app.queue.artifacts(&job.id).await?;
    let result = app.queue.result(&job.id).await?.ok_or_else(not_done)?;
    thumbnail(app, &job.id, &artifacts).await?.ok_or_else(not_done)?;
    if !show_prompt {
        for made in &artifacts {
            plain(app, &job.id, &artifacts, &made.name).await?;
        }
    }
    let new = gallery::NewPicture {
        job: job.id,
        owner: job.owner,
        title: title.clone(),
        prompt: show_prompt.then_some(job.prompt),
        width: result.width,
        height: result.height,
    };
    match app.gallery.publish(&new).await? {
        gallery::Published::New(picture) => Ok(Published { picture, is_new: true }),
        gallery::Published::Before(picture) => before(picture, title.as_deref(), show_prompt),
        gallery::Published::Unknown => Err(Problem::missing("job")),
    }
}

/// Withdraws a picture of the visitor; an operator withdraws any.
pub(in crate::server) async fn withdraw(app: &App, visitor: &Visitor, id: &Id) -> Answer<()> {
    match app.gallery.withdraw(id, visitor.limited_to()).await? {
        Withdrawn::Yes { owner } => {
            if owner != visitor.owner {
                app.acts(visitor).note("picture withdrawn", id.as_str(), None).await?;
            }
            Ok(())
        }
        Withdrawn::Hidden => Err(Problem::new(StatusCode::CONFLICT, "an operator hid this picture")
            .hint("others do not see it; delete its job to remove it completely")),
        Withdrawn::Unknown => Err(Problem::missing("picture")),
    }
}

/// The answer for a picture that was published before.
fn before(picture: Picture, title: Option<&str>, show_prompt: bool) -> Answer<Published> {
    if picture.hidden.is_some() {
        return Err(Problem::new(StatusCode::CONFLICT, "an operator hid this picture")
            .hint(format!("look at /g/{} for the reason", picture.id)));
    }
    if picture.title.as_deref() == title && picture.show_prompt == show_prompt {
        return Ok(Published { picture, is_new: false });
    }
    let problem = Problem::new(StatusCode::CONFLICT, "this picture is published already");
    Err(problem.hint(format!("to publish it differently, first withdraw it at /g/{}", picture.id)))
}

fn checked(title: &str) -> Answer<Option<String>> {
    let wrong = |detail: String| Err(Problem::unprocessable(detail).field("title"));
    let length = title.chars().count();
    if length > LONGEST_TITLE {
        return wrong(format!("the title is {length} characters long; at most {LONGEST_TITLE} are allowed"));
    }
    if title.chars().any(char::is_control) {
        return wrong("the title has control characters".into());
    }
    Ok(Some(title.trim().to_owned()).filter(|title| title.chars().any(|sign| !is_empty(sign))))
}

/// Whether a character leaves nothing to see or to click on: a space, or one that is invisible or changes another one.
fn is_empty(sign: char) -> bool {
    sign.is_whitespace() || is_invisible(sign) || matches!(sign, '\u{2800}' | '\u{FE00}'..='\u{FE0F}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_checked_and_trimmed() {
        assert_eq!(checked("  Still life ").unwrap().as_deref(), Some("Still life"));
        for empty in ["", " ", "\u{200b}\u{202e}\u{feff}", "\u{3000}\u{2060}"] {
            assert_eq!(checked(empty).unwrap(), None, "{empty:?}");
        }
        for kept in ["<script>", "\u{202e}txet", "👩\u{200d}🎨", &"ä".repeat(100)] {
            assert_eq!(checked(kept).unwrap().as_deref(), Some(kept));
        }
        for wrong in ["a\nb", "a\0", "\u{85}", &"ä".repeat(101)] {
            assert_eq!(checked(wrong).unwrap_err().status(), StatusCode::UNPROCESSABLE_ENTITY, "{wrong:?}");
        }
    }
}
