package web

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strconv"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/evidence"
	"sekimori/broker/fault"
	"sekimori/broker/store"
	"sekimori/broker/view"
	"sekimori/policy"
	"sekimori/policy/text"
	"sekimori/recordings"
)

func (s *Server) recordings(c *call) error {
	p, err := c.page()
	if err != nil {
		return err
	}
	asked, err := s.asked(c)
	if err != nil {
		return err
	}
	list, err := s.o.Views.Recordings(c.r.Context(), c.reader(), asked, p)
	return c.answer(list, err)
}

// asked reads what narrows a list of sessions or recordings.
func (s *Server) asked(c *call) (view.SessionsAsked, error) {
	a, err := view.AskedOf(c.r.FormValue, s.o.Zone)
	if err != nil {
		return a, fault.BadRequest("絞り込みの日は 2026-11-24 の形、言葉は128バイトまでです", "days of a filter are written 2026-11-24, and words have at most 128 bytes", err)
	}
	return a, nil
}

func (s *Server) recording(c *call) error {
	v, err := s.o.Views.Recording(c.r.Context(), c.reader(), c.r.PathValue("id"))
	return c.answer(v, err)
}

// play streams what the broker's viewing key opens: output and events, never input.
func (s *Server) play(c *call) error {
	held, why, err := s.view(c, policy.ActPlay)
	if err != nil {
		return err
	}
	defer held.Close()
	rec, err := held.Reader(s.o.Ring.ViewingIdentity())
	if err != nil {
		return s.unread(held, err)
	}
	defer rec.Close()
	if err := s.playing(c, held.Session, rec.Header().Started); err != nil {
		return err
	}
	payload := why.Payload(map[string]string{"scope": "output"})
	look, err := s.o.Views.BeginStream(c.r.Context(), c.reader(), held.Session, seenDamaged(held, payload))
	if err != nil {
		return err
	}
	tellDamaged(c, held)
	defer s.streaming(c, "application/x-ndjson", lookStall)()
	var sent time.Duration
	if held.Bad != nil {
		sent, err = WriteDamagedFrames(c.r.Context(), c.w, rec, damagedBody(held.Bad))
	} else if sent, err = WriteFrames(c.r.Context(), c.w, rec); err == nil {
		if err = held.Confirm(c.r.Context(), rec.Digest()); err == nil && !held.Live {
			sent = max(sent, held.Length) // all of it: the recording's end lies behind its last frame
		}
	}
	return errors.Join(err, look.End(c.r.Context(), sent, held.Length))
}

// sealedFile streams the stored file. The key that opens its input is never on the broker.
// Only a person who may export recordings gets it, and only for a session that is over.
func (s *Server) sealedFile(c *call) error {
	held, why, err := s.view(c, policy.ActExport, s.isOver)
	if err != nil {
		return err
	}
	defer held.Close()
	if held.Live {
		return fault.NotSealed() // although its row says that the session is over
	}
	f, size, err := held.File()
	if err != nil {
		return err
	}
	enc, err := s.encoding(c, held.Session)
	if err != nil {
		return err
	}
	c.w.Header().Set(api.HeaderEncoding, string(enc))
	payload := why.Payload(map[string]string{"scope": "input", "sha256": held.Digest.SHA256.String()})
	if err := s.looked(c, "recording.viewed", []string{held.Session, c.person.ID}, seenDamaged(held, payload)); err != nil {
		return err
	}
	tellDamaged(c, held)
	c.w.Header().Set(api.HeaderRecording, held.Session)
	c.w.Header().Set(api.HeaderSHA256, held.Digest.SHA256.String())
	defer s.streaming(c, "application/octet-stream", takeStall)()
	read := recordings.Digest{Size: size}
	sum := sha256.New()
	if _, err := io.CopyN(io.MultiWriter(c.w, sum), f, size); err != nil {
		return fmt.Errorf("send recording %s: %w", held.Session, err)
	}
	sum.Sum(read.SHA256[:0])
	return held.Confirm(c.r.Context(), read)
}

// sealedKeys streams the keys file beside a recording, to a person who may have the sealed file. Without one it is not found, and nothing
// was looked at.
func (s *Server) sealedKeys(c *call) error {
	held, why, err := s.view(c, policy.ActExport, s.isOver)
	if err != nil {
		return err
	}
	defer held.Close()
	f, err := held.Keys()
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("keys of recording %s: %w", held.Session, store.ErrNotFound)
	}
	if err != nil {
		return fmt.Errorf("keys of recording %s: %w", held.Session, err)
	}
	defer f.Close() // read only: closing loses nothing
	if err := s.looked(c, "recording.viewed", []string{held.Session, c.person.ID}, seenDamaged(held, why.Payload(map[string]string{"scope": "keys"}))); err != nil {
		return err
	}
	defer s.streaming(c, "application/octet-stream", takeStall)()
	if _, err := io.Copy(c.w, io.LimitReader(f, mostKeys)); err != nil {
		return fmt.Errorf("send keys of recording %s: %w", held.Session, err)
	}
	return nil
}

