//! The store of objects: pictures, movies, checkpoints and uploads, under keys that are written once.
