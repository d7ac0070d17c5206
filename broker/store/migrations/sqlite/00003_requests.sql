-- +goose Up
-- Who decides for whom, and until when (代決). A row is never removed: what a deputy decided must stay explicable.
CREATE TABLE deputations (
  id         INTEGER NOT NULL CONSTRAINT deputations_pk PRIMARY KEY,
  approver   TEXT    NOT NULL CONSTRAINT deputations_approver REFERENCES persons (id),
  deputy     TEXT    NOT NULL CONSTRAINT deputations_deputy REFERENCES persons (id),
  starts     INTEGER NOT NULL,
  ends       INTEGER NOT NULL,
  reason     TEXT    NOT NULL,
  set_by     TEXT    NOT NULL CONSTRAINT deputations_set_by REFERENCES persons (id),
  set_at     INTEGER NOT NULL,
  cleared_by TEXT             CONSTRAINT deputations_cleared_by REFERENCES persons (id),
  cleared_at INTEGER NOT NULL DEFAULT 0,
  CONSTRAINT deputations_two CHECK (approver <> deputy),
  CONSTRAINT deputations_interval CHECK (starts < ends)
) STRICT;
CREATE INDEX deputations_in_force ON deputations (approver, ends) WHERE cleared_at = 0;


-- What a deputy decided for somebody, until that person has seen it (後閲).
CREATE INDEX decisions_on_behalf ON decisions (on_behalf, id) WHERE on_behalf <> '';

-- +goose Down
SELECT 1;
