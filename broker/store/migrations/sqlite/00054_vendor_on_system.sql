-- +goose Up
-- A freeze, or a drill, of a vendor on one system only. Empty: everywhere.
ALTER TABLE freezes ADD COLUMN system TEXT NOT NULL DEFAULT '' CONSTRAINT freezes_system CHECK (system = '' OR scope = 'vendor');
ALTER TABLE drill_asks ADD COLUMN system TEXT NOT NULL DEFAULT '' CONSTRAINT drill_asks_system CHECK (system = '' OR scope = 'vendor');

-- +goose Down
SELECT 1;
