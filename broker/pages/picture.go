package pages

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"

	"sekimori/broker/api"
	"sekimori/broker/view"
	"sekimori/policy"
)

func pictureRoutes() []row {
	return []row{
		get("/sessions/{id}/picture", staff, text2("接続中の画面", "Live picture"), everyStaff(), l1, (*Pages).picture),
	}
}

// The bounds of live pictures. Each holds a connection, a watcher's queue (live.Feed) and one message; a browser that does not read loses
// its picture.
const (
	mostPictures = 256              // at a time
	mostOfOne    = 16               // of one person
	pictureStall = 10 * time.Second // pictures.stall, outside tests
	pictureAlive = 20 * time.Second // between two questions to a silent browser; pictures.alive, outside tests
	// pictureRate is how many bytes a second all pictures are sent together. Output that comes faster is left out of a picture once its watcher's
	// queue is full, and the picture says so: a hundred watchers do not take the processors from the session.
	pictureRate = 8 << 20
	// pictureCredit is the time whose share in the rate a picture may be sent at once: single lines and small screens do not wait.
	pictureCredit = 50 * time.Millisecond
)

// pictures counts the live pictures, and ends them.
type pictures struct {
	mu      sync.Mutex // guards the rest
	all     int
	of      map[string]int // by person
	stall   time.Duration  // for the browser to take one message
	alive   time.Duration  // between two questions to a silent browser
	closing chan struct{}  // closed by Close
	closed  bool
	running sync.WaitGroup
}

// enter takes a place; leave gives it back. nil: there is none.
func (c *pictures) enter(person string) (leave func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || c.all >= mostPictures || c.of[person] >= mostOfOne {
		return nil
	}
	if c.of == nil {
		c.of = map[string]int{}
	}
	c.all++
	c.of[person]++
	c.running.Add(1)
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.all--
		if c.of[person]--; c.of[person] == 0 {
			delete(c.of, person)
		}
		c.running.Done()
	}
}

// pace spaces the frames of one picture out. It is for one goroutine.
type pace struct {
	c    *pictures
	free time.Time // when all that was taken is paid for, at the rate of the picture's share
}

