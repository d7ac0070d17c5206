package offline

import (
	"bufio"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"regexp"
	"slices"
	"time"

	"sekimori/recordings"
)

// Most bounds the file, which a browser holds in memory as a whole.
const Most = 64 << 20

// ErrTooLarge means that the file would have more than Most bytes. Text and asciicast have no such bound.
var ErrTooLarge = errors.New("the offline page would be too large for a browser")

// Mark is a moment beside those of the recording itself: an attendant's bookmark.
type Mark struct {
	Elapsed time.Duration
	By      string
	Text    string
}

// Proof is what the ledger says about the recording.
type Proof struct {
	SHA256     string
	Size       int64
	File       string
	Entry      int64     // number of the entry session.ended
	EntryAt    time.Time // in the zone to display
	Checkpoint string    // the signed checkpoint that covers the entry
}

// Options are what a page shows beside the recording. All but Marks and Damage are required.
type Options struct {
	Player   []byte // the script of the player, asciinema-player
	Style    []byte // its style
	Exported time.Time
	Proof    Proof
	Marks    []Mark
	Damage   [2]string // ja, en: the recording does not hold
}

var (
	//go:embed page.html
	pageText string
	//go:embed page.js
	ownScript []byte
	//go:embed page.css
	ownStyle []byte

	endsElement = regexp.MustCompile(`(?i)</(script|style)|<!--|<script`)

	page = template.Must(template.New("page").Parse(pageText))
)

// Page is the page of one recording, which fits into Most bytes.
type Page struct {
	open func() (*recordings.Reader, error)
	v    recordings.View
	o    Options
}

// New reads the recording once, to see whether its page fits. open gives a new reader of it for each pass; v says how it is read and in which language
// the page opens. Error: ErrTooLarge (wrapped).
func New(ctx context.Context, open func() (*recordings.Reader, error), v recordings.View, o Options) (*Page, error) {
	for _, part := range [][]byte{o.Player, ownScript, o.Style, ownStyle} {
		if endsElement.Match(part) {
			return nil, errors.New("offline page: a script or style ends its own element")
		}
	}
	v.Channel, v.Idle = nil, 0
	p := &Page{open, v, o}
	return p, p.Write(ctx, &bounded{w: io.Discard, left: Most})
}

// content is what the template shows.
type content struct {
	Options
	Lang    string
	Policy  string
	Own     template.JS
	OwnCSS  template.CSS
	JS      template.JS
	CSS     template.CSS
	Header  recordings.Header
	Started time.Time
	Length  string
	All     []shownMark
	Left    int
}

// shownMark is one moment of the list.
type shownMark struct {
	Mark   recordings.Mark
	MS     int64
	At     string
	Book   bool
	JA, EN string
}

// Write writes the page.
func (p *Page) Write(ctx context.Context, w io.Writer) error {
	out, v, o := bufio.NewWriterSize(w, 64<<10), p.v, p.o
	r, err := p.open()
	if err != nil {
		return err
	}
	defer r.Close()
	c := content{Options: o, Lang: v.Lang, Policy: policyOf(o), Own: template.JS(ownScript), OwnCSS: template.CSS(ownStyle), JS: template.JS(o.Player), CSS: template.CSS(o.Style), Header: r.Header(), Started: v.Started}
	if err := page.ExecuteTemplate(out, "head", c); err != nil {
		return fmt.Errorf("offline page: %w", err)
	}
	film, err := scenes(ctx, out, r, v)
	if err != nil {
		return err
	}
	c.marks(film.Timeline, v)
	if err := page.ExecuteTemplate(out, "middle", c); err != nil {
		return fmt.Errorf("offline page: %w", err)
	}
	if err := lines(ctx, out, p.open, v); err != nil {
		return err
	}
	if err := page.ExecuteTemplate(out, "foot", c); err != nil {
		return fmt.Errorf("offline page: %w", err)
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("offline page: %w", err)
	}
	return nil
}

