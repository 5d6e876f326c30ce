//! The statements of the mail, one text for both engines (`database/engine.rs` describes the placeholders).

/// Writes the letter about the end of a job, if its owner has a confirmed address and still wants letters. The queue runs
/// this in the transaction that ends the job. Values: job, owner, state
pub(super) const JOB_ENDED: &str = "
INSERT INTO outbox (id, job, kind, owner, recipient, recipient_hash, message_id, run_at, created)
SELECT $1 || CASE WHEN $3 = 'done' THEN '.done' ELSE '.failed' END, $1,
    CASE WHEN $3 = 'done' THEN 'done' ELSE 'failed' END, owner, address, hash,
    $1 || CASE WHEN $3 = 'done' THEN '.done' ELSE '.failed' END, {now}, {now}
FROM addresses WHERE owner = $2 AND address IS NOT NULL AND hash NOT IN (SELECT hash FROM blocked_mail)
ON CONFLICT DO NOTHING
RETURNING id";

/// Values: id, kind, owner, recipient, its hash, message id, payload
pub(super) const PUT: &str = "
INSERT INTO outbox (id, kind, owner, recipient, recipient_hash, message_id, payload, run_at, created)
VALUES ($1, $2, $3, $4, $5, $6, $7, {now}, {now})
RETURNING id";

/// How many letters of a kind were written lately for a user, and how many to an address. Values: kind, owner, hash
/// of the address, milliseconds for the user, milliseconds for the address
pub(super) const LATELY: &str = "
SELECT (SELECT count(*) FROM outbox WHERE owner = $2 AND kind = $1 AND created > {now} - $4) AS of_owner,
    (SELECT count(*) FROM outbox WHERE recipient_hash = $3 AND kind = $1 AND created > {now} - $5) AS to_address";

/// Which letters a sender may take: those whose time has come, and those whose sender did not come back.
macro_rules! due {
    () => {
        "((state = 'waiting' AND run_at <= {now}) OR (state = 'sending' AND lease_until < {now}))"
    };
}

/// Whether a claim could find a letter.
pub(super) const ANY_DUE: &str = concat!("SELECT id FROM outbox WHERE ", due!(), " LIMIT 1");

