package recordings_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"sekimori/recordings"
)

func event(channel uint32, kind, body string) recordings.Frame {
	return recordings.Frame{Channel: channel, Event: kind, Data: []byte(body)}
}

func heap() int {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// A target that never answers, with names of 33 kB: the waiting operations of one channel took 177 MB.
func TestAttackUnansweredOperationsFillMemory(t *testing.T) {
	ops := recordings.NewOperations()
	long := strings.Repeat(`\\xff`, 33_900)
	seen := map[string]bool{}
	note := func(list []recordings.Operation) {
		for _, o := range list {
			if _, name, ok := strings.Cut(o.EN, "remove "); ok {
				name, _, _ = strings.Cut(name, "-")
				seen[strings.Clone(name)] = true
			}
		}
	}
	before, sent := heap(), 0
	for channel := range uint32(20) {
		for id := range 100 {
			note(ops.Take(event(channel, recordings.EventFile, fmt.Sprintf(`{"id":%d,"op":"remove","path":"%d.%d-%s"}`, id+1, channel, id+1, long))))
			sent++
		}
	}
	if grown := heap() - before; grown > 4<<20 {
		t.Errorf("%d kB are kept", grown>>10)
	}
	for channel := range uint32(20) {
		note(ops.Take(event(channel, recordings.EventClose, "")))
	}
	if len(seen) != sent {
		t.Errorf("%d of %d operations were named", len(seen), sent)
	}
	if grown := heap() - before; grown > 1<<20 {
		t.Errorf("%d kB are kept of closed channels", grown>>10)
	}
	runtime.KeepAlive(ops)
}

// 1,100 channels had no recorded close: later operations on files had no names, and no line said so.
func TestAttackEmptyChannelsBlindThePlayers(t *testing.T) {
	frames := []recordings.Frame{
		event(0, recordings.EventOpen, `{"type":"session"}`), event(0, recordings.EventSubsystem, `{"command":"sftp"}`),
		event(0, recordings.EventFile, `{"id":1,"op":"open","path":"/before.db","flags":["read"]}`),
	}
	for n := range uint32(1100) {
		frames = append(frames, event(n+1, recordings.EventOpen, `{"type":"session"}`))
	}
	const last = 2000
	frames = append(frames,
		event(last, recordings.EventOpen, `{"type":"session"}`), event(last, recordings.EventSubsystem, `{"command":"sftp"}`),
		event(last, recordings.EventFile, `{"id":1,"op":"rename","path":"/stolen.db","to":"/evidence.db"}`),
		event(last, recordings.EventFileEnd, `{"id":1,"ok":true}`),
		event(0, recordings.EventFileEnd, `{"id":1,"ok":true,"read":7}`),
		event(last+1, recordings.EventOpen, `{"type":"session"}`), event(last+1, recordings.EventExec, `{"command":"id"}`),
		recordings.Frame{Channel: last + 1, Stream: recordings.Stdout, Data: []byte("uid=0(root) no end of line")},
		recordings.Frame{Channel: last + 1, Stream: recordings.Stdin, Data: []byte("typed")})
	v := recordings.View{Lang: "en"}
	p, tr := recordings.NewPlayer(v), recordings.NewTranscript(v)
	var played, text strings.Builder
	for _, f := range frames {
		played.Write(p.Take(f))
		text.Write(tr.Take(f))
	}
	played.Write(p.End(0))
	text.Write(tr.End(0))
	for name, got := range map[string]string{"play": played.String(), "text": text.String()} {
		for _, want := range []string{"rename /stolen.db → /evidence.db", "file /before.db read 7 bytes", "uid=0(root) no end of line",
			"input: typed", "[1] more than 1024 channels"} {
			if !strings.Contains(got, want) {
				t.Errorf("%s: %q is missing", name, want)
			}
		}
	}
}

// The end of an operation is shown even if its start is not known, as for a watcher who came late.
func TestTheEndOfAnUnknownOperationIsTold(t *testing.T) {
	ops := recordings.NewOperations()
	list := ops.Take(event(4, recordings.EventFileEnd, `{"id":9,"ok":false,"status":"failure","written":1234}`))
	if len(list) != 1 || !strings.Contains(list[0].EN, "number 9 of the channel) written 1,234 bytes failed: failure") {
		t.Errorf("%+v", list)
	}
}

// Lines typed on channels that never close did not make room for others.
func TestAttackManyChannelsHideWhatIsTyped(t *testing.T) {
	tr := recordings.NewTranscript(recordings.View{Lang: "en"})
	var text strings.Builder
	for n := range uint32(3000) {
		text.Write(tr.Take(recordings.Frame{Channel: n, Stream: recordings.Stdin, Data: fmt.Appendf(nil, "key%d;", n)}))
	}
	text.Write(tr.End(0))
	for n := range 3000 {
		if !strings.Contains(text.String(), fmt.Sprintf("input: key%d;\n", n)) {
			t.Fatalf("what was typed on channel %d is missing", n)
		}
	}
}
