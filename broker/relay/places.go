package relay

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"sekimori/recordings"
)

// Limits of the resolution of one path. Linux follows 40 links.
const (
	maxLinks = 40
	maxParts = 256
)

// placeLimit bounds the resolution of one path, and the wait for another operation's answer.
const placeLimit = 10 * time.Second

var errPlace = errors.New("the place cannot be determined")

// places resolves paths on the target, over a channel of the broker's own: terms that name places are judged by where a path leads, and
// only the target knows its links. Servers differ in what REALPATH resolves, so each part of a path is looked at (LSTAT, READLINK).
//
// The answer could be outdated once another operation has changed a link. So while terms name places, one operation that names a path is
// under way in a session at a time: turn is taken before its path is resolved, and given back when the target has answered it. A shell
// beside it could change links all the same; the rule deny_shell takes it away.
type places struct {
	r    *Relay
	turn chan struct{} // capacity 1: holds a token while no operation is under way

	mu     sync.Mutex // guards what follows, for the time of one resolution
	client *sftp.Client
	ch     ssh.Channel
	home   string
}

func newPlaces(r *Relay) *places {
	p := &places{r: r, turn: make(chan struct{}, 1)}
	p.turn <- struct{}{}
	return p
}

// take waits for the turn. False: it did not come in time, or the session ends.
func (p *places) take() bool {
	limit := time.NewTimer(placeLimit)
	defer limit.Stop()
	select {
	case <-p.turn:
		return true
	case <-limit.C:
	case <-p.r.valve.ended():
	case <-p.r.broken:
	}
	return false
}

func (p *places) give() { p.turn <- struct{}{} }

// resolve gives the absolute path without links. follow: the last part is followed too, as an open does. Parts that do not exist stay as
// they are. Any doubt is an error.
func (p *places) resolve(name []byte, follow bool) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c, stop, err := p.start()
	if err != nil {
		return "", err
	}
	defer stop()
	path := string(name)
	if !strings.HasPrefix(path, "/") {
		path = p.home + "/" + path
	}
	return walk(c, path, follow)
}

// size gives the size of the file at a path; false if it is not known.
func (p *places) size(name []byte) (uint64, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c, stop, err := p.start()
	if err != nil {
		return 0, false
	}
	defer stop()
	info, err := c.Stat(string(name))
	if err != nil || info.Size() < 0 {
		return 0, false
	}
	return uint64(info.Size()), true
}

// linker is the part of a server that walk asks.
type linker interface {
	Lstat(string) (os.FileInfo, error)
	ReadLink(string) (string, error)
}

func walk(c linker, path string, follow bool) (string, error) {
	todo, at := parts(path), ""
	missing := false
	for links, steps := 0, 0; len(todo) > 0; steps++ {
		if steps > maxParts {
			return "", errPlace
		}
		part := todo[0]
		todo = todo[1:]
		if part == ".." {
			if missing { // the server may see another place there
				return "", errPlace
			}
			at = at[:max(strings.LastIndexByte(at, '/'), 0)]
			continue
		}
		next := at + "/" + part
		if missing || len(todo) == 0 && !follow {
			at = next
			continue
		}
		info, err := c.Lstat(next)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			missing = true
			at = next
		case err != nil:
			return "", err
		case info.Mode()&fs.ModeSymlink == 0:
			at = next
		default:
			if links++; links > maxLinks {
				return "", errPlace
			}
			to, err := c.ReadLink(next)
			if err != nil {
				return "", err
			}
			if strings.HasPrefix(to, "/") {
				at = ""
			}
			todo = append(parts(to), todo...)
		}
	}
	if at == "" {
		return "/", nil
	}
	return at, nil
}

func parts(path string) []string {
	var out []string
	for part := range strings.SplitSeq(path, "/") {
		if part != "" && part != "." {
			out = append(out, part)
		}
	}
	return out
}

// start opens the channel on first use. stop ends the time limit. The caller holds mu.
func (p *places) start() (c *sftp.Client, stop func(), err error) {
	if p.client == nil {
		if err := p.open(); err != nil {
			return nil, nil, err
		}
	}
	ch := p.ch
	limit := time.AfterFunc(placeLimit, func() { _ = ch.Close() })
	return p.client, func() {
		if !limit.Stop() { // the channel is closed: the next use opens another
			p.client = nil
		}
	}, nil
}

func (p *places) open() error {
	ch, err := p.r.openSFTP()
	if err != nil {
		return err
	}
	limit := time.AfterFunc(placeLimit, func() { _ = ch.Close() })
	defer limit.Stop()
	c, err := sftp.NewClientPipe(ch, ch)
	if err == nil {
		p.home, err = c.RealPath(".")
	}
	if err != nil {
		_ = ch.Close()
		return err
	}
	p.client, p.ch = c, ch
	return nil
}

// ownChannel is a channel of the broker's own on the target. Its traffic counts like that of every other.
type ownChannel struct {
	ssh.Channel
	r   *Relay
	in  *inflow
	end sync.Once
}

func (o *ownChannel) Read(b []byte) (int, error) { return o.in.Read(b) }

func (o *ownChannel) Write(b []byte) (int, error) {
	if !o.r.valve.enter() { // nothing reaches the target after the end
		return 0, io.ErrClosedPipe
	}
	defer o.r.valve.leave()
	n, err := o.Channel.Write(b)
	o.r.fromTarget.countSent(n)
	return n, err
}

func (o *ownChannel) Close() error {
	o.end.Do(func() { o.r.fromTarget.close(o.in) })
	return o.Channel.Close()
}

// ownSFTP is the broker's own request for the target's SFTP server. Nothing of it comes from a peer.
func ownSFTP() recorded {
	return recorded{message{kind: recordings.EventSubsystem, fields: stringPayload{"sftp"}}}
}

// openSFTP opens a channel of the broker's own to the target's SFTP server.
func (r *Relay) openSFTP() (*ownChannel, error) {
	far, reqs, err := (&channel{r: r}).openFar()
	if err != nil {
		return nil, err
	}
	r.run(func() {
		for req := range reqs {
			r.fromTarget.countTaken(req.Type, nil)
			if req.WantReply {
				_ = req.Reply(false, nil)
			}
		}
	})
	r.run(func() { _, _ = io.Copy(io.Discard, far.Stderr()) })
	stalled := r.stallTimer()
	ok, err := send(far, ownSFTP(), true)
	stalled.Stop()
	if err != nil || !ok {
		_ = far.Close()
		return nil, errors.Join(errPlace, err)
	}
	return &ownChannel{Channel: far, r: r, in: r.fromTarget.open(far)}, nil
}
