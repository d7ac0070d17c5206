package view

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/bundle"
	"sekimori/broker/evidence"
	"sekimori/broker/freeze"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/policy/text"
	"sekimori/recordings"
)

// exporting is one export of an incident's evidence bundle.
type exporting struct {
	v     *Views
	z     freeze.Status
	held  []store.HeldSession
	files []bundle.HeldFile
	entry int64     // incident.exported
	size  int64     // of the ledger in the bundle
	note  []byte    // its checkpoint
	at    time.Time // of the entry
	w     *bundle.Writer
}

// ExportIncident writes the evidence bundle of an incident or a drill, for auditors, with a purpose. Its entry, which names every session that
// the incident holds, is committed first and is in the bundle. begin is called before the first byte. A recording that is damaged or missing is
// named in the manifest; evidence raises its alarm. Errors: *policy.Denied, ledgered; store.ErrNotFound.
func (v *Views) ExportIncident(ctx context.Context, by Reader, id string, why Why, begin func() io.Writer) error {
	if _, err := v.May(ctx, by, policy.Attempt{Act: policy.ActIncidentExport, Purpose: why.Purpose}, "incident"); err != nil {
		return err
	}
	x := &exporting{v: v}
	var err error
	if x.z, err = v.o.Freezer.One(ctx, id); err != nil {
		return err
	}
	if err := x.ledgered(ctx, by, why); err != nil {
		return err
	}
	if err := x.read(ctx); err != nil {
		return err
	}
	x.w = bundle.NewWriter(begin(), x.at)
	m := bundle.Manifest{Incident: x.z.ID, Drill: x.z.Drill, MadeAt: x.at, By: by.ID, Purpose: why.Purpose, Explanation: why.Explanation, Entry: x.entry, HeldFiles: x.files}
	if err := x.texts(ctx); err != nil {
		return err
	}
	for _, h := range x.held {
		r, err := x.recording(ctx, h.ID)
		if err != nil {
			return err
		}
		m.Recordings = append(m.Recordings, r)
	}
	return x.w.Close(m)
}

// ledgered commits the entry about the export.
func (x *exporting) ledgered(ctx context.Context, by Reader, why Why) error {
	return x.v.o.DB.Write(ctx, func(tx *store.Tx) (err error) {
		if x.held, err = tx.SessionsHeldBy(x.z.ID); err != nil {
			return err
		}
		sessions := []string{}
		for _, h := range x.held {
			if _, ok := bundle.RecordingName(h.ID); !ok || len(sessions) == bundle.MostRecordings {
				return fmt.Errorf("export %s: session %q does not fit into a bundle of at most %d", x.z.ID, h.ID, bundle.MostRecordings)
			}
			sessions = append(sessions, h.ID)
		}
		payload := map[string]any{"incident": x.z.ID, "purpose": why.Purpose, "sessions": sessions}
		if why.Explanation != "" {
			payload["explanation"] = why.Explanation
		}
		if x.z.Drill {
			payload["drill"] = true
		}
		e, err := tx.Append(ledger.Draft{Kind: "incident.exported", Actor: by.actor(), Subjects: []string{x.z.ID, by.ID}, Payload: payload})
		x.entry, x.at = e.Index, e.Time
		return err
	})
}

// read takes what the bundle says of the moment of its entry: the checkpoint that covers it, so that the ledger in the bundle ends there, and the
// files of its sessions.
func (x *exporting) read(ctx context.Context) error {
	return x.v.o.DB.Read(ctx, func(s *store.Snap) (err error) {
		if x.note, err = s.CheckpointAt(x.entry + 1); err != nil {
			return fmt.Errorf("checkpoint of entry %d: %w", x.entry, err)
		}
		head, err := ledger.ReadCheckpoint(x.note)
		if err != nil {
			return err
		}
		x.size = head.Size
		x.files, err = heldFiles(s, x.held)
		return err
	})
}

