package papers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"sekimori/broker/internal/townhall"
	"sekimori/broker/store"
	"sekimori/recordings"
)

func TestCopyComesBackAsItWasFiled(t *testing.T) {
	o := newOffice(t)
	for _, size := range []int{1, segmentSize - 1, segmentSize, segmentSize + 1, 3*segmentSize + 7} {
		content := random(size)
		p := o.filed(o.pledge(), content, "kato")
		if p.State != store.PaperAccepted || p.AcceptedBy != "kato" || p.Size != int64(size) || p.SHA256 != digest(content) {
			t.Fatalf("%d bytes: %+v", size, p)
		}
		if got := o.look(p.ID, "mori"); !bytes.Equal(got, content) {
			t.Errorf("%d bytes came back as %d", size, len(got))
		}
		raw, err := os.ReadFile(filepath.Join(o.dir, p.File))
		if err != nil {
			t.Fatal(err)
		}
		if size > 100 && bytes.Contains(raw, content[:64]) {
			t.Error("the copy lies in the clear")
		}
		if info, err := os.Stat(filepath.Join(o.dir, p.File)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("mode %v, %v", info.Mode(), err)
		}
	}
	if got := o.entries("paper.filed"); len(got) != 5 || !strings.Contains(got[4], digest(random(3*segmentSize+7))) || !strings.HasSuffix(got[4], "P-0005 V-012 E-0031 by kato") {
		t.Errorf("the ledger tells %q", got)
	}
}

func TestMediaTypeIsSeenNotBelieved(t *testing.T) {
	o := newOffice(t)
	f := o.pledge()
	f.FileName = "pledge.png"
	if p := o.filed(f, []byte("%PDF-1.7\n..."), "kato"); p.MediaType != "application/pdf" {
		t.Error(p.MediaType)
	}
}

// endless gives bytes for ever and counts them.
type endless struct{ n int64 }

func (e *endless) Read(p []byte) (int, error) {
	e.n += int64(len(p))
	return len(p), nil
}

// A certificate file of 200 MB is refused as soon as its size is known. Nothing is kept, and memory does not grow with it.
func TestTwoHundredMegabytesAreRefused(t *testing.T) {
	o := newOffice(t)
	f := o.pledge()
	f.Size = 200_000_000
	in := &endless{}
	_, err := o.File(t.Context(), f, in, townhall.By("kato"))
	o.want("announced", err, "file-too-large")
	if in.n != 0 {
		t.Errorf("%d bytes were read of what was refused by its announced size", in.n)
	}
	if !strings.Contains(err.Error(), "190.7 MiB") || !strings.Contains(err.Error(), "20.0 MiB") {
		t.Errorf("the error says not both sizes: %v", err)
	}
	f.Size = -1
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	_, err = o.File(t.Context(), f, io.LimitReader(in, 200_000_000), townhall.By("kato"))
	runtime.GC()
	runtime.ReadMemStats(&after)
	o.want("as a stream", err, "file-too-large")
	if in.n > MaxSize+2*segmentSize {
		t.Errorf("%d bytes were read before it was refused", in.n)
	}
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 4<<20 {
		t.Errorf("the heap grew by %d bytes", grown)
	}
	if left := o.files(); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	if got := o.entries("paper.filed"); len(got) != 0 {
		t.Errorf("the ledger tells %q", got)
	}
}

func TestSizeBoundary(t *testing.T) {
	o := newOffice(t)
	for _, c := range []struct {
		size int
		want string
	}{{MaxSize - 1, ""}, {MaxSize, ""}, {MaxSize + 1, "file-too-large"}} {
		_, err := o.File(t.Context(), o.pledge(), bytes.NewReader(make([]byte, c.size)), townhall.By("kato"))
		o.want(fmt.Sprint(c.size), err, c.want)
	}
	_, err := o.File(t.Context(), o.pledge(), strings.NewReader(""), townhall.By("kato"))
	o.want("empty", err, "file-empty")
	if left := o.files(); len(left) != 2 {
		t.Errorf("files: %v", left)
	}
}

