package web

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"sekimori/broker/api"
)

// A vendor's office files copies over HTTP/2 too: a small copy arrives whole, even where it takes longer than a
// call may; one that is too large is refused, announced or not, and leaves nothing behind.
func TestUploadsOverHTTP2(t *testing.T) {
	t.Parallel()
	const limit = 3 * time.Second // a loaded machine begins to read within it, and the slow upload takes longer
	w := newWorld(t)
	tokens := w.vendors()
	address, client := w.https(func(s *Server) { s.https.ReadTimeout, s.knownBody = limit, limit })
	file := func(body io.Reader, size int64) (int, []byte) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), "POST", "https://"+address+w.pledgePath(), body)
		if err != nil {
			t.Fatal(err)
		}
		req.ContentLength = size
		req.Header.Set("Authorization", "Bearer "+tokens["madoguchi"])
		resp, err := client.Do(req)
		if err != nil {
			t.Fatalf("%d bytes: %v", size, err)
		}
		defer resp.Body.Close()
		if resp.ProtoMajor != 2 {
			t.Errorf("answered over %s", resp.Proto)
		}
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, b
	}
	content := bytes.Repeat([]byte("%PDF-1.7 誓約書 "), 200_000) // past the bound of an ordinary body
	for name, body := range map[string]struct {
		from io.Reader
		size int64
	}{
		"announced":                   {bytes.NewReader(content), int64(len(content))},
		"as it comes":                 {struct{ io.Reader }{bytes.NewReader(content)}, -1},
		"slower than a call may take": {&slowly{content: content, pause: limit / 3 * 2, pauses: 2}, int64(len(content))},
	} {
		status, b := file(body.from, body.size)
		var p api.Paper
		if err := json.Unmarshal(b, &p); err != nil || status != http.StatusOK || p.Copy == nil || p.Copy.Size != int64(len(content)) {
			t.Errorf("%s: %d %.200s", name, status, b)
			continue
		}
		if _, _, _, got := get(t, client, "GET", "https://"+address+"/v1/papers/"+p.ID+"/copy?purpose=incident", nil, "Authorization", "Bearer "+tokens["tenken"]); got != string(content) {
			t.Errorf("%s: %d bytes came back", name, len(got))
		}
	}
	dir := filepath.Join(w.data, "papers")
	before, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int64{200_000_000, -1} {
		sent := &counted{from: io.LimitReader(zeros{}, 200_000_000)}
		if status, b := file(sent, size); status != http.StatusUnprocessableEntity || !bytes.Contains(b, []byte("file-too-large")) {
			t.Errorf("announced as %d: %d %.200s", size, status, b)
		}
		if n := sent.n.Load(); n >= 200_000_000 {
			t.Errorf("announced as %d: all of it was taken", size)
		}
	}
	if after, err := os.ReadDir(dir); err != nil || len(after) != len(before) {
		t.Errorf("left behind: %d, %v", len(after)-len(before), err)
	}
}

// slowly gives its content in parts, with pauses between.
type slowly struct {
	content []byte
	pause   time.Duration
	pauses  int
}

func (s *slowly) Read(p []byte) (int, error) {
	if len(s.content) == 0 {
		return 0, io.EOF
	}
	if s.pauses > 0 {
		s.pauses--
		<-time.After(s.pause)
		p = p[:1]
	}
	n := copy(p, s.content)
	s.content = s.content[n:]
	return n, nil
}
