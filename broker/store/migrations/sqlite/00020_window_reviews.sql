-- +goose Up
-- A review covers the work of a window: all its sessions, refused attempts and files. The id is the window's number; a session without
-- a window is an item of its own, under its own number, and so is one that ended after its window's review had been signed.
CREATE TABLE window_reviews (
  id         TEXT    NOT NULL CONSTRAINT window_reviews_pk PRIMARY KEY,
  window     TEXT    NOT NULL,
  session    TEXT    NOT NULL,
  request    TEXT    NOT NULL,
  system     TEXT    NOT NULL,
  vendor     TEXT    NOT NULL,
  auditor    TEXT    NOT NULL DEFAULT '',
  created    INTEGER NOT NULL,
  due        INTEGER NOT NULL,
  verdict    TEXT    NOT NULL DEFAULT '' CONSTRAINT window_reviews_verdict CHECK (verdict IN ('', 'ok', 'question', 'fix')),
  note       TEXT    NOT NULL DEFAULT '',
  addressee  TEXT    NOT NULL DEFAULT '',
  answer_by  INTEGER NOT NULL DEFAULT 0,
  signed_by  TEXT    NOT NULL DEFAULT '',
  signed_at  INTEGER NOT NULL DEFAULT 0,
  by_session INTEGER NOT NULL DEFAULT 0,
  CONSTRAINT window_reviews_named CHECK ((verdict = '') = (signed_by = ''))
) STRICT, WITHOUT ROWID;
CREATE INDEX window_reviews_by_due ON window_reviews (due, id);
CREATE INDEX window_reviews_by_created ON window_reviews (created);
CREATE INDEX window_reviews_by_vendor ON window_reviews (vendor, system, created);
CREATE INDEX window_reviews_owed ON window_reviews (system, due) WHERE verdict = '';

-- Before, each session had a review. Those rows stay as they were signed (table reviews). The review of the window takes the worst of their
-- verdicts, with the name of its signer, or is owed where one of them was not signed yet.
INSERT INTO window_reviews (id, "window", session, request, system, vendor, auditor, created, due, verdict, note, signed_by, signed_at, by_session)
SELECT w.id, w."window", w.session, w.request, w.system, w.vendor, w.auditor, w.created, w.due, w.verdict,
  CASE w.verdict WHEN '' THEN '' ELSE (SELECT v.note FROM reviews v JOIN sessions s ON s.id = v.session
    WHERE v.verdict = w.verdict AND CASE s."window" WHEN '' THEN s.id ELSE s."window" END = w.id ORDER BY v.signed_at DESC, v.session DESC LIMIT 1) END,
  CASE w.verdict WHEN '' THEN '' ELSE (SELECT v.signed_by FROM reviews v JOIN sessions s ON s.id = v.session
    WHERE v.verdict = w.verdict AND CASE s."window" WHEN '' THEN s.id ELSE s."window" END = w.id ORDER BY v.signed_at DESC, v.session DESC LIMIT 1) END,
  CASE w.verdict WHEN '' THEN 0 ELSE (SELECT max(v.signed_at) FROM reviews v JOIN sessions s ON s.id = v.session
    WHERE v.verdict = w.verdict AND CASE s."window" WHEN '' THEN s.id ELSE s."window" END = w.id) END,
  1
FROM (
  SELECT CASE s."window" WHEN '' THEN s.id ELSE s."window" END AS id, max(s."window") AS "window", CASE s."window" WHEN '' THEN s.id ELSE '' END AS session,
    max(s.request) AS request, max(s.system) AS system, max(s.vendor) AS vendor, max(CASE v.verdict WHEN '' THEN v.auditor ELSE '' END) AS auditor,
    min(v.created) AS created, coalesce(min(CASE v.verdict WHEN '' THEN v.due END), max(v.due)) AS due,
    CASE WHEN sum(v.verdict = '') > 0 THEN '' WHEN sum(v.verdict = 'fix') > 0 THEN 'fix' WHEN sum(v.verdict = 'question') > 0 THEN 'question' ELSE 'ok' END AS verdict
  FROM reviews v JOIN sessions s ON s.id = v.session GROUP BY CASE s."window" WHEN '' THEN s.id ELSE s."window" END
) w;

-- +goose Down
SELECT 1 / 0; -- there is no way back: the program of before reviews sessions and would owe them anew
