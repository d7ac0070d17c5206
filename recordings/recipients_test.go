package recordings_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"filippo.io/age"

	"sekimori/recordings"
)

// pair is an identity of either kind with its public half.
type pair struct {
	age.Identity
	to age.Recipient
}

func hybrid(t testing.TB) pair {
	t.Helper()
	id, err := age.GenerateHybridIdentity()
	must(t, err)
	return pair{id, id.Recipient()}
}

func classic(t testing.TB) pair {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	must(t, err)
	return pair{id, id.Recipient()}
}

// Each of several auditors opens the output alone, and none of them the input; each offline key opens the input alone. The kinds
// of keys may be mixed, which age itself refuses.
func TestEachRecipientOpensItsSideAlone(t *testing.T) {
	for name, c := range map[string]struct{ output, input []pair }{
		"classic": {[]pair{classic(t), classic(t), classic(t)}, []pair{classic(t), classic(t)}},
		"hybrid":  {[]pair{hybrid(t), hybrid(t), hybrid(t)}, []pair{hybrid(t), hybrid(t)}},
		"mixed":   {[]pair{classic(t), hybrid(t), classic(t)}, []pair{hybrid(t), classic(t)}},
	} {
		t.Run(name, func(t *testing.T) {
			o := newKeys(t).options()
			o.OutputTo, o.InputTo = nil, nil
			for _, p := range c.output {
				o.OutputTo = append(o.OutputTo, p.to)
			}
			for _, p := range c.input {
				o.InputTo = append(o.InputTo, p.to)
			}
			w, path := create(t, o)
			story(t, w)
			_, err := w.Close(theEnd)
			must(t, err)
			for i, p := range append(c.output, c.input...) {
				output := i < len(c.output)
				r := open(t, path, p.Identity)
				if out, in := r.Readable(); out != output || in == output {
					t.Errorf("key %d: output %v, input %v", i, out, in)
				}
				if lines, err := readAll(r); err != io.EOF || (len(lines) == 10) != output {
					t.Errorf("key %d: %d frames, %v", i, len(lines), err)
				}
			}
			for _, stranger := range []pair{classic(t), hybrid(t)} {
				if _, err := recordings.Open(path, stranger.Identity); !errors.Is(err, recordings.ErrNoKey) {
					t.Errorf("a stranger's key: %v", err)
				}
			}
		})
	}
}

func TestOnlyKeysOfAgeAreRecipients(t *testing.T) {
	pq, err := age.GenerateHybridIdentity()
	must(t, err)
	old, err := age.GenerateX25519Identity()
	must(t, err)
	for text, quantum := range map[string]bool{pq.Recipient().String(): true, old.Recipient().String(): false} {
		r, err := recordings.ParseRecipient(text)
		if err != nil || recordings.PostQuantum(r) != quantum || fmt.Sprint(r) != text {
			t.Errorf("%.12s…: %v %v", text, r, err)
		}
	}
	for _, wrong := range []string{
		"", "age1", "age1pq1", "age1pq1nonsense", pq.Recipient().String()[1:], pq.Recipient().String() + "q", strings.ToUpper(old.Recipient().String()),
		"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ", pq.String(), old.String(),
	} {
		r, err := recordings.ParseRecipient(wrong)
		if err == nil {
			t.Errorf("%.20q is the recipient %v", wrong, r)
			continue
		}
		if len(wrong) > 20 && strings.Contains(err.Error(), wrong[16:]) {
			t.Errorf("the error repeats a text that may be a private key: %v", err)
		}
	}
}
