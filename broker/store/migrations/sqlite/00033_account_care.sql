-- +goose Up
-- A session's use of an account that the broker looks after. The account is taken away with its last use.
CREATE TABLE account_uses (
  session TEXT    NOT NULL CONSTRAINT account_uses_pk PRIMARY KEY,
  account TEXT    NOT NULL,
  target  TEXT    NOT NULL,
  window  TEXT    NOT NULL,
  state   TEXT    NOT NULL CONSTRAINT account_uses_state CHECK (state IN ('preparing', 'prepared', 'released', 'gone', 'failed')),
  until   INTEGER NOT NULL,
  since   INTEGER NOT NULL,
  changed INTEGER NOT NULL,
  note    TEXT    NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;
CREATE INDEX account_uses_open ON account_uses (account) WHERE state <> 'gone';

-- The newest probe of each thing that an account must not be able to read. Earlier ones are in the ledger.
CREATE TABLE account_probes (
  account TEXT    NOT NULL,
  what    TEXT    NOT NULL,
  at      INTEGER NOT NULL,
  result  TEXT    NOT NULL CONSTRAINT account_probes_result CHECK (result IN ('cannot-read', 'can-read', 'failed')),
  detail  TEXT    NOT NULL DEFAULT '',
  session TEXT    NOT NULL DEFAULT '',
  CONSTRAINT account_probes_pk PRIMARY KEY (account, what)
) STRICT, WITHOUT ROWID;

-- How the end of each session was verified.
CREATE TABLE end_proofs (
  session TEXT    NOT NULL CONSTRAINT end_proofs_pk PRIMARY KEY,
  at      INTEGER NOT NULL,
  state   TEXT    NOT NULL CONSTRAINT end_proofs_state CHECK (state IN ('verified', 'partly', 'failed')),
  body    TEXT    NOT NULL CONSTRAINT end_proofs_body CHECK (json_valid(body))
) STRICT, WITHOUT ROWID;

-- +goose Down
SELECT 1;
