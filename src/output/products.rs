//! The files that a run is to write.

use std::path::{Path, PathBuf};

use super::{Kind, Make};
use crate::files::{Existing, PartialFile};
use crate::settings::Settings;
use crate::{Error, Result};

/// A file, or a folder of frames, that a run is to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// What it is
    pub kind: Kind,
    /// Where it goes
    pub path: PathBuf,
    /// What happens to a file that is there
    pub existing: Existing,
}

impl Product {
    /// A product that replaces nothing.
    #[must_use]
    pub fn new(kind: Kind, path: PathBuf) -> Self {
        Self { kind, path, existing: Existing::Keep }
    }
}

/// All that a run is to write, at most one of each kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Products {
    /// What names the others: a PNG, or a movie that is made instead; none if the PNG goes to no file
    output: Option<Product>,
    /// In the order of the kinds
    beside: Vec<Product>,
}

impl Products {
    /// An output with what is written beside it.
    #[must_use]
    pub fn new(output: Product, beside: Vec<Product>) -> Self {
        Self { output: Some(output), beside }
    }

    /// The path of the output; an empty one if there is none.
    #[must_use]
    pub fn output(&self) -> &Path {
        self.output.as_ref().map_or(Path::new(""), |output| &output.path)
    }

    /// All of them, the output first.
    pub fn iter(&self) -> impl Iterator<Item = &Product> {
        self.output.iter().chain(&self.beside)
    }

    /// The paths of all of them, the output's first.
    pub fn paths(&self) -> impl Iterator<Item = &PathBuf> {
        self.iter().map(|product| &product.path)
    }

    /// The product of a kind.
    #[must_use]
    pub fn of(&self, kind: Kind) -> Option<&Product> {
        self.iter().find(|product| product.kind == kind)
    }

    /// The product at a path.
    #[must_use]
    pub fn at(&self, path: &Path) -> Option<&Product> {
        self.iter().find(|product| product.path == path)
    }

    /// The PNG.
    #[must_use]
    pub fn picture(&self) -> Option<&Product> {
        self.output.as_ref().filter(|output| matches!(output.kind.make, Make::Picture))
    }

    /// The movie that is made instead of the PNG.
    #[must_use]
    pub fn instead(&self) -> Option<&Product> {
        self.output.as_ref().filter(|output| output.kind.moves())
    }

    /// What is made of frames.
    pub fn moving(&self) -> impl Iterator<Item = &Product> {
        self.iter().filter(|product| product.kind.moves())
    }

    /// What is made of all frames from the first on.
    pub fn movies(&self) -> impl Iterator<Item = &Product> {
        self.iter().filter(|product| matches!(product.kind.make, Make::Movie(_)))
    }

    /// Without a file for the output.
    #[must_use]
    pub fn without_output(self) -> Self {
        Self { output: None, ..self }
    }

    /// The same files with what is to happen to those that are there.
    ///
    /// # Errors
    /// What `existing` returns.
    pub fn with_existing(self, existing: impl Fn(&Product) -> Result<Existing>) -> Result<Self> {
        let with = |product: Product| Ok::<_, Error>(Product { existing: existing(&product)?, ..product });
        let output = self.output.map(with).transpose()?;
        Ok(Self { output, beside: self.beside.into_iter().map(with).collect::<Result<_>>()? })
    }

    /// Refuses names that are too long, and settings whose pictures one of the files cannot show.
    ///
    /// # Errors
    /// If there are such.
    pub fn check(&self, settings: &Settings) -> Result<()> {
        self.check_names()?;
        self.iter().try_for_each(|product| (product.kind.check)(settings))
    }

    /// Refuses names that leave no room for that of the part which is written first.
    ///
    /// # Errors
    /// If there are such.
    pub fn check_names(&self) -> Result<()> {
        self.movies().try_for_each(|product| PartialFile::check_name(&product.path))
    }
}
