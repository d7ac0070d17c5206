package recordings

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Bounds of what Operations keeps and says. What goes beyond one of them is told at once, with what is known of it.
const (
	mostChannels    = 1024      // told apart; more than any session may have open
	mostOpenFiles   = 1024      // of a channel, that wait for their end
	mostHeldChannel = 256 << 10 // bytes of their texts, of a channel
	mostHeld        = 1 << 20   // the same, of all channels together
	mostSaid        = 4096      // bytes of a command or a path in a line; the recording has all of it
	mostWord        = 64        // bytes of a name that is kept: of a terminal, a signal, a type of channel
)

// heldFile is an operation on a file that waits for its end: texts that are fit for a line, and no longer than one.
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

// cost is about what a held operation takes.
func (f *heldFile) cost() int { return 128 + len(f.op) + len(f.path) + len(f.to) + len(f.flags) }

// hold keeps an operation until its end. Operations that there is no room for are told, oldest first: each is named once.
func (o *Operations) hold(d *doing, f heldFile, at time.Duration, out *[]Operation) {
	d.files = append(d.files, f)
	d.held += f.cost()
	o.held += f.cost()
	for len(d.files) > mostOpenFiles || d.held > mostHeldChannel {
		o.tellOldest(d, at, out)
	}
	for o.held > mostHeld {
		var most *doing
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

func (o *Operations) tellOldest(d *doing, at time.Duration, out *[]Operation) {
	f := o.letGo(d, 0)
	ja, en := f.words(FileEnd{})
	*out = append(*out, Operation{at, d.number, EventFile, ja + " …(終わりはあとで)", en + " … (its end later)"})
}

// letGo takes the operation i from those that are held.
func (o *Operations) letGo(d *doing, i int) heldFile {
	f := d.files[i]
	d.files = slices.Delete(d.files, i, i+1)
	d.held -= f.cost()
	o.held -= f.cost()
	return f
}

// unanswered says which operations were asked for and have no end.
func (o *Operations) unanswered(d *doing, say func(ja, en string)) {
	for _, f := range d.files {
		ja, en := f.words(FileEnd{})
		say(ja+" 応答なし", en+" not answered")
	}
	o.held -= d.held
	d.files, d.held = nil, 0
}

// channel gives what a channel is about. Where there are too many, the one that is least about anything, and was quiet for
// longest, is given up, and a line says so: what it still does is told, only not what it is.
func (o *Operations) channel(n uint32, at time.Duration, out *[]Operation) *doing {
	o.used++
	d := o.channels[n]
	if d == nil {
		if len(o.channels) >= mostChannels {
			o.giveUp(at, out)
		}
		d = &doing{number: n}
		o.channels[n] = d
	}
	d.used = o.used
	return d
}

func (o *Operations) giveUp(at time.Duration, out *[]Operation) {
	var worst *doing
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

// idle: nothing was started on the channel.
func (d *doing) idle() bool { return d.start == "" && len(d.files) == 0 }

// End says what had begun and not ended where the frames stop without the frame of an end: whoever looked stopped looking, the session
// goes on, or the recording is cut short. None of these says that anything ended.
func (o *Operations) End(at time.Duration) []Operation {
	return o.unended(at, "ここまでに終了していません", "had not ended where this stops")
}

// unended says what had begun and not ended.
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

// word is a name of a peer's that is kept.
func word(s string) string { return strings.Clone(said(s[:min(len(s), mostWord)])) }
