-- The jobs and what becomes of them. Times are milliseconds since 1970 by the clock of the database.

CREATE TABLE jobs (
    seq {identity},
    id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    -- The idempotency key of the request
    key TEXT,
    settings TEXT NOT NULL,
    prompt TEXT NOT NULL,
    kind TEXT NOT NULL,
    quality TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'done', 'dead', 'cancelled')),
    priority BIGINT NOT NULL DEFAULT 0,
    -- The place among the owners: within a priority, lower turns are drawn first
    turn BIGINT NOT NULL,
    run_at BIGINT NOT NULL,
    -- Grows with each claim and is never reused
    claim BIGINT NOT NULL DEFAULT 0,
    failures BIGINT NOT NULL DEFAULT 0,
    max_failures BIGINT NOT NULL,
    -- How many jobs of the owner may run at once
    max_running BIGINT NOT NULL,
    releases BIGINT NOT NULL DEFAULT 0,
    worker TEXT,
    lease_until BIGINT,
    cancel BIGINT NOT NULL DEFAULT 0,
    iteration BIGINT,
    iterations BIGINT,
    loss DOUBLE PRECISION,
    preview TEXT,
    progress_at BIGINT,
    created BIGINT NOT NULL,
    started BIGINT,
    finished BIGINT,
    error TEXT,
    hint TEXT,
    -- Grows with each change that a page shows
    version BIGINT NOT NULL DEFAULT 1,
    UNIQUE (owner, key)
);
CREATE INDEX jobs_queue ON jobs (priority DESC, turn, seq) WHERE state = 'queued';
CREATE INDEX jobs_running ON jobs (priority, turn) WHERE state = 'running';
CREATE INDEX jobs_lease ON jobs (lease_until) WHERE state = 'running';
CREATE INDEX jobs_owner ON jobs (owner, priority, turn) WHERE state IN ('queued', 'running');
CREATE INDEX jobs_done ON jobs (kind, quality, finished) WHERE state = 'done';
CREATE INDEX jobs_ended ON jobs (finished) WHERE state IN ('done', 'dead', 'cancelled');
CREATE INDEX jobs_preview ON jobs (preview) WHERE preview IS NOT NULL;
CREATE INDEX jobs_list ON jobs (owner, seq);
CREATE INDEX jobs_state ON jobs (state, seq);

-- What operators switched on, such as `paused`
CREATE TABLE switches (
    name TEXT NOT NULL PRIMARY KEY,
    since BIGINT NOT NULL
);

CREATE TABLE attempts (
    job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    claim BIGINT NOT NULL,
    worker TEXT NOT NULL,
    started BIGINT NOT NULL,
    ended BIGINT,
    outcome TEXT CHECK (outcome IN ('done', 'failed', 'lost', 'released', 'cancelled')),
    exit_code BIGINT,
    error TEXT,
    -- The iteration whose checkpoint it continued from, or why it started over although there was a checkpoint
    resumed BIGINT,
    note TEXT,
    PRIMARY KEY (job, claim)
);

-- The primary key makes a second result of a job impossible.
CREATE TABLE results (
    job TEXT NOT NULL PRIMARY KEY REFERENCES jobs (id) ON DELETE CASCADE,
    claim BIGINT NOT NULL,
    width BIGINT NOT NULL,
    height BIGINT NOT NULL,
    loss DOUBLE PRECISION,
    seed TEXT NOT NULL,
    seconds DOUBLE PRECISION NOT NULL,
    recipe TEXT NOT NULL,
    created BIGINT NOT NULL
);

CREATE TABLE artifacts (
    job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    object TEXT NOT NULL UNIQUE,
    media_type TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    PRIMARY KEY (job, name)
);

CREATE TABLE workers (
    id TEXT NOT NULL PRIMARY KEY,
    host TEXT NOT NULL,
    pid BIGINT NOT NULL,
    version TEXT NOT NULL,
    device TEXT NOT NULL,
    slots BIGINT NOT NULL,
    started BIGINT NOT NULL,
    seen BIGINT NOT NULL,
    draining BIGINT NOT NULL DEFAULT 0
);
