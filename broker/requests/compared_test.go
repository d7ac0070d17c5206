package requests_test

import (
	"testing"
	"time"

	"sekimori/broker/store"
	"sekimori/policy"
)

// The next request is compared with the last work in the commands and in the terms for files as well: one that asks for a shell after work
// with one command, or for every direction after work that only brought files in, is not the same.
func TestTheNextRequestIsComparedInCommandsAndFiles(t *testing.T) {
	h, d := desk(t)
	f := simple()
	f.Commands, f.Files, f.FileDirection, f.FilePathsIn, f.FilesDetail = []string{"uptime"}, policy.FilesAllowed, policy.FilesIn, []string{"/srv/in"}, "patch.txt"
	no := submit(t, d, f, "kato")
	w := approve(t, d, no, "head").Windows[0]
	change(t, h, func(tx *store.Tx) error {
		return tx.AddSession(store.Session{ID: "S-20261124-01", State: store.SessionEnded, Person: "E-0031", Vendor: "V-012", Grant: w + "-1", Window: w,
			Request: no, System: "map", Target: "map-web", Created: h.Now(), Ended: h.Now(), Reason: policy.EndedByEngineer})
	})
	wider := f
	wider.Commands, wider.FileDirection, wider.FilePathsIn = nil, policy.FilesBoth, nil
	wider.Start, wider.End = f.Start.Add(24*time.Hour), f.End.Add(24*time.Hour)
	checked, err := d.Check(t.Context(), submit(t, d, wider, "kato"))
	if err != nil || checked.First {
		t.Fatalf("%+v, %v", checked, err)
	}
	got := map[string]policy.Difference{}
	for _, one := range checked.Differences {
		got[one.Field] = one
	}
	if c := got[policy.FieldCommands]; c.Kind != policy.DiffAdded || c.From.JA != "uptime" {
		t.Errorf("commands: %+v", c)
	}
	if c := got[policy.FieldFiles]; c.Kind != policy.DiffChanged || c.From.EN != "in /srv/in" || c.To.EN != "in; out" {
		t.Errorf("files: %+v", c)
	}
}
