package pages

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"sekimori/broker/internal/townhall"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
)

// more than the kernel holds for a reader who does not read, in bytes
const longAnswer = 9 << 20

// An auditor who is signed out by others while a copy is under way gets no more of it.
func TestAttackACopyGoesOnAfterBeingShutOut(t *testing.T) {
	t.Parallel()
	w := found(t)
	w.as("sato").upload("/v/pledge", [][2]string{{"kind", "pledge"}, {"person", "E-0031"}, {"from", "2026-11-01"}, {"until", "2027-03-31"}}, "file", "pledge.pdf", make([]byte, longAnswer))
	var all []store.Paper
	if err := w.DB.Read(t.Context(), func(s *store.Snap) (err error) {
		all, err = s.Papers(store.PaperFilter{Vendor: "V-012", Limit: -1})
		return err
	}); err != nil || len(all) == 0 {
		t.Fatal(all, err)
	}
	w.as("mori").cutOff(evidencePath("V-012", all[len(all)-1].ID), func() error {
		return w.Registry.RevokeTokens(t.Context(), "mori", "端末の紛失", townhall.By("admin"))
	})
}

// An auditor whose role is taken away while an export is under way gets no more of it.
func TestAttackAnExportGoesOnWithoutTheRole(t *testing.T) {
	t.Parallel()
	w := found(t)
	mori := w.as("mori")
	if err := w.DB.Write(t.Context(), func(tx *store.Tx) error {
		for range longAnswer >> 20 {
			if _, err := tx.Append(ledger.Draft{Kind: "test.prepared", Actor: ledger.Actor{Kind: "broker", Via: "timer"}, Payload: map[string]string{"a": strings.Repeat("a", 1<<20)}}); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	mori.cutOff("/ledger/export", func() error {
		return w.DB.Write(t.Context(), func(tx *store.Tx) error {
			p, err := tx.Person("mori")
			p.Roles = nil
			_, entry := tx.Append(ledger.Draft{Kind: "test.prepared", Actor: ledger.Actor{Kind: "broker", Via: "timer"}})
			return errors.Join(err, tx.PutPerson(p), entry)
		})
	})
}

// cutOff begins a long answer, shuts its reader out and expects that the answer breaks off.
func (b *browser) cutOff(path string, shut func() error) {
	t := b.w.t
	t.Helper()
	slow := &http.Client{Jar: b.http.Jar, Transport: &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := (&net.Dialer{}).DialContext(ctx, network, address)
		if err == nil {
			err = c.(*net.TCPConn).SetReadBuffer(64 << 10)
		}
		return c, err
	}}}
	r, err := http.NewRequestWithContext(t.Context(), "POST", b.base+path, strings.NewReader(url.Values{"purpose": {"periodic-review"}}.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", b.base)
	resp, err := slow.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if n, err := io.CopyN(io.Discard, resp.Body, 64<<10); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%d, %d bytes: %v", resp.StatusCode, n, err)
	}
	if err := shut(); err != nil {
		t.Fatal(err)
	}
	if n, err := io.Copy(io.Discard, resp.Body); err == nil || n > longAnswer-2<<20 {
		t.Errorf("%d bytes more came: %v", n, err)
	}
}
