//! Encodes pictures as H.264, in constant quality.

use image::RgbImage;
use openh264::OpenH264API;
use openh264::encoder::{
    Complexity, Encoder, EncoderConfig, FrameRate, FrameType, IntraFramePeriod, QpRange, RateControlMode, VuiConfig,
};
use openh264::formats::YUVSlices;
use shiguredo_mp4::bitstream::h264::{
    H264NalUnitType, H264SampleEntryConfig, LengthSize, build_avc1_box_from_annexb, parse_annexb_nal_units,
};
use shiguredo_mp4::boxes::Avc1Box;

use super::yuv::Planes;
use crate::picture::Size;
use crate::settings::FrameRate as Rate;
use crate::{Error, Result};

/// The quantizer, 0 to 51: at this value, no difference from the original is visible.
const QUANTIZER: u8 = 18;
/// The increase of the quantizer if a picture cannot be encoded, and its largest value.
const COARSER: u8 = 6;
const COARSEST: u8 = 51;
/// The time between key frames, to which a player can jump, in seconds.
const SECONDS_BETWEEN_KEYS: f64 = 2.0;
/// The longer and the shorter side of the largest picture that the encoder takes (its README), in pixels.
const LARGEST: (usize, usize) = (3840, 2160);

/// Checks that the encoder can take pictures of this size.
///
/// # Errors
/// If a picture is larger than 3840x2160 or 2160x3840.
pub fn check_size(size: Size) -> Result<()> {
    let (long, short) = (size.width.max(size.height), size.width.min(size.height));
    if long <= LARGEST.0 && short <= LARGEST.1 {
        return Ok(());
    }
    let message = format!("an MP4 has at most {}x{} pixels, but the picture has {size}", LARGEST.0, LARGEST.1);
    Err(Error::usage(message, "choose a smaller size, or a GIF"))
}

/// An encoder for pictures of one size.
pub(super) struct H264 {
    encoder: Encoder,
    rate: Rate,
    quantizer: u8,
    planes: Planes,
}

/// An encoded picture.
pub(super) struct Packet {
    /// Units, each after its length
    pub(super) data: Vec<u8>,
    /// The parameters of the stream; only if this is a key frame
    pub(super) key: Option<Avc1Box>,
}

impl H264 {
    pub(super) fn new(size: Size, rate: Rate) -> Result<Self> {
        check_size(size)?;
        let side = |pixels: usize| u32::try_from(pixels).map_err(|error| fault(&error));
        let planes = Planes::new(side(size.width)?, side(size.height)?);
        Ok(Self { encoder: encoder(rate, QUANTIZER)?, rate, quantizer: QUANTIZER, planes })
    }

    /// Encodes a picture.
    pub(super) fn encode(&mut self, picture: &RgbImage) -> Result<Packet> {
        self.planes.fill(picture);
        self.again()
    }

    /// Encodes the last picture once more.
    pub(super) fn again(&mut self) -> Result<Packet> {
        let Planes { width, height, luma, blue, red } = &self.planes;
        let source = YUVSlices::new((luma, blue, red), (*width, *height), (*width, *width / 2, *width / 2));
        let (kind, stream) = loop {
            match self.encoder.encode(&source) {
                Ok(stream) => break (stream.frame_type(), stream.to_vec()),
                // Pure noise can fill the encoder's memory: be coarser from here on.
                Err(_) if self.quantizer < COARSEST => {
                    self.quantizer = COARSEST.min(self.quantizer + COARSER);
                    self.encoder = encoder(self.rate, self.quantizer)?;
                }
                Err(error) => return Err(fault(&error)),
            }
        };
        let config = H264SampleEntryConfig { length_size: LengthSize::FourBytes };
        let key = (kind == FrameType::IDR).then(|| build_avc1_box_from_annexb(&stream, &config)).transpose();
        let key = key.map_err(|error| fault(&error))?;
        let mut data = Vec::with_capacity(stream.len());
        for unit in parse_annexb_nal_units(&stream).map_err(|error| fault(&error))? {
            if matches!(unit.nal_unit_type, H264NalUnitType::Sps | H264NalUnitType::Pps) {
                continue;
            }
            let length = u32::try_from(unit.data.len()).map_err(|error| fault(&error))?;
            data.extend_from_slice(&length.to_be_bytes());
            data.extend_from_slice(unit.data);
        }
        if data.is_empty() {
            return Err(Error::fault("the H.264 encoder skipped a picture"));
        }
        Ok(Packet { data, key })
    }
}

/// The library's encoder, with one thread and nothing that depends on time, so that the same pictures give the same
/// bytes.
fn encoder(rate: Rate, quantizer: u8) -> Result<Encoder> {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let period = (rate.hertz() * SECONDS_BETWEEN_KEYS).ceil() as u32;
    #[allow(clippy::cast_possible_truncation)]
    let hertz = rate.hertz() as f32;
    // This is the only mode with a range of quantizers that prints no warnings on standard error.
    let config = EncoderConfig::new()
        .rate_control_mode(RateControlMode::Bufferbased)
        .qp(QpRange::new(quantizer, quantizer))
        .skip_frames(false)
        .adaptive_quantization(false)
        .background_detection(false)
        .complexity(Complexity::Medium)
        .intra_frame_period(IntraFramePeriod::from_num_frames(period))
        .max_frame_rate(FrameRate::from_hz(hertz))
        .num_threads(1)
        .vui(VuiConfig::bt709());
    Encoder::with_api_config(OpenH264API::from_source(), config).map_err(|error| fault(&error))
}

fn fault(error: &dyn std::fmt::Display) -> Error {
    Error::fault(format!("cannot encode H.264: {error}"))
}
