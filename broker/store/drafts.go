package store

import "time"

// DraftKind says what a draft is to become.
type DraftKind string

// The kinds of drafts.
const (
	DraftRequest  DraftKind = "request"  // an application, or an edit of one
	DraftDecision DraftKind = "decision" // an approver's decision on an application
)

// DraftState is where a draft stands.
type DraftState string

// The states of drafts. Only an open one has content.
const (
	DraftOpen      DraftState = "draft"
	DraftSubmitted DraftState = "submitted"
	DraftDiscarded DraftState = "discarded"
)

// Draft is what a person began and has not handed in. Only its owner sees it.
type Draft struct {
	ID      string
	Owner   string // person id
	Kind    DraftKind
	State   DraftState
	Version int    // each save makes the next
	Request string // the application that it edits or decides; empty: a new one
	Base    int    // version of that application when the draft was begun
	Became  string // number of the application that was made of it
	Created time.Time
	Changed time.Time
	Values  map[string][]string // as typed, by field; nothing is checked
}

// DraftFilter narrows DraftPage. Zero fields do not narrow.
type DraftFilter struct {
	Owner   string
	Kind    DraftKind
	State   DraftState
	Request string
}

const draftColumns = `SELECT d.id, d.owner, d.kind, d.state, d.version, d.request, d.base, d.became, d.created, d.changed, d.body FROM drafts d`

func scanDraft(s scanner) (Draft, error) {
	var d Draft
	err := s.Scan(&d.ID, &d.Owner, &d.Kind, &d.State, &d.Version, &d.Request, &d.Base, &d.Became, at(&d.Created), at(&d.Changed), body{&d.Values})
	return d, err
}

func (f DraftFilter) where() where {
	var w where
	w.text("d.owner = ?", f.Owner)
	w.text("d.kind = ?", string(f.Kind))
	w.text("d.state = ?", string(f.State))
	w.text("d.request = ?", f.Request)
	return w
}

// Draft reads one draft. Errors: ErrNotFound.
func (s *Snap) Draft(id string) (Draft, error) {
	return get(s, scanDraft, draftColumns+` WHERE d.id = ?`, id)
}

// Drafts lists drafts, the one saved last first; at most MostPaged.
func (s *Snap) Drafts(f DraftFilter) ([]Draft, error) {
	w := f.where()
	return list(s, scanDraft, draftColumns+w.String()+` ORDER BY d.changed DESC, d.id LIMIT ?`, append(w.args, MostPaged)...)
}

// AddDraft stores a new draft. Created and Changed are the transaction's time.
func (t *Tx) AddDraft(d Draft) error {
	b, err := encode(d.values())
	if err != nil {
		return err
	}
	_, err = t.exec(`INSERT INTO drafts (id, owner, kind, state, version, request, base, became, created, changed, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		d.ID, d.Owner, string(d.Kind), string(d.State), d.Version, d.Request, d.Base, d.Became, ms(t.Now), ms(t.Now), b)
	return exists(err)
}

// UpdateDraft replaces a draft's state, version and content. Errors: ErrNotFound.
func (t *Tx) UpdateDraft(d Draft) error {
	b, err := encode(d.values())
	if err != nil {
		return err
	}
	return t.one(`UPDATE drafts SET state = ?, version = ?, base = ?, became = ?, changed = ?, body = ? WHERE id = ?`,
		string(d.State), d.Version, d.Base, d.Became, ms(t.Now), b, d.ID)
}

func (d Draft) values() map[string][]string {
	if d.Values == nil {
		return map[string][]string{}
	}
	return d.Values
}
