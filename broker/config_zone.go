package broker

import (
	"errors"
	"time"
	_ "time/tzdata" // a machine without zoneinfo still has the institution's zone
)

func loadZone(name string) (*time.Location, error) {
	// "Local" would make the meaning of the file depend on the machine that reads it.
	if name == "" || name == "Local" {
		return nil, errors.New("a zone has a name")
	}
	return time.LoadLocation(name)
}

// mustZone is for names in the source, which tzdata above always has.
func mustZone(name string) Zone {
	l, err := loadZone(name)
	if err != nil {
		l = time.FixedZone("JST", 9*60*60)
	}
	return Zone{l}
}
