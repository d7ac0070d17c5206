-- +goose Up
-- forwarded: how far the ledger went out to a collector of logs. Entries below next_entry were confirmed by it.
CREATE TABLE forwarded (
  collector  TEXT    NOT NULL PRIMARY KEY,
  next_entry INTEGER NOT NULL CONSTRAINT forwarded_next CHECK (next_entry >= 0),
  at         INTEGER NOT NULL, -- of the last confirmation; 0: none yet
  error      TEXT    NOT NULL  -- of the last try; empty: it succeeded
) STRICT;

-- +goose Down
SELECT 1;
