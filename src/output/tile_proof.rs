//! Proofs of tiles: pictures that show copies of a finished picture beside each other.

use image::{DynamicImage, ImageBuffer, Pixel};

use super::{Help, Kind, Make};
use crate::picture::{Size, Tile};
use crate::settings::Settings;
use crate::{Error, Result};

/// Two by two copies of a picture that is tiled, as a PNG with the picture's recipe.
pub const TILE_PROOF: Kind = Kind {
    name: "tile proof",
    extension: "tile.png",
    others: &["png"],
    option: "tile-proof",
    help: Some(Help {
        heading: "Output",
        short: "Also write a PNG that shows copies of the picture side by side, for --tile",
        more: "It shows two copies along each pair of edges that continue each other: two by two with --tile both and \
               half-drop. Without FILE, it is named after the picture, such as apple.tile.png. In a batch file, `none` \
               disables it.",
    }),
    check: |settings| tile(settings).map(drop),
    make: Make::Finished(proof),
};

fn tile(settings: &Settings) -> Result<Tile> {
    settings.tile.ok_or_else(|| {
        let hint = "give ‹tile›, or leave out ‹tile-proof›";
        Error::usage("‹tile-proof› shows copies of a tile, but the picture is not one", hint)
    })
}

/// About how many bytes each pixel of a proof takes: its copy and what is compressed of it, and the file, whose buffer
/// doubles as it grows.
const A_PIXEL: u64 = 4 + 4 + 8;

/// The size of the proof of a tile; none if the picture is not one.
#[must_use]
pub fn tile_proof_size(picture: Size, settings: &Settings) -> Option<Size> {
    settings.tile.map(|tile| tile.doubled(picture))
}

/// About how many bytes it takes to make and encode a proof of this size.
pub(super) fn memory(proof: Size) -> u64 {
    (proof.width as u64).saturating_mul(proof.height as u64).saturating_mul(A_PIXEL)
}

fn proof(settings: &Settings, picture: &DynamicImage) -> Result<DynamicImage> {
    let tile = tile(settings)?;
    Ok(match picture.as_rgba8() {
        Some(layered) => copies(layered, tile)?.into(),
        None => copies(&picture.to_rgb8(), tile)?.into(),
    })
}

/// The picture, and its copies on the right and below.
fn copies<P: Pixel>(
    picture: &ImageBuffer<P, Vec<P::Subpixel>>,
    tile: Tile,
) -> Result<ImageBuffer<P, Vec<P::Subpixel>>> {
    let size = Size::of(picture);
    let Size { width, height } = tile.doubled(size);
    let sides = u32::try_from(width).ok().zip(u32::try_from(height).ok());
    let (width, height) =
        sides.ok_or_else(|| Error::usage("the picture is too large for ‹tile-proof›", "choose a smaller ‹size›"))?;
    let own = |pixels: usize| u32::try_from(pixels).unwrap_or(u32::MAX);
    Ok(ImageBuffer::from_fn(width, height, |x, y| {
        let (column, row) = tile.place(((x as usize).cast_signed(), (y as usize).cast_signed()), size);
        *picture.get_pixel(own(column), own(row))
    }))
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage};

    use super::*;

    #[test]
    fn copies_lie_as_the_tile_says() {
        let picture = RgbImage::from_fn(2, 4, |x, y| Rgb([u8::try_from(10 * y + x).unwrap(); 3]));
        let columns = |tile| {
            let copies = copies(&picture, tile).unwrap();
            let column = |x: u32| (0..copies.height()).map(|y| copies.get_pixel(x, y)[0]).collect::<Vec<u8>>();
            (0..copies.width()).step_by(2).map(column).collect::<Vec<_>>()
        };
        let doubled = |tile: Tile| {
            let Size { width, height } = tile.doubled(Size { width: 2, height: 4 });
            (width, height)
        };
        let doubled = [Tile::Across, Tile::Down, Tile::Both, Tile::HalfDrop].map(doubled);
        assert_eq!(doubled, [(4, 4), (2, 8), (4, 8), (4, 8)]);
        assert_eq!(columns(Tile::Across), [[0, 10, 20, 30]; 2]);
        let twice = [0, 10, 20, 30, 0, 10, 20, 30];
        assert_eq!(columns(Tile::Down), [twice]);
        assert_eq!(columns(Tile::Both), [twice, twice]);
        assert_eq!(columns(Tile::HalfDrop), [twice, [20, 30, 0, 10, 20, 30, 0, 10]]);
    }
}
