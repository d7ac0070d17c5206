package figures

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"sekimori/recordings/exactjson"
)

// Figure is one number of the report.
type Figure struct {
	Table string `json:"table"` // requests, sessions, supervision, reviews, viewing, ledger
	Key   string `json:"key"`
	Part  string `json:"part,omitempty"` // code within a figure that is broken down; empty: the figure is one number
	Value int64  `json:"value"`
}

func (f Figure) name() string {
	if f.Part == "" {
		return f.Table + "." + f.Key
	}
	return f.Table + "." + f.Key + "[" + f.Part + "]"
}

// Report is the verification file of a yearly report: which entries were counted, and what came out.
type Report struct {
	Format     string    `json:"format"`
	Version    int       `json:"version"`
	FiscalYear int       `json:"fiscal_year"` // 2026: April 2026 to March 2027
	From       time.Time `json:"from"`
	To         time.Time `json:"to"`      // exclusive
	Entries    int64     `json:"entries"` // the first so many entries of the ledger were counted
	Figures    []Figure  `json:"figures"`
	Checkpoint string    `json:"checkpoint,omitempty"` // of the ledger when two offices had agreed to the figures; empty: a draft
}

// Digest is SHA-256, in hexadecimal, of the file without its checkpoint. The entry annual.finalised has it.
func (r Report) Digest() (string, error) {
	r.Checkpoint = ""
	h := sha256.New()
	if err := r.Write(h); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// format and version stand in every file.
const (
	format  = "sekimori-annual-figures"
	version = 1
)

// most bounds a file in bytes.
const most = 4 << 20

// ErrNoReport: a file is none of this package's.
var ErrNoReport = errors.New("figures: this is no file of figures")

// Write writes a report as one line of JSON.
func (r Report) Write(w io.Writer) error {
	r.Format, r.Version = format, version
	b, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("figures: %w", err)
	}
	if _, err := w.Write(append(b, '\n')); err != nil {
		return fmt.Errorf("figures: write: %w", err)
	}
	return nil
}

// Read reads a report strictly: no unknown name, none twice, at most 4 MiB. Errors wrap ErrNoReport where the content is at fault.
func Read(in io.Reader) (Report, error) {
	b, err := io.ReadAll(io.LimitReader(in, most+1))
	if err != nil {
		return Report{}, fmt.Errorf("figures: read: %w", err)
	}
	var r Report
	if len(b) > most {
		return Report{}, fmt.Errorf("%w: larger than %d bytes", ErrNoReport, most)
	}
	if err := exactjson.Decode(b, &r); err != nil { // no name twice, none in another case
		return Report{}, fmt.Errorf("%w: %w", ErrNoReport, err)
	}
	strict := json.NewDecoder(bytes.NewReader(b))
	strict.DisallowUnknownFields()
	if err := strict.Decode(new(Report)); err != nil {
		return Report{}, fmt.Errorf("%w: %w", ErrNoReport, err)
	}
	if r.Format != format || r.Version != version || r.Entries < 0 {
		return Report{}, ErrNoReport
	}
	if !r.wholeYear() {
		return Report{}, fmt.Errorf("%w: its period is not the fiscal year %d", ErrNoReport, r.FiscalYear)
	}
	return r, nil
}

// wholeYear tells whether the period is the fiscal year that the report names. Figures of a part of the year are no figures of the year, although
// a count over that part gives them.
func (r Report) wholeYear() bool {
	from, _ := Year(r.FiscalYear, r.From.Location())
	_, to := Year(r.FiscalYear, r.To.Location())
	return r.From.Equal(from) && r.To.Equal(to) && from.Before(to)
}

// Difference is the first figure on which two reports differ. A value that one of them does not have is a dash.
type Difference struct {
	Figure            string
	Stated, Recounted string
}

// absent stands for a figure that a report does not have.
const absent = "—"

// Year is the fiscal year that begins in April of a year, in a zone.
func Year(fy int, z *time.Location) (from, to time.Time) {
	return time.Date(fy, time.April, 1, 0, 0, 0, 0, z), time.Date(fy+1, time.April, 1, 0, 0, 0, 0, z)
}

// sorted gives figures in the order of the tables, and within a figure by part.
func sorted(all map[Figure]int64) []Figure {
	var out []Figure
	for f, n := range all {
		f.Value = n
		out = append(out, f)
	}
	slices.SortFunc(out, func(a, b Figure) int {
		return cmp.Or(cmp.Compare(order(a), order(b)), cmp.Compare(a.Part, b.Part))
	})
	return out
}

func order(f Figure) int {
	return slices.IndexFunc(Keys, func(k Key) bool { return k.Table == f.Table && k.Key == f.Key })
}
