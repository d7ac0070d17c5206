package view

import (
	"context"
	"fmt"

	"sekimori/broker/evidence"
	"sekimori/broker/store"
	"sekimori/recordings"
	"sekimori/recordings/offline"
)

// Player is the script and the style of the player in the pages.
type Player struct{ Script, Style []byte }

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
