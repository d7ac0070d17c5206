-- +goose Up
-- A recording that is disposed of: it was ordered, and done once the directory was read back and held none of its names. A broker that
-- stops in between goes on at its next start.
CREATE TABLE disposals (
  session TEXT    NOT NULL CONSTRAINT disposals_pk PRIMARY KEY CONSTRAINT disposals_session REFERENCES sessions (id),
  at      INTEGER NOT NULL, -- ordered; from then on the recording is not opened
  by      TEXT    NOT NULL DEFAULT '', -- the person who ordered it; empty: the rule, by the clock
  days    INTEGER NOT NULL, -- the rule: for how long recordings of the system are kept
  names   TEXT    NOT NULL CONSTRAINT disposals_names CHECK (json_valid(names)), -- of its files, below the directory of recordings
  done    INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX disposals_open ON disposals (done) WHERE done = 0;

-- +goose Down
SELECT 1;
