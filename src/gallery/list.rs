//! Lists of pictures, a page at a time. A page begins after a place in the order, so that it costs the same wherever it is.

use std::fmt;
use std::str::FromStr;

use super::statements::{most_liked, newest};
use super::words::patterns;
use super::{Gallery, Picture};
use crate::database::Value;
use crate::error::Result;

/// The most pictures that one list has.
pub const LONGEST_LIST: u32 = 100;

/// Which pictures come first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Order {
    /// The most recently published
    #[default]
    Newest,
    /// Those that most people like; of equal ones the newest
    MostLiked,
}

/// A place in a list, after which the next page begins. It is written as `12`, or `3.12` in the order of likes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// How many like the picture before it
    likes: i64,
    /// The [`Picture::number`] of that
    number: i64,
    order: Order,
}

/// Which pictures a list has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    /// Which come first
    pub order: Order,
    /// Only those in whose titles and shared prompts all of these words are
    pub words: String,
    /// Only those after this place
    pub after: Option<Place>,
    /// At most so many: 1 to 100
    pub limit: u32,
}

impl Order {
    /// The order as a word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Newest => "new",
            Self::MostLiked => "liked",
        }
    }

    /// Reads a word; `None` if it is not an order.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Newest, Self::MostLiked].into_iter().find(|order| order.as_str() == word)
    }
}

impl Place {
    /// The place of a picture in an order.
    #[must_use]
    pub fn of(picture: &Picture, order: Order) -> Self {
        Self { likes: i64::try_from(picture.likes).unwrap_or(i64::MAX), number: picture.number, order }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.order {
            Order::Newest => write!(formatter, "{}", self.number),
            Order::MostLiked => write!(formatter, "{}.{}", self.likes, self.number),
        }
    }
}

impl FromStr for Place {
    type Err = ();

    fn from_str(text: &str) -> std::result::Result<Self, ()> {
        let number = |text: &str| {
            let digits = !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit());
            digits.then(|| text.parse::<i64>().ok()).flatten().ok_or(())
        };
        match text.split_once('.') {
            None => Ok(Self { likes: 0, number: number(text)?, order: Order::Newest }),
            Some((likes, rest)) => Ok(Self { likes: number(likes)?, number: number(rest)?, order: Order::MostLiked }),
        }
    }
}

impl Gallery {
    /// The pictures that a search finds, without hidden ones.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn list(&self, search: &Search) -> Result<Vec<Picture>> {
        // A place in the other order means nothing in this one.
        let after = search.after.filter(|place| place.order == search.order);
        let (likes, number) = after.map_or((i64::MAX, i64::MAX), |place| (place.likes, place.number));
        let (statement, mut values) = match search.order {
            Order::Newest => (newest(), vec![Value::from(number)]),
            Order::MostLiked => (most_liked(), vec![likes.into(), number.into()]),
        };
        values.push(i64::from(search.limit.clamp(1, LONGEST_LIST)).into());
        values.extend(patterns(&search.words).iter().map(|pattern| Value::from(pattern.as_deref())));
        self.database.rows(&statement, &values).await?.iter().map(Picture::read).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_written_and_read() {
        for text in ["0", "12", "3.12", "9223372036854775807.9223372036854775807"] {
            assert_eq!(text.parse::<Place>().unwrap().to_string(), text);
        }
        for wrong in ["", ".", "-1", "1.", ".1", "1.2.3", "a", "9223372036854775808", "1 "] {
            assert!(wrong.parse::<Place>().is_err(), "{wrong}");
        }
    }
}
