package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/recordings"
)

// recordings lists sessions that have one.
func (s *Server) recordings(c *call) error {
	return show(s, c, func(snap *store.Snap) ([]Recording, error) {
		f := s.mySessions(c.person)
		f.Recorded = true
		rows, err := snap.Sessions(f)
		out := make([]Recording, 0, len(rows))
		for _, r := range rows {
			if err != nil {
				break
			}
			var v Recording
			v, err = s.wholeRecording(snap, r)
			out = append(out, v)
		}
		return out, err
	})
}

func (s *Server) recording(c *call) error {
	r, err := s.mySession(c, "recording")
	if err != nil {
		return err
	}
	return show(s, c, func(snap *store.Snap) (Recording, error) { return s.wholeRecording(snap, r) })
}

// play streams what the broker's viewing key opens: output and events, never input.
func (s *Server) play(c *call) error {
	r, purpose, err := s.view(c, policy.ActPlay)
	if err != nil {
		return err
	}
	rec, err := recordings.Open(s.recordingPath(r), s.o.Ring.ViewingIdentity())
	if err != nil {
		return s.unreadable(r, err)
	}
	defer rec.Close()
	if err := s.looked(c, "recording.viewed", []string{r.ID, c.person.ID}, map[string]string{"purpose": purpose, "scope": "output"}); err != nil {
		return err
	}
	defer s.streaming(c, "application/x-ndjson", lookStall)()
	return WriteFrames(c.r.Context(), c.w, rec)
}

// sealedFile hands out the file as it lies: what it takes to open the input never comes here.
// Only who may take recordings out gets it, and only from a session that is over.
func (s *Server) sealedFile(c *call) error {
	r, purpose, err := s.view(c, policy.ActExport)
	if err != nil {
		return err
	}
	if r.State.Live() {
		return faultNotSealed()
	}
	f, err := os.Open(s.recordingPath(r))
	if err != nil {
		return s.unreadable(r, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return s.unreadable(r, err)
	}
	payload := map[string]string{"purpose": purpose, "scope": "input", "sha256": r.RecordingSum}
	if err := s.looked(c, "recording.viewed", []string{r.ID, c.person.ID}, payload); err != nil {
		return err
	}
	defer s.streaming(c, "application/octet-stream", takeStall)()
	if _, err := io.CopyN(c.w, f, info.Size()); err != nil {
		return fmt.Errorf("send recording %s: %w", r.ID, err)
	}
	return nil
}

func (s *Server) exportRecording(c *call) error {
	format := c.r.FormValue("format")
	write, known := map[string]func(context.Context, io.Writer, *recordings.Reader, uint32) error{
		"asciicast": recordings.Asciicast,
		"text":      recordings.Text,
		"raw": func(ctx context.Context, w io.Writer, r *recordings.Reader, channel uint32) error {
			return recordings.Raw(ctx, w, r, channel, recordings.Stdout)
		},
	}[format]
	if !known {
		return faultBadRequest("形式は asciicast、text、raw のどれかです", "format is one of asciicast, text, raw", nil)
	}
	r, purpose, err := s.view(c, policy.ActExport)
	if err != nil {
		return err
	}
	channel, err := s.channel(c, r)
	if err != nil {
		return err
	}
	rec, err := recordings.Open(s.recordingPath(r), s.o.Ring.ViewingIdentity())
	if err != nil {
		return s.unreadable(r, err)
	}
	defer rec.Close()
	payload := map[string]string{"purpose": purpose, "format": format, "channel": strconv.FormatUint(uint64(channel), 10), "sha256": r.RecordingSum}
	if err := s.looked(c, "recording.exported", []string{r.ID, c.person.ID}, payload); err != nil {
		return err
	}
	defer s.streaming(c, "application/octet-stream", takeStall)()
	if err := write(c.r.Context(), c.w, rec, channel); err != nil {
		return fmt.Errorf("export recording %s: %w", r.ID, err)
	}
	return nil
}

// channel is the one asked for, else the first that had a terminal, else the first that ran.
func (s *Server) channel(c *call, r store.Session) (uint32, error) {
	if v := c.r.FormValue("channel"); v != "" {
		n, err := strconv.ParseUint(v, 10, 32)
		if err != nil {
			return 0, faultBadRequest("channel は番号です", "channel is a number", nil)
		}
		return uint32(n), nil
	}
	rec, err := recordings.Open(s.recordingPath(r), s.o.Ring.ViewingIdentity())
	if err != nil {
		return 0, s.unreadable(r, err)
	}
	defer rec.Close()
	list, err := recordings.Channels(c.r.Context(), rec)
	if err != nil {
		return 0, fmt.Errorf("channels of recording %s: %w", r.ID, err)
	}
	for _, ch := range list {
		if ch.Terminal != nil {
			return ch.Number, nil
		}
	}
	for _, ch := range list {
		if ch.Start != "" {
			return ch.Number, nil
		}
	}
	return 0, nil
}

// view asks policy and finds the recording. A refusal is ledgered there.
func (s *Server) view(c *call, act policy.Act) (store.Session, string, error) {
	id, purpose := c.r.PathValue("id"), strings.TrimSpace(c.r.FormValue("purpose"))
	if _, err := s.mayLook(c, policy.Attempt{Act: act, Session: id, Purpose: purpose}, "recording"); err != nil {
		return store.Session{}, "", err
	}
	var r store.Session
	err := s.o.DB.Read(c.r.Context(), func(snap *store.Snap) (err error) {
		r, err = snap.Session(id)
		return err
	})
	if err != nil {
		return r, "", err
	}
	if r.Recording == "" {
		return r, "", &Fault{
			Status: http.StatusNotFound, Code: CodeNotFound, Exit: ExitError,
			JA: "この接続に操作記録はありません", EN: "this session has no recording",
			HintJA: "接続先に届く前に終わった接続です", HintEN: "it ended before the target was reached",
		}
	}
	return r, purpose, nil
}

// recordingPath is the file. The row is the broker's own, and still no path leaves the directory.
func (s *Server) recordingPath(r store.Session) string {
	return filepath.Join(s.o.RecordingsDir, filepath.FromSlash(filepath.Clean("/"+r.Recording)))
}

func (s *Server) unreadable(r store.Session, err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return &Fault{
			Status: http.StatusNotFound, Code: CodeNotFound, Exit: ExitError,
			JA: "操作記録のファイルがありません", EN: "the recording's file is missing",
			HintJA: "台帳は残っています。情報システム課へ", HintEN: "the ledger entry remains; call the information-systems section", cause: err,
		}
	}
	return fmt.Errorf("open recording %s: %w", r.ID, err)
}

