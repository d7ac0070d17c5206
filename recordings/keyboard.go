package recordings

import "time"

// keyboard gathers typed input per channel into lines; a single key is not a line.
type keyboard struct {
	lines map[uint32]*typed // by channel: unfinished lines
	used  uint64
}

// typed is an unfinished line.
type typed struct {
	line []byte
	at   time.Duration // of its last key
	used uint64
}

func newKeyboard() keyboard { return keyboard{lines: map[uint32]*typed{}} }

// take reads a frame of input and returns the lines that it completed.
func (k *keyboard) take(f Frame, ops *Operations, e Encoding) []Operation {
	if !ops.Data(f.Channel) || len(f.Data) == 0 {
		return nil
	}
	var out []Operation
	t := k.lines[f.Channel]
	if t == nil {
		if len(k.lines) >= mostChannels {
			out = k.close(k.oldest(), e)
		}
		t = &typed{}
		k.lines[f.Channel] = t
	}
	k.used++
	t.used, t.at = k.used, f.Elapsed
	for _, c := range f.Data {
		ends := c == '\r' || c == '\n'
		if ends || len(t.line) >= mostSaid {
			out = append(out, t.said(f.Channel, e))
			t.line = t.line[:0]
		}
		if !ends {
			t.line = append(t.line, c)
		}
	}
	if len(t.line) == 0 {
		delete(k.lines, f.Channel)
	}
	return out
}

func (t *typed) said(channel uint32, e Encoding) Operation {
	text := said(string(newDecoder(e).utf8(t.line)))
	return Operation{t.at, channel, kindTyped, "入力: " + text, "input: " + text}
}

// close returns the unfinished line of a channel.
func (k *keyboard) close(channel uint32, e Encoding) []Operation {
	t := k.lines[channel]
	if t == nil {
		return nil
	}
	delete(k.lines, channel)
	return []Operation{t.said(channel, e)}
}

// oldest is the channel whose last key is the oldest.
func (k *keyboard) oldest() (channel uint32) {
	least := ^uint64(0)
	for n, t := range k.lines {
		if t.used < least {
			channel, least = n, t.used
		}
	}
	return channel
}

// end returns the unfinished lines of all channels.
func (k *keyboard) end(e Encoding) (out []Operation) {
	for len(k.lines) > 0 {
		out = append(out, k.close(k.oldest(), e)...)
	}
	return out
}
