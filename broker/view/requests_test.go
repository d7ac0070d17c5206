package view_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/request"
	"sekimori/broker/store"
	"sekimori/broker/view"
)

// TestRequestOfTheAPI: the names stay; the body's emergency has members of its own, and times are in the institution's zone.
func TestRequestOfTheAPI(t *testing.T) {
	noon := time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)
	limit := int64(1)
	r := store.Request{No: "R8-0001", Start: noon, End: noon.Add(time.Hour), Body: request.Body{
		FaultNo: "1", PhoneTriage: "x", Occurrences: []request.Interval{{Start: noon, End: noon.Add(time.Hour)}}, ExtensionLimitMS: &limit,
		Emergency: &request.Emergency{Reason: "r", Phoned: "p", PhonedAt: noon, Due: noon},
	}}
	b, err := json.Marshal(view.Request(r, time.FixedZone("JST", 9*60*60)))
	if err != nil {
		t.Fatal(err)
	}
	var members map[string]any
	if err := json.Unmarshal(b, &members); err != nil {
		t.Fatal(err)
	}
	names := strings.Join(slices.Sorted(maps.Keys(members)), " ")
	if want := "accounts changed_at created_at emergency emergency_reason end engineers fault_no files follow_up_due occurrences phone phone_triage phoned phoned_at purpose request_no responsible_party start state system vendor version work_type"; names != want {
		t.Errorf("members\n%s\nwant\n%s", names, want)
	}
	if members["emergency"] != true || !strings.Contains(string(b), `"occurrences":[{"start":"2026-11-24T12:00:00+09:00"`) {
		t.Errorf("%s", b)
	}
	if !r.Body.Occurrences[0].Start.Equal(noon) || r.Body.Occurrences[0].Start.Location() != time.UTC {
		t.Error("what is stored was written to")
	}
	var again api.Request
	if err := json.Unmarshal(b, &again); err != nil || !again.Emergency || again.EmergencyReason != "r" || again.FaultNo != "1" {
		t.Errorf("%+v, %v", again, err)
	}
}
