package view

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/sheet"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/policy/text"
)

// ledgerColumns are the 26 columns of form 5.2 in their order; on paper a connection takes two lines.
func ledgerColumns() []sheet.Column {
	columns := []sheet.Column{
		column("entry_no", "番号", "No.", sheet.Number, 2), column("request_no", "申請番号", "Request", sheet.Words, 4), column("session_id", "接続番号", "Session", sheet.Words, 7),
		column("system", "対象システム", "System", sheet.Words, 4), column("target", "接続先", "Target", sheet.Words, 3), column("account", "作業用アカウント", "Account", sheet.Words, 4),
		column("vendor", "保守事業者", "Vendor", sheet.Words, 4), column("engineer", "保守要員", "Engineer", sheet.Words, 4), column("source", "接続元", "Source", sheet.Words, 4),
		column("approver_1", "第一承認", "1st approval", sheet.Words, 4), column("approver_2", "第二承認", "2nd approval", sheet.Words, 4), column("attendant", "立会者", "Attendant", sheet.Words, 4),
		column("lan_cut_at", "庁内網切断", "LAN cut", sheet.Time, 4), column("line_on_at", "保守回線接続", "Line on", sheet.Time, 4), column("started_at", "接続開始", "Started", sheet.Time, 4),
		column("ended_at", "接続終了", "Ended", sheet.Time, 4), column("minutes", "時間(分)", "Minutes", sheet.Number, 3), column("end_cause", "終了理由", "End cause", sheet.Code, 4),
		column("end_verified", "終了の検証", "End verified", sheet.Code, 3), column("line_off_at", "保守回線切断", "Line off", sheet.Time, 4), column("lan_back_at", "庁内網復旧", "LAN back", sheet.Time, 4),
		column("extensions", "延長・一時停止", "Extensions, pauses", sheet.Words, 4), column("files", "ファイル授受", "Files", sheet.Words, 3), column("masked", "伏せた番号(件)", "Masked", sheet.Number, 3),
		column("review", "点検判定", "Review", sheet.Code, 3), column("entry_hash", "検証値", "Hash", sheet.Words, 4),
	}
	for i := range columns {
		if i >= 13 {
			columns[i].Deck = 1
		}
	}
	return columns
}

func blankLedger() []sheet.Part {
	return []sheet.Part{{Key: "connections", Table: &sheet.Table{Columns: ledgerColumns(), Rows: sheet.Rows()}}}
}

// ledgerSheet is form 5.2 of a month; for a zero From, of all time. Its rows are read while the sheet is written, a page at a time.
func (v *Views) ledgerSheet(ctx context.Context, by Reader, a FormAsked) (*sheet.Sheet, error) {
	sight, own, err := v.SeeLedger(ctx, by)
	if err != nil {
		return nil, err
	}
	if sight.Nothing() {
		if _, err := v.May(ctx, by, policy.Attempt{Act: policy.ActLedgerRead}, "ledger"); err != nil {
			return nil, err
		}
		return nil, v.hidden(ctx, by, "ledger", "connections")
	}
	asked := map[string]any{"limit": sheet.MostOnPaper, "kind": "session.ended", "subject": "", "before": 0}
	if err := v.Looked(ctx, by, "ledger.listed", []string{by.ID}, asked); err != nil {
		return nil, err
	}
	filter := store.SessionFilter{Sight: &sight, From: a.From}
	s := &sheet.Sheet{Scope: text.Of("全期間", "All time")}
	if !a.From.IsZero() {
		filter.To = a.From.AddDate(0, 1, 0)
		s.Scope = monthOf(a.From)
	}
	if own {
		filter.Attendant = by.ID
	}
	s.Parts = []sheet.Part{{Key: "connections", Table: &sheet.Table{Columns: ledgerColumns(), Empty: text.Of("この期間の接続はありません。", "No connections in this period."),
		Rows: func(yield func([]sheet.Cell, error) bool) { v.ledgerRows(ctx, s, filter, yield) }}}}
	if own { // they see only connections that they attended
		return s, nil
	}
	late, any, err := v.latePart(ctx, by, filter.From, filter.To)
	if any {
		s.Parts = append(s.Parts, late)
	}
	return s, err
}

func monthOf(t time.Time) text.Text { m := text.Month(t); return text.Of(m.JA+"分", m.EN) }

// ledgerRows reads the connections of a filter, with a snapshot for each page. Corrections of their entries become notes of the sheet.
func (v *Views) ledgerRows(ctx context.Context, sh *sheet.Sheet, f store.SessionFilter, yield func([]sheet.Cell, error) bool) {
	sh.Notes = nil
	for next := ""; ; {
		var rows [][]sheet.Cell
		err := v.o.DB.Read(ctx, func(s *store.Snap) error {
			page, err := s.SessionPage(f, Page{Next: next, Limit: 200})
			if err != nil {
				return err
			}
			next = page.Next
			n := naming{s: s}
			for _, one := range page.Rows {
				row, err := v.ledgerRow(s, &n, sh, one)
				if err != nil {
					return fmt.Errorf("ledger row of %s: %w", one.ID, err)
				}
				rows = append(rows, row)
			}
			return n.err
		})
		if err != nil {
			yield(nil, err)
			return
		}
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
		if next == "" {
			return
		}
	}
}

