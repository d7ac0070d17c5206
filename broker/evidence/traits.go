package evidence

import (
	"context"
	"errors"
	"io"

	"sekimori/broker/store"
	"sekimori/recordings"
	"sekimori/recordings/traits"
)

// Traits derives from a session's sealed recording by what it may stand out. The recording is compared with the ledger before it is read, and once
// more after. It reads at the lowest priority and at a bounded rate, and not what was typed. Errors: *BadError, after its alarm; *DisposedError; ErrNone.
func (k *Keeper) Traits(ctx context.Context, s store.Session) (t traits.Traits, err error) {
	err = k.idly(func() (err error) {
		t, err = k.traits(ctx, s, func(r io.Reader) io.Reader { return &slow{ctx: ctx, r: r} })
		return err
	})
	return t, err
}

func (k *Keeper) traits(ctx context.Context, s store.Session, pace func(io.Reader) io.Reader) (t traits.Traits, err error) {
	held, r, v, err := k.sealedOutput(ctx, s, pace)
	if err != nil {
		return t, err
	}
	defer held.Close()
	defer r.Close()
	if t, err = traits.Read(ctx, r, v); err != nil {
		return traits.Traits{}, err
	}
	if err := held.Confirm(ctx, r.Digest()); err != nil {
		return traits.Traits{}, err
	}
	return t, nil
}

// sealedOutput opens the output of a sealed recording that holds, and the way to read it as text. The caller closes both.
func (k *Keeper) sealedOutput(ctx context.Context, s store.Session, pace func(io.Reader) io.Reader) (_ *Recording, _ *recordings.Reader, v recordings.View, err error) {
	held, err := k.opened(ctx, s.ID, -1, pace)
	if err != nil {
		return nil, nil, v, err
	}
	fail := func(err error) (*Recording, *recordings.Reader, recordings.View, error) {
		return nil, nil, v, errors.Join(err, held.Close())
	}
	if held.Bad != nil {
		return fail(held.Bad)
	}
	if held.Live {
		return fail(errors.New("it is under way"))
	}
	v = recordings.View{CauseJA: k.o.CauseJA}
	if v.Encoding, err = k.encoding(ctx, s.Target); err != nil {
		return fail(err)
	}
	r, err := held.Reader(k.o.Viewing)
	if err != nil {
		return fail(err)
	}
	r.OutputOnly() // a viewing key that is an input recipient too, by a mistake in the settings, must not bring in what was typed
	return held, r, v, nil
}
