package files

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"github.com/pkg/sftp"

	"sekimori/policy"
)

// handler serves one SFTP channel. Looks, and reads where the terms let files out unheld, go to the target's server.
type handler struct {
	g   *Gate
	c   *sftp.Client
	p   Passage
	ctx context.Context

	ahead []chan struct{} // slots for files that are read ahead, of the session and of all
}

// refusedError is an operation that the terms do not permit.
type refusedError struct{ why policy.FileRefusal }

func (e refusedError) Error() string { return e.why.Label().JA + " / " + e.why.Label().EN }

// Is makes the library answer with "permission denied".
func (e refusedError) Is(target error) bool { return target == os.ErrPermission }

// may judges an operation on the path that will be used, resolved now, and gives that path. Library and target must not understand dots
// and links differently, so the resolved one is what the target is given.
func (h *handler) may(act policy.FileAct, name string, follow bool, end uint64) (string, error) {
	at, err := h.p.Resolve([]byte(name), follow)
	op := policy.FileOperation{Act: act, Path: at, End: end, Unresolved: err != nil}
	if why := h.p.Terms().Judge(op); why != "" {
		return "", refusedError{why}
	}
	if at == "" {
		return "", refusedError{policy.RefusedUnresolved}
	}
	return at, nil
}

// Fileread implements sftp.FileReader.
func (h *handler) Fileread(r *sftp.Request) (io.ReaderAt, error) {
	at, err := h.may(policy.FileRead, r.Filepath, true, 0)
	if err != nil {
		return nil, err
	}
	if h.p.Terms().Out.Held() {
		return nil, h.take(at)
	}
	f, err := h.c.Open(at)
	if err != nil {
		return nil, err
	}
	return &passedOut{h, f, &readAhead{from: f, slots: h.ahead}}, nil
}

// Filewrite implements sftp.FileWriter.
func (h *handler) Filewrite(r *sftp.Request) (io.WriterAt, error) {
	at, err := h.may(policy.FileWrite, r.Filepath, true, 0)
	if err != nil {
		return nil, err
	}
	flags := r.Pflags()
	if !h.p.Terms().In.Held() {
		return h.pass(at, flags)
	}
	if _, err := h.c.Stat(at); err == nil && flags.Creat && flags.Excl {
		return nil, os.ErrExist
	}
	return h.newUpload(at, flags.Trunc) // OpenSSH's client resumes with the flag to append, and gives true offsets beside it
}

// Filecmd implements sftp.FileCmder.
func (h *handler) Filecmd(r *sftp.Request) error {
	switch r.Method {
	case "Setstat":
		return h.setstat(r)
	case "Remove", "Rmdir", "Mkdir":
		act := policy.FileRemove
		if r.Method == "Mkdir" {
			act = policy.FileMake
		}
		at, err := h.may(act, r.Filepath, false, 0)
		if err != nil {
			return err
		}
		switch r.Method {
		case "Remove":
			return h.c.Remove(at)
		case "Rmdir":
			return h.c.RemoveDirectory(at)
		}
		return h.c.Mkdir(at)
	case "Rename", "PosixRename":
		from, err := h.p.Resolve([]byte(r.Filepath), false)
		to, err2 := h.p.Resolve([]byte(r.Target), false)
		op := policy.FileOperation{Act: policy.FileMove, Path: from, To: to, Unresolved: err != nil || err2 != nil}
		if why := h.p.Terms().Judge(op); why != "" {
			return refusedError{why}
		}
		if r.Method == "Rename" {
			return h.c.Rename(from, to)
		}
		return h.c.PosixRename(from, to)
	}
	return sftp.ErrSSHFxOpUnsupported // links: a name for contents that the gate has not seen
}

// setstat sets attributes of files on the target. A file that is still held has none there; clients set some before its end.
func (h *handler) setstat(r *sftp.Request) error {
	a, f := r.Attributes(), r.AttrFlags()
	if a == nil { // the library gives none where the bytes are cut short, and no error
		return sftp.ErrSSHFxBadMessage
	}
	at, err := h.may(policy.FileAttributes, r.Filepath, true, a.Size)
	if err != nil {
		return err
	}
	if _, err := h.c.Stat(at); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if f.Size {
		return sftp.ErrSSHFxOpUnsupported // it would change contents without an inspection
	}
	if f.Permissions {
		err = errors.Join(err, h.c.Chmod(at, a.FileMode()))
	}
	if f.UidGid {
		err = errors.Join(err, h.c.Chown(at, int(a.UID), int(a.GID)))
	}
	if f.Acmodtime {
		err = errors.Join(err, h.c.Chtimes(at, time.Unix(int64(a.Atime), 0), time.Unix(int64(a.Mtime), 0)))
	}
	return err
}

// Filelist implements sftp.FileLister.
func (h *handler) Filelist(r *sftp.Request) (sftp.ListerAt, error) {
	switch r.Method {
	case "List":
		at, err := h.may(policy.FileList, r.Filepath, true, 0)
		if err != nil {
			return nil, err
		}
		all, err := h.c.ReadDir(at)
		return listed(all), err
	case "Stat":
		at, err := h.may(policy.FileLook, r.Filepath, true, 0)
		if err != nil {
			return nil, err
		}
		info, err := h.c.Stat(at)
		return listed{info}, err
	}
	return nil, sftp.ErrSSHFxOpUnsupported
}

// Lstat implements sftp.LstatFileLister.
func (h *handler) Lstat(r *sftp.Request) (sftp.ListerAt, error) {
	at, err := h.may(policy.FileLook, r.Filepath, false, 0)
	if err != nil {
		return nil, err
	}
	info, err := h.c.Lstat(at)
	return listed{info}, err
}

// Readlink implements sftp.ReadlinkFileLister.
func (h *handler) Readlink(name string) (string, error) {
	at, err := h.may(policy.FileLook, name, false, 0)
	if err != nil {
		return "", err
	}
	return h.c.ReadLink(at)
}

type listed []os.FileInfo

// ListAt implements sftp.ListerAt.
func (l listed) ListAt(to []os.FileInfo, at int64) (int, error) {
	if at >= int64(len(l)) {
		return 0, io.EOF
	}
	n := copy(to, l[at:])
	if n < len(to) {
		return n, io.EOF
	}
	return n, nil
}
