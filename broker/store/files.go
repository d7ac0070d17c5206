package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"sekimori/policy"
)

// File is a file that the broker has taken from a session.
type File struct {
	ID        string // "S-20261124-03-1"
	Direction string // policy.FilesIn or policy.FilesOut
	State     policy.FileState
	Session   string
	Window    string
	Request   string
	Grant     string
	System    string
	Target    string
	Account   string // login on the target
	Vendor    string
	Person    string // the engineer
	Path      []byte // on the target
	Size      int64  // bytes, as it came
	SHA256    string
	After     string // SHA-256 of the sanitised copy; empty: there is none
	Kept      []string
	Content   string // of Kept, the one that is delivered or fetched
	Length    int64  // bytes of Content
	Findings  json.RawMessage
	Sanitised string
	Why       string // a word of the ledger's format
	At        time.Time
	Until     time.Time
	Sent      int64
	Tries     int
	EndedAt   time.Time
	EndedBy   string
	Reason    string
	Via       string    // session through which it is being delivered; empty: it is not
	Place     []byte    // path on the target that the delivery writes to, without links
	Fetching  int       // fetches under way
	Disposed  time.Time // when its contents were removed; zero: they are kept
}

// Digest is the SHA-256 of Content, which approvals hold for.
func (f File) Digest() string {
	if f.After != "" {
		return f.After
	}
	return f.SHA256
}

// FileApproval is one approval of a file.
type FileApproval struct {
	Stage    int
	By       string
	OnBehalf string
	SetBy    string
	At       time.Time
	SHA256   string
	Reason   string
}

// FileFilter narrows Files. Zero fields do not narrow.
type FileFilter struct {
	Vendor, Person, Request, Window, Target string
	States                                  []policy.FileState
	Until                                   time.Time // that expire then or before
	Kept                                    bool      // only files that have ended and whose contents are kept
	Unseen                                  bool      // only files whose delivery has begun, and whose end on the target is not known
}

const fileColumns = `SELECT id, direction, state, session, window, request, grant_id, system, target, account, vendor, person, path, size, sha256, after, kept, content,
	length, findings, sanitised, why, at, until, sent, tries, ended_at, ended_by, reason, via, place, fetching, disposed FROM files`

func scanFile(r scanner) (File, error) {
	var f File
	var findings string
	err := r.Scan(&f.ID, &f.Direction, &f.State, &f.Session, &f.Window, &f.Request, &f.Grant, &f.System, &f.Target, &f.Account, &f.Vendor, &f.Person, &f.Path, &f.Size,
		&f.SHA256, &f.After, body{&f.Kept}, &f.Content, &f.Length, &findings, &f.Sanitised, &f.Why, at(&f.At), at(&f.Until), &f.Sent, &f.Tries, at(&f.EndedAt), &f.EndedBy, &f.Reason, &f.Via, &f.Place, &f.Fetching, at(&f.Disposed))
	f.Findings = json.RawMessage(findings)
	if f.State == policy.FileApproved && f.Via != "" {
		f.State = policy.FileDelivering
	}
	return f, err
}

// File reads one. Errors: ErrNotFound.
func (s *Snap) File(id string) (File, error) {
	return get(s, scanFile, fileColumns+` WHERE id = ?`, id)
}

// Files lists files, the newest first.
func (s *Snap) Files(f FileFilter) ([]File, error) {
	var w where
	w.text("vendor = ?", f.Vendor)
	w.text("person = ?", f.Person)
	w.text("request = ?", f.Request)
	w.text("window = ?", f.Window)
	w.text("target = ?", f.Target)
	if len(f.States) > 0 {
		if err := w.fileStates(f.States); err != nil {
			return nil, err
		}
	}
	if !f.Until.IsZero() {
		w.and("until <= ?", ms(f.Until))
	}
	if f.Unseen {
		w.and("via <> ''")
	}
	if f.Kept {
		w.and("ended_at > 0 AND disposed = 0")
	}
	return list(s, scanFile, fileColumns+w.String()+` ORDER BY seq DESC`, w.args...)
}

// fileStates narrows a query of files to states.
func (w *where) fileStates(states []policy.FileState) error {
	stored := slices.Clone(states)
	approved, delivering := slices.Contains(states, policy.FileApproved), slices.Contains(states, policy.FileDelivering)
	if delivering {
		stored = append(stored, policy.FileApproved)
	}
	list, err := encode(stored)
	if err != nil {
		return err
	}
	w.and("state IN (SELECT value FROM json_each(?))", list)
	if approved != delivering {
		w.and("(state <> 'approved' OR (via <> '') = ?)", delivering)
	}
	return nil
}

