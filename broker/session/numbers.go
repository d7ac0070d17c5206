package session

import (
	"context"
	"fmt"
	"time"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
)

// onNumbers is what the relay calls for masked numbers; nil where the system's rule asks for no masking.
func (l *session) onNumbers() func(int) {
	if !l.system.MaskNumbers {
		return nil
	}
	return l.numbersMasked
}

// numbersMasked counts them. At the first it flags the session, and tells both people; the attendant sees the count from then on. It does
// not wait.
func (l *session) numbersMasked(found int) {
	if l.masked.Add(int64(found)) > int64(found) {
		return
	}
	l.beside.Go(func() {
		l.relay.Load().Notify("number-masked", fmt.Sprintf(
			"関守: 個人番号らしい番号を%d件伏せました(接続先 %s)\nSekimori: %d number(s) masked on %s\n", found, l.target.ID, found, l.target.ID))
		ctx, cancel := context.WithTimeout(context.WithoutCancel(l.ctx), 5*time.Second)
		defer cancel()
		err := l.sup.o.DB.Write(ctx, func(tx *store.Tx) error {
			row, err := tx.Session(l.a.ID)
			if err != nil {
				return err
			}
			row.Masked = true
			if err := tx.UpdateSession(row); err != nil {
				return err
			}
			_, err = tx.Append(ledger.Draft{Kind: "session.number-masked", Actor: l.engineer(), Subjects: l.subjects(), Payload: maskedPayload{Session: l.a.ID}})
			return err
		})
		if err != nil {
			l.log.Error("masked_numbers_not_ledgered", "error", err)
		}
	})
}

type maskedPayload struct {
	Session string `json:"session_id"`
}
