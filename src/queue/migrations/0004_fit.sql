-- How well a picture fits its prompts: lately, at the end, and at the start

ALTER TABLE jobs ADD COLUMN fit DOUBLE PRECISION;
ALTER TABLE results ADD COLUMN fit DOUBLE PRECISION;
ALTER TABLE results ADD COLUMN first_fit DOUBLE PRECISION;
