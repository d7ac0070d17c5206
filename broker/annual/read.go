package annual

import (
	"bytes"
	"fmt"

	"sekimori/broker/figures"
	"sekimori/broker/store"
)

// Whole is a yearly report as the store has it.
type Whole struct {
	Row      store.AnnualReport // zero: a draft
	Report   figures.Report     // the agreed figures; zero: a draft, which is counted anew
	Errata   []store.Erratum
	Opinions []store.Opinion
}

// Read reads a yearly report.
func Read(s *store.Snap, fiscalYear int) (w Whole, err error) {
	y, err := load(s, Name(fiscalYear))
	if err != nil {
		return w, err
	}
	w.Row, w.Errata, w.Opinions = y.report, y.errata, y.opinions
	if len(w.Row.Report) == 0 {
		return w, nil
	}
	if w.Report, err = figures.Read(bytes.NewReader(w.Row.Report)); err != nil {
		return w, fmt.Errorf("agreed figures of %d: %w", fiscalYear, err)
	}
	return w, nil
}
