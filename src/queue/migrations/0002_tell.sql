-- Whether the owner of a job wants to be told of its end

ALTER TABLE jobs ADD COLUMN tell BIGINT NOT NULL DEFAULT 0;
