//! What letters say: text, HTML, and the picture and its film.

mod headers;
mod pictures;
mod plain;
mod templates;

use askama::Template;
use lettre::Message;
use lettre::message::header::ContentType;
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};
use url::Url;

use self::headers::{AutoSubmitted, ListUnsubscribe, ListUnsubscribePost};
use self::pictures::{Film, Pictures};
use self::plain::{one_line, short};
use self::templates::{
    ConfirmHtml, ConfirmText, DoneHtml, DoneText, FailedHtml, FailedText, Frame, ResetHtml, ResetText, View,
};
use super::Mail;
use super::letter::Payload;
use super::outbox::{Claimed, Kind};
use super::smtp::Writer;
use crate::error::{Error, Result};
use crate::objects::Objects;
use crate::queue::{Job, JobId, Queue, State};

/// The longest sentence in a subject, in characters.
const LONGEST_SUBJECT: usize = 60;
/// The longest sentence in a letter, in characters.
const LONGEST_PROMPT: usize = 2000;
/// The name of the picture inside the letter.
const CONTENT_ID: &str = "picture";

/// Writes letters of a server at an address.
pub(super) struct Letters {
    pub mail: Mail,
    pub queue: Queue,
    pub objects: Objects,
    pub site: Url,
    pub from: Writer,
}

/// What a letter says, before it is a message.
struct Written {
    subject: String,
    text: String,
    html: String,
    pictures: Pictures,
}

impl Letters {
    /// Writes a letter; `None` if what it tells of is gone.
    pub async fn write(&self, letter: &Claimed) -> Result<Option<Message>> {
        let stop = self.link(&["mail", "stop", &self.mail.stop_token(&letter.recipient).await?]);
        let site = self.site.as_str().trim_end_matches('/').to_owned();
        let frame = Frame { site, stop: stop.clone() };
        let written = match letter.kind {
            Kind::Done | Kind::Failed => self.of_job(letter, &frame).await?,
            Kind::Confirm | Kind::Reset => Some(self.of_link(letter, &frame)?),
        };
        written.map(|written| self.message(letter, written, &stop)).transpose()
    }

    /// The letter about a job.
    async fn of_job(&self, letter: &Claimed, frame: &Frame) -> Result<Option<Written>> {
        let Some(id) = letter.job.as_deref().and_then(JobId::parse) else { return Ok(None) };
        let Some(job) = self.queue.job(&id, None).await? else { return Ok(None) };
        let prompt = short(&one_line(&job.prompt), LONGEST_PROMPT);
        let title = short(&prompt, LONGEST_SUBJECT);
        let page = self.link(&["p", id.as_str()]);
        if letter.kind == Kind::Failed {
            return of_failure(&job, frame, &prompt, &title, &page);
        }
        let Some(result) = self.queue.result(&id).await? else { return Ok(None) };
        let artifacts = self.queue.artifacts(&id).await?;
        let pictures = Pictures::read(&self.objects, &artifacts).await;
        let file = |name: &str| self.link(&["api", "v1", "jobs", id.as_str(), "files", name]);
        let view = View {
            frame,
            prompt,
            page,
            film: pictures.film_name.map(&file),
            film_is_attached: pictures.film.is_some(),
            recipe: file("recipe.json"),
            width: result.width,
            height: result.height,
            seed: result.seed,
            took: took(result.seconds),
            shown: pictures.inline.as_ref().map(|inline| (inline.width, inline.height)),
        };
        Ok(Some(Written {
            subject: format!("Your picture is ready: {title}"),
            text: rendered(&DoneText { view: &view })?,
            html: rendered(&DoneHtml { view: &view })?,
            pictures,
        }))
    }

