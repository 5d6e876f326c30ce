//! The statements of the queue, one text for both engines (`engine.rs` describes the placeholders).
//!
//! Every write of a worker names the job and the claim, and changes a job only if it is running under that claim.

/// Another job of the owner with the same key. Values: owner, key
pub(super) const SAME_KEY: &str = "SELECT id, settings FROM jobs WHERE owner = $1 AND key = $2";

/// Adds a job, unless too many of its owner wait. Values: id, owner, key, settings, prompt, kind, quality, priority,
/// most failures, the step of a turn, most waiting jobs, most running jobs, whether the owner wants to be told.
///
/// The turn is one step after the owner's last one, and not before the turn that is served now: who comes later does not
/// wait for all the jobs of who came first, and nobody can save up turns.
pub(super) const ENQUEUE: &str = "
INSERT INTO jobs (id, owner, key, settings, prompt, kind, quality, priority, max_failures, max_running, tell, run_at, created,
    turn)
SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $12, $13, {now}, {now}, CASE WHEN mine + $10 >= served THEN mine + $10 ELSE served END
FROM (SELECT
    COALESCE((SELECT max(turn) FROM jobs
        WHERE owner = $2 AND priority = $8 AND state IN ('queued', 'running')), 0) AS mine,
    COALESCE((SELECT max(turn) FROM jobs WHERE priority = $8 AND state = 'running'),
        (SELECT min(turn) FROM jobs WHERE priority = $8 AND state = 'queued'), 0) AS served,
    (SELECT count(*) FROM jobs WHERE owner = $2 AND state = 'queued') AS waiting) AS owner_now
WHERE waiting < $11
RETURNING id, {changed} AS told, {ready} AS woke";

/// Which jobs a worker `$1` may start: none while the queue is paused, none of an owner who is at the limit of running jobs,
/// and none that a worker with the same abilities passed on, as long as another kind of worker is left: one that was seen
/// within `$2` milliseconds, is not draining, and did not pass the job on. The first two subqueries are evaluated once, over
/// the running jobs only.
macro_rules! ready {
    () => {
        "state = 'queued' AND run_at <= {now}
            AND NOT EXISTS (SELECT name FROM switches WHERE name = 'paused')
            AND owner NOT IN (SELECT owner FROM jobs WHERE state = 'running'
                GROUP BY owner HAVING count(*) >= min(max_running))
            AND NOT EXISTS (SELECT passes.job FROM passes JOIN workers ON workers.abilities = passes.abilities
                WHERE passes.job = jobs.id AND workers.id = $1
                AND EXISTS (SELECT others.id FROM workers AS others
                    WHERE others.seen >= {now} - $2 AND others.draining = 0 AND others.abilities <> ''
                        AND others.abilities NOT IN (SELECT tried.abilities FROM passes AS tried
                            WHERE tried.job = jobs.id)))"
    };
}

/// Whether a claim could find a job. Values: worker, milliseconds after which a silent worker does not count
pub(super) const ANY_READY: &str = concat!("SELECT seq FROM jobs WHERE ", ready!(), " LIMIT 1");

/// Gives the next job to a worker. Values: worker, milliseconds after which a silent worker does not count, lease.
///
/// `= (SELECT ...)` is evaluated once; `IN (SELECT ... LIMIT 1)` may take several rows.
pub(super) const CLAIM: &str = concat!(
    "
UPDATE jobs SET state = 'running', claim = claim + 1, worker = $1, lease_until = {now} + $3,
    started = COALESCE(started, {now}), version = version + 1
WHERE id = (SELECT id FROM jobs WHERE ",
    ready!(),
    "
    ORDER BY priority DESC, turn, seq LIMIT 1 {skip})
AND state = 'queued'
RETURNING id, owner, settings, prompt, kind, quality, claim, failures, max_failures, iteration, iterations,
    {changed} AS told"
);

/// Values: job, claim, worker
pub(super) const BEGIN_ATTEMPT: &str =
    "INSERT INTO attempts (job, claim, worker, started) VALUES ($1, $2, $3, {now}) RETURNING claim";

/// Values: job, claim, outcome, exit code, error
pub(super) const END_ATTEMPT: &str = "
UPDATE attempts SET ended = {now}, outcome = $3, exit_code = $4, error = $5
WHERE job = $1 AND claim = $2 AND ended IS NULL
RETURNING claim";

