package live_test

import (
	"cmp"
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
	"sync"
	"testing"

	"sekimori/recordings"
	"sekimori/recordings/live"
)

func out(s string) recordings.Frame {
	return recordings.Frame{Stream: recordings.Stdout, Data: []byte(s)}
}

// drain reads a watcher to its end.
func drain(t *testing.T, w *live.Watcher) (text string, lost int64) {
	t.Helper()
	for {
		f, err := w.Next(t.Context())
		if err == io.EOF {
			return text, lost
		}
		if err != nil {
			t.Fatal(err)
		}
		if f.Stream != recordings.NoStream {
			text += string(f.Data)
		}
		lost += f.Lost
	}
}

func TestWatchersSeeOutputAndNeverInput(t *testing.T) {
	f := live.New(0)
	a, b := f.Watch(0), f.Watch(0)
	f.Tap(out("one "))
	f.Tap(recordings.Frame{Stream: recordings.Stdin, Input: true, Data: []byte("secret")})
	f.Tap(recordings.Frame{Event: "env", Input: true, Data: []byte(`"secret"`)})
	f.Tap(out("two"))
	if f.Watchers() != 2 {
		t.Errorf("%d watchers", f.Watchers())
	}
	f.Close()
	for _, w := range []*live.Watcher{a, b} {
		if text, lost := drain(t, w); text != "one two" || lost != 0 {
			t.Errorf("%q, %d lost", text, lost)
		}
	}
}

func TestLateWatcherHasTheSizeAndTheRecentOutput(t *testing.T) {
	f := live.New(1000)
	f.Tap(recordings.Frame{Event: recordings.EventPTY, Data: []byte(`{"cols":100,"rows":30}`)})
	buf := make([]byte, 3)
	for i := range 500 { // the buffer is reused, as the Writer does
		copy(buf, []byte{byte('a' + i%26), byte('a' + i/26%26), ' '})
		f.Tap(recordings.Frame{Stream: recordings.Stdout, Data: buf})
	}
	w := f.Watch(0)
	first, err := w.Next(t.Context())
	if err != nil || first.Event != recordings.EventPTY || !strings.Contains(string(first.Data), "100") {
		t.Fatalf("%+v %v", first, err)
	}
	f.Close()
	text, _ := drain(t, w)
	if !strings.HasSuffix(text, "dt et ft ") || len(text) > 1000 || len(text) < 9 {
		t.Errorf("%q", text)
	}
}

func TestSlowWatcherIsToldWhatItMissed(t *testing.T) {
	f := live.New(0)
	slow, quick := f.Watch(2000), f.Watch(0)
	const n = 100
	for range n {
		f.Tap(out("0123456789"))
	}
	got := 0
	for range 5 {
		fr, err := slow.Next(t.Context())
		if err != nil || fr.Lost != 0 {
			t.Fatal(fr, err)
		}
		got += len(fr.Data)
	}
	f.Tap(out("0123456789"))
	f.Close()
	text, lost := drain(t, slow)
	if lost == 0 || got+len(text)+int(lost) != (n+1)*10 {
		t.Errorf("%d read, %d lost of %d", got+len(text), lost, (n+1)*10)
	}
	if text, lost := drain(t, quick); len(text) != (n+1)*10 || lost != 0 {
		t.Errorf("the quick one: %d read, %d lost", len(text), lost)
	}
}

func TestLossAtTheVeryEndIsTold(t *testing.T) {
	f := live.New(0)
	w := f.Watch(1)
	f.Tap(out("seen"))
	f.Tap(out("missed"))
	f.Close()
	if text, lost := drain(t, w); text != "seen" || lost != 6 {
		t.Errorf("%q, %d lost", text, lost)
	}
}

func TestWaitingEndsWithItsContextOrItsClose(t *testing.T) {
	f := live.New(0)
	cause := errors.New("page closed")
	ctx, cancel := context.WithCancelCause(t.Context())
	w := f.Watch(0)
	cancel(cause)
	if _, err := w.Next(ctx); err != cause {
		t.Error(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := w.Next(t.Context()); err != io.EOF {
			t.Error(err)
		}
	})
	w.Close()
	wg.Wait()
	if f.Watchers() != 0 {
		t.Error("still counted")
	}
}

