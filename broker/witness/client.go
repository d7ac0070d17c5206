package witness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"sekimori/broker/ledger"
)

// maxAnswer bounds the bytes that are read of a witness's answer.
const maxAnswer = 32 << 10

// Refusal is a witness's answer that is no cosignature.
type Refusal struct {
	Status int    // HTTP
	Size   int64  // of the last checkpoint that the witness says to have cosigned; -1: it does not say
	Said   string // the beginning of its answer, of at most 200 bytes; a stranger's text
}

func (r *Refusal) Error() string {
	if r.Size >= 0 {
		return fmt.Sprintf("the witness has cosigned %d entries (HTTP %d)", r.Size, r.Status)
	}
	return fmt.Sprintf("the witness refused with HTTP %d: %q", r.Status, r.Said)
}

// ErrAnswer says that a witness answered with lines that are not valid cosignatures of its keys.
var ErrAnswer = errors.New("witness: the answer is not a valid cosignature")

// Client asks witnesses. HTTP must follow no redirect, and its timeout bounds a whole request.
type Client struct{ HTTP *http.Client }

// Ask submits a checkpoint to the witness at the address and returns its verified cosignatures, one for each key. old is the size that the witness has
// cosigned last, proof shows that it is a prefix. Only the ledger's own signature is sent. Errors: *Refusal, ErrAnswer, and those of the network.
func (c Client) Ask(ctx context.Context, address string, keys []note.Verifier, old int64, proof tlog.TreeProof, checkpoint []byte) ([]ledger.Cosignature, error) {
	var body bytes.Buffer
	fmt.Fprintf(&body, "old %d\n", old)
	for _, h := range proof {
		fmt.Fprintf(&body, "%s\n", h)
	}
	body.WriteByte('\n')
	body.Write(checkpoint)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(address, "/")+AddPath, &body)
	if err != nil {
		return nil, fmt.Errorf("ask witness: %w", err)
	}
	r.Header.Set("Content-Type", plainText)
	resp, err := c.HTTP.Do(r)
	if err != nil {
		return nil, fmt.Errorf("ask witness: %w", err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return nil, fmt.Errorf("ask witness: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, refusal(resp, answer)
	}
	list, err := ledger.ReadCosignatures(checkpoint, answer, keys)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAnswer, err)
	}
	return list, nil
}

func refusal(resp *http.Response, answer []byte) *Refusal {
	out := &Refusal{Status: resp.StatusCode, Size: -1, Said: strings.ToValidUTF8(string(answer[:min(len(answer), 200)]), "\uFFFD")}
	kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if resp.StatusCode != http.StatusConflict || err != nil || kind != sizeType {
		return out
	}
	if n, err := readSize(strings.TrimSuffix(string(answer), "\n")); err == nil {
		out.Size = n
	}
	return out
}
