-- +goose Up
-- The account at the institution's directory with which a person signed in first. Another account that later has the same name there
-- is not the person's.
CREATE TABLE directory_accounts (
  person  TEXT    NOT NULL CONSTRAINT directory_accounts_person REFERENCES persons (id),
  source  TEXT    NOT NULL CONSTRAINT directory_accounts_source CHECK (source IN ('ldap', 'oidc')),
  subject TEXT    NOT NULL,
  since   INTEGER NOT NULL,
  CONSTRAINT directory_accounts_pk PRIMARY KEY (person, source)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX directory_accounts_one_person ON directory_accounts (source, subject);

-- +goose Down
SELECT 1 / 0; -- there is no way back: the program of before knows nothing of what came after
