package session

import (
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

// hold gives the relay the file gate; nil: there is none.
func (l *session) hold() func(near, target io.ReadWriteCloser, resolve func([]byte, bool) (string, error)) {
	g := l.sup.o.Files
	if g == nil {
		return nil
	}
	p := files.Passage{Session: l.a.ID, Target: l.target.ID, Sanitised: l.grant.Sanitised, Actor: l.engineer(), Subjects: l.subjects(), Terms: l.fileTerms}
	p.Number()
	return func(near, target io.ReadWriteCloser, resolve func([]byte, bool) (string, error)) {
		p := p
		p.Resolve = resolve
		g.Serve(l.ctx, near, target, p)
	}
}
