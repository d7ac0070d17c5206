package store

import "errors"

// SystemOf gives the system behind an id that entries of the ledger name: the system itself, or a thing of one. Empty: the id is of another kind
// of thing, a person or a vendor.
func (s *Snap) SystemOf(id string) (string, error) {
	for _, one := range systemOf {
		system, err := one(s, id)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return "", err
		}
		if err == nil && system != "" {
			return system, nil
		}
	}
	return "", nil
}

// systemOf reads to which system a thing belongs, by the kinds of things that entries name. Errors: ErrNotFound where the id is of another kind.
var systemOf = []func(s *Snap, id string) (string, error){
	func(s *Snap, id string) (string, error) { v, err := s.Session(id); return v.System, err },
	func(s *Snap, id string) (string, error) { v, err := s.Window(id); return v.System, err },
	func(s *Snap, id string) (string, error) { v, err := s.Request(id); return v.System, err },
	func(s *Snap, id string) (string, error) { v, err := s.System(id); return v.ID, err },
	func(s *Snap, id string) (string, error) { v, err := s.File(id); return v.System, err },
	func(s *Snap, id string) (string, error) { v, err := s.Review(id); return v.System, err },
	func(s *Snap, id string) (string, error) { v, err := s.Day(id); return v.System, err },
	func(s *Snap, id string) (string, error) { v, err := s.Permit(id); return v.System, err },
	func(s *Snap, id string) (string, error) { return systemOfTarget(s, id) },
	func(s *Snap, id string) (string, error) {
		v, err := s.Account(id)
		if err != nil {
			return "", err
		}
		return systemOfTarget(s, v.Target)
	},
	func(s *Snap, id string) (string, error) {
		v, err := s.UnknownLogin(id)
		if err != nil {
			return "", err
		}
		return systemOfTarget(s, v.Target)
	},
}

func systemOfTarget(s *Snap, id string) (string, error) {
	v, err := s.Target(id)
	return v.System, err
}
