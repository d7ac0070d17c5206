-- +goose Up
-- Agreements to lift a lock. A lock that was in force before this table needs two from now on, as every other.
CREATE TABLE lock_lifts (
  lock   INTEGER NOT NULL CONSTRAINT lock_lifts_lock REFERENCES locks (id),
  by     TEXT    NOT NULL CONSTRAINT lock_lifts_by REFERENCES persons (id),
  at     INTEGER NOT NULL,
  reason TEXT    NOT NULL,
  CONSTRAINT lock_lifts_once PRIMARY KEY (lock, by)
) STRICT, WITHOUT ROWID;

-- A drill stops windows that are drills, and nothing else. It is in force, as a row of freezes, only once
-- a second person has agreed; what was asked for stands here and keeps its number.
ALTER TABLE freezes ADD COLUMN drill INTEGER NOT NULL DEFAULT 0 CONSTRAINT freezes_drill CHECK (drill IN (0, 1));
CREATE TABLE drill_asks (
  id        TEXT    NOT NULL CONSTRAINT drill_asks_pk PRIMARY KEY,
  scope     TEXT    NOT NULL CONSTRAINT drill_asks_scope CHECK (scope IN ('all', 'vendor', 'system')),
  subject   TEXT    NOT NULL,
  by        TEXT    NOT NULL CONSTRAINT drill_asks_by REFERENCES persons (id),
  at        INTEGER NOT NULL,
  reason    TEXT    NOT NULL,
  agreed_by TEXT    NOT NULL DEFAULT '',
  agreed_at INTEGER NOT NULL DEFAULT 0,
  CONSTRAINT drill_asks_two CHECK (agreed_by <> by)
) STRICT, WITHOUT ROWID;

-- A recording that must not be disposed of. cause is what put the hold: the number of a freeze, "lock-" and the
-- number of a lock, empty where somebody did by hand.
CREATE TABLE holds (
  id       INTEGER NOT NULL CONSTRAINT holds_pk PRIMARY KEY,
  session  TEXT    NOT NULL CONSTRAINT holds_session REFERENCES sessions (id),
  cause    TEXT    NOT NULL,
  by       TEXT    NOT NULL CONSTRAINT holds_by REFERENCES persons (id),
  since    INTEGER NOT NULL,
  reason   TEXT    NOT NULL,
  live     INTEGER NOT NULL DEFAULT 0,
  released INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX holds_in_force ON holds (session, cause) WHERE released = 0;
CREATE INDEX holds_by_cause ON holds (cause);

CREATE TABLE hold_releases (
  hold   INTEGER NOT NULL CONSTRAINT hold_releases_hold REFERENCES holds (id),
  by     TEXT    NOT NULL CONSTRAINT hold_releases_by REFERENCES persons (id),
  at     INTEGER NOT NULL,
  reason TEXT    NOT NULL,
  CONSTRAINT hold_releases_once PRIMARY KEY (hold, by)
) STRICT, WITHOUT ROWID;

-- An alarm goes to several desks. Each acknowledges for itself: none silences another.
CREATE TABLE alarms (
  id     TEXT    NOT NULL CONSTRAINT alarms_pk PRIMARY KEY,
  what   TEXT    NOT NULL,
  about  TEXT    NOT NULL,
  at     INTEGER NOT NULL,
  detail TEXT    NOT NULL CONSTRAINT alarms_detail CHECK (json_valid(detail))
) STRICT, WITHOUT ROWID;
CREATE INDEX alarms_by_time ON alarms (at);

CREATE TABLE alarm_desks (
  alarm    TEXT    NOT NULL CONSTRAINT alarm_desks_alarm REFERENCES alarms (id),
  desk     TEXT    NOT NULL,
  acked_by TEXT    NOT NULL DEFAULT '',
  acked_at INTEGER NOT NULL DEFAULT 0,
  note     TEXT    NOT NULL DEFAULT '',
  CONSTRAINT alarm_desks_pk PRIMARY KEY (alarm, desk)
) STRICT, WITHOUT ROWID;
CREATE INDEX alarm_desks_open ON alarm_desks (desk) WHERE acked_at = 0;

-- +goose Down
SELECT 1;
