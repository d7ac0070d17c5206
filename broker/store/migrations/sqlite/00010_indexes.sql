-- +goose Up
-- How much was recorded lately is answered from the index alone.
DROP INDEX sessions_by_created;
CREATE INDEX sessions_by_created ON sessions (created, recording_size);

-- What was asked for and not granted is looked up at every admission; years of rejections are not.
CREATE INDEX requests_by_state_end ON requests (state, ends);

-- A freeze holds the recordings of the sessions that are live or ended lately, before it is in force.
CREATE INDEX sessions_by_end ON sessions (ended);

-- +goose Down
SELECT 1;
