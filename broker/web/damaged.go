package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"sekimori/broker/evidence"
	"sekimori/recordings"
)

// Headers of an answer that carries a recording.
const (
	HeaderDamaged   = "Sekimori-Damaged"   // the finding, where it does not hold
	HeaderRecording = "Sekimori-Recording" // whose recording the file must be
	HeaderSHA256    = "Sekimori-Sha256"    // that the file must have
)

// DamagedEvent is the kind of the event that playback sends of a recording that does not hold: first, again and again, and last.
const DamagedEvent = "damaged"

// Damaged is its body.
type Damaged struct {
	Finding string `json:"finding"`
	JA      string `json:"message_ja"`
	EN      string `json:"message_en"`
}

// How often it is told within what is played and taken out: often enough that no screenful and no printed page lacks it.
const (
	framesBetween = 100
	linesBetween  = 20
)

func damagedBody(bad *evidence.BadError) Damaged {
	t := bad.Text()
	return Damaged{
		Finding: string(bad.Finding),
		JA:      "【証拠として使えません】" + t.JA,
		EN:      "NOT EVIDENCE: " + t.EN,
	}
}

// faultEvidence says why a recording was not opened.
func faultEvidence(err error) error {
	var bad *evidence.BadError
	switch {
	case errors.Is(err, evidence.ErrNone):
		return &Fault{
			Status: http.StatusNotFound, Code: CodeNotFound, Exit: ExitError,
			JA: "この接続に操作記録はありません", EN: "this session has no recording",
			HintJA: "接続先に届く前に終わった接続です", HintEN: "it ended before the target was reached",
		}
	case errors.As(err, &bad):
		return faultDamaged(bad)
	}
	return err
}

func faultDamaged(bad *evidence.BadError) *Fault {
	t := bad.Text()
	f := &Fault{
		Status: http.StatusConflict, Code: "recording-" + string(bad.Finding), Exit: ExitError, JA: t.JA, EN: t.EN, cause: bad,
		HintJA: "警報を出しました。ファイルに触れず、情報システム課と点検担当へ。点検担当は --damaged で開けます",
		HintEN: "an alarm was raised; leave the file as it is and tell the information-systems section and the auditors; an auditor may open it with --damaged",
	}
	if bad.Finding == evidence.Missing {
		f.HintJA = "警報を出しました。台帳は残っています。バックアップを探し、情報システム課と点検担当へ"
		f.HintEN = "an alarm was raised; the ledger's entry remains; look for a backup and tell the information-systems section and the auditors"
	}
	return f
}

// seenDamaged adds to what the ledger says of a look that the recording did not hold.
func seenDamaged(held *evidence.Recording, payload map[string]string) map[string]string {
	if held.Bad != nil {
		payload["damaged"] = string(held.Bad.Finding)
	}
	return payload
}

// tellDamaged says it before the first byte, also where the bytes themselves have no room for it (raw, the sealed file).
func tellDamaged(c *call, held *evidence.Recording) {
	if held.Bad != nil {
		c.w.Header().Set(HeaderDamaged, string(held.Bad.Finding))
	}
}

// WriteDamagedFrames sends what can be read of a recording that does not hold, and what is wrong with it again and again.
func WriteDamagedFrames(ctx context.Context, w io.Writer, r *recordings.Reader, d Damaged) error {
	e := json.NewEncoder(recordings.EscapeJSON(w))
	body, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("write what is wrong: %w", err)
	}
	mark := PlayFrame{Channel: recordings.SessionChannel, Event: DamagedEvent, Body: body}
	for n := 0; ctx.Err() == nil; n++ {
		if n%framesBetween == 0 {
			if err := e.Encode(mark); err != nil {
				return fmt.Errorf("send a frame: %w", err)
			}
		}
		f, err := r.Next()
		if err != nil { // the end, or the place that does not hold: nothing after it can be trusted
			if err := e.Encode(mark); err != nil {
				return fmt.Errorf("send a frame: %w", err)
			}
			return nil
		}
		sent := playFrame(f)
		mark.AtMS = sent.AtMS
		if err := e.Encode(sent); err != nil {
			return fmt.Errorf("send a frame: %w", err)
		}
	}
	return context.Cause(ctx)
}

// exportDamaged writes an export with what is wrong in it: in text as lines, in asciicast as markers. Raw bytes have no room
// for it; there the answer's header says so, and the command.
func exportDamaged(w io.Writer, format string, bad *evidence.BadError, write func(io.Writer) error) error {
	b := damagedBody(bad)
	switch format {
	case "text":
		m := &markedLines{w: w, mark: []byte("*** " + b.JA + " / " + b.EN + " ***\n")}
		return errors.Join(m.begin(), whole(write(m)), m.end())
	case "asciicast":
		text, err := json.Marshal([]any{json.Number("0.000000"), "m", b.JA + " / " + b.EN})
		if err != nil {
			return fmt.Errorf("write what is wrong: %w", err)
		}
		m := &markedLines{w: w, mark: append(text, '\n'), after: 1} // the first line is the header
		return errors.Join(whole(write(m)), m.end())
	}
	return whole(write(w))
}

// whole passes over where a recording that does not hold stops: everything before it was written.
func whole(err error) error {
	var corrupt *recordings.CorruptError
	if cutShort(err) || errors.As(err, &corrupt) {
		return nil
	}
	return err
}

// markedLines writes a mark between the lines that pass.
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
