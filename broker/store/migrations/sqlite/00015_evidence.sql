-- +goose Up
-- When the broker last read a sealed recording again, and what it found: empty where it held.
CREATE TABLE recording_checks (
  session TEXT    NOT NULL CONSTRAINT recording_checks_pk PRIMARY KEY,
  at      INTEGER NOT NULL,
  finding TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

-- An alarm about the same thing is raised once while it is open.
CREATE INDEX alarms_by_about ON alarms (about, what);

-- +goose Down
SELECT 1;
