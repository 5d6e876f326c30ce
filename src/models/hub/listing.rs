//! The files of a repository, and which of them a model needs.

use serde::Deserialize;

use super::agent::{Agent, trouble};
use super::repository::{Repository, is_commit, is_inner_path, is_no_print};
use super::retry::{Failure, retry};
use crate::models::Role;
use crate::models::container::is_shard_of;
use crate::models::located::{CLIP_PAIRS, UPSCALER_EXTENSIONS, VQGAN_WEIGHTS, clip_files, vqgan_files};
use crate::{Error, Result};

/// Maximum length of an answer, in bytes.
const LONGEST: u64 = 16 << 20;

/// The content of a repository at a commit.
#[derive(Debug)]
pub(super) struct Listing {
    /// The commit
    pub(super) commit: String,
    /// The files' paths
    pub(super) files: Vec<String>,
    /// License according to its card
    pub(super) licence: Option<String>,
}

/// The relevant part of the hub's answer.
#[derive(Deserialize)]
struct Answer {
    sha: String,
    siblings: Vec<Sibling>,
    #[serde(default, rename = "cardData")]
    card: Option<Card>,
}

#[derive(Deserialize)]
struct Sibling {
    rfilename: String,
}

#[derive(Deserialize)]
struct Card {
    #[serde(default)]
    license: Option<serde_json::Value>,
}

/// Asks the hub for the content of a repository.
///
/// # Errors
/// If the hub cannot be reached, or does not provide the repository.
pub(super) fn listing(agent: &Agent, repository: &Repository) -> Result<Listing> {
    let names = ["api", "models"].into_iter().chain(repository.id.split('/'));
    let url = agent.hub_url(names.chain(["revision", &repository.revision]))?;
    let answer: Answer = retry(agent.stop(), || {
        let (response, url) = agent.follow(&url, &[], Some(agent.answer()))?;
        let mut response = agent.check(response, &url, Some(repository), "the list of files")?;
        let text = response.body_mut().with_config().limit(LONGEST).read_to_vec();
        let text = text.map_err(|error| Failure::again(trouble(&url, &error)))?;
        serde_json::from_slice(&text).map_err(|error| {
            let error = one_line(&error.to_string());
            let message = format!("{} does not list the files of {repository}: {error}", agent.hub());
            Failure::Never(Error::network(message, "check HF_ENDPOINT"))
        })
    })?;
    if !is_commit(&answer.sha) {
        let message = format!("{} does not report the commit of {repository}", agent.hub());
        return Err(Error::network(message, "check HF_ENDPOINT"));
    }
    if repository.is_pinned() && answer.sha != repository.revision {
        let message = format!("{} lists the commit {}, but {repository} was requested", agent.hub(), answer.sha);
        return Err(Error::network(message, "check HF_ENDPOINT: a mirror may have other revisions"));
    }
    let files = answer.siblings.into_iter().map(|sibling| sibling.rfilename).filter(|file| is_inner_path(file));
    let licence = answer.card.and_then(|card| card.license).and_then(|licence| licence.as_str().map(one_line));
    Ok(Listing { commit: answer.sha, files: files.collect(), licence })
}

/// The first line of a server's text, without characters that control a terminal.
fn one_line(text: &str) -> String {
    const MOST: usize = 100;
    text.lines().next().unwrap_or_default().chars().filter(|character| !is_no_print(*character)).take(MOST).collect()
}

impl Listing {
    fn has(&self, file: &str) -> bool {
        self.files.iter().any(|found| found == file)
    }

    /// The model's role: only a CLIP needs a tokenizer, and only an upscaler needs no configuration.
    pub(super) fn role(&self) -> Role {
        let clip =
            ["tokenizer.json", "open_clip_config.json", "vocab.json", "vocab.txt"].iter().any(|file| self.has(file));
        let config = |file: &String| {
            file.rsplit_once('.').is_some_and(|(_, extension)| ["json", "yaml", "yml"].contains(&extension))
        };
        if clip {
            Role::Clip
        } else if self.upscaler().is_some() && !self.files.iter().any(config) {
            Role::Upscaler
        } else {
            Role::Vqgan
        }
    }

