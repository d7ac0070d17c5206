package view

import (
	"context"

	"sekimori/broker/api"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy/text"
)

// SIEM tells how far the ledger went out to the collector of logs. Without one the answer has no address.
func (v *Views) SIEM(ctx context.Context) (out api.SIEM, err error) {
	if v.o.SIEM == nil {
		return out, nil
	}
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		f, err := v.o.SIEM.State(s)
		out = api.SIEM{Address: f.Address, Format: string(f.Format), TLS: f.TLS, Whole: f.Whole, Next: f.Next, Entries: f.Size, Confirmed: At(f.At, v.o.Zone), LagSeconds: int64(f.Lag.Seconds()), Error: f.Error}
		return err
	})
	return out, err
}

// mostSIEMProblem bounds the error of a test in the entry.
const mostSIEMProblem = 200

// TestSIEM sends a message that is no entry, waits for the collector's confirmation, and enters what became of it. The door has admitted the
// caller. A failure is no error but an outcome.
func (v *Views) TestSIEM(ctx context.Context, by Reader) (api.SIEM, error) {
	out, err := v.SIEM(ctx)
	if err != nil || out.Address == "" {
		return out, err
	}
	out.Tested, out.TestError = true, ""
	if err := v.o.SIEM.Test(ctx, v.o.Clock()); err != nil {
		out.TestError = text.OneLine(err.Error(), mostSIEMProblem)
	}
	err = v.o.DB.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Append(ledger.Draft{Kind: "siem.tested", Actor: by.actor(), Subjects: []string{by.ID}, Payload: map[string]any{"collector": out.Address, "ok": out.TestError == "", "error": out.TestError}})
		return err
	})
	return out, err
}
