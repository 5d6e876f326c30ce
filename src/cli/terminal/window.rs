//! The terminal's window, and the part of it that a picture takes.

/// The most rows of a picture.
const MOST_ROWS: usize = 20;
/// Rows left for the command and the bar.
const OTHER_ROWS: usize = 3;

/// The size of a terminal.
#[derive(Clone, Copy, Debug)]
pub(in crate::cli) struct Window {
    columns: usize,
    rows: usize,
    /// Size of a character, in pixels
    cell: (usize, usize),
}

/// The part of a window that a picture takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) struct Area {
    pub(in crate::cli) columns: u16,
    pub(in crate::cli) rows: u16,
    /// Size in pixels
    pub(in crate::cli) width: usize,
    pub(in crate::cli) height: usize,
}

impl Window {
    /// What most terminals are, if the system does not say.
    const USUAL: Self = Self { columns: 80, rows: 24, cell: (8, 16) };

    /// The terminal on standard error as it is; 80 characters by 24 if the system does not say.
    pub(in crate::cli) fn now() -> Self {
        Self::of(&std::io::stderr())
    }

    /// The terminal on standard output, as [`Window::now`] is that on standard error.
    pub(in crate::cli) fn of_output() -> Self {
        Self::of(&std::io::stdout())
    }

    #[cfg(unix)]
    fn of(stream: &impl std::os::fd::AsFd) -> Self {
        if let Ok(size) = rustix::termios::tcgetwinsize(stream) {
            let [columns, rows, width, height] =
                [size.ws_col, size.ws_row, size.ws_xpixel, size.ws_ypixel].map(usize::from);
            if columns > 0 && rows > 0 {
                let known = width >= columns && height >= rows;
                let cell = if known { (width / columns, height / rows) } else { Self::USUAL.cell };
                return Self { columns, rows, cell };
            }
        }
        Self::USUAL
    }

    #[cfg(not(unix))]
    fn of<S>(_: &S) -> Self {
        Self::USUAL
    }

    pub(in crate::cli) fn columns(self) -> usize {
        self.columns
    }

    pub(in crate::cli) fn rows(self) -> usize {
        self.rows
    }

    /// The largest area with a picture's proportions; none if the window is too small.
    pub(in crate::cli) fn area(self, width: usize, height: usize) -> Option<Area> {
        let most_rows = MOST_ROWS.min(self.rows.checked_sub(OTHER_ROWS)?);
        let (cell_width, cell_height) = self.cell;
        // Characters are taller than wide, so a column covers less of the picture than a row.
        let columns = |rows: usize| (rows * cell_height * width).div_ceil(cell_width * height.max(1));
        let rows = (1..=most_rows).rev().find(|rows| columns(*rows) <= self.columns)?;
        let columns = columns(rows).max(1);
        Some(Area {
            columns: u16::try_from(columns).ok()?,
            rows: u16::try_from(rows).ok()?,
            width: columns * cell_width,
            height: rows * cell_height,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_keeps_its_shape_and_fits() {
        let window = Window { columns: 80, rows: 24, cell: (8, 16) };
        assert_eq!(window.area(128, 128), Some(Area { columns: 40, rows: 20, width: 320, height: 320 }));
        assert_eq!(window.area(1920, 1080), Some(Area { columns: 72, rows: 20, width: 576, height: 320 }));
        assert_eq!(window.area(4000, 100).map(|area| (area.columns, area.rows)), Some((80, 1)));
        assert_eq!(Window { rows: 3, ..window }.area(128, 128), None);
        assert_eq!(window.area(100_000, 1), None);
        let tall = window.area(10, 4000).unwrap();
        assert_eq!((tall.columns, tall.rows), (1, 20));
    }
}
