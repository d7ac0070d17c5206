package files

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pkg/sftp"
	"golang.org/x/text/encoding/japanese"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/policy/text"
)

// OutboxDir is the only directory of the outbox over SFTP.
const OutboxDir = "/outbox"

// Outbox serves an engineer's own files of the outbox over SFTP until near ends. say tells the engineer beside the protocol why a file is
// refused. No name of the client reaches a file system: it is compared with the numbers of the engineer's files.
func (d *Desk) Outbox(ctx context.Context, near io.ReadWriteCloser, by ledger.Actor, say func(policy.Text)) error {
	h := &outbox{ctx: ctx, d: d, by: by, say: say}
	s := sftp.NewRequestServer(near, sftp.Handlers{FileGet: h, FilePut: h, FileCmd: h, FileList: h}, sftp.WithStartDirectory(OutboxDir))
	err := s.Serve()
	_ = s.Close()
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

type outbox struct {
	ctx context.Context
	d   *Desk
	by  ledger.Actor
	say func(policy.Text)
}

// Own lists an engineer's files, the newest first.
func (d *Desk) Own(ctx context.Context, person string) (all []store.File, err error) {
	err = d.db.Read(ctx, func(s *store.Snap) error {
		all, err = s.Files(store.FileFilter{Person: person})
		return err
	})
	return all, err
}

// own are the engineer's files that wait in the outbox.
func (h *outbox) own() (out []store.File, err error) {
	all, err := h.d.Own(h.ctx, h.by.ID)
	for _, f := range all {
		if f.Direction == policy.FilesOut && f.State.Open() {
			out = append(out, f)
		}
	}
	return out, err
}

// find gives the file that a path names: its number, or its number and a name.
func (h *outbox) find(name string) (store.File, error) {
	dir, base := path.Split(path.Clean(name))
	if path.Clean(dir) != OutboxDir {
		return store.File{}, os.ErrNotExist
	}
	number, _, _ := strings.Cut(base, "_")
	all, err := h.own()
	for _, f := range all {
		if f.ID == number {
			return f, nil
		}
	}
	if err == nil {
		err = os.ErrNotExist
	}
	return store.File{}, err
}

// Fileread implements sftp.FileReader.
func (h *outbox) Fileread(r *sftp.Request) (io.ReaderAt, error) {
	f, err := h.find(r.Filepath)
	if err != nil {
		return nil, err
	}
	got, err := h.d.Fetch(h.ctx, f.ID, h.by)
	if denied := (*policy.Denied)(nil); errors.As(err, &denied) {
		h.say(saidOf(denied))
		return nil, sftp.ErrSSHFxPermissionDenied
	}
	if err != nil {
		return nil, err
	}
	got.say = h.say
	return got, nil
}

// saidOf is a refusal as the engineer reads it beside the protocol.
func saidOf(denied *policy.Denied) policy.Text {
	w := policy.Words(denied.Reason, denied.Args)
	return policy.Text{JA: "関守: " + w.Message("ja"), EN: "Sekimori: " + w.Message("en")}
}

// Filewrite implements sftp.FileWriter: nothing goes into the outbox this way.
func (h *outbox) Filewrite(*sftp.Request) (io.WriterAt, error) {
	return nil, sftp.ErrSSHFxPermissionDenied
}

// Filecmd implements sftp.FileCmder.
func (h *outbox) Filecmd(*sftp.Request) error { return sftp.ErrSSHFxPermissionDenied }

// Filelist implements sftp.FileLister.
func (h *outbox) Filelist(r *sftp.Request) (sftp.ListerAt, error) {
	at := path.Clean(r.Filepath)
	switch {
	case r.Method == "Stat" && (at == "/" || at == OutboxDir):
		return listed{info{name: path.Base(at), dir: true}}, nil
	case r.Method == "Stat":
		f, err := h.find(at)
		if err != nil {
			return nil, err
		}
		return listed{infoOf(f)}, nil
	case r.Method == "List" && at == "/":
		return listed{info{name: path.Base(OutboxDir), dir: true}}, nil
	case r.Method == "List" && at == OutboxDir:
		all, err := h.own()
		var out listed
		for _, f := range all {
			out = append(out, infoOf(f))
		}
		return out, err
	case r.Method == "List":
		return nil, os.ErrNotExist
	}
	return nil, sftp.ErrSSHFxPermissionDenied
}

// info is an entry of the outbox as clients see it.
type info struct {
	name string
	size int64
	at   time.Time
	dir  bool
	mode fs.FileMode
}

func infoOf(f store.File) info {
	mode := fs.FileMode(0) // not approved yet
	if f.State == policy.FileApproved {
		mode = 0o400
	}
	return info{name: f.ID + "_" + SafeName(f.Path), size: f.Length, at: f.At, mode: mode}
}

func (i info) Name() string       { return i.name }
func (i info) Size() int64        { return i.size }
func (i info) ModTime() time.Time { return i.at }
func (i info) IsDir() bool        { return i.dir }
func (i info) Sys() any           { return nil }
func (i info) Mode() fs.FileMode {
	if i.dir {
		return fs.ModeDir | 0o500
	}
	return i.mode
}

// longestName bounds a name in the outbox, in bytes: with the number before it clients can write it to any file system.
const longestName = 180

// SafeName is the last part of a path on a target as a name for people's machines: UTF-8, without control characters and without those that
// file systems refuse. A name that is no UTF-8 is read as Shift_JIS, else its bytes are written as %XX.
func SafeName(p []byte) string {
	name := string(p[strings.LastIndexByte(string(p), '/')+1:])
	if !utf8.ValidString(name) {
		if read, err := japanese.ShiftJIS.NewDecoder().String(name); err == nil && !strings.ContainsRune(read, utf8.RuneError) {
			name = read
		}
	}
	var b strings.Builder
	for i, r := range name {
		part := string(r)
		switch {
		case r == utf8.RuneError && name[i] != '\xef':
			const hex = "0123456789ABCDEF"
			part = "%" + string(hex[name[i]>>4]) + string(hex[name[i]&15])
		case strings.ContainsRune(`/\:*?"<>|`, r), text.OneLine(part, 8) != part && r != ' ':
			part = "_"
		}
		if b.Len()+len(part) > longestName {
			break
		}
		b.WriteString(part)
	}
	if s := strings.TrimRight(b.String(), " ."); s != "" {
		return s
	}
	return "file"
}
