package view_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"sekimori/broker/bundle"
	"sekimori/broker/freeze"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/broker/view"
	"sekimori/policy"
	"sekimori/recordings"
)

// frozen freezes hr, whose recording is then held.
func frozen(t *testing.T) (a *archive, incident string) {
	t.Helper()
	a = work(t)
	f := freeze.New(freeze.Options{DB: a.DB, Acts: a.Runner()})
	id, err := f.On(t.Context(), policy.FreezeSystem, "hr", "不審な操作\x1b[2J", townhall.Caller("ito"))
	if err != nil {
		t.Fatal(err)
	}
	return a, id
}

// The timeline says in words why an approval was refused, also where no rule but a check item or a mistake stood against it.
func TestTheTimelineHasNoCodes(t *testing.T) {
	t.Parallel()
	a, id := frozen(t)
	err := a.DB.Write(t.Context(), func(tx *store.Tx) error {
		for _, reason := range []string{"check-items", "invalid"} {
			d := townhall.Draft("request.refused-approval")
			d.Subjects, d.Payload = []string{id}, map[string]any{"request": "R8-0001", "reason": reason}
			if _, err := tx.Append(d); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	list, err := a.views.IncidentTimeline(t.Context(), a.reader("mori"), id, view.Page{Limit: 500})
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, e := range list.Items {
		if e.Kind == "request.refused-approval" {
			said = append(said, e.SaidJA, e.SaidEN)
		}
	}
	if want := []string{"確認事項が残っています", "check items are open", "入力に誤りがあります", "the input has mistakes"}; !slices.Equal(said, want) {
		t.Errorf("%q", said)
	}
}

// export makes a bundle as mori, the auditor.
func (a *archive) export(incident string, purpose policy.Purpose) (*bundle.Bundle, error) {
	a.t.Helper()
	var out bytes.Buffer
	err := a.views.ExportIncident(a.t.Context(), a.reader("mori"), incident, view.Why{Purpose: string(purpose)}, func() io.Writer { return &out })
	if err != nil {
		return nil, err
	}
	b, err := bundle.Open(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err == nil {
		err = b.Check(a.t.Context(), nil)
	}
	return b, err
}

func contents(t *testing.T, b *bundle.Bundle, name string) string {
	t.Helper()
	in := b.File(name)
	if in == nil {
		t.Fatalf("the bundle has no %s", name)
	}
	all, err := io.ReadAll(in)
	if err != nil {
		t.Fatal(err)
	}
	return string(all)
}

// The bundle has the ledger up to its own entry, the recording byte for byte, and the timeline in both languages.
func TestAnIncidentsBundle(t *testing.T) {
	a, id := frozen(t)
	b, err := a.export(id, policy.IncidentInquiry)
	if err != nil {
		t.Fatal(err)
	}
	onDisk, err := os.ReadFile(a.dir + "/" + a.id + ".skr")
	if err != nil {
		t.Fatal(err)
	}
	if contents(t, b, "recordings/"+a.id+".skr") != string(onDisk) {
		t.Error("the recording is not as on disk")
	}
	key, err := ledger.ParseKey(strings.TrimSpace(contents(t, b, bundle.LedgerKey)))
	if err != nil {
		t.Fatal(err)
	}
	var last ledger.Entry
	report, err := ledger.Verify(b.File(bundle.Ledger), ledger.VerifyOptions{Key: key, Entry: func(e ledger.Entry) error { last = e; return nil }})
	m := b.Manifest
	if err != nil || !report.SignerVerified || last.Kind != "incident.exported" || last.Index != m.Entry || !strings.Contains(string(last.Payload), a.id) {
		t.Errorf("%+v %v: the ledger ends with %s %s", report, err, last.Kind, last.Payload)
	}
	if m.Incident != id || m.Drill || m.By != "mori" || m.Purpose != "incident" || len(m.Recordings) != 1 || m.Recordings[0].State != bundle.Whole || !m.MadeAt.Equal(last.Time) {
		t.Errorf("%+v", m)
	}
	for name, says := range map[string][]string{
		bundle.TimelineJA: {"緊急凍結", "操作記録の保全", "接続の終了", "接続の目印", "警報", "「不審な操作", "事案の証拠一式の書き出し", id},
		bundle.TimelineEN: {"A person froze everything", "Recordings are kept", "A session ended", "An alarm went to several desks", "JST"},
		bundle.Readme:     {"sekimori-verify --incident", "別の経路", "by another way", id},
	} {
		text := contents(t, b, name)
		for _, s := range says {
			if !strings.Contains(text, s) {
				t.Errorf("%s lacks %q:\n%s", name, s, text)
			}
		}
		if strings.ContainsAny(text, "\x1b") || strings.Contains(text, "DRILL") || strings.Contains(text, "訓練") {
			t.Errorf("%s: %q", name, text)
		}
	}
}

// TestABundleHasTheKeysOfFurtherAuditors: an auditor who was added after the recording had begun opens it from the bundle alone.
func TestABundleHasTheKeysOfFurtherAuditors(t *testing.T) {
	t.Parallel()
	a, id := frozen(t)
	further, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := recordings.Share(a.dir+"/"+a.id+".skr", nil, a.id, further.Recipient().String(), a.Keys.ViewingIdentity()); err != nil {
		t.Fatal(err)
	}
	b, err := a.export(id, policy.IncidentInquiry)
	if err != nil {
		t.Fatal(err)
	}
	r := b.Manifest.Recordings[0]
	if b.Manifest.Version != bundle.Version || r.State != bundle.Whole || r.Keys != "recordings/"+a.id+".skr.keys" {
		t.Fatalf("%+v", b.Manifest)
	}
	if _, err := recordings.NewReader(b.File(r.File), further); err == nil {
		t.Error("the recording opens without its keys file")
	}
	if _, err := recordings.NewReaderWithKeys(b.File(r.File), b.File(r.Keys), further); err != nil {
		t.Errorf("with its keys file: %v", err)
	}
}

// A recording that was changed, or that is gone, is named in the manifest. The export goes on, and the alarm is raised.
func TestABundleNamesWhatDoesNotHold(t *testing.T) {
	a, id := frozen(t)
	path := a.dir + "/" + a.id + ".skr"
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	bad := bytes.Clone(good)
	bad[len(bad)/2] ^= 1
	for _, c := range []struct {
		file    []byte
		state   bundle.State
		finding string
	}{
		{bad, bundle.Damaged, "corrupt"}, {good[:len(good)-9], bundle.Damaged, "cut-short"}, {nil, bundle.Missing, "missing"},
	} {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if c.file != nil {
			if err := os.WriteFile(path, c.file, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		b, err := a.export(id, policy.IncidentInquiry)
		if err != nil {
			t.Fatal(err)
		}
		r := b.Manifest.Recordings[0]
		if r.State != c.state || r.Finding != c.finding || (b.File("recordings/"+a.id+".skr") == nil) != (c.file == nil) {
			t.Errorf("%s: %+v", c.finding, r)
		}
		if c.file != nil && contents(t, b, r.File) != string(c.file) {
			t.Errorf("%s: not as found", c.finding)
		}
	}
	if kinds := a.Kinds(t, a.id); !slices.Contains(kinds, "alarm.raised") {
		t.Errorf("no alarm: %v", kinds)
	}
	// One that was disposed of by rule is no missing one, and does not end the export.
	if err := a.DB.Write(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Append(ledger.Draft{Kind: "recording.disposing", Actor: ledger.Actor{Kind: "broker", Via: "timer"}, Subjects: []string{a.id}, Payload: map[string]any{"session_id": a.id}})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	b, err := a.export(id, policy.IncidentInquiry)
	if err != nil || b.Manifest.Recordings[0] != (bundle.Recording{Session: a.id, State: bundle.Disposed}) {
		t.Errorf("disposed of: %v", err)
	}
}

// The entry is committed before the first byte. No one but the auditor exports, and the auditor only with a purpose; each refusal is an entry, and not
// one byte is sent.
func TestAttackExportOfAnIncidentWithoutTheRight(t *testing.T) {
	a, id := frozen(t)
	begun := 0
	begin := func() io.Writer { begun++; return io.Discard }
	for _, c := range []struct{ who, purpose, incident, reason string }{
		{"head", "incident", id, "export-auditor-only"}, {"admin", "incident", id, "export-auditor-only"}, {"ito", "incident", id, "export-auditor-only"},
		{"E-0031", "incident", id, "forbidden"}, {"mori", "", id, "view-purpose-required"}, {"mori", "curiosity", id, "view-purpose-required"}, {"mori", "attendance", id, "view-purpose-required"},
	} {
		err := a.views.ExportIncident(t.Context(), a.reader(c.who), c.incident, view.Why{Purpose: c.purpose}, begin)
		if got := townhall.Reason(err); got != c.reason {
			t.Errorf("%s for %q: %q, %v", c.who, c.purpose, got, err)
		}
	}
	if err := a.views.ExportIncident(t.Context(), a.reader("mori"), "I-999", view.Why{Purpose: "incident"}, begin); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("an incident that is none: %v", err)
	}
	if kinds := a.Kinds(t, id); begun != 0 || slices.Contains(kinds, "incident.exported") {
		t.Errorf("%d bytes begun, %v", begun, kinds)
	}
	if n := len(a.Kinds(t, "head")); n == 0 {
		t.Error("a refusal without an entry")
	}
	err := a.views.ExportIncident(t.Context(), a.reader("mori"), id, view.Why{Purpose: "incident"}, func() io.Writer {
		if kinds := a.Kinds(t, id); kinds[len(kinds)-1] != "incident.exported" {
			t.Errorf("at the first byte the ledger has %v", kinds)
		}
		return io.Discard
	})
	if err != nil {
		t.Error(err)
	}
}

// hangUp is a caller who leaves after so many bytes.
type hangUp struct {
	left   int
	cancel context.CancelFunc
}

func (h *hangUp) Write(b []byte) (int, error) {
	if h.left -= len(b); h.left < 0 {
		h.cancel()
		return 0, io.ErrClosedPipe
	}
	return len(b), nil
}

func TestAnExportEndsWithItsCaller(t *testing.T) {
	a, id := frozen(t)
	for _, bytes := range []int{0, 500, 5000, 9000} {
		ctx, cancel := context.WithCancel(t.Context())
		if err := a.views.ExportIncident(ctx, a.reader("mori"), id, view.Why{Purpose: "incident"}, func() io.Writer { return &hangUp{bytes, cancel} }); err == nil {
			t.Errorf("%d bytes taken, and the export ended well", bytes)
		}
		cancel()
	}
}

// The timeline has the entries of the incident and of its sessions, in order, on pages that say how many there are, and each look at it.
func TestAnIncidentsTimeline(t *testing.T) {
	a, id := frozen(t)
	a.write(func(tx *store.Tx) error { // neither the incident nor one of its sessions
		_, err := tx.Append(ledger.Draft{Kind: "test.away", Actor: townhall.By("ito"), Subjects: []string{"S-20261124-09", "tax"}, Payload: map[string]string{"reason": "別の接続"}})
		return err
	})
	var kinds []string
	next, pages := "", 0
	for {
		list, err := a.views.IncidentTimeline(t.Context(), a.reader("mori"), id, view.Page{Limit: 3, Next: next})
		if err != nil {
			t.Fatal(err)
		}
		pages++
		for _, e := range list.Items {
			kinds = append(kinds, e.Kind)
			if e.JA == "" || e.EN == "" || e.Drill || e.Kind == "freeze.on" && !strings.HasPrefix(e.SaidJA, "不審な操作") || e.SaidJA == "別の接続" {
				t.Errorf("%+v", e)
			}
		}
		if next = list.Next; next == "" {
			if len(kinds) != list.Total {
				t.Errorf("%d of %d", len(kinds), list.Total)
			}
			break
		}
	}
	for _, want := range []string{"session.ended", "session.bookmarked", "freeze.on", "recording.held", "alarm.raised", "incident.timeline-viewed"} {
		if !slices.Contains(kinds, want) {
			t.Errorf("no %s in %v", want, kinds)
		}
	}
	if pages < 3 || kinds[0] != "session.ended" || kinds[2] != "freeze.on" {
		t.Errorf("%d pages: %v", pages, kinds)
	}
	for _, next := range []string{"x", "-1"} {
		if _, err := a.views.IncidentTimeline(t.Context(), a.reader("mori"), id, view.Page{Next: next}); !errors.Is(err, store.ErrBadPage) {
			t.Errorf("next %q: %v", next, err)
		}
	}
	if _, err := a.views.IncidentTimeline(t.Context(), a.reader("mori"), "I-999", view.Page{}); !errors.Is(err, store.ErrNotFound) {
		t.Error(err)
	}
}

// A freeze of everything holds the sessions of every section. A head sees those of the own section only, and an engineer nothing.
func TestAttackAHeadReadsOtherSectionsThroughATimeline(t *testing.T) {
	a := work(t)
	a.write(func(tx *store.Tx) error {
		_, err := tx.Append(ledger.Draft{Kind: "test.away", Actor: townhall.By("mori"), Subjects: []string{"S-20261124-07", "tax"}, Payload: map[string]string{"reason": "滞納者の一覧"}})
		return errors.Join(err, tx.PutSystem(store.System{System: policy.System{ID: "tax", Name: "税", Section: "is", Line: policy.LineNone}}),
			tx.AddSession(store.Session{ID: "S-20261124-07", State: store.SessionEnded, Reason: policy.EndedByEngineer, Created: tx.Now, Started: tx.Now, Ended: tx.Now, Person: "E-0031", Vendor: "V-012", System: "tax", Recording: "x.skr"}))
	})
	f := freeze.New(freeze.Options{DB: a.DB, Acts: a.Runner()})
	id, err := f.On(t.Context(), policy.FreezeAll, "", "", townhall.Caller("ito"))
	if err != nil {
		t.Fatal(err)
	}
	says := func(who string) (all string) {
		list, err := a.views.IncidentTimeline(t.Context(), a.reader(who), id, view.Page{})
		if err != nil {
			t.Fatal(err)
		}
		if list.Total != len(list.Items) {
			t.Errorf("%s: %d of %d", who, len(list.Items), list.Total)
		}
		for _, e := range list.Items {
			all += e.Kind + " " + e.SaidJA + "\n"
		}
		return all
	}
	if got := says("mori"); !strings.Contains(got, "滞納者の一覧") || !strings.Contains(got, "更新文の実行") {
		t.Errorf("the auditor reads\n%s", got)
	}
	if got := says("head"); strings.Contains(got, "滞納者の一覧") || !strings.Contains(got, "更新文の実行") || !strings.Contains(got, "freeze.on") {
		t.Errorf("the head reads\n%s", got)
	}
	for _, who := range []string{"E-0031", "kato"} {
		if _, err := a.views.IncidentTimeline(t.Context(), a.reader(who), id, view.Page{}); townhall.Reason(err) != "forbidden" {
			t.Errorf("%s: %v", who, err)
		}
	}
}

// Of a request with many windows, the timeline tells only what concerns the windows of held sessions.
func TestATimelineLeavesOutOtherWindowsOfARequest(t *testing.T) {
	a := work(t)
	start := a.Now().Add(-2 * time.Hour)
	a.write(func(tx *store.Tx) error {
		err := tx.AddRequest(store.Request{No: "R8-0001", State: policy.RequestApproved, Version: 1, ApprovedVersion: 1, System: "hr", Vendor: "V-012", Requester: "ito", Start: start, End: start.Add(time.Hour), Body: store.RequestBody{Purpose: "調査"}})
		for _, w := range []string{"R8-0001-1", "R8-0001-2"} {
			err = errors.Join(err, tx.AddWindow(store.Window{Window: policy.Window{ID: w, Request: "R8-0001", System: "hr", Start: start, End: start.Add(time.Hour), State: policy.WindowClosed}}))
		}
		err = errors.Join(err, tx.AddSession(store.Session{ID: "S-20261124-05", State: store.SessionEnded, Reason: policy.EndedByEngineer, Created: tx.Now, Started: tx.Now, Ended: tx.Now, Person: "E-0031", Vendor: "V-012", System: "hr",
			Request: "R8-0001", Window: "R8-0001-1", Recording: "x.skr"}))
		for _, e := range []struct {
			kind     string
			subjects []string
		}{{"test.filed", []string{"R8-0001"}}, {"test.first", []string{"R8-0001-1", "R8-0001"}}, {"test.second", []string{"R8-0001-2", "R8-0001"}}} {
			_, failed := tx.Append(ledger.Draft{Kind: e.kind, Actor: townhall.By("ito"), Subjects: e.subjects, Payload: struct{}{}})
			err = errors.Join(err, failed)
		}
		return err
	})
	f := freeze.New(freeze.Options{DB: a.DB, Acts: a.Runner()})
	id, err := f.On(t.Context(), policy.FreezeSystem, "hr", "", townhall.Caller("ito"))
	if err != nil {
		t.Fatal(err)
	}
	list, err := a.views.IncidentTimeline(t.Context(), a.reader("mori"), id, view.Page{})
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, e := range list.Items {
		kinds = append(kinds, e.Kind)
	}
	if !slices.Contains(kinds, "test.filed") || !slices.Contains(kinds, "test.first") || slices.Contains(kinds, "test.second") {
		t.Error(kinds)
	}
}
