-- +goose Up
-- A decision may be taken for somebody who is away, with conditions, with a reason for each item that called for one.
CREATE TABLE decisions_2 (
  id         INTEGER NOT NULL CONSTRAINT decisions_pk PRIMARY KEY,
  request    TEXT    NOT NULL CONSTRAINT decisions_request REFERENCES requests (no),
  version    INTEGER NOT NULL,
  stage      INTEGER NOT NULL,
  by         TEXT    NOT NULL CONSTRAINT decisions_by REFERENCES persons (id),
  verdict    TEXT    NOT NULL CONSTRAINT decisions_verdict
             CHECK (verdict IN ('approve', 'return', 'reject', 'withdraw', 'revoke', 'open', 'approve-after', 'seen', 'object')),
  reason     TEXT    NOT NULL,
  at         INTEGER NOT NULL,
  on_behalf  TEXT    NOT NULL DEFAULT '',
  conditions TEXT    NOT NULL DEFAULT '{}' CONSTRAINT decisions_conditions CHECK (json_valid(conditions)),
  because    TEXT    NOT NULL DEFAULT '{}' CONSTRAINT decisions_because CHECK (json_valid(because))
) STRICT;
INSERT INTO decisions_2 (id, request, version, stage, by, verdict, reason, at)
  SELECT id, request, version, stage, by, verdict, reason, at FROM decisions;
DROP TABLE decisions;
ALTER TABLE decisions_2 RENAME TO decisions;
CREATE INDEX decisions_by_request ON decisions (request, id);

ALTER TABLE windows ADD COLUMN emergency INTEGER NOT NULL DEFAULT 0;
ALTER TABLE windows ADD COLUMN drill     INTEGER NOT NULL DEFAULT 0;
-- present: when the attendant was last heard of.
ALTER TABLE windows ADD COLUMN present   INTEGER NOT NULL DEFAULT 0;
-- The backup that was stated for this window: when it was made.
ALTER TABLE windows ADD COLUMN backup_at INTEGER NOT NULL DEFAULT 0;
-- Check items that were overridden with a reason, by code.
ALTER TABLE windows ADD COLUMN overrides TEXT NOT NULL DEFAULT '[]' CONSTRAINT windows_overrides CHECK (json_valid(overrides));

-- A session whose engineer's input is held back, and who holds it.
ALTER TABLE sessions ADD COLUMN paused    INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN paused_by TEXT    NOT NULL DEFAULT '';
CREATE INDEX sessions_by_system ON sessions (system, vendor, created);
CREATE INDEX requests_by_system ON requests (system, seq);

-- +goose Down
SELECT 1;
