//! Nothing is replaced without `--force`: checkpoints, cutouts, and symbolic links.
