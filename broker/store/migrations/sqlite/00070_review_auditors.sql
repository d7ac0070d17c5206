-- +goose Up
-- 1: the broker named the auditor, or another auditor handed the review over; the auditor has not taken it yet.
ALTER TABLE window_reviews ADD COLUMN named INTEGER NOT NULL DEFAULT 0;

-- +goose Down
SELECT 1;
