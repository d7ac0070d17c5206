package pages

import (
	"errors"
	"net/http"
	"strconv"

	"sekimori/broker/fault"
	"sekimori/policy"
	"sekimori/policy/text"
)

// ProofPage asks for the purpose of taking the proof of an entry out.
type ProofPage struct {
	Frame
	No          string
	Purpose     Field
	Explanation Field
}

func (v *visit) entryNumber() (int64, error) {
	n, err := strconv.ParseInt(v.r.PathValue("n"), 10, 64)
	if err != nil || n < 0 {
		return 0, fault.NotFound()
	}
	return n, nil
}

// proofForm shows an end of a session, and asks for the purpose. The look at the entry itself has an entry.
func (p *Pages) proofForm(v *visit) error {
	n, err := v.entryNumber()
	if err != nil {
		return err
	}
	e, err := p.o.Views.Entry(v.r.Context(), v.reader(), n)
	if err != nil {
		return err
	}
	if e.Kind != endKind {
		return fault.NotFound()
	}
	return v.show(v.proofPage(n, text.Text{}))
}

// endKind is the kind of the entries that have a proof.
const endKind = "session.ended"

func (v *visit) proofPage(n int64, wrong text.Text) *ProofPage {
	page := &ProofPage{Frame: v.frame(), No: strconv.FormatInt(n, 10)}
	page.Purpose, page.Explanation = v.purposeFields(policy.ActLedgerExport, wrong)
	if !wrong.IsZero() {
		page.Errors = []Problem{{Field: "purpose", Text: wrong}}
	}
	page.Crumbs = []Link{{text2("接続台帳", "Ledger"), "/ledger"}, {text2("台帳の記載 "+page.No, "Entry "+page.No), "/ledger/" + page.No}}
	return page
}

func (p *Pages) proof(v *visit) error {
	n, err := v.entryNumber()
	if err != nil {
		return err
	}
	if err := v.readForm(); err != nil {
		return err
	}
	why, err := v.why()
	if err != nil {
		return err
	}
	proof, err := p.o.Views.ProveEntry(v.r.Context(), v.reader(), n, why.Purpose, why.Explanation)
	var denied *policy.Denied
	if errors.As(err, &denied) && denied.Reason == policy.ViewPurposeRequired {
		return v.showAs(http.StatusUnprocessableEntity, v.proofPage(n, text2("閲覧目的を選んでください", "Choose a purpose")))
	}
	if err != nil {
		return err
	}
	h := v.w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="entry-`+strconv.FormatInt(n, 10)+`.tlog-proof"`)
	_, err = v.w.Write(proof)
	return err
}
