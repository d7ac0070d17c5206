package pages

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/recordings"
)

const boxed = "S-20261124-01-3"

// boxes puts contents into the outbox for sato, sealed as the gate seals them, with both approvals.
func (w *world) boxes(data []byte) {
	w.t.Helper()
	const segment = 64 << 10
	var sealed []byte
	for n := 0; n*segment < len(data); n++ {
		plain := make([]byte, segment)
		copy(plain, data[n*segment:])
		b, err := w.Keys.Seal(fmt.Sprintf("file/%s/%d", boxed, n), plain)
		if err != nil {
			w.t.Fatal(err)
		}
		sealed = append(sealed, b...)
	}
	sum := sha256.Sum256(data)
	digest := hex.EncodeToString(sum[:])
	path, raw := recordings.Legible([]byte("/srv/out/\x96\xbe\x8d\xd7.csv"))
	err := errors.Join(os.WriteFile(w.boxedAt(), sealed, 0o600), w.DB.Write(w.t.Context(), func(tx *store.Tx) error {
		err := errors.Join(
			tx.AddRequest(store.Request{No: "R8-0001", State: policy.RequestApproved, Version: 1, ApprovedVersion: 1, System: "hr", Vendor: "V-012", Requester: "kato", Start: tx.Now, End: tx.Now.Add(time.Hour)}),
			tx.AddFile(store.File{ID: boxed, Direction: policy.FilesOut, State: policy.FileWaitFirst, Session: "S-20261124-01", Window: "R8-0001-1", Request: "R8-0001", System: "hr", Target: "hr-db",
				Vendor: "V-012", Person: "E-0031", Path: []byte("/srv/out/\x96\xbe\x8d\xd7.csv"), Size: int64(len(data)), Length: int64(len(data)), SHA256: digest, Kept: []string{boxed}, Content: boxed, Findings: []byte("[]")}),
			tx.ApproveFile(boxed, store.FileApproval{Stage: 1, By: "head", SHA256: digest}, policy.FileWaitSecond),
			tx.ApproveFile(boxed, store.FileApproval{Stage: 2, By: "deputy", SHA256: digest}, policy.FileApproved))
		if err != nil {
			return err
		}
		_, err = tx.Append(ledger.Draft{Kind: "file.taken", Actor: ledger.Actor{Kind: "person", ID: "E-0031", Via: "ssh"}, Subjects: []string{boxed}, Payload: map[string]any{
			"session_id": "S-20261124-01", "file": boxed, "direction": "out", "target": "hr-db", "path": path, "path_raw": raw, "size": len(data), "sha256": digest, "findings": []any{}, "kept": []string{boxed}}})
		return err
	}))
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) boxedAt() string { return filepath.Join(w.dir, "outbox", boxed) }

// fetch asks for the file as the button does, and gives the answer with its body unread.
func (b *browser) fetch(t *testing.T) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "POST", b.base+"/v/files/"+boxed+"/fetch", strings.NewReader(""))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Origin", b.base)
	a, err := b.http.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// boxedIs waits until the file's row is so.
func (w *world) boxedIs(t *testing.T, what string, is func(store.File) bool) {
	t.Helper()
	eventually(t, what, func() bool {
		var f store.File
		if err := w.DB.Read(t.Context(), func(s *store.Snap) (err error) { f, err = s.File(boxed); return err }); err != nil {
			t.Fatal(err)
		}
		return is(f)
	})
}

