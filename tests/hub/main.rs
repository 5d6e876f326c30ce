//! Models from a hub: downloads, the cache, and names. The hub is that of `tests/common/hub.rs`.

#[path = "../common/mod.rs"]
mod common;

mod downloads;
mod hub_pages;
mod hub_python;
mod models_by_name;
mod models_verb;
mod no_network;
