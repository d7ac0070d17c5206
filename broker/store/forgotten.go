package store

import "sync"

// mostForgotten is how many acts that dropped remembered factors are kept. A connection that was let in before the oldest of
// them has to give its factor again.
const mostForgotten = 4096

// FactorMark stands for the moment at which a second factor was given. It is valid in the process that made it.
type FactorMark uint64

// forgotten keeps in order what ForgetFactors dropped since the database was opened. A connection keeps its factor in its own
// memory, which no row shows; whether the factor still counts is asked here. Connections end with the process, so this need not
// outlive it.
type forgotten struct {
	mu   sync.Mutex     // guards what follows
	n    FactorMark     // how many were noted
	last []FactorFilter // the newest of them, oldest first
}

func (f *forgotten) note(filters []FactorFilter) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.n += FactorMark(len(filters))
	f.last = append(f.last, filters...)
	if over := len(f.last) - mostForgotten; over > 0 {
		f.last = append([]FactorFilter(nil), f.last[over:]...)
	}
}

// since gives what was noted after the mark; false when that is not known any more.
func (f *forgotten) since(mark FactorMark) ([]FactorFilter, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if mark >= f.n {
		return nil, true
	}
	if f.n-mark > FactorMark(len(f.last)) {
		return nil, false
	}
	return f.last[FactorMark(len(f.last))-(f.n-mark):], true // never written again: note appends, or makes a new slice
}

// FactorMark is now. It is taken before the factor is checked.
func (db *DB) FactorMark() FactorMark {
	db.forgotten.mu.Lock()
	defer db.forgotten.mu.Unlock()
	return db.forgotten.n
}

// FactorMark is now. Within the transaction no factor is dropped.
func (t *Tx) FactorMark() FactorMark { return t.db.FactorMark() }

// Dropped tells whether the factor that was given at the mark was dropped since, for this person, key and window. An empty
// window asks about what concerns the person in any window. What is not known counts as dropped.
func (s *Snap) Dropped(r Remembered, mark FactorMark) (bool, error) {
	filters, known := s.db.forgotten.since(mark)
	if !known {
		return true, nil
	}
	for _, f := range filters {
		if drops, err := s.drops(f, r); drops || err != nil {
			return true, err
		}
	}
	return false, nil
}

// drops tells whether the filter covers this factor, as ForgetFactors says it of rows.
func (s *Snap) drops(f FactorFilter, r Remembered) (bool, error) {
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