// heldFiles lists the files that the file gate took from the sessions.
func heldFiles(s *store.Snap, held []store.HeldSession) (all []bundle.HeldFile, err error) {
	sessions, windows := map[string]bool{}, map[string]bool{}
	for _, h := range held {
		sessions[h.ID], windows[h.Window] = true, true
	}
	delete(windows, "")
	for window := range windows {
		files, err := s.Files(store.FileFilter{Window: window})
		if err != nil {
			return nil, fmt.Errorf("files of window %s: %w", window, err)
		}
		for _, f := range files {
			if sessions[f.Session] {
				all = append(all, bundle.HeldFile{ID: f.ID, Session: f.Session, Direction: f.Direction, State: string(f.State), Size: f.Size, SHA256: f.SHA256, Sanitised: f.After,
					Kept: len(f.Kept) > 0 && f.Disposed.IsZero()})
			}
		}
	}
	slices.SortFunc(all, func(a, b bundle.HeldFile) int { return strings.Compare(a.ID, b.ID) })
	return all, nil
}

// texts writes the files that are no recordings.
func (x *exporting) texts(ctx context.Context) error {
	words := func(s string) func(io.Writer) error {
		return func(w io.Writer) error { _, err := io.WriteString(w, s); return err }
	}
	for _, one := range []struct {
		name  string
		write func(io.Writer) error
	}{
		{bundle.Readme, words(bundleReadme(x.z, x.at.In(x.v.o.Zone)))},
		{bundle.LedgerKey, words(x.v.o.Ring.LedgerVerifierKey() + "\n")},
		{bundle.TimelineJA, func(w io.Writer) error { return x.timeline(ctx, w, "ja") }},
		{bundle.TimelineEN, func(w io.Writer) error { return x.timeline(ctx, w, "en") }},
		{bundle.Ledger, func(w io.Writer) error { return ledger.WriteExport(w, x.v.o.DB.EntriesTo(ctx, x.size), x.note) }},
	} {
		if _, _, err := x.w.Add(one.name, one.write); err != nil {
			return fmt.Errorf("export %s: %s: %w", x.z.ID, one.name, err)
		}
	}
	return nil
}

// timelinePart is how many entries of a timeline are read at once: its reader may stall for any time.
const timelinePart = 200

// timeline writes the timeline in one language, an entry a line.
func (x *exporting) timeline(ctx context.Context, w io.Writer, lang string) error {
	var at []int64
	err := x.v.o.DB.Read(ctx, func(s *store.Snap) (err error) {
		at, err = entriesOf(&reading{s: s, sight: policy.Sight{All: true}}, x.z, x.size)
		return err
	})
	if err != nil {
		return err
	}
	head := text.Of(fmt.Sprintf("%s %s の経過(台帳の記載 %d件)\n読むための写しです。確かなのは ledger.jsonl です。\n", incidentWord(x.z.Drill).JA, x.z.ID, len(at)),
		fmt.Sprintf("Timeline of %s %s (%d entries of the ledger)\nFor reading only; what holds is ledger.jsonl.\n", incidentWord(x.z.Drill).EN, x.z.ID, len(at)))
	if _, err := io.WriteString(w, head.In(lang)); err != nil {
		return err
	}
	for part := range slices.Chunk(at, timelinePart) {
		var lines []api.IncidentEntry
		err := x.v.o.DB.Read(ctx, func(s *store.Snap) error {
			for _, no := range part {
				e, err := s.Entry(no)
				if err != nil {
					return err
				}
				lines = append(lines, incidentEntry(e, x.z.Drill, x.v.o.Zone))
			}
			return nil
		})
		if err != nil {
			return err
		}
		names, err := x.v.Names(ctx, actorsOf(lines)...)
		if err != nil {
			return err
		}
		for _, e := range lines {
			if _, err := io.WriteString(w, timelineLine(e, names, lang)); err != nil {
				return err
			}
		}
	}
	return nil
}

func actorsOf(lines []api.IncidentEntry) (ids []string) {
	for _, e := range lines {
		ids = append(ids, e.Actor.ID, e.OnBehalf)
	}
	return ids
}

func incidentWord(drill bool) text.Text {
	if drill {
		return text.Of("訓練", "DRILL")
	}
	return text.Of("事案", "incident")
}