/// Values: job, claim, the iteration that it continues from, why it starts over
pub(super) const BEGUN: &str = "
UPDATE attempts SET resumed = $3, note = $4 WHERE job = $1 AND claim = $2 AND ended IS NULL RETURNING claim";

/// How an attempt ended, and what the job is now. Values: job, claim
pub(super) const ATTEMPT: &str = "
SELECT attempts.outcome, jobs.state FROM attempts JOIN jobs ON jobs.id = attempts.job
WHERE attempts.job = $1 AND attempts.claim = $2";

/// Keeps a job. Values: job, claim, lease, iteration, iterations, loss, preview, fit
pub(super) const BEAT: &str = "
UPDATE jobs SET lease_until = {now} + $3,
    iteration = COALESCE($4, iteration), iterations = COALESCE($5, iterations), loss = COALESCE($6, loss),
    preview = COALESCE($7, preview), fit = COALESCE($8, fit),
    progress_at = CASE WHEN $4 IS NULL AND $7 IS NULL THEN progress_at ELSE {now} END,
    version = version + CASE WHEN $4 IS NULL AND $7 IS NULL THEN 0 ELSE 1 END
WHERE id = $1 AND claim = $2 AND state = 'running'
RETURNING cancel, CASE WHEN $4 IS NULL AND $7 IS NULL THEN NULL ELSE {changed} END AS told";

/// Holds a running job within a transaction. Values: job, claim
pub(super) const TOUCH: &str = "
UPDATE jobs SET version = version + 1 WHERE id = $1 AND claim = $2 AND state = 'running' RETURNING id";

/// Values: job, claim, loss, all iterations, fit
pub(super) const FINISH: &str = "
UPDATE jobs SET state = 'done', lease_until = NULL, worker = NULL, finished = {now},
    iteration = COALESCE($4, iterations), iterations = COALESCE($4, iterations), loss = COALESCE($3, loss),
    fit = COALESCE($5, fit), preview = NULL, error = NULL, hint = NULL, version = version + 1
WHERE id = $1 AND claim = $2 AND state = 'running'
RETURNING id, owner, state, tell, {changed} AS told, {ready} AS woke";

/// Forgets the files that a running job kept. Values: job
pub(super) const FORGET_KEPT: &str = "DELETE FROM artifacts WHERE job = $1 RETURNING name";

/// Values: job, claim, width, height, loss, seed, seconds, recipe, fit, first fit
pub(super) const RESULT: &str = "
INSERT INTO results (job, claim, width, height, loss, seed, seconds, recipe, fit, first_fit, created)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, {now})
RETURNING job";

/// Values: job
pub(super) const RESULT_OF: &str = "
SELECT claim, width, height, loss, fit, first_fit, seed, seconds, recipe FROM results WHERE job = $1";

/// How many jobs wait and run, and how many workers are alive, with their slots. Values: milliseconds after which a
/// silent worker does not count
pub(super) const OVERVIEW: &str = "
SELECT (SELECT count(*) FROM jobs WHERE state = 'queued') AS waiting,
    (SELECT count(*) FROM jobs WHERE state = 'running') AS running,
    (SELECT count(*) FROM workers WHERE seen >= {now} - $1) AS workers,
    (SELECT COALESCE(CAST(sum(slots) AS BIGINT), 0) FROM workers WHERE seen >= {now} - $1 AND draining = 0) AS slots";

/// How long the last jobs took. Values: how many at most
pub(super) const LAST_SECONDS: &str = "
SELECT results.seconds FROM jobs JOIN results ON results.job = jobs.id
WHERE jobs.state = 'done' ORDER BY jobs.seq DESC LIMIT $1";

/// Values: job, name, object, media type, bytes, SHA-256
pub(super) const ARTIFACT: &str = "
INSERT INTO artifacts (job, name, object, media_type, bytes, sha256) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (job, name) DO UPDATE SET object = excluded.object, media_type = excluded.media_type,
    bytes = excluded.bytes, sha256 = excluded.sha256
RETURNING job";

/// Adds a file to a job that is done. Values: job, name, object, media type, bytes, SHA-256
pub(super) const ADD_FILE: &str = "
INSERT INTO artifacts (job, name, object, media_type, bytes, sha256)
SELECT id, $2, $3, $4, $5, $6 FROM jobs WHERE id = $1 AND state = 'done'
ON CONFLICT (job, name) DO UPDATE SET object = excluded.object, media_type = excluded.media_type,
    bytes = excluded.bytes, sha256 = excluded.sha256
RETURNING job";

