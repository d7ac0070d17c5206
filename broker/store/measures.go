package store

import (
	"encoding/json"
	"time"
)

// Measure is what was derived from a session's recording, by which its work may stand out. It holds no contents.
type Measure struct {
	Session, Vendor, System string
	Created                 time.Time // of the session

	Output  int64         // bytes that the target sent
	Files   int           // that the client opened by SFTP or SCP
	Copied  int           // commands that copy files or tables elsewhere
	Silence time.Duration // in whole seconds, before the largest burst of output; 0: none
	Burst   int64         // bytes of that burst
	Tables  int           // that statements named
	Outside int           // of these neither in the text of the request nor in that of an earlier one whose work used it

	// Compared with the vendor's earlier sessions on the system:
	Earlier int   // how many these are
	Unused  int   // commands that none of them used
	Usual   int64 // median of their output, in bytes

	Marks []string // of the names of commands, and of the tables that the request named (keys.Ring.Mark)
}

const measureColumns = `SELECT session, vendor, system, created, output, files, copied, silence, burst, tables, outside, earlier, unused, usual, marks FROM session_measures`

func scanMeasure(r scanner) (m Measure, err error) {
	var seconds int64
	var marks string
	err = r.Scan(&m.Session, &m.Vendor, &m.System, at(&m.Created), &m.Output, &m.Files, &m.Copied, &seconds, &m.Burst, &m.Tables, &m.Outside, &m.Earlier, &m.Unused, &m.Usual, &marks)
	if m.Silence = time.Duration(seconds) * time.Second; err == nil {
		err = json.Unmarshal([]byte(marks), &m.Marks)
	}
	return m, err
}

// Measure reads that of a session. Errors: ErrNotFound.
func (s *Snap) Measure(session string) (Measure, error) {
	return get(s, scanMeasure, measureColumns+` WHERE session = ?`, session)
}

// MeasuresBefore reads those of a vendor's sessions on a system that began before an instant, the newest first.
func (s *Snap) MeasuresBefore(vendor, system string, before time.Time, most int) ([]Measure, error) {
	return list(s, scanMeasure, measureColumns+` WHERE vendor = ? AND system = ? AND created < ? ORDER BY created DESC LIMIT ?`, vendor, system, ms(before), most)
}

// Unmeasured lists ended sessions with a sealed recording from which nothing was derived, the oldest first, behind a place.
func (s *Snap) Unmeasured(behind SealedPlace, most int) ([]Session, error) {
	return list(s, scanSession, sessionColumns+` WHERE state = 'ended' AND recording_sum <> '' AND (created > ? OR created = ? AND id > ?)
		AND NOT EXISTS (SELECT 1 FROM session_measures m WHERE m.session = sessions.id) AND NOT EXISTS (SELECT 1 FROM disposals d WHERE d.session = sessions.id)
		ORDER BY created, id LIMIT ?`, ms(behind.Created), ms(behind.Created), behind.ID, most)
}

// AddMeasure stores one. Errors: ErrExists.
func (t *Tx) AddMeasure(m Measure) error {
	marks, err := json.Marshal(append([]string{}, m.Marks...))
	if err != nil {
		return err
	}
	_, err = t.exec(`INSERT INTO session_measures (session, vendor, system, created, output, files, copied, silence, burst, tables, outside, earlier, unused, usual, marks)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, m.Session, m.Vendor, m.System, ms(m.Created), m.Output, m.Files, m.Copied, int64(m.Silence/time.Second), m.Burst,
		m.Tables, m.Outside, m.Earlier, m.Unused, m.Usual, string(marks))
	return exists(err)
}
