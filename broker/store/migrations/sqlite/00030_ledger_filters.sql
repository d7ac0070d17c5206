-- +goose Up
-- The ledger's filters walk the sessions of a system or a vendor by their times, and begin at the windows of an attendant and the reviews of a verdict,
-- instead of reading every session of many years.
CREATE INDEX sessions_of_system ON sessions (system, created);
CREATE INDEX sessions_of_vendor ON sessions (vendor, created);
CREATE INDEX windows_by_attendant ON windows (attendant);
CREATE INDEX window_reviews_by_verdict ON window_reviews (verdict);

-- The queue begins with what is owed or was signed since its first page was read: few rows, found by these two.
CREATE INDEX window_reviews_by_signed ON window_reviews (signed_at);

-- +goose Down
SELECT 1;
