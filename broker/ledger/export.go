package ledger

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"iter"

	"golang.org/x/mod/sumdb/tlog"
)

// ExportVersion is the version of the export format, as stated in the first line.
const ExportVersion = 1

// The lines of an export. Every line has exactly one valid encoding; FORMAT.md states it.
const (
	formatLine = `{"format":"sekimori-ledger-export","version":1}`

	headerStart     = `{"header":`
	leafStart       = `,"leaf":"`
	saltStart       = `","salt":"`
	payloadStart    = `","payload":`
	disposedEnd     = `","disposed":true}`
	checkpointStart = `{"checkpoint":`
	checksumStart   = `,"sha256":"`
	checksumEnd     = `"}`

	hexSize = 2 * sha256.Size
	maxLine = MaxHeader + MaxPayload + 1024
)

// WriteExport writes the ledger as JSON lines: the format, each entry as stored, the signed checkpoint. It refuses only bytes
// that cannot stand on a line. The export of a tampered ledger is evidence; Verify reports the tampering.
func WriteExport(w io.Writer, entries iter.Seq2[Entry, error], checkpoint []byte) error {
	out := bufio.NewWriterSize(w, 64<<10)
	out.WriteString(formatLine + "\n") // bufio keeps the first error for Flush
	var line []byte
	for e, err := range entries {
		if err != nil {
			return fmt.Errorf("ledger: export: %w", err)
		}
		if bytes.IndexByte(e.Header, '\n') >= 0 || bytes.IndexByte(e.Payload, '\n') >= 0 {
			return fmt.Errorf("ledger: export: entry %d holds a newline in its stored bytes", e.Index)
		}
		line = append(appendEntryLine(line[:0], e), '\n')
		if _, err := out.Write(line); err != nil {
			return fmt.Errorf("ledger: export entry %d: %w", e.Index, err)
		}
	}
	last, err := checkpointLine(checkpoint)
	if err != nil {
		return err
	}
	out.Write(append(last, '\n'))
	if err := out.Flush(); err != nil {
		return fmt.Errorf("ledger: export: %w", err)
	}
	return nil
}

func appendEntryLine(b []byte, e Entry) []byte {
	leaf := e.Leaf()
	b = append(b, headerStart...)
	b = append(b, e.Header...)
	b = append(b, leafStart...)
	b = hex.AppendEncode(b, leaf[:])
	if e.Disposed() {
		return append(b, disposedEnd...)
	}
	b = append(b, saltStart...)
	b = hex.AppendEncode(b, e.Salt)
	b = append(b, payloadStart...)
	b = append(b, e.Payload...)
	return append(b, '}')
}

// parseEntryLine is the inverse of appendEntryLine. It returns the leaf as written, so that the caller can report a wrong
// leaf apart from a wrong form.
func parseEntryLine(line []byte) (e Entry, written tlog.Hash, err error) {
	header, rest, ok := bytes.Cut(bytes.TrimPrefix(line, []byte(headerStart)), []byte(leafStart))
	// A canonical header cannot contain leafStart: a quotation mark within its strings is escaped.
	if !ok || !bytes.HasPrefix(line, []byte(headerStart)) {
		return Entry{}, written, formErrorf("line is not that of an entry")
	}
	leaf, rest, err := cutHex(rest)
	if err != nil {
		return Entry{}, written, err
	}
	copy(written[:], leaf)
	if string(rest) == disposedEnd {
		e, err = ParseEntry(header, nil, nil)
		return e, written, err
	}
	rest, ok = bytes.CutPrefix(rest, []byte(saltStart))
	if !ok {
		return Entry{}, written, formErrorf("line has neither a salt nor the mark of a disposed payload after its leaf")
	}
	salt, rest, err := cutHex(rest)
	if err != nil {
		return Entry{}, written, err
	}
	payload, ok := bytes.CutPrefix(rest, []byte(payloadStart))
	if !ok || !bytes.HasSuffix(payload, []byte("}")) {
		return Entry{}, written, formErrorf("line has no payload after its salt")
	}
	e, err = ParseEntry(header, salt, payload[:len(payload)-1])
	return e, written, err
}

// cutHex removes 32 bytes in lower-case hexadecimal from the front.
func cutHex(b []byte) (value, rest []byte, err error) {
	if len(b) < hexSize {
		return nil, nil, formErrorf("line ends within a hash")
	}
	value = make([]byte, sha256.Size)
	_, err = hex.Decode(value, b[:hexSize])
	if err != nil || !bytes.Equal(hex.AppendEncode(nil, value), b[:hexSize]) {
		return nil, nil, formErrorf("hash is not in lower-case hexadecimal")
	}
	return value, b[hexSize:], nil
}

// checkpointLine carries the signed note as a JSON string and its SHA-256. The sum does not stop an attacker. It reveals
// damage in parts that the verifier has no key for, such as a witness's cosignature.
func checkpointLine(checkpoint []byte) ([]byte, error) {
	if _, err := ReadCheckpoint(checkpoint); err != nil {
		return nil, fmt.Errorf("ledger: export: %w", err)
	}
	b := append([]byte(checkpointStart), quoteNote(checkpoint)...)
	b = append(b, checksumStart...)
	sum := sha256.Sum256(checkpoint)
	b = hex.AppendEncode(b, sum[:])
	return append(b, checksumEnd...), nil
}

// quoteNote writes a note as a JSON string. A newline is a note's only control character, so only '"', '\' and newlines are
// escaped.
func quoteNote(n []byte) []byte {
	b := appendString(nil, string(n))
	return bytes.ReplaceAll(b, []byte("\n"), []byte(`\n`))
}

// parseCheckpointLine returns the note. It refuses an invalid line and a wrong sum.
func parseCheckpointLine(line []byte) (checkpoint []byte, c Checkpoint, err error) {
	rest, ok := bytes.CutPrefix(line, []byte(checkpointStart))
	tail := len(checksumStart) + hexSize + len(checksumEnd)
	if !ok || len(rest) < tail {
		return nil, c, formErrorf("line is not that of the checkpoint")
	}
	var text string
	if err := json.Unmarshal(rest[:len(rest)-tail], &text); err != nil {
		return nil, c, formErrorf("checkpoint is not a JSON string: %v", err)
	}
	checkpoint = []byte(text)
	if c, err = ReadCheckpoint(checkpoint); err != nil {
		return nil, c, err
	}
	again, err := checkpointLine(checkpoint)
	if err != nil {
		return nil, c, err
	}
	if body := len(line) - tail; len(again) != len(line) || !bytes.Equal(again[:body], line[:body]) {
		return nil, c, formErrorf("line of the checkpoint is not in canonical form")
	}
	if !bytes.Equal(again, line) {
		return nil, c, errChecksum
	}
	return checkpoint, c, nil
}

var errChecksum = formErrorf("checkpoint and the SHA-256 beside it do not agree")
