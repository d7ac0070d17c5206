-- +goose Up
-- How many numbers were masked in the session's output, counted at its end. 0 beside masked = 1: the broker stopped before it counted them.
ALTER TABLE sessions ADD COLUMN masked_count INTEGER NOT NULL DEFAULT 0 CONSTRAINT sessions_masked_count CHECK (masked_count >= 0);

-- +goose Down
SELECT 1;
