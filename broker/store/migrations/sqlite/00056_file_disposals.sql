-- +goose Up
-- disposed: when the kept contents of the file were removed, because their time of keeping was over; 0: they are kept.
ALTER TABLE files ADD COLUMN disposed INTEGER NOT NULL DEFAULT 0;

-- +goose Down
SELECT 1;
