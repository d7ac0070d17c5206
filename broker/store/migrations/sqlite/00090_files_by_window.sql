-- +goose Up
-- Who let files of a window's work through does not review that work.
CREATE INDEX files_by_window ON files (window);

-- +goose Down
SELECT 1;
