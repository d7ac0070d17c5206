package broker_test

import (
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"sekimori/broker/store"
	"sekimori/policy"
)

// payloads lists the payloads of all entries of a kind.
func payloads[T any](o *office, kind string) (all []T) {
	o.t.Helper()
	o.read(func(s *store.Snap) error {
		for e, err := range s.Entries(store.EntryFilter{Kind: kind}) {
			if err != nil {
				return err
			}
			var p T
			if err := json.Unmarshal(e.Payload, &p); err != nil {
				return err
			}
			all = append(all, p)
		}
		return nil
	})
	return all
}

type refusedEntry struct {
	Session string `json:"session_id"`
	Feature string
	Reason  string
	Number  int
	Count   int64
}

// The ledger has the features that an engineer was refused within a session: each kind once, at the first
// refusal, and all of them with their counts at the end. A stale forward that repeats is one kind.
func TestRefusalsWithinASessionAreLedgered(t *testing.T) {
	o := found(t, time.Hour)
	e := o.engineers(1)[0]
	b := o.start()
	c := e.mustDial(b.addr)
	const forwards = 1000
	for range forwards {
		var open *ssh.OpenChannelError
		if _, err := c.Dial("tcp", "127.0.0.1:5432"); !errors.As(err, &open) {
			t.Fatalf("forward: %v", err)
		}
	}
	s, err := c.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := s.SendRequest("auth-agent-req@openssh.com", true, nil); ok || err != nil {
		t.Errorf("agent: %v, %v", ok, err)
	}
	if ok, err := s.SendRequest("winadj@putty.projects.tartarus.org", true, nil); ok || err != nil {
		t.Errorf("winadj: %v, %v", ok, err)
	}
	problems, err := s.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.RequestSubsystem("netconf"); err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(problems); err != nil || !strings.Contains(string(text), numbered(policy.FeatureNotGranted)) {
		t.Errorf("netconf: %q, %v", text, err)
	}
	if out, _, exit, err := c.run("print still here"); out != "still here" || exit != 0 || err != nil {
		t.Errorf("after %d refused forwards: %q, %d, %v", forwards, out, exit, err)
	}
	c.Close()
	<-c.gone
	b.close()

	id := o.sessions(e.id)[0].ID
	kind := func(feature string, count int64) refusedEntry {
		return refusedEntry{Feature: feature, Reason: string(policy.FeatureNotGranted), Number: policy.FeatureNotGranted.Number(), Count: count}
	}
	first := map[string]bool{}
	for _, p := range payloads[refusedEntry](o, "session.feature-refused") {
		if first[p.Feature] || p.Session != id || p.Number != policy.FeatureNotGranted.Number() {
			t.Errorf("entry %+v", p)
		}
		first[p.Feature] = true
	}
	if !reflect.DeepEqual(first, map[string]bool{"agent": true, "forward": true, "other": true}) {
		t.Errorf("entries of the first of each kind: %v", first)
	}
	type end struct{ Refused []refusedEntry }
	ends := payloads[end](o, "session.ended")
	if want := []refusedEntry{kind("agent", 1), kind("forward", forwards), kind("other", 1)}; len(ends) != 1 || !reflect.DeepEqual(ends[0].Refused, want) {
		t.Errorf("the end tells of %+v", ends)
	}
	o.verifyLedger()
}

// Forwards repeated at full speed do not pass as a forgotten setting.
func TestAttackFloodOfForwardsEndsTheSession(t *testing.T) {
	o := found(t, time.Hour)
	e := o.engineers(1)[0]
	b := o.start()
	c := e.mustDial(b.addr)
	for range 4 {
		go func() {
			for {
				var open *ssh.OpenChannelError
				if _, _, err := c.OpenChannel("direct-tcpip", nil); !errors.As(err, &open) {
					return
				}
			}
		}()
	}
	select {
	case <-c.gone:
	case <-time.After(time.Minute):
		t.Fatal("the flood goes on")
	}
	b.close()
	row := o.sessions(e.id)[0]
	o.sealed(row, o.ended()[row.ID], policy.ProtocolAbuse)
}
