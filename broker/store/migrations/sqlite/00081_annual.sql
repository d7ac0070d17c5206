-- +goose Up
-- Yearly reports to which an office has agreed. Without a row the report is a draft, counted anew at each look.
CREATE TABLE annual_reports (
  fiscal_year  INTEGER NOT NULL CONSTRAINT annual_reports_pk PRIMARY KEY, -- 2026: April 2026 to March 2027
  report       TEXT    NOT NULL, -- the verification file of the figures
  digest       TEXT    NOT NULL, -- of the figures
  agreed_by    TEXT    NOT NULL,
  office       TEXT    NOT NULL CONSTRAINT annual_reports_office CHECK (office IN ('information-systems', 'auditor')), -- of the first agreement
  agreed_at    INTEGER NOT NULL,
  finalised_by TEXT    NOT NULL, -- empty: the other office has not agreed
  finalised_at INTEGER NOT NULL, -- 0: likewise
  CONSTRAINT annual_reports_final CHECK ((finalised_at = 0) = (finalised_by = '')),
  CONSTRAINT annual_reports_two CHECK (finalised_by <> agreed_by)
) STRICT;

-- Corrections of final reports. The figures stay as they were agreed to.
CREATE TABLE annual_errata (
  fiscal_year INTEGER NOT NULL CONSTRAINT annual_errata_report REFERENCES annual_reports (fiscal_year),
  no          INTEGER NOT NULL,
  place       TEXT    NOT NULL,
  wrong       TEXT    NOT NULL,
  correct     TEXT    NOT NULL,
  reason      TEXT    NOT NULL,
  by          TEXT    NOT NULL,
  at          INTEGER NOT NULL,
  CONSTRAINT annual_errata_pk PRIMARY KEY (fiscal_year, no)
) STRICT, WITHOUT ROWID;

-- +goose Down
SELECT 1;
