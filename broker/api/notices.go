package api

import (
	"time"

	"sekimori/policy/text"
)

// Notification is a notice in a person's list.
type Notification struct {
	ID      int64              `json:"id"`
	Code    string             `json:"code"` // what it says, a word that does not change: request.approved
	At      time.Time          `json:"at"`
	Count   int                `json:"count"` // similar ones that it stands for
	Latest  time.Time          `json:"latest"`
	Seen    time.Time          `json:"seen_at,omitzero"`
	Drill   bool               `json:"drill,omitempty"`
	Subject BothLanguages      `json:"subject"`
	Lead    BothLanguages      `json:"lead"`
	Next    BothLanguages      `json:"next_step,omitzero"`
	Facts   []NotificationFact `json:"facts,omitempty"`
	Page    string             `json:"page,omitempty"` // address on the pages
}

// NotificationFact is a line of a notice's card.
type NotificationFact struct {
	Label BothLanguages `json:"label"`
	Value BothLanguages `json:"value"`
}

// BothLanguages is one text in both languages.
type BothLanguages struct {
	JA string `json:"ja"`
	EN string `json:"en"`
}

// Text is the text for people.
func (b BothLanguages) Text() text.Text { return text.Of(b.JA, b.EN) }

// Undelivered is a notice that was given up, or that waits after a failed try.
type Undelivered struct {
	ID      int64         `json:"id"`
	State   string        `json:"state"`   // dead | waiting
	Channel string        `json:"channel"` // mail | webhook
	Code    string        `json:"code"`
	Subject BothLanguages `json:"subject"`
	Person  string        `json:"person,omitempty"`
	Desk    string        `json:"desk,omitempty"`
	Created time.Time     `json:"created_at"`
	Tries   int           `json:"tries"`
	Due     time.Time     `json:"next_try_at,omitzero"`
	Settled time.Time     `json:"given_up_at,omitzero"`
	Error   string        `json:"error"`
}

// WayTested is the outcome of a test of one way to people.
type WayTested struct {
	Channel string `json:"channel"`
	To      string `json:"to"`
	OK      bool   `json:"ok"`
	Error   string `json:"error,omitempty"`
}

// NoticesSeen marks notices as seen, up to one; 0: all.
type NoticesSeen struct {
	UpTo int64 `json:"up_to,omitempty"`
}

// Addresses of notices.
const (
	NotificationsPath Path[List[Notification]] = "/v1/notifications"
	NoticesSeenPath   Path[Done]               = "/v1/notifications/seen"
	UndeliveredPath   Path[List[Undelivered]]  = "/v1/notifications/undelivered"
	NotifyTestPath    Path[List[WayTested]]    = "/v1/notifications/test"
)
