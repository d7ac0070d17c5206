package relay_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"sekimori/broker/internal/testbed"
	"sekimori/policy"
)

// one gives the only entry of a kind.
func (w *heldWorld) one(t *testing.T, kind string) map[string]any {
	t.Helper()
	all := w.entries(t, kind)
	if len(all) != 1 {
		t.Fatalf("%d entries %s", len(all), kind)
	}
	return all[0]
}

// onDisk is how much room the kept contents take, in bytes.
func onDisk(t *testing.T, dir string) (n int64) {
	t.Helper()
	all, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		n += info.Sys().(*syscall.Stat_t).Blocks * 512
	}
	return n
}

// EICAR in an archive does not reach the target, nor does a file above clamd's own limit: what was not looked at whole is not clean.
func TestAttackArchiveWithEICARAndAboveClamdsLimit(t *testing.T) {
	t.Parallel()
	clamd := testbed.StartClamd(t)
	dir := realDir(t)
	var packed bytes.Buffer
	z := zip.NewWriter(&packed)
	inner, err := z.Create("読んで.com")
	if err == nil {
		_, err = inner.Write([]byte(testbed.EICAR))
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ data, said string }{
		"archive": {packed.String(), "Test.EICAR"},
		"large":   {strings.Repeat("明細\n", 1<<20), "limit"}, // clamd's stream is one MiB
	} {
		w := newHeldWorld(t, clamd)
		from, to := put(t, dir+"/"+name, c.data), filepath.Join(realDir(t), "there")
		_, errs, status := w.run(t, "", "scp", from, w.host+":"+to)
		if _, err := os.Stat(to); err == nil || status == 0 || !strings.Contains(errs, "[214]") {
			t.Errorf("%s: status %d, %q, %v", name, status, errs, err)
		}
		w.kill()
		if e := w.one(t, "file.stopped"); e["why"] != "not-clean" || !strings.Contains(fmt.Sprint(e["detail"]), c.said) {
			t.Errorf("%s: %v", name, e)
		}
	}
}

// huge is the size of the large file: five gibibytes with SEKIMORI_FIVE_GIB=1 (with TMPDIR on a disk), a tenth of that where everything must be
// tried, else, and under the race detector, a hundredth.
func huge() int64 {
	const whole = 5 << 30
	switch {
	case os.Getenv("SEKIMORI_FIVE_GIB") == "1":
		return whole
	case testbed.Whole() && slowness == 1:
		return whole / 10
	}
	return whole / 100
}

// sparse makes a file of holes with some bytes in its middle and at its end, and gives its SHA-256.
func sparse(t *testing.T, name string, size int64) string {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, at := range []int64{size / 2, size - 4} {
		if _, err := f.WriteAt([]byte("明\n"), at); err != nil {
			t.Fatal(err)
		}
	}
	return sumOf(t, name)
}

func sumOf(t *testing.T, name string) string {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// A file of five gibibytes that is nearly all holes: sent straight through it arrives whole; held, it is more than the inspector takes, so it is not
// clean, and its kept contents take no more room than their bytes; taken into the outbox it is kept whole, likewise. No bound of size is passed.
func TestAttackFiveGiBAndSparse(t *testing.T) {
	t.Parallel()
	size := huge()
	dir := realDir(t)
	digest := sparse(t, dir+"/huge", size)
	const room = 4 << 20
	large := rigOptions{large: true}

	passed := newHeldWorldWith(t, "/nonexistent/clamd", policy.FileTerms{In: policy.FilePass, Out: policy.FilePass}, large)
	if _, errs, status := passed.runLong(t, "scp", dir+"/huge", passed.host+":"+dir+"/there"); status != 0 || sumOf(t, dir+"/there") != digest {
		t.Errorf("straight through: %d, %q", status, errs)
	}
	passed.kill()

	bounded := newHeldWorldWith(t, "/nonexistent/clamd", policy.FileTerms{In: policy.FileInspect, Out: policy.FileApprove, Limit: uint64(size) - 1}, large)
	if _, errs, status := bounded.runLong(t, "scp", dir+"/huge", bounded.host+":"+dir+"/much"); status == 0 {
		t.Errorf("above the bound: %q", errs)
	}
	if _, err := os.Stat(dir + "/much"); err == nil {
		t.Error("above the bound it is on the target")
	}
	bounded.kill()

	held := newHeldWorldWith(t, testbed.StartClamd(t), policy.FileTerms{In: policy.FileInspect, Out: policy.FileApprove}, large)
	if _, errs, status := held.runLong(t, "scp", dir+"/huge", held.host+":"+dir+"/held"); status == 0 || !strings.Contains(errs, "[214]") {
		t.Errorf("held: %d, %q", status, errs)
	}
	if _, err := os.Stat(dir + "/held"); err == nil {
		t.Error("a file that was not inspected whole is on the target")
	}
	held.kill()
	if e := held.one(t, "file.stopped"); e["why"] != "not-clean" || e["sha256"] != digest || e["size"] != float64(size) {
		t.Errorf("held: %v", e)
	}
	if n := onDisk(t, held.held); n > room {
		t.Errorf("the kept holes take %d bytes", n)
	}

	out := newHeldWorldWith(t, "/nonexistent/clamd", policy.FileTerms{In: policy.FilePass, Out: policy.FileApprove}, large)
	if _, errs, status := out.runLong(t, "scp", out.host+":"+dir+"/huge", dir+"/got"); status == 0 || !strings.Contains(errs, "[140]") {
		t.Errorf("out: %d, %q", status, errs)
	}
	if info, err := os.Stat(dir + "/got"); err == nil && info.Size() > 0 {
		t.Errorf("%d bytes left without an approval", info.Size())
	}
	out.kill()
	if e := out.one(t, "file.taken"); e["sha256"] != digest || e["size"] != float64(size) {
		t.Errorf("out: %v", e)
	}
	if n := onDisk(t, out.held+"-out"); n > room {
		t.Errorf("the holes in the outbox take %d bytes", n)
	}
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		t.Fatal(err)
	}
	if most := used.Maxrss << 10; size > 1<<30 && most > 1<<30 {
		t.Errorf("the process took %d bytes of memory", most)
	}
}

