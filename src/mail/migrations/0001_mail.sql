-- Addresses, and the letters to them. Times are milliseconds since 1970 by the clock of the database.

-- The address of each user: the confirmed one, and another one whose owner has not confirmed it yet
CREATE TABLE addresses (
    owner TEXT NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    address TEXT,
    -- A keyed hash of the address, as in blocked_mail
    hash TEXT,
    confirmed BIGINT,
    pending TEXT,
    pending_hash TEXT,
    -- The SHA-256 of the secret in the link that confirms the pending address
    token TEXT UNIQUE,
    expires BIGINT
);
CREATE INDEX addresses_address ON addresses (address) WHERE address IS NOT NULL;

CREATE TABLE outbox (
    id TEXT NOT NULL PRIMARY KEY,
    -- The job that it tells of; none for other letters
    job TEXT,
    kind TEXT NOT NULL CHECK (kind IN ('done', 'failed', 'confirm', 'reset', 'invitation')),
    -- Who gets it; none if the recipient is no user yet
    owner TEXT REFERENCES users (id) ON DELETE CASCADE,
    -- Forgotten when the letter is sent
    recipient TEXT,
    recipient_hash TEXT NOT NULL,
    -- Completed with a host when it is sent first, and the same for each try
    message_id TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sending', 'sent', 'dead')),
    -- Grows with each try and is never reused
    claim BIGINT NOT NULL DEFAULT 0,
    failures BIGINT NOT NULL DEFAULT 0,
    run_at BIGINT NOT NULL,
    lease_until BIGINT,
    error TEXT,
    -- What the letter says, as JSON. It may have a secret link, and is forgotten when the letter is sent or dead
    payload TEXT,
    created BIGINT NOT NULL,
    ended BIGINT,
    UNIQUE (job, kind)
);
CREATE INDEX outbox_waiting ON outbox (run_at) WHERE state = 'waiting';
CREATE INDEX outbox_sending ON outbox (lease_until) WHERE state = 'sending';
CREATE INDEX outbox_ended ON outbox (ended) WHERE state IN ('sent', 'dead');
CREATE INDEX outbox_owner ON outbox (owner, created);
CREATE INDEX outbox_recipient ON outbox (recipient_hash, created);

-- Who wants no letters any more, as keyed hashes: addresses cannot be guessed from them
CREATE TABLE blocked_mail (
    hash TEXT NOT NULL PRIMARY KEY,
    created BIGINT NOT NULL
);
