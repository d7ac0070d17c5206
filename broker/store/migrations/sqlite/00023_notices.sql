-- +goose Up
-- The outbox. A row is written in the transaction of its entry and says only that someone is to be told of it. Who that is, is found
-- afterwards, so that no damaged row keeps an act from being done. entry is -1 for what the clock alone makes due.
CREATE TABLE outbox (
  id        INTEGER NOT NULL CONSTRAINT outbox_pk PRIMARY KEY,
  entry     INTEGER NOT NULL,
  what      TEXT    NOT NULL,
  subject   TEXT    NOT NULL,
  at        INTEGER NOT NULL,
  addressed INTEGER NOT NULL DEFAULT 0,
  tries     INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX outbox_by_entry ON outbox (entry) WHERE entry >= 0;
CREATE UNIQUE INDEX outbox_by_clock ON outbox (what, subject) WHERE entry < 0;
CREATE INDEX outbox_waiting ON outbox (id) WHERE addressed = 0;

-- A notice for one person, or for one desk (person empty). Similar ones within a while are one row that counts them.
CREATE TABLE notices (
  id     INTEGER NOT NULL CONSTRAINT notices_pk PRIMARY KEY,
  outbox INTEGER NOT NULL CONSTRAINT notices_outbox REFERENCES outbox (id),
  code   TEXT    NOT NULL,
  person TEXT    NOT NULL,
  desk   TEXT    NOT NULL,
  about  TEXT    NOT NULL,
  at     INTEGER NOT NULL,
  count  INTEGER NOT NULL DEFAULT 1,
  latest INTEGER NOT NULL,
  seen   INTEGER NOT NULL DEFAULT 0,
  words  TEXT    NOT NULL CONSTRAINT notices_words CHECK (json_valid(words))
) STRICT;
CREATE INDEX notices_by_person ON notices (person, seen, id);
CREATE INDEX notices_by_about ON notices (about, at);
CREATE INDEX notices_by_time ON notices (at);
CREATE INDEX notices_by_outbox ON notices (outbox);

-- One way to one addressee.
CREATE TABLE deliveries (
  id      INTEGER NOT NULL CONSTRAINT deliveries_pk PRIMARY KEY,
  notice  INTEGER NOT NULL CONSTRAINT deliveries_notice REFERENCES notices (id),
  channel TEXT    NOT NULL CONSTRAINT deliveries_channel CHECK (channel IN ('mail', 'webhook')),
  address TEXT    NOT NULL,
  lang    TEXT    NOT NULL,
  state   TEXT    NOT NULL CONSTRAINT deliveries_state CHECK (state IN ('waiting', 'sent', 'dead')),
  created INTEGER NOT NULL,
  tries   INTEGER NOT NULL DEFAULT 0,
  due     INTEGER NOT NULL,
  settled INTEGER NOT NULL DEFAULT 0,
  error   TEXT    NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX deliveries_waiting ON deliveries (channel, due) WHERE state = 'waiting';
CREATE INDEX deliveries_dead ON deliveries (settled) WHERE state = 'dead';
CREATE INDEX deliveries_by_notice ON deliveries (notice);

-- +goose Down
SELECT 1;
