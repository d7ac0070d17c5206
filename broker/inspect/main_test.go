package inspect_test

import (
	"bytes"
	"testing"

	"go.uber.org/goleak"

	"sekimori/broker/inspect"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// inMemory is a content, and takes one.
type inMemory struct {
	*bytes.Reader
	b bytes.Buffer
}

func (m *inMemory) Write(p []byte) (int, error) { return m.b.Write(p) }

func (m *inMemory) Content() (inspect.Content, error) { return bytes.NewReader(m.b.Bytes()), nil }

func subject(name string, b []byte) inspect.Subject {
	return inspect.Subject{Name: name, Content: bytes.NewReader(b), Scratch: func() (inspect.Scratch, error) { return &inMemory{}, nil }}
}

func read(t *testing.T, c inspect.Content) string {
	t.Helper()
	var b bytes.Buffer
	if _, err := b.ReadFrom(inspect.Reader(c)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
