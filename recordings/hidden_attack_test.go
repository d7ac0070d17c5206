package recordings_test

import (
	"bytes"
	"compress/gzip"
	"math/rand/v2"
	"strings"
	"testing"

	"sekimori/recordings"
)

// shown returns the output of a player and of a transcript for frames.
func shown(frames ...recordings.Frame) map[string]string {
	v := recordings.View{Lang: "en"}
	p, tr := recordings.NewPlayer(v), recordings.NewTranscript(v)
	var played, text strings.Builder
	for _, f := range frames {
		played.Write(p.Take(f))
		text.Write(tr.Take(f))
	}
	played.Write(p.End(0))
	text.Write(tr.End(0))
	return map[string]string{"play": played.String(), "text": text.String()}
}

func stdout(s string) recordings.Frame {
	return recordings.Frame{Stream: recordings.Stdout, Data: []byte(s)}
}

// The command looks like scp's but is a shell. Its output was not shown.
func TestAttackShellThatNobodySees(t *testing.T) {
	pty := event(0, recordings.EventPTY, `{}`)
	secret := stdout("$ cat /etc/shadow\r\nroot:secret\r\n")
	inspect := event(0, recordings.EventInspect, `{"protocol":"scp"}`)
	for name, frames := range map[string][]recordings.Frame{
		"xscp on a terminal": {pty, event(0, recordings.EventExec, `{"command":"xscp -t; exec bash -i"}`), secret},
		"words of scp":       {event(0, recordings.EventExec, `{"command":"true scp -f; exec bash -i"}`), secret},
		"scp on a terminal":  {pty, event(0, recordings.EventExec, `{"command":"scp -t /x; exec bash -i"}`), inspect, secret},
		"scp given up": {event(0, recordings.EventExec, `{"command":"scp -t /x; exec bash -i"}`), inspect,
			event(0, recordings.EventFileEnd, `{"id":0,"status":"the rest is not understood, and not listed"}`), secret},
		"sftp on a terminal":     {pty, event(0, recordings.EventSubsystem, `{"command":"sftp"}`), secret},
		"a subsystem not listed": {event(0, recordings.EventSubsystem, `{"command":"netconf"}`), secret},
		"a file operation named scp": {event(0, recordings.EventExec, `{"command":"rsync"}`),
			event(0, recordings.EventFile, `{"id":1,"op":"scp-send","path":"/x"}`), secret},
	} {
		for as, got := range shown(append([]recordings.Frame{event(0, recordings.EventOpen, `{"type":"session"}`)}, frames...)...) {
			if !strings.Contains(got, "root:secret") {
				t.Errorf("%s, %s hides the output: %q", name, as, got)
			}
		}
	}
	for as, got := range shown(event(0, recordings.EventExec, `{"command":"scp -t /x"}`), inspect, stdout("NOISE")) {
		if strings.Contains(got, "NOISE") {
			t.Errorf("%s shows what the broker lists: %q", as, got)
		}
	}
}

// One zero byte hid all later output of a channel without a terminal, and its errors.
func TestAttackOneZeroByteHidesTheRest(t *testing.T) {
	errs := recordings.Frame{Stream: recordings.Stderr, Data: []byte("rm: removed '/srv/evidence'\n")}
	for as, got := range shown(event(0, recordings.EventExec, `{"command":"./run"}`), stdout("\x00"), stdout("$ cat /etc/shadow\nroot:\x00secret\n"), errs) {
		for _, want := range []string{"$ cat /etc/shadow", "root:␀secret", "removed '/srv/evidence'"} {
			if !strings.Contains(got, want) {
				t.Errorf("%s hides %q: %q", as, want, got)
			}
		}
	}
}

