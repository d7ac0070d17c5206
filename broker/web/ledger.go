package web

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"time"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// mostEntries is how many entries one call lists.
const mostEntries = 1000

func (s *Server) entries(c *call) error {
	if _, err := s.mayLook(c, policy.Attempt{Act: policy.ActLedgerRead}, "ledger"); err != nil {
		return err
	}
	f := store.EntryFilter{Newest: true, Limit: 100, Kind: c.r.FormValue("kind"), Subject: c.r.FormValue("subject")}
	if v := c.r.FormValue("limit"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 || n > mostEntries {
			return faultBadRequest("件数は 1 から 1000 です", "limit is between 1 and 1000", nil)
		}
		f.Limit = n
	}
	if v := c.r.FormValue("before"); v != "" {
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil || n < 0 {
			return faultBadRequest("before は番号です", "before is a number", nil)
		}
		if n == 0 {
			return c.reply([]Entry{})
		}
		f.To = n
	}
	// That somebody read the ledger is in it too (screens §2, L1), before it is shown.
	asked := map[string]any{"limit": f.Limit, "kind": f.Kind, "subject": f.Subject, "before": f.To}
	if err := s.looked(c, "ledger.listed", []string{c.person.ID}, asked); err != nil {
		return err
	}
	return show(s, c, func(snap *store.Snap) ([]Entry, error) {
		out := []Entry{}
		for e, err := range snap.Entries(f) {
			if err != nil {
				return nil, err
			}
			out = append(out, viewEntry(e, s.o.Zone))
		}
		return out, nil
	})
}

func (s *Server) entry(c *call) error {
	if _, err := s.mayLook(c, policy.Attempt{Act: policy.ActLedgerRead}, "ledger"); err != nil {
		return err
	}
	n, err := c.number("no")
	if err != nil {
		return err
	}
	v, err := view(s, c, func(snap *store.Snap) (Entry, error) {
		e, err := snap.Entry(n)
		if err != nil {
			return Entry{}, err
		}
		return viewEntry(e, s.o.Zone), nil
	})
	if err != nil {
		return err
	}
	if err := s.looked(c, "ledger.viewed", []string{c.person.ID}, map[string]int64{"entry": n}); err != nil {
		return err
	}
	return c.reply(v)
}

// exportLedger streams the whole ledger. The entry that says so is committed first and is part
// of what is exported.
func (s *Server) exportLedger(c *call) error {
	why, err := c.viewing()
	if err != nil {
		return err
	}
	if _, err := s.mayLook(c, policy.Attempt{Act: policy.ActLedgerExport, Purpose: why.purpose}, "ledger"); err != nil {
		return err
	}
	if err := s.looked(c, "ledger.exported", []string{c.person.ID}, why.payload(map[string]string{"format": "jsonl"})); err != nil {
		return err
	}
	var checkpoint []byte
	var size int64
	err = s.o.DB.Read(c.r.Context(), func(snap *store.Snap) (err error) {
		if checkpoint, err = snap.LatestCheckpoint(); err != nil {
			return fmt.Errorf("newest checkpoint: %w", err)
		}
		size, err = snap.LedgerSize()
		return err
	})
	if err != nil {
		return err
	}
	defer s.streaming(c, "application/jsonl", takeStall)()
	if err := ledger.WriteExport(c.w, s.entriesTo(c.r.Context(), size), checkpoint); err != nil {
		return fmt.Errorf("export the ledger: %w", err)
	}
	return nil
}

// exportPage is how many bytes of entries are read at once for an export.
const exportPage = 1 << 20

// entriesTo iterates over the first entries of the ledger, a page to a snapshot: there are few snapshots, the gate
// needs them, and whoever takes an export may stall for as long as they like. The ledger only grows, so pages of
// different moments fit together.
func (s *Server) entriesTo(ctx context.Context, size int64) iter.Seq2[ledger.Entry, error] {
	return func(yield func(ledger.Entry, error) bool) {
		for next := int64(0); next < size; {
			var page []ledger.Entry
			err := s.o.DB.Read(ctx, func(snap *store.Snap) error {
				bytes := 0
				for e, err := range snap.Entries(store.EntryFilter{From: next, To: size}) {
					if err != nil {
						return err
					}
					page = append(page, e)
					if bytes += len(e.Header) + len(e.Payload); bytes >= exportPage {
						break
					}
				}
				return nil
			})
			if err == nil && len(page) == 0 {
				err = fmt.Errorf("entry %d: %w", next, store.ErrTampered)
			}
			if err != nil {
				yield(ledger.Entry{}, err)
				return
			}
			for _, e := range page {
				if !yield(e, nil) {
					return
				}
			}
			next = page[len(page)-1].Index + 1
		}
	}
}

// verifyLedger reads the whole ledger, entry by entry. One at a time: everybody on the staff may ask for it, and
// it holds a snapshot for as long as it takes.
func (s *Server) verifyLedger(c *call) error {
	select {
	case s.verifying <- struct{}{}:
		defer func() { <-s.verifying }()
	case <-c.r.Context().Done():
		return context.Cause(c.r.Context())
	}
	var v LedgerCheck
	err := s.o.DB.Read(c.r.Context(), func(snap *store.Snap) error {
		if err := snap.VerifyLedger(nil, nil); err != nil {
			if c.r.Context().Err() != nil {
				return err
			}
			v.Place, v.PlaceJA = err.Error(), err.Error()
			var damage *store.Damage
			if errors.As(err, &damage) {
				v.Place, v.PlaceJA = damage.Text.EN, damage.Text.JA
			}
		} else {
			v.OK = true
		}
		var err error
		if v.Entries, err = snap.LedgerSize(); err != nil {
			return err
		}
		note, err := snap.LatestCheckpoint()
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		head, err := ledger.ReadCheckpoint(note)
		if err != nil {
			v.OK, v.Place, v.PlaceJA = false, "checkpoint: "+err.Error(), "確定点が読めません: "+err.Error()
			return nil
		}
		v.Root = head.Root.String()
		return nil
	})
	if err != nil {
		return err
	}
	return c.reply(v)
}

