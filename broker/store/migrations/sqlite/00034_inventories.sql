-- +goose Up
-- What a target had at a moment: accounts, keys, rights, timed jobs (R30). The newest of each phase of a window is kept; window is empty
-- for the monthly one. Differences are in the ledger as well.
CREATE TABLE inventories (
  target      TEXT    NOT NULL,
  window      TEXT    NOT NULL,
  phase       TEXT    NOT NULL CONSTRAINT inventories_phase CHECK (phase IN ('before', 'after', 'monthly')),
  at          INTEGER NOT NULL,
  lines       TEXT    NOT NULL CONSTRAINT inventories_lines CHECK (json_valid(lines)),
  differences TEXT    NOT NULL CONSTRAINT inventories_differences CHECK (json_valid(differences)),
  note        TEXT    NOT NULL DEFAULT '',
  CONSTRAINT inventories_pk PRIMARY KEY (target, window, phase)
) STRICT, WITHOUT ROWID;
CREATE INDEX inventories_by_time ON inventories (target, at);
CREATE INDEX inventories_by_window ON inventories (window);

-- +goose Down
SELECT 1;
