package inspect

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"sekimori/policy/text"
)

// Verdict is the result of an inspection. The zero value is not clean.
type Verdict string

// The verdicts.
const (
	NotClean  Verdict = "not-clean"
	Clean     Verdict = "clean"
	Sanitised Verdict = "sanitised" // clean after its contents were replaced
)

var verdicts = map[Verdict]text.Text{
	NotClean: text.Of("問題あり", "not clean"), Clean: text.Of("問題なし", "clean"), Sanitised: text.Of("無害化済み", "sanitised"),
}

// Label is the verdict as people read it.
func (v Verdict) Label() text.Text { return text.Label(verdicts, v) }

// Content is a file's bytes. They do not change while it is inspected.
type Content interface {
	io.ReaderAt
	Size() int64
}

// Scratch takes a further content, such as a sanitised copy. The caller of the chain makes it, because contents are sealed on a disk.
type Scratch interface {
	io.Writer
	// Content ends the writing and gives what was written.
	Content() (Content, error)
}

// Subject is what an engine looks at.
type Subject struct {
	Name    string // as the sender gave it; bytes
	Content Content
	Scratch func() (Scratch, error)
}

// Finding is one engine's answer. Its fields are part of the ledger's format.
type Finding struct {
	Engine  string  `json:"engine"`
	Version string  `json:"version,omitempty"` // of the engine and its definitions, as it says itself
	Verdict Verdict `json:"verdict"`
	Detail  string  `json:"detail,omitempty"` // what was found, or why it could not be said
}

// Engine looks at one file. An error counts as not clean, and its text becomes the detail. A sanitised finding comes with the copy.
type Engine interface {
	Name() string
	Inspect(ctx context.Context, s Subject) (Finding, Content, error)
}

// ErrLimit is wrapped by errors about a file beyond an engine's limits.
var ErrLimit = errors.New("beyond the limit of the inspection")

// Result is the answer of a chain.
type Result struct {
	Verdict  Verdict
	Findings []Finding
	Before   string  // SHA-256 of what was given, in hex
	After    string  // of Content
	Content  Content // what may be released; nil if not clean
}

// Chain asks engines one after the other. Within bounds the time of each; 0: ten minutes.
type Chain struct {
	Engines []Engine
	Within  time.Duration
}

// Inspect asks every engine until one finds the file not clean. An error says that the file could not be read at all.
func (c Chain) Inspect(ctx context.Context, s Subject) (Result, error) {
	r := Result{Verdict: NotClean}
	var err error
	if r.Before, err = Sum(s.Content); err != nil {
		return r, fmt.Errorf("hash: %w", err)
	}
	if len(c.Engines) == 0 {
		r.Findings = []Finding{{Engine: "none", Verdict: NotClean, Detail: "no inspector is configured"}}
		return r, nil
	}
	verdict := Clean
	for _, e := range c.Engines {
		f, replaced := c.ask(ctx, e, s)
		r.Findings = append(r.Findings, f)
		switch f.Verdict {
		case Clean:
		case Sanitised:
			verdict, s.Content = Sanitised, replaced
		default:
			return r, nil
		}
	}
	if r.After, err = Sum(s.Content); err != nil {
		return r, fmt.Errorf("hash: %w", err)
	}
	r.Verdict, r.Content = verdict, s.Content
	return r, nil
}

// ask asks one engine within its time. A panic of a parser is an answer too.
func (c Chain) ask(ctx context.Context, e Engine, s Subject) (f Finding, replaced Content) {
	within := c.Within
	if within <= 0 {
		within = 10 * time.Minute
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			f, replaced = Finding{Engine: e.Name(), Verdict: NotClean, Detail: "the inspector failed"}, nil
		}
	}()
	f, replaced, err := e.Inspect(ctx, s)
	f.Engine = e.Name()
	switch {
	case err == nil && ctx.Err() != nil:
		err = context.Cause(ctx)
		fallthrough
	case err != nil:
		f.Verdict, f.Detail = NotClean, said(err.Error())
	case f.Verdict == Sanitised && replaced == nil, f.Verdict != Clean && f.Verdict != Sanitised:
		f.Verdict = NotClean
	}
	f.Version, f.Detail = said(f.Version), said(f.Detail)
	return f, replaced
}

// Words makes foreign words fit for the ledger.
func Words(s string) string { return said(s) }

// said makes an engine's words fit for the ledger.
func said(s string) string { return text.OneLine(s, 300) }

// Sum is the SHA-256 of a content in hex.
func Sum(c Content) (string, error) {
	h := sha256.New()
	if _, err := io.Copy(h, Reader(c)); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Reader reads a content from its beginning.
func Reader(c Content) io.Reader { return io.NewSectionReader(c, 0, c.Size()) }
