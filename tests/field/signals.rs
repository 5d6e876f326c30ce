//! Signals and files without an end: what is drawn is kept, an ignored signal stays ignored, and every read ends.
