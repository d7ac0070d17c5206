package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"sekimori/broker/bundle"
	"sekimori/broker/ledger"
	"sekimori/recordings"
	"sekimori/recordings/exactjson"
)

// incident is an evidence bundle and its findings beside those of the ledger and the recordings.
type incident struct {
	file     string
	manifest bundle.Manifest
	opened   bool      // its layout and manifest hold, so that the rest could be examined
	same     bool      // each file is as the manifest lists it
	exported *exported // the ledger's last entry about an export; nil: there is none
}

// exported is what an incident.exported entry says.
type exported struct {
	entry                          int64
	by                             string
	incident, purpose, explanation string
	drill                          bool
	sessions                       []string
	named                          map[string]bool // sessions, to look them up
}

// rememberExport keeps the entry if it can be read: the last one of the ledger is that of the bundle.
func (k *known) rememberExport(e ledger.Entry) {
	var p struct {
		Incident    string   `json:"incident"`
		Purpose     string   `json:"purpose"`
		Explanation string   `json:"explanation"`
		Drill       bool     `json:"drill"`
		Sessions    []string `json:"sessions"`
	}
	k.exported = &exported{entry: e.Index, by: e.Actor.ID, named: map[string]bool{}}
	if e.Disposed() {
		return
	}
	if err := exactjson.Decode(e.Payload, &p); err != nil {
		k.bad = append(k.bad, unread{e.Index, e.Kind, err})
		return
	}
	k.exported.incident, k.exported.purpose, k.exported.explanation, k.exported.drill, k.exported.sessions = p.Incident, p.Purpose, p.Explanation, p.Drill, p.Sessions
	for _, session := range p.Sessions {
		k.exported.named[session] = true
	}
}

// verifyIncident checks a bundle: its layout and manifest, each file's digest, the ledger, the recordings against the ledger, and that what the
// ledger says was exported is there.
func (p *program) verifyIncident(a arguments, in inputs) result {
	r := result{export: bundle.Ledger, incident: &incident{file: a.incident}}
	f, b, err := openBundle(a.incident)
	if err != nil {
		r.failures = append(r.failures, bundleFailure(a.incident, err))
		return r
	}
	defer f.Close()
	r.incident.manifest, r.incident.opened = b.Manifest, true
	bar := p.progress()
	if err := b.Check(context.Background(), func(n, of int) { bar.file(n, of) }); err != nil {
		r.failures = append(r.failures, bundleFailure(a.incident, err))
	} else {
		r.incident.same = true
	}
	for i, rec := range b.Manifest.Recordings {
		if src := b.File(rec.File); src != nil {
			bar.recording(i+1, len(b.Manifest.Recordings))
			report, err := recordings.VerifyReader(src)
			one := found(rec.File, report, err)
			if keys := b.File(rec.Keys); keys != nil && one.failed == nil { // a fault of the recording itself comes first
				one.keysFail(checkKeysOf(b.File(rec.File), keys))
			}
			r.recordings = append(r.recordings, one)
		}
	}
	said := newKnown()
	src := b.File(bundle.Ledger)
	r.ledger, r.ledgerErr = verifyLedgerOf(src, src.Size(), in, said, newRecount(nil), bar)
	bar.clear()

	r.incident.exported = said.exported
	asked := dueOf(said)
	said.live = onlyNamed(said.live, said.exported)
	said.gone = 0 // of the whole ledger; a session of the incident with a disposed end is named below
	r.judge(a, in, said, asked)
	r.failures = append(r.failures, r.incident.againstEntry()...)
	for _, rec := range b.Manifest.Recordings { // a loss that the ledger does not know of yet
		if (rec.State == bundle.Missing || rec.State == bundle.Disposed) && !slices.ContainsFunc(asked, func(d due) bool { return d.session == rec.Session }) {
			r.due++
			r.missing = append(r.missing, due{session: rec.Session, entry: -1})
		}
	}
	return r
}

func openBundle(name string) (io.Closer, *bundle.Bundle, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is no regular file", name)
	}
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	b, err := bundle.Open(f, info.Size())
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return f, b, nil
}

// dueOf are the recordings of the sessions that the ledger says were exported.
func dueOf(said *known) []due {
	return slices.DeleteFunc(said.recordings(), func(d due) bool {
		return said.exported == nil || !said.exported.named[d.session]
	})
}

func onlyNamed(live map[string]bool, e *exported) map[string]bool {
	out := map[string]bool{}
	if e != nil {
		for _, session := range e.sessions {
			if live[session] {
				out[session] = true
			}
		}
	}
	return out
}

