package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/evidence"
	"sekimori/recordings"
)

// How often a damage is repeated within playback and exports: every screenful and every printed page must show it.
const (
	framesBetween = 100
	linesBetween  = 20
)

func damagedBody(bad *evidence.BadError) api.Damaged {
	t := bad.Text()
	return api.Damaged{
		Finding: string(bad.Finding),
		JA:      "【証拠として使えません】" + t.JA,
		EN:      "NOT EVIDENCE: " + t.EN,
	}
}

// seenDamaged adds to the entry about a look that the recording did not hold.
func seenDamaged(held *evidence.Recording, payload map[string]string) map[string]string {
	if held.Bad != nil {
		payload["damaged"] = string(held.Bad.Finding)
	}
	return payload
}

// tellDamaged sets the headers before the first byte, because some bodies have no room for the warning (raw, the sealed file).
func tellDamaged(c *call, held *evidence.Recording) {
	if held.Bad != nil {
		c.w.Header().Set(api.HeaderDamaged, string(held.Bad.Finding))
	}
}

// WriteDamagedFrames sends the readable part of a recording that does not hold, and repeats the damage between the frames. last is
// the time of the last frame sent.
func WriteDamagedFrames(ctx context.Context, w io.Writer, r *recordings.Reader, d api.Damaged) (last time.Duration, err error) {
	e := json.NewEncoder(recordings.EscapeJSON(w))
	body, err := json.Marshal(d)
	if err != nil {
		return last, fmt.Errorf("write what is wrong: %w", err)
	}
	mark := api.PlayFrame{Channel: recordings.SessionChannel, Event: api.DamagedEvent, Body: body}
	for n := 0; ctx.Err() == nil; n++ {
		if n%framesBetween == 0 {
			if err := e.Encode(mark); err != nil {
				return last, fmt.Errorf("send a frame: %w", err)
			}
		}
		f, err := r.Next()
		if err != nil { // the end, or the place that does not hold: nothing after it can be trusted
			if err := e.Encode(mark); err != nil {
				return last, fmt.Errorf("send a frame: %w", err)
			}
			return last, nil
		}
		sent := playFrame(f)
		mark.AtMS = sent.AtMS
		if err := e.Encode(sent); err != nil {
			return last, fmt.Errorf("send a frame: %w", err)
		}
		last = max(last, f.Elapsed)
	}
	return last, context.Cause(ctx)
}

// exportDamaged writes an export that tells of the damage: in text as lines, in asciicast as markers. Raw bytes have no room
// for it; there the answer's header tells it, and the command.
func exportDamaged(w io.Writer, format string, bad *evidence.BadError, write func(io.Writer) error) error {
	b := damagedBody(bad)
	switch format {
	case "text":
		m := &markedLines{w: w, mark: []byte("*** " + b.JA + " / " + b.EN + " ***\n")}
		return errors.Join(m.begin(), withoutDamage(write(m)), m.end())
	case "asciicast":
		text, err := json.Marshal([]any{json.Number("0.000000"), "m", b.JA + " / " + b.EN})
		if err != nil {
			return fmt.Errorf("write what is wrong: %w", err)
		}
		m := &markedLines{w: w, mark: append(text, '\n'), after: 1} // the first line is the header
		return errors.Join(withoutDamage(write(m)), m.end())
	}
	return withoutDamage(write(w))
}

// withoutDamage drops the error at which a recording that does not hold stops: everything before it was written.
func withoutDamage(err error) error {
	var corrupt *recordings.CorruptError
	if cutShort(err) || errors.As(err, &corrupt) {
		return nil
	}
	return err
}

// markedLines writes a mark between lines.
type markedLines struct {
	w     io.Writer
	mark  []byte
	after int // lines until the next
	open  bool
}

func (m *markedLines) begin() error {
	m.after = linesBetween
	_, err := m.w.Write(m.mark)
	return err
}

func (m *markedLines) Write(b []byte) (int, error) {
	done := 0
	for done < len(b) {
		line := b[done:]
		end := bytes.IndexByte(line, '\n')
		if end >= 0 {
			line = line[:end+1]
		}
		if _, err := m.w.Write(line); err != nil {
			return done, err
		}
		done += len(line)
		if m.open = end < 0; m.open {
			continue
		}
		if m.after--; m.after <= 0 {
			m.after = linesBetween
			if _, err := m.w.Write(m.mark); err != nil {
				return done, err
			}
		}
	}
	return done, nil
}

func (m *markedLines) end() error {
	mark := m.mark
	if m.open {
		mark = append([]byte("\n"), mark...)
	}
	_, err := m.w.Write(mark)
	return err
}