    /// The files a model of a role needs: the weights first, then the configuration.
    ///
    /// # Errors
    /// If the repository holds no such model; the hint lists the files it needs.
    pub(super) fn select(&self, role: Role, repository: &Repository) -> Result<Vec<String>> {
        match role {
            Role::Clip => self.select_clip(repository),
            Role::Vqgan => self.select_vqgan(repository),
            Role::Upscaler => self.select_single(repository, "upscaler"),
            Role::Aesthetic => self.select_single(repository, "aesthetic"),
        }
    }

    fn select_clip(&self, repository: &Repository) -> Result<Vec<String>> {
        let pair = CLIP_PAIRS.iter().find(|(weights, config)| self.has(weights) && self.has(config));
        let has_tokenizer = self.has("tokenizer.json") || self.has("vocab.txt");
        let Some((weights, config)) = pair.filter(|_| has_tokenizer) else {
            return Err(no_model(repository, "CLIP", &format!("tokenizer.json, and {}", clip_files())));
        };
        let others = ["tokenizer.json", "preprocessor_config.json"].into_iter().filter(|file| self.has(file));
        // The tokenizer is made from a list of words, and the options say whether these are lowercase.
        let words = ["vocab.txt", "tokenizer_config.json"].into_iter();
        let words = words.filter(|file| self.has(file) && !self.has("tokenizer.json"));
        // The last layer of a text tower of sentence-transformers; one of its weight files is enough.
        let dense = ["2_Dense/model.safetensors", "2_Dense/pytorch_model.bin"].into_iter().find(|file| self.has(file));
        let around = ["2_Dense/config.json", "sentence_bert_config.json"].into_iter();
        let around = around.filter(|file| dense.is_some() && self.has(file));
        let others = others.chain(words).chain(dense).chain(around);
        let files = [weights, config].into_iter().copied().chain(others).chain(self.parts_of(weights));
        Ok(files.map(str::to_owned).collect())
    }

    /// The parts of weights that are split into several files.
    fn parts_of<'s>(&'s self, weights: &'s str) -> impl Iterator<Item = &'s str> {
        self.files.iter().map(String::as_str).filter(move |file| is_shard_of(weights, file))
    }

    /// The only weight file of the repository's main folder: an upscaler is a single file.
    fn upscaler(&self) -> Option<String> {
        UPSCALER_EXTENSIONS.iter().find_map(|extension| self.only(&[extension]))
    }

    /// The only file of the repository's main folder with one of these extensions.
    fn only(&self, extensions: &[&str]) -> Option<String> {
        let fits = |file: &&String| {
            !file.contains('/') && file.rsplit_once('.').is_some_and(|(_, extension)| extensions.contains(&extension))
        };
        let mut fitting = self.files.iter().filter(fits);
        fitting.next().filter(|_| fitting.next().is_none()).cloned()
    }

    /// A model that is a single file.
    fn select_single(&self, repository: &Repository, kind: &str) -> Result<Vec<String>> {
        let wanted = "a single .safetensors or .pth file; of several, download one and give its path";
        self.upscaler().map(|only| vec![only]).ok_or_else(|| no_model(repository, kind, wanted))
    }

    fn select_vqgan(&self, repository: &Repository) -> Result<Vec<String>> {
        let weights = VQGAN_WEIGHTS.iter().find(|weights| self.has(weights)).map(|weights| (*weights).to_owned());
        let weights = weights.or_else(|| self.only(&["ckpt"]));
        let wanted = || format!("{}, and its configuration", vqgan_files());
        let weights = weights.ok_or_else(|| no_model(repository, "VQGAN", &wanted()))?;
        let folder = weights.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
        let named = ["model.yaml", "config.yaml", "config.json"].map(|name| format!("{folder}{name}"));
        let config = named.into_iter().find(|config| self.has(config));
        let config = config.or_else(|| self.only(&["yaml", "yml"]));
        let config = config.ok_or_else(|| no_model(repository, "VQGAN", &wanted()))?;
        let parts: Vec<String> = self.parts_of(&weights).map(str::to_owned).collect();
        Ok([weights, config].into_iter().chain(parts).collect())
    }
}

fn no_model(repository: &Repository, kind: &str, wanted: &str) -> Error {
    Error::usage(format!("{repository} holds no {kind} model"), format!("the repository needs {wanted}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_servers_text_is_one_plain_line() {
        assert_eq!(one_line("mit\u{1b}[2J\nsecond"), "mit[2J");
        assert_eq!(one_line(&"x".repeat(1000)).len(), 100);
        assert_eq!(one_line(""), "");
    }
}
