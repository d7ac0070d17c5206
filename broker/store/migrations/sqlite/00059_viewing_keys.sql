-- +goose Up
-- The viewing keys of recordings. There is no row until one of them is first replaced; until then the only key counts.
CREATE TABLE viewing_keys (
  number     INTEGER NOT NULL CONSTRAINT viewing_keys_pk PRIMARY KEY,
  recipient  TEXT    NOT NULL,
  state      TEXT    NOT NULL CONSTRAINT viewing_keys_state CHECK (state IN ('next', 'current', 'former', 'withdrawn', 'destroyed')),
  begun      INTEGER NOT NULL, -- 0: it came with the installation
  begun_by   TEXT    NOT NULL,
  settled    INTEGER NOT NULL, -- when new recordings stopped being sealed to it; 0: they are
  settled_by TEXT    NOT NULL,
  destroyed  INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX viewing_keys_current ON viewing_keys (state) WHERE state IN ('next', 'current');

-- +goose Down
SELECT 1;
