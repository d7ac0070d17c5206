package papers

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sekimori/broker/internal/townhall"
	"sekimori/broker/store"
	"sekimori/policy"
)

func TestWhoFiles(t *testing.T) {
	o := newOffice(t)
	for by, want := range map[string]string{
		"kato": "accepted", "admin": "accepted", "deputy": "accepted", "mori": "accepted", // the last three are of information systems
		"E-0031": "submitted", "E-0090": "submitted",
		"head": "forbidden", "ito": "forbidden", "E-0040": "forbidden", "E-0041": "forbidden", "nobody": "forbidden",
	} {
		p, err := o.File(t.Context(), o.pledge(), strings.NewReader("x"), townhall.By(by))
		got := string(p.State)
		if err != nil {
			got = code(err)
		}
		if got != want {
			t.Errorf("%s: %s, want %s", by, got, want)
		}
	}
	// The prime contractor answers for its subcontractor, not the other way round.
	f := o.pledge()
	f.Person = "hirano"
	if p := o.filed(f, []byte("x"), "E-0090"); p.Vendor != "V-014" || p.State != store.PaperSubmitted {
		t.Errorf("%+v", p)
	}
	if n := len(o.files()); n != 7 {
		t.Errorf("%d files of 7 filings", n)
	}
}

// A vendor's paper counts once staff have accepted it, not before. A withdrawn one counts no more, and stays.
func TestSubmittedAcceptedWithdrawn(t *testing.T) {
	o := newOffice(t)
	o.ask(policy.Institution{PledgeCopy: true})
	if got := o.told("sato"); got != "pledge-missing" {
		t.Fatalf("without a copy: %s", got)
	}
	p := o.filed(o.pledge(), []byte("x"), "E-0090")
	if got := o.told("sato"); got != "pledge-missing" {
		t.Errorf("submitted: %s", got)
	}
	for by, want := range map[string]string{"E-0090": "forbidden", "head": "forbidden", "ito": "forbidden"} {
		_, err := o.Accept(t.Context(), p.ID, "", townhall.Caller(by))
		o.want("accepted by "+by, err, want)
	}
	got, err := o.Accept(t.Context(), p.ID, "原本を確認", townhall.Caller("kato"))
	if err != nil || got.State != store.PaperAccepted || got.AcceptedBy != "kato" || got.FiledBy != "E-0090" {
		t.Fatalf("%+v, %v", got, err)
	}
	_, err = o.Accept(t.Context(), p.ID, "", townhall.Caller("kato"))
	o.want("accepted twice", err, "already-decided")
	if got := o.told("sato"); got != "no-grant" {
		t.Errorf("accepted: %s", got)
	}
	_, err = o.Withdraw(t.Context(), p.ID, "", townhall.Caller("kato"))
	o.want("withdrawn without a reason", err, "reason-required")
	_, err = o.Withdraw(t.Context(), p.ID, "取り違え", townhall.Caller("E-0090"))
	o.want("taken back after it was accepted", err, "forbidden")
	if _, err = o.Withdraw(t.Context(), p.ID, "取り違え", townhall.Caller("kato")); err != nil {
		t.Fatal(err)
	}
	_, err = o.Withdraw(t.Context(), p.ID, "もう一度", townhall.Caller("kato"))
	o.want("withdrawn twice", err, "already-decided")
	if got := o.told("sato"); got != "pledge-missing" {
		t.Errorf("withdrawn: %s", got)
	}
	if got := o.look(p.ID, "mori"); string(got) != "x" {
		t.Error("a withdrawn paper is no longer on file")
	}
	own := o.filed(o.pledge(), []byte("y"), "E-0090")
	if _, err := o.Withdraw(t.Context(), own.ID, "誤り", townhall.Caller("E-0090")); err != nil {
		t.Errorf("taken back before it was accepted: %v", err)
	}
	if got := o.Kinds(t, p.ID); strings.Join(got, " ") != "paper.filed access.refused access.refused access.refused paper.accepted access.refused paper.withdrawn paper.viewed" {
		t.Errorf("the ledger tells %v", got)
	}
}

func TestAcceptTooLate(t *testing.T) {
	o := newOffice(t)
	f := o.pledge()
	f.Until = o.today(0)
	p := o.filed(f, []byte("x"), "E-0090")
	o.passTo(p.Until)
	_, err := o.Accept(t.Context(), p.ID, "", townhall.Caller("kato"))
	o.want("at its end", err, "already-over")
}

