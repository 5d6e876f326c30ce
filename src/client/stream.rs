//! Server-sent events, as the HTML standard has them (section 9.2.6), within a limit on their size.

use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Result};
use std::time::Duration;

/// The longest event, in bytes: far longer than a job with the longest prompt.
const LONGEST: usize = 1 << 20;
/// The longest pause that a server may ask for before the next connection.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// An event.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Message {
    /// Its kind; empty for `message`
    pub(super) kind: String,
    /// Its data, the lines joined
    pub(super) data: String,
}

/// The events of an answer.
pub(super) struct Events<R> {
    reader: BufReader<R>,
    /// The id of the last event
    pub(super) id: Option<String>,
    /// The pause before the next connection that the server asked for
    pub(super) pause: Option<Duration>,
    /// Whether anything has arrived, be it a comment
    pub(super) is_alive: bool,
}

impl<R: Read> Events<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader: BufReader::new(reader), id: None, pause: None, is_alive: false }
    }

    /// The next event; none if there are no more. An event that is cut off does not count.
    pub(super) fn next(&mut self) -> Result<Option<Message>> {
        let mut message = Message::default();
        let (mut has_data, mut length) = (false, 0);
        loop {
            let Some(line) = self.line(LONGEST - length)? else { return Ok(None) };
            self.is_alive = true;
            length += line.len();
            if line.is_empty() {
                if has_data {
                    return Ok(Some(message));
                }
                (message, length) = (Message::default(), 0);
                continue;
            }
            let (field, value) = line.split_once(':').unwrap_or((&line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "event" => value.clone_into(&mut message.kind),
                "data" => {
                    if has_data {
                        message.data.push('\n');
                    }
                    message.data.push_str(value);
                    has_data = true;
                }
                "id" if !value.contains('\0') => self.id = Some(value.to_owned()),
                "retry" => {
                    let pause = value.parse().ok().map(Duration::from_millis);
                    self.pause = pause.map(|pause| pause.min(LONGEST_PAUSE)).or(self.pause);
                }
                // A comment keeps the connection alive; other fields do not matter.
                _ => length -= line.len(),
            }
        }
    }

    /// The next line of at most `most` bytes, without its end; none if there are no more.
    fn line(&mut self, most: usize) -> Result<Option<String>> {
        let mut line = Vec::new();
        let limit = most as u64 + 2;
        self.reader.by_ref().take(limit).read_until(b'\n', &mut line)?;
        if line.pop_if(|last| *last == b'\n').is_none() {
            let is_long = line.len() as u64 == limit;
            return if is_long { Err(Error::new(ErrorKind::InvalidData, "an event is too long")) } else { Ok(None) };
        }
        line.pop_if(|last| *last == b'\r');
        String::from_utf8(line).map(Some).map_err(|error| Error::new(ErrorKind::InvalidData, error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> (Vec<Message>, Events<&[u8]>) {
        let mut events = Events::new(text.as_bytes());
        let mut found = Vec::new();
        while let Some(message) = events.next().unwrap() {
            found.push(message);
        }
        (found, events)
    }

    fn message(kind: &str, data: &str) -> Message {
        Message { kind: kind.into(), data: data.into() }
    }

    #[test]
    fn events_are_read_as_the_standard_says() {
        let text = "retry: 2000\n\n: keep alive\n\nevent: job\nid: 7\ndata: {\"a\":\ndata:1}\n\nevent: none\n\n\
                    data\r\n\r\nid: 8\nodd: field\ndata:  two\n\ndata: cut off\n";
        let (found, events) = all(text);
        assert_eq!(found, [message("job", "{\"a\":\n1}"), message("", ""), message("", " two")]);
        assert_eq!((events.id.as_deref(), events.pause), (Some("8"), Some(Duration::from_secs(2))));
        let (_, events) = all("retry: soon\nretry: 999999999999\n\n");
        assert_eq!(events.pause, Some(LONGEST_PAUSE));
    }

    #[test]
    fn an_endless_event_is_refused_and_endless_comments_are_not() {
        let long = "data: ".to_owned() + &"a".repeat(LONGEST) + "\n\n";
        assert!(Events::new(long.as_bytes()).next().is_err());
        let lines = "data: aaaaaaaaaaaaaaaa\n".repeat(LONGEST / 16);
        assert!(Events::new(lines.as_bytes()).next().is_err());
        let comments = ": alive\n".repeat(LONGEST) + "data: 1\n\n";
        assert_eq!(Events::new(comments.as_bytes()).next().unwrap(), Some(message("", "1")));
        assert!(Events::new(&b"data: \xff\n\n"[..]).next().is_err());
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_events_or_an_error(bytes: Vec<u8>) {
            let mut events = Events::new(&bytes[..]);
            while let Ok(Some(_)) = events.next() {}
        }
    }
}
