-- What workers say about themselves, and the kinds of workers that cannot draw a job

ALTER TABLE workers ADD COLUMN instructions TEXT NOT NULL DEFAULT '';
ALTER TABLE workers ADD COLUMN models TEXT NOT NULL DEFAULT '';
ALTER TABLE workers ADD COLUMN memory BIGINT NOT NULL DEFAULT 0;
-- Workers with the same text here can draw the same jobs
ALTER TABLE workers ADD COLUMN abilities TEXT NOT NULL DEFAULT '';

CREATE TABLE passes (
    job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    abilities TEXT NOT NULL,
    PRIMARY KEY (job, abilities)
);