func (v *Views) ledgerRow(s *store.Snap, n *naming, sh *sheet.Sheet, r store.Session) ([]sheet.Cell, error) {
	c, err := v.connection(s, r)
	if err != nil {
		return nil, err
	}
	line, err := v.sessionLine(s, r)
	if err != nil {
		return nil, err
	}
	if line == nil {
		line = &api.SessionLine{}
	}
	if err := verifiedEnd(s, &c.Session); err != nil {
		return nil, err
	}
	longer, files, err := v.ledgerCounts(s, r)
	if err != nil {
		return nil, err
	}
	hash, entry := "", sheet.Cell{}
	if c.Entry >= 0 {
		e, err := v.wholeEntry(s, c.Entry)
		if err != nil {
			return nil, err
		}
		hash, entry = e.Hash, sheet.Count(c.Entry)
		for _, no := range e.CorrectedBy {
			fixed, err := s.Entry(no)
			if err != nil {
				return nil, err
			}
			if note, ok := correctionNote(fixed); ok && len(sh.Notes) < mostNotes {
				sh.Notes = append(sh.Notes, note)
			}
		}
	}
	first := titled(n.person(c.First))
	approver := sheet.Text(first)
	if c.Deputy {
		approver = sheet.Said(text.Of("代決 "+first, "Deputy "+first))
	}
	minutes := sheet.Cell{}
	if c.Seconds > 0 {
		minutes = sheet.Count((int64(c.Seconds) + 59) / 60)
	}
	system := c.System
	if sys, err := s.System(c.System); err == nil {
		system = sys.Name
	} else {
		n.note(err)
	}
	cause := sheet.Coded(c.EndCause, sessionStateText(c.Session))
	if _, known := policy.Lookup(policy.Reason(c.EndCause)); known {
		cause.Text = policy.Reason(c.EndCause).Label()
	}
	review, verified := sheet.Cell{}, sheet.Cell{}
	if c.Review != "" {
		review = sheet.Coded(c.Review, api.ReviewState(c.Review).Label())
	}
	if c.EndVerified != "" {
		verified = sheet.Coded(c.EndVerified, store.ProofState(c.EndVerified).Label())
	}
	return []sheet.Cell{
		entry, sheet.Text(c.Request), sheet.Text(c.ID), sheet.Text(system), sheet.Text(c.Target), sheet.Text(c.Account),
		sheet.Text(n.vendor(c.Vendor).Name), sheet.Text(nameAndID(n.person(c.Engineer))), sheet.Text(c.Source), approver, sheet.Text(titled(n.person(c.Second))), sheet.Text(titled(n.person(c.Attendant))),
		sheet.At(line.CutAt), sheet.At(line.OnAt), sheet.At(c.Started), sheet.At(c.Ended), minutes, cause, verified, sheet.At(line.OffAt), sheet.At(line.RestoredAt),
		longer, files, sheet.Count(c.Masked), review, sheet.Text(hash),
	}, nil
}

func sessionStateText(s api.Session) text.Text { return api.SessionState(s.State).Label() }

// ledgerCounts counts the extensions and pauses of a session's window, and the files that the broker took from the session.
func (v *Views) ledgerCounts(s *store.Snap, r store.Session) (longer, files sheet.Cell, err error) {
	none := sheet.Said(none)
	if r.Window == "" {
		return none, none, nil
	}
	granted, err := s.Extensions(store.ExtensionFilter{Window: r.Window, States: []store.ExtensionState{store.ExtensionGranted}})
	if err != nil {
		return none, none, err
	}
	paused, err := s.CountEntries(store.EntryFilter{Subject: r.ID, Kind: "session.paused"})
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return none, none, err
	}
	longer = none
	if len(granted)+paused > 0 {
		longer = sheet.Said(text.Of(fmt.Sprintf("延長%d 停止%d", len(granted), paused), fmt.Sprintf("%d extended, %d paused", len(granted), paused)))
	}
	taken, err := sessionFiles(s, r)
	if err != nil || len(taken) == 0 {
		return longer, none, err
	}
	var said [2][]string
	for _, f := range taken {
		t := f.Said()
		said[0], said[1] = append(said[0], t.JA), append(said[1], t.EN)
	}
	return longer, sheet.Said(text.Of(strings.Join(said[0], "\n"), strings.Join(said[1], "\n"))), nil
}
