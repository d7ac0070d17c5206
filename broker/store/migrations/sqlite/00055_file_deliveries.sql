-- +goose Up
-- A delivery to the target and a fetch from the outbox are noted before they begin, so that a broker which stops in the middle finds them
-- at its next start.
-- via: the session through which the file is being delivered; empty: it is not. An approved file with via is in the state delivering.
ALTER TABLE files ADD COLUMN via TEXT NOT NULL DEFAULT '';
-- place: the path on the target, without links, that the delivery writes to.
ALTER TABLE files ADD COLUMN place BLOB NOT NULL DEFAULT x'';
-- fetching: fetches that are under way.
ALTER TABLE files ADD COLUMN fetching INTEGER NOT NULL DEFAULT 0;

-- +goose Down
SELECT 1;
