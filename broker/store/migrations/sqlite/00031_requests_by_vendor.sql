-- +goose Up
-- The vendor's newest request, whose section the help on the vendors' pages names, is found without reading others.
CREATE INDEX requests_by_vendor ON requests (vendor, seq);

-- +goose Down
SELECT 1;
