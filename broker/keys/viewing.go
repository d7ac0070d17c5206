package keys

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"sync"

	"filippo.io/age"

	"sekimori/recordings"
)

// A viewing key opens the output of the recordings that were wrapped to it. The first lies in viewing.sealed, the later ones in
// viewing-2.sealed and so on. Numbers are never used twice. A file is written once and never changed, and stays as long as
// recordings need it; broker/sealing decides that, and which keys new recordings are wrapped to.

// ErrNoViewing says that new recordings have no viewing key, or one that the ring does not hold.
var ErrNoViewing = errors.New("there is no such viewing key")

var viewingName = regexp.MustCompile(`^viewing(?:-([1-9][0-9]{0,5}))?\.sealed$`)

func viewingFile(number int) string {
	if number == 1 {
		return fileViewing
	}
	return "viewing-" + strconv.Itoa(number) + ".sealed"
}

// ViewingKey is the public side of a viewing key.
type ViewingKey struct {
	Number    int
	Recipient string
}

// PostQuantum reports whether a quantum computer cannot open what is wrapped to the key.
func (k ViewingKey) PostQuantum() bool {
	r, err := recordings.ParseRecipient(k.Recipient)
	return err == nil && recordings.PostQuantum(r)
}

type viewingPair struct {
	identity  age.Identity
	recipient age.Recipient
	public    string
}

// viewing holds the viewing keys. All sessions share it while an administrator changes it.
type viewing struct {
	mu   sync.RWMutex // guards the rest
	keys map[int]viewingPair
	seal []int // numbers of the keys that new recordings are wrapped to
}

// newViewing makes an identity as age writes it.
func newViewing() ([]byte, error) {
	id, err := age.GenerateHybridIdentity()
	if err != nil {
		return nil, err
	}
	return []byte(id.String()), nil
}

func parseViewing(plain []byte) (viewingPair, error) {
	if id, err := age.ParseHybridIdentity(string(plain)); err == nil {
		return viewingPair{id, id.Recipient(), id.Recipient().String()}, nil
	}
	id, err := age.ParseX25519Identity(string(plain)) // rings of version 1 and before
	if err != nil {
		return viewingPair{}, ErrKeyDamaged // age's error may repeat the secret
	}
	return viewingPair{id, id.Recipient(), id.Recipient().String()}, nil
}

// openViewing reads all viewing keys. A ring without any is incomplete.
func (r *Ring) openViewing(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("open keys: %w", err)
	}
	r.viewing.keys = map[int]viewingPair{}
	for _, e := range entries {
		m := viewingName.FindStringSubmatch(e.Name())
		if m == nil {
			continue
		}
		number := 1
		if m[1] != "" {
			if number, err = strconv.Atoi(m[1]); err != nil || number == 1 {
				return fmt.Errorf("open keys: %s: %w", e.Name(), ErrKeyDamaged)
			}
		}
		plain, err := r.read(dir, e.Name())
		if errors.Is(err, ErrUnseal) {
			err = fmt.Errorf("open keys: %s: %w", filepath.Join(dir, e.Name()), ErrKeyDamaged)
		}
		if err != nil {
			return err
		}
		pair, err := parseViewing(plain)
		if err != nil {
			return fmt.Errorf("open keys: %s: %w", filepath.Join(dir, e.Name()), err)
		}
		r.viewing.keys[number] = pair
	}
	switch len(r.viewing.keys) {
	case 0:
		return fmt.Errorf("open keys: %s: %w", filepath.Join(dir, fileViewing), ErrNoKeys)
	case 1: // with several the database says which; until then no recording can begin
		for number := range r.viewing.keys {
			r.viewing.seal = []int{number}
		}
	}
	return nil
}

// ViewingKeys lists the viewing keys that the ring holds, by number.
func (r *Ring) ViewingKeys() []ViewingKey {
	r.viewing.mu.RLock()
	defer r.viewing.mu.RUnlock()
	all := make([]ViewingKey, 0, len(r.viewing.keys))
	for n, k := range r.viewing.keys {
		all = append(all, ViewingKey{Number: n, Recipient: k.public})
	}
	slices.SortFunc(all, func(a, b ViewingKey) int { return a.Number - b.Number })
	return all
}