// runLong is run for a transfer that takes long: its time grows with the size.
func (o *openssh) runLong(t *testing.T, program string, args ...string) (out, errs string, status int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), testbed.Need(t, program), append(append([]string{}, o.options...), args...)...)
	var said bytes.Buffer
	cmd.Stderr = &said
	limit := time.AfterFunc(patience+time.Duration(huge()>>20)*time.Second/4, func() { _ = cmd.Process.Kill() })
	defer limit.Stop()
	if err := cmd.Run(); cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return "", said.String(), cmd.ProcessState.ExitCode()
}

// An upload that is interrupted leaves nothing on the target, so that there is nothing to resume; sent again, it is inspected and arrives whole. The
// part that came is kept, and the ledger says why it stopped. (A part that lies on the target already is resumed in TestAttackEICARUp.)
func TestInterruptedAndResumedUpload(t *testing.T) {
	t.Parallel()
	clamd := testbed.StartClamd(t)
	dir := realDir(t)
	data := bytes.Repeat([]byte("明細\x00\r\n"), 80_000)
	from, to := put(t, dir+"/\x96\xbe\x8d\xd7.csv", string(data)), dir+"/there"
	w := newHeldWorld(t, clamd)
	cmd := exec.Command(testbed.Need(t, "sftp"), append(append([]string{}, w.options...), "-l", "200", "-b", "-", w.host)...) // about 25 kB a second
	cmd.Stdin = strings.NewReader("put " + from + " " + to + "\n")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(patience); w.cameSoFar(t) == 0; <-time.After(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("nothing came")
		}
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	w.kill()
	if e := w.one(t, "file.stopped"); e["why"] != "interrupted" {
		t.Errorf("%v", e)
	}
	if _, err := os.Stat(to); err == nil {
		t.Error("a part is on the target")
	}
	w = newHeldWorld(t, clamd)
	if _, errs, status := w.run(t, "-reput "+from+" "+to+"\nput "+from+" "+to+"\n", "sftp", "-b", "-", w.host); status != 0 || !strings.Contains(errs, "No such file") {
		t.Errorf("sent again: %d, %q", status, errs)
	}
	if b, err := os.ReadFile(to); err != nil || !bytes.Equal(b, data) {
		t.Errorf("the target has %d bytes, %v", len(b), err)
	}
	w.kill()
	if e := w.one(t, "file.released"); e["size"] != float64(len(data)) {
		t.Errorf("%v", e)
	}
}

// cameSoFar counts the contents that are being held.
func (w *heldWorld) cameSoFar(t *testing.T) int {
	t.Helper()
	all, err := os.ReadDir(w.held)
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

// A held file does not reach the target through a link out of the permitted tree, nor through one that was put there while the file was inspected.
func TestAttackHeldFileThroughALinkOutOfTheTree(t *testing.T) {
	t.Parallel()
	clamd := testbed.StartClamd(t)
	dir := realDir(t)
	from := put(t, dir+"/from", "fine")
	secret := put(t, dir+"/secret/cron", "root's")
	if err := os.MkdirAll(dir+"/in/sub", 0o755); err != nil {
		t.Fatal(err)
	}
	for link, to := range map[string]string{"/in/abs": dir + "/secret", "/in/file": secret, "/in/new": dir + "/secret/made"} {
		if err := os.Symlink(to, dir+link); err != nil {
			t.Fatal(err)
		}
	}
	terms := policy.FileTerms{In: policy.FileInspect, Out: policy.FilePass, InPaths: [][]string{{dir + "/in"}}, OutPaths: [][]string{{dir + "/in"}}}
	w := newHeldWorldOf(t, clamd, terms)
	lines := ""
	for _, to := range []string{"/in/abs/cron", "/in/file", "/in/new", "/in/../secret/cron", "/secret/cron"} {
		lines += "-put " + from + " " + dir + to + "\n"
	}
	lines += "-get " + dir + "/in/file " + dir + "/got\nput " + from + " " + dir + "/in/own\n"
	if _, errs, status := w.run(t, lines, "sftp", "-b", "-", w.host); status != 0 {
		t.Errorf("%d, %q", status, errs)
	}
	w.kill()
	if b, err := os.ReadFile(secret); err != nil || string(b) != "root's" {
		t.Errorf("%q, %v", b, err)
	}
	if b, err := os.ReadFile(dir + "/in/own"); err != nil || string(b) != "fine" {
		t.Errorf("within the tree: %q, %v", b, err)
	}
	for _, name := range []string{"/secret/made", "/got"} {
		if _, err := os.Stat(dir + name); err == nil {
			t.Errorf("%s is there", name)
		}
	}
	if e := w.one(t, "file.released"); e["path"] != dir+"/in/own" {
		t.Errorf("%v", e)
	}
}
