-- +goose Up
-- Where a person proved right before, by password and code or by key and code. It opens nothing: guesses from elsewhere do not
-- slow the person there.
CREATE TABLE proved_sources (
  person TEXT    NOT NULL CONSTRAINT proved_person REFERENCES persons (id),
  source TEXT    NOT NULL,
  at     INTEGER NOT NULL,
  CONSTRAINT proved_pk PRIMARY KEY (person, source)
) STRICT, WITHOUT ROWID;

-- +goose Down
SELECT 1;
