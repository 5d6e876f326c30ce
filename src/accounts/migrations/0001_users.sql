-- Users and the secrets that stand for them. Times are milliseconds since 1970 by the clock of the database.

CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    -- A PHC string of argon2id; none: the user can only use tokens
    password TEXT,
    email TEXT,
    role TEXT NOT NULL CHECK (role IN ('user', 'operator', 'admin')),
    weight BIGINT NOT NULL,
    max_waiting BIGINT NOT NULL,
    max_running BIGINT NOT NULL,
    disabled BIGINT NOT NULL DEFAULT 0,
    created BIGINT NOT NULL
);

-- Only the SHA-256 of a token is stored: its 32 random bytes cannot be guessed from it.
CREATE TABLE tokens (
    id TEXT NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE,
    scope TEXT NOT NULL CHECK (scope IN ('read', 'jobs', 'admin')),
    created BIGINT NOT NULL,
    expires BIGINT,
    used BIGINT,
    revoked BIGINT
);
CREATE INDEX tokens_owner ON tokens (owner, created);

-- Likewise, the SHA-256 of a cookie.
CREATE TABLE sessions (
    hash TEXT NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL
);
CREATE INDEX sessions_owner ON sessions (owner, created);
CREATE INDEX sessions_expires ON sessions (expires);

-- Secrets of the server itself, made at their first use
CREATE TABLE secrets (
    name TEXT NOT NULL PRIMARY KEY,
    secret TEXT NOT NULL
);
