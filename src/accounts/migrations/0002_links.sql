-- One-time links, and what sessions are known by. Times are milliseconds since 1970 by the clock of the database. Of the
-- secret in a link, only the SHA-256 is stored.

-- Each lets one new user register.
CREATE TABLE invitations (
    id TEXT NOT NULL PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,
    -- Whom it is for, in the words of who made it; may be empty
    note TEXT NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    used BIGINT,
    -- The user that registered with it, until that user is removed
    used_by TEXT REFERENCES users (id) ON DELETE SET NULL
);
CREATE INDEX invitations_expires ON invitations (expires);
CREATE INDEX invitations_used_by ON invitations (used_by);

-- Each sets the password of a user once; then it is deleted.
CREATE TABLE resets (
    hash TEXT NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL
);
CREATE INDEX resets_owner ON resets (owner, created);
CREATE INDEX resets_expires ON resets (expires);

-- When a session was last used, to the minute, and what its browser called itself
ALTER TABLE sessions ADD COLUMN seen BIGINT;
ALTER TABLE sessions ADD COLUMN client TEXT;

-- Users who deleted their accounts, until nothing of theirs is left
CREATE TABLE departed (
    owner TEXT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL
);
