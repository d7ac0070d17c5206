-- +goose Up
-- Passkeys of people (WebAuthn). The record holds the public key, sealed, so that a row put in by hand proves no one.
CREATE TABLE passkeys (
  id        TEXT    NOT NULL CONSTRAINT passkeys_pk PRIMARY KEY,
  person    TEXT    NOT NULL CONSTRAINT passkeys_person REFERENCES persons (id),
  label     TEXT    NOT NULL,
  sealed    BLOB    NOT NULL,
  added     INTEGER NOT NULL,
  ended     INTEGER NOT NULL DEFAULT 0,
  uses      INTEGER NOT NULL DEFAULT 0,
  last_used INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX passkeys_by_person ON passkeys (person);

-- +goose Down
SELECT 1 / 0; -- there is no way back: the program of before knows nothing of what came after
