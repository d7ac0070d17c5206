-- +goose Up
-- A form printed without values, to be written by hand while the system is down. Each print has a number. entry: the late entry that was
-- made from it; empty: none, or that one was rejected.
CREATE TABLE blank_forms (
  id         TEXT    NOT NULL CONSTRAINT blank_forms_pk PRIMARY KEY,
  form       TEXT    NOT NULL,
  printed_by TEXT    NOT NULL CONSTRAINT blank_forms_printed_by REFERENCES persons (id),
  printed_at INTEGER NOT NULL,
  entry      TEXT    NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;

-- +goose Down
SELECT 1;
