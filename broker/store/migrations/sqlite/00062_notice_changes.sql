-- +goose Up
-- A change of the time for which recordings are kept, as a configuration proposes it. It takes effect at a start of the broker, once two
-- people agreed and, where more is kept than before, fourteen days after it was announced.
CREATE TABLE notice_changes (
  no      INTEGER NOT NULL CONSTRAINT notice_changes_pk PRIMARY KEY,
  at      INTEGER NOT NULL, -- announced
  version INTEGER NOT NULL, -- of the notice
  before  INTEGER NOT NULL, -- days
  after   INTEGER NOT NULL, -- days
  state   TEXT    NOT NULL DEFAULT 'announced' CONSTRAINT notice_changes_state CHECK (state IN ('announced', 'in-force', 'withdrawn'))
) STRICT;

CREATE TABLE notice_agreements (
  change INTEGER NOT NULL CONSTRAINT notice_agreements_change REFERENCES notice_changes (no),
  by     TEXT    NOT NULL CONSTRAINT notice_agreements_by REFERENCES persons (id),
  at     INTEGER NOT NULL,
  CONSTRAINT notice_agreements_pk PRIMARY KEY (change, by)
) STRICT, WITHOUT ROWID;

-- +goose Down
SELECT 1;
