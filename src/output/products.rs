//! The files that a run writes.

use std::path::{Path, PathBuf};

use super::{Encoding, Kind, Make, TILE_PROOF, tile_proof, tile_proof_size};
use crate::files::{Existing, PartialFile, create_folder_of};
use crate::picture::Size;
use crate::settings::Settings;
use crate::{Error, Result, drawer};

/// A file or a folder of frames that a run writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// Its kind
    pub kind: Kind,
    /// Its path
    pub path: PathBuf,
    /// What happens to a file that already exists
    pub existing: Existing,
}

impl Product {
    /// Creates a product that replaces no file.
    #[must_use]
    pub fn new(kind: Kind, path: PathBuf) -> Self {
        Self { kind, path, existing: Existing::Keep }
    }
}

/// All files that a run writes, at most one of each kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Products {
    /// The product whose name the others derive from: a picture, or a movie made instead; none if the picture goes to no file
    output: Option<Product>,
    /// The other products, in the order of the kinds
    beside: Vec<Product>,
}

impl Products {
    /// Creates products from an output and the products beside it.
    #[must_use]
    pub fn new(output: Product, beside: Vec<Product>) -> Self {
        Self { output: Some(output), beside }
    }

    /// The path of the output; empty if there is no output.
    #[must_use]
    pub fn output(&self) -> &Path {
        self.output.as_ref().map_or(Path::new(""), |output| &output.path)
    }

    /// All products, the output first.
    pub fn iter(&self) -> impl Iterator<Item = &Product> {
        self.output.iter().chain(&self.beside)
    }

    /// The paths of all products, that of the output first.
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

    /// The picture.
    #[must_use]
    pub fn picture(&self) -> Option<&Product> {
        self.output.as_ref().filter(|output| matches!(output.kind.make, Make::Picture))
    }

    /// The movie that is made instead of the picture.
    #[must_use]
    pub fn instead(&self) -> Option<&Product> {
        self.output.as_ref().filter(|output| output.kind.moves())
    }

    /// The products that are made of frames of a run.
    pub fn moving(&self) -> impl Iterator<Item = &Product> {
        self.iter().filter(|product| product.kind.moves())
    }

    /// The products that need all frames of a run from the first on.
    pub fn movies(&self) -> impl Iterator<Item = &Product> {
        self.iter().filter(|product| matches!(product.kind.make, Make::Movie(_)))
    }

    /// These products without a file for the output.
    #[must_use]
    pub fn without_output(self) -> Self {
        Self { output: None, ..self }
    }

    /// These products, with `existing` deciding what happens to files that already exist.
    ///
    /// # Errors
    /// If `existing` returns an error.
    pub fn with_existing(self, existing: impl Fn(&Product) -> Result<Existing>) -> Result<Self> {
        let with = |product: Product| Ok::<_, Error>(Product { existing: existing(&product)?, ..product });
        let output = self.output.map(with).transpose()?;
        Ok(Self { output, beside: self.beside.into_iter().map(with).collect::<Result<_>>()? })
    }

    /// Creates the folders of the products that are missing. That they may be created was checked with the names.
    ///
    /// # Errors
    /// If they cannot be created.
    pub fn create_folders(&self) -> Result<()> {
        self.paths().try_for_each(|path| create_folder_of(path))
    }

    /// Checks that no name is too long, and that every file can show the picture of these settings.
    ///
    /// # Errors
    /// If a check fails.
    pub fn check(&self, settings: &Settings) -> Result<()> {
        self.check_names()?;
        if let Some((path, encoding)) = self.encoding(settings) {
            encoding.check(path, drawer::of(&settings.drawer)?.finished_size(settings))?;
        }
        self.iter().try_for_each(|product| (product.kind.check)(settings))
    }

    /// The path of the picture of these settings, and how it is encoded; none if it goes to no file.
    #[must_use]
    pub fn encoding(&self, settings: &Settings) -> Option<(&Path, Encoding)> {
        let path = self.picture()?.path.as_path();
        Some((path, Encoding::of(path, settings.picture_quality)))
    }

    /// The files that are encoded once the picture is finished: the path of each, its size, and about how many bytes that
    /// takes besides the picture. They are encoded one after the other.
    ///
    /// # Errors
    /// If the drawer does not exist.
    pub fn encoded(&self, settings: &Settings) -> Result<Vec<(&Path, Size, u64)>> {
        let size = drawer::of(&settings.drawer)?.finished_size(settings);
        let picture = self.encoding(settings).map(|(path, encoding)| (path, size, encoding.memory(size)));
        let proof = self.of(TILE_PROOF).zip(tile_proof_size(size, settings));
        let proof = proof.map(|(product, size)| (product.path.as_path(), size, tile_proof::memory(size)));
        Ok(picture.into_iter().chain(proof).collect())
    }

    /// Checks that each name leaves room for the name of the partial file.
    ///
    /// # Errors
    /// If a check fails.
    pub fn check_names(&self) -> Result<()> {
        let encoded = |product: &&Product| matches!(product.kind.make, Make::Movie(_) | Make::Reveal);
        self.iter().filter(encoded).try_for_each(|product| PartialFile::check_name(&product.path))
    }
}
