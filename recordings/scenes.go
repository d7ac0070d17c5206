package recordings

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"
	"time"
)

// Scene is one event of a session's asciicast: output for a viewer's terminal (Code "o"), another size ("r"), an exit status ("x"), an operation
// ("m").
type Scene struct {
	Elapsed time.Duration // since the start
	Played  time.Duration // place in the asciicast with the View's Idle
	Code    string
	JA, EN  string // the event's text; they differ in the lines of operations only
}

// Film is what Scenes has read of a session beside its scenes.
type Film struct {
	Cols, Rows uint32    // of the terminal at the first scene
	Timeline   *Timeline // Bytes is 0
	slots      slots
}

// Density gives the output of the session in equal stretches of time, in bytes as the target sent them, with files that it sent. No input counts.
func (f *Film) Density() (slot time.Duration, bytes []int64) { return f.slots.long, f.slots.all }

// Scenes reads a recording to its end, and gives take the events that Asciicast writes, in both languages at once. The scenes of the sound part come
// with an error. Input is left out, also where the Reader opens it.
func Scenes(ctx context.Context, r *Reader, v View, take func(f *Film, s Scene) error) (*Film, error) {
	v.Width, v.Height, v.Mark = 0, 0, r.mark()
	film := &Film{Timeline: new(Timeline), slots: slots{long: time.Second}}
	var kept [2][]castEvent
	var casts [2]*cast
	for i, lang := range []string{"ja", "en"} {
		v.Lang = lang
		casts[i] = newCast(r, v)
		casts[i].kept = &kept[i]
	}
	casts[0].marks = film.Timeline
	give := func() error {
		if len(kept[0]) != len(kept[1]) {
			return fmt.Errorf("%d events in Japanese, %d in English", len(kept[0]), len(kept[1]))
		}
		film.Cols, film.Rows = casts[0].size.Cols, casts[0].size.Rows
		for i, e := range kept[0] {
			if err := take(film, Scene{e.elapsed, e.played, e.code, e.data, kept[1][i].data}); err != nil {
				return err
			}
		}
		kept[0], kept[1] = kept[0][:0], kept[1][:0]
		return nil
	}
	for {
		f, err := next(ctx, r)
		if err == nil && f.Input {
			continue
		}
		for _, c := range casts {
			var werr error
			if err != nil {
				werr = c.end(r)
			} else {
				werr = c.take(f)
			}
			if werr != nil {
				return film, werr
			}
		}
		if err == nil && (f.Stream == Stdout || f.Stream == Stderr) {
			film.slots.add(f.Elapsed, int64(len(f.Data)))
		}
		if werr := give(); werr != nil {
			return film, werr
		}
		if err != nil {
			return film, ended(err)
		}
	}
}

// mostSlots bounds the stretches of a density. Of a longer session they are longer.
const mostSlots = 512

// slots counts bytes in stretches of equal length.
type slots struct {
	long time.Duration
	all  []int64
}

func (s *slots) add(at time.Duration, n int64) {
	for int64(at/s.long) >= mostSlots {
		s.long *= 2
		half := s.all[:(len(s.all)+1)/2]
		for i := range half {
			sum := s.all[2*i]
			if 2*i+1 < len(s.all) {
				sum += s.all[2*i+1]
			}
			half[i] = sum
		}
		s.all = half
	}
	for i := int(at / s.long); len(s.all) <= i; {
		s.all = append(s.all, 0)
	}
	s.all[at/s.long] += n
}

// Derive gives a key for a file that is derived from the output of this recording. label names its use. Only the output's key gives it, and the file
// must be destroyed with the recording. The Reader must have opened the output.
func (r *Reader) Derive(label string) ([]byte, error) {
	if r.secret == nil {
		return nil, fmt.Errorf("derive a key for %s: %w", label, ErrNoKey)
	}
	return hkdf.Expand(sha256.New, r.secret, "sekimori "+label, keyLen)
}
