package ledger

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// VerifyOptions are the keys and the older checkpoint that an export is checked against.
type VerifyOptions struct {
	Key       note.Verifier     // the ledger's public key; nil: the signer stays unverified, and the report says so
	Policy    *Policy           // in place of Key and Witnesses: whose checkpoint counts, and which witnesses must have cosigned; nil: none is given
	Text      *tlog.Hash        // a root kept on paper, which some number of the first entries must give; nil: none
	Witnesses []note.Verifier   // each must have signed or cosigned the checkpoint
	Since     []byte            // an older signed checkpoint that must be a prefix; empty: none
	Entry     func(Entry) error // called with each entry that is valid so far; its bytes are valid only during the call. Trust nothing before Verify has returned nil
	Progress  func(n int64)     // called now and then with the number of entries read
}

// Report is the verified content. With an error it covers the part before the fault.
type Report struct {
	Entries        int64     `json:"entries"`
	Disposed       int64     `json:"disposed"`         // entries whose payload was disposed of, each authorised by an entry
	FirstDisposed  int64     `json:"first_disposed"`   // index of the first of them, -1: none
	First          time.Time `json:"first,omitzero"`   // time of the first entry
	Last           time.Time `json:"last,omitzero"`    // time of the last entry
	Origin         string    `json:"origin"`           // of the checkpoint
	Root           string    `json:"root"`             // base64, as stated in the checkpoint
	SignerVerified bool      `json:"signer_verified"`  // false without a key: then any person can have made the export
	Signer         string    `json:"signer"`           // the key's name, once verified
	Witnesses      []string  `json:"witnesses"`        // names of witnesses whose signature is valid
	Unverified     []string  `json:"unverified"`       // names under the checkpoint for which no key was given
	SinceSize      int64     `json:"since_size"`       // size of the older checkpoint proved to be a prefix, -1: none
	Quorum         string    `json:"quorum,omitempty"` // of the policy, once met
	TextSize       int64     `json:"text_size"`        // how many first entries give the root on paper, -1: none was given
}

// Verify reads an export to its end and returns the first fault as a *Problem. Other errors are the reader's and those of
// Entry. Memory grows only with the number of disposed payloads.
func Verify(r io.Reader, o VerifyOptions) (Report, error) {
	v := verifier{
		lines:  lineReader{r: bufio.NewReaderSize(r, 64<<10)},
		o:      o,
		report: Report{FirstDisposed: -1, SinceSize: -1, TextSize: -1, Witnesses: []string{}, Unverified: []string{}},
	}
	err := v.run()
	v.report.Entries = v.tree.Size()
	if o.Progress != nil {
		o.Progress(v.report.Entries)
	}
	return v.report, err
}

type verifier struct {
	lines  lineReader
	o      VerifyOptions
	report Report
	tree   Frontier
	since  *Checkpoint // not yet reached

	disposals Disposals
}

func (v *verifier) run() error {
	line, err := v.lines.next()
	if err != nil {
		return v.readProblem(err)
	}
	if string(line) != formatLine {
		return v.problem(-1, NotAnExport, "", "")
	}
	if err := v.openSince(); err != nil {
		return err
	}
	for {
		if err := v.passSince(); err != nil {
			return err
		}
		line, err := v.lines.next()
		if err != nil {
			return v.readProblem(err)
		}
		if bytes.HasPrefix(line, []byte(checkpointStart)) {
			return v.end(line)
		}
		if err := v.entry(line); err != nil {
			return err
		}
		if n := v.tree.Size(); v.o.Progress != nil && n%1024 == 0 {
			v.o.Progress(n)
		}
	}
}

func (v *verifier) problem(index int64, code Code, due, have string) error {
	return &Problem{Line: v.lines.n, Index: index, Code: code, Due: due, Have: have}
}

func (v *verifier) readProblem(err error) error {
	switch {
	case errors.Is(err, errLineTooLong):
		return v.problem(v.tree.Size(), LineTooLong, fmt.Sprintf("≤ %d", maxLine), "")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return v.problem(v.tree.Size(), CutShort, "", "")
	}
	return fmt.Errorf("ledger: read export: %w", err)
}

// entry checks one line of an entry, and the entry against those before it.
func (v *verifier) entry(line []byte) error {
	due := v.tree.Size()
	e, written, err := parseEntryLine(line)
	var form *FormError
	switch {
	case errors.Is(err, ErrPayloadDigest):
		return v.problem(due, PayloadDiffers, "", "")
	case errors.As(err, &form):
		return v.problem(due, LineNotExact, "", form.What)
	case err != nil:
		return err
	}
	leaf := e.Leaf()
	switch {
	case leaf != written:
		return v.problem(due, LeafDiffers, "", "")
	case e.Index > due:
		return v.problem(due, EntryMissing, strconv.FormatInt(due, 10), strconv.FormatInt(e.Index, 10))
	case e.Index < due:
		return v.problem(due, EntryOutOfOrder, strconv.FormatInt(due, 10), strconv.FormatInt(e.Index, 10))
	case due > 0 && e.Time.Before(v.report.Last):
		return v.problem(due, TimeBackwards, "≥ "+v.report.Last.Format(timeForm), e.Time.Format(timeForm))
	case !e.ClockHolds(v.report.Last, due == 0):
		return v.problem(due, ClockDiffers, v.report.Last.Format(timeForm), e.Time.Format(timeForm))
	}
	if err := v.tree.Append(leaf); err != nil {
		return err
	}
	if due == 0 {
		v.report.First = e.Time
	}
	v.report.Last = e.Time
	v.disposals.Take(e)
	if e.Disposed() {
		if v.report.Disposed == 0 {
			v.report.FirstDisposed = e.Index
		}
		v.report.Disposed++
	}
	if v.o.Entry != nil {
		return v.o.Entry(e)
	}
	return nil
}

