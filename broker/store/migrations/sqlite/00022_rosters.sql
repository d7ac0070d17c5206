-- +goose Up
-- A statement by a vendor's contact of who works for the vendor. staying and left are lists of ids of engineers.
CREATE TABLE rosters (
  id      INTEGER NOT NULL CONSTRAINT rosters_pk PRIMARY KEY,
  vendor  TEXT    NOT NULL CONSTRAINT rosters_vendor REFERENCES vendors (id),
  by      TEXT    NOT NULL CONSTRAINT rosters_by REFERENCES persons (id),
  at      INTEGER NOT NULL,
  staying TEXT    NOT NULL CONSTRAINT rosters_staying CHECK (json_valid(staying)),
  left    TEXT    NOT NULL CONSTRAINT rosters_left CHECK (json_valid(left)),
  note    TEXT    NOT NULL
) STRICT;
CREATE INDEX rosters_by_vendor ON rosters (vendor, at);

-- +goose Down
SELECT 1;
