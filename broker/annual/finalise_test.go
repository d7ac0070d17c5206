package annual_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"sekimori/broker/act"
	"sekimori/broker/annual"
	"sekimori/broker/api"
	"sekimori/broker/forms"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// wants compares an error with the code of a reason or of a form's problem; empty: there is none.
func wants(t *testing.T, what string, err error, want string) {
	t.Helper()
	var wrong *forms.Invalid
	switch {
	case want == "" && err == nil:
	case errors.As(err, &wrong) && wrong.Has(want):
	case err != nil && (townhall.Reason(err) == want || err.Error() == want):
	default:
		t.Errorf("%s: %v, want %q", what, err, want)
	}
}

func read(t *testing.T, h *townhall.Hall, fy int) (w annual.Whole) {
	t.Helper()
	if err := h.DB.Read(t.Context(), func(s *store.Snap) (err error) { w, err = annual.Read(s, fy); return err }); err != nil {
		t.Fatal(err)
	}
	return w
}

// Two people of two offices agree to the same figures; then the figures stay, whatever the ledger says later.
func TestAYearlyReportIsFinalByTwoOffices(t *testing.T) {
	h := townhall.Found(t)
	b := annual.New(h.DB, h.Runner())
	agree := func(id, by, figures string) error {
		return b.Finalise(t.Context(), id, api.FinaliseBody{Figures: figures}, townhall.Caller(by))
	}
	wants(t, "a year that is not over", agree("R8", "mori", ""), "year-not-over")
	for _, by := range []string{"head", "kato", "ito", "E-0031"} {
		wants(t, by, agree("R7", by, ""), "forbidden")
	}
	wants(t, "without a proof", b.Finalise(t.Context(), "R7", api.FinaliseBody{}, townhall.Unproven("mori")), act.ErrProofNeeded.Error())
	wants(t, "other figures", agree("R7", "mori", "00000000-00000000"), "other-figures")
	for _, id := range []string{"R0", "R07", "2025", ""} {
		if err := agree(id, "mori", ""); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%q: %v", id, err)
		}
	}
	wants(t, "a correction of a draft", b.Correct(t.Context(), "R7", api.ErratumBody{Place: "表1", Wrong: "1", Correct: "2", Reason: "x"}, townhall.Caller("mori")), "year-not-final")
	wants(t, "the auditor", agree("R7", "mori", ""), "")
	wants(t, "the auditor again", agree("R7", "mori", ""), "other-office-agrees")
	wants(t, "withdrawn without a reason", b.Withdraw(t.Context(), "R7", " ", townhall.Caller("deputy")), "reason-required")
	wants(t, "withdrawn", b.Withdraw(t.Context(), "R7", "数え直す", townhall.Caller("deputy")), "")
	if w := read(t, h, 2025); w.Row.AgreedBy != "" || w.Report.Figures != nil {
		t.Errorf("after the withdrawal: %+v", w)
	}
	wants(t, "nothing to withdraw", b.Withdraw(t.Context(), "R7", "x", townhall.Caller("deputy")), "already-decided")

	wants(t, "the section", agree("R7", "deputy", ""), "")
	one := read(t, h, 2025)
	if one.Row.Final() || one.Row.Office != policy.InformationSystems || one.Report.Checkpoint != "" {
		t.Errorf("after one agreement: %+v", one.Row)
	}
	wants(t, "the auditor, with the digest", agree("R7", "mori", one.Row.Digest[:8]+"-"+strings.ToUpper(one.Row.Digest[8:16])), "")
	final := read(t, h, 2025)
	digest, err := final.Report.Digest()
	if err != nil || !final.Row.Final() || digest != one.Row.Digest || final.Report.Entries != one.Report.Entries || !strings.Contains(final.Report.Checkpoint, "townhall.example/ledger") {
		t.Errorf("%v: final %+v", err, final.Report)
	}
	wants(t, "agreed a third time", agree("R7", "deputy", ""), "already-decided")
	wants(t, "withdrawn when final", b.Withdraw(t.Context(), "R7", "x", townhall.Caller("mori")), "already-decided")

	wants(t, "correction", b.Correct(t.Context(), "R7", api.ErratumBody{Place: "表1 申請", Wrong: "0", Correct: "1", Reason: "紙の申請1件"}, townhall.Caller("mori")), "")
	wants(t, "correction by the head", b.Correct(t.Context(), "R7", api.ErratumBody{Place: "x", Wrong: "x", Correct: "x", Reason: "x"}, townhall.Caller("head")), "forbidden")
	after := read(t, h, 2025)
	if len(after.Errata) != 1 || after.Errata[0].Reason != "紙の申請1件" || !bytes.Equal(after.Row.Report, final.Row.Report) {
		t.Errorf("after a correction: %+v", after)
	}
	kinds := slices.DeleteFunc(h.Kinds(t, "R7"), func(k string) bool { return k == "access.refused" })
	if want := []string{"annual.agreed", "annual.withdrawn", "annual.agreed", ledger.KindAnnualFinal, "annual.corrected"}; !slices.Equal(kinds, want) {
		t.Errorf("entries %v, want %v", kinds, want)
	}
	if err := h.DB.Read(t.Context(), func(s *store.Snap) error {
		for e, err := range s.Entries(store.EntryFilter{Kind: ledger.KindAnnualFinal}) {
			var p struct{ Figures, Checkpoint string }
			if err != nil || json.Unmarshal(e.Payload, &p) != nil || p.Figures != digest || p.Checkpoint != final.Report.Checkpoint {
				t.Errorf("%v: %s", err, e.Payload)
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// The second person does not freeze figures that the ledger does not give, whatever the first one's row says.
func TestAttackFiguresThatTheLedgerDoesNotGive(t *testing.T) {
	h := townhall.Found(t)
	all, err := annual.Count(t.Context(), h.DB, 0, 2025)
	if err != nil {
		t.Fatal(err)
	}
	r := all[0]
	r.Figures[0].Value = 118
	digest, err := r.Digest()
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := r.Write(&file); err != nil {
		t.Fatal(err)
	}
	if err := h.DB.Write(t.Context(), func(tx *store.Tx) error {
		if err := tx.AgreeToYear(store.AnnualReport{FiscalYear: 2025, Report: file.Bytes(), Digest: digest, AgreedBy: "deputy", Office: policy.InformationSystems}); err != nil {
			return err
		}
		_, err := tx.Append(townhall.Draft("test.agreed"))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	b := annual.New(h.DB, h.Runner())
	wants(t, "figures that were put in", b.Finalise(t.Context(), "R7", api.FinaliseBody{}, townhall.Caller("mori")), "figures-changed")
	if read(t, h, 2025).Row.Final() {
		t.Error("they are final")
	}
}

// The council's opinions and the responses are entered by the section, before or after the report is final, and none is replaced.
func TestOpinionsOfTheCouncil(t *testing.T) {
	h := townhall.Found(t)
	b := annual.New(h.DB, h.Runner())
	said := api.OpinionBody{SaidOn: "2026-06-10", Opinion: "立会いのない接続をなくすこと"}
	for _, by := range []string{"head", "kato", "ito"} {
		wants(t, by, b.Opinion(t.Context(), "R7", said, townhall.Caller(by)), "forbidden")
	}
	wants(t, "a response to none", b.Respond(t.Context(), "R7", api.ResponseBody{No: 1, Response: "x"}, townhall.Caller("deputy")), "no-opinion")
	late := said
	late.SaidOn = "2026-11-25"
	wants(t, "tomorrow's meeting", b.Opinion(t.Context(), "R7", late, townhall.Caller("deputy")), "in-the-future")
	for _, wrong := range []api.OpinionBody{{Opinion: "x"}, {SaidOn: "6/10", Opinion: "x"}, {SaidOn: "2026-06-10"}} {
		if _, err := annual.Acts()[3].Call(t.Context(), b, "R7", &wrong, townhall.Caller("deputy")); err == nil {
			t.Errorf("%+v was entered", wrong)
		}
	}
	wants(t, "opinion", b.Opinion(t.Context(), "R7", said, townhall.Caller("deputy")), "")
	wants(t, "response to another", b.Respond(t.Context(), "R7", api.ResponseBody{No: 2, Response: "x"}, townhall.Caller("deputy")), "no-opinion")
	for _, words := range []string{"手順書を改めた", "研修をした"} {
		wants(t, words, b.Respond(t.Context(), "R7", api.ResponseBody{No: 1, Response: words}, townhall.Caller("deputy")), "")
	}
	w := read(t, h, 2025)
	if len(w.Opinions) != 1 || len(w.Opinions[0].Responses) != 2 || w.Opinions[0].Responses[0].Response != "手順書を改めた" {
		t.Errorf("%+v", w.Opinions)
	}
	if kinds := slices.DeleteFunc(h.Kinds(t, "R7"), func(k string) bool { return k == "access.refused" }); !slices.Equal(kinds, []string{"council.opinion", "council.response", "council.response"}) {
		t.Errorf("entries %v", kinds)
	}
}
