package pages

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"sync"

	"sekimori/broker/view"
)

//go:embed static
var staticFiles embed.FS

// statics are the static files by path, with the start of their hash. The hash is part of the address, so that browsers may keep a file for
// ever and still get a new one at once.
var statics = sync.OnceValue(func() map[string]staticFile {
	out := map[string]staticFile{}
	err := fs.WalkDir(staticFiles, "static", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := staticFiles.ReadFile(name)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(body)
		small, err := packed(body)
		if err != nil {
			return err
		}
		out[name[len("static/"):]] = staticFile{hash: hex.EncodeToString(sum[:8]), body: body, packed: small, kind: kindOf(name)}
		return nil
	})
	if err != nil {
		panic(fmt.Errorf("static files of the program: %w", err)) // they are embedded
	}
	return out
})

type staticFile struct {
	hash, kind string
	body       []byte
	packed     []byte // the body as gzip
}

func kindOf(name string) string {
	switch path.Ext(name) {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".wasm":
		return "application/wasm"
	}
	if kind := mime.TypeByExtension(path.Ext(name)); kind != "" {
		return kind
	}
	return "text/plain; charset=utf-8"
}

// staticPath is the address of a static file. An unknown name is an error of the template, which a test finds.
func staticPath(name string) (string, error) {
	f, ok := statics()[name]
	if !ok {
		return "", fmt.Errorf("no static file %s", name)
	}
	return "/static/" + f.hash + "/" + name, nil
}

func serveStatic(w http.ResponseWriter, r *http.Request) {
	f, ok := statics()[r.PathValue("path")]
	if !ok || f.hash != r.PathValue("hash") {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", f.kind)
	w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin") // the player's frame has no origin, and the files are public
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	w.Header().Add("Vary", "Accept-Encoding")
	body := f.body
	if len(f.packed) < len(body) && acceptsGzip(r) {
		body = f.packed
		w.Header().Set("Content-Encoding", "gzip")
	}
	_, _ = w.Write(body) // fails only where the browser is gone
}

// Player is the player of recordings, for an export that holds it.
func Player() view.Player {
	const vendor = "static/vendor/asciinema/"
	script, err := staticFiles.ReadFile(vendor + "player.min.js")
	style, styleErr := staticFiles.ReadFile(vendor + "player.css")
	if err = errors.Join(err, styleErr); err != nil {
		panic(fmt.Errorf("static files of the program: %w", err)) // they are embedded
	}
	return view.Player{Script: script, Style: style}
}
