package recordings

// keyboard gathers what was typed on each channel into lines: a key is no line of its own.
type keyboard map[uint32][]byte

// take reads a frame of input and returns the lines that it completed.
func (k keyboard) take(f Frame, ops *Operations, e Encoding) []Operation {
	if !ops.Data(f.Channel) || len(k) >= mostChannels {
		return nil
	}
	var out []Operation
	line := k[f.Channel]
	for _, c := range f.Data {
		ends := c == '\r' || c == '\n'
		if ends || len(line) >= mostSaid {
			text := said(string(newDecoder(e).utf8(line)))
			out = append(out, Operation{f.Elapsed, f.Channel, "input", "入力: " + text, "input: " + text})
			line = line[:0]
		}
		if !ends {
			line = append(line, c)
		}
	}
	k[f.Channel] = line
	return out
}
