package relay

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"path"
	"slices"
	"strings"

	"sekimori/policy"
	"sekimori/recordings"
)

// The terms of the grant for files are asked for anew at each operation, and policy judges it. A refused request never reaches the
// target: a harmless one of the same number takes its place, so that the answers stay in order, and the target's answer is replaced by a
// refusal with its reason.

// terms are the terms in force. Without a source nothing moves.
func (r *Relay) terms() *policy.FileTerms {
	if r.cfg.Files == nil {
		return &policy.FileTerms{}
	}
	return r.cfg.Files()
}

// judge rules on a parsed request. It may have to ask the target where paths lead; op.turn then says that the turn is taken.
func (s *sftpRequests) judge(op *sftpOp) policy.FileRefusal {
	t := s.c.r.terms()
	if t.Free() || op.asks.Act == policy.FileUnknown && op.record.Op == "" {
		return ""
	}
	_, held := s.c.far.(*heldChannel)
	if t.Held() && !held { // asked for after the channel began: nothing would look at the files
		return policy.RefusedUnread
	}
	if op.asks.Act == policy.FileReadPiece || op.asks.Act == policy.FileWritePiece {
		if op.asks.Act == policy.FileReadPiece && !op.file.reads {
			return policy.RefusedOut
		}
		if op.asks.Act == policy.FileWritePiece && !op.file.writes {
			return policy.RefusedIn
		}
		if op.asks.Act == policy.FileWritePiece && held {
			return "" // Config.Hold refuses it, and then knows that the file is not whole
		}
		return t.Judge(op.asks)
	}
	if t.Listed() && len(op.places) > 0 {
		if !s.c.r.places.take() {
			return policy.RefusedUnresolved
		}
		op.turn, s.requests.now = true, true // the target must get it: the next request may wait for its answer
	}
	op.asks.Append = op.asks.Append && !held // Config.Hold knows the end of the file
	for i, p := range op.places {
		where := &op.asks.Path
		if i == 1 {
			where = &op.asks.To
		}
		if !t.Listed() {
			continue
		}
		name := p.name
		if p.near != nil && !bytes.HasPrefix(name, []byte("/")) { // a link's target is read from the link's place
			name = slices.Concat(above(p.near), []byte("/"), name)
		}
		found, err := s.c.r.places.resolve(name, p.follow)
		if err != nil {
			op.asks.Unresolved = true
		}
		*where = found
	}
	if t.Limit > 0 && (op.asks.Act == policy.FileRead || op.asks.Act == policy.FileReadWrite) && len(op.places) > 0 {
		op.asks.End, _ = s.c.r.places.size(op.places[0].name)
	}
	return t.Judge(op.asks)
}

// place is a path as the peer gives it.
type place struct {
	name   []byte
	follow bool   // the operation follows a link at the path itself
	near   []byte // the path of the link that points there, for a target that is not absolute
}

// above is the directory of a path, as it is written.
func above(name []byte) []byte {
	name = bytes.TrimRight(name, "/")
	switch i := bytes.LastIndexByte(name, '/'); {
	case i < 0:
		return []byte(".")
	case i == 0:
		return []byte("/.")
	default:
		return name[:i]
	}
}

// harmless is the request that takes the place of a refused one: the attributes of the top directory.
func harmless(id uint32) []byte {
	p := binary.BigEndian.AppendUint32(nil, 1+4+4+1)
	p = append(p, fxpLstat)
	p = binary.BigEndian.AppendUint32(p, id)
	p = binary.BigEndian.AppendUint32(p, 1)
	return append(p, '/')
}

// denial is the answer to a refused request.
func denial(id uint32, why string) []byte {
	const permissionDenied = 3
	p := binary.BigEndian.AppendUint32(nil, uint32(1+4+4+4+len(why)+4))
	p = append(p, fxpStatus)
	p = binary.BigEndian.AppendUint32(p, id)
	p = binary.BigEndian.AppendUint32(p, permissionDenied)
	p = binary.BigEndian.AppendUint32(p, uint32(len(why)))
	p = append(p, why...)
	return binary.BigEndian.AppendUint32(p, 0)
}

// refuseFile records a refused operation and tells the engineer once for each reason: clients show only "permission denied".
func (c *channel) refuseFile(what string, why policy.FileRefusal) {
	c.r.refused(refusal{of: c, side: clientSide, what: what, feature: string(why), reason: policy.FeatureNotGranted})
	c.r.mu.Lock()
	told := slices.Contains(c.toldFiles, why)
	if !told {
		c.toldFiles = append(c.toldFiles, why)
	}
	c.r.mu.Unlock()
	if !told {
		text := c.r.refusalLine(why)
		c.r.run(func() { c.say(text) }) // the client may not be reading
	}
}

