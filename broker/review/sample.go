package review

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// mostDrawn bounds the reviews of one system that one look decides on.
const mostDrawn = 100

// always are the reasons for which work is reviewed whatever the plan says.
var always = []api.Pick{api.PickCut, api.PickGap, api.PickEmergency, api.PickNumber, api.PickMasked, api.PickRuled, api.PickFollowUp}

// Sample has the plans of systems decide which work is reviewed, once the work is over, and looks after the seeds: that of a month is drawn and
// committed to in the ledger before the month, and revealed after it, when nothing of the month waits for the draw. Work from before a seed
// existed is reviewed. It does nothing, and writes nothing, while no system has a plan.
func (q *Queue) Sample(ctx context.Context) error {
	due := false
	look := func(s *store.Snap) (bool, error) {
		c := sampling{q: q, s: s}
		err := c.run()
		return c.due, err
	}
	err := q.o.DB.Read(ctx, func(s *store.Snap) (err error) { due, err = look(s); return err })
	if err != nil || !due {
		return err
	}
	return q.o.DB.Write(ctx, func(tx *store.Tx) error {
		return (&sampling{q: q, s: tx.Snap, tx: tx}).run()
	})
}

// sampling is one look at all plans. Without a transaction it only finds out whether something is due.
type sampling struct {
	q   *Queue
	s   *store.Snap
	tx  *store.Tx
	due bool
}

// planned is a system with a plan that leaves something out.
type planned struct {
	system string
	plan   ledger.Sample
}

func (c *sampling) run() error {
	plans, err := c.plans()
	if err != nil {
		return err
	}
	now := c.s.Now.In(c.q.o.Zone)
	this := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, c.q.o.Zone)
	if len(plans) > 0 {
		for _, month := range []time.Time{this, this.AddDate(0, 1, 0)} {
			if err := c.commit(monthOf(month)); err != nil {
				return err
			}
		}
	}
	for _, p := range plans {
		if err := c.draw(p); err != nil {
			return fmt.Errorf("draw reviews of %s: %w", p.system, err)
		}
	}
	return c.reveal(plans, monthOf(this))
}

func monthOf(t time.Time) string { return t.Format("2006-01") }

func (c *sampling) plans() (all []planned, err error) {
	systems, err := c.s.Systems()
	if err != nil {
		return nil, fmt.Errorf("read systems: %w", err)
	}
	for _, sys := range systems {
		plan, ok := ledger.ParseSample(sys.ReviewSample)
		if ok && !plan.All() {
			all = append(all, planned{sys.ID, plan})
		}
	}
	return all, nil
}

func seedPurpose(month string) string { return "review seed " + month }

// commit draws a month's seed where there is none, and commits to it in the ledger.
func (c *sampling) commit(month string) error {
	_, err := c.s.ReviewSeed(month)
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if c.due = true; c.tx == nil {
		return nil
	}
	seed := make([]byte, ledger.SeedSize)
	if _, err := rand.Read(seed); err != nil {
		return fmt.Errorf("draw a seed: %w", err)
	}
	v := store.ReviewSeed{Month: month, Commitment: ledger.SeedCommitment(seed)}
	if v.Sealed, err = c.q.o.Ring.Seal(seedPurpose(month), seed); err != nil {
		return fmt.Errorf("seal the seed of %s: %w", month, err)
	}
	if err := c.tx.AddReviewSeed(v); err != nil {
		return fmt.Errorf("store the seed of %s: %w", month, err)
	}
	return c.seedEntry("review.seed-committed", []string{month}, map[string]any{"month": month, "commitment": v.Commitment})
}

func (c *sampling) seedEntry(kind string, subjects []string, payload map[string]any) error {
	_, err := c.tx.Append(ledger.Draft{Kind: kind, Actor: broker, Subjects: subjects, Payload: payload})
	return err
}

// broker is the actor of entries that no person causes.
var broker = ledger.Actor{Kind: "broker", Via: "timer"}

// draw decides on the work of a system that is over.
func (c *sampling) draw(p planned) error {
	waiting, err := c.s.UndrawnReviews(p.system, mostDrawn)
	if err != nil {
		return err
	}
	for _, r := range waiting {
		on, err := load(c.s, r.ID)
		if err != nil {
			return err
		}
		if over(c.s, policy.Person{}, on) != nil {
			continue
		}
		if c.due = true; c.tx == nil {
			return nil
		}
		if err := c.decide(p, r); err != nil {
			return err
		}
	}
	return nil
}

// decide decides on one work.
func (c *sampling) decide(p planned, r store.Review) error {
	made := r.Created.In(c.q.o.Zone)
	first := time.Date(made.Year(), made.Month(), 1, 0, 0, 0, 0, c.q.o.Zone)
	month := monthOf(first)
	seed, err := c.s.ReviewSeed(month)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	picks, err := Picks(c.s, r, c.q.o.Zone)
	if err != nil {
		return err
	}
	forced := slices.DeleteFunc(picks, func(v api.Pick) bool { return !slices.Contains(always, v) })
	told := map[string]any{"plan": p.plan.String(), "month": month, "place": -1, "forced": append([]api.Pick{}, forced...)}
	outcome, place := store.DrawnForced, -1
	switch {
	case len(forced) > 0, r.Auditor != "" && !r.Named: // an auditor has taken it
	case seed.Month == "" || !seed.Drawn.Before(r.Created), !seed.Revealed.IsZero():
		told["unseeded"] = true
	default:
		plain, err := c.q.o.Ring.Unseal(seedPurpose(month), seed.Sealed)
		if err != nil || ledger.SeedCommitment(plain) != seed.Commitment {
			return fmt.Errorf("the seed of %s is not the one that the ledger commits to: %w", month, errors.Join(err, errBadSeed))
		}
		if place, err = c.s.DrawnPlaces(p.system, first, first.AddDate(0, 1, 0)); err != nil {
			return err
		}
		if outcome = store.DrawnLeftOut; p.plan.Chosen(plain, p.system, month, place) {
			outcome = store.DrawnChosen
		}
		told["place"] = place
	}
	told["outcome"] = outcome
	if err := c.tx.DrawReview(r.ID, outcome, p.plan.String(), place); err != nil {
		return err
	}
	return entry(c.tx, "review.sampled", broker, r, told)
}

var errBadSeed = errors.New("bad seed")

// reveal puts the seeds of past months into the ledger, once no work of the month waits for its draw.
func (c *sampling) reveal(plans []planned, this string) error {
	secret, err := c.s.SecretSeeds(this)
	if err != nil {
		return fmt.Errorf("read seeds: %w", err)
	}
	for _, seed := range secret {
		first, err := time.ParseInLocation("2006-01", seed.Month, c.q.o.Zone)
		if err != nil {
			return fmt.Errorf("month of a seed: %w", err)
		}
		waits := false
		for _, p := range plans {
			more, err := c.s.UndrawnBetween(p.system, first, first.AddDate(0, 1, 0))
			if err != nil {
				return err
			}
			waits = waits || more
		}
		if waits {
			continue
		}
		if c.due = true; c.tx == nil {
			return nil
		}
		plain, err := c.q.o.Ring.Unseal(seedPurpose(seed.Month), seed.Sealed)
		if err != nil {
			return fmt.Errorf("open the seed of %s: %w", seed.Month, err)
		}
		if err := c.tx.RevealSeed(seed.Month); err != nil {
			return err
		}
		if err := c.seedEntry("review.seed-revealed", []string{seed.Month}, map[string]any{"month": seed.Month, "seed": hex.EncodeToString(plain)}); err != nil {
			return err
		}
	}
	return nil
}
