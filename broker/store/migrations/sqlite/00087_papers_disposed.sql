-- +goose Up
-- When the copy of a paper was disposed of, because its time of keeping was over; 0: it was not. The row stays.
ALTER TABLE papers ADD COLUMN disposed INTEGER NOT NULL DEFAULT 0;

-- +goose Down
SELECT 1;
