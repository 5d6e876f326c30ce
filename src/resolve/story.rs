//! A story: prompts that follow each other. A story becomes prompts whose weights change; nothing else knows about stories.

use std::path::Path;

use crate::files::read_text_from_anywhere;
use crate::settings::{Keyframes, OrNone, Overrides, PromptWeight, Prompts};
use crate::{Error, Result};

/// The hint for a file that cannot be used.
const HINT: &str = "give a text file with one prompt per line";

/// A line of a story.
#[derive(Debug, PartialEq)]
struct Line {
    /// Its number in the file, from 1
    number: usize,
    /// The frame at which only this line counts, if the line names it
    frame: Option<usize>,
    text: String,
}

/// Turns the story of the layers, the strongest first, into prompts and their weights. Prompts of the layer that has the
/// story come before those of the story; weaker layers contribute neither prompts nor weights. If a stronger layer has
/// prompts of its own, the story is ignored.
///
/// # Errors
/// If the file cannot be read, one of its lines is wrong, or nothing says how long the story is; also if there is a crossfade
/// without a story.
pub(super) fn settle(layers: &[Overrides], merged: &mut Overrides) -> Result<()> {
    let strongest = |names: fn(&Overrides) -> bool| layers.iter().position(names).unwrap_or(usize::MAX);
    let (told, prompted) = (strongest(|layer| layer.story.is_some()), strongest(|layer| layer.prompt.is_some()));
    let weighted = strongest(|layer| layer.prompt_weights.is_some());
    // Weights belong to the prompts of the same layer or a weaker one.
    if weighted > prompted.min(told) {
        merged.prompt_weights = None;
    }
    let (story, crossfade) = (merged.story.take(), merged.crossfade.take());
    if crossfade.is_some() && story.is_none() {
        let problem = "‹crossfade› is the time between the lines of a story, but no story was given";
        return Err(Error::usage(problem, "give a story with ‹story›, or leave out ‹crossfade›"));
    }
    let Some(path) = story.filter(|_| told <= prompted) else { return Ok(()) };
    let length = merged.length.as_ref().and_then(OrNone::value).copied();
    let Some(frames) = length.or(merged.iterations) else {
        let hint = "give the number of frames with ‹length›, or the number of iterations with ‹iterations›";
        return Err(Error::usage("‹story› needs a length", hint));
    };
    let before = merged.prompt.take().filter(|_| told == prompted);
    let (prompts, weights) = read(&path, frames, crossfade, before.as_ref())?;
    merged.prompt = Some(prompts);
    merged.prompt_weights.get_or_insert_default().extend(weights);
    Ok(())
}

/// The prompts of a file after those before it, and the weights of the file's prompts over a number of frames.
fn read(
    path: &Path,
    frames: usize,
    crossfade: Option<usize>,
    before: Option<&Prompts>,
) -> Result<(Prompts, Vec<PromptWeight>)> {
    let text = read_text_from_anywhere(path, HINT)?;
    let wrong = |number: usize, problem: String| {
        let hint = "write one prompt per line, such as `a castle at night`, or `50: a castle at night` in every line";
        Error::file(path, format!("line {number}: {problem}"), hint)
    };
    let lines = lines(&text);
    if lines.is_empty() {
        return Err(Error::file(path, "the story has no prompts", HINT));
    }
    if lines.len() > frames.max(1) {
        let problem = format!("the story has {} lines, but there are only {frames} frames or iterations", lines.len());
        return Err(Error::file(path, problem, "leave out lines, or draw more frames"));
    }
    let starts: Vec<usize> =
        lines.iter().enumerate().map(|(index, line)| line.frame.unwrap_or(index * frames / lines.len())).collect();
    if let Some(index) = (1..starts.len()).find(|index| starts[*index] <= starts[index - 1]) {
        let problem = format!("frame {} does not come after frame {}", starts[index], starts[index - 1]);
        return Err(wrong(lines[index].number, problem));
    }
    let mut texts: Vec<String> = before.iter().map(ToString::to_string).collect();
    let mut count = before.map_or(0, |prompts| prompts.all().len());
    let mut weights = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let own: Prompts = line.text.parse().map_err(|problem| wrong(line.number, problem))?;
        for prompt in own.all() {
            count += 1;
            let keys =
                shares(&starts, index, crossfade).into_iter().map(|(frame, share)| (frame, share * prompt.weight));
            // A single line keeps the weight of its prompt.
            if let Some(keys) = Keyframes::linear(keys.collect()).filter(|_| lines.len() > 1) {
                weights.push(PromptWeight { prompt: count, keys });
            }
        }
        texts.push(line.text.clone());
    }
    let prompts = texts.join(" | ").parse().map_err(|problem| Error::file(path, problem, HINT))?;
    Ok((prompts, weights))
}

/// The lines with prompts. A number and a colon at the start are a frame only if every line has them: `2001: a space odyssey`
/// is a prompt.
fn lines(text: &str) -> Vec<Line> {
    let lines = text.trim_start_matches('\u{feff}').lines().enumerate();
    let lines = lines.map(|(index, line)| (index + 1, line.trim()));
    let lines: Vec<_> = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')).collect();
    let timed = |line: &str| {
        let (frame, text) = line.split_once(':')?;
        let is_number = !frame.is_empty() && frame.bytes().all(|byte| byte.is_ascii_digit());
        Some((frame.parse::<u32>().ok().filter(|_| is_number)? as usize, text.trim().to_owned()))
    };
    let are_timed = lines.iter().all(|(_, line)| timed(line).is_some());
    let line = |(number, line): (usize, &str)| match timed(line).filter(|_| are_timed) {
        Some((frame, text)) => Line { number, frame: Some(frame), text },
        None => Line { number, frame: None, text: line.to_owned() },
    };
    lines.into_iter().map(line).collect()
}

