package store

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"
)

// Reviews of a database from the time when each session had one are kept, and each window's work has one review made of them.
func TestReviewsOfSessionsBecomeOneOfTheWindow(t *testing.T) {
	w, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "before.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	w.SetMaxOpenConns(1)
	p, err := migrator(w)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.UpTo(context.Background(), 19); err != nil {
		t.Fatal(err)
	}
	for _, s := range []struct {
		id, window, verdict, note, by string
		due, signed                   int
	}{
		{"S-1", "R8-0001-1", "ok", "as requested", "U-1", 100, 50},
		{"S-2", "R8-0001-1", "question", "why twice?", "U-2", 110, 40},
		{"S-3", "R8-0002-1", "ok", "", "U-1", 100, 50},
		{"S-4", "R8-0002-1", "", "", "", 130, 0},
		{"S-5", "R8-0002-1", "", "", "", 120, 0},
		{"S-6", "", "fix", "no window", "U-1", 90, 60},
	} {
		for _, q := range []struct {
			text string
			args []any
		}{
			{`INSERT INTO sessions (id, state, person, vendor, grant_id, window, request, system, target, account, source, fingerprint, factor, reason, reason_number,
				detail, by, created, started, ended, until, recording, recording_sum, recording_size, client_version, notice)
				VALUES (?, 'ended', 'E-1', 'V-1', '', ?, 'R8', 'hr', '', '', '', '', '', '', 0, '', '', 1, 1, 2, 2, '', '', 0, '', '')`, []any{s.id, s.window}},
			{`INSERT INTO reviews (session, auditor, created, due, verdict, note, signed_by, signed_at) VALUES (?, '', 2, ?, ?, ?, ?, ?)`, []any{s.id, s.due, s.verdict, s.note, s.by, s.signed}},
		} {
			if _, err := w.Exec(q.text, q.args...); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := p.UpTo(context.Background(), 20); err != nil {
		t.Fatal(err)
	}
	rows, err := w.Query(`SELECT id, window, session, system, due, verdict, note, signed_by, signed_at, by_session FROM window_reviews ORDER BY id`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var got []string
	for rows.Next() {
		var id, window, session, system, verdict, note, by string
		var due, signed, single int
		if err := rows.Scan(&id, &window, &session, &system, &due, &verdict, &note, &by, &signed, &single); err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprint(id, "|", window, "|", session, "|", system, "|", due, "|", verdict, "|", note, "|", by, "|", signed, "|", single))
	}
	same(t, "reviews", got, []string{
		"R8-0001-1|R8-0001-1||hr|110|question|why twice?|U-2|40|1", // the worst verdict, with its signer
		"R8-0002-1|R8-0002-1||hr|120||||0|1",                       // owed since the earliest of those that were not signed
		"S-6||S-6|hr|90|fix|no window|U-1|60|1",
	}, rows.Err())
	var kept int
	if err := w.QueryRow(`SELECT count(*) FROM reviews`).Scan(&kept); err != nil || kept != 6 {
		t.Errorf("%d reviews of sessions are kept, %v", kept, err)
	}
}