// againstEntry compares the manifest with the entry about the export, which the bundle's maker could not choose.
func (i *incident) againstEntry() (all []failure) {
	fail := func(code, ja, en string) {
		all = append(all, failure{code: code, message: text{i.file + ": " + ja, i.file + ": " + en}, hint: hintReplaced})
	}
	m, e := i.manifest, i.exported
	if e == nil {
		fail("bundle-not-ledgered", "台帳に、この書き出しの記載(incident.exported)がありません", "the ledger has no entry incident.exported about this export")
		return all
	}
	for _, c := range []struct {
		ja, en    string
		said, due any
	}{
		{"記載の番号", "number of the entry", m.Entry, e.entry},
		{"事案", "incident", m.Incident, e.incident},
		{"訓練かどうか", "drill or not", m.Drill, e.drill},
		{"書き出した人", "person", m.By, e.by},
		{"目的", "purpose", m.Purpose, e.purpose},
		{"説明", "explanation", m.Explanation, e.explanation},
	} {
		if c.said != c.due {
			fail("bundle-entry-differs", fmt.Sprintf("%s: %sが、台帳の最後の書き出し(記載 %d)と違います [台帳: %v / 一覧: %v]", bundle.ManifestName, c.ja, e.entry, c.due, c.said),
				fmt.Sprintf("%s: the %s is not that of the last export in the ledger (entry %d) [ledger: %v / manifest: %v]", bundle.ManifestName, c.en, e.entry, c.due, c.said))
		}
	}
	listed := map[string]bool{}
	for _, r := range m.Recordings {
		listed[r.Session] = true
		if !e.named[r.Session] {
			fail("bundle-session-added", fmt.Sprintf("接続 %s は、台帳の書き出し(記載 %d)にありません", r.Session, e.entry), fmt.Sprintf("session %s is not among those that entry %d says were exported", r.Session, e.entry))
		}
	}
	for _, session := range e.sessions {
		if !listed[session] {
			fail("bundle-session-missing", fmt.Sprintf("台帳の書き出し(記載 %d)にある接続 %s が、一覧にありません", e.entry, session), fmt.Sprintf("session %s, which entry %d says was exported, is not in the manifest", session, e.entry))
		}
	}
	return all
}

// bundleFailure says at which place a bundle does not hold.
func bundleFailure(name string, err error) failure {
	var p *bundle.Problem
	if !errors.As(err, &p) {
		return *fileFailure(name, err)
	}
	at := name
	if p.File != "" {
		at += ": " + p.File
	}
	f := failure{code: string(p.Code), message: text{at + ": " + p.JA, at + ": " + p.EN}, hint: hintDamaged}
	if p.Code == bundle.NotABundle {
		f.hint = text{"sekimori incident export の出力を、そのまま(作り直さずに)指定してください", "give the output of `sekimori incident export` as it came, not packed anew"}
	}
	return f
}

// incidentPage writes what the bundle says of itself. more: it could be opened, so that there is more to say.
func (p *program) incidentPage(w io.Writer, r result) (more bool) {
	i, m := r.incident, r.incident.manifest
	p.row(w, text{"証拠一式", "bundle"}, text{i.file, i.file})
	if !i.opened {
		return false
	}
	ja, en := "", ""
	if m.Drill {
		ja, en = "訓練 ", "DRILL "
	}
	p.row(w, text{"事案", "incident"}, text{ja + m.Incident, en + m.Incident})
	p.row(w, text{}, text{fmt.Sprintf("%s に %s が書き出しました(目的 %s)", p.time(m.MadeAt), m.By, m.Purpose), fmt.Sprintf("exported %s by %s (purpose %s)", p.time(m.MadeAt), m.By, m.Purpose)})
	if i.same {
		p.row(w, text{}, text{fmt.Sprintf("ファイル %d 件: すべて一覧のとおりで、余分はありません", len(m.Files)), counted(len(m.Files), "%d file: as listed, none added", "%d files: all as listed, none added")})
	}
	for _, rec := range m.Recordings {
		switch rec.State {
		case bundle.Damaged, bundle.Missing:
			p.row(w, text{"書き出し時", "at export"}, text{fmt.Sprintf("接続 %s の操作記録: 書き出しのとき既に合いません(%s)", rec.Session, rec.Finding), fmt.Sprintf("recording of session %s: did not hold when the bundle was made (%s)", rec.Session, rec.Finding)})
		case bundle.None:
			p.row(w, text{"書き出し時", "at export"}, text{fmt.Sprintf("接続 %s の操作記録: ありません(何も中継されていません)", rec.Session), fmt.Sprintf("recording of session %s: there is none (nothing was relayed)", rec.Session)})
		}
	}
	p.row(w, text{}, text{"経過と README は読むための写しで、署名の対象ではありません。確かなのは台帳です", "the timelines and README are for reading and are not signed; what holds is the ledger"})
	return true
}

type sentIncident struct {
	File     string    `json:"file"`
	Opened   bool      `json:"opened"` // layout and manifest hold
	Same     bool      `json:"same"`   // each file is as listed
	Incident string    `json:"incident"`
	Drill    bool      `json:"drill"`
	MadeAt   time.Time `json:"made_at"`
	By       string    `json:"by"`
	Purpose  string    `json:"purpose"`
	Entry    int64     `json:"entry"`
	Files    int       `json:"files"`
}

func (i *incident) sent() *sentIncident {
	m := i.manifest
	return &sentIncident{File: i.file, Opened: i.opened, Same: i.same, Incident: m.Incident, Drill: m.Drill, MadeAt: m.MadeAt, By: m.By, Purpose: m.Purpose, Entry: m.Entry, Files: len(m.Files)}
}