// A file of the outbox is fetched over HTTP by its engineer alone, whole, once. A download that breaks off can be begun again, and both are in
// the ledger.
func TestAFileIsFetchedOnThePortal(t *testing.T) {
	w := found(t)
	data := bytes.Repeat([]byte("明細\x00\xff\r\n"), 1<<20) // more than the kernel's buffers take
	w.boxes(data)
	sato, kimura := w.as("sato"), w.as("kimura")
	sato.get("/v/files/"+boxed).has(t, "受け取る", "一度だけ")
	kimura.get("/v/files/"+boxed).lacks(t, "受け取る")
	if a, none := kimura.post("/v/files/"+boxed+"/fetch", nil), kimura.post("/v/files/S-20261124-99-1/fetch", nil); a.status < 400 || a.status != none.status || a.holds("明細\x00") {
		t.Errorf("another engineer: %d, of a file that is not there %d", a.status, none.status)
	}
	if a := w.as("head").post("/files/"+boxed+"/fetch", nil); a.status == http.StatusOK {
		t.Errorf("an approver: %d", a.status)
	}
	if a := w.browserOn(w.portal.URL).post("/v/files/"+boxed+"/fetch", nil); a.status == http.StatusOK || a.holds("明細\x00") {
		t.Errorf("without a sign-in: %d", a.status)
	}
	if a := sato.get("/v/files/" + boxed + "/fetch"); a.status == http.StatusOK && a.header.Get("Content-Disposition") != "" {
		t.Error("a link fetches it")
	}

	broken := sato.fetch(t)
	if _, err := io.ReadFull(broken.Body, make([]byte, 100_000)); err != nil {
		t.Fatal(err)
	}
	sato.http.CloseIdleConnections()
	broken.Body.Close() // the rest is unread, so the connection is cut
	w.boxedIs(t, "broken off", func(f store.File) bool { return f.State == policy.FileApproved && f.Fetching == 0 && f.Sent >= 100_000 })

	whole := sato.fetch(t)
	got, err := io.ReadAll(whole.Body)
	whole.Body.Close()
	if err != nil || !bytes.Equal(got, data) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if h := whole.Header; h.Get("Content-Disposition") != "attachment; filename*=UTF-8''"+boxed+"_%E6%98%8E%E7%B4%B0.csv" || h.Get("Content-Type") != "application/octet-stream" || h.Get("Cache-Control") != "no-store" {
		t.Errorf("headers %v", h)
	}
	w.boxedIs(t, "fetched", func(f store.File) bool { return f.State == policy.FileFetched })
	if a := sato.post("/v/files/"+boxed+"/fetch", nil); a.status == http.StatusOK || a.holds("明細\x00") {
		t.Errorf("a second time: %d", a.status)
	}
	sato.get("/v/files/"+boxed).lacks(t, "受け取る</button>")
	kinds := strings.Join(kindsOf(t, w, "file."), " ")
	if kinds != "file.taken file.viewed file.fetch-begun file.fetch-broken file.fetch-begun file.fetched file.viewed" {
		t.Errorf("entries %s", kinds)
	}
}

// kindsOf are the kinds of the entries with a prefix, in order.
func kindsOf(t *testing.T, w *world, prefix string) (all []string) {
	t.Helper()
	if err := w.DB.Read(t.Context(), func(s *store.Snap) error {
		for e, err := range s.Entries(store.EntryFilter{Kind: prefix + "*"}) {
			if err != nil {
				return err
			}
			all = append(all, e.Kind)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return all
}

// Contents that change while they are downloaded end the download before the first byte that differs: the browser does not take it for whole.
func TestAttackAFileChangedDuringItsDownload(t *testing.T) {
	w := found(t)
	data := bytes.Repeat([]byte("0123456789abcdef"), 1<<20)
	w.boxes(data)
	sato := w.as("sato")
	a := sato.fetch(t)
	defer a.Body.Close()
	begun := make([]byte, 1000)
	if _, err := io.ReadFull(a.Body, begun); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(w.boxedAt())
	if err == nil {
		b[len(b)-1]++
		err = os.WriteFile(w.boxedAt(), b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(a.Body)
	if err == nil || len(begun)+len(rest) >= len(data) {
		t.Errorf("%d bytes came, %v", len(begun)+len(rest), err)
	}
	w.boxedIs(t, "broken off", func(f store.File) bool { return f.State == policy.FileApproved && f.Fetching == 0 && f.Tries == 1 })
	w.as("admin").get("/alarms").has(t, "預かったファイルの中身が変わった", boxed)
	refused := sato.post("/v/files/"+boxed+"/fetch", nil)
	refused.has(t, "[141]", "検証値と合いません")
}