func TestManyWatchersComeAndGo(t *testing.T) {
	f := live.New(0)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				w := f.Watch(0)
				f.Tap(out("x"))
				if _, err := w.Next(t.Context()); err != nil {
					t.Error(err)
				}
				w.Close()
			}
		})
	}
	wg.Wait()
	f.Close()
	if f.Watchers() != 0 {
		t.Error("watchers left")
	}
}

func TestTapWithoutWatchersAllocatesNothing(t *testing.T) {
	f := live.New(0)
	p := out(strings.Repeat("x", 32<<10))
	for range 10 {
		f.Tap(p)
	}
	if n := testing.AllocsPerRun(1000, func() { f.Tap(p) }); n > 0 {
		t.Errorf("%v allocations a frame", n)
	}
}

func TestReplayKeepsTheTailOfBulkWithoutATerminal(t *testing.T) {
	f := live.New(0)
	f.Tap(recordings.Frame{Channel: 1, Event: recordings.EventPTY, Data: []byte(`{"cols":100,"rows":30}`)})
	bulk := strings.Repeat("x", 30<<10) + "end"
	f.Tap(recordings.Frame{Channel: 0, Stream: recordings.Stdout, Data: []byte(bulk)})
	f.Tap(recordings.Frame{Channel: 1, Stream: recordings.Stdout, Data: []byte(bulk)})
	w := f.Watch(0)
	f.Close()
	seen, lost := map[uint32]int{}, map[uint32]int64{}
	for {
		fr, err := w.Next(t.Context())
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if fr.Event != "" {
			continue
		}
		if !strings.HasSuffix(string(fr.Data), "xend") {
			t.Errorf("channel %d shows %q at its end", fr.Channel, fr.Data[max(0, len(fr.Data)-8):])
		}
		seen[fr.Channel] += len(fr.Data)
		lost[fr.Channel] += fr.Lost
	}
	if seen[0] >= len(bulk)/2 || int64(seen[0])+lost[0] != int64(len(bulk)) {
		t.Errorf("without a terminal: %d bytes kept, %d said to be missing, of %d", seen[0], lost[0], len(bulk))
	}
	if seen[1] != len(bulk) || lost[1] != 0 {
		t.Errorf("with a terminal: %d bytes kept, %d said to be missing, of %d", seen[1], lost[1], len(bulk))
	}
}

// BenchmarkTap is a session's cost per frame without a watcher.
func BenchmarkTap(b *testing.B) {
	for _, terminal := range []bool{false, true} {
		name := map[bool]string{false: "bulk", true: "terminal"}[terminal]
		b.Run(name, func(b *testing.B) {
			f := live.New(0)
			if terminal {
				f.Tap(recordings.Frame{Event: recordings.EventPTY, Data: []byte(`{"cols":100,"rows":30}`)})
			}
			fr := recordings.Frame{Stream: recordings.Stdout, Data: make([]byte, 32<<10)}
			b.SetBytes(int64(len(fr.Data)))
			b.ReportAllocs()
			for b.Loop() {
				f.Tap(fr)
			}
		})
	}
}

