//! Pictures as a phone, a camera or an editor writes them.
