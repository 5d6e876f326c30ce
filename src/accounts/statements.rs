//! The statements of the accounts, one text for both engines (`database/engine.rs` describes the placeholders).

/// Whether there are users, disabled ones included.
pub(super) const ANY_USER: &str = "SELECT id FROM users LIMIT 1";

/// Values: id, name, password, email, role, weight, most waiting, most running
pub(super) const CREATE_USER: &str = "
INSERT INTO users (id, name, password, email, role, weight, max_waiting, max_running, created)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, {now})
ON CONFLICT (name) DO NOTHING
RETURNING id, name, email, role, weight, max_waiting, max_running, disabled, created";

/// Values: name
pub(super) const USER: &str = "
SELECT id, name, email, role, weight, max_waiting, max_running, disabled, created FROM users WHERE name = $1";

/// Values: id
pub(super) const NAME: &str = "SELECT name FROM users WHERE id = $1";

/// Values: how many at most
pub(super) const USERS: &str = "
SELECT id, name, email, role, weight, max_waiting, max_running, disabled, created FROM users ORDER BY name LIMIT $1";

/// Values: name
pub(super) const PASSWORD: &str = "
SELECT id, name, password, email, role, weight, max_waiting, max_running, disabled, created FROM users
WHERE name = $1 AND disabled = 0";

/// What is nothing stays as it is. Values: name, email, role, weight, most waiting, most running, whether disabled
pub(super) const CHANGE_USER: &str = "
UPDATE users SET email = COALESCE($2, email), role = COALESCE($3, role), weight = COALESCE($4, weight),
    max_waiting = COALESCE($5, max_waiting), max_running = COALESCE($6, max_running), disabled = COALESCE($7, disabled)
WHERE name = $1
RETURNING id, name, email, role, weight, max_waiting, max_running, disabled, created";

/// Values: id, password
pub(super) const SET_PASSWORD: &str = "UPDATE users SET password = $2 WHERE id = $1 RETURNING id";

/// Removes a user with its tokens and sessions. Values: name
pub(super) const REMOVE_USER: &str = "DELETE FROM users WHERE name = $1 RETURNING id";

/// Adds a token, unless the user has too many. Values: id, owner, name, hash, scope, how long it lasts or nothing for
/// ever, most tokens of a user
pub(super) const CREATE_TOKEN: &str = "
INSERT INTO tokens (id, owner, name, hash, scope, created, expires)
SELECT $1, $2, $3, $4, $5, {now}, {now} + $6
WHERE (SELECT count(*) FROM tokens WHERE owner = $2 AND revoked IS NULL AND (expires IS NULL OR expires > {now})) < $7
RETURNING id, owner, name, scope, created, expires, used, revoked";

/// The valid token with a hash, and its user. Values: hash
pub(super) const TOKEN_USER: &str = "
SELECT tokens.hash, tokens.scope,
    CAST(CASE WHEN tokens.used IS NULL OR tokens.used < {now} - 60000 THEN 1 ELSE 0 END AS BIGINT) AS stale,
    users.id, users.name, users.email, users.role, users.weight, users.max_waiting, users.max_running, users.disabled,
    users.created
FROM tokens JOIN users ON users.id = tokens.owner
WHERE tokens.hash = $1 AND tokens.revoked IS NULL AND (tokens.expires IS NULL OR tokens.expires > {now})
    AND users.disabled = 0";

/// Values: hash
pub(super) const TOKEN_USED: &str = "UPDATE tokens SET used = {now} WHERE hash = $1 RETURNING id";

/// Values: owner or nothing for any, how many at most
pub(super) const TOKENS: &str = "
SELECT id, owner, name, scope, created, expires, used, revoked FROM tokens WHERE $1 IS NULL OR owner = $1
ORDER BY created, id LIMIT $2";

/// Values: id, owner or nothing for any
pub(super) const REVOKE_TOKEN: &str = "
UPDATE tokens SET revoked = {now} WHERE id = $1 AND ($2 IS NULL OR owner = $2) AND revoked IS NULL RETURNING id";

/// Values: hash, owner, how long it lasts, what its browser calls itself
pub(super) const BEGIN_SESSION: &str = "
INSERT INTO sessions (hash, owner, created, seen, expires, client) VALUES ($1, $2, {now}, {now}, {now} + $3, $4)
RETURNING hash";

/// Forgets what is over, and the oldest sessions of a user that has too many. Values: owner, how many to keep
pub(super) const TRIM_SESSIONS: &str = "
DELETE FROM sessions WHERE expires <= {now} OR (owner = $1 AND hash NOT IN
    (SELECT hash FROM sessions WHERE owner = $1 ORDER BY created DESC, hash LIMIT $2))
RETURNING hash";

/// Values: hash
pub(super) const SESSION_USER: &str = "
SELECT sessions.hash,
    CAST(CASE WHEN sessions.seen IS NULL OR sessions.seen < {now} - 60000 THEN 1 ELSE 0 END AS BIGINT) AS stale,
    users.id, users.name, users.email, users.role, users.weight, users.max_waiting, users.max_running, users.disabled,
    users.created
FROM sessions JOIN users ON users.id = sessions.owner
WHERE sessions.hash = $1 AND sessions.expires > {now} AND users.disabled = 0";

