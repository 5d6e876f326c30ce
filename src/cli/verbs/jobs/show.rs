//! Jobs in words.

use crate::client::{Job, State};
use crate::models::hub::megabytes;
use crate::text::waiting;

/// A job in a line: its id, its state, and its prompt.
pub(super) fn line(job: &Job) -> String {
    format!("{}  {:30} {}", job.id, state(job), job.prompt)
}

/// A job in several lines.
pub(super) fn details(job: &Job) -> Vec<String> {
    let setting = |name: &str| {
        let value = job.settings.get(name)?;
        Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    };
    let what = [
        Some(job.kind.clone()).filter(|kind| !kind.is_empty()),
        job.quality.clone(),
        setting("size"),
        setting("seed").map(|seed| format!("seed {seed}")),
    ];
    let what = what.into_iter().flatten().collect::<Vec<_>>().join(", ");
    let file = |file: &crate::client::Artifact| format!("{} ({})", file.name, megabytes(file.bytes));
    let files = job.files.iter().map(file).collect::<Vec<_>>().join(", ");
    let result = job.result.as_ref().map(|drawn| {
        let how = drawn.figures.behind_words();
        format!("{}x{}, drawn in {:.1} s{how}", drawn.width, drawn.height, drawn.seconds)
    });
    let lines = [
        ("job", Some(job.id.to_string())),
        ("state", Some(state(job))),
        ("prompt", Some(job.prompt.clone())),
        ("picture", Some(what)),
        ("made", Some(job.products.join(", "))),
        ("created", job.created.clone()),
        ("finished", job.finished.clone()),
        ("result", result),
        ("files", Some(files)),
        ("error", job.error.clone()),
        ("hint", job.hint.clone()),
    ];
    let lines = lines.into_iter().filter_map(|(name, value)| Some((name, value.filter(|value| !value.is_empty())?)));
    lines.map(|(name, value)| format!("{name:9} {value}")).collect()
}

/// The state of a job, with how far it is.
fn state(job: &Job) -> String {
    match job.state {
        State::Queued => match (job.position, job.waiting) {
            (Some(position), Some(waiting)) => {
                format!("queued: {}", waiting::in_words(position, waiting, job.starts_in))
            }
            _ => "queued".to_owned(),
        },
        State::Running => match (job.iteration, job.iterations) {
            (Some(iteration), Some(iterations)) => format!("running: {iteration} of {iterations}"),
            _ => "running".to_owned(),
        },
        State::Done => "done".to_owned(),
        State::Dead => "dead".to_owned(),
        State::Cancelled => "cancelled".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_job_is_told_in_a_line_or_in_several() {
        let id = "0123456789abcdefghjkmnpqrs";
        let job = |json| serde_json::from_value::<Job>(json).unwrap();
        let queued = job(json!({"id": id, "state": "queued", "prompt": "a cat", "position": 3, "waiting": 7,
            "starts_in": 38.0}));
        assert_eq!(line(&queued), format!("{id}  {:30} a cat", "queued: 3rd of 7, about 40 s"));
        let running = job(json!({"id": id, "state": "running", "prompt": "a cat", "iteration": 7, "iterations": 10}));
        assert!(line(&running).contains("running: 7 of 10"));
        let done = job(json!({"id": id, "state": "done", "prompt": "a cat", "kind": "vqgan", "quality": "normal",
            "settings": {"size": "64x48", "seed": 7}, "files": [{"name": "picture.png", "bytes": 1500, "sha256": ""}],
            "result": {"width": 64, "height": 48, "loss": 0.5, "fit": 0.34,
            "first_fit": 0.21, "seed": "7", "seconds": 1.25}}));
        assert_eq!(
            details(&done),
            [
                format!("job       {id}").as_str(),
                "state     done",
                "prompt    a cat",
                "picture   vqgan, normal, 64x48, seed 7",
                "result    64x48, drawn in 1.2 s, fits the prompt: 0.21 -> 0.34",
                "files     picture.png (1.5 kB)",
            ]
        );
    }
}
