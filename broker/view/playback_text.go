package view

import (
	"context"
	"strings"

	"sekimori/broker/api"
	"sekimori/recordings"
	"sekimori/recordings/search"
)

// Sizes of a part of a recording's text, in lines.
const (
	TextLines = 500
	TextHits  = 100
)

// TextFrom gives the part of the recording's text that begins with line no, counted from 0.
func (p *Playback) TextFrom(ctx context.Context, no int) (api.TextPage, error) {
	out := api.TextPage{Items: []api.TextLine{}, From: no}
	err := p.lines(ctx, func(l api.TextLine) {
		if out.Total++; l.No >= no && len(out.Items) < TextLines {
			out.Items = append(out.Items, l)
		}
	})
	return out, err
}

// TextAt gives the part in which the first line at or after a time of the session stands, and the number of that line.
func (p *Playback) TextAt(ctx context.Context, atMS int64) (out api.TextPage, line int, err error) {
	line = -1
	n := 0
	if err := p.lines(ctx, func(l api.TextLine) {
		if n++; line < 0 && l.AtMS >= atMS {
			line = l.No
		}
	}); err != nil {
		return out, 0, err
	}
	if line < 0 {
		line = max(n-1, 0)
	}
	out, err = p.TextFrom(ctx, line/TextLines*TextLines)
	return out, line, err
}

// Search gives the lines that contain the words, from the hit number from on. Width and case of letters do not matter.
func (p *Playback) Search(ctx context.Context, words string, from int) (api.TextPage, error) {
	out := api.TextPage{Items: []api.TextLine{}, From: from}
	wanted := search.Fold(strings.TrimSpace(words))
	if wanted == "" {
		return out, nil
	}
	err := p.lines(ctx, func(l api.TextLine) {
		if !strings.Contains(search.Fold(l.JA), wanted) && (l.EN == l.JA || !strings.Contains(search.Fold(l.EN), wanted)) {
			return
		}
		if out.Total >= from && len(out.Items) < TextHits {
			out.Items = append(out.Items, l)
		}
		out.Total++
	})
	return out, err
}

// lines reads the recording as text and calls take for each line.
func (p *Playback) lines(ctx context.Context, take func(api.TextLine)) error {
	n := 0
	return p.read(ctx, func(r *recordings.Reader) error {
		for l, err := range recordings.TextLines(ctx, r, p.view) {
			if err != nil {
				return err
			}
			line := api.TextLine{No: n, At: p.Started.Add(l.Elapsed), AtMS: l.Elapsed.Milliseconds(), JA: l.JA, EN: l.EN}
			if !l.Output() {
				line.Group = groupOf(l.Kind)
			}
			n++
			take(line)
		}
		return nil
	})
}