// A late watcher must be able to tell a file transfer from text, and must see the events, even after much output.
func TestLateWatcherKnowsWhatWasDone(t *testing.T) {
	f := live.New(1000)
	event := func(channel uint32, kind, body string) {
		f.Tap(recordings.Frame{Channel: channel, Event: kind, Data: []byte(body)})
	}
	event(3, recordings.EventOpen, `{"type":"session"}`)
	event(3, recordings.EventSubsystem, `{"command":"sftp"}`)
	for i := range 2000 { // events of another channel displace the start from the replay
		event(4, recordings.EventFile, `{"id":`+strconv.Itoa(i+1)+`}`)
	}
	event(4, recordings.EventClose, "")
	event(3, recordings.EventFile, `{"id":1}`)
	for range 100 {
		f.Tap(out(strings.Repeat("x", 500)))
	}
	event(3, recordings.EventFileEnd, `{"id":1}`)
	w := f.Watch(0)
	f.Close()
	var got []string
	for {
		fr, err := w.Next(t.Context())
		if err != nil {
			break
		}
		if fr.Channel == 3 || fr.Event == "" && (len(got) == 0 || got[len(got)-1] != "output") {
			got = append(got, cmp.Or(fr.Event, "output"))
		}
	}
	if want := "open subsystem file output file-end"; strings.Join(got, " ") != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// Channels that never closed were kept as long as the session, and their number was not bounded.
func TestAttackEmptyChannelsFillTheFeed(t *testing.T) {
	f := live.New(0)
	event := func(channel uint32, kind, body string) {
		f.Tap(recordings.Frame{Channel: channel, Event: kind, Data: []byte(body)})
	}
	event(0, recordings.EventOpen, `{"type":"session"}`)
	event(0, recordings.EventPTY, `{"cols":100,"rows":30}`)
	event(0, recordings.EventShell, "")
	for n := range uint32(60_000) {
		event(n+1, recordings.EventOpen, `{"type":"session"}`)
	}
	for n := range uint32(100) { // long commands count by their bytes
		event(n+70_000, recordings.EventExec, `{"command":"`+strings.Repeat("a", 20_000)+`"}`)
	}
	w := f.Watch(1 << 30)
	f.Close()
	frames, cost, told, shell := 0, 0, false, false
	for {
		fr, err := w.Next(t.Context())
		if err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		frames++
		cost += len(fr.Data)
		told = told || fr.Event == recordings.EventNotice && strings.Contains(string(fr.Data), "channels began too long ago")
		shell = shell || fr.Channel == 0 && fr.Event == recordings.EventShell
	}
	if frames > 3000 || cost > 400<<10 || !told {
		t.Errorf("a replay of %d frames, %d bytes; that some are missing is told: %v", frames, cost, told)
	}
}

// An idle channel is dropped before an active one, in any order of opening.
func TestEmptyChannelsDoNotPushOutAShell(t *testing.T) {
	f := live.New(0)
	f.Tap(recordings.Frame{Event: recordings.EventOpen, Data: []byte(`{"type":"session"}`)})
	f.Tap(recordings.Frame{Event: recordings.EventShell})
	for n := range uint32(5000) {
		f.Tap(recordings.Frame{Channel: n + 1, Event: recordings.EventOpen, Data: []byte(`{"type":"session"}`)})
	}
	w := f.Watch(1 << 30)
	for range 2000 {
		if fr, err := w.Next(t.Context()); err != nil {
			t.Fatal(err)
		} else if fr.Event == recordings.EventShell {
			return
		}
	}
	t.Error("a late watcher does not learn of the shell")
}

// A watcher who comes after the broker has stopped inspecting a channel must not be told that it is inspected: its output
// would be hidden.
func TestAttackALateWatcherIsNotShownAChannelGivenUp(t *testing.T) {
	f := live.New(0)
	event := func(kind, body string) { f.Tap(recordings.Frame{Event: kind, Data: []byte(body)}) }
	event(recordings.EventExec, `{"command":"scp -t x; sh"}`)
	event(recordings.EventInspect, `{"protocol":"scp"}`)
	event(recordings.EventFileEnd, `{"id":0,"status":"not listed"}`)
	for range 2000 { // old events leave the replay
		event(recordings.EventSignal, `{"signal":"`+strings.Repeat("X", 60)+`"}`)
	}
	f.Tap(out("root:secret\n"))
	w := f.Watch(1 << 30)
	f.Close()
	p := recordings.NewPlayer(recordings.View{Lang: "en"})
	shown := ""
	for {
		fr, err := w.Next(t.Context())
		if err != nil {
			break
		}
		shown += string(p.Take(fr.Frame))
	}
	if !strings.Contains(shown, "root:secret") || !strings.Contains(shown, "command: scp") {
		t.Errorf("shown: %.300q", shown)
	}
}
