package relay

import (
	"errors"
	"unicode/utf8"

	"sekimori/policy"
	"sekimori/recordings"
)

// inspector inspects a channel that transfers files and records its file operations. Each direction has one caller; the two
// run at the same time.
//
// input and output get a piece of a peer's data and pass the permitted part on through hand: usually the piece itself,
// changed in place if a rule says so. They record before they pass on. false ends the copying of this direction. They may
// change a piece but must not keep it.
type inspector interface {
	input(b []byte, hand func([]byte) bool) bool
	output(b []byte, hand func([]byte) bool) bool
	// end records how unfinished operations ended. Afterwards input and output pass nothing on.
	end()
}

// newInspector returns the inspector of a decided and opened channel, and records that it begins; nil: no inspection. Players
// leave out only inspected data, so the recording states the inspection and players need not guess it from the command.
func newInspector(c *channel, m mainRequest) (i inspector) {
	protocol := "sftp"
	switch m.channel {
	case policy.ChannelSFTP:
		if c.r.plain && c.r.terms().Free() {
			return nil
		}
		i = newSFTP(c, c.r.banners())
	case policy.ChannelCopy:
		copied, ok := parseSCP(m.command)
		if !ok {
			return &boundCopy{c: c, m: m}
		}
		protocol, i = "scp", &boundCopy{c: c, m: m, next: newSCP(c, copied)}
	default:
		return nil
	}
	c.event(recordings.EventInspect, recordings.Inspect{Protocol: protocol})
	return i
}

// errUnread is wrapped by every error about data that an inspector does not understand.
var errUnread = errors.New("not understood")

// endMalformed ends the channel because one side sent data that an inspector does not understand, and tells the engineer.
// Such data cannot be recorded as a file operation, so it must not pass.
func (c *channel) endMalformed(side, what string, err error) {
	c.r.refused(refusal{of: c, side: side, what: what, feature: what, reason: policy.ProtocolAbuse, detail: err.Error()})
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

// recordBefore records an event together with the piece that is relayed next.
func (c *channel) recordBefore(kind string, body any) bool {
	if err := c.r.cfg.Recorder.Precede(c.id, kind, body); err != nil {
		c.r.fail(&RecordingError{Err: err})
		return false
	}
	return true
}

// maxRepeated bounds the repetition of a path that an earlier event of the channel has in full. Otherwise a request of a few
// bytes (an attribute of an open file, a file in a directory) would record the whole path again.
const maxRepeated = 512

// repeated is a path for such a repetition: its end, after an ellipsis, if it is longer than maxRepeated. Appending to the
// result does not change path.
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
