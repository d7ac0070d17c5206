package testbed

import (
	"bytes"
	"os/exec"
	"testing"
)

// TestProcessesSeesArgumentsAndEnvironments: also those of a child of a child.
func TestProcessesSeesArgumentsAndEnvironments(t *testing.T) {
	t.Parallel()
	c := exec.Command("sh", "-c", "sh -c 'read -r x; : himitsu-1'; :")
	c.Env = []string{"SECRET=himitsu-2"}
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	seen := make(chan struct{})
	go func() { // the child waits until it was seen with its child
		defer close(seen)
		for n := 0; n < 2; {
			n = 0
			descend(c.Process.Pid, func(int) { n = 2 })
		}
	}()
	<-seen
	stop := Processes(t)
	stop() // it looks once before it stops
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait()
	for _, want := range []string{"himitsu-1", "SECRET=himitsu-2"} {
		if !bytes.Contains(stop(), []byte(want)) {
			t.Errorf("%s is not seen", want)
		}
	}
}