/// The keys for the share of a line, from 0 to 1: the line fades in until its start, and out until the start of the next line.
fn shares(starts: &[usize], index: usize, crossfade: Option<usize>) -> Vec<(usize, f64)> {
    // The first frame of the change to the next line.
    let change = |index: usize| {
        let between = starts[index + 1] - starts[index];
        starts[index + 1] - crossfade.unwrap_or(between).clamp(1, between)
    };
    let mut keys = Vec::new();
    if let Some(before) = index.checked_sub(1) {
        keys.push((change(before), 0.0));
    }
    keys.push((starts[index], 1.0));
    if index + 1 < starts.len() {
        if change(index) > starts[index] {
            keys.push((change(index), 1.0));
        }
        keys.push((starts[index + 1], 0.0));
    }
    keys
}

#[cfg(test)]
#[allow(clippy::float_cmp)] // shares of whole numbers
mod tests {
    use super::*;
    use crate::resolve::combine;

    fn told(text: &str, asked: Overrides) -> Result<crate::settings::Settings> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("story.txt");
        std::fs::write(&path, text).unwrap();
        combine(&[Overrides { story: Some(path), ..asked }])
    }

    fn animated(length: usize) -> Overrides {
        Overrides { length: Some(length.into()), iterations_per_frame: Some(1), ..Overrides::default() }
    }

    fn at(settings: &crate::settings::Settings, frames: &[usize]) -> Vec<Vec<f64>> {
        let weight = |index, frame| settings.course_of_prompt(index).unwrap().at(frame);
        let prompts = settings.prompt.all().len();
        frames.iter().map(|frame| (0..prompts).map(|index| weight(index, *frame)).collect()).collect()
    }

    #[test]
    fn lines_fade_into_each_other() {
        let settings = told("# a day\na dawn\n\na noon | fog:0.5\na night\n", animated(30)).unwrap();
        assert_eq!(settings.prompt.to_string(), "a dawn | a noon | fog:0.5 | a night");
        assert_eq!(
            at(&settings, &[0, 5, 10, 15, 20, 29]),
            [
                [1.0, 0.0, 0.0, 0.0],
                [0.5, 0.5, 0.25, 0.0],
                [0.0, 1.0, 0.5, 0.0],
                [0.0, 0.5, 0.25, 0.5],
                [0.0, 0.0, 0.0, 1.0],
                [0.0, 0.0, 0.0, 1.0]
            ]
        );
    }

    #[test]
    fn lines_have_times_and_change_at_once() {
        let text = "5: a dawn\n20: a noon\n";
        let cut = told(text, Overrides { crossfade: Some(0), ..animated(30) }).unwrap();
        assert_eq!(at(&cut, &[0, 19, 20, 29]), [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]);
        let short = told(text, Overrides { crossfade: Some(2), ..animated(30) }).unwrap();
        assert_eq!(at(&short, &[18, 19, 20]), [[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]]);
        // Not all lines have a number, so it is a part of the prompt.
        let odyssey = told("2001: a space odyssey\na dawn", animated(30)).unwrap();
        assert_eq!(odyssey.prompt.all()[0].text, "2001: a space odyssey");
    }

    #[test]
    fn a_story_joins_the_prompts_of_its_layer() {
        let prompt = Some("film grain:0.2".parse().unwrap());
        let settings = told("a dawn\na noon", Overrides { prompt, ..animated(4) }).unwrap();
        assert_eq!(settings.prompt.to_string(), "film grain:0.2 | a dawn | a noon");
        assert_eq!(settings.prompt_weights.iter().map(|weight| weight.prompt).collect::<Vec<_>>(), [2, 3]);
        let one = told("a dawn", animated(4)).unwrap();
        assert!(one.prompt_weights.is_empty() && one.prompt.to_string() == "a dawn");
    }

    #[test]
    fn a_crossfade_needs_a_story() {
        let faded = |prompt: &str| Overrides { crossfade: Some(2), prompt: prompt.parse().ok(), ..animated(4) };
        let error = combine(&[faded("a dawn")]).unwrap_err().to_string();
        assert!(error.starts_with("--crossfade is the time between the lines of a story"), "{error}");
        assert!(told("a dawn\na noon", faded("")).is_ok());
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        for (text, problem) in [
            ("# nothing\n", "the story has no prompts"),
            ("5: a\n\n5: b", "line 3: frame 5 does not come after frame 5"),
            ("a\nb:0", "line 2: a prompt of weight 0 does nothing (column 1)"),
            ("a\nb\nc\nd\ne", "the story has 5 lines, but there are only 4 frames or iterations"),
        ] {
            let error = told(text, animated(4)).unwrap_err().to_string();
            assert!(error.contains(problem), "{error}");
        }
    }

    #[test]
    fn weights_are_of_the_prompts_they_were_given_with() {
        let weights = Some(vec!["1 = 0: 1, 3: 2".parse().unwrap()]);
        let recipe = Overrides { prompt: Some("a".parse().unwrap()), prompt_weights: weights, ..animated(4) };
        assert_eq!(combine(std::slice::from_ref(&recipe)).unwrap().prompt_weights.len(), 1);
        let other = Overrides { prompt: Some("b".parse().unwrap()), ..Overrides::default() };
        assert!(combine(&[other, recipe]).unwrap().prompt_weights.is_empty());
    }
}
