-- +goose Up
-- A series may be asked for by any name: that there is none is answered without reading every request.
CREATE INDEX requests_by_series ON requests (json_extract(body, '$.series'), seq);

-- +goose Down
SELECT 1;
