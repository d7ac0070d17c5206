package main

import (
	"errors"
	"io"
	"path/filepath"
	"time"

	"github.com/urfave/cli/v2"

	"sekimori/broker/web"
	"sekimori/recordings"
)

// recordingEnd ends the name of a recording's file.
const recordingEnd = ".skr"

// isRecordingFile tells whether the operand of `recording play` is a file on this machine and no session's number.
func isRecordingFile(operand string) bool { return filepath.Ext(operand) == recordingEnd }

// playFile plays a recording from a file, without a broker and without an account: an outside auditor has the file and an identity
// that opens it. That it is the recording of the ledger, sekimori-verify says.
func (p *program) playFile(c *cli.Context, o showing) error {
	identities, err := identitiesIn(c.String("identity"))
	if err != nil {
		return err
	}
	r, err := recordings.Open(c.Args().First(), identities...)
	if err != nil {
		return &failure{
			ja: "操作記録を開けません", en: "the recording does not open",
			hintJA: "ファイルと、それを開ける秘密鍵かを確かめます。改ざんの有無は sekimori-verify --proof で", hintEN: "check the file, and that this identity opens it; whether it was changed, sekimori-verify --proof says", cause: err,
		}
	}
	defer r.Close()
	h := r.Header()
	zone, err := time.LoadLocation(h.Zone)
	if err != nil {
		zone = time.UTC
	}
	o.view.Started = h.Started.In(zone)
	if o.view.Encoding, err = p.encoding(c.String("encoding")); err != nil {
		return err
	}
	pr, pw := io.Pipe()
	go func() {
		_, err := web.WriteFrames(c.Context, pw, r)
		pw.CloseWithError(err)
	}()
	defer pr.Close()
	if err := p.show(c.Context, pr, o); err != nil {
		return errors.Join(err, c.Context.Err())
	}
	return nil
}
