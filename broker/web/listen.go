package web

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"time"
)

// maxSocketPath is what fits into sockaddr_un on Linux, without the final NUL.
const maxSocketPath = 107

// ErrSocketInUse says that another process answers on the socket.
var ErrSocketInUse = errors.New("another sekimori answers on this socket")

// Listen opens the API's socket. It replaces a socket on which no process answers, as a crash
// leaves it. It does not touch one that answers, or a file that is no socket.
func Listen(path string, mode os.FileMode, group string) (*net.UnixListener, error) {
	if len(path) > maxSocketPath {
		return nil, fmt.Errorf("socket %s: a socket's path has at most %d bytes, this has %d", path, maxSocketPath, len(path))
	}
	gid := -1
	if group != "" {
		g, err := user.LookupGroup(group)
		if err != nil {
			return nil, fmt.Errorf("group of the socket: %w", err)
		}
		if gid, err = strconv.Atoi(g.Gid); err != nil {
			return nil, fmt.Errorf("group of the socket %s: %w", group, err)
		}
	}
	dir := filepath.Dir(path)
	dirMode := os.FileMode(0o700)
	if group != "" {
		dirMode = 0o750
	}
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		if err := os.MkdirAll(dir, dirMode); err != nil {
			return nil, fmt.Errorf("directory of the socket: %w", err)
		}
		if gid >= 0 {
			if err := os.Chown(dir, -1, gid); err != nil {
				return nil, fmt.Errorf("group of the socket's directory: %w", err)
			}
		}
	}
	if err := clearStale(path); err != nil {
		return nil, err
	}
	l, err := listenQuietly(path)
	if err != nil {
		return nil, err
	}
	if gid >= 0 {
		if err := os.Chown(path, -1, gid); err != nil {
			return nil, errors.Join(fmt.Errorf("group of the socket: %w", err), l.Close())
		}
	}
	if err := os.Chmod(path, mode); err != nil {
		return nil, errors.Join(fmt.Errorf("mode of the socket: %w", err), l.Close())
	}
	return l, nil
}

func clearStale(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("socket: %w", err)
	}
	if info.Mode().Type() != os.ModeSocket {
		return fmt.Errorf("socket %s: a file that is no socket is there", path)
	}
	c, err := net.DialTimeout("unix", path, time.Second)
	if err == nil {
		return errors.Join(fmt.Errorf("%s: %w", path, ErrSocketInUse), c.Close())
	}
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("socket left by a crash: %w", err)
	}
	return nil
}

// listenQuietly binds under a private name and then moves the socket into place, so that it is never
// open to more people than it should be: the mode of a fresh
// socket comes from the umask, which belongs to the whole process.
func listenQuietly(path string) (*net.UnixListener, error) {
	private, err := os.MkdirTemp(filepath.Dir(path), ".s")
	if err != nil {
		return nil, fmt.Errorf("place for the socket: %w", err)
	}
	defer os.RemoveAll(private) // the socket has been moved by then
	temporary := filepath.Join(private, "s")
	if len(temporary) > maxSocketPath {
		temporary = path
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: temporary, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", path, err)
	}
	l.SetUnlinkOnClose(false)
	if err := os.Chmod(temporary, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("mode of the socket: %w", err), l.Close())
	}
	if temporary != path {
		if err := os.Rename(temporary, path); err != nil {
			return nil, errors.Join(fmt.Errorf("place the socket at %s: %w", path, err), l.Close())
		}
	}
	return l, nil
}
