package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/urfave/cli/v2"

	"sekimori/broker"
	"sekimori/broker/store"
)

// stopping is how long a planned stop may take: warn, end, seal, ledger.
const stopping = 30 * time.Second

func (p *program) serveCommand() *cli.Command {
	return p.leaf("serve", "", "関守を動かす(前面で)", "run the broker (in the foreground)", p.serve)
}

func (p *program) serve(c *cli.Context) error {
	cfg, err := p.config(c)
	if err != nil {
		return err
	}
	log := hclog.New(&hclog.LoggerOptions{
		Name: "sekimori", Level: hclog.LevelFromString(cfg.LogLevel), Output: p.err, JSONFormat: p.json,
	})
	options := p.broker
	options.Log, options.Clock = log, p.now
	b, err := broker.Start(c.Context, cfg, options)
	if err != nil {
		var config *broker.ConfigError
		if errors.As(err, &config) {
			return err
		}
		if damage := new(store.Damage); errors.As(err, &damage) {
			return &failure{
				ja: "データベースが、この版の作るものか台帳と合いません: " + damage.Text.JA, en: damage.Error(),
				hintJA: "何も直さず、sekimori.db を -wal、-shm とともにそのまま別の場所に保全し、点検担当に知らせます。続けるには控えから戻します",
				hintEN: "repair nothing; keep sekimori.db with its -wal and -shm elsewhere as they are, and tell the auditors; to go on, put a backup back",
				cause:  err,
			}
		}
		if errors.Is(err, store.ErrUnreadable) {
			return &failure{
				ja: "データベースのファイルが壊れています", en: "the database file is damaged",
				hintJA: "sekimori.db を -wal、-shm とともにそのまま別の場所に保全し、控えから戻します。台帳は外の確定点と照らします",
				hintEN: "keep sekimori.db with its -wal and -shm elsewhere as they are, and put a backup back; its ledger is held against the checkpoints outside",
				cause:  err,
			}
		}
		return &failure{
			ja: "関守を始められません", en: "the broker does not start",
			hintJA: "`sekimori check --config " + cfg.File() + "` が原因を示します", hintEN: "`sekimori check --config " + cfg.File() + "` names what is wrong",
			cause: err,
		}
	}
	err = p.saidServing(b)
	if err == nil {
		<-c.Context.Done()
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Context), stopping)
	defer cancel()
	if stopErr := b.Close(ctx); stopErr != nil {
		err = errors.Join(err, &failure{ja: "止めるときに誤りがありました", en: "the stop was not clean", cause: stopErr})
	}
	return err
}

// saidServing says at which doors the broker is, and what clients pin of the one over HTTPS.
func (p *program) saidServing(b *broker.Broker) error {
	doors := struct {
		SSH         string `json:"ssh"`
		Socket      string `json:"socket"`
		API         string `json:"api,omitempty"`
		Fingerprint string `json:"api_fingerprint,omitempty"`
	}{SSH: b.SSHAddr().String(), Socket: b.Socket(), Fingerprint: b.APIFingerprint()}
	if a := b.APIAddr(); a != nil {
		doors.API = "https://" + a.String()
	}
	if p.json {
		return p.writeJSON(doors)
	}
	_, err := fmt.Fprintf(p.out, "%s ssh %s, socket %s\n", p.say("受付中:", "serving:"), doors.SSH, doors.Socket)
	if err == nil && doors.API != "" {
		_, err = fmt.Fprintf(p.out, "API: %s %s\n", doors.API, doors.Fingerprint)
	}
	return err
}
