//go:build !linux

package interlock

import "errors"

// newNftables: only Linux has nftables.
func newNftables(string, string, string) (Driver, error) {
	return nil, errors.New("the driver nftables needs Linux")
}
