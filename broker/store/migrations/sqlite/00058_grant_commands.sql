-- +goose Up
-- commands: patterns of the commands that the approvals left of the request's; NULL: the request's own list holds. An empty list would be
-- a full shell, so it is not stored.
ALTER TABLE grants ADD COLUMN commands TEXT CONSTRAINT grants_commands CHECK (json_valid(commands) AND json_array_length(commands) > 0);

-- +goose Down
SELECT 1;
