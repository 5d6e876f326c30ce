//! The points at which Winograd's algorithm evaluates pictures and kernels, and the resulting matrices.

/// Side of a tile of results.
pub const TILE: usize = 4;
/// Side of a tile's input, and the maximum number of points.
pub const SEEN: usize = 6;

/// Evaluation and interpolation along one side.
pub struct Points {
    /// Number of points
    pub count: usize,
    /// [point][pixel]: evaluates a tile's input
    pub picture: [[f32; SEEN]; SEEN],
    /// [point][tap]: evaluates a kernel
    kernel: [[f64; 3]; SEEN],
    /// [result][point]: interpolates the products
    pub results: [[f32; SEEN]; TILE],
}

/// The points that round least.
pub const PLAIN: Points = Points::new([0.0, 1.0, -1.0, 2.0, -0.5], SEEN);
/// Points symmetric about 0: a doubled picture is zero at the last one, −1, which is left out.
pub const DOUBLED: Points = Points::new([0.0, 1.0, 0.5, -0.5, -1.0], SEEN - 1);

impl Points {
    /// The matrices for five points and the one at infinity, of which the first `count` are used; infinity
    /// comes before an unused last one.
    ///
    /// With M(z) = Π (z − p), the row of a point has the coefficients of M(z) / (z − p) for the picture, the
    /// powers of p over Π (p − q) for the kernel, and the powers of p for the results: the algorithm of Toom
    /// and Cook, transposed.
    const fn new(points: [f64; 5], count: usize) -> Self {
        let infinity = count - 1;
        let mut made =
            Self { count, picture: [[0.0; SEEN]; SEEN], kernel: [[0.0; 3]; SEEN], results: [[0.0; SEEN]; TILE] };
        let mut index = 0;
        while index < points.len() {
            let place = if index < infinity { index } else { index + 1 };
            let mut divisor = 1.0;
            let mut other = 0;
            while other < points.len() {
                if other != index {
                    divisor *= points[index] - points[other];
                }
                other += 1;
            }
            made.picture[place] = polynomial(&points, index);
            let mut power = 1.0;
            let mut exponent = 0;
            while exponent < TILE {
                if exponent < 3 {
                    made.kernel[place][exponent] = power / divisor;
                }
                made.results[exponent][place] = narrow(power);
                power *= points[index];
                exponent += 1;
            }
            index += 1;
        }
        made.picture[infinity] = polynomial(&points, points.len());
        made.kernel[infinity][2] = 1.0;
        made.results[TILE - 1][infinity] = 1.0;
        made
    }

    /// The matrices for pictures read and results written from the end.
    pub const fn reversed(mut self) -> Self {
        let forward = Self { ..self };
        let mut point = 0;
        while point < SEEN {
            let mut pixel = 0;
            while pixel < SEEN {
                self.picture[point][pixel] = forward.picture[point][SEEN - 1 - pixel];
                pixel += 1;
            }
            point += 1;
        }
        let mut result = 0;
        while result < TILE {
            self.results[result] = forward.results[TILE - 1 - result];
            result += 1;
        }
        self
    }

    /// The matrices for a doubled picture whose pixels are read once: in a tile's input, the first and the
    /// last pixel are single, and those between are pairs.
    pub const fn of_doubled(mut self) -> Self {
        let mut point = 0;
        while point < SEEN {
            let [a, b, c, d, e, f] = self.picture[point];
            self.picture[point] = [a, b + c, d + e, f, 0.0, 0.0];
            point += 1;
        }
        self
    }

    /// The matrices for the sums of neighboring results.
    pub const fn summed_in_pairs(mut self) -> Self {
        let mut point = 0;
        while point < SEEN {
            let mut pair = 0;
            while pair < TILE / 2 {
                self.results[pair][point] = self.results[2 * pair][point] + self.results[2 * pair + 1][point];
                pair += 1;
            }
            point += 1;
        }
        self
    }

    /// Evaluates a kernel of nine taps, row by row: `count` · `count` numbers, row by row.
    pub fn evaluate(&self, taps: &[f32; 9]) -> impl Iterator<Item = f32> {
        let points = &self.kernel[..self.count];
        points.iter().flat_map(move |down| {
            points.iter().map(move |across| {
                narrow((0..9).map(|tap| down[tap / 3] * across[tap % 3] * f64::from(taps[tap])).sum::<f64>())
            })
        })
    }
}

#[allow(clippy::cast_possible_truncation)]
const fn narrow(value: f64) -> f32 {
    value as f32
}

/// The coefficients, from the constant one on, of Π (z − p) over all points but one.
const fn polynomial(points: &[f64; 5], without: usize) -> [f32; SEEN] {
    let mut coefficients = [0.0; SEEN];
    coefficients[0] = 1.0;
    let mut index = 0;
    while index < points.len() {
        if index != without {
            let mut exponent = SEEN - 1;
            while exponent > 0 {
                coefficients[exponent] = coefficients[exponent - 1] - points[index] * coefficients[exponent];
                exponent -= 1;
            }
            coefficients[0] *= -points[index];
        }
        index += 1;
    }
    let mut rounded = [0.0; SEEN];
    let mut exponent = 0;
    while exponent < SEEN {
        rounded[exponent] = narrow(coefficients[exponent]);
        exponent += 1;
    }
    rounded
}