/// Values: job
pub(super) const ARTIFACTS: &str =
    "SELECT name, object, media_type, bytes, sha256 FROM artifacts WHERE job = $1 ORDER BY name LIMIT 100";

/// Which of so many objects are files or previews of jobs, and which of so many jobs may still need any object of theirs.
/// Values: the objects, then the jobs
pub(super) fn referred(objects: usize, jobs: usize) -> String {
    let placeholders = |from: usize, count: usize| {
        (from..from + count).map(|number| format!("${number}")).collect::<Vec<_>>().join(", ")
    };
    let (objects, jobs) = (placeholders(1, objects), placeholders(objects + 1, jobs));
    format!(
        "SELECT object AS name, 0 AS is_job FROM artifacts WHERE object IN ({objects})
        UNION ALL SELECT preview AS name, 0 AS is_job FROM jobs WHERE id IN ({jobs}) AND preview IN ({objects})
        UNION ALL SELECT id AS name, 1 AS is_job FROM jobs
            WHERE id IN ({jobs}) AND state IN ('queued', 'running', 'dead')"
    )
}

/// Values: job, claim, whether for good, first pause, later pause, error, hint
pub(super) const FAIL: &str = "
UPDATE jobs SET failures = failures + 1, run_at = {now} + CASE WHEN failures = 0 THEN $4 ELSE $5 END,
    state = CASE WHEN cancel = 1 THEN 'cancelled' WHEN $3 = 1 OR failures + 1 >= max_failures THEN 'dead'
        ELSE 'queued' END,
    finished = CASE WHEN cancel = 1 OR $3 = 1 OR failures + 1 >= max_failures THEN {now} ELSE NULL END,
    lease_until = NULL, worker = NULL, error = $6, hint = $7, version = version + 1
WHERE id = $1 AND claim = $2 AND state = 'running'
RETURNING id, owner, state, tell, {changed} AS told, {ready} AS woke";

/// Gives a job back; too many releases count as failures. Values: job, claim, most releases, first pause, later pause
pub(super) const RELEASE: &str = "
UPDATE jobs SET releases = releases + 1,
    failures = failures + CASE WHEN releases >= $3 THEN 1 ELSE 0 END,
    run_at = {now} + CASE WHEN releases < $3 THEN 0 WHEN failures = 0 THEN $4 ELSE $5 END,
    state = CASE WHEN cancel = 1 THEN 'cancelled' WHEN releases >= $3 AND failures + 1 >= max_failures THEN 'dead'
        ELSE 'queued' END,
    finished = CASE WHEN cancel = 1 OR (releases >= $3 AND failures + 1 >= max_failures) THEN {now} ELSE NULL END,
    error = CASE WHEN releases >= $3 THEN 'its workers stopped too often' ELSE error END,
    hint = CASE WHEN releases >= $3 THEN NULL ELSE hint END,
    lease_until = NULL, worker = NULL, version = version + 1
WHERE id = $1 AND claim = $2 AND state = 'running'
RETURNING id, owner, state, tell, {changed} AS told, {ready} AS woke";

/// Values: job, claim
pub(super) const STOPPED: &str = "
UPDATE jobs SET state = 'cancelled', preview = NULL, lease_until = NULL, worker = NULL, finished = {now},
    version = version + 1
WHERE id = $1 AND claim = $2 AND state = 'running' AND cancel = 1
RETURNING id, owner, state, tell, {changed} AS told, {ready} AS woke";

/// Whether a lease is over.
pub(super) const ANY_LOST: &str = "SELECT seq FROM jobs WHERE state = 'running' AND lease_until < {now} LIMIT 1";

/// Takes jobs from workers whose leases are over. Values: first pause, later pause
pub(super) const REAP: &str = "
UPDATE jobs SET failures = failures + 1, run_at = {now} + CASE WHEN failures = 0 THEN $1 ELSE $2 END,
    state = CASE WHEN cancel = 1 THEN 'cancelled' WHEN failures + 1 >= max_failures THEN 'dead' ELSE 'queued' END,
    finished = CASE WHEN cancel = 1 OR failures + 1 >= max_failures THEN {now} ELSE NULL END,
    lease_until = NULL, worker = NULL, error = 'its worker died or lost its connection',
    hint = NULL, version = version + 1
WHERE id IN (SELECT id FROM jobs WHERE state = 'running' AND lease_until < {now} ORDER BY lease_until LIMIT 20 {skip})
AND state = 'running' AND lease_until < {now}
RETURNING id, claim, owner, state, tell, {changed} AS told, {ready} AS woke";

