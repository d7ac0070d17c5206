-- +goose Up
-- Times are unix milliseconds UTC; 0 means "none". Intervals are half-open.

CREATE TABLE sections (
  id    TEXT NOT NULL CONSTRAINT sections_pk PRIMARY KEY,
  name  TEXT NOT NULL,
  body  TEXT NOT NULL CONSTRAINT sections_body CHECK (json_valid(body))
) STRICT, WITHOUT ROWID;

CREATE TABLE vendors (
  id             TEXT    NOT NULL CONSTRAINT vendors_pk PRIMARY KEY,
  login          TEXT    NOT NULL CONSTRAINT vendors_login UNIQUE,
  name           TEXT    NOT NULL,
  contract_from  INTEGER NOT NULL,
  contract_until INTEGER NOT NULL,
  prime          TEXT    CONSTRAINT vendors_prime REFERENCES vendors (id) DEFERRABLE INITIALLY DEFERRED,
  body           TEXT    NOT NULL CONSTRAINT vendors_body CHECK (json_valid(body))
) STRICT, WITHOUT ROWID;

CREATE TABLE persons (
  id      TEXT NOT NULL CONSTRAINT persons_pk PRIMARY KEY,
  login   TEXT NOT NULL CONSTRAINT persons_login UNIQUE,
  kind    TEXT NOT NULL CONSTRAINT persons_kind CHECK (kind IN ('engineer', 'contact', 'staff')),
  name    TEXT NOT NULL,
  section TEXT CONSTRAINT persons_section REFERENCES sections (id) DEFERRABLE INITIALLY DEFERRED,
  vendor  TEXT CONSTRAINT persons_vendor  REFERENCES vendors (id) DEFERRABLE INITIALLY DEFERRED,
  body    TEXT NOT NULL CONSTRAINT persons_body CHECK (json_valid(body))
) STRICT, WITHOUT ROWID;
CREATE INDEX persons_by_vendor ON persons (vendor);

CREATE TABLE systems (
  id      TEXT NOT NULL CONSTRAINT systems_pk PRIMARY KEY,
  name    TEXT NOT NULL,
  section TEXT NOT NULL CONSTRAINT systems_section REFERENCES sections (id) DEFERRABLE INITIALLY DEFERRED,
  body    TEXT NOT NULL CONSTRAINT systems_body CHECK (json_valid(body))
) STRICT, WITHOUT ROWID;

CREATE TABLE targets (
  id     TEXT    NOT NULL CONSTRAINT targets_pk PRIMARY KEY,
  system TEXT    NOT NULL CONSTRAINT targets_system REFERENCES systems (id) DEFERRABLE INITIALLY DEFERRED,
  host   TEXT    NOT NULL,
  port   INTEGER NOT NULL CONSTRAINT targets_port CHECK (port BETWEEN 1 AND 65535),
  body   TEXT    NOT NULL CONSTRAINT targets_body CHECK (json_valid(body))
) STRICT, WITHOUT ROWID;
CREATE INDEX targets_by_system ON targets (system);

CREATE TABLE accounts (
  id     TEXT NOT NULL CONSTRAINT accounts_pk PRIMARY KEY,
  target TEXT NOT NULL CONSTRAINT accounts_target REFERENCES targets (id) DEFERRABLE INITIALLY DEFERRED,
  login  TEXT NOT NULL,
  body   TEXT NOT NULL CONSTRAINT accounts_body CHECK (json_valid(body)),
  CONSTRAINT accounts_login UNIQUE (target, login)
) STRICT, WITHOUT ROWID;

