package recordings

import (
	"encoding/binary"
	"time"
)

// putFrame appends a frame with the bytes of name and then data. Only events have a name.
func putFrame(b []byte, kind byte, channel uint32, elapsed uint64, name string, data []byte) []byte {
	b = append(b, kind)
	b = binary.AppendUvarint(b, uint64(channel))
	b = binary.AppendUvarint(b, elapsed)
	if kind != kindEvent {
		b = binary.AppendUvarint(b, uint64(len(data)))
		return append(b, data...)
	}
	b = binary.AppendUvarint(b, uint64(1+len(name)+len(data)))
	b = append(b, byte(len(name)))
	b = append(b, name...)
	return append(b, data...)
}

// takeFrame reads the first frame of b and returns the bytes after it. what is empty if the frame is valid, else it names the
// fault; more is false if only padding was left. The frame's Data points into b.
func takeFrame(b []byte, input bool) (f Frame, rest []byte, more bool, what string) {
	if len(b) == 0 {
		return f, nil, false, ""
	}
	kind := b[0]
	if kind == kindPad {
		for _, c := range b {
			if c != 0 {
				return f, nil, false, "padding that is not zero"
			}
		}
		return f, nil, false, ""
	}
	b = b[1:]
	var v [3]uint64
	for i := range v {
		x, n := binary.Uvarint(b)
		if n <= 0 {
			return f, nil, false, "a number in a frame does not parse"
		}
		v[i], b = x, b[n:]
	}
	const latest = uint64(1<<63-1) / uint64(time.Microsecond)
	switch {
	case v[0] > 1<<32-1:
		return f, nil, false, "channel number out of range"
	case v[1] > latest:
		return f, nil, false, "time of a frame out of range"
	case v[2] > uint64(len(b)):
		return f, nil, false, "a frame is longer than its segment"
	}
	f = Frame{Channel: uint32(v[0]), Elapsed: time.Duration(v[1]) * time.Microsecond, Input: input}
	f.Data, rest = b[:v[2]:v[2]], b[v[2]:]
	switch s := Stream(kind); {
	case kind == kindEvent:
		if len(f.Data) == 0 || int(f.Data[0]) > len(f.Data)-1 {
			return f, nil, false, "an event has no kind"
		}
		n := 1 + int(f.Data[0])
		f.Event, f.Data = string(f.Data[1:n]), f.Data[n:]
	case s == Stdin && input, (s == Stdout || s == Stderr) && !input:
		f.Stream = s
	default:
		return f, nil, false, "a frame of a kind that does not belong there"
	}
	return f, rest, true, ""
}