// UseViewing sets the keys that new recordings are wrapped to. Errors: ErrNoViewing for a key that the ring does not hold, or no
// key at all; nothing changes then.
func (r *Ring) UseViewing(numbers ...int) error {
	r.viewing.mu.Lock()
	defer r.viewing.mu.Unlock()
	for _, n := range numbers {
		if _, ok := r.viewing.keys[n]; !ok {
			return fmt.Errorf("viewing key %d: %w", n, ErrNoViewing)
		}
	}
	if len(numbers) == 0 {
		return ErrNoViewing
	}
	r.viewing.seal = slices.Clone(numbers)
	return nil
}

// NewViewingKey makes a viewing key with a number above after and above all others, durable in dir. It opens recordings from now
// on; new ones are wrapped to it only after UseViewing.
func (r *Ring) NewViewingKey(dir string, after int) (ViewingKey, error) {
	plain, err := newViewing()
	if err != nil {
		return ViewingKey{}, fmt.Errorf("make a viewing key: %w", err)
	}
	pair, err := parseViewing(plain)
	if err != nil {
		return ViewingKey{}, fmt.Errorf("make a viewing key: %w", err)
	}
	r.viewing.mu.Lock()
	defer r.viewing.mu.Unlock()
	for n := range r.viewing.keys {
		after = max(after, n)
	}
	number := after + 1
	name := viewingFile(number)
	sealed, err := seal(r.master, "keys/"+name, plain)
	if err != nil {
		return ViewingKey{}, err
	}
	if err := replacePrivate(filepath.Join(dir, name), sealed); err != nil {
		return ViewingKey{}, fmt.Errorf("make a viewing key: %w", err)
	}
	r.viewing.keys[number] = pair
	return ViewingKey{Number: number, Recipient: pair.public}, nil
}

// DestroyViewingKey removes a viewing key for good. A missing file is no error, so that it can be called again after a crash. A
// key that new recordings are wrapped to is refused.
func (r *Ring) DestroyViewingKey(dir string, number int) error {
	r.viewing.mu.Lock()
	defer r.viewing.mu.Unlock()
	if slices.Contains(r.viewing.seal, number) || number < 1 {
		return fmt.Errorf("viewing key %d seals new recordings and cannot be destroyed", number)
	}
	if err := os.Remove(filepath.Join(dir, viewingFile(number))); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("destroy viewing key %d: %w", number, err)
	}
	if err := syncDir(dir); err != nil {
		return fmt.Errorf("destroy viewing key %d: %w", number, err)
	}
	delete(r.viewing.keys, number)
	return nil
}

// ViewingIdentity opens the output side of recordings, with whichever viewing key they are wrapped to. It follows later changes.
func (r *Ring) ViewingIdentity() age.Identity { return viewingIdentity{&r.viewing} }

// ViewingRecipient is the recipient of recordings' output, besides the auditors' keys. It follows UseViewing.
func (r *Ring) ViewingRecipient() age.Recipient { return viewingRecipient{&r.viewing} }

type viewingIdentity struct{ v *viewing }

func (i viewingIdentity) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	i.v.mu.RLock()
	defer i.v.mu.RUnlock()
	for _, k := range i.v.keys {
		key, err := k.identity.Unwrap(stanzas)
		if !errors.Is(err, age.ErrIncorrectIdentity) {
			return key, err
		}
	}
	return nil, age.ErrIncorrectIdentity
}

type viewingRecipient struct{ v *viewing }

// sealing are the recipients of new recordings. Errors: ErrNoViewing.
func (r viewingRecipient) sealing() ([]age.Recipient, error) {
	r.v.mu.RLock()
	defer r.v.mu.RUnlock()
	if len(r.v.seal) == 0 {
		return nil, ErrNoViewing
	}
	to := make([]age.Recipient, 0, len(r.v.seal))
	for _, n := range r.v.seal {
		to = append(to, r.v.keys[n].recipient)
	}
	return to, nil
}

func (r viewingRecipient) Wrap(key []byte) (all []*age.Stanza, err error) {
	to, err := r.sealing()
	if err != nil {
		return nil, err
	}
	for _, one := range to {
		s, err := one.Wrap(key)
		if err != nil {
			return nil, err
		}
		all = append(all, s...)
	}
	return all, nil
}

// PostQuantum reports whether all keys in use are hybrid ones.
func (r viewingRecipient) PostQuantum() bool {
	to, err := r.sealing()
	return err == nil && !slices.ContainsFunc(to, func(one age.Recipient) bool { return !recordings.PostQuantum(one) })
}
