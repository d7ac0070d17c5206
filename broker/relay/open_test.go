package relay

import (
	"context"
	"testing"

	"golang.org/x/crypto/ssh"
)

// mute is a connection whose OpenChannel never returns.
type mute struct {
	ssh.Conn
	asked chan struct{}
}

func (m mute) OpenChannel(string, []byte) (ssh.Channel, <-chan *ssh.Request, error) {
	close(m.asked)
	select {}
}

// The library's OpenChannel can block for ever if the connection dies meanwhile. The session must end all the same.
func TestATargetThatNeverOpensHoldsNothingUp(t *testing.T) {
	for name, end := range map[string]func(*Relay){
		"failed":  func(r *Relay) { r.fail(ErrTargetGone) },
		"stopped": func(r *Relay) { r.Stop() },
	} {
		t.Run(name, func(t *testing.T) {
			r := New(Config{})
			m := mute{asked: make(chan struct{})}
			r.target = m
			done := make(chan error, 1)
			r.work.Go(func() {
				_, _, err := (&channel{r: r}).openFar()
				done <- err
			})
			<-m.asked
			end(r)
			if err := <-done; err == nil {
				t.Error("a channel was opened")
			}
			if err := r.Wait(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
}
