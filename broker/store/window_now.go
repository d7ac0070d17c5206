package store

import (
	"encoding/json"
	"fmt"
)

// WindowNow is the part of a window's state that its own row does not say (screens §6).
type WindowNow struct {
	Live     bool // a session runs on it
	Used     bool // one runs or ran
	Extended bool // more time was granted
	Frozen   bool // a freeze covers it
}

// WindowsNow gives the state of windows by id. It leaves out unknown ids.
func (s *Snap) WindowsNow(ids ...string) (map[string]WindowNow, error) {
	wanted, err := json.Marshal(ids)
	if err != nil {
		return nil, fmt.Errorf("write the ids of windows: %w", err)
	}
	type row struct {
		id string
		WindowNow
	}
	rows, err := list(s, func(r scanner) (row, error) {
		var v row
		return v, r.Scan(&v.id, &v.Live, &v.Used, &v.Extended, &v.Frozen)
	}, `SELECT w.id,
		EXISTS (SELECT 1 FROM sessions s WHERE s.window = w.id AND s.state IN ('opening', 'active')),
		EXISTS (SELECT 1 FROM sessions s WHERE s.window = w.id AND s.state IN ('opening', 'active', 'ended')),
		EXISTS (SELECT 1 FROM extensions x WHERE x.window = w.id AND x.state = 'granted'),
		EXISTS (SELECT 1 FROM freezes f WHERE f.lifted = 0 AND (f.drill = 0 OR w.drill) AND (f.scope = 'all' OR (f.scope = 'system' AND f.subject = w.system)
			OR (f.scope = 'vendor' AND f.system IN ('', w.system) AND f.subject IN (r.vendor, (SELECT v.prime FROM vendors v WHERE v.id = r.vendor)))))
		FROM windows w JOIN requests r ON r.no = w.request WHERE w.id IN (SELECT value FROM json_each(?))`, string(wanted))
	if err != nil {
		return nil, err
	}
	now := make(map[string]WindowNow, len(rows))
	for _, v := range rows {
		now[v.id] = v.WindowNow
	}
	return now, nil
}
