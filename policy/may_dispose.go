package policy

import (
	"time"

	"sekimori/policy/text"
)

// LongestRecordingDays bounds the rule on keeping recordings.
const LongestRecordingDays = 3650

// KeepsRecordings is how long recordings of the system are kept after their session. standard is the institution's time, which applies where
// the system has no rule of its own.
func (s System) KeepsRecordings(standard time.Duration) time.Duration {
	if s.KeepRecordingsDays > 0 {
		return time.Duration(s.KeepRecordingsDays) * 24 * time.Hour
	}
	return standard
}

// RecordingFacts are the facts that the rules about disposing of a recording look at. The zero value keeps it.
type RecordingFacts struct {
	Over     bool          // the session has ended
	Ended    time.Time     // when
	Keep     time.Duration // KeepsRecordings; zero and less: for ever
	Held     bool          // a hold is in force
	Reviewed bool          // the review of the work is signed for good, or none is owed
	Disposed bool          // it was ordered before
}

// Due is the time from which the recording may be disposed of; zero: never.
func (r RecordingFacts) Due() time.Time {
	if !r.Over || r.Ended.IsZero() || r.Keep <= 0 {
		return time.Time{}
	}
	return r.Ended.Add(r.Keep)
}

// Stays is why a recording, or the payload of an entry, stays.
type Stays string

// The causes for which it stays; the first that holds counts.
const (
	StaysNot        Stays = ""           // it may be disposed of
	StaysGone       Stays = "gone"       // it is disposed of already
	StaysLive       Stays = "live"       // the session is under way
	StaysHeld       Stays = "held"       // a freeze, a lock or a person holds it
	StaysUnreviewed Stays = "unreviewed" // the review of the work is open
	StaysInTime     Stays = "in-time"    // its time is not over

	// Of payloads of the ledger only.
	StaysForEver Stays = "for-ever" // its kind is kept for ever
	StaysOpen    Stays = "open"     // what it is about is not over
	StaysStored  Stays = "stored"   // it states the digest of something that is still kept
	StaysCounted Stays = "counted"  // a yearly report that is still to come counts it
)

// Stays tells whether the recording stays now, and why.
func (r RecordingFacts) Stays(now time.Time) Stays {
	due := r.Due()
	switch {
	case r.Disposed:
		return StaysGone
	case !r.Over:
		return StaysLive
	case r.Held:
		return StaysHeld
	case !r.Reviewed:
		return StaysUnreviewed
	case due.IsZero() || now.Before(due):
		return StaysInTime
	}
	return StaysNot
}

// MayPurge rules who may dispose of a recording whose time is over before the broker does it by itself: auditors and the
// information-systems section.
func MayPurge(p Person) Decision { return oneOf(p, Auditor, InformationSystems) }

var staysLabels = map[Stays]text.Text{
	StaysNot:        text.Of("保存期間を過ぎています", "Its time of keeping is over"),
	StaysGone:       text.Of("すでに廃棄しています", "It is disposed of already"),
	StaysLive:       text.Of("接続が終わっていません", "The session is not over"),
	StaysHeld:       text.Of("保全中(廃棄停止)です", "It is on hold"),
	StaysUnreviewed: text.Of("点検が終わっていません", "The review of the work is open"),
	StaysInTime:     text.Of("保存期間の中です", "Its time of keeping is not over"),
	StaysForEver:    text.Of("廃棄しない種類の記載です", "Entries of this kind are kept for ever"),
	StaysOpen:       text.Of("対象の手続が終わっていません", "What it is about is not over"),
	StaysStored:     text.Of("検証値の対象がまだ保存されています", "It states the digest of something that is still kept"),
	StaysCounted:    text.Of("年次報告がまだ書き出されていません", "The yearly report that counts it has not been taken out yet"),
}

// Label is the cause as people read it.
func (s Stays) Label() Text { return text.Label(staysLabels, s) }