func (s *Server) checkpoint(c *call) error {
	return show(s, c, func(snap *store.Snap) (CheckpointReply, error) {
		note, err := snap.LatestCheckpoint()
		return CheckpointReply{Checkpoint: string(note), Key: s.o.Ring.LedgerVerifierKey()}, err
	})
}

// mayLook asks policy whether the caller may look, and ledgers a refusal: denied openings count
// as much as granted ones.
func (s *Server) mayLook(c *call, a policy.Attempt, what string) (policy.Facts, error) {
	a.Person, a.Key, a.Factor = c.person.ID, true, true // a token is handed out for both
	facts, d, err := s.ruled(c.r.Context(), a)
	if err != nil {
		return facts, err
	}
	if !d.Allow {
		return facts, s.lookRefused(c, a.Act, what, facts, d)
	}
	c.look = &a
	return facts, nil
}

// lookRefused ledgers what policy refused, and is the refusal.
func (s *Server) lookRefused(c *call, act policy.Act, what string, facts policy.Facts, d policy.Decision) error {
	subjects := []string{c.person.ID}
	if facts.Subject != nil {
		subjects = append(subjects, facts.Subject.Session)
	}
	payload := map[string]string{"act": string(act), "reason": string(d.Reason), "what": what}
	if err := s.refusedOnce(c, string(act)+" "+what, subjects, payload); err != nil {
		return err
	}
	return refusal(d.Reason, d.Args)
}

// ruled asks policy of the facts of now, of which Attempt.Session names the one to look at.
func (s *Server) ruled(ctx context.Context, a policy.Attempt) (policy.Facts, policy.Decision, error) {
	facts, err := s.o.Sessions.Facts(ctx, a.Person)
	if err != nil {
		return facts, policy.Decision{}, err
	}
	if a.Session != "" {
		err := s.o.DB.Read(ctx, func(snap *store.Snap) error {
			subject, err := snap.Subject(a.Session)
			if err != nil {
				return err
			}
			facts.Subject = &subject
			return nil
		})
		if err != nil {
			return facts, policy.Decision{}, err
		}
		// Attempt.Session is the caller's own session, which a looker does not have.
		a.Session = ""
	}
	return facts, policy.Decide(facts, a, s.o.Clock()), nil
}

// looked writes the entry about an opening. It is committed when it returns.
func (s *Server) looked(c *call, kind string, subjects []string, payload any) error {
	err := s.o.DB.Write(c.r.Context(), func(tx *store.Tx) error {
		_, err := tx.Append(ledger.Draft{Kind: kind, Actor: c.actor(), Subjects: subjects, Payload: payload})
		return err
	})
	if err != nil {
		return fmt.Errorf("ledger %s: %w", kind, err)
	}
	return nil
}

func (s *Server) status(c *call) error {
	v := s.o.Status()
	var err error
	if v.EmptyRegistry, err = s.emptyRegistry(c.r.Context()); err != nil {
		return err
	}
	return c.reply(v)
}

func (s *Server) notice(c *call) error {
	n := s.o.Notice
	return c.reply(Notice{
		Institution: n.Institution, Version: n.Version, Contact: n.Contact, URL: n.URL, KeptDays: int(n.Retention / (24 * time.Hour)),
		PurposeJA: "承認された範囲の作業であることの確認。評価など他の目的に使いません。",
		PurposeEN: "To confirm that work stays within what was approved. Never used for appraisal or anything else.",
		RecordedJA: []string{
			"承認された時間枠の中で保守要員が接続している間の、画面出力と、何をしたか(実行したコマンド、呼び出した機能、ファイル操作の名前・大きさ・向き、拒まれたもの)。見る人は読めます",
			"同じ間に打ち込んだ文字、コマンドに流し込んだデータ、送り込んだファイルの中身、環境変数の値(封印し、関守の機械では開けません)",
			"接続の日時、接続元、接続先、作業用アカウント、終了理由", "だれが申請、承認、立会い、点検、閲覧をしたか"},
		RecordedEN: []string{
			"while an engineer is connected inside an approved window: everything shown, and what was done (commands run, subsystems, file operations with name, size and direction, refusals); readable by those named below",
			"in the same time: everything typed, data fed to commands, contents of files sent in, values of environment variables (sealed; the broker's host cannot open them)",
			"times, source, target, account and end cause of connections", "who requested, approved, attended, reviewed and viewed"},
		NotJA:    []string{"時間枠の外の通信", "職員の端末の操作"},
		NotEN:    []string{"anything outside a window", "what staff do on their own machines"},
		SeenByJA: []string{"立会者(その接続)", "所管課長", "情報システム課", "点検担当(入力と書き出しは点検担当だけ)"},
		SeenByEN: []string{"the attendant of that session", "the head of the owning section", "the information-systems section", "auditors (input and exports: auditors alone)"},
	})
}