// refusalLine is a refusal in the engineer's language, in one line or two.
func (r *Relay) refusalLine(why policy.FileRefusal) string {
	number := policy.FeatureNotGranted.Number()
	return r.inLanguage(fmt.Sprintf("関守: [%d] %s\n", number, why.Label().JA), fmt.Sprintf("Sekimori: [%d] %s\n", number, why.Label().EN))
}

// mayCopy rules on a channel that transfers files, where the terms bound it: it must be of a kind that the relay can follow to its end,
// and nothing but a copy.
func (c *channel) mayCopy(m mainRequest) policy.FileRefusal {
	if m.channel != policy.ChannelSFTP && m.channel != policy.ChannelCopy {
		return ""
	}
	t := c.r.terms()
	switch {
	case t.Free():
		return ""
	case m.channel == policy.ChannelSFTP:
		if m.Type != "subsystem" || t.Held() && c.r.cfg.Hold == nil {
			return policy.RefusedUnread
		}
		return ""
	}
	s, ok := strictSCP(m.command)
	switch {
	case !ok:
		return policy.RefusedUnread
	case s.send && t.In == policy.FileClosed:
		return policy.RefusedIn
	case !s.send && t.Out == policy.FileClosed:
		return policy.RefusedOut
	case s.send && t.In.Held(), !s.send && t.Out.Held(), t.Listed(): // of this protocol the names are known only to the target
		return policy.RefusedUnread
	}
	return ""
}

// strictSCP parses a command that is an scp at the target and nothing else, whatever shell reads it.
func strictSCP(command string) (s scpCommand, ok bool) {
	for i := range len(command) {
		if c := command[i]; c < ' ' || c == 0x7f || strings.IndexByte("$<>#!", c) >= 0 {
			return s, false
		}
	}
	all := simpleCommands(command)
	if len(all) != 1 || len(all[0]) < 3 || strings.ContainsAny(command, "\n;&|(){}`") {
		return s, false
	}
	words := all[0]
	if name := words[0]; name != "scp" && (path.Base(name) != "scp" || path.Dir(name) != "/usr/bin" && path.Dir(name) != "/bin") {
		return s, false
	}
	to, from, operands := false, false, 0
	for i, w := range words[1:] {
		if w == "--" {
			operands = len(words) - i - 2
			break
		}
		if !strings.HasPrefix(w, "-") || len(w) < 2 {
			operands = len(words) - i - 1
			break
		}
		for _, c := range w[1:] {
			switch c {
			case 't':
				to = true
			case 'f':
				from = true
			case 'r', 'p', 'd', 'v', 'q':
			default:
				return s, false
			}
		}
	}
	if to == from || operands < 1 || to && operands != 1 {
		return s, false
	}
	return scpCommand{send: to, path: words[len(words)-1]}, true
}

// boundCopy asks before each piece of a copy whether the terms still let it run: they may change after its start.
type boundCopy struct {
	c    *channel
	m    mainRequest
	next inspector // nil: the relay does not follow the copy
}

func (b *boundCopy) input(p []byte, hand func([]byte) bool) bool {
	switch {
	case !b.may():
		return false
	case b.next == nil:
		return hand(p)
	}
	return b.next.input(p, hand)
}

func (b *boundCopy) output(p []byte, hand func([]byte) bool) bool {
	switch {
	case !b.may():
		return false
	case b.next == nil:
		return hand(p)
	}
	return b.next.output(p, hand)
}

func (b *boundCopy) end() {
	if b.next != nil {
		b.next.end()
	}
}

func (b *boundCopy) may() bool {
	why := b.c.mayCopy(b.m)
	if why != "" {
		b.c.endRefused("", recordings.NewCommand(b.m.command).Command, why)
	}
	return why == ""
}

// endRefused ends a copy because of the terms, once: both directions may find it refused. file is the one that they refuse, of which not
// a byte has passed, as its protocol names it; detail is for the recording.
func (c *channel) endRefused(file, detail string, why policy.FileRefusal) {
	if c.copyRefused.Swap(true) {
		return
	}
	c.r.refused(refusal{of: c, side: clientSide, what: recordings.FileSCPSend, feature: string(why), reason: policy.FeatureNotGranted, detail: detail})
	text := c.r.refusalLine(why)
	if file != "" {
		shown, _ := recordings.Legible([]byte(file))
		text = "scp: " + clip(shown) + "\n" + text
	}
	c.say(text)
	if !c.exited.Load() {
		if rec, ok := c.record(exitMessage(1)); ok {
			c.sendExit(rec)
		}
	}
	_ = c.far.Close()
	c.closeNear()
}
