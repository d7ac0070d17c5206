package web

import (
	"context"
	"slices"
	"strings"

	"sekimori/broker/api"
	"sekimori/broker/fault"
	"sekimori/broker/store"
	"sekimori/broker/view"
)

// show reads in one transaction and replies with the view.
func show[T any](s *Server, c *call, read func(*store.Snap) (T, error)) error {
	v, err := inSnap(s, c, read)
	if err != nil {
		return err
	}
	return c.reply(v)
}

func inSnap[T any](s *Server, c *call, read func(*store.Snap) (T, error)) (v T, err error) {
	err = s.o.DB.Read(c.r.Context(), func(snap *store.Snap) (err error) {
		v, err = read(snap)
		return err
	})
	return v, err
}

func (s *Server) emptyRegistry(ctx context.Context) (bool, error) { return s.o.Registry.Empty(ctx) }

// listed answers with a page of a list; one answers with the thing that the path names.
func listed[T any](read func(*view.Views, context.Context, view.Reader, view.Page) (api.List[T], error)) func(*Server, *call) error {
	return func(s *Server, c *call) error {
		page, err := c.page()
		if err != nil {
			return err
		}
		return c.answer(read(s.o.Views, c.r.Context(), c.reader(), page))
	}
}

func one[T any](read func(*view.Views, context.Context, view.Reader, string) (T, error)) func(*Server, *call) error {
	return func(s *Server, c *call) error {
		return c.answer(read(s.o.Views, c.r.Context(), c.reader(), c.r.PathValue("id")))
	}
}

// single answers with a thing of which there is only one.
func single[T any](read func(*view.Views, context.Context, view.Reader) (T, error)) func(*Server, *call) error {
	return func(s *Server, c *call) error { return c.answer(read(s.o.Views, c.r.Context(), c.reader())) }
}

// statesAsked reads ?state= of a list. An unknown state is an error and not an empty list: otherwise a person who misspells it would
// read that no work waits.
func statesAsked[T ~string](c *call, known []T) ([]T, error) {
	asked := T(c.query("state"))
	if asked == "" {
		return nil, nil
	}
	if !slices.Contains(known, asked) {
		words := make([]string, 0, len(known))
		for _, v := range known {
			words = append(words, string(v))
		}
		return nil, fault.BadRequest("state は次のどれかです: "+strings.Join(words, "、"), "state is one of "+strings.Join(words, ", "), nil)
	}
	return []T{asked}, nil
}
