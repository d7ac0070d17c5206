package recordings

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"
)

// KeysSuffix follows the name of a recording: in the file of that name lie wrappings of its output key to recipients that were
// added after the recording had begun. The recording itself never changes, so its chain and the ledger's digest stay.
const KeysSuffix = ".keys"

// The bytes of a keys file, FORMAT.md section 8.
const (
	keysMagic    = "\x89SKK\r\n\x1a\n"
	keysHead     = 8 + 2 + sha256.Size
	keysVersion  = 1
	keysMost     = 64      // entries
	keysMostWrap = 8 << 10 // bytes of one wrapping; a hybrid one has about 1,800
	keysEntry    = sha256.Size + 4
	keysLabel    = "sekimori recording keys v1"
)

// KeysError says that a keys file does not hold. The recording beside it is not affected.
type KeysError struct {
	Offset int64 // of the first entry that does not hold; 0: the head
	What   string
}

func (e *KeysError) Error() string {
	return fmt.Sprintf("keys file: damaged at offset %d: %s", e.Offset, e.What)
}

// sharedKey is one entry of a keys file.
type sharedKey struct {
	to      Sum // SHA-256 of the recipient's text
	wrapped []byte
	mac     Sum
}

// keysFile is a keys file as it stands; only a holder of the output key can tell whether its entries are genuine.
type keysFile struct {
	of      Sum // header digest of the recording
	entries []sharedKey
}

// readKeys parses a keys file.
func readKeys(r io.Reader) (*keysFile, error) {
	head := make([]byte, keysHead)
	if _, err := io.ReadFull(r, head); err != nil {
		if isShort(err) {
			return nil, &KeysError{What: "it stops before its end"}
		}
		return nil, fmt.Errorf("keys file: %w", err)
	}
	if string(head[:8]) != keysMagic {
		return nil, &KeysError{What: "not a keys file (no magic)"}
	}
	if v := binary.BigEndian.Uint16(head[8:]); v != keysVersion {
		return nil, &KeysError{What: fmt.Sprintf("version %d is unknown to this program (it knows %d)", v, keysVersion)}
	}
	k := &keysFile{of: Sum(head[10:])}
	for offset := int64(keysHead); ; {
		entry := make([]byte, keysEntry)
		switch _, err := io.ReadFull(r, entry); {
		case err == io.EOF:
			return k, nil
		case isShort(err):
			return nil, &KeysError{Offset: offset, What: "it stops before its end"}
		case err != nil:
			return nil, fmt.Errorf("keys file: %w", err)
		}
		n := binary.BigEndian.Uint32(entry[sha256.Size:])
		if n > keysMostWrap {
			return nil, &KeysError{Offset: offset, What: fmt.Sprintf("length %d is more than %d", n, keysMostWrap)}
		}
		if len(k.entries) == keysMost {
			return nil, &KeysError{Offset: offset, What: fmt.Sprintf("more than %d entries", keysMost)}
		}
		rest := make([]byte, int(n)+sha256.Size)
		if _, err := io.ReadFull(r, rest); err != nil {
			if isShort(err) {
				return nil, &KeysError{Offset: offset, What: "it stops before its end"}
			}
			return nil, fmt.Errorf("keys file: %w", err)
		}
		k.entries = append(k.entries, sharedKey{to: Sum(entry), wrapped: rest[:n:n], mac: Sum(rest[n:])})
		offset += int64(keysEntry + len(rest))
	}
}

// encode renders the file.
func (k *keysFile) encode() []byte {
	b := append(make([]byte, 0, keysHead), keysMagic...)
	b = binary.BigEndian.AppendUint16(b, keysVersion)
	b = append(b, k.of[:]...)
	for _, e := range k.entries {
		b = append(b, e.to[:]...)
		b = binary.BigEndian.AppendUint32(b, uint32(len(e.wrapped)))
		b = append(append(b, e.wrapped...), e.mac[:]...)
	}
	return b
}

// open gives the key that one of the identities opens. nil, nil: none does. The entry's code shows that its maker held the key in it,
// and bound it to this recording. Whether it is the recording's key, only the recording's segments show: Reader.notSealed.
func (k *keysFile) open(of Sum, ids []age.Identity) ([]byte, error) {
	if k.of != of {
		return nil, &KeysError{What: "it belongs to another recording"}
	}
	offset := int64(keysHead)
	for _, e := range k.entries {
		key, err := unwrapKey(e.wrapped, ids)
		if err == nil && key != nil && !e.holds(of, key) {
			err = errors.New("the entry's code does not hold")
		}
		if err != nil {
			return nil, &KeysError{Offset: offset, What: err.Error()}
		}
		if key != nil {
			return key, nil
		}
		offset += int64(keysEntry + len(e.wrapped) + sha256.Size)
	}
	return nil, nil
}

// authentic computes an entry's code, which only a holder of the output key can.
func (e *sharedKey) authentic(of Sum, key []byte) (Sum, error) {
	own, err := hkdf.Key(sha256.New, key, of[:], keysLabel, sha256.Size)
	if err != nil {
		return Sum{}, fmt.Errorf("keys file: %w", err)
	}
	h := hmac.New(sha256.New, own)
	h.Write(of[:])
	h.Write(e.to[:])
	h.Write(e.wrapped)
	return Sum(h.Sum(nil)), nil
}

func (e *sharedKey) holds(of Sum, key []byte) bool {
	want, err := e.authentic(of, key)
	return err == nil && hmac.Equal(want[:], e.mac[:])
}

// verify finds the first entry that no holder of the key made.
func (k *keysFile) verify(of Sum, key []byte) error {
	if k.of != of {
		return &KeysError{What: "it belongs to another recording"}
	}
	offset := int64(keysHead)
	for _, e := range k.entries {
		if !e.holds(of, key) {
			return &KeysError{Offset: offset, What: "the entry was not made by a holder of the recording's key"}
		}
		offset += int64(keysEntry + len(e.wrapped) + sha256.Size)
	}
	return nil
}

// index gives the place of a recipient's entry, or -1.
func (k *keysFile) index(to Sum) int {
	for i, e := range k.entries {
		if e.to == to {
			return i
		}
	}
	return -1
}

// ReadKeys checks that a keys file parses and belongs to the recording with this header digest, and gives the fingerprints of its
// recipients, as Fingerprint writes them. Without the recording's key it cannot tell whether the entries open.
func ReadKeys(r io.Reader, of Sum) ([]string, error) {
	k, err := readKeys(r)
	if err != nil {
		return nil, err
	}
	if k.of != of {
		return nil, &KeysError{What: "it belongs to another recording"}
	}
	var to []string
	for _, e := range k.entries {
		to = append(to, fingerprint(e.to))
	}
	return to, nil
}

// HeaderDigest reads the header of a recording and gives its digest, by which a keys file is bound to it.
func HeaderDigest(r io.Reader) (Sum, error) {
	p, _, err := readPrelude(r)
	if err != nil {
		return Sum{}, fmt.Errorf("header of the recording: %w", err)
	}
	return p.digest, nil
}
