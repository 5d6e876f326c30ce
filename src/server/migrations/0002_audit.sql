-- What operators did, for other operators. Times are milliseconds since 1970 by the clock of the database.

CREATE TABLE audit (
    id {identity},
    at BIGINT NOT NULL,
    -- The name of the operator, or `command line`
    who TEXT NOT NULL,
    -- What was done, such as `job requeued`
    what TEXT NOT NULL,
    -- The name of what it was done to; empty for the whole queue
    target TEXT NOT NULL,
    detail TEXT
);
CREATE INDEX audit_at ON audit (at);