// timelineLine is one line of the text: time, number, event, person, subjects, words.
func timelineLine(e api.IncidentEntry, names map[string]string, lang string) string {
	mark := ""
	if e.Drill {
		mark = incidentWord(true).In(lang) + " "
	}
	who := text.Of("関守", "Sekimori").In(lang)
	if e.Actor.Kind == "person" {
		who = strings.TrimSpace(names[e.Actor.ID] + " (" + e.Actor.ID + ")")
	}
	line := fmt.Sprintf("%s%s  %d  %s  %s  %s", mark, e.Time.Format("2006-01-02 15:04:05 MST"), e.No, e.Event().In(lang), who, strings.Join(e.Subjects, " "))
	if said := e.Said().In(lang); said != "" {
		line += "  " + text.Of("「", "“").In(lang) + said + text.Of("」", "”").In(lang)
	}
	return text.OneLine(line, longestLine) + "\n"
}

// longestLine is the most columns of a line of the timeline: a reason has at most a thousand characters.
const longestLine = 4000

// recording writes one recording as the broker keeps it, and says how it stands. An error ends the export; a damaged recording is none.
func (x *exporting) recording(ctx context.Context, session string) (bundle.Recording, error) {
	r := bundle.Recording{Session: session}
	held, err := x.v.o.Evidence.OpenDamaged(ctx, session)
	var bad *evidence.BadError
	var gone *evidence.DisposedError
	switch {
	case errors.As(err, &gone):
		r.State = bundle.Disposed
		return r, nil
	case errors.As(err, &bad):
		r.State, r.Finding = bundle.Missing, string(bad.Finding)
		return r, nil
	case errors.Is(err, evidence.ErrNone):
		r.State = bundle.None
		return r, nil
	case err != nil:
		return r, fmt.Errorf("export %s: recording of %s: %w", x.z.ID, session, err)
	}
	defer held.Close()
	if held.Live {
		r.State = bundle.Live
		return r, nil
	}
	if r.State = bundle.Whole; held.Bad != nil {
		r.State, r.Finding = bundle.Damaged, string(held.Bad.Finding)
	}
	r.File, _ = bundle.RecordingName(session) // ledgered has refused others
	f, broken, err := x.w.Add(r.File, func(w io.Writer) error {
		src, size, err := held.File()
		if err == nil {
			_, err = io.CopyN(w, contextReader{ctx, src}, size)
		}
		return err
	})
	switch {
	case broken || ctx.Err() != nil:
		return r, errors.Join(err, context.Cause(ctx))
	case err != nil: // the disk: what could be read is in the bundle
		r.State, r.Finding = bundle.Damaged, string(evidence.Unreadable)
		return r, nil
	}
	if held.Bad == nil {
		var sum recordings.Sum
		if err := sum.UnmarshalText([]byte(f.SHA256)); err != nil || held.Confirm(ctx, recordings.Digest{Size: f.Size, SHA256: sum}) != nil {
			r.State, r.Finding = bundle.Damaged, string(evidence.Differs) // it changed while it was read
		}
	}
	return r, x.keys(ctx, held, &r)
}

// keys writes the keys file beside a recording, if there is one, so that recipients who were added later open the recording in the bundle. One that
// could not be read whole is in the bundle as far as it came, and does not hold there.
func (x *exporting) keys(ctx context.Context, held *evidence.Recording, r *bundle.Recording) error {
	src, err := held.Keys()
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	name := bundle.KeysName(r.File)
	_, broken, added := x.w.Add(name, func(w io.Writer) error {
		if err != nil {
			return err
		}
		defer src.Close()
		_, err := io.Copy(w, io.LimitReader(contextReader{ctx, src}, bundle.MostKeys))
		return err
	})
	if broken || ctx.Err() != nil {
		return errors.Join(added, context.Cause(ctx))
	}
	r.Keys = name
	return nil
}

// contextReader ends reading when its caller ends.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(b []byte) (int, error) {
	if c.ctx.Err() != nil {
		return 0, context.Cause(c.ctx)
	}
	return c.r.Read(b)
}