/// Values: job, owner or nothing for any
pub(super) const CANCEL: &str = "
UPDATE jobs SET cancel = 1, finished = CASE WHEN state = 'queued' THEN {now} ELSE finished END,
    state = CASE WHEN state = 'queued' THEN 'cancelled' ELSE state END, version = version + 1
WHERE id = $1 AND state IN ('queued', 'running') AND ($2 IS NULL OR owner = $2)
RETURNING state, {changed} AS told";

/// Cancels all jobs of an owner that have not ended. Values: owner
pub(super) const CANCEL_ALL: &str = "
UPDATE jobs SET cancel = 1, finished = CASE WHEN state = 'queued' THEN {now} ELSE finished END,
    state = CASE WHEN state = 'queued' THEN 'cancelled' ELSE state END, version = version + 1
WHERE owner = $1 AND state IN ('queued', 'running') AND cancel = 0
RETURNING id, {changed} AS told";

/// Cancels all waiting jobs of an owner. Values: owner
pub(super) const CANCEL_WAITING: &str = "
UPDATE jobs SET cancel = 1, finished = {now}, state = 'cancelled', version = version + 1
WHERE owner = $1 AND state = 'queued'
RETURNING id, {changed} AS told";

/// Gives the jobs of an owner that have not ended other limits. Values: owner, most running jobs
pub(super) const LIMIT: &str = "
UPDATE jobs SET max_running = $2 WHERE owner = $1 AND state IN ('queued', 'running') AND max_running <> $2 RETURNING id";

/// Values: job
pub(super) const REQUEUE: &str = "
UPDATE jobs SET state = 'queued', failures = 0, releases = 0, cancel = 0, finished = NULL, error = NULL, hint = NULL,
    run_at = {now}, version = version + 1
WHERE id = $1 AND state = 'dead'
RETURNING state, {changed} AS told, {ready} AS woke";

/// Deletes a job that has ended, and all that refers to it. Values: job, owner or nothing for any
pub(super) const DELETE: &str = "
DELETE FROM jobs WHERE id = $1 AND state IN ('done', 'dead', 'cancelled') AND ($2 IS NULL OR owner = $2) RETURNING id, {changed} AS told";

/// Where a waiting job stands. Values: job
pub(super) const POSITION: &str = "
SELECT me.kind, me.quality,
    CASE WHEN me.run_at > {now} THEN me.run_at - {now} ELSE 0 END AS pause,
    (SELECT count(*) FROM jobs WHERE state = 'queued' AND (priority > me.priority
        OR (priority = me.priority AND (turn < me.turn OR (turn = me.turn AND seq <= me.seq))))) AS place,
    (SELECT count(*) FROM jobs WHERE state = 'queued') AS waiting,
    (SELECT count(*) FROM jobs WHERE state = 'running') AS running
FROM jobs AS me WHERE me.id = $1 AND me.state = 'queued'";

/// How far the running jobs are. Values: how many at most
pub(super) const RUNNING: &str = "
SELECT owner, max_running, iteration, iterations FROM jobs WHERE state = 'running' ORDER BY priority, turn LIMIT $1";

/// Whose the first waiting jobs are, in their order. Values: how many at most
pub(super) const FIRST: &str = "
SELECT owner, max_running FROM jobs WHERE state = 'queued' ORDER BY priority DESC, turn, seq LIMIT $1";

/// How fast a running job goes: when its claim began, after which iteration, and when it reported which one. Values: job
pub(super) const PACE: &str = "
SELECT attempts.started, attempts.resumed, jobs.progress_at, jobs.iteration, jobs.iterations
FROM jobs JOIN attempts ON attempts.job = jobs.id AND attempts.claim = jobs.claim
WHERE jobs.id = $1 AND jobs.state = 'running'";

/// How long the last jobs of a kind and quality took. Values: kind, quality, how many at most
pub(super) const SECONDS: &str = "
SELECT results.seconds FROM jobs JOIN results ON results.job = jobs.id
WHERE jobs.state = 'done' AND jobs.kind = $1 AND jobs.quality = $2 ORDER BY jobs.finished DESC LIMIT $3";

