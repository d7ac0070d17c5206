// Package view reads lists and single things for people, each in one snapshot, as types of broker/api.
//
// It owns the look. policy decides what the person sees; other things do not exist for them (store.ErrNotFound). Where the
// procedure requires it, the entry about the look, granted or refused, is committed before anything is shown (screens §2).
// The package changes nothing else and knows no HTTP: a page calls it in-process, with the person who looks.
//
// Its callers are the doors (broker/web).
package view
