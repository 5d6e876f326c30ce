//! The statements of the audit, one text for both engines (`database/engine.rs` describes the placeholders).

/// Values: who, what, target, detail
pub(super) const ADD: &str =
    "INSERT INTO audit (at, who, what, target, detail) VALUES ({now}, $1, $2, $3, $4) RETURNING id";

/// Values: number before which to begin, how many at most
pub(super) const LIST: &str =
    "SELECT id, at, who, what, target, detail FROM audit WHERE id < $1 ORDER BY id DESC LIMIT $2";

/// Deletes what is old or too much. Values: milliseconds, how many rows stay at most, how many are deleted at most
pub(super) const TRIM: &str = "
DELETE FROM audit WHERE id IN (SELECT id FROM audit
    WHERE at < {now} - $1 OR id <= (SELECT max(id) FROM audit) - $2 ORDER BY id LIMIT $3)
RETURNING id";
