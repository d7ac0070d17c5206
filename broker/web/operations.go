package web

import (
	"encoding/json"
	"strconv"

	"sekimori/broker/api"
	"sekimori/broker/fault"
	"sekimori/broker/session"
	"sekimori/recordings"
)

// newestOperations is how many earlier operations an attendant sees on coming to the post.
const newestOperations = 20

// operations streams to the attendant at the post each operation in the window's sessions, until they leave the post.
// The beginning of the look is ledgered; resuming after a broken connection is not a new look.
func (s *Server) operations(c *call) error {
	id := c.r.PathValue("id")
	after := int64(0)
	if v := c.r.FormValue("after"); v != "" {
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil || n < 0 {
			return fault.BadRequest("after は番号です", "after is a number", nil)
		}
		after = n
	}
	if err := s.o.Attendance.MayFollow(c.r.Context(), id, c.actor()); err != nil {
		return err
	}
	if after == 0 {
		if err := s.looked(c, "window.followed", []string{id, c.person.ID}, map[string]string{"window": id}); err != nil {
			return err
		}
	}
	defer s.streaming(c, "application/x-ndjson", lookStall)()
	if err := c.showNow(); err != nil {
		return nil // the caller has gone
	}
	e := json.NewEncoder(recordings.EscapeJSON(c.w))
	for {
		list, missed, err := s.o.Sessions.Operations(c.r.Context(), id, after)
		if err != nil {
			return nil // the caller has gone, or may no longer look
		}
		if err := s.o.Attendance.MayFollow(c.r.Context(), id, c.actor()); err != nil {
			return nil // another person has the post by now, or the window is over
		}
		if more := len(list) - newestOperations; after == 0 && more > 0 {
			list, missed = list[more:], true
		}
		for _, o := range list {
			v := viewOperation(o)
			v.Missed, missed = missed, false
			if err := e.Encode(v); err != nil {
				return nil // the caller has gone
			}
			after = o.No
		}
		if err := c.showNow(); err != nil {
			return nil
		}
	}
}

func viewOperation(o session.Told) api.Operation {
	v := api.Operation{No: o.No, At: o.At, Session: o.Session, Person: o.Person, Kind: o.Kind, JA: o.JA, EN: o.EN}
	if o.Channel != recordings.SessionChannel {
		v.Channel = &o.Channel
	}
	return v
}
