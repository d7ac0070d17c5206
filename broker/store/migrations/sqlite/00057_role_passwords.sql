-- +goose Up
-- An account has up to two stored secrets: that of its login and that of its database role. A change is one of a secret.
CREATE TABLE secret_changes_new (
  secret  TEXT    NOT NULL CONSTRAINT secret_changes_pk PRIMARY KEY,
  account TEXT    NOT NULL,
  window  TEXT    NOT NULL,
  state   TEXT    NOT NULL CONSTRAINT secret_changes_state CHECK (state IN ('made', 'placed', 'proved')),
  sealed  BLOB    NOT NULL,
  since   INTEGER NOT NULL,
  tries   INTEGER NOT NULL,
  again   INTEGER NOT NULL,
  note    TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO secret_changes_new (secret, account, window, state, sealed, since, tries, again, note)
  SELECT 'account:' || account, account, window, state, sealed, since, tries, again, note FROM secret_changes;
DROP TABLE secret_changes;
ALTER TABLE secret_changes_new RENAME TO secret_changes;

-- +goose Down
SELECT 1;
