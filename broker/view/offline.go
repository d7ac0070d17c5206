package view

import (
	"context"
	"fmt"
	"io"

	"sekimori/broker/evidence"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/recordings"
	"sekimori/recordings/offline"
)

// Player is the script and the style of the player in the pages.
type Player struct{ Script, Style []byte }

// ExportOffline writes a recording as one HTML file, for a person who may export it, with a purpose. Whether it fits is found out before the entry, which
// is committed before begin is called, and begin before the first byte. damaged takes out what can be read of a recording that does not hold, which needs policy's
// permission too; the file says so. Errors: *policy.Denied, ledgered; *evidence.BadError; those of OfflinePage.
func (v *Views) ExportOffline(ctx context.Context, by Reader, session string, why Why, lang string, player Player, damaged bool, begin func(FormFile) io.Writer) error {
	if _, err := v.May(ctx, by, policy.Attempt{Act: policy.ActExport, Session: session, Purpose: why.Purpose}, "recording"); err != nil {
		return err
	}
	open := v.o.Evidence.Open
	if damaged {
		if _, err := v.May(ctx, by, policy.Attempt{Act: policy.ActOpenDamaged, Session: session, Purpose: why.Purpose}, "recording"); err != nil {
			return err
		}
		open = v.o.Evidence.OpenDamaged
	}
	held, err := open(ctx, session)
	if err != nil {
		return err
	}
	defer held.Close()
	encoding, err := v.Encoding(ctx, session)
	if err != nil {
		return err
	}
	page, err := v.OfflinePage(ctx, held, lang, encoding, player)
	if err != nil {
		return err
	}
	told := map[string]string{"format": "html", "channel": "all", "sha256": held.Digest.SHA256.String()}
	if held.Bad != nil {
		told["damaged"] = string(held.Bad.Finding)
	}
	payload := why.Payload(told)
	if err := v.Looked(ctx, by, "recording.exported", []string{session, by.ID}, payload); err != nil {
		return err
	}
	return page.Write(ctx, begin(FormFile{Name: session + ".html", MediaType: "application/octet-stream"})) // a browser keeps it and does not open it here
}

// OfflinePage prepares the export of a recording as one HTML file, in the zone of the institution. The caller has asked policy, and enters the export before
// it calls Write. Errors: evidence.ErrNotSealed; offline.ErrTooLarge (wrapped).
func (v *Views) OfflinePage(ctx context.Context, held *evidence.Recording, lang string, e recordings.Encoding, player Player) (*offline.Page, error) {
	if held.Live || held.Entry() < 0 {
		return nil, evidence.ErrNotSealed
	}
	started, err := held.Started(v.o.Ring.ViewingIdentity())
	if err != nil {
		return nil, fmt.Errorf("open recording %s: %w", held.Session, err)
	}
	look := &Playback{Session: held.Session, Started: At(started, v.o.Zone), Bad: held.Bad, v: v}
	notes, err := look.bookmarks(ctx)
	if err != nil {
		return nil, err
	}
	o := offline.Options{Player: player.Script, Style: player.Style, Exported: At(v.o.Clock(), v.o.Zone)}
	for _, n := range notes {
		at := n.at.Sub(started)
		if n.after {
			at = held.Length
		}
		o.Marks = append(o.Marks, offline.Mark{Elapsed: at, By: n.by, Text: n.note})
	}
	damage := look.DamageText()
	o.Damage = [2]string{damage.JA, damage.EN}
	o.Proof = offline.Proof{SHA256: held.Digest.SHA256.String(), Size: held.Digest.Size, File: held.Digest.File, Entry: held.Entry()}
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		entry, err := s.Entry(held.Entry())
		if err != nil {
			return err
		}
		o.Proof.EntryAt = At(entry.Time, v.o.Zone)
		covers, err := v.coveringOf(s, held.Entry())
		o.Proof.Checkpoint = string(covers.Note)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("proof of recording %s: %w", held.Session, err)
	}
	open := func() (*recordings.Reader, error) { return held.Reader(v.o.Ring.ViewingIdentity()) }
	return offline.New(ctx, open, recordings.View{Lang: lang, Encoding: e, Started: look.Started, CauseJA: causeJA}, o)
}
