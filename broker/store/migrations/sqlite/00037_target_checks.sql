-- +goose Up
-- The newest check of what an administrator put on a target.
CREATE TABLE target_checks (
  target TEXT    NOT NULL CONSTRAINT target_checks_pk PRIMARY KEY,
  at     INTEGER NOT NULL,
  by     TEXT    NOT NULL,
  source TEXT    NOT NULL,
  lines  TEXT    NOT NULL CONSTRAINT target_checks_lines CHECK (json_valid(lines))
) STRICT, WITHOUT ROWID;

-- +goose Down
SELECT 1;
