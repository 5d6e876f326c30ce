//! The options for GIFs and MP4s.

use super::Range;
use crate::settings::options;
use crate::{Error, Result};

group! {
    moving_pictures "Moving pictures" as
    /// How a moving picture is made from pictures.
    #[derive(Clone, Copy, Debug, PartialEq)]
    VideoSettings, video, with_video {
        setting fps: one crate::settings::FrameRate {
            /// Frames per second of a GIF or MP4, such as 25, 23.976 or 30000/1001
            ///
            /// GIFs store frame times in hundredths of a second and show at most 50 frames per second. At higher rates,
            /// frames are left out.
            value: "RATE",
            arg: signed,
            default: crate::settings::FrameRate::default(),
            by: Requests,
        },
        setting frame_every: one usize {
            /// Use every Nth iteration as a frame; the last one is always used
            value: "N",
            arg: whole_number,
            default: 1,
            range: Range::whole(1, 1_000_000),
            by: Requests,
        },
        setting blend: maybe usize {
            /// Add N frames between each frame and the next, which fade from one to the other
            ///
            /// The fade mixes light, so it has no dark middle. The new frames are shown as long as the others: without
            /// --seconds, the movie is N + 1 times as long, unless you multiply --fps by N + 1. A folder of frames does not
            /// contain the new frames. 0 turns fading off.
            value: "N",
            arg: whole_number,
            shown: "0",
            range: Range::whole(0, 100),
            by: Requests,
        },
        setting seconds: maybe f64 {
            /// Total length in seconds, including --hold; frames are chosen to fit
            value: "SECONDS",
            arg: number,
            range: Range::above(0.0, 3600.0),
            by: Requests,
        },
        setting hold: one f64 {
            /// How many seconds to hold the last frame
            value: "SECONDS",
            arg: number,
            default: 0.0,
            range: Range::new(0.0, 3600.0).seconds(),
            by: Requests,
        },
        setting boomerang: one bool {
            /// Play forward, then backward
            value: "BOOL",
            arg: switch,
            default: false,
            by: Requests,
        },
        setting gif_palette: one crate::settings::GifPalette {
            /// Choose a GIF's colors for each frame (frame) or once for all frames (global)
            value: "KIND",
            default: crate::settings::GifPalette::default(),
            by: Requests,
        },
    }
}

impl VideoSettings {
    /// The heading of these options.
    pub const GROUP: &'static str = "Moving pictures";

    /// Checks every range, and that there is time for a frame.
    ///
    /// # Errors
    /// If a value is outside its range, with the option's name.
    pub fn validate(&self) -> Result<()> {
        self.check_values()?;
        match self.seconds {
            Some(seconds) if self.fps.slots(seconds) <= self.fps.slots(self.hold) => {
                let message = format!("‹seconds› {seconds} leaves no time for a frame before ‹hold› {}", self.hold);
                Err(Error::usage(message, "give more seconds, a shorter hold or a higher ‹fps›"))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_video_has_time_for_a_picture() {
        let settings = VideoSettings { seconds: Some(2.0), hold: 1.9, ..VideoSettings::default() };
        assert!(settings.validate().is_ok());
        for wrong in [
            VideoSettings { hold: 2.0, ..settings },
            VideoSettings { seconds: Some(0.01), hold: 0.0, ..settings },
            VideoSettings { seconds: Some(f64::NAN), ..settings },
            VideoSettings { hold: -1.0, ..settings },
            VideoSettings { frame_every: 0, ..settings },
        ] {
            assert!(wrong.validate().is_err(), "{wrong:?}");
        }
    }
}
