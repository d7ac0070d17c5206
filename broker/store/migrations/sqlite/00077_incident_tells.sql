-- +goose Up
-- Who must be told of an incident, as the institution's list stood when it began. told_at 0: not yet; raised 0: no alarm that it is late.
CREATE TABLE incident_tells (
  incident TEXT    NOT NULL CONSTRAINT incident_tells_incident REFERENCES freezes (id),
  key      TEXT    NOT NULL,
  ja       TEXT    NOT NULL,
  en       TEXT    NOT NULL,
  note     TEXT    NOT NULL,
  due      INTEGER NOT NULL,
  told_at  INTEGER NOT NULL DEFAULT 0,
  told_by  TEXT    NOT NULL DEFAULT '',
  words    TEXT    NOT NULL DEFAULT '',
  raised   INTEGER NOT NULL DEFAULT 0,
  CONSTRAINT incident_tells_pk PRIMARY KEY (incident, key),
  CONSTRAINT incident_tells_told CHECK ((told_at = 0) = (told_by = ''))
) STRICT, WITHOUT ROWID;
CREATE INDEX incident_tells_open ON incident_tells (due) WHERE told_at = 0 AND raised = 0;

-- +goose Down
SELECT 1;
