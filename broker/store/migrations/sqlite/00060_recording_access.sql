-- +goose Up
-- Further recipients of recordings that were made before: their keys lie in the keys files beside the recordings.
CREATE TABLE recording_access (
  id         TEXT    NOT NULL CONSTRAINT recording_access_pk PRIMARY KEY,
  recipient  TEXT    NOT NULL,
  holder     TEXT    NOT NULL, -- in words: the person or body that keeps the private key
  sessions   TEXT    NOT NULL CONSTRAINT recording_access_sessions CHECK (json_valid(sessions)),
  everything INTEGER NOT NULL, -- 1: all recordings that had ended when it was given
  reason     TEXT    NOT NULL,
  state      TEXT    NOT NULL CONSTRAINT recording_access_state CHECK (state IN ('asked', 'given', 'refused', 'ended')),
  asked      INTEGER NOT NULL,
  asked_by   TEXT    NOT NULL,
  decided    INTEGER NOT NULL,
  decided_by TEXT    NOT NULL,
  ended      INTEGER NOT NULL,
  ended_by   TEXT    NOT NULL,
  written    INTEGER NOT NULL  -- 1: the keys files say what the state says
) STRICT, WITHOUT ROWID;

-- +goose Down
SELECT 1;
