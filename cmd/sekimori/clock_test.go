package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"sekimori/broker"
	"sekimori/broker/registry"
)

// institutionZone is the zone of the institutions in these tests, wherever the machine is.
var institutionZone = time.FixedZone("JST", 9*60*60)

// storyAt is the instant at which every story begins. It is a chosen one, so that no story depends on the hour or
// the date at which it runs: SEKIMORI_STORY_AT (RFC 3339), or a Tuesday morning in office hours.
func storyAt() time.Time {
	at := time.Date(2026, 11, 24, 10, 0, 0, 0, institutionZone)
	if text := os.Getenv("SEKIMORI_STORY_AT"); text != "" {
		var err error
		if at, err = time.Parse(time.RFC3339, text); err != nil {
			panic(fmt.Sprintf("SEKIMORI_STORY_AT: %v", err)) // the tests were started wrongly
		}
	}
	return at
}

// aheadOf is how far a clock that shows at now is ahead of the machine's.
func aheadOf(at time.Time) time.Duration { return at.Sub(time.Now().Round(0)) }

// clockFrom is a clock that shows at now and goes on with the machine's. Its times are in the machine's zone, as those of
// the system's clock are.
func clockFrom(at time.Time) func() time.Time {
	ahead := aheadOf(at)
	return func() time.Time { return time.Now().Round(0).Add(ahead) }
}

// storyProgram is `sekimori` as a process of a story: on the story's clock, of which the file says how far it is ahead.
func storyProgram() {
	dir := os.Getenv("STORY_DIR")
	os.Exit(command(func() time.Time {
		ahead, err := readAhead(dir)
		if err != nil {
			panic(err) // a story that goes by another clock proves nothing
		}
		return time.Now().Round(0).Add(ahead)
	}, storyBroker))
}

// storyBroker is what the brokers of stories are started with: their targets are real, so theirs is the machine's clock, passwords are
// checked for next to nothing, and what the clock has brought about is written down at once.
var storyBroker = broker.Options{
	TargetClock: time.Now, Hash: registry.Cost{Passes: 1, MemoryKiB: 64, Lanes: 1}, Chores: 250 * time.Millisecond,
}

func readAhead(dir string) (time.Duration, error) {
	text, err := os.ReadFile(filepath.Join(dir, "ahead"))
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(string(text), 10, 64)
	return time.Duration(n), err
}

func writeAhead(dir string, ahead time.Duration) error {
	// Renamed into place: processes of the story read it meanwhile.
	path := filepath.Join(dir, "ahead")
	if err := os.WriteFile(path+".new", []byte(strconv.FormatInt(int64(ahead), 10)), 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// dates are the variables of a story that name days and times, as its institution says them.
func dates(at time.Time) map[string]string {
	at = at.In(institutionZone)
	soon := time.Date(at.Year(), at.Month(), at.Day()+10, 0, 0, 0, 0, institutionZone)
	return map[string]string{
		"FROM": at.AddDate(0, -1, 0).Format(time.DateOnly), "UNTIL": at.AddDate(1, 0, 0).Format(time.DateOnly),
		"LASTNIGHT": at.Add(-6 * time.Hour).Format("2006-01-02T15:04"), // when a backup was made that is young enough
		"SOON":      soon.Format(time.DateOnly),                        // the last day of a paper that calls for attention
		"LAPSE":     soon.AddDate(0, 0, 1).Format(time.RFC3339),        // the end of that day
	}
}

func TestDatesAreTheInstitutions(t *testing.T) {
	for at, want := range map[string][4]string{
		"2026-11-24T14:58:00Z":      {"2026-10-24", "2026-11-24T17:58", "2026-12-04", "2026-12-05T00:00:00+09:00"},
		"2026-11-24T15:03:00Z":      {"2026-10-25", "2026-11-24T18:03", "2026-12-05", "2026-12-06T00:00:00+09:00"},
		"2028-02-29T12:00:00+09:00": {"2028-01-29", "2028-02-29T06:00", "2028-03-10", "2028-03-11T00:00:00+09:00"},
	} {
		instant, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		d := dates(instant)
		if got := [4]string{d["FROM"], d["LASTNIGHT"], d["SOON"], d["LAPSE"]}; got != want {
			t.Errorf("%s: %v, want %v", at, got, want)
		}
	}
}
