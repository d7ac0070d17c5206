package broker

import (
	"path/filepath"

	"sekimori/broker/files"
	"sekimori/broker/hook"
	"sekimori/broker/inspect"
	"sekimori/broker/keys"
	"sekimori/broker/store"
)

// newFileGate makes the gate of held files with the configured inspectors. Scanners also look at each file inside an archive.
func newFileGate(c Config, o Options, ring *keys.Ring, db *store.DB) (*files.Gate, error) {
	var chain inspect.Chain
	var scanners []inspect.Engine
	if c.Gate.Clamd != "" {
		scanners = append(scanners, inspect.Clamd{Address: c.Gate.Clamd, Most: int64(c.Gate.ClamdMost)})
	}
	if c.Gate.ICAP != "" && !c.Gate.ICAPSanitises {
		scanners = append(scanners, inspect.ICAP{Service: c.Gate.ICAP})
	}
	chain.Engines = append(chain.Engines, scanners...)
	if c.Gate.ICAP != "" && c.Gate.ICAPSanitises {
		chain.Engines = append(chain.Engines, inspect.ICAP{Service: c.Gate.ICAP, Sanitises: true})
	}
	if c.Gate.Inspector != "" {
		chain.Engines = append(chain.Engines, inspect.Program{Hook: hook.Hook{Path: c.Gate.Inspector}})
	}
	if len(chain.Engines) > 0 {
		chain.Engines = append(chain.Engines, inspect.Archives{Each: scanners})
	}
	return files.Open(files.Options{DB: db, Ring: ring, Dir: filepath.Join(c.DataDir, "held"), Outbox: filepath.Join(c.DataDir, "outbox"), Chain: chain, MinFree: uint64(c.Recordings.MinFreeSpace), Log: o.Log.Named("files")})
}
