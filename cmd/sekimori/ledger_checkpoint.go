package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"sekimori/broker/api"
	"sekimori/broker/ledger"
	"sekimori/cmd/sekimori/internal/qr"
)

// checkpoint shows the newest checkpoint that the witnesses have cosigned, or without witnesses the newest, as it was signed or for paper.
func (p *program) checkpoint(c *cli.Context) error {
	v, err := fetch(p, c, api.CheckpointPath, nil)
	if err != nil {
		return err
	}
	if p.json {
		return p.writeJSON(v)
	}
	if c.Bool("print") {
		return p.printCheckpoint(p.out, []byte(v.Checkpoint))
	}
	_, err = fmt.Fprint(p.out, v.Checkpoint)
	return err
}

// printCheckpoint writes a checkpoint for the section's paper file: sekimori-verify --checkpoint-text takes the groups. The QR code, which
// holds the same text, goes to terminals only: it is drawn in colours.
func (p *program) printCheckpoint(w io.Writer, note []byte) error {
	cp, err := ledger.ReadCheckpoint(note)
	if err != nil {
		return err
	}
	names := ledger.Witnesses(note, cp.Origin)
	slices.Sort(names)
	names = slices.Compact(names)
	if len(names) == 0 {
		names = []string{p.say("なし(関守の署名だけ)", "none (the broker's signature alone)")}
	}
	_, err = fmt.Fprintf(w, "%s\n%s: %s\n", ledger.PaperText(cp), p.say("立会署名者", "witnesses"), strings.Join(names, ", "))
	if _, screen := p.terminal(w); err != nil || !screen {
		return err
	}
	rows, _, err := qr.Lines(ledger.PaperText(cp))
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s\n", strings.Join(rows, "\n"))
	return err
}
