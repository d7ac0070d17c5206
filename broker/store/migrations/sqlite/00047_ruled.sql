-- +goose Up
-- 1: a live rule had an effect on a command of the session.
ALTER TABLE sessions ADD COLUMN ruled INTEGER NOT NULL DEFAULT 0 CONSTRAINT sessions_ruled CHECK (ruled IN (0, 1));

-- +goose Down
SELECT 1;
