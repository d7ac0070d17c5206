-- +goose Up
-- What vendors and engineers have filed: never replaced and never deleted. A new paper stands beside the old one.
CREATE TABLE papers (
  no           INTEGER NOT NULL CONSTRAINT papers_pk PRIMARY KEY,
  id           TEXT    NOT NULL CONSTRAINT papers_id UNIQUE,
  kind         TEXT    NOT NULL CONSTRAINT papers_kind
               CHECK (kind IN ('contract', 'special-clauses', 'certification', 'audit-report', 'pledge', 'subcontract', 'training', 'other')),
  vendor       TEXT    NOT NULL CONSTRAINT papers_vendor REFERENCES vendors (id),
  person       TEXT    CONSTRAINT papers_person REFERENCES persons (id),
  name         TEXT    NOT NULL,
  fiscal_year  INTEGER NOT NULL,
  since        INTEGER NOT NULL,
  until        INTEGER NOT NULL,
  note         TEXT    NOT NULL,
  state        TEXT    NOT NULL CONSTRAINT papers_state CHECK (state IN ('submitted', 'accepted', 'withdrawn')),
  filed_by     TEXT    NOT NULL CONSTRAINT papers_filed_by REFERENCES persons (id),
  filed        INTEGER NOT NULL,
  accepted_by  TEXT    NOT NULL,
  accepted     INTEGER NOT NULL,
  withdrawn_by TEXT    NOT NULL,
  withdrawn    INTEGER NOT NULL,
  why          TEXT    NOT NULL, -- of the withdrawal
  file         TEXT    NOT NULL, -- below papers/; empty: none
  file_name    TEXT    NOT NULL,
  media_type   TEXT    NOT NULL,
  size         INTEGER NOT NULL,
  sha256       TEXT    NOT NULL, -- of the plain content, hex
  CONSTRAINT papers_named CHECK (withdrawn = 0 OR (withdrawn_by <> '' AND why <> '')),
  CONSTRAINT papers_accepted CHECK (state <> 'accepted' OR accepted_by <> ''),
  CONSTRAINT papers_engineer CHECK (kind NOT IN ('pledge', 'training') OR person IS NOT NULL)
) STRICT;
CREATE INDEX papers_by_vendor ON papers (vendor, kind);
CREATE INDEX papers_by_person ON papers (person, kind) WHERE person IS NOT NULL;
CREATE UNIQUE INDEX papers_file ON papers (file) WHERE file <> '';

-- Which warnings about an end were given: an end that moves is warned of anew.
CREATE TABLE paper_warnings (
  subject   TEXT    NOT NULL,
  until     INTEGER NOT NULL,
  threshold INTEGER NOT NULL, -- days; 0: it has ended
  at        INTEGER NOT NULL,
  CONSTRAINT paper_warnings_pk PRIMARY KEY (subject, until, threshold)
) STRICT, WITHOUT ROWID;

-- +goose Down
SELECT 1;
