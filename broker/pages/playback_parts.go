package pages

import (
	"cmp"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"slices"
	"strconv"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/evidence"
	"sekimori/broker/fault"
	"sekimori/broker/view"
	"sekimori/policy"
	"sekimori/policy/text"
)

// squeezes tells whether quiet stretches are shortened.
func squeezes(v *visit) bool { return v.r.URL.Query().Get("idle") != "full" }

// timeline opens the playback that the address names, and its marks: from the recording's index, where it has one. nil and no error: the page
// has asked for the purpose.
func (v *visit) timeline(squeeze bool) (play *view.Playback, line api.Timeline, parts bool, err error) {
	if v.r.URL.Query().Get("v") != "" {
		all, err := v.parts()
		if err == nil {
			defer all.Close()
			line, err = all.Timeline(v.r.Context(), squeeze)
			return all.Playback(), line, true, err
		}
		if !errors.Is(err, evidence.ErrNoIndex) && !errors.Is(err, view.ErrNoPlayback) {
			return nil, line, false, err
		}
	}
	if play, err = v.playing(); play == nil {
		return nil, line, false, err
	}
	line, err = play.Timeline(v.r.Context(), squeeze)
	return play, line, false, err
}

// parts opens the picture in parts. Each call asks policy again.
func (v *visit) parts() (*view.Parts, error) {
	return v.p.o.Views.PlaybackParts(v.r.Context(), v.reader(), v.token, v.r.PathValue("id"), v.r.URL.Query().Get("v"), v.lang)
}

// someParts is parts for the player, which cannot ask for a purpose.
func (v *visit) someParts() (*view.Parts, error) {
	all, err := v.parts()
	switch {
	case errors.Is(err, view.ErrNoPlayback):
		return nil, fault.Refusal(policy.ViewPurposeRequired, nil)
	case errors.Is(err, evidence.ErrNoIndex):
		return nil, &api.Fault{Status: http.StatusNotFound, Code: "no-index", JA: "この操作記録は分けて再生できません", EN: "the recording cannot be played in parts", Cause: err}
	}
	return all, err
}

// reel sends the list of the picture's parts.
func (p *Pages) reel(v *visit) error {
	all, err := v.someParts()
	if err != nil {
		return err
	}
	defer all.Close()
	return v.sendJSON(all.Reel(squeezes(v), func(no int) string { return "parts/" + strconv.Itoa(no) }))
}

// reelPart sends one part, and notes that it was sent.
func (p *Pages) reelPart(v *visit) error {
	all, err := v.someParts()
	if err != nil {
		return err
	}
	defer all.Close()
	no, err := strconv.Atoi(v.r.PathValue("no"))
	if err != nil || no < 0 || no >= all.Count() {
		return &api.Fault{Status: http.StatusNotFound, Code: "no-part", JA: "そのような部分はありません", EN: "there is no such part"}
	}
	part, err := all.Part(no, squeezes(v))
	if err != nil {
		return err
	}
	if err := v.sendJSON(part); err != nil {
		return err
	}
	all.Sent(no)
	return nil
}

func (v *visit) sendJSON(body any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	v.w.Header().Set("Content-Type", "application/json")
	_, err = v.w.Write(b)
	return err
}

// Density is how much the target sent over the time of a session: a strip, and the same in words.
type Density struct {
	Wide, High int // of the strip
	Bars       []Bar
	From, To   DensityRow
	Peak       DensityRow // the stretch with the most output
	Rows       []DensityRow
}

// Bar is one bar of the strip.
type Bar struct{ X, Y, High int }

// DensityRow is a stretch of the session in words.
type DensityRow struct {
	At, ISO, To string
	Size        text.Text
	PlayMS      int64
}

const (
	stripHigh    = 24
	densityRows  = 12
	barWide      = 4
	fewestToDraw = 2 // a session of one stretch has no shape
)

// densityOf draws the density. The height of a bar follows the number of digits of its bytes, so that a few lines show beside a long listing.
func densityOf(line api.Timeline) *Density {
	bars := line.Density
	if len(bars) < fewestToDraw {
		return nil
	}
	peak := slices.MaxFunc(bars, func(a, b api.DensityBar) int { return cmp.Compare(a.Bytes, b.Bytes) })
	row := func(b api.DensityBar) DensityRow {
		at, to := line.Started.Add(time.Duration(b.AtMS)*time.Millisecond), line.Started.Add(time.Duration(b.ToMS)*time.Millisecond)
		return DensityRow{At: at.Format("15:04:05"), ISO: at.Format("2006-01-02T15:04:05-07:00"), To: to.Format("15:04:05"), Size: bytesOf(b.Bytes), PlayMS: b.PlayMS}
	}
	d := &Density{Wide: barWide * len(bars), High: stripHigh, Peak: row(peak), From: row(bars[0]), To: row(bars[len(bars)-1])}
	most := math.Log1p(float64(max(peak.Bytes, 1)))
	each := (len(bars) + densityRows - 1) / densityRows
	for i, b := range bars {
		if b.Bytes > 0 {
			high := max(int(math.Round(stripHigh*math.Log1p(float64(b.Bytes))/most)), 1)
			d.Bars = append(d.Bars, Bar{X: barWide * i, Y: stripHigh - high, High: high})
		}
		if i%each == 0 {
			sum := b
			for _, more := range bars[i+1 : min(i+each, len(bars))] {
				sum.ToMS, sum.Bytes = more.ToMS, sum.Bytes+more.Bytes
			}
			d.Rows = append(d.Rows, row(sum))
		}
	}
	return d
}

func bytesOf(n int64) text.Text {
	if n < 10<<10 {
		return text.Of(strconv.FormatInt(n, 10)+"バイト", strconv.FormatInt(n, 10)+" bytes")
	}
	return sizeOf(n)
}