/// Values: hash
pub(super) const END_SESSION: &str = "DELETE FROM sessions WHERE hash = $1 RETURNING hash";

/// Values: hash
pub(super) const SESSION_SEEN: &str = "UPDATE sessions SET seen = {now} WHERE hash = $1 RETURNING hash";

/// Values: owner, how many at most
pub(super) const SESSIONS: &str = "
SELECT hash, client, created, seen, expires FROM sessions WHERE owner = $1 AND expires > {now}
ORDER BY created DESC, hash LIMIT $2";

/// Values: owner, the first digits of the hash that name the session
pub(super) const END_OWN_SESSION: &str =
    "DELETE FROM sessions WHERE owner = $1 AND substr(hash, 1, length($2)) = $2 RETURNING hash";

/// Values: owner, hash of the session that stays or nothing
pub(super) const END_SESSIONS: &str =
    "DELETE FROM sessions WHERE owner = $1 AND ($2 IS NULL OR hash <> $2) RETURNING hash";

/// Values: hash, owner, how long it lasts
pub(super) const BEGIN_RESET: &str = "
INSERT INTO resets (hash, owner, created, expires) VALUES ($1, $2, {now}, {now} + $3) RETURNING hash";

/// Forgets what is over, and the oldest links of a user that has too many. Values: owner, how many to keep
pub(super) const TRIM_RESETS: &str = "
DELETE FROM resets WHERE expires <= {now} OR (owner = $1 AND hash NOT IN
    (SELECT hash FROM resets WHERE owner = $1 ORDER BY created DESC, hash LIMIT $2))
RETURNING hash";

/// Values: hash
pub(super) const RESET_OWNER: &str = "
SELECT resets.hash, users.id, users.name, users.email, users.role, users.weight, users.max_waiting, users.max_running,
    users.disabled, users.created
FROM resets JOIN users ON users.id = resets.owner
WHERE resets.hash = $1 AND resets.expires > {now} AND users.disabled = 0";

/// Values: hash
pub(super) const USE_RESET: &str = "DELETE FROM resets WHERE hash = $1 AND expires > {now} RETURNING owner";

/// Values: owner
pub(super) const END_RESETS: &str = "DELETE FROM resets WHERE owner = $1 RETURNING hash";

/// Forgets invitations that were used or became invalid 30 days ago.
pub(super) const TRIM_INVITATIONS: &str = "
DELETE FROM invitations WHERE expires <= {now} - 2592000000 OR used <= {now} - 2592000000 RETURNING id";

/// Adds an invitation, unless too many are unused. Values: id, hash, note, how long it lasts, most unused
pub(super) const CREATE_INVITATION: &str = "
INSERT INTO invitations (id, hash, note, created, expires)
SELECT $1, $2, $3, {now}, {now} + $4
WHERE (SELECT count(*) FROM invitations WHERE used IS NULL AND expires > {now}) < $5
RETURNING id, note, created, expires, used, used_by AS name";

/// Values: how many at most
pub(super) const INVITATIONS: &str = "
SELECT invitations.id, invitations.note, invitations.created, invitations.expires, invitations.used, users.name
FROM invitations LEFT JOIN users ON users.id = invitations.used_by
ORDER BY invitations.created DESC, invitations.id LIMIT $1";

/// Values: hash
pub(super) const INVITATION: &str = "SELECT hash FROM invitations WHERE hash = $1 AND used IS NULL AND expires > {now}";

/// Values: hash
pub(super) const USE_INVITATION: &str =
    "UPDATE invitations SET used = {now} WHERE hash = $1 AND used IS NULL AND expires > {now} RETURNING id";

/// Values: id, user
pub(super) const USED_BY: &str = "UPDATE invitations SET used_by = $2 WHERE id = $1 RETURNING id";

/// Values: id
pub(super) const WITHDRAW_INVITATION: &str = "DELETE FROM invitations WHERE id = $1 AND used IS NULL RETURNING id";

/// Removes a user, unless it is the last admin. Values: id
pub(super) const DEPART: &str = "
DELETE FROM users WHERE id = $1
    AND (role <> 'admin' OR EXISTS (SELECT 1 FROM users WHERE role = 'admin' AND disabled = 0 AND id <> $1))
RETURNING id";

/// Values: owner
pub(super) const REMEMBER_DEPARTED: &str =
    "INSERT INTO departed (owner, at) VALUES ($1, {now}) ON CONFLICT (owner) DO NOTHING RETURNING owner";

/// Values: how many at most
pub(super) const DEPARTED: &str = "SELECT owner FROM departed ORDER BY at, owner LIMIT $1";

/// Forgets a user who left ten minutes ago: what was asked for before is done by then. Values: owner
pub(super) const FORGET_DEPARTED: &str =
    "DELETE FROM departed WHERE owner = $1 AND at <= {now} - 600000 RETURNING owner";

/// Values: name, secret
pub(super) const KEEP_SECRET: &str =
    "INSERT INTO secrets (name, secret) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING RETURNING name";

/// Values: name
pub(super) const OWN_SECRET: &str = "SELECT secret FROM secrets WHERE name = $1";