// verifyRecording holds the file against the digest in the ledger. The session's row says the same
// and proves nothing: it can be edited by hand.
func (s *Server) verifyRecording(c *call) error {
	r, err := s.mySession(c, "recording")
	if err != nil {
		return err
	}
	var want *recordings.Digest
	err = s.o.DB.Read(c.r.Context(), func(snap *store.Snap) (err error) {
		want, err = ledgeredDigest(snap, r.ID)
		return err
	})
	if err != nil {
		return err
	}
	if want == nil {
		return faultNotSealed()
	}
	out := RecordingCheck{Session: r.ID, SHA256: want.SHA256.String(), Size: want.Size, OK: true}
	_, err = recordings.VerifyDigest(s.recordingPath(r), *want)
	var corrupt *recordings.CorruptError
	var torn *recordings.TruncatedError
	var other *recordings.DigestError
	switch {
	case err == nil:
	case errors.As(err, &corrupt), errors.As(err, &torn), errors.As(err, &other):
		out.OK, out.Place = false, err.Error()
	default:
		return s.unreadable(r, err)
	}
	return c.reply(out)
}

func faultNotSealed() *Fault {
	return &Fault{
		Status: http.StatusConflict, Code: "not-sealed", Exit: ExitError, JA: "操作記録はまだ封印されていません", EN: "the recording is not sealed yet",
		HintJA: "接続が終わってからやり直してください", HintEN: "try again when the session is over",
	}
}

// ledgeredDigest finds the digest in the entry that ended the session; nil when there is none yet.
func ledgeredDigest(snap *store.Snap, id string) (*recordings.Digest, error) {
	for e, err := range snap.Entries(store.EntryFilter{Kind: "session.ended", Subject: id}) {
		if err != nil {
			return nil, err
		}
		var payload struct {
			Recording *recordings.Digest `json:"recording"`
		}
		if err := json.Unmarshal(e.Payload, &payload); err != nil {
			return nil, fmt.Errorf("entry %d: %w", e.Index, err)
		}
		return payload.Recording, nil
	}
	return nil, nil
}
