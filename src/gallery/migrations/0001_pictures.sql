-- Published pictures, and who likes them. Times are milliseconds since 1970 by the clock of the database.

CREATE TABLE pictures (
    seq {identity},
    id TEXT NOT NULL UNIQUE,
    job TEXT NOT NULL UNIQUE REFERENCES jobs (id) ON DELETE CASCADE,
    owner TEXT NOT NULL,
    -- The owner again, if it is a user: what a user published goes with the user
    account TEXT REFERENCES users (id) ON DELETE CASCADE,
    title TEXT,
    show_prompt BIGINT NOT NULL,
    -- What a search finds: the title, and the prompt if it is shared
    words TEXT NOT NULL,
    width BIGINT NOT NULL,
    height BIGINT NOT NULL,
    published BIGINT NOT NULL,
    -- When an operator hid it, who, and why
    hidden BIGINT,
    hidden_by TEXT,
    hidden_why TEXT,
    likes BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX pictures_new ON pictures (seq) WHERE hidden IS NULL;
CREATE INDEX pictures_liked ON pictures (likes, seq) WHERE hidden IS NULL;
CREATE INDEX pictures_hidden ON pictures (seq) WHERE hidden IS NOT NULL;
CREATE INDEX pictures_owner ON pictures (owner, seq);
CREATE INDEX pictures_account ON pictures (account);

CREATE TABLE likes (
    picture TEXT NOT NULL REFERENCES pictures (id) ON DELETE CASCADE,
    -- The id of a user, or the SHA-256 of the cookie of a visitor without a login
    who TEXT NOT NULL,
    created BIGINT NOT NULL,
    PRIMARY KEY (picture, who)
);
CREATE INDEX likes_who ON likes (who);
