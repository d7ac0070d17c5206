package main

import (
	"runtime/debug"
	"testing"

	"sekimori/broker/ledger"
	"sekimori/recordings"
)

func TestVersionSaysWhatTheBuildNoted(t *testing.T) {
	info := &debug.BuildInfo{GoVersion: "go1.99", Main: debug.Module{Version: "v1.2.3"}, Settings: []debug.BuildSetting{
		{Key: "vcs.revision", Value: "abc123"}, {Key: "vcs.time", Value: "2026-11-24T00:00:00Z"}, {Key: "vcs.modified", Value: "true"},
	}}
	want := version{Version: "v1.2.3", Commit: "abc123", At: "2026-11-24T00:00:00Z", Modified: true, Go: "go1.99", Recording: recordings.Version, Export: ledger.ExportVersion}
	if got := built(info, true); got != want {
		t.Errorf("%+v", got)
	}
	if got := built(nil, false); got.Version != "(devel)" || got.Recording != recordings.Version || got.Export != ledger.ExportVersion {
		t.Errorf("without a note: %+v", got)
	}
}
