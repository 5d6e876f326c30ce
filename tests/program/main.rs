//! The program as its users run it: its binary, in its own folder, and what it prints, writes and returns.

#[path = "../common/mod.rs"]
mod common;

mod animate;
mod average;
mod bad_input;
mod bad_models;
mod batch;
mod batch_movies;
mod batch_svg;
mod bench;
mod embedded_model;
mod field;
mod first_picture;
mod fit;
mod folders;
mod formats;
mod fourier;
mod hires;
mod languages;
mod losses;
mod masks;
mod memory;
mod mishaps;
mod model_losses;
mod morph;
mod old_files;
mod options;
mod palettes;
mod pixel_art;
mod preview;
mod prior;
mod published_models;
mod random_seed;
mod render;
mod repeatable;
mod restyle;
mod resume;
mod resumed_movies;
mod rooms;
mod sources;
mod starts;
mod startup;
mod strokes;
mod study;
mod styles;
mod targets;
mod threads;
mod tiles;
#[cfg(unix)]
mod topics;
mod transparency;
mod tuning;
mod upscale;
mod video;
mod video_players;
