package requests_test

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"sekimori/broker/act"
	"sekimori/broker/forms"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/request"
	"sekimori/broker/requests"
	"sekimori/broker/store"
	"sekimori/policy"
)

// typed is what a person types to ask for what the form says.
func typed(t *testing.T, f request.Form) map[string][]string {
	t.Helper()
	values, err := request.Values(f, townhall.Zone)
	if err != nil {
		t.Fatal(err)
	}
	return values
}

var told = requests.Handing{ClausesTold: true, RecordingTold: true}

func draft(t *testing.T, d *requests.Desk, values map[string][]string, by string) store.Draft {
	t.Helper()
	out, err := d.NewDraft(t.Context(), "", requests.DraftBody{Values: values}, townhall.Caller(by))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// One press makes one application: a second one, and one after the other tab's, name the same.
func TestADraftHandedInTwiceIsOneApplication(t *testing.T) {
	h, d := desk(t)
	one := draft(t, d, typed(t, hr()), "kato")
	first, err := d.SubmitDraft(t.Context(), one.ID, told, townhall.Caller("kato"))
	if err != nil || first.State != policy.PendingFirst {
		t.Fatalf("%+v, %v", first, err)
	}
	again, err := d.SubmitDraft(t.Context(), one.ID, told, townhall.Caller("kato"))
	if err != nil || again != first {
		t.Errorf("the second press: %+v, %v; want %+v", again, err, first)
	}
	stored, err := d.Show(t.Context(), first.Request)
	if err != nil || stored.Request.Requester != "kato" || !slices.Equal(stored.Request.Body.Engineers, []string{"E-0031"}) || !stored.Request.Start.Equal(hr().Start) {
		t.Errorf("%+v, %v", stored.Request, err)
	}
	_, err = d.SaveDraft(t.Context(), one.ID, requests.DraftBody{}, townhall.Caller("kato"))
	want(t, "saved after it was handed in", err, "stale-page")
	if kinds := h.Kinds(t, one.ID); !slices.Equal(kinds, []string{"draft.saved", "draft.submitted"}) {
		t.Errorf("entries %v", kinds)
	}
	err = h.DB.Read(t.Context(), func(s *store.Snap) error {
		left, err := s.Draft(one.ID)
		if len(left.Values) != 0 {
			t.Errorf("content left behind: %v", left.Values)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// Two tabs: the later save of an older version is refused, and what the first tab saved stays.
func TestADraftSavedInTwoTabs(t *testing.T) {
	_, d := desk(t)
	one := draft(t, d, map[string][]string{"purpose": {"調査"}}, "kato")
	two, err := d.SaveDraft(t.Context(), one.ID, requests.DraftBody{Version: 1, Values: map[string][]string{"purpose": {"修正"}}}, townhall.Caller("kato"))
	if err != nil || two.Version != 2 {
		t.Fatalf("%+v, %v", two, err)
	}
	_, err = d.SaveDraft(t.Context(), one.ID, requests.DraftBody{Version: 1, Values: map[string][]string{"purpose": {"更新"}}}, townhall.Caller("kato"))
	want(t, "the other tab", err, "stale-page")
	_, err = d.SubmitDraft(t.Context(), one.ID, requests.Handing{Version: 1}, townhall.Caller("kato"))
	want(t, "handed in from the other tab", err, "stale-page")
	for range 2 {
		if err := d.DiscardDraft(t.Context(), one.ID, townhall.Caller("kato")); err != nil {
			t.Errorf("discard: %v", err)
		}
	}
}

// A draft is its owner's alone: no colleague, head or vendor saves it, hands it in or throws it away.
func TestAttackDraftOfAnother(t *testing.T) {
	_, d := desk(t)
	one := draft(t, d, typed(t, hr()), "kato")
	for _, other := range []string{"head", "ito", "yamada", "E-0031"} {
		caller := townhall.Caller(other)
		_, saving := d.SaveDraft(t.Context(), one.ID, requests.DraftBody{}, caller)
		_, handing := d.SubmitDraft(t.Context(), one.ID, told, caller)
		for what, err := range map[string]error{"save": saving, "submit": handing, "discard": d.DiscardDraft(t.Context(), one.ID, caller)} {
			if err == nil {
				t.Errorf("%s: %s is let", other, what)
			}
		}
	}
}

// Everything wrong is told at once: what cannot be read, and what can be read and is wrong. The draft keeps it all.
func TestADraftTellsEveryProblemAtOnce(t *testing.T) {
	h, d := desk(t)
	values := typed(t, hr())
	delete(values, "purpose")
	values["work_type"], values["start.month"], values["engineers"] = []string{"fault"}, []string{"13"}, []string{"nobody"}
	one := draft(t, d, values, "kato")
	_, err := d.SubmitDraft(t.Context(), one.ID, told, townhall.Caller("kato"))
	var bad *forms.Invalid
	if !errors.As(err, &bad) {
		t.Fatal(err)
	}
	fields := map[string]bool{}
	for _, p := range bad.Problems {
		if fields[p.Field] {
			t.Errorf("%s is told twice: %v", p.Field, bad)
		}
		fields[p.Field] = true
	}
	if got := slices.Sorted(maps.Keys(fields)); !slices.Equal(got, []string{"engineers", "phone_triage", "purpose", "start"}) {
		t.Errorf("told: %v\n%v", got, bad)
	}
	err = h.DB.Read(t.Context(), func(s *store.Snap) error {
		kept, err := s.Draft(one.ID)
		if kept.State != store.DraftOpen || kept.Values["start.month"][0] != "13" {
			t.Errorf("not kept: %+v", kept)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// An edit goes through a draft as well. The application that was edited meanwhile is not overwritten.
func TestAnEditBegunFromAnOlderText(t *testing.T) {
	_, d := desk(t)
	no := submit(t, d, hr(), "kato")
	f := hr()
	f.Purpose = "端数誤りの修正"
	begin := func() store.Draft {
		out, err := d.NewDraft(t.Context(), no, requests.DraftBody{Values: typed(t, f)}, townhall.Caller("kato"))
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	first, second := begin(), begin()
	done, err := d.SubmitDraft(t.Context(), first.ID, told, townhall.Caller("kato"))
	if err != nil || done.Request != no {
		t.Fatalf("%+v, %v", done, err)
	}
	_, err = d.SubmitDraft(t.Context(), second.ID, told, townhall.Caller("kato"))
	want(t, "the second edit", err, "stale-page")
	shown, err := d.Show(t.Context(), no)
	if err != nil || shown.Request.Version != 2 || shown.Request.Body.Purpose != f.Purpose {
		t.Errorf("%+v, %v", shown.Request, err)
	}
	_, err = d.NewDraft(t.Context(), no, requests.DraftBody{}, townhall.Caller("head"))
	want(t, "an edit by another", err, "forbidden")
}

// Drafts are bounded in number and size.
func TestAttackDraftsWithoutEnd(t *testing.T) {
	_, d := desk(t)
	for _, values := range []map[string][]string{{"purpose": {strings.Repeat("x", 200<<10)}}, {"purpose": {"\xff"}}} {
		if _, err := d.NewDraft(t.Context(), "", requests.DraftBody{Values: values}, townhall.Caller("kato")); err == nil {
			t.Error("kept")
		}
	}
	var err error
	for n := 0; err == nil; n++ {
		if n > 100 {
			t.Fatal("a hundred drafts")
		}
		_, err = d.NewDraft(t.Context(), "", requests.DraftBody{}, townhall.Caller("kato"))
	}
	var bad *forms.Invalid
	if !errors.As(err, &bad) || !bad.Has("too-many") {
		t.Errorf("one more: %v", err)
	}
}

// A decision that an approver keeps for later decides nothing, is only theirs, and goes with the decision.
func TestADecisionKeptForLater(t *testing.T) {
	h, d := desk(t)
	no := submit(t, d, simple(), "kato")
	keep := func(value string, by act.Caller) error {
		return d.Note(t.Context(), no, requests.DraftBody{Version: 1, Values: map[string][]string{"reason": {value}}}, by)
	}
	if err := errors.Join(keep("あとで", townhall.Caller("head")), keep("また後で", townhall.Caller("head"))); err != nil {
		t.Fatal(err)
	}
	want(t, "the requester", keep("x", townhall.Caller("kato")), "self-approval")
	kept := func(by string) (d store.Draft, there bool) {
		if err := h.DB.Read(t.Context(), func(s *store.Snap) (err error) { d, there, err = requests.NoteOf(s, by, no); return err }); err != nil {
			t.Fatal(err)
		}
		return d, there
	}
	if note, there := kept("head"); !there || note.Values["reason"][0] != "また後で" || note.Version != 2 {
		t.Errorf("%+v", note)
	}
	if _, there := kept("yamada"); there {
		t.Error("another has it")
	}
	if state(t, d, no) != policy.PendingFirst {
		t.Error("it decided")
	}
	approve(t, d, no, "head")
	if _, there := kept("head"); there {
		t.Error("it is left after the decision")
	}
	if _, err := d.SubmitDraft(t.Context(), "D-none", told, townhall.Caller("head")); !errors.Is(err, store.ErrNotFound) {
		t.Error(err)
	}
	h.Pass(time.Second)
}
