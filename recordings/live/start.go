package live

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"sekimori/recordings"
)

// start holds the events that describe an open channel.
type start struct {
	frames []Frame
	size   recordings.Frame // last size of its terminal; Event is empty without one
	cost   int
	since  uint64 // the first frame
}

// Bounds of the state kept for open channels.
const (
	maxStarts   = 8         // per channel; starting one takes fewer events
	maxChannels = 1024      // more than a session may have open
	keptStarts  = 256 << 10 // bytes
)

// opening keeps an event that describes a channel. The caller holds mu.
func (f *Feed) opening(fr Frame) {
	if fr.Channel == recordings.SessionChannel {
		return
	}
	switch fr.Event {
	case recordings.EventOpen, recordings.EventPTY, recordings.EventWindowChange, recordings.EventShell, recordings.EventExec,
		recordings.EventSubsystem, recordings.EventInspect:
	case recordings.EventClose:
		f.forget(fr.Channel)
		return
	case recordings.EventFileEnd:
		f.unfollowed(fr)
		return
	default:
		return
	}
	s := f.starts[fr.Channel]
	if s == nil {
		s = &start{since: f.n}
		f.starts[fr.Channel] = s
		f.add(s, frameCost)
	}
	if fr.Event == recordings.EventPTY || fr.Event == recordings.EventWindowChange {
		f.add(s, len(fr.Data)-len(s.size.Data))
		s.size = fr.Frame
		s.size.Data = bytes.Clone(fr.Data)
	}
	if fr.Event != recordings.EventWindowChange && len(s.frames) < maxStarts {
		s.frames = append(s.frames, fr)
		f.add(s, frameCost+len(fr.Data))
	}
	for len(f.starts) > maxChannels || f.started > keptStarts && len(f.starts) > 0 {
		f.forget(f.least())
		f.untold++
	}
}

func (f *Feed) add(s *start, cost int) {
	s.cost += cost
	f.started += cost
}

func (f *Feed) forget(channel uint32) {
	if s := f.starts[channel]; s != nil {
		f.started -= s.cost
		delete(f.starts, channel)
	}
}

// least is the least useful channel: the oldest that started nothing, else the oldest.
func (f *Feed) least() (channel uint32) {
	var least *start
	for n, s := range f.starts {
		if least == nil || s.idle() && !least.idle() || s.idle() == least.idle() && s.since < least.since {
			channel, least = n, s
		}
	}
	return channel
}

// idle reports that the channel was opened, at most with a terminal.
func (s *start) idle() bool {
	return !slices.ContainsFunc(s.frames, func(f Frame) bool {
		return f.Event != recordings.EventOpen && f.Event != recordings.EventPTY
	})
}

// unfollowed drops the inspect event of a channel that is no longer inspected: else later watchers would not see its output.
func (f *Feed) unfollowed(fr Frame) {
	s := f.starts[fr.Channel]
	var end recordings.FileEnd
	if s == nil || json.Unmarshal(fr.Data, &end) != nil || end.ID != 0 {
		return
	}
	s.frames = slices.DeleteFunc(s.frames, func(fr Frame) bool { return fr.Event == recordings.EventInspect })
}

// untoldNotice says that the starts of some channels are missing from a replay.
func (f *Feed) untoldNotice() Frame {
	body, err := json.Marshal(recordings.Notice{Kind: "replay",
		Text: fmt.Sprintf("%d 本の通信路の始まりは古いため示せません\n%d channels began too long ago to say what they are", f.untold, f.untold)})
	if err != nil {
		body = nil
	}
	return Frame{Frame: recordings.Frame{Channel: recordings.SessionChannel, Event: recordings.EventNotice, Data: body}}
}
