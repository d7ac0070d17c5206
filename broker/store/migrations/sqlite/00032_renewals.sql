-- +goose Up
-- When staff last asked a vendor to renew a paper: the same paper is not asked for twice on a day. until is the paper's end, 0 where
-- none is on file.
CREATE TABLE renewals (
  subject TEXT    NOT NULL,
  until   INTEGER NOT NULL,
  asked   INTEGER NOT NULL,
  asker   TEXT    NOT NULL,
  CONSTRAINT renewals_pk PRIMARY KEY (subject, until)
) STRICT, WITHOUT ROWID;

-- +goose Down
SELECT 1;
