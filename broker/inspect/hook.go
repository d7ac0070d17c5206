package inspect

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strconv"

	"sekimori/broker/hook"
)

// Statuses of a program. Any other counts as not clean.
const (
	exitClean     = 0
	exitSanitised = 3 // standard output is the sanitised copy
)

// hookMost is the largest file that a program gets on its standard input.
const hookMost = 32 << 20

// Program asks a program of the administrator's. It gets the file on standard input, its name and size as SEKIMORI_FILE_NAME (quoted as a
// Go string) and SEKIMORI_FILE_SIZE. The first line that it writes to standard error is its version, the second what it found.
type Program struct {
	Label string
	Hook  hook.Hook
}

// Name implements Engine.
func (p Program) Name() string {
	if p.Label != "" {
		return p.Label
	}
	return "program"
}

// Inspect runs the program.
func (p Program) Inspect(ctx context.Context, s Subject) (f Finding, _ Content, err error) {
	if s.Content.Size() > hookMost {
		return f, nil, fmt.Errorf("%w of programs: %d bytes, at most %d", ErrLimit, s.Content.Size(), hookMost)
	}
	b, err := io.ReadAll(Reader(s.Content))
	if err != nil {
		return f, nil, err
	}
	r, err := p.Hook.Run(ctx, []string{"SEKIMORI_FILE_NAME=" + strconv.QuoteToASCII(s.Name), "SEKIMORI_FILE_SIZE=" + strconv.Itoa(len(b))}, b)
	if err != nil {
		return f, nil, err
	}
	version, rest, _ := bytes.Cut(r.Stderr, []byte("\n"))
	detail, _, _ := bytes.Cut(rest, []byte("\n"))
	f.Version, f.Detail = string(version), string(detail)
	switch r.Exit {
	case exitClean:
		f.Verdict = Clean
		return f, nil, nil
	case exitSanitised:
		if len(r.Stdout) == 0 && len(b) > 0 {
			f.Verdict, f.Detail = NotClean, "the program promised a sanitised copy and printed no copy"
			return f, nil, nil
		}
		out, err := s.Scratch()
		if err != nil {
			return f, nil, err
		}
		if _, err := out.Write(r.Stdout); err != nil {
			return f, nil, err
		}
		c, err := out.Content()
		f.Verdict = Sanitised
		return f, c, err
	}
	f.Verdict = NotClean
	if f.Detail == "" {
		f.Detail = fmt.Sprintf("the program ended with status %d", r.Exit)
	}
	return f, nil, nil
}
