package recordings

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
)

// Close writes the end, makes the file durable and returns its digest. Later calls of Data and Event fail; calls under way
// are completed first.
//
// After a failure it keeps the whole segments, seals them as Seal does, and returns the digest together with the first
// failure.
func (w *Writer) Close(end End) (Digest, error) {
	w.syncing <- struct{}{}
	defer func() { <-w.syncing }()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return w.digest, ErrClosed
	}
	for w.err == nil && (w.flushing || w.pending != nil) {
		w.flushOrWait()
	}
	w.closed = true
	for w.flushing { // after a failure elsewhere a write may still run
		w.cond.Wait()
	}
	if w.err == nil {
		if err := w.finish(end); err != nil {
			w.fail(fmt.Errorf("end recording: %w", err))
		}
	}
	cerr := w.file.Close()
	if w.err == nil && cerr != nil {
		w.fail(fmt.Errorf("end recording: %w", cerr))
	}
	if w.err == nil {
		return w.digest, nil
	}
	d, err := Seal(w.path, w.fs, end)
	w.digest = d
	if err != nil && !errors.Is(err, ErrSealed) {
		return d, errors.Join(w.err, err)
	}
	return d, w.err
}

// finish writes the end segment. The caller holds mu, and no flush is running.
func (w *Writer) finish(end End) error {
	end = end.said(w.pre.header)
	body := endBody{Cause: end.Cause, At: end.At, Frames: w.frames, OutputBytes: w.bytes[0], InputBytes: w.bytes[1]}
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	w.digest = body.digest()
	w.chain.Sum(w.digest.Chain[:0])
	b := putHead(nil, segEnd, len(text)+tagLen)
	aad := w.pre.aad(nil, w.size, b)
	aad = append(append(aad, w.digest.Chain[:]...), text...)
	putNonce(w.nonce[:], w.index)
	b = w.sides[0].aead.Seal(append(b, text...), w.nonce[:], nil, aad)
	w.chain.Write(b)
	b = w.check(b)
	if err := writeAll(w.file, b); err != nil {
		return err
	}
	if err := w.file.Sync(); err != nil {
		return err
	}
	if err := w.fs.SyncDir(filepath.Dir(w.path)); err != nil {
		return err
	}
	w.size += int64(len(b))
	w.digest.Size, w.digest.Segments, w.digest.File = w.size, w.index+1, filepath.Base(w.path)
	w.chain.Sum(w.digest.SHA256[:0])
	return nil
}
