package recordings

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// mostPrelude is the longest prelude.
const mostPrelude = fixedLen + 3*maxPart + 32

// DestroyKeys overwrites both wrapped keys in a recording with zeros and syncs the file. Afterwards no identity opens any part of it: the
// file keys are nowhere else but in the memory of a reader that has it open. The header stays readable, and its digest does not hold any
// more. Where the lengths in the prelude cannot be read, all bytes that a prelude can have are overwritten. It may be repeated.
//
// A copy-on-write file system, a snapshot or a flash disk may keep the old bytes elsewhere; this function cannot reach them.
func DestroyKeys(f File) error {
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("destroy keys: %w", err)
	}
	from, until := keysIn(f)
	from, until = min(from, info.Size()), min(until, info.Size())
	if err := overwrite(f, from, until); err != nil {
		return fmt.Errorf("destroy keys: %w", err)
	}
	return nil
}

// keysIn gives the place of the wrapped keys, or of a whole prelude.
func keysIn(f File) (from, until int64) {
	b := make([]byte, fixedLen)
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return 0, mostPrelude
	}
	if _, err := io.ReadFull(f, b); err != nil || string(b[:len(magic)]) != magic || binary.BigEndian.Uint16(b[8:]) != Version {
		return 0, mostPrelude
	}
	var n [3]int64
	for i := range n {
		if n[i] = int64(binary.BigEndian.Uint32(b[10+4*i:])); n[i] > maxPart {
			return 0, mostPrelude
		}
	}
	return fixedLen + n[0], fixedLen + n[0] + n[1] + n[2]
}

// overwrite writes zeros over a part of the file, syncs it, and reads the part back.
func overwrite(f File, from, until int64) error {
	zeros := make([]byte, 64<<10)
	if _, err := f.Seek(from, io.SeekStart); err != nil {
		return err
	}
	for at := from; at < until; {
		n, err := f.Write(zeros[:min(until-at, int64(len(zeros)))])
		if at += int64(n); err != nil {
			return err
		}
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if _, err := f.Seek(from, io.SeekStart); err != nil {
		return err
	}
	back := make([]byte, len(zeros))
	for at := from; at < until; {
		n, err := io.ReadFull(f, back[:min(until-at, int64(len(back)))])
		for _, c := range back[:n] {
			if c != 0 {
				return errors.New("what was overwritten is still there")
			}
		}
		if at += int64(n); err != nil {
			return err
		}
	}
	return nil
}

// Overwrite overwrites a whole file with zeros, as DestroyKeys does with the keys. Files beside a recording may hold wrapped keys.
func Overwrite(f File) error {
	info, err := f.Stat()
	if err == nil {
		err = overwrite(f, 0, info.Size())
	}
	if err != nil {
		return fmt.Errorf("overwrite: %w", err)
	}
	return nil
}
