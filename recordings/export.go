package recordings

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// The exports read a recording to its end. If it stops early, they write all that is sound and then return the
// *TruncatedError or *CorruptError. They stop when ctx ends, and at the first failed write, so a caller who has left costs
// nothing more.

// next returns the reader's next frame, or the error of ctx.
func next(ctx context.Context, r *Reader) (Frame, error) {
	if ctx.Err() != nil {
		return Frame{}, fmt.Errorf("read recording: %w", context.Cause(ctx))
	}
	return r.Next()
}

// Raw writes the bytes of one stream of a channel as they were relayed.
func Raw(ctx context.Context, w io.Writer, r *Reader, channel uint32, s Stream) error {
	for {
		f, err := next(ctx, r)
		if err != nil {
			return ended(err)
		}
		if f.Channel == channel && f.Stream == s && f.Event == "" {
			if err := writeAll(w, f.Data); err != nil {
				return fmt.Errorf("export: %w", err)
			}
		}
	}
}

// ended turns the end of a recording into success.
func ended(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}

// Channel summarizes one channel of a recording.
type Channel struct {
	Number                uint32
	Type                  string        // session, direct-tcpip
	Start                 string        // shell, exec or subsystem; empty if none was started
	Command               string        // exec: the command; subsystem: its name
	Terminal              *PTY          // the first size asked for; nil without a terminal
	Stdout, Stderr, Stdin int64         // bytes; Stdin is 0 without the input's key
	First, Last           time.Duration // of its frames
	Exit                  *uint32       // nil: none was sent
}

// Channels lists the channels of a recording in the order they appear.
func Channels(ctx context.Context, r *Reader) ([]Channel, error) {
	var list []Channel
	at := map[uint32]int{}
	for {
		f, err := next(ctx, r)
		if err != nil {
			return list, ended(err)
		}
		if f.Channel == SessionChannel {
			continue
		}
		i, ok := at[f.Channel]
		if !ok {
			i = len(list)
			at[f.Channel] = i
			list = append(list, Channel{Number: f.Channel, First: f.Elapsed})
		}
		list[i].take(f)
	}
}

func (c *Channel) take(f Frame) {
	c.Last = max(c.Last, f.Elapsed)
	n := int64(len(f.Data))
	switch f.Stream {
	case Stdout:
		c.Stdout += n
	case Stderr:
		c.Stderr += n
	case Stdin:
		c.Stdin += n
	}
	switch f.Event {
	case EventOpen:
		var o Opened
		if json.Unmarshal(f.Data, &o) == nil {
			c.Type = o.Type
		}
	case EventShell, EventExec, EventSubsystem:
		var cmd Command
		if len(f.Data) == 0 || json.Unmarshal(f.Data, &cmd) == nil {
			c.Start, c.Command = f.Event, cmd.Command
		}
	case EventPTY:
		var p PTY
		if c.Terminal == nil && json.Unmarshal(f.Data, &p) == nil {
			c.Terminal = &p
		}
	case EventExitStatus:
		var x Exit
		if json.Unmarshal(f.Data, &x) == nil {
			c.Exit = &x.Status
		}
	}
}
