-- +goose Up
-- What holds for every system of the institution: one row, absent until it is declared.
CREATE TABLE institution (
  id   INTEGER NOT NULL CONSTRAINT institution_pk PRIMARY KEY CONSTRAINT institution_one CHECK (id = 1),
  body TEXT    NOT NULL CONSTRAINT institution_body CHECK (json_valid(body))
) STRICT;

-- The institution's own list of days: closed beside the public holidays, or open on one of them.
CREATE TABLE holidays (
  date TEXT    NOT NULL CONSTRAINT holidays_pk PRIMARY KEY,
  name TEXT    NOT NULL,
  open INTEGER NOT NULL CONSTRAINT holidays_open CHECK (open IN (0, 1))
) STRICT;

-- Times in which nobody maintains; of one system, or of all of them.
CREATE TABLE no_work (
  id     INTEGER NOT NULL CONSTRAINT no_work_pk PRIMARY KEY,
  system TEXT             CONSTRAINT no_work_system REFERENCES systems (id),
  starts INTEGER NOT NULL,
  ends   INTEGER NOT NULL,
  reason TEXT    NOT NULL,
  CONSTRAINT no_work_order CHECK (starts < ends)
) STRICT;

-- Secret addresses of calendar feeds. What opens one is stored hashed and shown once.
CREATE TABLE feeds (
  id         INTEGER NOT NULL CONSTRAINT feeds_pk PRIMARY KEY AUTOINCREMENT,
  kind       TEXT    NOT NULL CONSTRAINT feeds_kind CHECK (kind IN ('section', 'engineer')),
  subject    TEXT    NOT NULL,
  lang       TEXT    NOT NULL CONSTRAINT feeds_lang CHECK (lang IN ('ja', 'en')),
  hash       BLOB    NOT NULL CONSTRAINT feeds_hash UNIQUE,
  by         TEXT    NOT NULL CONSTRAINT feeds_by REFERENCES persons (id),
  created    INTEGER NOT NULL,
  revoked    INTEGER NOT NULL DEFAULT 0,
  revoked_by TEXT    NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX feeds_by_subject ON feeds (kind, subject);

-- +goose Down
SELECT 1;