// scenes writes the picture as JSON, in which no character can end the element around it.
func scenes(ctx context.Context, out io.Writer, r *recordings.Reader, v recordings.View) (*recordings.Film, error) {
	before := `<script type="application/json" id="data">[`
	film, err := recordings.Scenes(ctx, r, v, func(_ *recordings.Film, s recordings.Scene) error {
		list := []any{s.Elapsed.Microseconds(), s.Code, s.EN}
		if s.JA != s.EN {
			list = append(list, s.JA)
		}
		b, err := json.Marshal(list)
		if err == nil {
			_, err = fmt.Fprintf(out, "%s%s\n", before, b)
		}
		before = ","
		return err
	})
	if err != nil && !stopsShort(err) {
		return film, fmt.Errorf("offline page: %w", err)
	}
	size, err := json.Marshal([]any{0, "size", film.Cols, film.Rows})
	if err != nil {
		return film, fmt.Errorf("offline page: %w", err)
	}
	_, err = fmt.Fprintf(out, "%s%s]</script>\n", before, size)
	return film, err
}

// stopsShort tells that a recording has no end, or does not hold from a place on. What stands before it is shown; the caller says so in Damage.
func stopsShort(err error) bool {
	var torn *recordings.TruncatedError
	var corrupt *recordings.CorruptError
	return errors.As(err, &torn) || errors.As(err, &corrupt)
}

func (c *content) marks(t *recordings.Timeline, v recordings.View) {
	c.Left, c.Length = t.Left, clock(t.Elapsed)
	for _, m := range t.Marks {
		c.All = append(c.All, shownMark{Mark: m, MS: m.Elapsed.Milliseconds(), JA: m.JA, EN: m.EN})
	}
	for _, m := range c.Marks {
		said := recordings.Visible(m.Text + " (" + m.By + ")")
		at := min(max(m.Elapsed, 0), t.Elapsed)
		c.All = append(c.All, shownMark{Mark: recordings.Mark{Elapsed: at}, MS: at.Milliseconds(), Book: true, JA: "しおり: " + said, EN: "bookmark: " + said})
	}
	slices.SortStableFunc(c.All, func(a, b shownMark) int { return int(a.MS - b.MS) })
	for i := range c.All {
		c.All[i].At = v.Started.Add(c.All[i].Mark.Elapsed).Format("15:04:05")
	}
}

func clock(d time.Duration) string {
	s := int64(d / time.Second)
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}

// lines writes the text, a row for each line.
func lines(ctx context.Context, out io.Writer, open func() (*recordings.Reader, error), v recordings.View) error {
	r, err := open()
	if err != nil {
		return err
	}
	defer r.Close()
	for l, err := range recordings.TextLines(ctx, r, v) {
		if err != nil {
			if stopsShort(err) {
				return nil
			}
			return fmt.Errorf("offline page: %w", err)
		}
		if l.Input() {
			continue
		}
		at := v.Started.Add(l.Elapsed)
		one := struct {
			ISO, At, JA, EN string
			Output          bool
		}{at.Format(time.RFC3339), at.Format("15:04:05"), l.JA, l.EN, l.Output()}
		if err := page.ExecuteTemplate(out, "line", one); err != nil {
			return fmt.Errorf("offline page: %w", err)
		}
	}
	return nil
}

// policyOf lets the page run its own scripts and the player's WebAssembly, and nothing else.
func policyOf(o Options) string {
	sum := func(b []byte) string {
		s := sha256.Sum256(b)
		return "'sha256-" + base64.StdEncoding.EncodeToString(s[:]) + "'"
	}
	return "default-src 'none'; script-src " + sum(o.Player) + " " + sum(ownScript) + " 'wasm-unsafe-eval'; style-src " + sum(o.Style) + " " + sum(ownStyle) + "; base-uri 'none'; form-action 'none'"
}

// bounded fails once left bytes were written.
type bounded struct {
	w    io.Writer
	left int64
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.left -= int64(len(p)); b.left < 0 {
		return 0, fmt.Errorf("%w: more than %d MiB", ErrTooLarge, Most>>20)
	}
	return b.w.Write(p)
}
