package policy

import "time"

// The reminder of a review.
const (
	LongestReminderDays  = 9 // a review is due ten days after the work
	standardReminderDays = 3
)

// RemindsReview is how long before its date the auditor of a review is reminded of it.
func (s System) RemindsReview() time.Duration {
	days := s.RemindReviewDays
	if days <= 0 {
		days = standardReminderDays
	}
	return time.Duration(min(days, LongestReminderDays)) * 24 * time.Hour
}

// ReviewDueSoon tells whether a review is to be reminded of: its date lies ahead, and not further than the system's rule says.
func (s System) ReviewDueSoon(due, now time.Time) bool {
	return now.Before(due) && !now.Before(due.Add(-s.RemindsReview()))
}
