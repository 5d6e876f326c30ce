//! Suggestions, long names, a full standard output, and repeated options.
