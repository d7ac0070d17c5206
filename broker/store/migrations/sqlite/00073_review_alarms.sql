-- +goose Up
-- When the alarm about a review that stays overdue was raised; 0: it was not.
ALTER TABLE window_reviews ADD COLUMN raised INTEGER NOT NULL DEFAULT 0;

-- +goose Down
SELECT 1;
