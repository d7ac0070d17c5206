package testbed

import (
	"bytes"
	"runtime/pprof"
)

// Goroutines are the stacks of all goroutines, equal ones counted: a stop that ran out of time still has what held it up among them.
func Goroutines() string {
	var b bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&b, 1); err != nil {
		return err.Error()
	}
	return b.String()
}