-- One person or one vendor stopped. A row stays when the lock is lifted.
CREATE TABLE locks (
  id        INTEGER NOT NULL CONSTRAINT locks_pk PRIMARY KEY,
  kind      TEXT    NOT NULL CONSTRAINT locks_kind CHECK (kind IN ('person', 'vendor')),
  subject   TEXT    NOT NULL,
  by        TEXT    NOT NULL,
  reason    TEXT    NOT NULL,
  since     INTEGER NOT NULL,
  lifted_by TEXT    NOT NULL DEFAULT '',
  lifted    INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX locks_in_force ON locks (kind, subject) WHERE lifted = 0;

CREATE TABLE pledges (
  id       INTEGER NOT NULL CONSTRAINT pledges_pk PRIMARY KEY,
  person   TEXT    NOT NULL CONSTRAINT pledges_person REFERENCES persons (id),
  signed   INTEGER NOT NULL,
  until    INTEGER NOT NULL,
  filed_by TEXT    NOT NULL,
  sha256   TEXT    NOT NULL
) STRICT;
CREATE INDEX pledges_by_person ON pledges (person);

CREATE TABLE person_keys (
  id          INTEGER NOT NULL CONSTRAINT person_keys_pk PRIMARY KEY,
  person      TEXT    NOT NULL CONSTRAINT person_keys_person REFERENCES persons (id),
  fingerprint TEXT    NOT NULL,
  public      TEXT    NOT NULL,
  label       TEXT    NOT NULL,
  state       TEXT    NOT NULL CONSTRAINT person_keys_state CHECK (state IN ('active', 'suspended', 'revoked')),
  added       INTEGER NOT NULL,
  changed     INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX person_keys_active ON person_keys (fingerprint) WHERE state = 'active';
CREATE INDEX person_keys_by_person ON person_keys (person);

CREATE TABLE passwords (
  person  TEXT    NOT NULL CONSTRAINT passwords_pk PRIMARY KEY CONSTRAINT passwords_person REFERENCES persons (id),
  encoded TEXT    NOT NULL,
  changed INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE totp (
  person    TEXT    NOT NULL CONSTRAINT totp_pk PRIMARY KEY CONSTRAINT totp_person REFERENCES persons (id),
  sealed    BLOB    NOT NULL,
  last_step INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE tokens (
  hash      BLOB    NOT NULL CONSTRAINT tokens_pk PRIMARY KEY,
  person    TEXT    NOT NULL CONSTRAINT tokens_person REFERENCES persons (id),
  label     TEXT    NOT NULL,
  created   INTEGER NOT NULL,
  expires   INTEGER NOT NULL,
  revoked   INTEGER NOT NULL DEFAULT 0,
  last_used INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX tokens_by_person ON tokens (person);

CREATE TABLE enrolments (
  hash    BLOB    NOT NULL CONSTRAINT enrolments_pk PRIMARY KEY,
  person  TEXT    NOT NULL CONSTRAINT enrolments_person REFERENCES persons (id),
  by      TEXT    NOT NULL,
  created INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  tries   INTEGER NOT NULL,
  used    INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX enrolments_by_person ON enrolments (person);

CREATE TABLE pending_changes (
  no         INTEGER NOT NULL CONSTRAINT pending_changes_pk PRIMARY KEY,
  kind       TEXT    NOT NULL,
  body       TEXT    NOT NULL CONSTRAINT pending_changes_body CHECK (json_valid(body)),
  by         TEXT    NOT NULL,
  at         INTEGER NOT NULL,
  state      TEXT    NOT NULL CONSTRAINT pending_changes_state CHECK (state IN ('pending', 'confirmed', 'dropped')),
  settled_by TEXT    NOT NULL DEFAULT '',
  settled_at INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE secrets (
  name    TEXT    NOT NULL CONSTRAINT secrets_pk PRIMARY KEY,
  sealed  BLOB    NOT NULL,
  changed INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE sequences (
  name TEXT    NOT NULL CONSTRAINT sequences_pk PRIMARY KEY,
  last INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- seq orders requests by number; numbers with more digits than four still sort.
CREATE TABLE requests (
  no               TEXT    NOT NULL CONSTRAINT requests_no UNIQUE,
  seq              INTEGER NOT NULL CONSTRAINT requests_pk PRIMARY KEY,
  state            TEXT    NOT NULL,
  version          INTEGER NOT NULL CONSTRAINT requests_version CHECK (version >= 1),
  approved_version INTEGER NOT NULL DEFAULT 0,
  system           TEXT    NOT NULL CONSTRAINT requests_system REFERENCES systems (id),
  vendor           TEXT    NOT NULL CONSTRAINT requests_vendor REFERENCES vendors (id),
  requester        TEXT    CONSTRAINT requests_requester REFERENCES persons (id),
  proposer         TEXT    CONSTRAINT requests_proposer REFERENCES persons (id),
  starts           INTEGER NOT NULL,
  ends             INTEGER NOT NULL,
  created          INTEGER NOT NULL,
  changed          INTEGER NOT NULL,
  body             TEXT    NOT NULL CONSTRAINT requests_body CHECK (json_valid(body)),
  CONSTRAINT requests_interval CHECK (starts < ends)
) STRICT;
CREATE INDEX requests_by_state ON requests (state, seq);

CREATE TABLE decisions (
  id      INTEGER NOT NULL CONSTRAINT decisions_pk PRIMARY KEY,
  request TEXT    NOT NULL CONSTRAINT decisions_request REFERENCES requests (no),
  version INTEGER NOT NULL,
  stage   INTEGER NOT NULL,
  by      TEXT    NOT NULL CONSTRAINT decisions_by REFERENCES persons (id),
  verdict TEXT    NOT NULL CONSTRAINT decisions_verdict
          CHECK (verdict IN ('approve', 'return', 'reject', 'withdraw', 'revoke')),
  reason  TEXT    NOT NULL,
  at      INTEGER NOT NULL
) STRICT;
CREATE INDEX decisions_by_request ON decisions (request, id);

CREATE TABLE windows (
  id           TEXT    NOT NULL CONSTRAINT windows_pk PRIMARY KEY,
  request      TEXT    NOT NULL CONSTRAINT windows_request REFERENCES requests (no),
  system       TEXT    NOT NULL CONSTRAINT windows_system REFERENCES systems (id),
  starts       INTEGER NOT NULL,
  ends         INTEGER NOT NULL,
  state        TEXT    NOT NULL CONSTRAINT windows_state
               CHECK (state IN ('scheduled', 'attended', 'permitted', 'closed', 'cut', 'cancelled')),
  attendant    TEXT    CONSTRAINT windows_attendant REFERENCES persons (id),
  opened_at    INTEGER NOT NULL DEFAULT 0,
  permitted_at INTEGER NOT NULL DEFAULT 0,
  permitted_by TEXT    NOT NULL DEFAULT '',
  closed_by    TEXT    NOT NULL DEFAULT '',
  closed_at    INTEGER NOT NULL DEFAULT 0,
  reason       TEXT    NOT NULL DEFAULT '',
  CONSTRAINT windows_interval CHECK (starts < ends),
  -- R3: no open without a name
  CONSTRAINT windows_named CHECK (state <> 'attended' OR attendant IS NOT NULL)
) STRICT, WITHOUT ROWID;
CREATE INDEX windows_by_end ON windows (ends);
CREATE INDEX windows_by_request ON windows (request);

-- ends repeats the window's end, kept by the window's writer, so that a person's grants that still
-- matter are found without visiting every window of the past.
CREATE TABLE grants (
  id             TEXT    NOT NULL CONSTRAINT grants_pk PRIMARY KEY,
  person         TEXT    NOT NULL CONSTRAINT grants_person REFERENCES persons (id),
  vendor         TEXT    NOT NULL CONSTRAINT grants_vendor REFERENCES vendors (id),
  target         TEXT    NOT NULL CONSTRAINT grants_target REFERENCES targets (id),
  account        TEXT    NOT NULL CONSTRAINT grants_account REFERENCES accounts (id),
  window         TEXT    NOT NULL CONSTRAINT grants_window REFERENCES windows (id),
  request        TEXT    NOT NULL CONSTRAINT grants_request REFERENCES requests (no),
  files          TEXT    NOT NULL CONSTRAINT grants_files CHECK (files IN ('none', 'allowed')),
  forward        INTEGER NOT NULL DEFAULT 0,
  state          TEXT    NOT NULL CONSTRAINT grants_state CHECK (state IN ('active', 'revoked', 'void')),
  revoked_by     TEXT    NOT NULL DEFAULT '',
  revoked_reason TEXT    NOT NULL DEFAULT '',
  person_limit   INTEGER NOT NULL DEFAULT 0,
  ends           INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX grants_by_person ON grants (person, ends);
CREATE INDEX grants_by_window ON grants (window);
CREATE INDEX grants_by_request ON grants (request);

CREATE TABLE sessions (
  id             TEXT    NOT NULL CONSTRAINT sessions_pk PRIMARY KEY,
  state          TEXT    NOT NULL CONSTRAINT sessions_state CHECK (state IN ('refused', 'opening', 'active', 'ended')),
  person         TEXT    NOT NULL,
  vendor         TEXT    NOT NULL,
  grant_id       TEXT    NOT NULL,
  window         TEXT    NOT NULL,
  request        TEXT    NOT NULL,
  system         TEXT    NOT NULL,
  target         TEXT    NOT NULL,
  account        TEXT    NOT NULL,
  source         TEXT    NOT NULL,
  fingerprint    TEXT    NOT NULL,
  factor         TEXT    NOT NULL,
  reason         TEXT    NOT NULL,
  reason_number  INTEGER NOT NULL,
  detail         TEXT    NOT NULL,
  by             TEXT    NOT NULL,
  created        INTEGER NOT NULL,
  started        INTEGER NOT NULL,
  ended          INTEGER NOT NULL,
  until          INTEGER NOT NULL,
  recording      TEXT    NOT NULL,
  recording_sum  TEXT    NOT NULL,
  recording_size INTEGER NOT NULL,
  client_version TEXT    NOT NULL,
  notice         TEXT    NOT NULL,
  -- a live session has a name and a grant
  CONSTRAINT sessions_named CHECK (state NOT IN ('opening', 'active') OR (person <> '' AND grant_id <> '' AND window <> ''))
) STRICT;
CREATE INDEX sessions_live ON sessions (state) WHERE state IN ('opening', 'active');
CREATE INDEX sessions_by_created ON sessions (created);
CREATE INDEX sessions_by_person ON sessions (person, created);
CREATE INDEX sessions_by_window ON sessions (window);

CREATE TABLE freezes (
  id      TEXT    NOT NULL CONSTRAINT freezes_pk PRIMARY KEY,
  scope   TEXT    NOT NULL CONSTRAINT freezes_scope CHECK (scope IN ('all', 'vendor', 'system')),
  subject TEXT    NOT NULL,
  by      TEXT    NOT NULL CONSTRAINT freezes_by REFERENCES persons (id),
  since   INTEGER NOT NULL,
  reason  TEXT    NOT NULL,
  lifted  INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX freezes_in_force ON freezes (lifted) WHERE lifted = 0;

CREATE TABLE freeze_lifts (
  freeze TEXT    NOT NULL CONSTRAINT freeze_lifts_freeze REFERENCES freezes (id),
  by     TEXT    NOT NULL CONSTRAINT freeze_lifts_by REFERENCES persons (id),
  at     INTEGER NOT NULL,
  reason TEXT    NOT NULL,
  CONSTRAINT freeze_lifts_once PRIMARY KEY (freeze, by)
) STRICT, WITHOUT ROWID;

CREATE TABLE remembered_factors (
  person      TEXT    NOT NULL CONSTRAINT remembered_person REFERENCES persons (id),
  fingerprint TEXT    NOT NULL,
  source      TEXT    NOT NULL,
  window      TEXT    NOT NULL CONSTRAINT remembered_window REFERENCES windows (id),
  notice      TEXT    NOT NULL,
  at          INTEGER NOT NULL,
  CONSTRAINT remembered_pk PRIMARY KEY (person, fingerprint, source, window, notice)
) STRICT, WITHOUT ROWID;

CREATE TABLE throttles (
  key          TEXT    NOT NULL CONSTRAINT throttles_pk PRIMARY KEY,
  count        INTEGER NOT NULL,
  since        INTEGER NOT NULL,
  locked_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE reviews (
  session   TEXT    NOT NULL CONSTRAINT reviews_pk PRIMARY KEY CONSTRAINT reviews_session REFERENCES sessions (id),
  auditor   TEXT    NOT NULL,
  created   INTEGER NOT NULL,
  due       INTEGER NOT NULL,
  verdict   TEXT    NOT NULL CONSTRAINT reviews_verdict CHECK (verdict IN ('', 'ok', 'question', 'fix')),
  note      TEXT    NOT NULL,
  signed_by TEXT    NOT NULL,
  signed_at INTEGER NOT NULL,
  CONSTRAINT reviews_named CHECK ((verdict = '') = (signed_by = ''))
) STRICT, WITHOUT ROWID;
CREATE INDEX reviews_by_due ON reviews (due);

-- The broker's sign of life, for dating what a crash left.
CREATE TABLE heartbeats (
  name TEXT    NOT NULL CONSTRAINT heartbeats_pk PRIMARY KEY,
  at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The ledger. header is the stored form that is hashed, never re-serialised; salt and payload
-- become NULL when disposed of, the leaf in ledger_hashes stays.
CREATE TABLE ledger_entries (
  idx     INTEGER NOT NULL CONSTRAINT ledger_entries_pk PRIMARY KEY,
  at      INTEGER NOT NULL,
  kind    TEXT    NOT NULL,
  header  BLOB    NOT NULL,
  salt    BLOB,
  payload BLOB
) STRICT;
CREATE INDEX ledger_entries_by_kind ON ledger_entries (kind, idx);

CREATE TABLE ledger_subjects (
  subject TEXT    NOT NULL,
  idx     INTEGER NOT NULL CONSTRAINT ledger_subjects_entry REFERENCES ledger_entries (idx),
  CONSTRAINT ledger_subjects_pk PRIMARY KEY (subject, idx)
) STRICT, WITHOUT ROWID;

CREATE TABLE ledger_hashes (
  idx  INTEGER NOT NULL CONSTRAINT ledger_hashes_pk PRIMARY KEY,
  hash BLOB    NOT NULL CONSTRAINT ledger_hashes_size CHECK (length(hash) = 32)
) STRICT;

CREATE TABLE checkpoints (
  size INTEGER NOT NULL CONSTRAINT checkpoints_pk PRIMARY KEY,
  note BLOB    NOT NULL
) STRICT;

-- +goose Down
-- There is no way back from the first migration: dropping the ledger is not an operation.
SELECT 1;