// mostKeys bounds a keys file that is sent; a whole one has at most 64 entries of some 8 KiB.
const mostKeys = 1 << 20

func (s *Server) exportRecording(c *call) error {
	format := c.r.FormValue("format")
	if !slices.Contains([]string{"asciicast", "text", "raw", "html"}, format) {
		return fault.BadRequest("形式は asciicast、text、raw、html のどれかです", "format is one of asciicast, text, raw, html", nil)
	}
	held, why, err := s.view(c, policy.ActExport)
	if err != nil {
		return err
	}
	defer held.Close()
	if format == "html" {
		return s.exportPage(c, held, why)
	}
	v, err := s.exportView(c, held, format)
	if err != nil {
		return err
	}
	rec, err := held.Reader(s.o.Ring.ViewingIdentity())
	if err != nil {
		return s.unread(held, err)
	}
	defer rec.Close()
	payload := why.Payload(map[string]string{"format": format, "channel": "all", "sha256": held.Digest.SHA256.String()})
	if v.Channel != nil {
		payload["channel"] = strconv.FormatUint(uint64(*v.Channel), 10)
	}
	if held.Live {
		delete(payload, "sha256") // there is none yet
	}
	if err := s.looked(c, "recording.exported", []string{held.Session, c.person.ID}, seenDamaged(held, payload)); err != nil {
		return err
	}
	tellDamaged(c, held)
	defer s.streaming(c, "application/octet-stream", takeStall)()
	v.Started = rec.Header().Started.In(s.o.Zone)
	write := func(w io.Writer) error { return export(c.r.Context(), w, rec, format, v) }
	if held.Bad != nil {
		return exportDamaged(c.w, format, held.Bad, write)
	}
	if err := write(c.w); err != nil && (!held.Live || !cutShort(err)) {
		return fmt.Errorf("export recording %s: %w", held.Session, err)
	}
	return held.Confirm(c.r.Context(), rec.Digest())
}

// export writes a recording in one of the export formats.
func export(ctx context.Context, w io.Writer, rec *recordings.Reader, format string, v recordings.View) error {
	switch format {
	case "asciicast":
		return recordings.Asciicast(ctx, w, rec, v)
	case "text":
		return recordings.Text(ctx, w, rec, v)
	}
	return recordings.Raw(ctx, w, rec, *v.Channel, recordings.Stdout)
}

// cutShort tells whether a recording stops without an end, as a live one does.
func cutShort(err error) bool {
	var torn *recordings.TruncatedError
	return errors.As(err, &torn)
}

// exportView gives the way to write a recording: the caller's language, the target's encoding, and one channel or all
// of them. A text has all channels unless one is asked for; a picture has the first with a terminal; raw bytes have one.
func (s *Server) exportView(c *call, held *evidence.Recording, format string) (v recordings.View, err error) {
	v.CauseJA = func(code string) string { return policy.Reason(code).Label().JA }
	v.Lang = cmp.Or(text.Accepted(c.r.Header.Get("Accept-Language")), "en")
	if v.Encoding, err = s.encoding(c, held.Session); err != nil {
		return v, err
	}
	if n := c.r.FormValue("channel"); n != "" {
		n, err := strconv.ParseUint(n, 10, 32)
		if err != nil {
			return v, fault.BadRequest("channel は番号です", "channel is a number", nil)
		}
		channel := uint32(n)
		v.Channel = &channel
		return v, nil
	}
	if format == "text" {
		return v, nil
	}
	rec, err := held.Reader(s.o.Ring.ViewingIdentity())
	if err != nil {
		return v, s.unread(held, err)
	}
	defer rec.Close()
	list, err := recordings.Channels(c.r.Context(), rec)
	if err != nil && held.Bad == nil && !held.Live {
		return v, fmt.Errorf("channels of recording %s: %w", held.Session, err)
	}
	for _, ch := range list {
		if ch.Terminal != nil {
			v.Channel = &ch.Number
			return v, nil
		}
	}
	if format == "raw" {
		v.Channel = new(uint32)
		for _, ch := range list {
			if ch.Start != "" {
				v.Channel = &ch.Number
				break
			}
		}
	}
	return v, nil
}

