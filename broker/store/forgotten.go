package store

import "sync"

// mostForgotten is how many acts that dropped remembered factors are kept. A connection admitted before the oldest of
// them has to give its factor again.
const mostForgotten = 4096

// FactorMark is the moment at which a second factor was given. It is valid only in the process that made it.
type FactorMark uint64

// droppedFactors keeps in order what ForgetFactors dropped since the database was opened. A connection keeps its factor in its own
// memory, which no row shows, and asks here whether the factor still counts. Connections end with the process, so this list
// need not outlive it.
type droppedFactors struct {
	mu   sync.Mutex     // guards n and last
	n    FactorMark     // how many were noted
	last []FactorFilter // the newest of them, oldest first
}

func (f *droppedFactors) note(filters []FactorFilter) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.n += FactorMark(len(filters))
	f.last = append(f.last, filters...)
	if over := len(f.last) - mostForgotten; over > 0 {
		f.last = append([]FactorFilter(nil), f.last[over:]...)
	}
}

// since gives what was noted after the mark; false where that is no longer known.
func (f *droppedFactors) since(mark FactorMark) ([]FactorFilter, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if mark >= f.n {
		return nil, true
	}
	if f.n-mark > FactorMark(len(f.last)) {
		return nil, false
	}
	return f.last[FactorMark(len(f.last))-(f.n-mark):], true // these elements never change: note appends, or makes a new slice
}

// FactorMark gives the present mark. Take it before the factor is checked.
func (db *DB) FactorMark() FactorMark {
	db.droppedFactors.mu.Lock()
	defer db.droppedFactors.mu.Unlock()
	return db.droppedFactors.n
}

// FactorMark gives the present mark. Within the transaction no factor is dropped.
func (t *Tx) FactorMark() FactorMark { return t.db.FactorMark() }

// Dropped tells whether the factor given at the mark was dropped since, for this person, key and window. An empty
// window stands for any window of the person. Where the answer is not known it is true.
func (s *Snap) Dropped(r Remembered, mark FactorMark) (bool, error) {
	filters, known := s.db.droppedFactors.since(mark)
	if !known {
		return true, nil
	}
	for _, f := range filters {
		if drops, err := s.filterCovers(f, r); drops || err != nil {
			return true, err
		}
	}
	return false, nil
}

// filterCovers tells whether the filter covers this factor, by the same rule as ForgetFactors.
func (s *Snap) filterCovers(f FactorFilter, r Remembered) (bool, error) {
	switch {
	case f.Person != "" && f.Person != r.Person, f.Fingerprint != "" && f.Fingerprint != r.Fingerprint, f.Window != "" && f.Window != r.Window:
		return false, nil
	case (f.System != "" || f.Drill) && r.Window == "":
		return false, nil
	}
	if f.Vendor != "" {
		p, err := s.Person(r.Person)
		if err != nil {
			return true, err
		}
		v, err := s.Vendor(p.Vendor)
		if err != nil {
			return true, err
		}
		if v.ID != f.Vendor && v.Prime != f.Vendor {
			return false, nil
		}
	}
	if f.System != "" || f.Drill {
		w, err := s.Window(r.Window)
		if err != nil {
			return true, err
		}
		if f.System != "" && w.System != f.System || f.Drill && !w.Drill {
			return false, nil
		}
	}
	return true, nil
}
