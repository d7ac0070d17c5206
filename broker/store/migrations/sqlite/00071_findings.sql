-- +goose Up
-- A finding asks for a correction. Its owner answers, maybe several times; an auditor closes it.
CREATE TABLE findings (
  no          TEXT    NOT NULL CONSTRAINT findings_pk PRIMARY KEY, -- "F-012"
  review      TEXT    NOT NULL CONSTRAINT findings_review REFERENCES window_reviews (id),
  system      TEXT    NOT NULL,
  vendor      TEXT    NOT NULL,
  finding     TEXT    NOT NULL,
  addressee   TEXT    NOT NULL, -- the owner as the auditor wrote it
  to_person   TEXT    NOT NULL DEFAULT '',
  to_section  TEXT    NOT NULL DEFAULT '',
  to_vendor   TEXT    NOT NULL DEFAULT '',
  due         INTEGER NOT NULL,
  opened_by   TEXT    NOT NULL,
  opened_at   INTEGER NOT NULL,
  answered_at INTEGER NOT NULL DEFAULT 0, -- the newest answer; 0: there is none
  closed_by   TEXT    NOT NULL DEFAULT '',
  closed_at   INTEGER NOT NULL DEFAULT 0,
  verified    TEXT    NOT NULL DEFAULT '', -- how the auditor verified the correction
  CONSTRAINT findings_closed CHECK ((closed_by = '') = (closed_at = 0))
) STRICT, WITHOUT ROWID;
CREATE INDEX findings_by_review ON findings (review);
CREATE INDEX findings_open ON findings (due, no) WHERE closed_at = 0;

CREATE TABLE finding_answers (
  finding    TEXT    NOT NULL CONSTRAINT finding_answers_finding REFERENCES findings (no),
  round      INTEGER NOT NULL, -- from 1
  correction TEXT    NOT NULL,
  answered_by TEXT   NOT NULL,
  at         INTEGER NOT NULL,
  CONSTRAINT finding_answers_pk PRIMARY KEY (finding, round)
) STRICT, WITHOUT ROWID;

-- A judgement "fix" of before is a finding that no one has answered yet.
INSERT INTO findings (no, review, system, vendor, finding, addressee, to_person, to_section, to_vendor, due, opened_by, opened_at)
SELECT printf('F-%03d', row_number() OVER (ORDER BY v.signed_at, v.id)), v.id, v.system, v.vendor, v.note, v.addressee,
  coalesce((SELECT p.id FROM persons p WHERE (p.id = v.addressee OR p.login = v.addressee) AND (p.vendor IS NULL OR p.vendor = v.vendor) ORDER BY p.id = v.addressee DESC LIMIT 1), ''),
  coalesce((SELECT s.id FROM sections s WHERE s.id = v.addressee OR s.name = v.addressee ORDER BY s.id = v.addressee DESC LIMIT 1), ''),
  coalesce((SELECT d.id FROM vendors d WHERE d.id = v.vendor AND v.addressee IN (d.id, d.login, d.name)), ''),
  v.answer_by, v.signed_by, v.signed_at
FROM window_reviews v WHERE v.verdict = 'fix';
INSERT INTO sequences (name, last) SELECT 'finding', count(*) FROM findings HAVING count(*) > 0;

-- +goose Down
SELECT 1;
