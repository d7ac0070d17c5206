-- +goose Up
-- The line of one window (R5): when the office network was cut and the maintenance line put on, and both back, and by whom. A system has
-- at most one open row, which has a cut and no restoring.
CREATE TABLE window_lines (
  window      TEXT    NOT NULL CONSTRAINT window_lines_pk PRIMARY KEY CONSTRAINT window_lines_window REFERENCES windows (id),
  system      TEXT    NOT NULL,
  how         TEXT    NOT NULL, -- attested, probed or driven
  cut_at      INTEGER NOT NULL, -- of the first cut: the office network was cut
  cut_by      TEXT    NOT NULL,
  on_at       INTEGER NOT NULL DEFAULT 0, -- the maintenance line was put on, the last time
  on_by       TEXT    NOT NULL DEFAULT '',
  off_at      INTEGER NOT NULL DEFAULT 0, -- and taken off; 0: it is on, or never was
  off_by      TEXT    NOT NULL DEFAULT '',
  restored_at INTEGER NOT NULL DEFAULT 0, -- the office network was put back; 0: it is cut
  restored_by TEXT    NOT NULL DEFAULT '',
  lost_at     INTEGER NOT NULL DEFAULT 0, -- the separation was lost while the maintenance line was on, the last time
  raised      INTEGER NOT NULL DEFAULT 0  -- the last alarm because the maintenance line was left on
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX window_lines_open ON window_lines (system) WHERE restored_at = 0;

-- Tests of a system's line.
CREATE TABLE line_tests (
  id     INTEGER NOT NULL CONSTRAINT line_tests_pk PRIMARY KEY,
  system TEXT    NOT NULL,
  at     INTEGER NOT NULL,
  by     TEXT    NOT NULL,
  ok     INTEGER NOT NULL,
  detail TEXT    NOT NULL CONSTRAINT line_tests_detail CHECK (json_valid(detail)) -- the probes, and what each saw
) STRICT;
CREATE INDEX line_tests_by_system ON line_tests (system, id);

-- When each probe was last seen to succeed and to fail. Written by Keep.
CREATE TABLE line_probes (
  system TEXT    NOT NULL,
  probe  TEXT    NOT NULL,
  up     INTEGER NOT NULL DEFAULT 0,
  down   INTEGER NOT NULL DEFAULT 0,
  CONSTRAINT line_probes_pk PRIMARY KEY (system, probe)
) STRICT, WITHOUT ROWID;

-- +goose Down
SELECT 1;
