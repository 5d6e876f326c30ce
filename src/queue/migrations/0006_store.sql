-- The store of objects that belongs to the database

CREATE TABLE store (
    -- There is one row at most
    number BIGINT NOT NULL PRIMARY KEY CHECK (number = 1),
    -- What the object `store-id` of the store says
    id TEXT NOT NULL,
    -- Whether that object was written
    written BIGINT NOT NULL DEFAULT 0
);
