-- +goose Up
-- Logins of the broker itself to targets: those of sessions and those that look after accounts. A target's record of logins is compared
-- with them. They are forgotten once no record that old is compared any more.
CREATE TABLE own_logins (
  target TEXT    NOT NULL,
  login  TEXT    NOT NULL,
  at     INTEGER NOT NULL,
  source TEXT    NOT NULL DEFAULT '' -- address and port of the broker's end
) STRICT;
CREATE INDEX own_logins_by_time ON own_logins (target, at);
CREATE INDEX own_logins_old ON own_logins (at);

-- The newest comparison of each target.
CREATE TABLE reconciliations (
  target TEXT    NOT NULL CONSTRAINT reconciliations_pk PRIMARY KEY,
  at     INTEGER NOT NULL,
  until  INTEGER NOT NULL, -- up to when the target's own record was last compared; 0: never
  state  TEXT    NOT NULL CONSTRAINT reconciliations_state CHECK (state IN ('agrees', 'unknown', 'failed')),
  body   TEXT    NOT NULL CONSTRAINT reconciliations_body CHECK (json_valid(body))
) STRICT, WITHOUT ROWID;

-- Logins of targets that the ledger does not know.
CREATE TABLE unknown_logins (
  id           TEXT    NOT NULL CONSTRAINT unknown_logins_pk PRIMARY KEY,
  target       TEXT    NOT NULL,
  said         INTEGER NOT NULL, -- when, by the target's clock
  at           INTEGER NOT NULL, -- when, by the broker's
  login        TEXT    NOT NULL,
  source       TEXT    NOT NULL,
  port         INTEGER NOT NULL,
  record       TEXT    NOT NULL,
  doubt        TEXT    NOT NULL,
  session      TEXT    NOT NULL DEFAULT '',
  found        INTEGER NOT NULL,
  explained_by TEXT    NOT NULL DEFAULT '',
  explained_at INTEGER NOT NULL DEFAULT 0,
  explanation  TEXT    NOT NULL DEFAULT '',
  CONSTRAINT unknown_logins_once UNIQUE (target, said, login, source, port, record)
) STRICT, WITHOUT ROWID;

-- +goose Down
SELECT 1;
