package main

import (
	"runtime/debug"
	"strconv"

	"github.com/urfave/cli/v2"

	"sekimori/broker/ledger"
	"sekimori/recordings"
)

// version names this program and the formats it writes. They tell a reader whether a fix is in it, and whether another program
// reads its files. All but the formats comes from the build.
type version struct {
	Version   string `json:"version"`          // of the module; (devel): built from a working copy
	Commit    string `json:"commit,omitempty"` // empty: built without one
	At        string `json:"commit_time,omitempty"`
	Modified  bool   `json:"modified"` // the working copy was not that commit
	Go        string `json:"go"`
	Recording int    `json:"recording_format"`
	Export    int    `json:"ledger_export_format"`
}

// built reads what the Go toolchain noted in the program.
func built(info *debug.BuildInfo, ok bool) version {
	v := version{Version: "(devel)", Recording: recordings.Version, Export: ledger.ExportVersion}
	if !ok {
		return v
	}
	if info.Main.Version != "" {
		v.Version = info.Main.Version
	}
	v.Go = info.GoVersion
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Commit = s.Value
		case "vcs.time":
			v.At = s.Value
		case "vcs.modified":
			v.Modified = s.Value == "true"
		}
	}
	return v
}

func (p *program) versionCommand() *cli.Command {
	return p.leaf("version", "", "このプログラムの版、コミット、書く形式の版", "version and commit of this program, and versions of the formats it writes", func(*cli.Context) error {
		return page(p, built(debug.ReadBuildInfo()), []column[version]{
			{"版", "VERSION", func(v version) string { return v.Version }},
			{"コミット", "COMMIT", func(v version) string {
				if v.Modified {
					return v.Commit + p.say("(変更あり)", " (modified)")
				}
				return v.Commit
			}},
			{"コミットの日時", "COMMITTED", func(v version) string { return v.At }},
			{"Go", "GO", func(v version) string { return v.Go }},
			{"操作記録の形式", "RECORDINGS", func(v version) string { return strconv.Itoa(v.Recording) }},
			{"台帳書き出しの形式", "LEDGER EXPORT", func(v version) string { return strconv.Itoa(v.Export) }},
		})
	})
}
