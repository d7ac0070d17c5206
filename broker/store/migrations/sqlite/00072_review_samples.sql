-- +goose Up
-- What a system's plan decided about a review: '' it has not, 'chosen' by the draw, 'forced' whatever the draw says, 'left-out': no one
-- reviews it unless an auditor takes it ('taken').
ALTER TABLE window_reviews ADD COLUMN drawn TEXT NOT NULL DEFAULT '' CONSTRAINT window_reviews_drawn CHECK (drawn IN ('', 'chosen', 'forced', 'left-out', 'taken'));
ALTER TABLE window_reviews ADD COLUMN plan TEXT NOT NULL DEFAULT ''; -- the plan in force at the draw: '2/10', '20%'
ALTER TABLE window_reviews ADD COLUMN place INTEGER NOT NULL DEFAULT -1; -- among the drawn work of the system's month, from 0; -1: it took none

-- The seed of each month's draws. Its commitment is in the ledger before the month, the seed itself after it.
CREATE TABLE review_seeds (
  month      TEXT    NOT NULL CONSTRAINT review_seeds_pk PRIMARY KEY, -- '2026-12', in the institution's zone
  sealed     BLOB    NOT NULL,
  commitment TEXT    NOT NULL,
  drawn_at   INTEGER NOT NULL,
  revealed   INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- +goose Down
SELECT 1;
