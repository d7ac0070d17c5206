package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// links are one-time links to the pages, one for each person. Behind each stands a sign-in of its own with password and code.
func (d *demo) links(ctx context.Context) ([]string, error) {
	var out []string
	for _, a := range []*actor{d.tantou, d.kacho, d.joho, d.tachiai, d.tenken, d.admin, d.sato, d.madoguchi} {
		token, err := a.signIn(ctx)
		if err != nil {
			return nil, err
		}
		link, err := d.broker.OnceLink(token, a == d.sato || a == d.madoguchi)
		if err != nil {
			return nil, err
		}
		out = append(out, "  "+d.say(a.ja, a.en)+" ("+a.login+")  "+link)
	}
	return out, nil
}

// signIn gives a token of the person, beside the one that the person's commands use.
func (a *actor) signIn(ctx context.Context) (string, error) {
	code, err := a.code(ctx)
	if err != nil {
		return "", err
	}
	file := filepath.Join(a.d.dir, "tokens", a.login+"-pages.json")
	var problems bytes.Buffer
	env := map[string]string{"SEKIMORI_SOCKET": a.d.broker.Socket(), "SEKIMORI_TOKEN_FILE": file, "LANG": a.d.Lang}
	call := Call{Args: []string{"login", a.login, "--auth-stdin", "--json"}, In: strings.NewReader(a.password + "\n" + code + "\n"), Out: &bytes.Buffer{}, Err: &problems, Env: env, Now: a.d.now}
	if status := a.d.Sekimori(ctx, call); status != 0 {
		return "", fmt.Errorf("%s signs in: %w", a.login, &commandFailed{status: status, text: strings.TrimSpace(problems.String())})
	}
	defer os.Remove(file) // the token is in the link alone
	text, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	var kept struct {
		Token string `json:"token"`
	}
	if err := json.Unmarshal(text, &kept); err != nil || kept.Token == "" {
		return "", fmt.Errorf("token of %s: %v", a.login, err)
	}
	return kept.Token, nil
}
