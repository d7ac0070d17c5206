-- +goose Up
-- The sessions of one day on one system, which the owning section confirms (R27). The id is the date and the system.
CREATE TABLE days (
  id        TEXT    NOT NULL CONSTRAINT days_pk PRIMARY KEY,
  system    TEXT    NOT NULL,
  date      TEXT    NOT NULL,
  due       INTEGER NOT NULL,
  confirmed INTEGER NOT NULL DEFAULT 0, -- when its last confirmation was given; 0: it is owed
  raised    INTEGER NOT NULL DEFAULT 0  -- when it was raised as overdue
) STRICT, WITHOUT ROWID;
CREATE INDEX days_owed ON days (due) WHERE confirmed = 0;
CREATE INDEX days_by_date ON days (date, id);

-- Each confirmation, with the sessions that had ended by then. A later session of the day asks for another one.
CREATE TABLE day_confirmations (
  day      TEXT    NOT NULL CONSTRAINT day_confirmations_day REFERENCES days (id),
  at       INTEGER NOT NULL,
  by       TEXT    NOT NULL,
  behalf   TEXT    NOT NULL DEFAULT '',
  note     TEXT    NOT NULL DEFAULT '',
  sessions TEXT    NOT NULL CONSTRAINT day_confirmations_sessions CHECK (json_valid(sessions)),
  CONSTRAINT day_confirmations_pk PRIMARY KEY (day, at, by)
) STRICT, WITHOUT ROWID;

-- +goose Down
SELECT 1;
