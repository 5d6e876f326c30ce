//! The statements of the uploads, one text for both engines.

/// Whether a job needs an upload: one that ended well or was canceled does not, but a dead one may be tried again. The
/// settings of a job name the objects that it needs.
macro_rules! needed {
    () => {
        "EXISTS (SELECT 1 FROM jobs WHERE jobs.state IN ('queued', 'running', 'dead')
            AND jobs.settings LIKE '%\"' || uploads.object || '\"%')"
    };
}

macro_rules! columns {
    () => {
        "id, owner, sha256, format, width, height, bytes, object, created, expires"
    };
}

/// Finds the same picture, and keeps it for longer. Values: owner, SHA-256, milliseconds
pub(super) const SAME: &str =
    concat!("UPDATE uploads SET expires = {now} + $3 WHERE owner = $1 AND sha256 = $2 RETURNING ", columns!());

/// Finds an upload, and keeps it for longer. Values: owner, id, milliseconds
pub(super) const USE: &str =
    concat!("UPDATE uploads SET expires = {now} + $3 WHERE owner = $1 AND id = $2 RETURNING ", columns!());

/// Keeps the upload of an object for longer. Values: owner, object, milliseconds
pub(super) const HOLD: &str = "UPDATE uploads SET expires = {now} + $3 WHERE owner = $1 AND object = $2 RETURNING id";

/// Values: owner, id
pub(super) const LOOK: &str = concat!("SELECT ", columns!(), " FROM uploads WHERE owner = $1 AND id = $2");

/// Values: owner, SHA-256
pub(super) const BY_HASH: &str = concat!("SELECT ", columns!(), " FROM uploads WHERE owner = $1 AND sha256 = $2");

/// Values: owner, the most
pub(super) const LIST: &str =
    concat!("SELECT ", columns!(), " FROM uploads WHERE owner = $1 ORDER BY created DESC, id LIMIT $2");

/// Values: owner, the id after which to begin, the most
pub(super) const AFTER: &str =
    concat!("SELECT ", columns!(), " FROM uploads WHERE owner = $1 AND id > $2 ORDER BY id LIMIT $3");

/// Values: owner
pub(super) const BYTES: &str = "SELECT COALESCE(CAST(sum(bytes) AS BIGINT), 0) AS bytes FROM uploads WHERE owner = $1";

/// Values: id, owner, SHA-256, format, width, height, bytes, object, milliseconds
pub(super) const ADD: &str = concat!(
    "INSERT INTO uploads (id, owner, sha256, format, width, height, bytes, object, created, expires)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, {now}, {now} + $9) RETURNING ",
    columns!()
);

/// Deletes an upload that no job needs. Values: owner, id
pub(super) const DELETE: &str =
    concat!("DELETE FROM uploads WHERE owner = $1 AND id = $2 AND NOT ", needed!(), " RETURNING object");

/// Deletes uploads that nobody used for long and no job needs. Values: the most
pub(super) const EXPIRE: &str = concat!(
    "DELETE FROM uploads WHERE id IN (SELECT id FROM uploads WHERE expires < {now} AND NOT ",
    needed!(),
    " ORDER BY expires LIMIT $1) RETURNING object"
);

/// Values: object
pub(super) const OBJECT: &str = "SELECT id, sha256 FROM uploads WHERE object = $1";

/// The objects of uploads, in the order of their keys. Values: the key after which to begin, how many at most
pub(super) const OBJECTS: &str = "SELECT object FROM uploads WHERE object > $1 ORDER BY object LIMIT $2";

/// Values: object
pub(super) const FORGET: &str = "DELETE FROM uploads WHERE object = $1 RETURNING id";
