package demo

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"sekimori/broker/api"
	"sekimori/recordings"
)

// now is the demonstration's clock, which everybody in it goes by.
func (d *demo) now() time.Time { return d.Now().Round(0).Add(time.Duration(d.ahead.Load())) }

// skip sets the clock forward, so that the demonstration need not wait for most of a window. Its steps are shorter than the limit
// on an attendant's absence, and the attendant sends a heartbeat after each.
func (d *demo) skip(ctx context.Context, to time.Time) error {
	const step = 12 * time.Second
	for {
		left := to.Sub(d.now())
		if left <= 0 {
			return ctx.Err()
		}
		d.ahead.Add(int64(min(left, step)))
		if err := d.post.beat(ctx); err != nil {
			return err
		}
	}
}

// post is the attendant's place, with what the attendant sees there.
type post struct {
	d      *demo
	window string
	seen   *transcript
	ended  chan error
	leave  context.CancelFunc
}

// take opens the window and stays, as `attend stay` does, until the demonstration ends or the post is left.
func (d *demo) take(ctx context.Context) error {
	var w api.Window
	if err := d.tachiai.sign(ctx, &w, "window", "open", d.window); err != nil {
		return err
	}
	if w.State != "permitted" {
		if err := d.tachiai.sign(ctx, &w, "attend", "permit", d.window); err != nil {
			return err
		}
	}
	life, cancel := context.WithCancel(d.life)
	at := &post{d: d, window: d.window, seen: &transcript{now: d.now, grown: make(chan struct{}, 1)}, ended: make(chan error, 1), leave: cancel}
	go func() {
		var problems bytes.Buffer
		at.ended <- d.tachiai.run(life, nil, at.seen, &problems, "attend", "stay", d.window)
	}()
	d.post = at
	return at.seen.await(ctx, d.window)
}

// beat says once more that the attendant is there.
func (at *post) beat(ctx context.Context) error {
	if at == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	var problems bytes.Buffer
	heard := &once{done: cancel}
	if err := at.d.tachiai.run(ctx, nil, heard, &problems, "attend", "stay", at.window); err != nil {
		return err
	}
	if !heard.wrote {
		return fmt.Errorf("the attendant was not heard of: %s", problems.String())
	}
	return nil
}

// once is a console that is left as soon as it shows something.
type once struct {
	done  context.CancelFunc
	wrote bool
}

func (o *once) Write(p []byte) (int, error) {
	o.wrote = true
	o.done()
	return len(p), nil
}

// lines are what the attendant saw that holds the word, each with what it goes on with.
func (at *post) lines(word string) []string {
	text, _ := at.seen.text()
	return whole(strings.Split(strings.TrimSpace(text), "\n"), func(line string) bool { return strings.Contains(line, word) })
}

// whole are the lines that begin as asked, each with the indented lines below it that belong to it.
func whole(lines []string, begins func(string) bool) []string {
	var out []string
	within := false
	for _, line := range lines {
		if !strings.HasPrefix(line, " ") {
			within = begins(line)
		}
		if within {
			out = append(out, recordings.Visible(strings.TrimRight(line, "\r")))
		}
	}
	return out
}

// gone leaves the post of a window that is over.
func (d *demo) gone() {
	if d.post != nil {
		d.post.leave()
		<-d.post.ended
		d.post = nil
	}
}

// prepared states the backup and ticks what comes before the start.
func (d *demo) prepared(ctx context.Context) ([]string, error) {
	var v api.Attendance
	if err := d.tachiai.ask(ctx, &v, "attend", "backup", d.window, "--at", d.now().Add(-6*time.Hour).Format(time.RFC3339), "--ok"); err != nil {
		return nil, err
	}
	for _, s := range v.Checklist.Steps {
		if s.Phase != "open" {
			continue
		}
		if err := d.tachiai.ask(ctx, &v, "attend", "tick", d.window, s.ID); err != nil {
			return nil, err
		}
	}
	seen, err := d.tachiai.reads(ctx, "attend", "show", d.window)
	if err != nil {
		return nil, err
	}
	return whole(seen, func(l string) bool {
		return strings.HasPrefix(l, "[v]") || strings.HasPrefix(l, "(-)") || strings.HasPrefix(l, d.say("バックアップ", "BACKUP"))
	}), nil
}

func (d *demo) open(ctx context.Context) error {
	status, said, err := d.tachiai.refusedSigned(ctx, "window", "open", d.window)
	if err != nil {
		return err
	}
	d.narrate("open-refused", "立会者が開けようとしますが、手順書の手順が残っているので、まだ開けられません。",
		"The attendant tries to open. Steps of the checklist are left, so it does not open yet.", map[string]any{"exit": status}, said...)
	shown, err := d.prepared(ctx)
	if err != nil {
		return err
	}
	d.narrate("backup-and-checklist", "立会者がバックアップの日時と結果を述べ、手順書の手順を一つずつ、自分の名前で確認済みにします。",
		"The attendant states when the backup was made and how it went, and ticks the steps of the checklist by name.", nil, shown...)
	if err := d.lineUp(ctx); err != nil {
		return err
	}
	if err := d.take(ctx); err != nil {
		return err
	}
	d.narrate("open", "開きました。立会者は席に着き続けます。席からの知らせが 30秒途絶えれば作業は止まり、2分で切れます。",
		"Open. The attendant stays at the post: not heard of for 30 s, and the work pauses; for 2 min, and it is cut.",
		map[string]any{"window": d.window}, d.post.lines(d.window)...)
	return nil
}

// skipped tells the reader that the clock was set forward: later times differ from a watch on the wall.
func (d *demo) skipped(to time.Time, ja, en string) {
	d.narrate("skip-wait", "(待ち時間を飛ばします。この実演の中の時計を進めました: "+ja+")", "(Waiting is skipped: the clock inside this demonstration was set forward, "+en+".)",
		map[string]any{"now": to.Format(time.RFC3339)})
}

// live is the engineer's session under way.
func (d *demo) live(ctx context.Context) (api.Session, error) {
	var sessions api.List[api.Session]
	if err := d.tachiai.ask(ctx, &sessions, "session", "list", "--live"); err != nil {
		return api.Session{}, err
	}
	i := slices.IndexFunc(sessions.Items, func(s api.Session) bool { return s.Window == d.window })
	if i < 0 {
		return api.Session{}, fmt.Errorf("no session of window %s is under way", d.window)
	}
	return sessions.Items[i], nil
}