/// Gives the next letter to a sender. A try whose lease is over counts as a failure. Values: lease, host
pub(super) const CLAIM: &str = concat!(
    "
UPDATE outbox SET failures = failures + CASE WHEN state = 'sending' THEN 1 ELSE 0 END,
    state = 'sending', claim = claim + 1, lease_until = {now} + $1,
    message_id = CASE WHEN message_id LIKE '%@%' THEN message_id ELSE message_id || '@' || $2 END
WHERE id = (SELECT id FROM outbox WHERE ",
    due!(),
    " ORDER BY run_at, created, id LIMIT 1 {skip})
AND ",
    due!(),
    "
RETURNING id, job, kind, owner, recipient, recipient_hash, message_id, claim, failures, payload"
);

/// Whether a letter may still go to its recipient: nobody stopped it, and the address is the one that its user confirmed.
/// Values: owner, recipient, its hash
pub(super) const STANDING: &str = "
SELECT (SELECT count(*) FROM blocked_mail WHERE hash = $3) AS stopped,
    (SELECT count(*) FROM addresses WHERE owner = $1 AND address = $2) AS confirmed,
    (SELECT count(*) FROM addresses WHERE owner = $1 AND pending = $2 AND expires > {now}) AS pending";

/// Values: id, claim, lease
pub(super) const RENEW: &str = "
UPDATE outbox SET lease_until = {now} + $3 WHERE id = $1 AND claim = $2 AND state = 'sending' RETURNING id";

/// Values: id, claim
pub(super) const SENT: &str = "
UPDATE outbox SET state = 'sent', recipient = NULL, payload = NULL, error = NULL, lease_until = NULL, ended = {now}
WHERE id = $1 AND claim = $2 AND state = 'sending'
RETURNING id";

/// Values: id, claim, pause, error
pub(super) const AGAIN: &str = "
UPDATE outbox SET state = 'waiting', failures = failures + 1, run_at = {now} + $3, error = $4, lease_until = NULL
WHERE id = $1 AND claim = $2 AND state = 'sending'
RETURNING id";

/// Only a letter about a job can be sent again, and needs its recipient for that. Values: id, claim, error
pub(super) const DEAD: &str = "
UPDATE outbox SET state = 'dead', failures = failures + 1, payload = NULL, error = $3, lease_until = NULL, ended = {now},
    recipient = CASE WHEN job IS NULL THEN NULL ELSE recipient END
WHERE id = $1 AND claim = $2 AND state = 'sending'
RETURNING id";

/// Deletes a letter that is for nobody any more. Values: id, claim
pub(super) const DROP: &str = "
DELETE FROM outbox WHERE id = $1 AND claim = $2 AND state = 'sending' RETURNING id";

/// The dead letters, the newest first. Values: how many at most
pub(super) const DEAD_LETTERS: &str = "
SELECT id, job, kind, owner, failures, error, created, ended FROM outbox WHERE state = 'dead'
ORDER BY ended DESC, id LIMIT $1";

/// Sends a dead letter again. What a letter with a secret said is forgotten. Values: id
pub(super) const REVIVE: &str = "
UPDATE outbox SET state = 'waiting', failures = 0, run_at = {now}, error = NULL, ended = NULL
WHERE id = $1 AND state = 'dead' AND job IS NOT NULL
RETURNING id";

/// How many letters are in each state.
pub(super) const COUNTS: &str = "SELECT state, count(*) AS letters FROM outbox GROUP BY state";

/// Forgets letters that ended long ago. Values: milliseconds
pub(super) const FORGET_ENDED: &str =
    "DELETE FROM outbox WHERE state IN ('sent', 'dead') AND ended < {now} - $1 RETURNING id";

/// Forgets addresses that nobody confirmed in time.
pub(super) const FORGET_PENDING: &str = "
UPDATE addresses SET pending = NULL, pending_hash = NULL, token = NULL, expires = NULL WHERE expires < {now}
RETURNING owner";

/// Forgets users without any address.
pub(super) const FORGET_EMPTY: &str = "DELETE FROM addresses WHERE address IS NULL AND pending IS NULL RETURNING owner";

/// Values: owner
pub(super) const ADDRESS: &str = "
SELECT address, CASE WHEN expires > {now} THEN pending END AS pending,
    (SELECT count(*) FROM blocked_mail WHERE blocked_mail.hash = addresses.hash) AS stopped
FROM addresses WHERE owner = $1";

/// Values: owner, address, its hash, hash of the token, how long it is valid
pub(super) const SET_PENDING: &str = "
INSERT INTO addresses (owner, pending, pending_hash, token, expires) VALUES ($1, $2, $3, $4, {now} + $5)
ON CONFLICT (owner) DO UPDATE SET pending = excluded.pending, pending_hash = excluded.pending_hash,
    token = excluded.token, expires = excluded.expires
RETURNING owner";

/// Values: hash of the token
pub(super) const PENDING: &str = "
SELECT addresses.pending, addresses.token, users.name FROM addresses JOIN users ON users.id = addresses.owner
WHERE addresses.token = $1 AND addresses.expires > {now} AND users.disabled = 0";

/// Values: hash of the token
pub(super) const CONFIRM: &str = "
UPDATE addresses SET address = pending, hash = pending_hash, confirmed = {now},
    pending = NULL, pending_hash = NULL, token = NULL, expires = NULL
WHERE token = $1 AND expires > {now} AND owner IN (SELECT id FROM users WHERE disabled = 0)
RETURNING owner";

/// Values: owner
pub(super) const REMOVE: &str = "DELETE FROM addresses WHERE owner = $1 RETURNING owner";

/// Forgets the letters to a user that wait. Values: owner
pub(super) const REMOVE_WAITING: &str =
    "DELETE FROM outbox WHERE owner = $1 AND state = 'waiting' AND kind <> 'reset' RETURNING id";

/// Values: hash of an address
pub(super) const BLOCK: &str =
    "INSERT INTO blocked_mail (hash, created) VALUES ($1, {now}) ON CONFLICT (hash) DO NOTHING RETURNING hash";

/// Values: hash of an address
pub(super) const UNBLOCK: &str = "DELETE FROM blocked_mail WHERE hash = $1 RETURNING hash";

/// Values: hash of an address
pub(super) const BLOCKED: &str = "SELECT hash FROM blocked_mail WHERE hash = $1";

/// Values: owner
pub(super) const UNBLOCK_OWN: &str = "
DELETE FROM blocked_mail WHERE hash IN (SELECT hash FROM addresses WHERE owner = $1) RETURNING hash";
