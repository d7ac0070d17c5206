-- +goose Up
-- What a person began and has not handed in: an application (begun anew, or as an edit of one), or a decision on one. Only its owner sees
-- it. The content goes when it is handed in or thrown away; the row stays, so that a second press finds what became of the first.
CREATE TABLE drafts (
  id      TEXT    NOT NULL CONSTRAINT drafts_pk PRIMARY KEY,
  owner   TEXT    NOT NULL CONSTRAINT drafts_owner REFERENCES persons (id),
  kind    TEXT    NOT NULL CONSTRAINT drafts_kind CHECK (kind IN ('request', 'decision')),
  state   TEXT    NOT NULL CONSTRAINT drafts_state CHECK (state IN ('draft', 'submitted', 'discarded')),
  version INTEGER NOT NULL CONSTRAINT drafts_version CHECK (version >= 1),
  request TEXT    NOT NULL DEFAULT '',
  base    INTEGER NOT NULL DEFAULT 0,
  became  TEXT    NOT NULL DEFAULT '',
  created INTEGER NOT NULL,
  changed INTEGER NOT NULL,
  body    TEXT    NOT NULL CONSTRAINT drafts_body CHECK (json_valid(body))
) STRICT, WITHOUT ROWID;
CREATE INDEX drafts_by_owner ON drafts (owner, state, changed);

-- +goose Down
SELECT 1 / 0; -- there is no way back: the program of before knows nothing of drafts
