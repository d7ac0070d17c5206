-- +goose Up
-- Who stands in for whom is asked at every look of a person: by the deputy.
CREATE INDEX deputations_by_deputy ON deputations (deputy, ends) WHERE cleared_at = 0;

-- +goose Down
DROP INDEX deputations_by_deputy;