/// The waiting jobs of each kind and quality, and how many of them could start if there were enough workers: none while the
/// queue is paused, and for each owner only as many as the limit of running jobs still allows. Values: how many kinds and
/// qualities at most
pub(super) const CLASSES: &str = "
SELECT kind, quality, count(*) AS waiting, CAST(sum(CASE WHEN place <= free THEN 1 ELSE 0 END) AS BIGINT) AS able
FROM (SELECT jobs.kind, jobs.quality,
        row_number() OVER (PARTITION BY jobs.owner ORDER BY jobs.priority DESC, jobs.turn, jobs.seq) AS place,
        CASE WHEN EXISTS (SELECT name FROM switches WHERE name = 'paused') THEN 0
            ELSE jobs.max_running - COALESCE(busy.jobs, 0) END AS free
    FROM jobs LEFT JOIN (SELECT owner, count(*) AS jobs FROM jobs WHERE state = 'running' GROUP BY owner) AS busy
        ON busy.owner = jobs.owner
    WHERE jobs.state = 'queued') AS queued
GROUP BY kind, quality ORDER BY kind, quality LIMIT $1";

/// How long the oldest job that could be drawn has been waiting, in milliseconds
pub(super) const OLDEST: &str =
    "SELECT {now} - min(run_at) AS age FROM jobs WHERE state = 'queued' AND run_at <= {now}";

/// How many jobs the live workers can run at once. Values: milliseconds after which a silent worker does not count
pub(super) const SLOTS: &str = "
SELECT COALESCE(CAST(sum(slots) AS BIGINT), 0) AS slots FROM workers WHERE seen >= {now} - $1 AND draining = 0";

/// Values: job, owner or nothing for any
pub(super) const LOOK: &str = "
SELECT seq, id, owner, settings, prompt, kind, quality, state, priority, claim, failures, max_failures, cancel,
    iteration, iterations, loss, fit, preview, created, started, finished, error, hint, tell, version
FROM jobs WHERE id = $1 AND ($2 IS NULL OR owner = $2)";

/// Values: owner or nothing for any, state or nothing for any, number before which to begin, how many at most
pub(super) const LIST: &str = "
SELECT seq, id, owner, settings, prompt, kind, quality, state, priority, claim, failures, max_failures, cancel,
    iteration, iterations, loss, fit, preview, created, started, finished, error, hint, tell, version
FROM jobs WHERE ($1 IS NULL OR owner = $1) AND ($2 IS NULL OR state = $2) AND seq < $3
ORDER BY seq DESC LIMIT $4";

/// Values: job, how many at most
pub(super) const ATTEMPTS: &str = "
SELECT claim, worker, started, ended, outcome, exit_code, error, resumed, note FROM attempts WHERE job = $1
ORDER BY claim DESC LIMIT $2";

/// How many jobs are in each state.
pub(super) const COUNTS: &str = "SELECT state, count(*) AS jobs FROM jobs GROUP BY state";

/// Values: id, host, process, version, device, slots, instruction set, models, memory, abilities
pub(super) const ANNOUNCE: &str = "
INSERT INTO workers (id, host, pid, version, device, slots, instructions, models, memory, abilities, started, seen)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, {now}, {now})
ON CONFLICT (id) DO UPDATE SET slots = excluded.slots, models = excluded.models, abilities = excluded.abilities,
    seen = excluded.seen
RETURNING draining";

/// Remembers that workers with these abilities cannot draw a running job. Values: job, claim, abilities
pub(super) const REMEMBER_PASS: &str = "
INSERT INTO passes (job, abilities) SELECT id, $3 FROM jobs WHERE id = $1 AND claim = $2 AND state = 'running'
ON CONFLICT (job, abilities) DO NOTHING
RETURNING job";

/// Gives a job back for another kind of worker, if one that is alive has not passed it on. Values: job, claim, error, hint,
/// milliseconds after which a silent worker does not count
pub(super) const PASS: &str = "
UPDATE jobs SET state = CASE WHEN cancel = 1 THEN 'cancelled' ELSE 'queued' END,
    finished = CASE WHEN cancel = 1 THEN {now} ELSE NULL END,
    run_at = {now}, lease_until = NULL, worker = NULL, error = $3, hint = $4, version = version + 1
WHERE id = $1 AND claim = $2 AND state = 'running'
    AND EXISTS (SELECT workers.id FROM workers
        WHERE workers.seen >= {now} - $5 AND workers.draining = 0 AND workers.abilities <> ''
            AND workers.abilities NOT IN (SELECT passes.abilities FROM passes WHERE passes.job = $1))
RETURNING id, owner, state, tell, {changed} AS told, {ready} AS woke";

