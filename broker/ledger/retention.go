package ledger

import (
	"slices"
	"strings"
)

// keptForEver are the kinds, and with a trailing '*' the beginnings of kinds, whose payloads are never disposed of. Without them what is left
// of the ledger could not be judged any more: what was disposed of and by which rule, what the institution told people, which seeds it
// committed to and what they drew, which keys opened recordings, which rows are bound, in which zone days are counted.
var keptForEver = []string{
	KindDisposed, "recording.disposing", "recording.disposed", "file.disposed", "paper.disposed",
	"notice.announced", "notice.agreed", "notice.withdrawn", "notice.in-force",
	"review.seed-committed", "review.seed-revealed", "review.sampled",
	"keys.*", "recording.access-*",
	"registry.founded", "state.bound", "broker.*",
	"form.exported", "incident.exported",
}

// KeptForEver tells whether payloads of a kind are never disposed of. A kind that this version does not know is one of them.
func KeptForEver(kind string) bool {
	_, known := kindNamed(kind)
	return !known || neverDisposed(kind)
}

// neverDisposed tells whether no entry authorises the disposal of payloads of a kind. Of a kind that this version does not know it says no: a later
// version may dispose of it.
func neverDisposed(kind string) bool {
	return slices.ContainsFunc(keptForEver, func(k string) bool {
		beginning, any := strings.CutSuffix(k, "*")
		return kind == k || any && strings.HasPrefix(kind, beginning)
	})
}

// OfLooks tells whether entries of a kind are the record of looks: the settings give them a time of keeping of their own.
func OfLooks(kind string) bool {
	_, what, _ := strings.Cut(kind, ".")
	switch what {
	case "viewed", "listed", "watched", "watch-ended", "served", "searched", "question-viewed", "timeline-viewed":
		return true
	}
	return false
}