    /// A letter whose point is a link.
    fn of_link(&self, letter: &Claimed, frame: &Frame) -> Result<Written> {
        let Some(Payload { name, path }) = &letter.payload else {
            return Err(Error::fault("a letter has lost its link"));
        };
        let name = short(&one_line(name), LONGEST_SUBJECT);
        let link = self.site.join(path).map_err(|_| Error::fault("a letter has no valid link"))?.to_string();
        let host = self.site.host_str().unwrap_or_default();
        let (name, link) = (name.as_str(), link.as_str());
        let (subject, text, html) = match letter.kind {
            Kind::Confirm => (
                format!("Confirm your address for {host}"),
                rendered(&ConfirmText { frame, name, link })?,
                rendered(&ConfirmHtml { frame, name, link })?,
            ),
            Kind::Reset => (
                format!("Choose a new password for {host}"),
                rendered(&ResetText { frame, name, link })?,
                rendered(&ResetHtml { frame, name, link })?,
            ),
            Kind::Done | Kind::Failed => return Err(Error::fault("a letter about a job cannot be written as a link")),
        };
        Ok(Written { subject, text, html, pictures: Pictures::default() })
    }

    /// A letter as a message.
    fn message(&self, letter: &Claimed, written: Written, stop: &str) -> Result<Message> {
        let fault = |error: String| Error::fault(format!("a letter cannot be written: {error}"));
        let mailbox = |name: Option<String>, address: &super::Address| {
            let address = address.as_str().parse().map_err(|_| fault("an address is not valid".into()))?;
            Ok::<_, Error>(Mailbox::new(name, address))
        };
        let mut builder = Message::builder()
            .from(mailbox(self.from.name.clone(), &self.from.address)?)
            .to(mailbox(None, &letter.recipient)?)
            .subject(written.subject)
            .message_id(Some(format!("<{}>", letter.message_id)))
            .header(AutoSubmitted);
        if letter.kind != Kind::Reset {
            builder = builder.header(ListUnsubscribe(stop.to_owned())).header(ListUnsubscribePost);
        }
        let Pictures { inline, film, .. } = written.pictures;
        let html = SinglePart::html(written.html);
        let text = MultiPart::alternative().singlepart(SinglePart::plain(written.text));
        let png = || ContentType::parse("image/png").map_err(|error| fault(error.to_string()));
        let alternative = match inline {
            Some(inline) => {
                let picture = Attachment::new_inline_with_name(CONTENT_ID.into(), "picture.png".into());
                let related = MultiPart::related().singlepart(html).singlepart(picture.body(inline.png, png()?));
                text.multipart(related)
            }
            None => text.singlepart(html),
        };
        let message = match film {
            Some(Film { name, media_type, bytes }) => {
                let kind = ContentType::parse(&media_type).map_err(|error| fault(error.to_string()))?;
                let film = Attachment::new(name.to_owned()).body(bytes, kind);
                builder.multipart(MultiPart::mixed().multipart(alternative).singlepart(film))
            }
            None => builder.multipart(alternative),
        };
        message.map_err(|error| fault(error.to_string()))
    }

    /// A link to a page of the server.
    fn link(&self, path: &[&str]) -> String {
        let mut link = self.site.clone();
        if let Ok(mut segments) = link.path_segments_mut() {
            segments.clear().extend(path);
        }
        link.to_string()
    }
}

/// The letter about a job that failed; `None` if it was begun again meanwhile.
fn of_failure(job: &Job, frame: &Frame, prompt: &str, title: &str, page: &str) -> Result<Option<Written>> {
    if job.state != State::Dead {
        return Ok(None);
    }
    let line = |text: &Option<String>| text.as_deref().map(one_line).map(|text| short(&text, LONGEST_PROMPT));
    let error = line(&job.error).unwrap_or_else(|| "it is not known why".into());
    let hint = line(&job.hint);
    let (error, hint) = (error.as_str(), hint.as_deref());
    Ok(Some(Written {
        subject: format!("Your picture could not be drawn: {title}"),
        text: rendered(&FailedText { frame, prompt, page, error, hint })?,
        html: rendered(&FailedHtml { frame, prompt, page, error, hint })?,
        pictures: Pictures::default(),
    }))
}

fn rendered(template: &impl Template) -> Result<String> {
    template.render().map_err(|error| Error::fault(format!("a letter cannot be written: {error}")))
}

/// How long something took, in words.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a time is positive, and not long")]
fn took(seconds: f64) -> String {
    match seconds.max(0.0).round() as u64 {
        0..=1 => "1 second".into(),
        seconds @ 2..=119 => format!("{seconds} seconds"),
        seconds @ 120..=7199 => format!("{} minutes", seconds / 60),
        seconds => format!("{} hours", seconds / 3600),
    }
}
