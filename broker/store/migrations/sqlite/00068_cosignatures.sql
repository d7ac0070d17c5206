-- +goose Up
-- Signatures of witnesses under checkpoints. Each is verified with the witness's key before it is stored, and again by each verifier.
CREATE TABLE cosignatures (
    size    INTEGER NOT NULL CONSTRAINT cosignatures_size CHECK (size > 0), -- of the checkpoint
    witness TEXT NOT NULL CONSTRAINT cosignatures_witness CHECK (witness <> ''), -- name of its key
    key     INTEGER NOT NULL, -- hash of the key: a witness may have several
    at      INTEGER NOT NULL, -- when the witness signed, by its own clock
    line    BLOB NOT NULL,
    CONSTRAINT cosignatures_key PRIMARY KEY (size, witness, key)
) STRICT, WITHOUT ROWID;

-- How each witness answered last.
CREATE TABLE witnesses (
    name     TEXT NOT NULL CONSTRAINT witnesses_key PRIMARY KEY CONSTRAINT witnesses_name CHECK (name <> ''),
    since    INTEGER NOT NULL, -- when it was first asked
    answered INTEGER NOT NULL DEFAULT 0, -- when it cosigned last; 0: never
    size     INTEGER NOT NULL DEFAULT 0, -- of the checkpoint that it cosigned last
    finding  TEXT NOT NULL DEFAULT '' -- what was wrong with its last answer; empty: nothing
) STRICT;

-- +goose Down
SELECT 1;
