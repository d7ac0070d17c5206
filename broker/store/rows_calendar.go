package store

import (
	"time"

	"sekimori/policy"
)

// Holiday is a line of the institution's own list of days.
type Holiday = policy.Holiday

// FeedKind says which windows a calendar feed shows.
type FeedKind string

// The kinds of feed.
const (
	FeedSection  FeedKind = "section"  // all windows and pending requests of the section's systems
	FeedEngineer FeedKind = "engineer" // the windows of one engineer
)

// Feed is a calendar feed under a secret address. Only the hash of the address is stored.
type Feed struct {
	ID        int64 // allotted by AddFeed
	Kind      FeedKind
	Subject   string // section or person id
	Lang      string // "ja" or "en": language of the events
	By        string
	Created   time.Time
	Revoked   time.Time // zero: in force
	RevokedBy string
}

// FeedFilter narrows Feeds. Zero fields do not narrow.
type FeedFilter struct {
	Kind    FeedKind
	Subject string
	InForce bool
}
