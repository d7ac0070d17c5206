-- +goose Up
-- A review may ask for an answer before it is signed for good, and more than once. The addressee is a person, a section or a vendor.
CREATE TABLE review_questions (
  id          TEXT    NOT NULL CONSTRAINT review_questions_pk PRIMARY KEY, -- the review's number, -Q and a count
  review      TEXT    NOT NULL CONSTRAINT review_questions_review REFERENCES window_reviews (id),
  round       INTEGER NOT NULL,
  question    TEXT    NOT NULL,
  addressee   TEXT    NOT NULL, -- as the auditor wrote it
  to_person   TEXT    NOT NULL DEFAULT '',
  to_section  TEXT    NOT NULL DEFAULT '',
  to_vendor   TEXT    NOT NULL DEFAULT '',
  answer_by   INTEGER NOT NULL,
  asked_by    TEXT    NOT NULL,
  asked_at    INTEGER NOT NULL,
  answer      TEXT    NOT NULL DEFAULT '',
  answered_by TEXT    NOT NULL DEFAULT '',
  answered_at INTEGER NOT NULL DEFAULT 0,
  closed_at   INTEGER NOT NULL DEFAULT 0, -- the review was signed anew before an answer came
  CONSTRAINT review_questions_round UNIQUE (review, round),
  CONSTRAINT review_questions_answered CHECK ((answered_by = '') = (answered_at = 0))
) STRICT, WITHOUT ROWID;
CREATE INDEX review_questions_open ON review_questions (answer_by) WHERE answered_at = 0 AND closed_at = 0;

-- When the question for which the review waits was answered; 0: it was not, or none waits.
ALTER TABLE window_reviews ADD COLUMN answered_at INTEGER NOT NULL DEFAULT 0;
CREATE INDEX window_reviews_answered ON window_reviews (answered_at) WHERE answered_at > 0;

INSERT INTO review_questions (id, review, round, question, addressee, to_person, to_section, to_vendor, answer_by, asked_by, asked_at)
SELECT v.id || '-Q1', v.id, 1, v.note, v.addressee,
  coalesce((SELECT p.id FROM persons p WHERE (p.id = v.addressee OR p.login = v.addressee) AND (p.vendor IS NULL OR p.vendor = v.vendor) ORDER BY p.id = v.addressee DESC LIMIT 1), ''),
  coalesce((SELECT s.id FROM sections s WHERE s.id = v.addressee OR s.name = v.addressee ORDER BY s.id = v.addressee DESC LIMIT 1), ''),
  coalesce((SELECT d.id FROM vendors d WHERE d.id = v.vendor AND v.addressee IN (d.id, d.login, d.name)), ''),
  v.answer_by, v.signed_by, v.signed_at
FROM window_reviews v WHERE v.verdict = 'question';

-- +goose Down
SELECT 1;
