-- +goose Up
-- Opinions of the council about a fiscal year, and the institution's responses. Nothing is replaced: a further response is a further row.
CREATE TABLE council_opinions (
  fiscal_year INTEGER NOT NULL,
  no          INTEGER NOT NULL,
  said_on     TEXT    NOT NULL, -- day of the meeting: 2027-06-10
  opinion     TEXT    NOT NULL,
  by          TEXT    NOT NULL,
  at          INTEGER NOT NULL,
  CONSTRAINT council_opinions_pk PRIMARY KEY (fiscal_year, no)
) STRICT, WITHOUT ROWID;
CREATE TABLE council_responses (
  fiscal_year INTEGER NOT NULL,
  no          INTEGER NOT NULL,
  round       INTEGER NOT NULL,
  response    TEXT    NOT NULL,
  by          TEXT    NOT NULL,
  at          INTEGER NOT NULL,
  CONSTRAINT council_responses_pk PRIMARY KEY (fiscal_year, no, round),
  CONSTRAINT council_responses_opinion FOREIGN KEY (fiscal_year, no) REFERENCES council_opinions (fiscal_year, no)
) STRICT, WITHOUT ROWID;

-- +goose Down
SELECT 1;
