-- +goose Up
-- The times for which payloads of the ledger, and those of its entries about looks, are kept: in days; 0: for ever.
ALTER TABLE notice_changes ADD COLUMN ledger_before INTEGER NOT NULL DEFAULT 0;
ALTER TABLE notice_changes ADD COLUMN ledger_after INTEGER NOT NULL DEFAULT 0;
ALTER TABLE notice_changes ADD COLUMN looks_before INTEGER NOT NULL DEFAULT 0;
ALTER TABLE notice_changes ADD COLUMN looks_after INTEGER NOT NULL DEFAULT 0;

-- +goose Down
SELECT 1;
