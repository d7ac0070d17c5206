package broker

import (
	"context"
	"errors"
	"time"

	"sekimori/broker/chores"
	"sekimori/broker/confirmation"
	"sekimori/broker/disposal"
	"sekimori/broker/evidence"
	"sekimori/broker/freeze"
	"sekimori/broker/notify"
	"sekimori/broker/papers"
	"sekimori/broker/publish"
	"sekimori/broker/reconcile"
	"sekimori/broker/refusals"
	"sekimori/broker/registry"
	"sekimori/broker/reports"
	"sekimori/broker/requests"
	"sekimori/broker/review"
	"sekimori/broker/roster"
	"sekimori/broker/sealing"
	"sekimori/broker/store"
	"sekimori/broker/view"
)

// parts are the parts of the broker that have a chore.
type parts struct {
	people   *registry.Registry
	refused  *refusals.Tally
	desk     *requests.Desk
	reports  *reports.Service
	papers   *papers.Keeper
	days     *confirmation.Book
	reviews  *review.Queue
	evidence *evidence.Keeper
	teller   *notify.Service
	roster   *roster.Book
	compared *reconcile.Office
	views    *view.Views
	asker    *publish.Asker
	archive  *disposal.Archive
	payloads *disposal.Payloads
	sealed   *sealing.Keeper
	freezer  *freeze.Freezer
}

// choresOf is the table of tasks that the clock starts. The ten-second pace serves lists and the ledger only: every refusal is
// judged by the clock at that moment.
func (b *Broker) choresOf(c Config, p parts) []chores.Chore {
	const soon = 10 * time.Second
	return []chores.Chore{
		{Name: "lapse requests", Every: soon, Run: p.desk.Due},
		{Name: "move requests to their report", Every: soon, Run: func(ctx context.Context) error { _, err := p.reports.Due(ctx); return err }},
		{Name: "warn of papers that end", Every: soon, Run: func(ctx context.Context) error { _, err := p.papers.Due(ctx); return err }},
		{Name: "note statements of vendors that are overdue", Every: 10 * time.Minute, Run: func(ctx context.Context) error { _, err := p.roster.Due(ctx); return err }},
		{Name: "choose the work that is reviewed, by the plans of systems", Every: soon, Run: p.reviews.Sample},
		{Name: "raise reviews that stay overdue", Every: time.Minute, Run: p.reviews.Due},
		{Name: "raise days without confirmation", Every: soon, Run: p.days.Due},
		{Name: "raise who was not told of an incident in time", Every: soon, Run: p.freezer.Due},
		summed("sum up failed sign-ins", soon, p.people.LedgerFailures),
		summed("sum up refusals", soon, p.refused.Due),
		summed("note which parts of recordings people were sent", soon, p.views.NoteServed),
		{Name: "sum up failed logins", Every: time.Minute, Run: func(context.Context) error { return b.gate.LedgerFailures(false) }}, // the gate's Close writes the rest
		{Name: "find whom to tell", Every: 5 * time.Second, Run: func(ctx context.Context) error { return errors.Join(p.teller.Clock(ctx), p.teller.Address(ctx)) }},
		{Name: "send mail", Every: 5 * time.Second, Run: func(ctx context.Context) error { return p.teller.Deliver(ctx, store.ChannelMail) }},
		{Name: "call the other program", Every: 5 * time.Second, Run: func(ctx context.Context) error { return p.teller.Deliver(ctx, store.ChannelWebhook) }},
		{Name: "forget old notices", Every: time.Hour, Run: p.teller.Forget},
		{Name: "look whether evidence can be kept", Every: 5 * time.Second, Run: func(ctx context.Context) error { return b.lookAtKeeping(ctx, c) }},
		{Name: "verify what the broker has just written", Every: 5 * time.Second, Run: func(ctx context.Context) error { return b.lookAtOwnOutput(ctx, c) }},
		{Name: "bring the checkpoint to the witnesses", Every: time.Minute, Run: p.asker.Ask},
		{Name: "look how long the room for recordings lasts", Every: 10 * time.Minute, Run: func(ctx context.Context) error { return b.lookAtSpace(ctx, c) }},
		{Name: "take away accounts that were not proved gone", Every: time.Minute, Run: b.care.Retry},
		{Name: "list outgoing connections of targets in use", Every: time.Minute, Run: b.care.Watch},
		{Name: "change stored secrets after a window", Every: time.Minute, Run: b.care.ChangeSecrets},
		{Name: "probe again what could be read", Every: time.Hour, Run: b.care.Reprobe},
		{Name: "take monthly inventories", Every: time.Hour, Run: b.care.Monthly},
		{Name: "compare logins of targets with the ledger", Every: time.Minute, Run: p.compared.Hourly},
		{Name: "remove held files whose time is over", Every: time.Hour, Run: func(ctx context.Context) error {
			var kept time.Duration
			if err := b.db.Read(ctx, func(s *store.Snap) (err error) { kept, err = s.RecordingsKept(); return err }); err != nil {
				return err
			}
			return b.files.Expire(ctx, kept)
		}},
		{Name: "dispose of copies of papers whose time is over", Every: time.Hour, Run: p.papers.Dispose},
		{Name: "make indexes of recordings", Every: time.Minute, Run: p.views.MakeIndexes},
		{Name: "derive from recordings why work stands out", Every: time.Minute, Run: p.reviews.Measure},
		{Name: "index sealed recordings for searches", Every: time.Minute, Run: p.evidence.IndexSealed},
		{Name: "dispose of recordings whose time is over", Every: time.Hour, Run: p.archive.Due},
		{Name: "dispose of payloads of the ledger whose time is over", Every: time.Hour, Run: p.payloads.Due},
		{Name: "write keys files beside recordings", Every: time.Minute, Run: p.sealed.WriteKeys},
		{Name: "destroy viewing keys that no recording needs", Every: time.Hour, Run: p.sealed.DestroyUnused},
		{Name: "read recordings again", Every: time.Hour, Run: p.evidence.Reread},
	}
}

// summed writes summaries that are due, and at the stop all of them.
func summed(name string, every time.Duration, write func(ctx context.Context, all bool) error) chores.Chore {
	return chores.Chore{
		Name: name, Every: every,
		Run:  func(ctx context.Context) error { return write(ctx, false) },
		Last: func(ctx context.Context) error { return write(ctx, true) },
	}
}
