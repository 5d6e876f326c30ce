//! What a child says on its standard error: events as lines of JSON, and anything else.

use std::collections::VecDeque;

use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::sync::mpsc;

use crate::progress::Figures;

/// The longest line, in bytes; the rest of a longer one is dropped.
const LONGEST_LINE: usize = 64 << 10;
/// The most bytes that are not events.
const MOST_TEXT: usize = 16 << 20;
/// How many of the last lines are kept.
const LAST_LINES: usize = 40;
/// The most bytes of a line that are kept.
const KEPT_OF_LINE: usize = 2000;
/// How many lines wait.
const WAITING: usize = 64;

/// An event of a run, as far as a worker cares.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum Said {
    Started {
        iterations: u32,
        done: u32,
    },
    Step {
        iteration: u32,
        loss: Option<f64>,
        fit: Option<f64>,
    },
    Saved {
        path: String,
    },
    Checkpoint {
        iteration: u32,
    },
    Finished {
        seed: u64,
        #[serde(flatten)]
        figures: Figures,
        seconds: f64,
        width: u32,
        height: u32,
    },
    Failed {
        message: String,
        hint: String,
        in_fields: Option<Fault>,
    },
    TaskBegun {
        number: u64,
    },
    TaskEnded {
        number: u64,
        exit_code: i32,
    },
    #[serde(other)]
    Other,
}

/// What is wrong and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Fault {
    pub(super) message: String,
    pub(super) hint: String,
}

/// The lines that were no events.
#[derive(Debug, Default)]
pub(super) struct Tail {
    lines: VecDeque<String>,
    bytes: usize,
}

impl Said {
    /// Reads a line; `None` if it is no event.
    pub(super) fn read(line: &str) -> Option<Self> {
        if !line.starts_with('{') {
            return None;
        }
        serde_json::from_str(line).ok()
    }
}

impl Tail {
    pub(super) fn add(&mut self, line: &str) {
        self.pass_over(line);
        if self.lines.len() == LAST_LINES {
            self.lines.pop_front();
        }
        self.lines.push_back(line[..line.floor_char_boundary(KEPT_OF_LINE)].to_owned());
    }

    /// Counts a line, but does not keep it.
    pub(super) fn pass_over(&mut self, line: &str) {
        self.bytes += line.len() + 1;
    }

    /// Whether there were more than any run writes.
    pub(super) fn is_too_long(&self) -> bool {
        self.bytes > MOST_TEXT
    }

    /// The last lines; `None` if there are none.
    pub(super) fn text(&self) -> Option<String> {
        (!self.lines.is_empty()).then(|| self.lines.iter().map(String::as_str).collect::<Vec<_>>().join("\n"))
    }
}

/// Reads lines in a task of its own, which ends with the input or when the receiver is dropped.
pub(super) fn lines(input: impl AsyncRead + Unpin + Send + 'static) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel(WAITING);
    tokio::spawn(async move {
        let mut reader = BufReader::new(input);
        let mut line = Vec::new();
        loop {
            let (taken, is_whole) = match reader.fill_buf().await {
                Ok([]) | Err(_) => break,
                Ok(bytes) => {
                    let end = bytes.iter().position(|byte| *byte == b'\n');
                    let part = &bytes[..end.unwrap_or(bytes.len())];
                    line.extend_from_slice(&part[..part.len().min(LONGEST_LINE - line.len())]);
                    (end.map_or(bytes.len(), |end| end + 1), end.is_some())
                }
            };
            reader.consume(taken);
            if is_whole && sender.send(String::from_utf8_lossy(&line).into_owned()).await.is_err() {
                return;
            }
            if is_whole {
                line.clear();
            }
        }
        if !line.is_empty() {
            let _ = sender.send(String::from_utf8_lossy(&line).into_owned()).await;
        }
    });
    receiver
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progress::{Event, InFields};
    use crate::worker::Notice;

    fn said(event: &Event) -> Option<Said> {
        Said::read(&serde_json::to_string(event).unwrap())
    }

    #[test]
    fn events_are_read_as_runs_write_them() {
        let step = Event::Step { iteration: 4, loss: f64::NAN, fit: Some(0.25), losses: vec![("clip".into(), 0.5)] };
        assert_eq!(said(&step), Some(Said::Step { iteration: 4, loss: None, fit: Some(0.25) }));
        assert_eq!(
            said(&Event::Saved { path: "picture.png".into() }),
            Some(Said::Saved { path: "picture.png".into() })
        );
        assert_eq!(said(&Event::Warning { message: "hm".into() }), Some(Said::Other));
        let in_fields = Some(InFields { message: "cut_batch 0".into(), hint: "give a cut_batch".into() });
        let failed = Event::Failed { message: "--cut-batch 0".into(), hint: "h".into(), exit_code: 2, in_fields };
        let fault = Fault { message: "cut_batch 0".into(), hint: "give a cut_batch".into() };
        let read = Said::Failed { message: "--cut-batch 0".into(), hint: "h".into(), in_fields: Some(fault) };
        assert_eq!(said(&failed), Some(read));
        let noticed = |notice: &Notice| Said::read(&serde_json::to_string(notice).unwrap());
        assert_eq!(noticed(&Notice::TaskBegun { number: 7 }), Some(Said::TaskBegun { number: 7 }));
        let ended = Notice::TaskEnded { number: 7, exit_code: 130 };
        assert_eq!(noticed(&ended), Some(Said::TaskEnded { number: 7, exit_code: 130 }));
        for other in ["", "thread 'main' panicked", "{", "{}", "[1]"] {
            assert_eq!(Said::read(other), None, "{other}");
        }
    }

    #[test]
    fn lines_are_bounded() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let text = [b"one\n".to_vec(), vec![b'x'; 200_000], b"\n\xff\n\nlast".to_vec()].concat();
        let found: Vec<String> = runtime.block_on(async {
            let mut lines = lines(std::io::Cursor::new(text));
            let mut found = Vec::new();
            while let Some(line) = lines.recv().await {
                found.push(line);
            }
            found
        });
        assert_eq!(found.iter().map(String::len).collect::<Vec<_>>(), [3, LONGEST_LINE, 3, 0, 4]);
        let mut tail = Tail::default();
        assert_eq!(tail.text(), None);
        for number in 0..100 {
            tail.add(&format!("line {number}"));
        }
        assert_eq!(tail.text().unwrap().lines().collect::<Vec<_>>()[..2], ["line 60", "line 61"]);
        while !tail.is_too_long() {
            tail.add(&found[1]);
        }
        assert!(tail.text().unwrap().len() <= LAST_LINES * (KEPT_OF_LINE + 1));
    }
}
