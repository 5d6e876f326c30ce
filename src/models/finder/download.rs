//! Downloads the missing or damaged files of models.

use std::path::PathBuf;

use super::Finder;
use crate::models::Role;
use crate::models::hub::{Item, Origin, Progress, Repository, Request};
use crate::models::manifest::Entry;
use crate::progress::Event;
use crate::{Error, Result};

impl Finder<'_> {
    /// Downloads the model's files in a repository that are missing or damaged; without a role, a model of any role.
    /// Returns the role and the paths of the files.
    ///
    /// # Errors
    /// If network access is disabled, or the files cannot be downloaded.
    pub fn pull_repository(&self, repository: &Repository, role: Option<Role>) -> Result<(Role, Vec<PathBuf>)> {
        self.fetch_repository(repository, role, |_| None, true)
    }

    pub(super) fn fetch_repository(
        &self,
        repository: &Repository,
        role: Option<Role>,
        known: impl Fn(&str) -> Option<String>,
        repair: bool,
    ) -> Result<(Role, Vec<PathBuf>)> {
        self.check_network(&repository.to_string())?;
        let selection = self.hub()?.select(repository, role)?;
        let request = |file: String| {
            let sha256 = known(&file);
            Request { origin: Origin::Repository(repository.clone()), file, bytes: None, sha256 }
        };
        let items = self.hub()?.look_up(selection.files.into_iter().map(request).collect())?;
        if repair {
            self.discard_damaged(items.iter().map(Item::at_its_commit))?;
        }
        let paths = self.fetch(&repository.to_string(), selection.licence.as_deref(), &items)?;
        Ok((selection.role, paths))
    }

    /// Downloads the files of an entry that are missing or damaged; a branch is looked up again.
    ///
    /// # Errors
    /// If network access is disabled, or the files cannot be downloaded.
    pub fn pull_entry(&self, entry: &Entry) -> Result<Vec<PathBuf>> {
        let requests = self.requests(entry)?;
        if requests.iter().all(is_pinned) {
            if !self.hub()?.environment().offline {
                self.discard_damaged(requests.iter().cloned())?;
            }
            return self.provide(&entry.name, Some(&entry.licence), requests);
        }
        self.check_network(&entry.name)?;
        let items = self.hub()?.look_up(requests)?;
        self.discard_damaged(items.iter().map(Item::at_its_commit))?;
        self.fetch(&entry.name, Some(&entry.licence), &items)
    }

    pub(super) fn discard_damaged(&self, requests: impl Iterator<Item = Request>) -> Result<()> {
        for request in requests {
            self.hub()?.discard_damaged(&request)?;
        }
        Ok(())
    }

    /// Why the network is not used.
    pub(in crate::models) fn why_offline(&self) -> &'static str {
        if self.offline { "‹offline› is set" } else { "network access is disabled" }
    }

    pub(super) fn check_network(&self, name: &str) -> Result<()> {
        if self.hub()?.environment().offline {
            let hint = if self.offline { "remove ‹offline›" } else { "unset HF_HUB_OFFLINE" };
            return Err(Error::usage(format!("{name} cannot be downloaded: {}", self.why_offline()), hint));
        }
        Ok(())
    }

    /// The paths of files, after downloading the missing ones.
    pub(in crate::models) fn provide(
        &self,
        name: &str,
        licence: Option<&str>,
        requests: Vec<Request>,
    ) -> Result<Vec<PathBuf>> {
        let here = requests.iter().map(|request| self.at_hand(request));
        let mut here = here.collect::<Result<Vec<Option<PathBuf>>>>()?;
        if let Some(hole) = here.iter().position(Option::is_none)
            && self.hub()?.environment().offline
        {
            let problem = format!("{name} is not downloaded ({}), and {}", requests[hole].file, self.why_offline());
            let at_commit = match &requests[hole].origin {
                // A recipe's model is downloaded by its commit, since the name alone stands for another one.
                Origin::Repository(repository) if self.records.iter().any(|(_, record)| record.name == name) => {
                    repository.to_string()
                }
                _ => name.to_owned(),
            };
            return Err(Error::usage(problem, fetch_hint(&at_commit, None)));
        }
        if here.iter().all(Option::is_some) {
            return Ok(here.into_iter().flatten().collect());
        }
        // A branch may have moved on, but all of its files must be from one commit.
        let holes: Vec<usize> = (0..here.len()).filter(|index| here[*index].is_none()).collect();
        for index in 0..here.len() {
            if holes.iter().any(|hole| requests[*hole].origin == requests[index].origin && !is_pinned(&requests[index]))
            {
                here[index] = None;
            }
        }
        let missing = requests.into_iter().zip(&here).filter(|(_, here)| here.is_none()).map(|(request, _)| request);
        let items = self.hub()?.look_up(missing.collect())?;
        let mut fetched = self.fetch(name, licence, &items)?.into_iter();
        Ok(here.into_iter().filter_map(|here| here.or_else(|| fetched.next())).collect())
    }

    pub(super) fn fetch(&self, name: &str, licence: Option<&str>, items: &[Item]) -> Result<Vec<PathBuf>> {
        let missing = self.hub()?.missing(items);
        if !missing.is_empty() {
            (self.tell)(Event::Download {
                model: name.to_owned(),
                files: missing.len(),
                bytes: missing.iter().map(|item| item.bytes()).sum(),
                licence: licence.map(str::to_owned),
                from: missing[0].from(self.hub()?),
            });
        }
        self.hub()?.fetch(items, &|progress: Progress| {
            let Progress { file, done, total, all_done, all_total } = progress;
            (self.tell)(Event::Downloaded { file: file.to_owned(), done, total, all_done, all_total });
        })
    }
}

/// Whether a requested file can never change.
pub(super) fn is_pinned(request: &Request) -> bool {
    match &request.origin {
        Origin::Repository(repository) => repository.is_pinned(),
        Origin::Page { .. } => true,
    }
}

pub(super) fn fetch_hint(name: &str, role: Option<Role>) -> String {
    let role = role.map_or_else(String::new, |role| format!(" --role {}", role.option()));
    format!("download it first, with network access: text2art models pull {name}{role}")
}
