package annual

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"sekimori/broker/act"
	"sekimori/broker/api"
	"sekimori/broker/figures"
	"sekimori/broker/forms"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Book is safe for concurrent use.
type Book struct {
	db   *store.DB
	acts *act.Runner
}

// New makes a book.
func New(db *store.DB, acts *act.Runner) *Book { return &Book{db, acts} }

// Count counts fiscal years over the first entries of the ledger, all in one reading of it. entries 0: over all that there are now.
func Count(ctx context.Context, db *store.DB, entries int64, fiscalYears ...int) ([]figures.Report, error) {
	var out []figures.Report
	var counters []*figures.Counter
	err := db.Read(ctx, func(s *store.Snap) (err error) {
		if entries == 0 {
			entries, err = s.LedgerSize()
		}
		out, counters = nil, nil
		for _, fy := range fiscalYears {
			from, to := figures.Year(fy, s.Zone())
			out, counters = append(out, figures.Report{FiscalYear: fy, From: from, To: to, Entries: entries}), append(counters, figures.New(from, to))
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("count a fiscal year: %w", err)
	}
	for e, err := range db.EntriesTo(ctx, entries) {
		if err != nil {
			return nil, fmt.Errorf("count a fiscal year: %w", err)
		}
		for _, c := range counters {
			c.Add(e)
		}
	}
	for i := range out {
		out[i].Figures = counters[i].Figures()
	}
	return out, nil
}

// Finalise agrees to the figures of a yearly report. The ledger is counted before the transaction: for the first agreement as it stands now, for the
// second over the entries of the first. Errors: *policy.Denied, with policy.StalePage if the other office agreed or withdrew meanwhile;
// *forms.Invalid if the figures are not those that the caller names, or the ledger gives others than it gave to the first.
func (b *Book) Finalise(ctx context.Context, id string, in api.FinaliseBody, by act.Caller) error {
	var counted figures.Report
	count := func(ctx context.Context) error {
		fy, err := FiscalYear(id)
		if err != nil {
			return err
		}
		entries := int64(0)
		if err := b.db.Read(ctx, func(s *store.Snap) error {
			agreed, err := Read(s, fy)
			entries = agreed.Report.Entries
			return err
		}); err != nil {
			return err
		}
		all, err := Count(ctx, b.db, entries, fy)
		if err == nil {
			counted = all[0]
		}
		return err
	}
	return act.DoAfter(ctx, b.acts, OnYear, finalise, id, by, count, func(tx *store.Tx, p act.Person, y year) error {
		digest, err := counted.Digest()
		if err != nil {
			return err
		}
		if want := strings.ToLower(strings.ReplaceAll(in.Figures, "-", "")); !strings.HasPrefix(digest, want) {
			return forms.Wrong("figures", "other-figures", "検証値がいまの数値のものではありません。年次報告を読み直してください。", "this is not the digest of the figures as they stand; read the report again")
		}
		if y.report.AgreedBy == "" {
			return b.agree(tx, p, y, counted, digest)
		}
		return b.freeze(tx, p, y, counted, digest)
	})
}

func (b *Book) agree(tx *store.Tx, p act.Person, y year, r figures.Report, digest string) error {
	var file bytes.Buffer
	if err := r.Write(&file); err != nil {
		return err
	}
	office := policy.YearOffice(p.Person, y.Rules())
	if err := tx.AgreeToYear(store.AnnualReport{FiscalYear: y.fiscal, Report: file.Bytes(), Digest: digest, AgreedBy: p.ID, Office: office}); err != nil {
		return fmt.Errorf("store agreement: %w", err)
	}
	return entry(tx, "annual.agreed", p.By, y, map[string]any{"entries": r.Entries, "figures": digest, "office": office})
}

func (b *Book) freeze(tx *store.Tx, p act.Person, y year, r figures.Report, digest string) error {
	agreed, err := figures.Read(bytes.NewReader(y.report.Report))
	switch {
	case err != nil:
		return fmt.Errorf("figures of the first agreement: %w", err)
	case agreed.Entries != r.Entries: // what was counted is not what was agreed to
		return &policy.Denied{Reason: policy.StalePage, Args: map[string]string{"request": Name(y.fiscal)}}
	case digest != y.report.Digest:
		return forms.Wrong("annual", "figures-changed", "台帳から数え直した数値が、一人目が同意した数値と違います。同意を取り下げ、台帳を検証してください。",
			"counted again, the ledger gives other figures than the first person agreed to; take the agreement back and verify the ledger")
	}
	note, err := tx.LatestCheckpoint()
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	agreed.Checkpoint = string(note)
	var file bytes.Buffer
	if err := agreed.Write(&file); err != nil {
		return err
	}
	if err := tx.FinaliseYear(y.fiscal, p.ID, file.Bytes()); err != nil {
		return fmt.Errorf("store final report: %w", err)
	}
	return entry(tx, "annual.finalised", p.By, y, map[string]any{"entries": agreed.Entries, "figures": digest, "office": policy.YearOffice(p.Person, y.Rules()),
		"agreed_by": y.report.AgreedBy, "checkpoint": agreed.Checkpoint})
}

// Withdraw takes the first agreement back. Errors: *policy.Denied; *forms.Invalid without a reason.
func (b *Book) Withdraw(ctx context.Context, id, reason string, by act.Caller) error {
	return act.Do(ctx, b.acts, OnYear, withdraw, id, by, func(tx *store.Tx, p act.Person, y year) error {
		if policy.Blank(reason) || forms.Printable(reason) != reason || len([]rune(reason)) > forms.MaxText {
			return forms.Wrong("reason", "reason-required", "理由を書いてください(表示できる文字で)。", "a reason is needed, in characters that can be shown")
		}
		agreed, err := figures.Read(bytes.NewReader(y.report.Report))
		if err != nil {
			return fmt.Errorf("figures of the first agreement: %w", err)
		}
		if err := tx.WithdrawYear(y.fiscal); err != nil {
			return fmt.Errorf("remove agreement: %w", err)
		}
		return entry(tx, "annual.withdrawn", p.By, y, map[string]any{"entries": agreed.Entries, "figures": y.report.Digest, "agreed_by": y.report.AgreedBy, "reason": reason})
	})
}

// entry writes an entry about a yearly report.
func entry(tx *store.Tx, kind string, by ledger.Actor, y year, told map[string]any) error {
	told["fiscal_year"] = y.fiscal
	_, err := tx.Append(ledger.Draft{Kind: kind, Actor: by, Subjects: []string{Name(y.fiscal)}, Payload: told})
	return err
}
