-- +goose Up
-- A work report (作業報告書) covers one session or several of one window. A correction is a row of its own; the
-- newest row of a session is the one that counts.
CREATE TABLE work_reports (
  id           TEXT    NOT NULL CONSTRAINT work_reports_pk PRIMARY KEY,
  window       TEXT    NOT NULL CONSTRAINT work_reports_window REFERENCES windows (id),
  request      TEXT    NOT NULL CONSTRAINT work_reports_request REFERENCES requests (no),
  system       TEXT    NOT NULL CONSTRAINT work_reports_system REFERENCES systems (id),
  vendor       TEXT    NOT NULL CONSTRAINT work_reports_vendor REFERENCES vendors (id),
  submitted_by TEXT    NOT NULL CONSTRAINT work_reports_by REFERENCES persons (id),
  submitted_at INTEGER NOT NULL,
  due          INTEGER NOT NULL,
  late         INTEGER NOT NULL CONSTRAINT work_reports_late CHECK (late IN (0, 1)),
  corrects     TEXT    NOT NULL DEFAULT '',
  state        TEXT    NOT NULL CONSTRAINT work_reports_state CHECK (state IN ('submitted', 'accepted', 'returned')),
  settled_by   TEXT    NOT NULL DEFAULT '',
  settled_at   INTEGER NOT NULL DEFAULT 0,
  answer       TEXT    NOT NULL DEFAULT '',
  sha256       TEXT    NOT NULL,
  body         TEXT    NOT NULL CONSTRAINT work_reports_body CHECK (json_valid(body)),
  CONSTRAINT work_reports_named CHECK ((state = 'submitted') = (settled_by = ''))
) STRICT, WITHOUT ROWID;
CREATE INDEX work_reports_by_request ON work_reports (request, id);
CREATE INDEX work_reports_by_submitted ON work_reports (submitted_at);

CREATE TABLE work_report_sessions (
  session TEXT NOT NULL CONSTRAINT work_report_sessions_session REFERENCES sessions (id),
  report  TEXT NOT NULL CONSTRAINT work_report_sessions_report REFERENCES work_reports (id),
  CONSTRAINT work_report_sessions_pk PRIMARY KEY (session, report)
) STRICT, WITHOUT ROWID;
CREATE INDEX work_report_sessions_by_report ON work_report_sessions (report);

-- An attendance record (立会確認書) is of one window. The newest row counts.
CREATE TABLE attendance_records (
  id      TEXT    NOT NULL CONSTRAINT attendance_records_pk PRIMARY KEY,
  window  TEXT    NOT NULL CONSTRAINT attendance_records_window REFERENCES windows (id),
  request TEXT    NOT NULL CONSTRAINT attendance_records_request REFERENCES requests (no),
  system  TEXT    NOT NULL CONSTRAINT attendance_records_system REFERENCES systems (id),
  by      TEXT    NOT NULL CONSTRAINT attendance_records_by REFERENCES persons (id),
  at      INTEGER NOT NULL,
  sha256  TEXT    NOT NULL,
  body    TEXT    NOT NULL CONSTRAINT attendance_records_body CHECK (json_valid(body))
) STRICT, WITHOUT ROWID;
CREATE INDEX attendance_records_by_window ON attendance_records (window, id);

-- What was raised as overdue, so that it is raised once.
CREATE TABLE overdue (
  kind    TEXT    NOT NULL CONSTRAINT overdue_kind CHECK (kind IN ('report', 'follow-up')),
  subject TEXT    NOT NULL,
  at      INTEGER NOT NULL,
  CONSTRAINT overdue_pk PRIMARY KEY (kind, subject)
) STRICT, WITHOUT ROWID;

-- +goose Down
SELECT 1;