// end compares the checkpoint with the entries, then checks the signatures.
func (v *verifier) end(line []byte) error {
	checkpoint, c, err := parseCheckpointLine(line)
	var form *FormError
	if errors.As(err, &form) {
		return v.problem(-1, CheckpointDamaged, "", form.What)
	}
	if err != nil {
		return err
	}
	v.report.Origin, v.report.Root = c.Origin, c.Root.String()
	v.report.Unverified = signers(checkpoint)
	if err := v.signed(checkpoint); err != nil {
		return err
	}
	root, err := v.tree.Root()
	if err != nil {
		return err
	}
	n := v.tree.Size()
	if c.Size != n {
		return v.problem(min(n, c.Size), SizeDiffers, strconv.FormatInt(c.Size, 10), strconv.FormatInt(n, 10))
	}
	if c.Root != root {
		return v.problem(-1, RootDiffers, c.Root.String(), root.String())
	}
	if v.since != nil {
		return v.problem(n, SinceLonger, strconv.FormatInt(v.since.Size, 10), strconv.FormatInt(n, 10))
	}
	if v.o.Text != nil && v.report.TextSize < 0 {
		return v.problem(-1, TextDiffers, v.o.Text.String(), root.String())
	}
	if len(v.o.Since) > 0 {
		// passSince has compared the roots; only here is the origin known.
		since, _ := ReadCheckpoint(v.o.Since)
		if since.Origin != c.Origin {
			return &Problem{Index: -1, Code: SinceOrigin, Due: c.Origin, Have: since.Origin}
		}
		v.report.SinceSize = since.Size
	}
	if err := v.lines.end(v); err != nil {
		return err
	}
	if gone := v.disposals.First(); gone >= 0 {
		return &Problem{Line: gone + 2, Index: gone, Code: DisposedWithoutEntry}
	}
	return nil
}

func (v *verifier) signed(checkpoint []byte) error {
	if k := v.o.Key; k != nil {
		if !signedBy(checkpoint, k) {
			return v.problem(-1, SignatureInvalid, k.Name(), "")
		}
		v.report.SignerVerified, v.report.Signer = true, k.Name()
		v.verified(k.Name())
	}
	if p := v.o.Policy; p != nil {
		k := p.Log(checkpoint)
		if k == nil {
			return v.problem(-1, SignatureInvalid, "policy", v.report.Origin)
		}
		v.report.SignerVerified, v.report.Signer = true, k.Name()
		v.verified(k.Name())
		names, met := p.Cosigners(checkpoint)
		for _, name := range names {
			v.report.Witnesses = append(v.report.Witnesses, p.WitnessKey(name).Name())
			v.verified(p.WitnessKey(name).Name())
		}
		if !met {
			return v.problem(-1, QuorumMissing, p.Quorum(), strings.Join(names, ", "))
		}
		v.report.Quorum = p.Quorum()
	}
	for _, w := range v.o.Witnesses {
		if !signedBy(checkpoint, w) {
			return v.problem(-1, WitnessMissing, w.Name(), "")
		}
		v.report.Witnesses = append(v.report.Witnesses, w.Name())
		v.verified(w.Name())
	}
	return nil
}

// verified removes one signature of this name from the list of unverified ones.
func (v *verifier) verified(name string) {
	for i, n := range v.report.Unverified {
		if n == name {
			v.report.Unverified = append(v.report.Unverified[:i:i], v.report.Unverified[i+1:]...)
			return
		}
	}
}

func (v *verifier) openSince() error {
	if len(v.o.Since) == 0 {
		return nil
	}
	c, err := ReadCheckpoint(v.o.Since)
	if err != nil {
		return &Problem{Index: -1, Code: SinceUnreadable, Have: err.Error()}
	}
	if v.o.Key != nil && !signedBy(v.o.Since, v.o.Key) {
		return &Problem{Index: -1, Code: SinceSignature, Due: v.o.Key.Name()}
	}
	if v.o.Policy != nil && v.o.Policy.Log(v.o.Since) == nil {
		return &Problem{Index: -1, Code: SinceSignature, Due: c.Origin}
	}
	v.since = &c
	return nil
}

// passSince looks for the root on paper, and compares the roots when the tree has the size of the older checkpoint.
func (v *verifier) passSince() error {
	if v.o.Text != nil && v.report.TextSize < 0 && v.tree.Size() > 0 {
		root, err := v.tree.Root()
		if err != nil {
			return err
		}
		if root == *v.o.Text {
			v.report.TextSize = v.tree.Size()
		}
	}
	if v.since == nil || v.tree.Size() != v.since.Size {
		return nil
	}
	root, err := v.tree.Root()
	if err != nil {
		return err
	}
	if root != v.since.Root {
		return v.problem(v.since.Size-1, SinceDiffers, v.since.Root.String(), root.String())
	}
	v.since = nil
	return nil
}
