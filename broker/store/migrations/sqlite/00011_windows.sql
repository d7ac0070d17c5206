-- +goose Up
-- Windows are listed newest first, a page at a time: without it, a section of many years sorts all of them for each page.
CREATE INDEX windows_by_start ON windows (starts, id);

-- +goose Down
SELECT 1;