/// Values: job
pub(super) const FORGET_PASSES: &str = "DELETE FROM passes WHERE job = $1 RETURNING job";

/// Forgets workers that were silent for a day.
pub(super) const FORGET_WORKERS: &str = "DELETE FROM workers WHERE seen < {now} - 86400000 RETURNING id";

/// Values: id
pub(super) const LEAVE: &str = "DELETE FROM workers WHERE id = $1 RETURNING id";

/// Values: id, whether it drains
pub(super) const DRAIN: &str = "UPDATE workers SET draining = $2 WHERE id = $1 RETURNING id";

/// Values: how many at most, milliseconds after which a silent worker does not count
pub(super) const WORKERS: &str = "
SELECT id, host, pid, version, device, slots, instructions, models, memory, abilities, started, seen, draining,
    CAST(CASE WHEN seen >= {now} - $2 THEN 1 ELSE 0 END AS BIGINT) AS alive,
    (SELECT count(*) FROM jobs WHERE state = 'running' AND worker = workers.id) AS running
FROM workers ORDER BY seen DESC LIMIT $1";

/// Lets no job begin.
pub(super) const PAUSE: &str = "
INSERT INTO switches (name, since) VALUES ('paused', {now}) ON CONFLICT (name) DO NOTHING RETURNING name";

/// Lets jobs begin again.
pub(super) const RESUME: &str = "DELETE FROM switches WHERE name = 'paused' RETURNING name, {ready} AS woke";

/// Since when no job begins.
pub(super) const PAUSED: &str = "SELECT since FROM switches WHERE name = 'paused'";

/// Jobs that ended long ago and need not be kept, the oldest first. Values: milliseconds since their end, how many at most
pub(super) const OLD: &str = "
SELECT id FROM jobs WHERE state IN ('done', 'dead', 'cancelled') AND finished <= {now} - $1 AND kept = 0
ORDER BY finished, seq LIMIT $2";

/// How many bytes all files of jobs have.
pub(super) const BYTES: &str = "SELECT COALESCE(CAST(sum(bytes) AS BIGINT), 0) AS bytes FROM artifacts";

/// The objects that rows name, in the order of their keys. Values: the key after which to begin, how many at most
pub(super) const OBJECTS: &str = "
SELECT object FROM (SELECT object FROM artifacts WHERE object > $1
    UNION SELECT preview AS object FROM jobs WHERE preview > $1) AS named
ORDER BY object LIMIT $2";

/// The digest of a file of a job. Values: object
pub(super) const DIGEST: &str = "SELECT sha256 FROM artifacts WHERE object = $1";

/// Deletes the job that is done and lost a file. Values: object
pub(super) const FORGET_DONE: &str = "
DELETE FROM jobs WHERE state = 'done' AND id IN (SELECT job FROM artifacts WHERE object = $1) RETURNING id";

/// Values: object
pub(super) const FORGET_ARTIFACT: &str = "DELETE FROM artifacts WHERE object = $1 RETURNING job";

/// Values: object
pub(super) const FORGET_PREVIEW: &str = "UPDATE jobs SET preview = NULL WHERE preview = $1 RETURNING id";

/// Gives back all jobs, since no worker lives.
pub(super) const RELEASE_ALL: &str = "
UPDATE jobs SET state = CASE WHEN cancel = 1 THEN 'cancelled' ELSE 'queued' END,
    finished = CASE WHEN cancel = 1 THEN {now} ELSE NULL END,
    run_at = {now}, lease_until = NULL, worker = NULL, version = version + 1
WHERE state = 'running'
RETURNING id";

/// Ends all attempts, since no worker lives.
pub(super) const END_ATTEMPTS: &str = "
UPDATE attempts SET ended = {now}, outcome = 'released' WHERE ended IS NULL RETURNING job";

/// Forgets all workers.
pub(super) const FORGET_ALL_WORKERS: &str = "DELETE FROM workers RETURNING id";

/// The store that belongs to the database.
pub(super) const STORE: &str = "SELECT id, written FROM store";

/// Values: id
pub(super) const NAME_STORE: &str =
    "INSERT INTO store (number, id) VALUES (1, $1) ON CONFLICT (number) DO NOTHING RETURNING id";

/// Values: id
pub(super) const STORE_WRITTEN: &str = "UPDATE store SET written = 1 WHERE id = $1 RETURNING id";

/// Forgets the store.
pub(super) const FORGET_STORE: &str = "DELETE FROM store RETURNING id";
