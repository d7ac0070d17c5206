-- +goose Up
-- 1: numbers that look like individual numbers were masked in the session.
ALTER TABLE sessions ADD COLUMN masked INTEGER NOT NULL DEFAULT 0 CONSTRAINT sessions_masked CHECK (masked IN (0, 1));

-- +goose Down
SELECT 1;