// An archive between words is left out alone, and the line gives its size.
func TestBinaryOutputIsLeftOutByStretches(t *testing.T) {
	var archive bytes.Buffer
	z := gzip.NewWriter(&archive)
	r := rand.New(rand.NewPCG(1, 2))
	for range 40_000 {
		z.Write([]byte{byte(r.Uint32())})
	}
	z.Close()
	for as, got := range shown(stdout("before\n"), stdout(archive.String()), stdout("after\n"),
		recordings.Frame{Stream: recordings.Stderr, Data: []byte("an error\n")}, event(0, recordings.EventClose, ""),
		recordings.Frame{Channel: 1, Stream: recordings.Stdout, Data: archive.Bytes()[:2048]}, event(1, recordings.EventClose, "")) {
		for _, want := range []string{"before", "[0] binary output (not shown while it lasts)", "bytes of binary output left out", "after", "an error",
			"[1] 2,048 bytes of binary output left out"} {
			if !strings.Contains(got, want) {
				t.Errorf("%s lacks %q", as, want)
			}
		}
		if len(got) > 3000 {
			t.Errorf("%s shows %d bytes:\n%q", as, len(got), got)
		}
	}
}

// A target printed the cyan line that play prints at the end of a session.
func TestAttackATargetForgesLinesInPlay(t *testing.T) {
	v := recordings.View{Lang: "en", Mark: recordings.NewMark()}
	if again := recordings.NewMark(); again == v.Mark || len(again) < 8 {
		t.Fatalf("marks %q, %q", v.Mark, again)
	}
	forged := "\x1b[1;36m>> 00:12:00 session ended: window-ended\x1b[m\r\n"
	p := recordings.NewPlayer(v)
	p.Take(event(0, recordings.EventPTY, `{"cols":80,"rows":24}`))
	start := string(p.Take(event(0, recordings.EventShell, "")))
	p.Take(stdout("\x1b[?1049h"))
	full := string(p.Take(event(0, recordings.EventSignal, `{"signal":"INT"}`)))
	back := string(p.Take(stdout("\x1b[?1049l")))
	for name, own := range map[string]string{"shell": start, "in a full-screen program": full, "after it": back, "end": string(p.Take(event(recordings.SessionChannel, recordings.EventEnd, `{"cause":"window-ended"}`)))} {
		if !strings.Contains(own, "\x1b[1;36m"+v.Mark+" ") {
			t.Errorf("%s: an own line without the mark: %q", name, own)
		}
	}
	if got := string(p.Take(stdout(forged))); strings.Contains(got, v.Mark) {
		t.Errorf("%q", got)
	}

	k := newKeys(t)
	w, path := create(t, k.options())
	must(t, w.Data(0, recordings.Stdout, []byte(forged)))
	_, err := w.Close(theEnd)
	must(t, err)
	var once, twice bytes.Buffer
	must(t, recordings.Asciicast(t.Context(), &once, open(t, path, k.viewing), recordings.View{Lang: "en"}))
	must(t, recordings.Asciicast(t.Context(), &twice, open(t, path, k.viewing), recordings.View{Lang: "en"}))
	_, title, _ := strings.Cut(once.String(), " (>>")
	mark, _, found := strings.Cut(title, ")")
	if !found || len(mark) != 6 || strings.Count(once.String(), "session ended: window-ended") != 3 || !strings.Contains(once.String(), `[1;36m>>`+mark+` 00:00:00 session ended`) {
		t.Errorf("the cast has %q in its title: %s", mark, once.String())
	}
	if once.String() != twice.String() {
		t.Error("two exports differ")
	}
}

// TestAttackTextThatIsTurnedAround: no way of showing a recording passes on characters that turn text around or hide it.
func TestAttackTextThatIsTurnedAround(t *testing.T) {
	for way, text := range shown(stdout("rm \u202ehcra.rat\u202c \u2066x\u2069 \u200fy\r\n")) {
		if strings.ContainsAny(text, "\u202e\u202c\u2066\u2069\u200f") || !strings.Contains(text, "hcra.rat") {
			t.Errorf("%s: %q", way, text)
		}
	}
}
