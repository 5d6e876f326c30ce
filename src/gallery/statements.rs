//! The statements of the gallery, one text for both engines (`database/engine.rs` describes the placeholders).

use super::words::MOST_WORDS;

/// A picture with what its job and its owner say about it. The prompt comes only if it is shared.
macro_rules! picture {
    () => {
        "SELECT pictures.seq, pictures.id, pictures.job, pictures.owner, users.name AS author, pictures.title,
    pictures.show_prompt, CASE WHEN pictures.show_prompt = 1 THEN jobs.prompt END AS prompt, jobs.kind,
    pictures.width, pictures.height, pictures.published, pictures.likes, pictures.hidden, pictures.hidden_why,
    operators.name AS hidden_by_name
FROM pictures JOIN jobs ON jobs.id = pictures.job LEFT JOIN users ON users.id = pictures.owner
    LEFT JOIN users AS operators ON operators.id = pictures.hidden_by"
    };
}

/// Publishes the picture of a job that is done. Values: id, job, owner, title, whether the prompt is shared, words, width,
/// height
pub(super) const PUBLISH: &str = "
INSERT INTO pictures (id, job, owner, account, title, show_prompt, words, width, height, published)
SELECT $1, jobs.id, jobs.owner, (SELECT users.id FROM users WHERE users.id = jobs.owner), $4, $5, $6, $7, $8, {now}
FROM jobs WHERE jobs.id = $2 AND jobs.owner = $3 AND jobs.state = 'done'
ON CONFLICT (job) DO NOTHING
RETURNING id";

/// Keeps a job however old it is, or no longer. Values: job, whether
pub(super) const KEEP: &str = "UPDATE jobs SET kept = $2 WHERE id = $1 RETURNING id";

/// Values: id
pub(super) const PICTURE: &str = concat!(picture!(), " WHERE pictures.id = $1");

/// Values: job
pub(super) const OF_JOB: &str = concat!(picture!(), " WHERE pictures.job = $1");

/// Values: id, owner or nothing for any. What an operator hid, its owner does not withdraw: it could be published again.
pub(super) const WITHDRAW: &str = "
DELETE FROM pictures WHERE id = $1 AND ($2 IS NULL OR (owner = $2 AND hidden IS NULL)) RETURNING job, owner";

/// Values: id, who, why
pub(super) const HIDE: &str = "
UPDATE pictures SET hidden = COALESCE(hidden, {now}), hidden_by = $2, hidden_why = $3 WHERE id = $1 RETURNING id";

/// Values: id
pub(super) const UNHIDE: &str = "
UPDATE pictures SET hidden = NULL, hidden_by = NULL, hidden_why = NULL WHERE id = $1 AND hidden IS NOT NULL RETURNING id";

/// Hidden pictures, the newest first. Values: number before which to begin, how many at most
pub(super) const HIDDEN: &str =
    concat!(picture!(), " WHERE pictures.hidden IS NOT NULL AND pictures.seq < $1 ORDER BY pictures.seq DESC LIMIT $2");

/// Likes a picture. Values: id, who
pub(super) const LIKE: &str = "
INSERT INTO likes (picture, who, created)
SELECT pictures.id, $2, {now} FROM pictures WHERE pictures.id = $1 AND pictures.hidden IS NULL
ON CONFLICT (picture, who) DO NOTHING
RETURNING picture";

/// Values: who, the picture after which to begin, how many at most
pub(super) const LIKED_AFTER: &str =
    "SELECT picture, created FROM likes WHERE who = $1 AND picture > $2 ORDER BY picture LIMIT $3";

/// Values: id, who
pub(super) const UNLIKE: &str = "DELETE FROM likes WHERE picture = $1 AND who = $2 RETURNING picture";

/// Changes the number of likes. Values: id, by how much
pub(super) const COUNT: &str = "UPDATE pictures SET likes = likes + $2 WHERE id = $1 RETURNING likes";

/// Values: id
pub(super) const LIKES: &str = "SELECT likes FROM pictures WHERE id = $1 AND hidden IS NULL";

/// Values: who
pub(super) const COUNT_ALL_DOWN: &str = "
UPDATE pictures SET likes = likes - 1 WHERE id IN (SELECT picture FROM likes WHERE who = $1) RETURNING id";

/// Values: who
pub(super) const UNLIKE_ALL: &str = "DELETE FROM likes WHERE who = $1 RETURNING picture";

/// Values: owner
pub(super) const WITHDRAW_ALL: &str = "DELETE FROM pictures WHERE owner = $1 RETURNING job";

/// The newest pictures before a number. Values: number, how many at most, then the patterns of a search
pub(super) fn newest() -> String {
    searched("pictures.seq < $1", "pictures.seq DESC", 2)
}

/// The most liked pictures after one with so many likes and this number. Values: likes, number, how many at most, then the
/// patterns of a search
pub(super) fn most_liked() -> String {
    searched("(pictures.likes, pictures.seq) < ($1, $2)", "pictures.likes DESC, pictures.seq DESC", 3)
}

/// Visible pictures after a place in an order. `limit` is the number of the value that says how many, behind which the
/// patterns are.
fn searched(after: &str, order: &str, limit: usize) -> String {
    let pattern = |number| format!(" AND (${number} IS NULL OR pictures.words LIKE ${number} ESCAPE '!')");
    let patterns = (limit + 1..=limit + MOST_WORDS).map(pattern).collect::<Vec<_>>().concat();
    format!("{} WHERE pictures.hidden IS NULL AND {after}{patterns} ORDER BY {order} LIMIT ${limit}", picture!())
}

/// Which of so many pictures somebody likes. Values: who, then the pictures
pub(super) fn liked(pictures: usize) -> String {
    let places: Vec<String> = (2..pictures + 2).map(|number| format!("${number}")).collect();
    format!("SELECT picture FROM likes WHERE who = $1 AND picture IN ({})", places.join(", "))
}
