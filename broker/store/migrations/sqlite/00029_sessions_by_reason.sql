-- +goose Up
-- The ledger's filter by end cause counts and walks the sessions of one reason over all years, in this index alone.
CREATE INDEX sessions_by_reason ON sessions (reason, created, system, vendor);

-- +goose Down
SELECT 1;
