package witness

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"sekimori/broker/ledger"
)

const (
	// AddPath is the path of a submission below the witness's address.
	AddPath = "/add-checkpoint"

	sizeType  = "text/x.tlog.size"
	maxProof  = 63       // hashes of a consistency proof, by the protocol
	maxAsking = 36 << 10 // bytes of a submission: 63 hashes and a checkpoint
	mostBusy  = 64       // submissions at a time; more are told to come again
	plainText = "text/plain; charset=utf-8"
)

// problem is a refusal with its HTTP status.
type problem struct {
	status int
	said   string
}

func (p *problem) Error() string { return p.said }

// conflict is the refusal of a submission whose old size is not that of the last checkpoint.
type conflict struct{ size int64 }

func (c *conflict) Error() string {
	return fmt.Sprintf("the last cosigned checkpoint has %d entries", c.size)
}

// Handler serves the protocol: POST /add-checkpoint, and GET / for people, with the keys and what was cosigned last.
func (w *Witness) Handler() http.Handler {
	busy := make(chan struct{}, mostBusy)
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+AddPath, func(rw http.ResponseWriter, r *http.Request) {
		select {
		case busy <- struct{}{}:
			defer func() { <-busy }()
		default:
			http.Error(rw, "busy", http.StatusServiceUnavailable)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, maxAsking))
		if err != nil {
			http.Error(rw, "the submission is too long or broke off", http.StatusBadRequest)
			return
		}
		w.answer(rw, body)
	})
	mux.HandleFunc("GET /{$}", func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", plainText)
		_, _ = rw.Write(w.page()) // a reader who has left needs no answer
	})
	return mux
}

func (w *Witness) answer(rw http.ResponseWriter, body []byte) {
	lines, err := w.Cosign(body)
	var older *conflict
	var refused *problem
	switch {
	case err == nil:
		rw.Header().Set("Content-Type", plainText)
		_, _ = rw.Write(lines) // the checkpoint is stored; a client that has left asks again
	case errors.As(err, &older):
		rw.Header().Set("Content-Type", sizeType)
		rw.WriteHeader(http.StatusConflict)
		fmt.Fprintf(rw, "%d\n", older.size)
	case errors.As(err, &refused):
		http.Error(rw, refused.said, refused.status)
	default:
		http.Error(rw, "the witness cannot store the checkpoint", http.StatusInternalServerError)
	}
}

// Cosign answers one submission: the signature lines of the witness's keys. The order of the checks is the protocol's.
func (w *Witness) Cosign(body []byte) ([]byte, error) {
	old, proof, checkpoint, err := readAsking(body)
	if err != nil {
		return nil, &problem{http.StatusBadRequest, err.Error()}
	}
	claimed, err := ledger.ReadCheckpoint(checkpoint)
	if err != nil {
		return nil, &problem{http.StatusBadRequest, err.Error()}
	}
	l, known := w.logs[claimed.Origin]
	if !known {
		return nil, &problem{http.StatusNotFound, "this witness does not follow a ledger of this origin"}
	}
	c, err := l.opened(checkpoint)
	if err != nil {
		return nil, &problem{http.StatusForbidden, "no key of the ledger has signed this checkpoint"}
	}
	if old > c.Size {
		return nil, &problem{http.StatusBadRequest, "the old size is larger than the checkpoint's"}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	last, err := l.state()
	if err != nil {
		return nil, err
	}
	if old != last.Size {
		return nil, &conflict{last.Size}
	}
	switch {
	case last.Size == 0:
		if len(proof) > 0 {
			return nil, &problem{http.StatusUnprocessableEntity, "a first checkpoint has no consistency proof"}
		}
	case last.Size == c.Size && last.Root != c.Root:
		return nil, &conflict{last.Size}
	case ledger.CheckPrefix(proof, c, last) != nil:
		return nil, &problem{http.StatusUnprocessableEntity, "the checkpoint does not continue the last one that was cosigned"}
	}
	if err := l.keep(checkpoint); err != nil {
		return nil, err
	}
	var lines []byte
	for _, k := range w.keys {
		line, err := k.cosignature(w.clock(), c, textOf(checkpoint))
		if err != nil {
			return nil, err
		}
		lines = append(lines, line...)
	}
	return lines, nil
}

// readAsking reads a submission: the old size, the hashes of the consistency proof, an empty line, the checkpoint.
func readAsking(body []byte) (old int64, proof tlog.TreeProof, checkpoint []byte, err error) {
	head, checkpoint, ok := bytes.Cut(body, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	size, said := strings.CutPrefix(lines[0], "old ")
	if !ok || !said {
		return 0, nil, nil, errors.New("a submission begins with the old size")
	}
	if old, err = readSize(size); err != nil {
		return 0, nil, nil, err
	}
	if len(lines)-1 > maxProof {
		return 0, nil, nil, errors.New("more than 63 hashes")
	}
	for _, line := range lines[1:] {
		h, err := tlog.ParseHash(line)
		if err != nil {
			return 0, nil, nil, errors.New("a line that is no hash")
		}
		proof = append(proof, h)
	}
	return old, proof, checkpoint, nil
}

// readSize reads a size in its one form.
func readSize(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || strconv.FormatInt(n, 10) != s {
		return 0, errors.New("the old size is not a number in its one form")
	}
	return n, nil
}

// page tells people the witness's keys and, of each ledger, the last checkpoint that was cosigned.
func (w *Witness) page() []byte {
	var b bytes.Buffer
	public := w.PublicKeys()
	fmt.Fprintf(&b, "%s\n", strings.Join(public, "\n"))
	origins := make([]string, 0, len(w.logs))
	for origin := range w.logs {
		origins = append(origins, origin)
	}
	slices.Sort(origins)
	for _, origin := range origins {
		l := w.logs[origin]
		l.mu.Lock()
		last := l.last
		l.mu.Unlock()
		fmt.Fprintf(&b, "\n%s\n", origin)
		b.Write(last)
	}
	return b.Bytes()
}

// Origins are the ledgers that the witness follows, in order.
func (w *Witness) Origins() []string {
	var out []string
	for origin := range w.logs {
		out = append(out, origin)
	}
	slices.Sort(out)
	return out
}
