-- +goose Up
-- Destinations that a grant may forward to. The old column "forward" was never used.
ALTER TABLE grants ADD COLUMN forwards TEXT NOT NULL DEFAULT '[]' CONSTRAINT grants_forwards CHECK (json_valid(forwards));

-- +goose Down
SELECT 1;
