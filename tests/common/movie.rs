//! Moving pictures as other software sees them: a GIF through the image crate, an MP4 through a demuxer and a decoder.

use std::path::Path;

use image::codecs::gif::GifDecoder;
use image::{AnimationDecoder, Rgb, RgbImage};
use openh264::decoder::{Decoder, DecoderConfig, Flush};
use openh264::formats::YUVSource;
use shiguredo_mp4::bitstream::h264::{LengthSize, length_prefixed_to_annexb};
use shiguredo_mp4::boxes::{Avc1Box, SampleEntry};
use shiguredo_mp4::demux::{Input, Mp4FileDemuxer};

/// Timed pictures.
pub struct Movie {
    /// Each picture, and how long it is shown, in seconds
    pub frames: Vec<(RgbImage, f64)>,
}

impl Movie {
    /// How long it plays, in seconds.
    pub fn seconds(&self) -> f64 {
        self.frames.iter().map(|(_, seconds)| seconds).sum()
    }

    /// The picture shown at a time.
    pub fn at(&self, time: f64) -> &RgbImage {
        let mut end = 0.0;
        for (picture, seconds) in &self.frames {
            end += seconds;
            if time < end {
                return picture;
            }
        }
        panic!("nothing is seen at {time}");
    }

    /// A GIF, each frame laid over those before it.
    pub fn of_gif(path: &Path) -> Self {
        let file = std::io::BufReader::new(std::fs::File::open(path).unwrap());
        let frames = GifDecoder::new(file).unwrap().into_frames().map(|frame| {
            let frame = frame.unwrap();
            let (milliseconds, parts) = frame.delay().numer_denom_ms();
            assert!(frame.buffer().pixels().all(|pixel| pixel.0[3] == 255), "a frame shows what is behind it");
            let picture = image::DynamicImage::ImageRgba8(frame.into_buffer()).into_rgb8();
            (picture, f64::from(milliseconds) / f64::from(parts) / 1000.0)
        });
        Self { frames: frames.collect() }
    }

    /// An MP4 of H.264.
    pub fn of_mp4(path: &Path) -> Self {
        let bytes = std::fs::read(path).unwrap();
        let mut demuxer = Mp4FileDemuxer::new();
        demuxer.handle_input(Input { position: 0, data: &bytes });
        let mut decoder = Decoder::with_api_config(
            openh264::OpenH264API::from_source(),
            DecoderConfig::new().flush_after_decode(Flush::Flush),
        )
        .unwrap();
        let mut frames = Vec::new();
        while let Some(sample) = demuxer.next_sample().unwrap() {
            let start = usize::try_from(sample.data_offset).unwrap();
            let packet = &bytes[start..start + sample.data_size];
            let mut stream = Vec::new();
            if let Some(SampleEntry::Avc1(Avc1Box { avcc_box, .. })) = sample.sample_entry.filter(|_| sample.keyframe) {
                for unit in avcc_box.sps_list.iter().chain(&avcc_box.pps_list) {
                    stream.extend_from_slice(&[0, 0, 0, 1]);
                    stream.extend_from_slice(unit);
                }
            }
            stream.extend(length_prefixed_to_annexb(packet, LengthSize::FourBytes).unwrap());
            let seconds = f64::from(sample.duration) / f64::from(sample.track.timescale.get());
            let planes = decoder.decode(&stream).unwrap().expect("a packet is a picture");
            frames.push((to_rgb(&planes), seconds));
        }
        Self { frames }
    }
}

/// ITU-R BT.709-6, items 3.2 to 3.4, for 8 bits of limited range.
fn to_rgb(planes: &impl YUVSource) -> RgbImage {
    let ((width, height), (luma, blue, red)) = (planes.dimensions(), planes.strides());
    RgbImage::from_fn(u32::try_from(width).unwrap(), u32::try_from(height).unwrap(), |x, y| {
        let (x, y) = (x as usize, y as usize);
        let y_ = (f64::from(planes.y()[y * luma + x]) - 16.0) / 219.0;
        let b_ = (f64::from(planes.u()[y / 2 * blue + x / 2]) - 128.0) / 224.0;
        let r_ = (f64::from(planes.v()[y / 2 * red + x / 2]) - 128.0) / 224.0;
        let (red, blue) = (y_ + 1.5748 * r_, y_ + 1.8556 * b_);
        let green = (y_ - 0.2126 * red - 0.0722 * blue) / 0.7152;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        Rgb([red, green, blue].map(|value| (value.clamp(0.0, 1.0) * 255.0).round() as u8))
    })
}

/// The types and the contents of an MP4's boxes on one level.
pub fn boxes(bytes: &[u8]) -> Vec<(String, &[u8])> {
    let mut rest = bytes;
    let mut found = Vec::new();
    while !rest.is_empty() {
        let name = String::from_utf8_lossy(&rest[4..8]).into_owned();
        let (length, head) = match u32::from_be_bytes(rest[..4].try_into().unwrap()) {
            1 => (u64::from_be_bytes(rest[8..16].try_into().unwrap()), 16),
            length => (length.into(), 8),
        };
        let length = usize::try_from(length).unwrap();
        found.push((name, &rest[head..length]));
        rest = &rest[length..];
    }
    found
}

/// The mean distance between the colors of two pictures, over the smaller of them, in levels.
pub fn distance(one: &RgbImage, other: &RgbImage) -> f64 {
    let (width, height) = (one.width().min(other.width()), one.height().min(other.height()));
    let mut sum = 0.0;
    for y in 0..height {
        for x in 0..width {
            let pairs = one.get_pixel(x, y).0.into_iter().zip(other.get_pixel(x, y).0);
            sum += pairs.map(|(one, other)| f64::from(one.abs_diff(other))).sum::<f64>();
        }
    }
    sum / f64::from(3 * width * height)
}
