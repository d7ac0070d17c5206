package recordings

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Bounds of the state and lines of Operations. An operation beyond a bound is shown at once, with the facts known by then.
const (
	mostChannels    = 1024      // tracked; more than any session may have open
	mostOpenFiles   = 1024      // per channel, waiting for their end
	mostHeldChannel = 256 << 10 // bytes of the waiting texts, per channel
	mostHeld        = 1 << 20   // the same, of all channels together
	mostSaid        = 4096      // bytes of a command or a path in a line; the recording has the rest
	mostWord        = 64        // bytes of a kept name: of a terminal, a signal, a type of channel
)

// heldFile is an operation on a file that waits for its end. Its texts are already bounded and fit for a line.
type heldFile struct {
	id              uint64
	op              string
	path, to, flags string
	mode            *uint32
	size            *uint64
}

func held(op FileOp) heldFile {
	return heldFile{id: op.ID, op: said(op.Op), path: said(op.Path), to: said(op.To), flags: said(strings.Join(op.Flags, ",")), mode: op.Mode, size: op.Size}
}

// cost is roughly the memory of a held operation in bytes.
func (f *heldFile) cost() int { return 128 + len(f.op) + len(f.path) + len(f.to) + len(f.flags) }

// hold keeps an operation until its end. If there is no room, the oldest operations are shown early, each once.
func (o *Operations) hold(d *channelState, f heldFile, at time.Duration, out *[]Operation) {
	d.files = append(d.files, f)
	d.held += f.cost()
	o.held += f.cost()
	for len(d.files) > mostOpenFiles || d.held > mostHeldChannel {
		o.tellOldest(d, at, out)
	}
	for o.held > mostHeld {
		var most *channelState
		for _, other := range o.channels {
			if most == nil || other.held > most.held || other.held == most.held && other.number < most.number {
				most = other
			}
		}
		if most == nil || len(most.files) == 0 {
			return
		}
		o.tellOldest(most, at, out)
	}
}

func (o *Operations) tellOldest(d *channelState, at time.Duration, out *[]Operation) {
	f := o.removeHeld(d, 0)
	ja, en := f.words(FileEnd{})
	*out = append(*out, Operation{at, d.number, EventFile, ja + " …(終わりはあとで)", en + " … (its end later)"})
}

// removeHeld removes and returns operation i of those that wait for their end.
func (o *Operations) removeHeld(d *channelState, i int) heldFile {
	f := d.files[i]
	d.files = slices.Delete(d.files, i, i+1)
	d.held -= f.cost()
	o.held -= f.cost()
	return f
}

// unanswered lists the operations without an end.
func (o *Operations) unanswered(d *channelState, say func(ja, en string)) {
	for _, f := range d.files {
		ja, en := f.words(FileEnd{})
		say(ja+" 応答なし", en+" not answered")
	}
	o.held -= d.held
	d.files, d.held = nil, 0
}

// channel returns the state of a channel. If there are too many channels, it drops the least active one that was quiet
// longest, and a line says so. Its later events are still shown, but without its names.
func (o *Operations) channel(n uint32, at time.Duration, out *[]Operation) *channelState {
	o.used++
	d := o.channels[n]
	if d == nil {
		if len(o.channels) >= mostChannels {
			o.giveUp(at, out)
		}
		d = &channelState{number: n}
		o.channels[n] = d
	}
	d.used = o.used
	return d
}

func (o *Operations) giveUp(at time.Duration, out *[]Operation) {
	var worst *channelState
	for _, d := range o.channels {
		switch {
		case worst == nil, d.idle() && !worst.idle():
			worst = d
		case d.idle() == worst.idle() && d.used < worst.used:
			worst = d
		}
	}
	say := func(ja, en string) { *out = append(*out, Operation{at, worst.number, EventClose, ja, en}) }
	o.unanswered(worst, say)
	say(fmt.Sprintf("通信路が %d を超えたため、これ以後の行はこの通信路の種類を示しません", mostChannels),
		fmt.Sprintf("more than %d channels: later lines do not say what this one is", mostChannels))
	delete(o.channels, worst.number)
}

// idle reports that the channel has started nothing.
func (d *channelState) idle() bool { return d.start == "" && len(d.files) == 0 }

// End lists the operations without an end when the frames stop: the viewer stopped looking while the session goes on, or the
// recording is cut short. In neither case has anything been seen to end.
func (o *Operations) End(at time.Duration) []Operation {
	return o.unended(at, "ここまでに終了していません", "had not ended where this stops")
}

// unended lists the operations without an end.
func (o *Operations) unended(at time.Duration, ja, en string) []Operation {
	var out []Operation
	for _, n := range slices.Sorted(maps.Keys(o.channels)) {
		say := func(ja, en string) { out = append(out, Operation{at, n, EventClose, ja, en}) }
		d := o.channels[n]
		o.unanswered(d, say)
		if d.start != "" {
			say(ja, en)
		}
	}
	clear(o.channels)
	return out
}

// word is a peer's name, bounded and copied.
func word(s string) string { return strings.Clone(said(s[:min(len(s), mostWord)])) }
