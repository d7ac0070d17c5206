-- +goose Up
-- Somebody asked for a window to end later. ends is the window's end when it was asked for, new_end the one that was
-- granted, 0 otherwise.
CREATE TABLE extensions (
  id         TEXT    NOT NULL CONSTRAINT extensions_pk PRIMARY KEY,
  window     TEXT    NOT NULL CONSTRAINT extensions_window REFERENCES windows (id),
  request    TEXT    NOT NULL CONSTRAINT extensions_request REFERENCES requests (no),
  system     TEXT    NOT NULL CONSTRAINT extensions_system REFERENCES systems (id),
  asked_by   TEXT    NOT NULL CONSTRAINT extensions_asked_by REFERENCES persons (id),
  via        TEXT    NOT NULL,
  asked_at   INTEGER NOT NULL,
  length     INTEGER NOT NULL CONSTRAINT extensions_length CHECK (length > 0),
  reason     TEXT    NOT NULL CONSTRAINT extensions_reason CHECK (reason <> ''),
  ends       INTEGER NOT NULL,
  state      TEXT    NOT NULL CONSTRAINT extensions_state CHECK (state IN ('asked', 'granted', 'denied', 'lapsed')),
  decided_by TEXT    NOT NULL DEFAULT '',
  decided_at INTEGER NOT NULL DEFAULT 0,
  role       TEXT    NOT NULL DEFAULT '',
  on_behalf  TEXT    NOT NULL DEFAULT '',
  answer     TEXT    NOT NULL DEFAULT '',
  new_end    INTEGER NOT NULL DEFAULT 0,
  -- no answer without a name; what nobody answered lapsed
  CONSTRAINT extensions_named CHECK ((state IN ('granted', 'denied')) = (decided_by <> '')),
  CONSTRAINT extensions_moved CHECK ((state = 'granted') = (new_end > ends))
) STRICT, WITHOUT ROWID;
-- One question at a time.
CREATE UNIQUE INDEX extensions_open ON extensions (window) WHERE state = 'asked';
CREATE INDEX extensions_by_window ON extensions (window, asked_at);
CREATE INDEX extensions_by_asked ON extensions (asked_at);

-- +goose Down
SELECT 1;
