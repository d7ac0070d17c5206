package publish_test

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"sekimori/broker/internal/testbed"
	"sekimori/broker/keys"
	"sekimori/broker/publish"
	"sekimori/broker/store"
)

// secured serves what a witness's door serves over TLS, with a certificate that is valid until an instant, and gives its authority.
func (d *desk) secured(h http.Handler, until time.Time) (address string, authority *x509.CertPool) {
	d.t.Helper()
	dir := d.t.TempDir()
	if err := testbed.WriteCertificate(dir, until); err != nil {
		d.t.Fatal(err)
	}
	given, err := keys.NewGiven(filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), d.clock.Now)
	if err != nil {
		d.t.Fatal(err)
	}
	door := httptest.NewUnstartedServer(h)
	door.TLS = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: given.Get}
	door.Config.ErrorLog = hclog.NewNullLogger().StandardLogger(nil)
	door.StartTLS()
	door.TLS.Certificates = nil // those that httptest adds
	d.t.Cleanup(door.Close)
	text, err := os.ReadFile(filepath.Join(dir, "ca.pem"))
	if err != nil {
		d.t.Fatal(err)
	}
	authority = x509.NewCertPool()
	authority.AppendCertsFromPEM(text)
	return door.URL, authority
}

// A witness is asked over TLS, and answers only to a broker that knows its authority, as long as its certificate holds.
func TestAWitnessIsAskedOverTLS(t *testing.T) {
	t.Parallel()
	next := time.Date(2026, 11, 24, 11, 0, 0, 0, time.UTC) // an hour after the clock of the ledger
	for name, c := range map[string]struct {
		until     time.Time
		trusted   bool
		cosigned  int
		complaint string
	}{
		"the authority that is named":         {next, true, 2, ""},
		"the system's authorities":            {next, false, 0, "unknown authority"},
		"a certificate that ended":            {next.Add(-time.Hour - time.Second), true, 0, "expired"},
		"a certificate that holds one second": {next.Add(-time.Hour + time.Second), true, 2, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := open(t)
			w, plain := d.seen("one.example/w")
			var authority *x509.CertPool
			w.Address, authority = d.secured(plain.Config.Handler, c.until)
			w.TLS = &tls.Config{MinVersion: tls.VersionTLS12, Time: d.clock.Now}
			if c.trusted {
				w.TLS.RootCAs = authority
			}
			d.with(w)
			d.ask()
			d.read(func(s *store.Snap) error {
				list, err := s.Cosignatures(d.size())
				if err != nil || len(list) != c.cosigned {
					t.Errorf("%d cosignatures, %v", len(list), err)
				}
				state, err := s.WitnessState("one.example/w")
				if err != nil || (state.Finding == "") != (c.complaint == "") || !strings.Contains(state.Finding, c.complaint) {
					t.Errorf("found %q, %v", state.Finding, err)
				}
				return nil
			})
		})
	}
}

// TestAttackAWitnessOverTLSThatNeverAnswers: a witness that is silent, sends a header without end, or a body without end, holds up nothing, and
// nothing that it sent is kept.
func TestAttackAWitnessOverTLSThatNeverAnswers(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]http.HandlerFunc{
		"silent": func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // only then the server notices that the client has left
			<-r.Context().Done()
		},
		"a header without end": func(w http.ResponseWriter, _ *http.Request) {
			for range 1000 {
				w.Header().Add("X-Endless", strings.Repeat("x", 1000))
			}
		},
		"a body without end": endless,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := open(t)
			w, _ := d.seen("one.example/w")
			address, authority := d.secured(answer, d.clock.Now().AddDate(1, 0, 0))
			w.Address, w.TLS = address, &tls.Config{MinVersion: tls.VersionTLS12, Time: d.clock.Now, RootCAs: authority}
			d.asker = publish.New(publish.Options{DB: d.db, Witnesses: []publish.Witness{w}, Silence: time.Hour, Patience: 500 * time.Millisecond, Log: hclog.NewNullLogger()})
			d.ask()
			d.read(func(s *store.Snap) error {
				list, err := s.Cosignatures(d.size())
				if err != nil || len(list) != 0 {
					t.Errorf("%d cosignatures, %v", len(list), err)
				}
				state, err := s.WitnessState("one.example/w")
				if err != nil || state.Finding == "" || len(state.Finding) > 1000 {
					t.Errorf("found %q, %v", state.Finding, err)
				}
				return nil
			})
		})
	}
}
