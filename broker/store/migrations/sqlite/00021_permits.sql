-- +goose Up
-- A standing permit: a vendor may work on a system for a period, within limits, above the single windows. It is asked for by a section
-- and decided by the office that the institution names. Times of day and lengths are milliseconds; 0 is no limit.
CREATE TABLE permits (
  id           TEXT    NOT NULL CONSTRAINT permits_pk PRIMARY KEY,
  vendor       TEXT    NOT NULL CONSTRAINT permits_vendor REFERENCES vendors (id),
  system       TEXT    NOT NULL CONSTRAINT permits_system REFERENCES systems (id),
  state        TEXT    NOT NULL CONSTRAINT permits_state CHECK (state IN ('asked', 'granted', 'refused', 'withdrawn')),
  starts       INTEGER NOT NULL,
  ends         INTEGER NOT NULL,
  purpose      TEXT    NOT NULL,
  accounts     TEXT    NOT NULL CONSTRAINT permits_accounts CHECK (json_valid(accounts)),
  root         INTEGER NOT NULL CONSTRAINT permits_root CHECK (root IN (0, 1)),
  files        INTEGER NOT NULL CONSTRAINT permits_files CHECK (files IN (0, 1)),
  hours_from   INTEGER NOT NULL,
  hours_until  INTEGER NOT NULL,
  office_hours INTEGER NOT NULL CONSTRAINT permits_office_hours CHECK (office_hours IN (0, 1)),
  longest      INTEGER NOT NULL,
  asked_by     TEXT    NOT NULL CONSTRAINT permits_asked_by REFERENCES persons (id),
  asked_at     INTEGER NOT NULL,
  decided_by   TEXT    NOT NULL DEFAULT '',
  decided_at   INTEGER NOT NULL DEFAULT 0,
  reason       TEXT    NOT NULL DEFAULT '',
  ended_by     TEXT    NOT NULL DEFAULT '',
  ended_at     INTEGER NOT NULL DEFAULT 0,
  ended_why    TEXT    NOT NULL DEFAULT '',
  CONSTRAINT permits_period CHECK (starts < ends),
  CONSTRAINT permits_two CHECK (decided_by <> asked_by)
) STRICT, WITHOUT ROWID;
CREATE INDEX permits_by_vendor ON permits (vendor, system);

-- +goose Down
SELECT 1;
