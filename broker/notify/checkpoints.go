package notify

import (
	"errors"
	"fmt"
	"strings"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy/text"
)

// CheckpointOfDay is a day's checkpoint for the mailbox that keeps them outside: the ledger can be compared with any of them later.
const CheckpointOfDay = "clock:checkpoint"

// checkpointDesk is the addressee of the checkpoints: a mailbox, no person.
const checkpointDesk = "checkpoints"

// ofLedger are the rows about the ledger itself. The letter K is the mailbox of the checkpoints.
func ofLedger() []telling {
	return []telling{{code: "ledger.checkpoint", kind: CheckpointOfDay, told: "K", page: func(*matter) (string, string) { return "/ledger/checkpoint", "" },
		subject: text.Of("台帳の確定点 {day}", "Checkpoint of the ledger, {day}"),
		lead:    text.Of("きょうの確定点です。消さずに保存してください。台帳が後で書き換えられたり古い写しに戻されたりすると、この値と合わなくなります。", "Today's checkpoint. Keep it. A ledger that is rewritten or restored from an older copy later does not agree with it."),
		next:    text.Of("照らすときは、点検担当の書き出しに sekimori-verify --checkpoint-text で8組を渡します。", "To compare, give the eight groups to sekimori-verify --checkpoint-text, with the auditor's export.")}}
}

// checkpointDue puts the checkpoint of today into the outbox, once a day, where there is a mailbox for it.
func (s *Service) checkpointDue(snap *store.Snap) ([]due, error) {
	if s.o.CheckpointMail == "" {
		return nil, nil
	}
	day := snap.Now.In(s.o.Zone).Format("2006-01-02")
	if told, err := snap.MadeByClock(CheckpointOfDay, day); err != nil || told {
		return nil, err
	}
	if _, err := snap.LatestCheckpoint(); errors.Is(err, store.ErrNotFound) {
		return nil, nil // the ledger is empty
	} else if err != nil {
		return nil, fmt.Errorf("read the newest checkpoint: %w", err)
	}
	return []due{{CheckpointOfDay, day}}, nil
}

// readCheckpoint reads the newest checkpoint for the mail.
func (m *matter) readCheckpoint(s *store.Snap) error {
	note, err := s.LatestCheckpoint()
	if err != nil {
		return fmt.Errorf("read the newest checkpoint: %w", err)
	}
	if m.checkpoint, err = ledger.ReadCheckpoint(note); err != nil {
		return fmt.Errorf("read the newest checkpoint: %w", err)
	}
	return nil
}

// checkpointFacts are the lines of the card about a checkpoint.
func (m *matter) checkpointFacts() []Fact {
	c := m.checkpoint
	return []Fact{
		{text.Of("台帳", "Ledger"), text.Same(c.Origin)},
		{text.Of("記載の数", "Entries"), text.Same(fmt.Sprint(c.Size))},
		{text.Of("確定点", "Checkpoint"), text.Same(strings.Join(ledger.CheckpointText(c.Root), " "))},
	}
}
