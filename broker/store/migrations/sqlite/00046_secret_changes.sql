-- +goose Up
-- The change of an account's stored secret that is under way. sealed holds the new secret until it is proved by a login, then the old one
-- until it is gone from the target.
CREATE TABLE secret_changes (
  account TEXT    NOT NULL CONSTRAINT secret_changes_pk PRIMARY KEY,
  window  TEXT    NOT NULL,
  state   TEXT    NOT NULL CONSTRAINT secret_changes_state CHECK (state IN ('made', 'placed', 'proved')),
  sealed  BLOB    NOT NULL,
  since   INTEGER NOT NULL,
  tries   INTEGER NOT NULL,
  again   INTEGER NOT NULL,
  note    TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_account ON sessions (account, started);

-- +goose Down
SELECT 1;
