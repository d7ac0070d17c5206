package papers

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sekimori/broker/forms"
	"sekimori/broker/internal/testbed"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/store"
	"sekimori/policy"
)

// office is a town hall with a keeper of papers. Vendor V-012 has the engineer E-0031 (sato) and the contact E-0090; V-014 is its
// subcontractor, whose engineer is E-0041.
type office struct {
	*townhall.Hall
	*Keeper
	tb   testing.TB
	dir  string
	disk *disk
}

// disk is the operating system's, until it is told to fail.
type disk struct {
	*testbed.Disk
	rename func(from, to string) error // nil: os.Rename
}

func (d *disk) Rename(from, to string) error {
	if d.rename != nil {
		return d.rename(from, to)
	}
	return os.Rename(from, to)
}

const more = `vendors:
  - id: V-014
    name: 再委託先
    prime: V-012
    contract: {from: 2026-04-01, until: 2027-03-31}
    qualified: true
contacts:
  - {id: E-0090, login: madoguchi, name: 窓口, vendor: reiji}
engineers:
  - {id: E-0041, login: hirano, name: 再委託先の保守要員, vendor: V-014, phone: 0000-33-3333, pledge: {signed: 2026-04-01, until: 2027-03-31}}
`

func newOffice(tb testing.TB) *office {
	tb.Helper()
	o := &office{Hall: townhall.Found(tb), tb: tb, dir: filepath.Join(tb.TempDir(), "papers"), disk: &disk{Disk: testbed.NewDisk()}}
	o.Apply(tb, more, "admin")
	o.Keeper = o.keeper()
	return o
}

func (o *office) keeper() *Keeper {
	o.tb.Helper()
	k, err := New(o.tb.Context(), Options{DB: o.DB, Acts: o.Runner(), Ring: o.Keys, Dir: o.dir, FS: o.disk, Zone: townhall.Zone})
	if err != nil {
		o.tb.Fatal(err)
	}
	return k
}

// ask declares the papers that the institution needs.
func (o *office) ask(i policy.Institution) {
	o.tb.Helper()
	i.Declared = true
	err := o.DB.Write(o.tb.Context(), func(tx *store.Tx) error {
		if err := tx.PutInstitution(i); err != nil {
			return err
		}
		return o.entry(tx, "test.institution", store.Paper{ID: "test", Vendor: "V-012"}, townhall.By("admin"), nil)
	})
	if err != nil {
		o.tb.Fatal(err)
	}
}

// today is a day relative to the hall's clock.
func (o *office) today(days int) forms.Day {
	y, m, d := o.Now().In(townhall.Zone).AddDate(0, 0, days).Date()
	return forms.Day{Year: y, Month: m, Day: d}
}

// random is content that does not compress and does not repeat.
func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(b) // never fails
	return b
}

func (o *office) pledge() Filing {
	return Filing{Kind: store.PaperPledge, Person: "sato", From: o.today(-1), Until: o.today(100), FileName: "誓約書.pdf", Size: -1}
}

// filed files a paper and fails if it is refused.
func (o *office) filed(f Filing, content []byte, by string) store.Paper {
	o.tb.Helper()
	var from io.Reader
	if content != nil {
		from = bytes.NewReader(content)
	}
	p, err := o.File(o.tb.Context(), f, from, townhall.By(by))
	if err != nil {
		o.tb.Fatalf("file %s: %v", f.Kind, err)
	}
	return p
}

// look opens a copy, fails if it does not open, and gives its content.
func (o *office) look(id, by string) []byte {
	o.tb.Helper()
	c, err := o.Open(o.tb.Context(), id, "periodic-review", "", townhall.By(by))
	if err != nil {
		o.tb.Fatalf("look at %s: %v", id, err)
	}
	defer c.Close()
	b, err := io.ReadAll(c)
	if err != nil {
		o.tb.Fatal(err)
	}
	return b
}

// files are the names in the directory.
func (o *office) files() []string {
	o.tb.Helper()
	entries, err := os.ReadDir(o.dir)
	if err != nil {
		o.tb.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// code is the first code of an invalid form, the reason of a denial, the text of any other error.
func code(err error) string {
	var bad *forms.Invalid
	if errors.As(err, &bad) {
		return bad.Problems[0].Code
	}
	return townhall.Reason(err)
}

func (o *office) want(what string, err error, reason string) {
	o.tb.Helper()
	if got := code(err); got != reason {
		o.tb.Errorf("%s: %q, want %q", what, got, reason)
	}
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// facts gives the facts for a decision about a person.
func (o *office) facts(person string) policy.Facts {
	o.tb.Helper()
	var f policy.Facts
	err := o.DB.Read(o.tb.Context(), func(s *store.Snap) (err error) {
		f, err = s.Facts(person)
		return err
	})
	if err != nil {
		o.tb.Fatal(err)
	}
	f.Keys = []string{"SHA256:key"}
	f.Runtime = policy.Runtime{Clock: policy.ClockTrusted, Recorder: policy.RecorderReady}
	return f
}

// told is the gate's reason for a person without a grant: no-grant means that the papers are in order.
func (o *office) told(person string) string {
	o.tb.Helper()
	f := o.facts(person)
	return string(policy.Decide(f, policy.Attempt{Act: policy.ActConnect, Person: f.Person.ID, Key: true, Print: "SHA256:key", Factor: true}, o.Now()).Reason)
}

// entries are the payloads of a kind, in order.
func (o *office) entries(kind string) []string {
	o.tb.Helper()
	var out []string
	err := o.DB.Read(context.Background(), func(s *store.Snap) error {
		for e, err := range s.Entries(store.EntryFilter{Kind: kind}) {
			if err != nil {
				return err
			}
			out = append(out, string(e.Payload)+" "+strings.Join(e.Subjects, " ")+" by "+e.Actor.ID)
		}
		return nil
	})
	if err != nil {
		o.tb.Fatal(err)
	}
	return out
}

// passTo lets time pass until an instant.
func (o *office) passTo(at time.Time) { o.Pass(at.Sub(o.Now())) }
