//! Parts of lists: how many items one has, and where the next one begins.

use axum::http::StatusCode;

use super::problem::{Answer, Problem};

/// How many items a part of a list has: what was asked for, from 1 to `most`, or the usual number.
///
/// # Errors
///
/// If the number is out of range.
pub(super) fn limit(asked: Option<u32>, usual: u32, most: u32) -> Answer<u32> {
    let limit = asked.unwrap_or(usual);
    if (1..=most).contains(&limit) {
        return Ok(limit);
    }
    let detail = format!("limit {limit} is not a number from 1 to {most}");
    Err(wrong("limit", detail))
}

/// The problem of a parameter that cannot be used.
pub(super) fn wrong(field: &str, detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, detail).field(field)
}

/// Where the next part begins: at the place of the last item. A part that is full may go on; none if it is not.
pub(super) fn next<I, P>(items: &[I], limit: u32, place: impl FnOnce(&I) -> P) -> Option<P> {
    items.last().filter(|_| items.len() == limit as usize).map(place)
}
