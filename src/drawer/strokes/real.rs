//! The numbers that strokes are computed with: `f32` in the program, `f64` where a test compares gradients with finite
//! differences.

use std::ops::{Add, Div, Mul, Neg, Sub};

/// A floating-point number.
pub trait Real:
    Copy
    + PartialOrd
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + Send
    + Sync
    + 'static
{
    /// The number nearest to `value`
    fn of(value: f64) -> Self;

    /// The number in 64 bits
    fn wide(self) -> f64;

    /// The square root
    fn root(self) -> Self;

    /// The smaller of two numbers; the other one if this one is not a number
    fn least(self, other: Self) -> Self;

    /// The larger of two numbers; the other one if this one is not a number
    fn most(self, other: Self) -> Self;

    /// A number from 0 to 1
    fn clamped(self) -> Self {
        self.most(Self::of(0.0)).least(Self::of(1.0))
    }
}

macro_rules! real {
    ($type:ty) => {
        impl Real for $type {
            #[inline]
            #[allow(clippy::cast_possible_truncation, clippy::cast_lossless)]
            fn of(value: f64) -> Self {
                value as Self
            }

            #[inline]
            #[allow(clippy::cast_lossless)]
            fn wide(self) -> f64 {
                self as f64
            }

            #[inline]
            fn root(self) -> Self {
                self.sqrt()
            }

            #[inline]
            fn least(self, other: Self) -> Self {
                if self < other { self } else { other }
            }

            #[inline]
            fn most(self, other: Self) -> Self {
                if self > other { self } else { other }
            }
        }
    };
}

real!(f32);
real!(f64);
