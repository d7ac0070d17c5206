package requests_test

import (
	"slices"
	"testing"
	"time"
)

// The timer's work names each request once, also where the disk was full and its transaction ran twice.
func TestTheTimerOnAFullDiskNamesARequestOnce(t *testing.T) {
	t.Parallel()
	h, d := desk(t)
	no := asked(t, h, d, simple())
	h.Pass(time.Hour)
	ran := 0
	h.FillDisk(t, func() { ran++ })
	if lapsed, err := d.LapseEmergencies(t.Context()); err != nil || !slices.Equal(lapsed, []string{no}) || ran != 1 {
		t.Errorf("lapsed %v, %v; the disk was full %d times", lapsed, err, ran)
	}
}