// fileApprovers are the people who let files of a window's work through, and those for whom a deputy did.
func (s *Snap) fileApprovers(window string) ([]string, error) {
	return list(s, func(r scanner) (id string, err error) { return id, r.Scan(&id) },
		`SELECT a.by FROM files f JOIN file_approvals a ON a.file = f.id WHERE f.window = ?1
		UNION SELECT a.on_behalf FROM files f JOIN file_approvals a ON a.file = f.id WHERE f.window = ?1 AND a.on_behalf <> ''`, window)
}

// FileApprovals lists the approvals of a file, the oldest first.
func (s *Snap) FileApprovals(id string) ([]FileApproval, error) {
	return list(s, func(r scanner) (a FileApproval, err error) {
		return a, r.Scan(&a.Stage, &a.By, &a.OnBehalf, &a.SetBy, at(&a.At), &a.SHA256, &a.Reason)
	}, `SELECT stage, by, on_behalf, set_by, at, sha256, reason FROM file_approvals WHERE file = ? ORDER BY at, stage`, id)
}

// AddFile stores a file that the broker took at the transaction's time.
func (t *Tx) AddFile(f File) error {
	kept, err := encode(orEmpty(f.Kept))
	if err != nil {
		return err
	}
	seq, err := t.next("file")
	if err != nil {
		return err
	}
	ended, state := int64(0), f.State
	if !f.State.Open() {
		ended = ms(t.Now)
	}
	if state == policy.FileDelivering {
		state = policy.FileApproved
	}
	_, err = t.exec(`INSERT INTO files (id, seq, direction, state, session, window, request, grant_id, system, target, account, vendor, person, path, size, sha256, after, kept,
		content, length, findings, sanitised, why, at, until, ended_at, via, place) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		f.ID, seq, f.Direction, string(state), f.Session, f.Window, f.Request, f.Grant, f.System, f.Target, f.Account, f.Vendor, f.Person, f.Path, f.Size, f.SHA256, f.After, kept,
		f.Content, f.Length, string(f.Findings), f.Sanitised, f.Why, ms(t.Now), ms(t.Now.Add(policy.FileWait)), ended, f.Via, orEmpty(f.Place))
	return exists(err)
}

// ApproveFile stores an approval and the state after it. Errors: ErrNotFound when the file no longer waits.
func (t *Tx) ApproveFile(id string, a FileApproval, state policy.FileState) error {
	if err := t.one(`UPDATE files SET state = ? WHERE id = ? AND state IN ('held', 'out-wait-first', 'out-wait-second')`, string(state), id); err != nil {
		return err
	}
	_, err := t.exec(`INSERT INTO file_approvals (file, stage, by, on_behalf, set_by, at, sha256, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (file, stage, by) DO UPDATE SET on_behalf = excluded.on_behalf, set_by = excluded.set_by, at = excluded.at, sha256 = excluded.sha256, reason = excluded.reason`,
		id, a.Stage, a.By, a.OnBehalf, a.SetBy, ms(t.Now), a.SHA256, a.Reason)
	return err
}

// EndFile ends a file that could still move. One that is rejected or expires on its way keeps its Via: what became of it on the target is still to
// be found out. Errors: ErrNotFound when it has ended.
func (t *Tx) EndFile(id string, state policy.FileState, by, why, reason string) error {
	return t.one(`UPDATE files SET state = ?1, ended_at = ?2, ended_by = ?3, why = ?4, reason = ?5, fetching = 0, via = CASE WHEN ?1 IN ('file-rejected', 'expired') THEN via ELSE '' END WHERE id = ?6 AND state IN ('held', 'out-wait-first', 'out-wait-second', 'approved')`,
		string(state), ms(t.Now), by, why, reason, id)
}

// SettleFile notes that it is known what became of the delivery of a file that has ended on its way. It is no error where that was known before.
func (t *Tx) SettleFile(id string) error {
	_, err := t.exec(`UPDATE files SET via = '' WHERE id = ? AND via <> ''`, id)
	return err
}

// DeliverFile notes that an approved file is being delivered through a session, to this place on the target. Errors: ErrNotFound when it has
// ended, or is on its way already.
func (t *Tx) DeliverFile(id, via string, place []byte) error {
	return t.one(`UPDATE files SET via = ?, place = ?, why = '' WHERE id = ? AND state = 'approved' AND via = ''`, via, place, id)
}

// NoteFile keeps why an approved file was not delivered yet; it is no longer on its way. Errors: ErrNotFound when it has ended.
func (t *Tx) NoteFile(id, why string) error {
	return t.one(`UPDATE files SET why = ?, via = '' WHERE id = ? AND state = 'approved'`, why, id)
}

// DoubtFile keeps why the end of a delivery is not known. Errors: ErrNotFound when the file has ended.
func (t *Tx) DoubtFile(id, why string) error {
	return t.one(`UPDATE files SET why = ? WHERE id = ? AND state = 'approved' AND via <> ''`, why, id)
}

// FetchFile notes a fetch that begins, or one that ends without the whole file: sent are the bytes from the beginning. Errors: ErrNotFound
// when the file has ended.
func (t *Tx) FetchFile(id string, begins bool, sent int64) error {
	if begins {
		return t.one(`UPDATE files SET tries = tries + 1, fetching = fetching + 1 WHERE id = ? AND state = 'approved'`, id)
	}
	return t.one(`UPDATE files SET fetching = max(fetching - 1, 0), sent = max(sent, ?) WHERE id = ? AND state = 'approved'`, sent, id)
}

// DisposeFile notes that the contents of a file that has ended are removed. Errors: ErrNotFound when it can still move, or they were removed
// before.
func (t *Tx) DisposeFile(id string) error {
	return t.one(`UPDATE files SET disposed = ? WHERE id = ? AND disposed = 0 AND ended_at > 0`, ms(t.Now), id)
}

// OnFile holds the facts that acts on a file need, read once.
type OnFile struct {
	File      File
	Approvals []FileApproval
	Facts     policy.FileFacts
}

// Rules are the facts that policy's rules look at.
func (o OnFile) Rules() policy.FileFacts { return o.Facts }

// OnFile reads a file with its system, its request's parties and its approvals. Error: ErrNotFound.
func (s *Snap) OnFile(id string) (o OnFile, err error) {
	if o.File, err = s.File(id); err != nil {
		return o, fmt.Errorf("file %q: %w", id, err)
	}
	f := o.File
	sys, err := s.System(f.System)
	if err != nil {
		return o, fmt.Errorf("system of file %s: %w", id, err)
	}
	o.Facts = policy.FileFacts{ID: f.ID, Out: f.Direction == policy.FilesOut, State: f.State, Engineer: f.Person, Until: f.Until, System: sys.System, Request: f.Request}
	drill := false
	switch r, err := s.Request(f.Request); {
	case errors.Is(err, ErrNotFound):
	case err != nil:
		return o, fmt.Errorf("request of file %s: %w", id, err)
	default:
		drill = r.Body.Drill
		o.Facts.Parties = append(o.Facts.Parties, r.Body.Engineers...)
		o.Facts.Parties = addOnce(addOnce(o.Facts.Parties, r.Requester), r.Proposer)
	}
	if o.Approvals, err = s.FileApprovals(id); err != nil {
		return o, fmt.Errorf("approvals of file %s: %w", id, err)
	}
	for _, a := range o.Approvals {
		made := policy.Approval{Stage: a.Stage, By: a.By, OnBehalf: a.OnBehalf, SetBy: a.SetBy, At: a.At, Version: 1}
		stands := made
		if !o.Facts.Out { // a second approver may give the one that a file in needs
			stands.Stage = 0
		}
		if made.Void, err = s.approvalVoid(stands, sys.Section); err != nil {
			return o, err
		}
		made.Void = made.Void || a.SHA256 != f.Digest()
		o.Facts.Approvals = append(o.Facts.Approvals, made)
	}
	if o.Facts.Deputations, err = s.deputationsFor(sys.Section); err != nil {
		return o, err
	}
	o.Facts.Frozen, err = s.covered(f.Vendor, f.System, drill)
	return o, err
}

// Appointer gives the person who made by the deputy of the approver for whom they act now; empty: there is none.
func (s *Snap) Appointer(by, behalf string) (string, error) {
	return s.appointer(Decision{By: by, OnBehalf: behalf, At: s.Now})
}