// encoding gives the encoding asked for, else the target's.
func (s *Server) encoding(c *call, session string) (recordings.Encoding, error) {
	if e, err := c.encoding(); e != "" || err != nil {
		return e, err
	}
	return s.o.Views.Encoding(c.r.Context(), session)
}

// encoding reads ?encoding=; empty: none was asked for.
func (c *call) encoding() (recordings.Encoding, error) {
	name := c.r.FormValue("encoding")
	if name == "" {
		return "", nil
	}
	e, err := recordings.ParseEncoding(name)
	if err != nil {
		return "", fault.BadRequest("encoding は utf-8、cp932、euc-jp のどれかです", "encoding is one of utf-8, cp932, euc-jp", nil)
	}
	return e, nil
}

// playing tells the caller how to show the frames that follow.
func (s *Server) playing(c *call, session string, started time.Time) error {
	e, err := s.encoding(c, session)
	if err != nil {
		return err
	}
	c.w.Header().Set(api.HeaderEncoding, string(e))
	c.w.Header().Set(api.HeaderStarted, started.In(s.o.Zone).Format(time.RFC3339Nano))
	return nil
}

// view asks policy and opens the recording, compared with the ledger. It ledgers a refusal by policy; a recording that
// does not hold has raised its alarm. Opening such a recording (damaged=true) needs policy's permission too.
func (s *Server) view(c *call, act policy.Act, wants ...func(c *call, id string) error) (*evidence.Recording, view.Why, error) {
	id := c.r.PathValue("id")
	why, err := c.viewing()
	if err != nil {
		return nil, view.Why{}, err
	}
	if _, err := s.mayLook(c, policy.Attempt{Act: act, Session: id, Purpose: why.Purpose}, "recording"); err != nil {
		return nil, view.Why{}, err
	}
	open := s.o.Evidence.Open
	if c.r.FormValue("damaged") == "true" {
		if _, err := s.mayLook(c, policy.Attempt{Act: policy.ActOpenDamaged, Session: id, Purpose: why.Purpose}, "recording"); err != nil {
			return nil, view.Why{}, err
		}
		open = s.o.Evidence.OpenDamaged
	}
	for _, want := range wants {
		if err := want(c, id); err != nil {
			return nil, view.Why{}, err
		}
	}
	held, err := open(c.r.Context(), id)
	if err != nil {
		return nil, view.Why{}, err
	}
	return held, why, nil
}

// isOver returns an error unless the session has ended.
func (s *Server) isOver(c *call, id string) error {
	return s.o.DB.Read(c.r.Context(), func(snap *store.Snap) error {
		r, err := snap.Session(id)
		if err == nil && r.State.Live() {
			return fault.NotSealed()
		}
		return err
	})
}

// unread explains why a file that holds, or that is opened although it does not, cannot be played.
func (s *Server) unread(held *evidence.Recording, err error) error {
	if held.Bad == nil {
		return fmt.Errorf("open recording %s: %w", held.Session, err)
	}
	f := fault.Damaged(held.Bad)
	f.HintJA, f.HintEN = "開ける部分がありません。ファイルに触れず、情報システム課へ", "no part of it opens; leave the file as it is and call the information-systems section"
	f.Cause = err
	return f
}

// verifyRecording compares the file with the digest in the ledger. The digest in the session's row
// proves nothing: it can be edited by hand.
func (s *Server) verifyRecording(c *call) error {
	id := c.r.PathValue("id")
	if err := s.o.Views.SeeRecording(c.r.Context(), c.reader(), id, nil); err != nil {
		return err
	}
	held, err := s.o.Evidence.Open(c.r.Context(), id)
	var bad *evidence.BadError
	switch {
	case errors.As(err, &bad):
		said := bad.Text()
		out := api.RecordingCheck{Session: id, Finding: string(bad.Finding), Place: said.EN, PlaceJA: said.JA}
		if bad.Place != nil {
			out.Place, out.PlaceJA = out.Place+": "+bad.Place.Error(), out.PlaceJA+" ["+bad.Place.Error()+"]"
		}
		return c.reply(out)
	case errors.Is(err, evidence.ErrNone):
		return fault.NotSealed()
	case err != nil:
		return err
	}
	if err := held.Close(); err != nil {
		return err
	}
	if held.Live {
		return fault.NotSealed()
	}
	return c.reply(api.RecordingCheck{Session: id, SHA256: held.Digest.SHA256.String(), Size: held.Digest.Size, OK: true})
}
