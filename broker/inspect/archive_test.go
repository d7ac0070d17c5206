package inspect_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"

	"sekimori/broker/inspect"
)

// word finds a word and nothing else.
type word string

func (word) Name() string { return "word" }

func (w word) Inspect(_ context.Context, s inspect.Subject) (f inspect.Finding, _ inspect.Content, err error) {
	var b bytes.Buffer
	if _, err := b.ReadFrom(inspect.Reader(s.Content)); err != nil {
		return f, nil, err
	}
	f.Verdict = inspect.Clean
	if strings.Contains(b.String(), string(w)) {
		f.Verdict, f.Detail = inspect.NotClean, string(w)
	}
	return f, nil, nil
}

func zipped(t testing.TB, files map[string][]byte) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, data := range files {
		f, err := w.Create(name)
		if err == nil {
			_, err = f.Write(data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func gzipped(t testing.TB, data []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func tarred(t testing.TB, name string, data []byte) []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := w.WriteHeader(&tar.Header{Name: name, Size: int64(len(data)), Mode: 0o644}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestAttackArchives: what hides in an archive is found, and what cannot be looked into, or only at any cost, is not clean.
func TestAttackArchives(t *testing.T) {
	bad, fine := []byte("a bad word"), []byte("fine")
	nested := fine
	for range 6 {
		nested = zipped(t, map[string][]byte{"a": nested})
	}
	encrypted := zipped(t, map[string][]byte{"a": fine})
	for i := range encrypted { // the flag in both headers
		if bytes.HasPrefix(encrypted[i:], []byte("PK\x03\x04")) {
			encrypted[i+6] |= 1
		}
		if bytes.HasPrefix(encrypted[i:], []byte("PK\x01\x02")) {
			encrypted[i+8] |= 1
		}
	}
	many := map[string][]byte{}
	for i := range 60 {
		many[strconv.Itoa(i)] = nil
	}
	for name, c := range map[string]struct {
		data []byte
		want string // in the detail; empty: clean
	}{
		"no archive":            {fine, ""},
		"zip":                   {zipped(t, map[string][]byte{"a": fine}), ""},
		"zip of bad":            {zipped(t, map[string][]byte{"a": bad}), "bad"},
		"gzip of bad":           {gzipped(t, bad), "bad"},
		"tar of bad":            {tarred(t, "x", bad), "bad"},
		"tar.gz of bad":         {gzipped(t, tarred(t, "x", bad)), "bad"},
		"zip in tar.gz of bad":  {gzipped(t, tarred(t, "x.zip", zipped(t, map[string][]byte{"a": bad}))), "bad"},
		"zip behind other data": {append(bytes.Repeat([]byte("MZ"), 999), zipped(t, map[string][]byte{"a": bad})...), "bad"},
		"bomb":                  {gzipped(t, make([]byte, 8<<20)), "times the archive"},
		"bomb in a zip":         {zipped(t, map[string][]byte{"a": make([]byte, 8<<20)}), "times the archive"},
		"too deep":              {nested, "deeper"},
		"too many":              {zipped(t, many), "more than 50"},
		"encrypted":             {encrypted, "encrypted"},
		"damaged":               {[]byte("PK\x03\x04damaged"), "damaged"},
		"cut short":             {gzipped(t, bad)[:20], "inside"},
		"7z":                    {[]byte("7z\xbc\xaf\x27\x1c..."), "7z"},
	} {
		r, err := inspect.Chain{Engines: []inspect.Engine{word("bad"), inspect.Archives{Bounds: inspect.Bounds{Members: 50}, Each: []inspect.Engine{word("bad")}}}}.Inspect(t.Context(), subject(name, c.data))
		if err != nil {
			t.Fatal(err)
		}
		last := r.Findings[len(r.Findings)-1]
		if c.want == "" && r.Verdict != inspect.Clean || c.want != "" && (r.Verdict != inspect.NotClean || r.Content != nil || !strings.Contains(last.Detail, c.want)) {
			t.Errorf("%s: %s, %+v", name, r.Verdict, r.Findings)
		}
	}
}

// failing is an engine that breaks in one of many ways.
type failing struct {
	how func(context.Context) (inspect.Finding, inspect.Content, error)
}

func (failing) Name() string { return "failing" }

func (f failing) Inspect(ctx context.Context, _ inspect.Subject) (inspect.Finding, inspect.Content, error) {
	return f.how(ctx)
}

// TestAttackEveryFailureIsNotClean: no way to fail releases a file.
func TestAttackEveryFailureIsNotClean(t *testing.T) {
	clean := inspect.Finding{Verdict: inspect.Clean}
	for name, how := range map[string]func(context.Context) (inspect.Finding, inspect.Content, error){
		"an error beside clean": func(context.Context) (inspect.Finding, inspect.Content, error) { return clean, nil, errors.New("died") },
		"no verdict":            func(context.Context) (inspect.Finding, inspect.Content, error) { return inspect.Finding{}, nil, nil },
		"another verdict": func(context.Context) (inspect.Finding, inspect.Content, error) {
			return inspect.Finding{Verdict: "ok"}, nil, nil
		},
		"sanitised, no copy": func(context.Context) (inspect.Finding, inspect.Content, error) {
			return inspect.Finding{Verdict: inspect.Sanitised}, nil, nil
		},
		"a panic": func(context.Context) (inspect.Finding, inspect.Content, error) { panic("boom") },
		"too late": func(ctx context.Context) (inspect.Finding, inspect.Content, error) {
			<-ctx.Done()
			return clean, nil, nil
		},
	} {
		r, err := inspect.Chain{Engines: []inspect.Engine{failing{how}}, Within: 50_000_000}.Inspect(t.Context(), subject("f", []byte("x")))
		if err != nil || r.Verdict != inspect.NotClean || r.Content != nil || r.Before == "" || r.After != "" {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
	if r, err := (inspect.Chain{}).Inspect(t.Context(), subject("f", nil)); err != nil || r.Verdict != inspect.NotClean {
		t.Errorf("no engines: %+v, %v", r, err)
	}
}
