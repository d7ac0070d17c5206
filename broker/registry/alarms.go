package registry

import (
	"context"
	"errors"
	"fmt"

	"sekimori/broker/forms"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Ack acknowledges an alarm.
type Ack struct {
	Desk string // "section" or store.CentralDesk; empty: the one desk that the person stands for
	Note string
}

// DesksOf are the desks whose alarms a person sees and acknowledges: their section's and the central one.
func DesksOf(sight policy.AlarmSight) []string {
	var desks []string
	if sight.Section != "" {
		desks = append(desks, store.SectionDesk(sight.Section))
	}
	if sight.Central {
		desks = append(desks, store.CentralDesk)
	}
	return desks
}

// AckAlarm acknowledges an alarm for one desk that the person stands for. The alarm stays open at the other desk, and one person
// acknowledges it for one desk only (R16: one cannot silence the other). Errors: *policy.Denied
// forbidden and already-decided; *forms.Invalid which-desk for a person who stands for both desks.
func (r *Registry) AckAlarm(ctx context.Context, id string, in Ack, by ledger.Actor) (store.Alarm, error) {
	note, err := cleanText("note", in.Note, longestReason)
	if err != nil {
		return store.Alarm{}, err
	}
	var out store.Alarm
	err = r.o.DB.Write(ctx, func(tx *store.Tx) error {
		p, err := tx.ActingPerson(by)
		if err != nil {
			return err
		}
		a, err := tx.Alarm(id)
		if err != nil {
			return fmt.Errorf("alarm %q: %w", id, err)
		}
		desk, err := deskFor(p, a, in.Desk)
		if err != nil {
			return err
		}
		done := &policy.Denied{Reason: policy.AlreadyDecided, Args: map[string]string{"request": id}}
		for _, d := range a.Desks {
			if d.AckedBy == p.ID {
				return done
			}
		}
		switch err := tx.AckAlarm(id, desk, p.ID, note); {
		case errors.Is(err, store.ErrNotFound):
			return done
		case err != nil:
			return fmt.Errorf("acknowledge alarm: %w", err)
		}
		if _, err := tx.Append(ledger.Draft{Kind: "alarm.acknowledged", Actor: by, Subjects: []string{id, a.About},
			Payload: map[string]any{"alarm": id, "desk": desk, "note": note}}); err != nil {
			return fmt.Errorf("ledger acknowledgement: %w", err)
		}
		out, err = tx.Alarm(id)
		return err
	})
	return out, err
}

// deskFor is the desk for which the person acknowledges the alarm.
func deskFor(p policy.Person, a store.Alarm, named string) (string, error) {
	var mine []string
	for _, desk := range DesksOf(policy.SeeAlarms(p)) {
		for _, d := range a.Desks {
			if d.Desk == desk && (named == "" || named == desk || named == "section" && desk != store.CentralDesk) {
				mine = append(mine, desk)
			}
		}
	}
	switch len(mine) {
	case 0:
		return "", &policy.Denied{Reason: policy.Forbidden, Args: map[string]string{"role": "staff"}}
	case 1:
		return mine[0], nil
	}
	return "", &forms.Invalid{Problems: []forms.Problem{{Field: "desk", Code: "which-desk",
		JA: "所管課と情報システム課のどちらとして確認するかを指定してください。", EN: "say for which desk: section or information-systems"}}}
}

// alarm raises an alarm about a person, or about no known person.
func alarm(tx *store.Tx, what store.AlarmKind, person string, detail map[string]any) error {
	sections, err := tx.SectionsAbout(person)
	if err != nil {
		return fmt.Errorf("sections of %s: %w", person, err)
	}
	if _, err := tx.RaiseAlarm(store.Alarm{What: what, About: person, Detail: detail}, sections, ledger.Actor{Kind: "broker", Via: "timer"}); err != nil {
		return fmt.Errorf("raise alarm: %w", err)
	}
	return nil
}
