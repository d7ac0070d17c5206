package notify

import (
	"context"

	"sekimori/broker/store"
)

// AddressAll finds the addressees of some things.
func AddressAll(ctx context.Context, s *Service, waiting []store.Outgoing) error {
	return s.addressAll(ctx, waiting)
}

// Unreadable treats a thing as one whose addressees could not be found at any try.
func Unreadable(ctx context.Context, s *Service, o store.Outgoing) error {
	o.Tries = mostTries
	return s.addressOne(ctx, o)
}
