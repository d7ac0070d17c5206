-- +goose Up
-- What was derived from a session's recording after its end, by which its work may stand out in the queue of reviews. Numbers, and marks of the
-- names of commands (keys.Ring.Mark); no contents. The row goes with the recording.
CREATE TABLE session_measures (
  session  TEXT    NOT NULL CONSTRAINT session_measures_pk PRIMARY KEY CONSTRAINT session_measures_session REFERENCES sessions (id),
  vendor   TEXT    NOT NULL,
  system   TEXT    NOT NULL,
  created  INTEGER NOT NULL, -- of the session
  output   INTEGER NOT NULL, -- bytes that the target sent
  files    INTEGER NOT NULL, -- that the client opened
  copied   INTEGER NOT NULL, -- commands that copy files or tables elsewhere
  silence  INTEGER NOT NULL, -- in seconds, before the largest burst of output; 0: none
  burst    INTEGER NOT NULL, -- bytes of that burst
  tables   INTEGER NOT NULL, -- that statements named
  outside  INTEGER NOT NULL, -- of these not in the text of the request
  earlier  INTEGER NOT NULL, -- sessions of the vendor on the system that it was compared with
  unused   INTEGER NOT NULL, -- commands that none of these used
  usual    INTEGER NOT NULL, -- median of their output
  marks    TEXT    NOT NULL CONSTRAINT session_measures_marks CHECK (json_valid(marks))
) STRICT, WITHOUT ROWID;
CREATE INDEX session_measures_before ON session_measures (vendor, system, created);

-- +goose Down
SELECT 1;
