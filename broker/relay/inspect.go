package relay

import (
	"errors"
	"unicode/utf8"

	"sekimori/policy"
	"sekimori/recordings"
)

// inspector reads along on a channel that moves files and records what is done with them. Each
// direction has one caller; the two run at the same time.
//
// input and output are given a piece of what the peer sent and pass on, through hand, what may go
// on now: usually the piece itself, changed in place where a rule says so. What they record stands
// before what they hand on. false ends the copying of this direction. A piece may be changed, but
// is not kept.
type inspector interface {
	input(b []byte, hand func([]byte) bool) bool
	output(b []byte, hand func([]byte) bool) bool
	// end records how unfinished operations ended. input and output hand nothing on afterwards.
	end()
}

// newInspector gives the inspector of a channel that was decided and opened, and records that it begins; nil: none reads
// along. Who plays the recording leaves out only what was followed, so that is not to be guessed from the command.
func newInspector(c *channel, m mainRequest) (i inspector) {
	protocol := "sftp"
	switch m.channel {
	case policy.ChannelSFTP:
		i = newSFTP(c, c.r.banners())
	case policy.ChannelCopy:
		copied, ok := parseSCP(m.command)
		if !ok {
			return nil
		}
		protocol, i = "scp", newSCP(c, copied)
	default:
		return nil
	}
	c.r.event(c.id, recordings.EventInspect, recordings.Inspect{Protocol: protocol})
	return i
}

// errUnread is wrapped by whatever an inspector does not understand.
var errUnread = errors.New("not understood")

// endMalformed ends the channel because one side sent what an inspector does not understand, and
// tells the engineer. What is not understood cannot be recorded as a file operation, so it may not
// pass either.
func (c *channel) endMalformed(side, what string, err error) {
	c.r.refused(refusal{channel: c.id, side: side, what: what, feature: what, reason: policy.ProtocolAbuse, detail: err.Error()})
	text, exit := c.r.cfg.Refuse(policy.Decision{Reason: policy.ProtocolAbuse})
	c.say(text)
	if !c.exited.Load() {
		if rec, ok := c.record(exitMessage(uint32(exit))); ok {
			c.sendExit(rec)
		}
	}
	_ = c.far.Close()
	c.closeNear()
}

// precede records an event together with the piece that is handed on next.
func (c *channel) precede(kind string, body any) bool {
	if err := c.r.cfg.Recorder.Precede(c.id, kind, body); err != nil {
		c.r.fail(&RecordingError{Err: err})
		return false
	}
	return true
}

// maxRepeated bounds what an event says again of a path that an earlier event of the channel has in full. Without it a few
// bytes, an attribute to set on an open file or a file in a directory, would cost the whole path each time.
const maxRepeated = 512

// repeated is a path as events say it again: its end, after an ellipsis, where it is longer than maxRepeated.
// What it returns shares no memory with path that an append could reach.
func repeated(path []byte) []byte {
	if len(path) <= maxRepeated {
		return path[:len(path):len(path)]
	}
	end := path[len(path)-maxRepeated:]
	if utf8.Valid(path) {
		for !utf8.RuneStart(end[0]) {
			end = end[1:]
		}
	}
	return append([]byte("…"), end...)
}
