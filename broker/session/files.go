package session

import (
	"context"
	"io"

	"sekimori/broker/files"
	"sekimori/policy"
)

// setTerms notes the terms for files by the facts.
func (l *session) setTerms(f *policy.Facts) {
	t := policy.FilesNow(f, &policy.Running{Grant: l.grant.ID, Target: l.target.ID, Account: l.login})
	l.files.Store(&t)
}

// fileTerms gives the terms in force to the relay and the file gate.
func (l *session) fileTerms() *policy.FileTerms {
	if t := l.files.Load(); t != nil {
		return t
	}
	return &policy.FileTerms{}
}

// passage is the session as the file gate needs to know it.
func (l *session) passage() files.Passage {
	p := files.Passage{
		Session: l.a.ID, Window: l.grant.Window.ID, Request: l.grant.Request, Grant: l.grant.ID, System: l.target.System, Target: l.target.ID, Account: l.login,
		Vendor: l.a.Person.Vendor, Person: l.a.Person.ID, Sanitised: l.grant.Sanitised, Actor: l.engineer(), Subjects: l.subjects(), Terms: l.fileTerms,
	}
	p.Number()
	return p
}

// hold gives the relay the file gate; nil: there is none.
func (l *session) hold(p files.Passage) func(near, target io.ReadWriteCloser, resolve func([]byte, bool) (string, error), say func(policy.Text)) {
	g := l.sup.o.Files
	if g == nil {
		return nil
	}
	return func(near, target io.ReadWriteCloser, resolve func([]byte, bool) (string, error), say func(policy.Text)) {
		p := p
		p.Resolve, p.Say = resolve, say
		g.Serve(l.ctx, near, target, p)
	}
}

// deliver hands approved files of the engineer to the target while the session lives; nil: there is no file gate.
func (l *session) deliver(p files.Passage) func(ctx context.Context, open func() (io.ReadWriteCloser, error), resolve func([]byte, bool) (string, error)) {
	g := l.sup.o.Files
	if g == nil {
		return nil
	}
	return func(ctx context.Context, open func() (io.ReadWriteCloser, error), resolve func([]byte, bool) (string, error)) {
		p.Resolve = resolve
		p.Say = func(t policy.Text) { l.relay.Load().Notify("file", t.Lines(l.a.Lang)+"\n") }
		g.Deliver(ctx, p, open)
	}
}
