package recordings

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"filippo.io/age"
)

// ErrManyKeys says that a keys file is full.
var ErrManyKeys = fmt.Errorf("the recording was opened to %d further recipients, and the format has room for no more", keysMost)

// ErrOtherSession says that a file is not the recording of the session that its name says.
var ErrOtherSession = errors.New("the file is the recording of another session")

// Share wraps the output key of the recording of a session, at path, to a further recipient, in the keys file beside it; ids must
// open the recording. It reports whether the recipient is new there. After a crash the file is the old one or the new one, and
// Share can be called again. fsys nil: OS().
//
// Errors: ErrNoKey, ErrManyKeys, ErrOtherSession, *KeysError for a keys file that does not hold, which stays as it is.
func Share(path string, fsys FS, session, recipient string, ids ...age.Identity) (added bool, err error) {
	to, err := ParseRecipient(recipient)
	if err != nil {
		return false, fmt.Errorf("open recording to a further recipient: %w", err)
	}
	return change(path, fsys, session, ids, func(k *keysFile, key []byte) (bool, error) {
		e := sharedKey{to: sha256.Sum256([]byte(recipient))}
		if k.index(e.to) >= 0 {
			return false, nil
		}
		if len(k.entries) == keysMost {
			return false, ErrManyKeys
		}
		var err error
		if e.wrapped, err = wrapKey(key, []age.Recipient{to}); err != nil {
			return false, err
		}
		if e.mac, err = e.authentic(k.of, key); err != nil {
			return false, err
		}
		k.entries = append(k.entries, e)
		return true, nil
	})
}

// Unshare removes a recipient from the keys file, and the file with its last recipient. It reports whether the recipient was
// there. A copy of the recording or of the keys file that the recipient has stays readable to them: the recording's key does not
// change.
func Unshare(path string, fsys FS, session, recipient string, ids ...age.Identity) (removed bool, err error) {
	return change(path, fsys, session, ids, func(k *keysFile, _ []byte) (bool, error) {
		i := k.index(sha256.Sum256([]byte(recipient)))
		if i < 0 {
			return false, nil
		}
		k.entries = slices.Delete(k.entries, i, i+1)
		return true, nil
	})
}

// change reads the keys file of a recording, lets edit change it, and puts the result in its place. The recording's own header
// must open: a key from the keys file would let a file vouch for itself.
func change(path string, fsys FS, session string, ids []age.Identity, edit func(k *keysFile, key []byte) (bool, error)) (changed bool, err error) {
	if fsys == nil {
		fsys = OS()
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("keys of recording %s: %w", filepath.Base(path), err)
		}
	}()
	pre, err := preludeOf(path, fsys)
	if err != nil {
		return false, err
	}
	if pre.header.Session != session {
		return false, ErrOtherSession
	}
	key, err := unwrapKey(pre.outputKey, ids)
	if err != nil {
		return false, err
	}
	if key == nil {
		return false, ErrNoKey
	}
	defer clear(key)
	k := &keysFile{of: pre.digest}
	f, err := fsys.OpenFile(path+KeysSuffix, os.O_RDONLY, 0)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return false, err
	default:
		k, err = readKeys(f)
		if err = errors.Join(err, f.Close()); err == nil {
			err = k.verify(pre.digest, key)
		}
		if err != nil {
			return false, err
		}
	}
	if changed, err = edit(k, key); err != nil || !changed {
		return false, err
	}
	if err := replaceKeys(path+KeysSuffix, fsys, k); err != nil {
		return true, err
	}
	// The recording may have been disposed of meanwhile. Keys that open a copy of it must not outlive it.
	if err := there(path, fsys); err != nil {
		return false, errors.Join(err, dropKeys(path, fsys))
	}
	return true, nil
}

// there returns fs.ErrNotExist (wrapped) for a recording that is gone.
func there(path string, fsys FS) error {
	f, err := fsys.OpenFile(path, os.O_RDONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err == nil {
		err = f.Close()
	}
	return err
}

// dropKeys overwrites and removes the keys file of a recording that is gone.
func dropKeys(path string, fsys FS) error {
	f, err := fsys.OpenFile(path+KeysSuffix, os.O_RDWR, 0)
	if err != nil {
		return ignoreMissing(err) // the removal of the recording took it away
	}
	err = errors.Join(Overwrite(f), f.Close(), ignoreMissing(fsys.Remove(path+KeysSuffix)))
	return errors.Join(err, fsys.SyncDir(filepath.Dir(path)))
}

func preludeOf(path string, fsys FS) (*prelude, error) {
	f, err := fsys.OpenFile(path, os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	p, _, err := readPrelude(f)
	return p, errors.Join(err, f.Close())
}

// replaceKeys puts a keys file in the place of the one at name: completely or not at all. A file without entries is removed.
func replaceKeys(name string, fsys FS, k *keysFile) error {
	if len(k.entries) == 0 {
		return errors.Join(fsys.Remove(name), fsys.SyncDir(filepath.Dir(name)))
	}
	fresh := beginning(name)
	if err := fsys.Remove(fresh); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := fsys.OpenFile(fresh, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	err = writeAll(f, k.encode())
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = fsys.Rename(fresh, name)
	}
	if err != nil {
		return errors.Join(err, ignoreMissing(fsys.Remove(fresh)))
	}
	return fsys.SyncDir(filepath.Dir(name))
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// sharedKeyOf gives the output key from a keys file. nil, nil: it opens nothing, or keys is nil.
func sharedKeyOf(keys io.Reader, of Sum, ids []age.Identity) ([]byte, error) {
	if keys == nil {
		return nil, nil
	}
	k, err := readKeys(keys)
	if err != nil {
		return nil, err
	}
	return k.open(of, ids)
}
