package view

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/ledger"
	"sekimori/recordings"
)

// mostBookmarks bounds the bookmarks of a timeline.
const mostBookmarks = 500

// bookmark is an attendant's bookmark, as the ledger has it.
type bookmark struct {
	at    time.Time
	by    string
	note  string
	after bool // made when the session had ended: it is about the session as a whole
}

func bookmarkOf(e ledger.Entry) (bookmark, error) {
	var body struct {
		Note  string    `json:"note"`
		Ended time.Time `json:"ended_at"`
	}
	if e.Payload != nil { // else disposed of
		if err := json.Unmarshal(e.Payload, &body); err != nil {
			return bookmark{}, fmt.Errorf("entry %d: %w", e.Index, err)
		}
	}
	return bookmark{e.Time, e.Actor.ID, body.Note, !body.Ended.IsZero()}, nil
}

// timeline joins the marks of a recording with the bookmarks.
func timeline(session string, started time.Time, line *recordings.Timeline, notes []bookmark) api.Timeline {
	out := api.Timeline{Session: session, Started: started, LengthMS: line.Elapsed.Milliseconds(), PlayMS: line.Played.Milliseconds(), Bytes: line.Bytes, Left: line.Left + line.TypedLeft, Marks: []api.Mark{}}
	for _, l := range line.Typed {
		out.Typed = append(out.Typed, api.Mark{At: started.Add(l.Elapsed), AtMS: l.Elapsed.Milliseconds(), PlayMS: line.PlayedAt(l.Elapsed).Milliseconds(), Group: api.MarkTyped, JA: l.Text, EN: l.Text})
	}
	for _, m := range line.Marks {
		out.Marks = append(out.Marks, api.Mark{At: started.Add(m.Elapsed), AtMS: m.Elapsed.Milliseconds(), PlayMS: m.Played.Milliseconds(), LengthMS: m.Length.Milliseconds(), Group: groupOf(m.Kind), JA: m.JA, EN: m.EN})
	}
	for _, b := range notes {
		elapsed := b.at.Sub(started)
		if b.after {
			elapsed = line.Elapsed
		}
		elapsed = max(elapsed, 0)
		out.Marks = append(out.Marks, api.Mark{At: started.Add(elapsed), AtMS: elapsed.Milliseconds(), PlayMS: line.PlayedAt(elapsed).Milliseconds(), Group: api.MarkBookmark, By: b.by, JA: b.note, EN: b.note})
	}
	slices.SortStableFunc(out.Marks, func(a, b api.Mark) int { return int(a.AtMS - b.AtMS) })
	return out
}

// gapMark is a gap of a recording that does not hold to its end, with its length: screens §6, state gap. A begun second counts.
func gapMark(started time.Time, line *recordings.Timeline, gap time.Duration) api.Mark {
	n := int64((gap + time.Second - 1) / time.Second)
	return api.Mark{At: started.Add(line.Elapsed), AtMS: line.Elapsed.Milliseconds(), PlayMS: line.Played.Milliseconds(), LengthMS: gap.Milliseconds(), Group: api.MarkGap,
		JA: fmt.Sprintf("記録に欠け(%d秒)", n), EN: fmt.Sprintf("Gap of %d s", n)}
}

// groupOf gives the group under which a page shows a mark.
func groupOf(kind string) api.MarkGroup {
	switch kind {
	case recordings.MarkQuiet:
		return api.MarkQuiet
	case recordings.EventShell, recordings.EventExec, recordings.EventSubsystem, recordings.EventSignal, recordings.EventBreak:
		return api.MarkCommand
	case recordings.EventFile, recordings.EventFileEnd:
		return api.MarkFile
	case recordings.EventPause, recordings.EventResume:
		return api.MarkPause
	case recordings.EventRefused:
		return api.MarkRefused
	case recordings.EventRule, recordings.EventRuled:
		return api.MarkRule
	case recordings.EventExtension:
		return api.MarkExtension
	case recordings.EventNotice:
		return api.MarkNotice
	case recordings.EventEnd:
		return api.MarkEnd
	}
	return api.MarkOther
}
