//! The form of an export: a tar archive of POSIX (`ustar`). Its entries come one after the other, and no list of them at its
//! end, so nothing has to be remembered while it is written.

/// All things in an archive are multiples of this long.
const BLOCK: usize = 512;
/// The most bytes that a size has in octal digits; a larger one is written in base 256, as GNU tar does.
const LARGEST_OCTAL: u64 = 0o777_7777_7777;

/// The header of a file: its name of at most 100 bytes, its length, and when it was changed, in seconds since 1970.
pub(super) fn header(name: &str, bytes: u64, modified: u64) -> Vec<u8> {
    let mut header = vec![0; BLOCK];
    let mut put = |place: usize, field: &[u8]| header[place..place + field.len()].copy_from_slice(field);
    put(0, &name.as_bytes()[..name.len().min(100)]);
    put(100, b"0000600\0");
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    put(124, &size(bytes));
    put(136, format!("{:011o}\0", modified.min(LARGEST_OCTAL)).as_bytes());
    // The sum is over a header with blanks in its place.
    put(148, b"        ");
    put(156, b"0");
    put(257, b"ustar\x0000");
    put(329, b"0000000\0");
    put(337, b"0000000\0");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    header
}

fn size(bytes: u64) -> Vec<u8> {
    if bytes <= LARGEST_OCTAL {
        return format!("{bytes:011o}\0").into_bytes();
    }
    [&[0x80, 0, 0, 0], bytes.to_be_bytes().as_slice()].concat()
}

/// What follows a file of this length.
pub(super) fn padding(bytes: u64) -> Vec<u8> {
    let rest = usize::try_from(bytes % BLOCK as u64).unwrap_or(0);
    vec![0; (BLOCK - rest) % BLOCK]
}

/// The end of an archive.
pub(super) fn end() -> Vec<u8> {
    vec![0; 2 * BLOCK]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_as_posix_has_it() {
        // From GNU tar: `tar --format=ustar --mode=600 --owner=0 --group=0 --numeric-owner --mtime=@1000 -c a.txt`.
        let header = header("a.txt", 5, 1000);
        assert_eq!(header.len(), BLOCK);
        assert_eq!(&header[..6], b"a.txt\0");
        assert_eq!(&header[124..136], b"00000000005\0");
        assert_eq!(&header[136..148], b"00000001750\0");
        assert_eq!(&header[257..265], b"ustar\x0000");
        assert_eq!(&header[148..156], b"010166\0 ");
        assert_eq!([0, 1, 512, 513].map(|bytes| padding(bytes).len()), [0, 511, 0, 511]);
        // 8 GiB is the first size that has no octal digits left.
        assert_eq!(size(8 << 30), [0x80, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0]);
        assert_eq!(size((8 << 30) - 1), b"77777777777\0");
    }
}
