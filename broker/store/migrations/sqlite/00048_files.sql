-- +goose Up
-- A file that the broker has taken from a session, in either direction (R8). Its contents lie sealed on the disk; this row says where,
-- and the ledger has one entry for the file and one for each act on it.
CREATE TABLE files (
  id        TEXT    NOT NULL CONSTRAINT files_pk PRIMARY KEY, -- the session's number, and a count
  seq       INTEGER NOT NULL CONSTRAINT files_seq UNIQUE,     -- the order in which they came
  direction TEXT    NOT NULL CONSTRAINT files_direction CHECK (direction IN ('in', 'out')),
  state     TEXT    NOT NULL CONSTRAINT files_state CHECK (state IN ('held', 'out-wait-first', 'out-wait-second', 'approved', 'released', 'fetched', 'file-rejected', 'stopped', 'expired')),
  session   TEXT    NOT NULL,
  window    TEXT    NOT NULL,
  request   TEXT    NOT NULL,
  grant_id  TEXT    NOT NULL,
  system    TEXT    NOT NULL,
  target    TEXT    NOT NULL,
  account   TEXT    NOT NULL,
  vendor    TEXT    NOT NULL,
  person    TEXT    NOT NULL, -- the engineer
  path      BLOB    NOT NULL, -- on the target, bytes as it names them
  size      INTEGER NOT NULL,
  sha256    TEXT    NOT NULL,
  after     TEXT    NOT NULL DEFAULT '', -- SHA-256 of what is delivered, where an inspector replaced the contents
  kept      TEXT    NOT NULL CONSTRAINT files_kept CHECK (json_valid(kept)), -- names of the sealed contents
  content   TEXT    NOT NULL, -- the one of them that is delivered or fetched
  length    INTEGER NOT NULL, -- bytes of that one
  findings  TEXT    NOT NULL CONSTRAINT files_findings CHECK (json_valid(findings)),
  sanitised TEXT    NOT NULL DEFAULT '', -- the sender's statement
  why       TEXT    NOT NULL DEFAULT '', -- why it was stopped, or is not delivered yet
  at        INTEGER NOT NULL,
  until     INTEGER NOT NULL, -- then it expires
  sent      INTEGER NOT NULL DEFAULT 0, -- bytes that were handed to the engineer so far
  tries     INTEGER NOT NULL DEFAULT 0, -- fetches that were begun
  ended_at  INTEGER NOT NULL DEFAULT 0, -- released, fetched, rejected, stopped or expired
  ended_by  TEXT    NOT NULL DEFAULT '',
  reason    TEXT    NOT NULL DEFAULT ''  -- of the rejection
) STRICT, WITHOUT ROWID;
CREATE INDEX files_by_state ON files (state, until);
CREATE INDEX files_by_person ON files (person, state);

-- An approval of a file. It holds for the contents with this digest alone.
CREATE TABLE file_approvals (
  file      TEXT    NOT NULL CONSTRAINT file_approvals_file REFERENCES files (id),
  stage     INTEGER NOT NULL,
  by        TEXT    NOT NULL,
  on_behalf TEXT    NOT NULL DEFAULT '',
  set_by    TEXT    NOT NULL DEFAULT '',
  at        INTEGER NOT NULL,
  sha256    TEXT    NOT NULL,
  reason    TEXT    NOT NULL DEFAULT '',
  CONSTRAINT file_approvals_pk PRIMARY KEY (file, stage, by)
) STRICT, WITHOUT ROWID;

-- +goose Down
SELECT 1;
