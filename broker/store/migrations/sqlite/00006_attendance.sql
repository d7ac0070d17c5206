-- +goose Up
-- A step of a system's checklist, ticked by name (R10). It counts for the version it was made on.
CREATE TABLE ticks (
  window  TEXT    NOT NULL CONSTRAINT ticks_window REFERENCES windows (id),
  version INTEGER NOT NULL,
  step    TEXT    NOT NULL,
  method  TEXT    NOT NULL CONSTRAINT ticks_method CHECK (method IN ('seen', 'sensor')),
  by      TEXT    NOT NULL CONSTRAINT ticks_by REFERENCES persons (id),
  at      INTEGER NOT NULL,
  CONSTRAINT ticks_pk PRIMARY KEY (window, version, step)
) STRICT, WITHOUT ROWID;

-- What was stated about a backup before a start (R19). The newest row counts.
CREATE TABLE backups (
  id        INTEGER NOT NULL CONSTRAINT backups_pk PRIMARY KEY,
  window    TEXT    NOT NULL CONSTRAINT backups_window REFERENCES windows (id),
  system    TEXT    NOT NULL CONSTRAINT backups_system REFERENCES systems (id),
  at        INTEGER NOT NULL,
  how       TEXT    NOT NULL CONSTRAINT backups_how CHECK (how IN ('by-hand', 'automatic')),
  ok        INTEGER NOT NULL CONSTRAINT backups_ok CHECK (ok IN (0, 1)),
  note      TEXT    NOT NULL,
  by        TEXT    NOT NULL CONSTRAINT backups_by REFERENCES persons (id),
  stated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX backups_by_window ON backups (window, id);
CREATE INDEX backups_by_system ON backups (system, id);

-- An attendant's post offered to another, and taken. An offer that was replaced is gone; one that was taken stays,
-- because whoever attended never reviews.
CREATE TABLE handovers (
  id         INTEGER NOT NULL CONSTRAINT handovers_pk PRIMARY KEY,
  window     TEXT    NOT NULL CONSTRAINT handovers_window REFERENCES windows (id),
  from_id    TEXT    NOT NULL CONSTRAINT handovers_from REFERENCES persons (id),
  to_id      TEXT    NOT NULL CONSTRAINT handovers_to REFERENCES persons (id),
  offered_by TEXT    NOT NULL CONSTRAINT handovers_by REFERENCES persons (id),
  offered_at INTEGER NOT NULL,
  taken_at   INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX handovers_open ON handovers (window) WHERE taken_at = 0;
CREATE INDEX handovers_by_window ON handovers (window, id);

-- +goose Down
SELECT 1;
