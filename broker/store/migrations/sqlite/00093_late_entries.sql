-- +goose Up
-- Work that was done on paper while the system was down, entered afterwards by one person and compared with the paper by another.
CREATE TABLE late_entries (
  id         TEXT    NOT NULL CONSTRAINT late_entries_pk PRIMARY KEY,
  system     TEXT    NOT NULL CONSTRAINT late_entries_system REFERENCES systems (id),
  vendor     TEXT    NOT NULL CONSTRAINT late_entries_vendor REFERENCES vendors (id),
  state      TEXT    NOT NULL CONSTRAINT late_entries_state CHECK (state IN ('entered', 'confirmed', 'rejected')),
  starts     INTEGER NOT NULL,
  ends       INTEGER NOT NULL,
  work       TEXT    NOT NULL CONSTRAINT late_entries_work CHECK (json_valid(work)),
  entered_by TEXT    NOT NULL CONSTRAINT late_entries_entered_by REFERENCES persons (id),
  entered_at INTEGER NOT NULL,
  decided_by TEXT    NOT NULL DEFAULT '',
  decided_at INTEGER NOT NULL DEFAULT 0,
  reason     TEXT    NOT NULL DEFAULT '',
  CONSTRAINT late_entries_period CHECK (starts < ends),
  CONSTRAINT late_entries_two CHECK (state <> 'confirmed' OR decided_by <> entered_by)
) STRICT, WITHOUT ROWID;
CREATE INDEX late_entries_by_start ON late_entries (starts);

-- +goose Down
SELECT 1;
