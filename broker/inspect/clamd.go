package inspect

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
)

// Clamd asks a clamd over its socket. Address is a path or host:port. Most is the largest file that clamd looks at whole (the least of
// its StreamMaxLength, MaxFileSize and MaxScanSize); clamd says OK to what it skips, so a larger file is not clean. 0: 25 MiB.
type Clamd struct {
	Address string
	Most    int64
}

const clamdMost = 25 << 20

// Name implements Engine.
func (Clamd) Name() string { return "clamd" }

// Inspect sends the file with INSTREAM.
func (c Clamd) Inspect(ctx context.Context, s Subject) (f Finding, _ Content, err error) {
	most := c.Most
	if most <= 0 {
		most = clamdMost
	}
	if s.Content.Size() > most {
		return f, nil, fmt.Errorf("%w of clamd: %d bytes, at most %d", ErrLimit, s.Content.Size(), most)
	}
	if f.Version, err = c.ask(ctx, "zVERSION\x00", nil); err != nil {
		return f, nil, err
	}
	answer, err := c.ask(ctx, "zINSTREAM\x00", Reader(s.Content))
	if err != nil {
		return f, nil, err
	}
	switch found, is := strings.CutSuffix(answer, " FOUND"); {
	case answer == "stream: OK":
		f.Verdict = Clean
	case is:
		f.Verdict, f.Detail = NotClean, strings.TrimPrefix(found, "stream: ")
	default:
		return f, nil, fmt.Errorf("clamd answers %q", said(answer))
	}
	return f, nil, nil
}

// ask sends one command, and a stream in chunks if there is one. clamd answers and closes.
func (c Clamd) ask(ctx context.Context, command string, stream io.Reader) (string, error) {
	network := "tcp"
	if strings.HasPrefix(c.Address, "/") {
		network = "unix"
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, network, c.Address)
	if err != nil {
		return "", fmt.Errorf("clamd: %w", err)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	if _, err := io.WriteString(conn, command); err != nil {
		return "", fmt.Errorf("clamd: %w", err)
	}
	var sending error
	if stream != nil {
		sending = sendChunks(conn, stream) // clamd may answer and close before the end: its limit, or a find
	}
	b, err := io.ReadAll(io.LimitReader(conn, 4<<10))
	answer := strings.TrimRight(string(b), "\x00\n")
	switch {
	case answer == "":
		return "", errors.Join(errors.New("clamd gives no answer"), sending, err, context.Cause(ctx))
	case sending != nil && strings.HasSuffix(answer, "OK"):
		return "", fmt.Errorf("clamd: %w", sending)
	}
	return answer, nil
}

func sendChunks(conn io.Writer, stream io.Reader) error {
	buf := make([]byte, 4+64<<10)
	for {
		n, err := io.ReadFull(stream, buf[4:])
		if n > 0 {
			binary.BigEndian.PutUint32(buf, uint32(n))
			if _, err := conn.Write(buf[:4+n]); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			_, err := conn.Write([]byte{0, 0, 0, 0})
			return err
		case err != nil:
			return err
		}
	}
}
