-- Pictures that visitors gave. Times are milliseconds since 1970 by the clock of the database.

CREATE TABLE uploads (
    id TEXT NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,
    -- Of the PNG that is stored
    sha256 TEXT NOT NULL,
    -- Of the file that was given
    format TEXT NOT NULL,
    width BIGINT NOT NULL,
    height BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    object TEXT NOT NULL UNIQUE,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    UNIQUE (owner, sha256)
);
CREATE INDEX uploads_expires ON uploads (expires);
