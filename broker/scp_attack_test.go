package broker_test

import (
	"io"
	"testing"
	"time"

	"sekimori/broker/internal/testbed"
	"sekimori/policy"
)

// TestSCPSourceThatDoesNotWaitFreezesNoSession: a client that sends the next file before scp at the target has answered for the
// previous one works like any other. Its session ends, sealed and ledgered, and the broker stops.
func TestSCPSourceThatDoesNotWaitFreezesNoSession(t *testing.T) {
	const first, second = "C0644 1 a\nX\x00C0644 5 b\n", "hello\x00"
	o := foundWith(t, time.Hour, testbed.TargetOptions{Session: func(ch *testbed.TargetSession) {
		for _, want := range []string{first, second} {
			if _, err := io.ReadFull(ch, make([]byte, len(want))); err != nil {
				t.Errorf("the target reads: %v", err)
			}
			answers := make([]byte, 4) // to the greeting, the first file's line and contents, the second one's line
			if want == second {
				answers = answers[:1]
			}
			for i := range answers { // one at a time, as scp writes them
				_, _ = ch.Write(answers[i : i+1])
			}
		}
		ch.Exit(0)
	}})
	e := o.engineers(1)[0]
	b := o.start()
	c := e.mustDial(b.addr)
	s, err := c.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	in, _ := s.StdinPipe()
	out, _ := s.StdoutPipe()
	if err := s.Start("scp -t /tmp/x"); err != nil {
		t.Fatal(err)
	}
	for _, say := range []struct {
		text    string
		answers int
	}{{first, 4}, {second, 1}} {
		if _, err := io.WriteString(in, say.text); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(out, make([]byte, say.answers)); err != nil {
			t.Fatalf("the client reads: %v", err)
		}
	}
	if err := s.Wait(); err != nil {
		t.Errorf("scp ended with %v", err)
	}
	c.Close()
	<-c.gone
	b.close()
	rows := o.sessions(e.id)
	if len(rows) != 1 || rows[0].Reason != policy.EndedByEngineer && rows[0].Reason != policy.BrokerStopped || rows[0].RecordingSum == "" {
		t.Fatalf("the sessions: %+v", rows)
	}
	if _, told := o.ended()[rows[0].ID]; !told {
		t.Error("the ledger has no end of the session")
	}
}