func TestUploadThatBreaksOff(t *testing.T) {
	o := newOffice(t)
	for name, from := range map[string]io.Reader{
		"short of what was announced": bytes.NewReader(random(segmentSize)),
		"reset":                       io.MultiReader(bytes.NewReader(random(segmentSize+5)), iotestErr{syscall.ECONNRESET}),
		"unexpected end":              io.MultiReader(bytes.NewReader(random(10)), iotestErr{io.ErrUnexpectedEOF}),
	} {
		f := o.pledge()
		f.Size = 2 * segmentSize
		_, err := o.File(t.Context(), f, from, townhall.By("kato"))
		var broken *BrokenOffError
		if !errors.As(err, &broken) {
			t.Errorf("%s: %v", name, err)
		}
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := o.File(gone, o.pledge(), &endless{}, townhall.By("kato")); !errors.Is(err, context.Canceled) {
		t.Errorf("a caller who has gone: %v", err)
	}
	if left := o.files(); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

type iotestErr struct{ error }

func (e iotestErr) Read([]byte) (int, error) { return 0, e.error }

// Each step on the disk fails once: nothing is kept, nothing is ledgered, and the next filing goes well.
func TestFaultyDisk(t *testing.T) {
	full := fmt.Errorf("write: %w", syscall.ENOSPC)
	for name, fault := range map[string]func(*disk, error){
		"open":          func(d *disk, err error) { d.FailOpen(err) },
		"first byte":    func(d *disk, err error) { d.Fail(err, 0) },
		"in the middle": func(d *disk, err error) { d.Fail(err, segmentSize+100) },
		"sync":          func(d *disk, err error) { d.FailSync(err) },
		"rename": func(d *disk, err error) {
			d.rename = nil
			if err != nil {
				d.rename = func(string, string) error { return err }
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			fault(o.disk, full)
			_, err := o.File(t.Context(), o.pledge(), bytes.NewReader(random(3*segmentSize)), townhall.By("kato"))
			if !errors.Is(err, syscall.ENOSPC) {
				t.Fatalf("%v", err)
			}
			if left := o.files(); len(left) != 0 {
				t.Errorf("left behind: %v", left)
			}
			fault(o.disk, nil)
			if p := o.filed(o.pledge(), random(10), "kato"); p.ID != "P-0001" {
				t.Errorf("after the fault: %s", p.ID)
			}
		})
	}
}

// The space reserved for the recordings is not touched.
func TestReserveOfTheRecordings(t *testing.T) {
	o := newOffice(t)
	o.o.MinFree = 1 << 62
	_, err := o.File(t.Context(), o.pledge(), bytes.NewReader(random(10)), townhall.By("kato"))
	var full *NoSpaceError
	if !errors.As(err, &full) {
		t.Fatal(err)
	}
}

// Many uploads at once have no more room than one after the other.
func TestReserveOfTheRecordingsAgainstManyAtOnce(t *testing.T) {
	o := newOffice(t)
	free, err := recordings.Space(o.dir)
	if err != nil {
		t.Fatal(err)
	}
	o.o.MinFree = free/2 - 1
	half := int64(free / 4)
	first, err := o.room(half)
	if err != nil {
		t.Fatal(err)
	}
	var full *NoSpaceError
	if _, err := o.room(half + half/2); !errors.As(err, &full) {
		t.Fatalf("beside the first: %v", err)
	}
	first()
	last, err := o.room(half)
	if err != nil {
		t.Fatalf("after it: %v", err)
	}
	last()
}

// A vendor's people cannot fill the disk one paper at a time.
func TestAttackPapersWithoutEnd(t *testing.T) {
	o := newOffice(t)
	for range mostSubmitted {
		o.filed(o.pledge(), random(10), "E-0031")
	}
	_, err := o.File(t.Context(), o.pledge(), bytes.NewReader(random(10)), townhall.By("E-0031"))
	if code(err) != "too-many" {
		t.Errorf("one more: %v", err)
	}
	o.filed(o.pledge(), random(10), "kato") // the institution's own staff are not the vendor's
	o.Pass(24 * time.Hour)
	o.filed(o.pledge(), random(10), "E-0031")
}

// The broker died between receiving a copy and the commit. The paper was never filed, and the next start removes the copy. A filed
// copy stays, and so does a file of another origin.
func TestCrashBetweenFileAndCommit(t *testing.T) {
	o := newOffice(t)
	p := o.filed(o.pledge(), random(1000), "kato")
	orphan, err := o.receive(t.Context(), bytes.NewReader(random(500)), -1)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"00112233445566778899aabbccddeeff.part", "notes.txt"} {
		if err := os.WriteFile(filepath.Join(o.dir, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if len(o.files()) != 4 {
		t.Fatalf("%v, orphan %s", o.files(), orphan.name)
	}
	again := o.keeper()
	if left := strings.Join(o.files(), " "); left != p.File+" notes.txt" && left != "notes.txt "+p.File {
		t.Errorf("after the start: %s", left)
	}
	if _, err := again.Verify(t.Context(), p.ID); err != nil {
		t.Error(err)
	}
}

// The transaction fails after the copy was received: the copy goes too.
func TestCommitThatFails(t *testing.T) {
	o := newOffice(t)
	o.disk.rename = func(from, to string) error {
		// between the first look and the transaction kato is locked
		if err := o.DB.Write(t.Context(), func(tx *store.Tx) error {
			if err := tx.LockPerson("kato", "head", "test"); err != nil {
				return err
			}
			return o.entry(tx, "test.lock", store.Paper{ID: "test", Vendor: "V-012"}, townhall.By("head"), nil)
		}); err != nil {
			return err
		}
		return os.Rename(from, to)
	}
	_, err := o.File(t.Context(), o.pledge(), bytes.NewReader(random(1000)), townhall.By("kato"))
	o.want("locked meanwhile", err, "engineer-locked")
	if left := o.files(); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestConcurrentFilings(t *testing.T) {
	o := newOffice(t)
	const n = 16
	var wg sync.WaitGroup
	papers := make([]store.Paper, n)
	errs := make([]error, n)
	for i := range n {
		wg.Go(func() {
			papers[i], errs[i] = o.File(t.Context(), o.pledge(), bytes.NewReader(random(segmentSize+i)), townhall.By("kato"))
		})
	}
	wg.Wait()
	seen := map[string]bool{}
	for i, p := range papers {
		if errs[i] != nil {
			t.Fatal(errs[i])
		}
		seen[p.ID] = true
		if got := o.look(p.ID, "mori"); !bytes.Equal(got, random(segmentSize+i)) {
			t.Errorf("%s came back as another's", p.ID)
		}
	}
	if len(seen) != n || len(o.files()) != n {
		t.Errorf("%d numbers, %d files", len(seen), len(o.files()))
	}
}

func TestWhatAPaperMustState(t *testing.T) {
	o := newOffice(t)
	yes := []byte("x")
	for _, c := range []struct {
		name    string
		change  func(*Filing)
		content []byte
		want    string
	}{
		{"all there", func(*Filing) {}, yes, ""},
		{"no copy", func(*Filing) {}, nil, "file-required"},
		{"no engineer", func(f *Filing) { f.Person, f.Vendor = "", "V-012" }, yes, "person-required"},
		{"no such engineer", func(f *Filing) { f.Person = "nobody" }, yes, `engineer "nobody": not found`},
		{"a member of staff", func(f *Filing) { f.Person = "kato" }, yes, "not-an-engineer"},
		{"an engineer of another vendor", func(f *Filing) { f.Vendor = "V-013" }, yes, "of-another-vendor"},
		{"not signed", func(f *Filing) { f.From = o.today(400); f.From = Filing{}.From }, yes, "from-required"},
		{"without an end", func(f *Filing) { f.Until = Filing{}.Until }, yes, "until-required"},
		{"ended yesterday", func(f *Filing) { f.From, f.Until = o.today(-9), o.today(-1) }, yes, "already-over"},
		{"ends today", func(f *Filing) { f.Until = o.today(0) }, yes, ""},
		{"ends before it begins", func(f *Filing) { f.From, f.Until = o.today(0), o.today(-1) }, yes, "end-before-start"},
		{"signed tomorrow", func(f *Filing) { f.From = o.today(1) }, yes, "in-the-future"},
		{"a year too far", func(f *Filing) { f.Until = o.today(366 * 21) }, yes, "too-long"},
		{"unknown kind", func(f *Filing) { f.Kind = "diary" }, yes, "unknown-word"},
		{"a subcontract is approved, not filed", func(f *Filing) { f.Kind = store.PaperSubcontract }, yes, "approval-needed"},
		{"escape in the note", func(f *Filing) { f.Note = "\x1b[2J" }, yes, "control-character"},
		{"a long note", func(f *Filing) { f.Note = strings.Repeat("あ", longestNote+1) }, yes, "control-character"},
		{"escape in the file's name", func(f *Filing) { f.FileName = "\x1b]0;x\a.pdf" }, yes, "control-character"},
		{"certification without a name", func(f *Filing) { f.Kind, f.Person, f.Vendor = store.PaperCertification, "", "reiji" }, yes, "name-required"},
		{"certification by a name nobody asks for", func(f *Filing) {
			f.Kind, f.Person, f.Vendor, f.Name = store.PaperCertification, "", "reiji", "Pマーク"
		}, yes, "bad-name"},
		{"certification without its copy", func(f *Filing) { f.Kind, f.Person, f.Vendor, f.Name = store.PaperCertification, "", "reiji", "isms" }, nil, ""},
		{"audit report of no year", func(f *Filing) { *f = Filing{Kind: store.PaperAuditReport, Vendor: "reiji"} }, yes, "fiscal_year-required"},
		{"audit report of a year to come", func(f *Filing) { *f = Filing{Kind: store.PaperAuditReport, Vendor: "reiji", FiscalYear: 2027} }, yes, "bad-year"},
		{"audit report", func(f *Filing) { *f = Filing{Kind: store.PaperAuditReport, Vendor: "reiji", FiscalYear: 2025} }, nil, ""},
		{"clauses", func(f *Filing) {
			*f = Filing{Kind: store.PaperSpecialClauses, Vendor: "reiji", Name: "第2版", Size: -1}
		}, yes, ""},
		{"no such vendor", func(f *Filing) { *f = Filing{Kind: store.PaperOther, Vendor: "V-999", Name: "x"} }, yes, `vendor "V-999": not found`},
	} {
		f := o.pledge()
		c.change(&f)
		var from io.Reader
		if c.content != nil {
			from = bytes.NewReader(c.content)
			f.Size = -1
		}
		_, err := o.File(t.Context(), f, from, townhall.By("kato"))
		o.want(c.name, err, c.want)
	}
	f := o.facts("sato")
	if len(f.Vendor.SpecialClauses) != 1 || len(f.Vendor.AuditReports) != 1 || f.Vendor.AuditReports[0].FiscalYear != 2025 || len(f.Vendor.Certifications) != 1 || f.Vendor.Certifications[0].Copy {
		t.Errorf("facts: %+v", f.Vendor)
	}
}