// take waits until the share of the picture in the rate allows that many bytes, or ctx is over. A picture pays before it takes, so that the
// beginning of a flood does not wake a hundred of them at once.
func (p *pace) take(ctx context.Context, bytes int) error {
	p.c.mu.Lock()
	all := p.c.all
	p.c.mu.Unlock()
	now := time.Now()
	if credit := now.Add(-pictureCredit); p.free.Before(credit) {
		p.free = credit
	}
	p.free = p.free.Add(time.Duration(bytes) * time.Duration(all) * time.Second / pictureRate)
	wait := p.free.Sub(now)
	if wait <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close ends the live pictures and waits until their ends are in the ledger, or ctx is over.
func (p *Pages) Close(ctx context.Context) error {
	c := &p.pictures
	c.mu.Lock()
	if !c.closed {
		c.closed = true
		close(c.closing)
	}
	c.mu.Unlock()
	ended := make(chan struct{})
	go func() { c.running.Wait(); close(ended) }()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// sameOrigin tells whether an upgrade comes from a page of this site. A browser names the page's site in every upgrade; other sites' pages
// could open a socket with this site's cookies.
func (p *Pages) sameOrigin(r *http.Request) bool {
	o, err := url.Parse(r.Header.Get("Origin"))
	scheme := "http"
	if p.secure(r) {
		scheme = "https"
	}
	return err == nil && o.Scheme == scheme && o.Host != "" && strings.EqualFold(o.Host, r.Host)
}

// picture sends a live session's picture over a WebSocket, until the session or the look ends. Beginning and end of the look are ledgered
// by the view, and the engineer is told.
func (p *Pages) picture(v *visit) error {
	if !strings.EqualFold(v.r.Header.Get("Upgrade"), "websocket") {
		return &api.Fault{Status: http.StatusUpgradeRequired, Code: api.CodeBadRequest, JA: "画面は立会いコンソールで見ます", EN: "the picture is shown by the attendant console"}
	}
	if !p.sameOrigin(v.r) {
		return v.refused(&policy.Denied{Reason: policy.Forbidden, Args: map[string]string{"role": "watcher"}}, v.r.PathValue("id"))
	}
	leave := p.pictures.enter(v.person.ID)
	if leave == nil {
		return &api.Fault{Status: http.StatusTooManyRequests, Code: "too-many-pictures", JA: "開いている画面が多すぎます", EN: "too many live pictures are open",
			HintJA: "ほかの画面を閉じてください", HintEN: "close other pictures"}
	}
	defer leave()
	look, err := p.o.Views.Watch(v.r.Context(), v.reader(), v.r.PathValue("id"), view.Why{Purpose: string(policy.Attendance)})
	if err != nil {
		return err
	}
	err = p.sendPicture(v, look)
	if ended := look.End(v.r.Context()); ended != nil {
		p.o.Log.Error("look_end_not_ledgered", "session", look.Session, "person", v.person.ID, "error", ended)
	}
	if err != nil {
		p.o.Log.Debug("picture_ended", "session", look.Session, "person", v.person.ID, "error", err)
	}
	return nil // the connection is a socket by now: no page can be sent
}

// sendPicture upgrades the connection and sends.
func (p *Pages) sendPicture(v *visit, look *view.Watching) error {
	picture, err := look.Picture(v.r.Context(), v.lang, (&pace{c: &p.pictures}).take)
	if err != nil {
		return err
	}
	// The origin was compared above; this compares the host once more.
	conn, err := websocket.Accept(v.w, v.r, &websocket.AcceptOptions{CompressionMode: websocket.CompressionDisabled})
	if err != nil {
		return err
	}
	defer conn.CloseNow()
	conn.SetReadLimit(512) // a browser has nothing to say here
	ctx, cancel := context.WithCancelCause(conn.CloseRead(context.WithoutCancel(v.r.Context())))
	var beside sync.WaitGroup
	defer beside.Wait()
	defer cancel(nil)
	beside.Go(func() {
		if why := p.o.Views.ShownUntil(ctx, v.token, &look.Look); why != nil {
			cancel(why)
		}
	})
	beside.Go(func() { cancel(p.alive(ctx, conn)) })
	for {
		pieces, err := picture.Next(ctx)
		if errors.Is(err, io.EOF) {
			return conn.Close(websocket.StatusNormalClosure, "over")
		}
		if err == nil {
			err = p.send(ctx, conn, pieces)
		}
		if err != nil {
			if cause := context.Cause(ctx); errors.Is(cause, view.ErrShutOut) || errors.Is(cause, view.ErrTakenAway) {
				_ = conn.Close(websocket.StatusPolicyViolation, "not permitted any more") // fails only where the browser is gone
			}
			return err
		}
	}
}

// alive asks a silent browser whether it is there, and returns why the picture should end; nil: ctx is over.
func (p *Pages) alive(ctx context.Context, conn *websocket.Conn) error {
	tick := time.NewTicker(p.pictures.alive)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-p.pictures.closing:
			return errClosing
		case <-tick.C:
		}
		asked, cancel := context.WithTimeout(ctx, p.pictures.stall)
		err := conn.Ping(asked)
		cancel()
		if err != nil && ctx.Err() == nil {
			return err
		}
	}
}

var errClosing = errors.New("the pages are closing")

// send writes one message, which the browser must take in time.
func (p *Pages) send(ctx context.Context, conn *websocket.Conn, pieces []api.LivePiece) error {
	b, err := json.Marshal(pieces)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, p.pictures.stall)
	defer cancel()
	return conn.Write(ctx, websocket.MessageText, b)
}

// playerPolicy is the policy of the frame that draws terminals. The frame has no origin of its own, so it reaches neither cookies nor pages;
// it may load only our files, and compile the player's WebAssembly. It gets what it draws by messages from the page around it.
const playerPolicy = "sandbox allow-scripts; default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"

// servePlayer serves the frame. It is the same for everyone and shows nothing by itself, so it is no page of the table.
func servePlayer(w http.ResponseWriter, _ *http.Request) {
	var files [4]string
	for i, name := range []string{"vendor/asciinema/player.css", "player.css", "vendor/asciinema/player.min.js", "player.js"} {
		var err error
		if files[i], err = staticPath(name); err != nil {
			http.Error(w, "", http.StatusInternalServerError)
			return
		}
	}
	h := w.Header()
	h.Set("Content-Security-Policy", playerPolicy)
	h.Set("X-Frame-Options", "SAMEORIGIN")
	h.Set("Content-Type", "text/html; charset=utf-8")
	_, _ = io.WriteString(w, `<!doctype html><html lang="ja"><head><meta charset="utf-8"><title>画面 / Screen</title>`+ // fails only where the browser is gone
		`<link rel="stylesheet" href="`+files[0]+`"><link rel="stylesheet" href="`+files[1]+`">`+
		`<script src="`+files[2]+`" defer></script><script src="`+files[3]+`" defer></script></head><body><main id="screen" tabindex="0" aria-label="画面 / Screen"></main></body></html>`)
}

// withFrame lets a page hold the player's frame.
func (v *visit) withFrame() {
	v.w.Header().Set("Content-Security-Policy", contentPolicy+"; frame-src 'self'")
}
