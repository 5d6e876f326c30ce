-- Whether a job stays however old it is, as one whose picture is published does

ALTER TABLE jobs ADD COLUMN kept BIGINT NOT NULL DEFAULT 0;
