package interlock

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"sekimori/broker/hook"
	"sekimori/broker/internal/testbed"
	"sekimori/broker/rules"
	"sekimori/policy"
)

// programFaults are programs that are no good as a driver or a probe. Each is read as unknown, in time, with a cause that names it.
var programFaults = []struct {
	name, text string
	mode       os.FileMode
	owner      int
	kind       error  // of the hook; nil: it ran
	says       string // in the cause
}{
	{name: "hangs", text: "#!/bin/sh\nexec sleep 60\n", kind: hook.ErrTime},
	{name: "hangs and keeps a child", text: "#!/bin/sh\nsleep 60 &\nsleep 60\n", kind: hook.ErrTime},
	{name: "is killed", text: "#!/bin/sh\nkill -9 $$\n", says: "137"},
	{name: "prints nothing", text: "#!/bin/sh\nexit 0\n", says: "expected internal=up|down"},
	{name: "prints something else", text: "#!/bin/sh\necho OK\n", says: "expected internal=up|down"},
	{name: "contradicts itself", text: "#!/bin/sh\necho internal=down internal=up maintenance=up\n", says: "expected internal=up|down"},
	{name: "floods", text: "#!/bin/sh\nwhile :; do echo internal=down maintenance=down; done\n", kind: hook.ErrFlood},
	{name: "fails", text: "#!/bin/sh\necho internal=down maintenance=down\nexit 3\n", says: "status 3"},
	{name: "belongs to another account", text: "#!/bin/sh\necho internal=down maintenance=down\n", owner: 65534, kind: hook.ErrUnfit},
	{name: "can be written to by others", text: "#!/bin/sh\necho internal=down maintenance=down\n", mode: 0o757, kind: hook.ErrUnfit},
	{name: "is no program", text: "internal=down maintenance=down\n", kind: hook.ErrStart},
	{name: "cannot be run", text: "#!/bin/sh\n", mode: 0o600, kind: hook.ErrUnfit},
}

// faulty writes a faulty program and gives its path.
func faulty(t *testing.T, text string, mode os.FileMode, owner int) string {
	t.Helper()
	path := testbed.Hook(t, text)
	if mode != 0 {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	if owner != 0 {
		if err := os.Chown(path, owner, -1); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// longest is how long a program may hold up a look on a busy machine. Its time limit is a second, and what it left behind has another one to let
// go; without them these programs take a minute or never end.
const longest = lookTime + 10*time.Second

// TestAttackADriverThatDoesNotAnswer: a driver that hangs, lies about its form, prints nothing, floods, changes its owner or can be written to
// by others says nothing about the line, within the time of a look. It is not believed, and the cause names what is wrong.
func TestAttackADriverThatDoesNotAnswer(t *testing.T) {
	for _, f := range programFaults {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			p := program{system: "hr", words: []string{faulty(t, f.text, f.mode, f.owner)}}
			began := time.Now()
			read, err := p.Look(t.Context())
			if took := time.Since(began); took > longest {
				t.Errorf("it took %v", took)
			}
			if err == nil || read != (Reading{}) || f.kind != nil && !errors.Is(err, f.kind) || !strings.Contains(err.Error(), f.says) {
				t.Errorf("read as %+v, %v", read, err)
			}
		})
	}
}

// TestAttackAProbeThatDoesNotAnswer: the same for a probe: it sees neither up nor down. What it prints does not matter, its status does.
func TestAttackAProbeThatDoesNotAnswer(t *testing.T) {
	for _, f := range programFaults {
		if f.kind == nil && !strings.Contains("137 status 3", f.says) {
			continue // a probe that ends with 0 is up
		}
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			saw, err := look(t.Context(), rules.Probe{Side: rules.InternalSide, Kind: "exec", Exec: []string{faulty(t, f.text, f.mode, f.owner)}})
			if took := time.Since(began); took > longest {
				t.Errorf("it took %v", took)
			}
			if saw != policy.SideUnknown || err == nil {
				t.Errorf("seen as %q, %v", saw, err)
			}
		})
	}
}

// TestADriverThatAnswersIsTold: a driver is told each step, with the system and the seconds of the lease, and is read back.
func TestADriverThatAnswersIsTold(t *testing.T) {
	t.Parallel()
	path := testbed.Hook(t, "#!/bin/sh\necho \"$SEKIMORI_SYSTEM $*\" >>\"$0.told\"\n[ \"$2\" != look ] || echo internal=down maintenance=up\n")
	p := program{system: "hr", words: []string{path, "port-7"}}
	for _, step := range []Step{Cut, On, Off, Restore} {
		if err := p.Do(t.Context(), step, 10*time.Second); err != nil {
			t.Fatal(err)
		}
	}
	if read, err := p.Look(t.Context()); err != nil || read != (Reading{policy.SideDown, policy.SideUp}) {
		t.Errorf("%+v, %v", read, err)
	}
	told, err := os.ReadFile(path + ".told")
	if want := "hr port-7 cut\nhr port-7 on 10\nhr port-7 off\nhr port-7 restore\nhr port-7 look\n"; err != nil || string(told) != want {
		t.Errorf("told %q, %v", told, err)
	}
}