// A look needs role and purpose. Its entry comes before the first byte, and a refused look is ledgered.
func TestLook(t *testing.T) {
	o := newOffice(t)
	p := o.filed(o.pledge(), []byte("secret"), "kato")
	for by, want := range map[string]string{"kato": "forbidden", "ito": "forbidden", "E-0031": "forbidden", "E-0090": "forbidden", "head": "", "deputy": "", "mori": ""} {
		before := len(o.entries("paper.viewed"))
		c, err := o.Open(t.Context(), p.ID, "periodic-review", "誓約の確認", townhall.By(by))
		o.want(by, err, want)
		if err != nil {
			if n := len(o.entries("paper.viewed")); n != before {
				t.Errorf("%s was refused and has a view", by)
			}
			continue
		}
		if n := len(o.entries("paper.viewed")); n != before+1 {
			t.Errorf("%s: %d entries before the first byte", by, n-before)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	for _, purpose := range []string{"", "\x1b[2J", "\u200b", "\x00", "nonsense"} {
		if c, err := o.Open(t.Context(), p.ID, purpose, "", townhall.By("mori")); err == nil {
			c.Close()
			t.Errorf("purpose %q opens", purpose)
		}
	}
	_, err := o.Open(t.Context(), p.ID, "", "", townhall.By("mori"))
	o.want("without a purpose", err, "view-purpose-required")
	_, err = o.Open(t.Context(), "P-9999", "incident", "", townhall.By("ito"))
	o.want("who may not look does not learn what is there", err, "forbidden")
	_, err = o.Open(t.Context(), "P-9999", "incident", "", townhall.By("mori"))
	if !errors.Is(err, store.ErrNotFound) {
		t.Error(err)
	}
	refused := strings.Join(o.entries("access.refused"), "\n")
	if strings.Count(refused, `"what":"paper"`) != 11 || !strings.Contains(refused, "E-0031 P-0001 V-012 by E-0031") || !strings.Contains(refused, "view-purpose-required") {
		t.Errorf("refused looks in the ledger:\n%s", refused)
	}
	for _, e := range o.entries("paper.viewed") {
		if !strings.Contains(e, "誓約の確認") || strings.Contains(e, "secret") {
			t.Error(e)
		}
	}
}

func TestDamagedCopies(t *testing.T) {
	content := random(2*segmentSize + 100)
	for name, c := range map[string]struct {
		damage func(t *testing.T, o *office, path string)
		want   Damage
	}{
		"gone": {func(t *testing.T, _ *office, path string) { must(t, os.Remove(path)) }, DamageMissing},
		"one bit": {func(t *testing.T, _ *office, path string) {
			b := read(t, path)
			b[len(b)/2] ^= 1
			must(t, os.WriteFile(path, b, 0o600))
		}, DamageChanged},
		"first byte": {func(t *testing.T, _ *office, path string) {
			b := read(t, path)
			b[0] ^= 1
			must(t, os.WriteFile(path, b, 0o600))
		}, DamageChanged},
		"cut inside a segment": {func(t *testing.T, _ *office, path string) { must(t, os.Truncate(path, segmentSize)) }, DamageChanged},
		"the last segment taken off": {func(t *testing.T, _ *office, path string) {
			must(t, os.Truncate(path, int64(len(magic)+2*(4+1+24+16+segmentSize))))
		}, DamageChanged},
		"something put behind it": {func(t *testing.T, _ *office, path string) {
			must(t, os.WriteFile(path, append(read(t, path), 0, 0, 0, 1, 7), 0o600))
		}, DamageChanged},
		"empty": {func(t *testing.T, _ *office, path string) { must(t, os.Truncate(path, 0)) }, DamageChanged},
		"another copy in its place": {func(t *testing.T, o *office, path string) {
			other := o.filed(o.pledge(), content, "kato")
			must(t, os.WriteFile(path, read(t, filepath.Join(o.dir, other.File)), 0o600))
		}, DamageChanged},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			p := o.filed(o.pledge(), content, "kato")
			if _, err := o.Verify(t.Context(), p.ID); err != nil {
				t.Fatal(err)
			}
			c.damage(t, o, filepath.Join(o.dir, p.File))
			for _, act := range []func() error{
				func() error { _, err := o.Verify(t.Context(), p.ID); return err },
				func() error {
					_, err := o.Open(t.Context(), p.ID, "periodic-review", "", townhall.By("mori"))
					return err
				},
			} {
				var damaged *DamagedError
				if err := act(); !errors.As(err, &damaged) || damaged.What != c.want || damaged.Paper != p.ID {
					t.Errorf("%v, want %s", err, c.want)
				}
			}
			if n := len(o.entries("paper.viewed")); n != 0 {
				t.Errorf("%d views of a copy that nobody saw", n)
			}
		})
	}
}

func TestNoCopyOnFile(t *testing.T) {
	o := newOffice(t)
	p := o.filed(Filing{Kind: store.PaperAuditReport, Vendor: "reiji", FiscalYear: 2025}, nil, "kato")
	if _, err := o.Verify(t.Context(), p.ID); !errors.Is(err, ErrNoCopy) {
		t.Error(err)
	}
	if _, err := o.Open(t.Context(), p.ID, "periodic-review", "", townhall.By("mori")); !errors.Is(err, ErrNoCopy) {
		t.Error(err)
	}
}

// A renewal stands beside the older paper, which is marked and still opens.
func TestRenewalReplacesNothing(t *testing.T) {
	o := newOffice(t)
	old := o.filed(Filing{Kind: store.PaperCertification, Vendor: "reiji", Name: "isms", From: o.today(-300), Until: o.today(20), Size: -1}, []byte("old"), "kato")
	o.filed(Filing{Kind: store.PaperCertification, Vendor: "reiji", Name: "isms", From: o.today(-1), Until: o.today(400), Size: -1}, []byte("new"), "kato")
	o.filed(Filing{Kind: store.PaperCertification, Vendor: "reiji", Name: "privacy-mark", From: o.today(-1), Until: o.today(400)}, nil, "kato")
	p := o.page("reiji")
	if len(p.Papers) != 3 || len(p.Replaced) != 1 || !p.Replaced[old.ID] {
		t.Errorf("%+v", p.Replaced)
	}
	if got := o.look(old.ID, "mori"); !bytes.Equal(got, []byte("old")) {
		t.Errorf("%q", got)
	}
}

func (o *office) page(vendor string) Page {
	o.tb.Helper()
	var p Page
	err := o.DB.Read(o.tb.Context(), func(s *store.Snap) (err error) {
		p, err = o.Page(s, vendor)
		return err
	})
	if err != nil {
		o.tb.Fatal(err)
	}
	return p
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	must(t, err)
	return b
}
