package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"sekimori/broker/api"
)

// storedToken is the client's file. It names the person for people; the token alone counts, and only at the place where
// it was got.
type storedToken struct {
	Token   string    `json:"token"`
	Person  string    `json:"person"`
	Name    string    `json:"name"`
	Expires time.Time `json:"expires_at"`
	place
}

// tokenFile is where the token of a place lies.
func (p *program) tokenFile(w place) (string, error) {
	if f := p.getenv("SEKIMORI_TOKEN_FILE"); f != "" {
		return f, nil
	}
	dir, err := p.stateDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, w.tokenName()), nil
}

func notSignedIn() *api.Fault {
	return &api.Fault{
		Code: api.CodeUnauthenticated, Exit: api.ExitRefused,
		JA: "サインインしていません", EN: "not signed in",
		HintJA: "`sekimori login LOGIN`、初めてなら `sekimori enroll`", HintEN: "`sekimori login LOGIN`, the first time `sekimori enroll`",
	}
}

func (p *program) readToken(w place) (storedToken, error) {
	file, err := p.tokenFile(w)
	if err != nil {
		return storedToken{}, err
	}
	info, err := os.Stat(file)
	if errors.Is(err, fs.ErrNotExist) {
		return storedToken{}, notSignedIn()
	}
	if err != nil {
		return storedToken{}, fmt.Errorf("token: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return storedToken{}, &failure{
			ja: fmt.Sprintf("トークンのファイル %s を他の人も読めます(権限 %04o)", file, info.Mode().Perm()), en: fmt.Sprintf("others may read the token's file %s (mode %04o)", file, info.Mode().Perm()),
			hintJA: fmt.Sprintf("`sekimori logout` で無効にし、サインインし直します。直すには chmod 600 %s", file),
			hintEN: fmt.Sprintf("chmod 600 %s, revoke it with `sekimori logout`, and sign in anew", file),
		}
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return storedToken{}, fmt.Errorf("token: %w", err)
	}
	var t storedToken
	if err := json.Unmarshal(b, &t); err != nil || t.Token == "" {
		return storedToken{}, &failure{
			ja: fmt.Sprintf("トークンのファイル %s が読めません", file), en: fmt.Sprintf("the token's file %s cannot be read", file),
			hintJA: "サインインし直します", hintEN: "sign in anew",
		}
	}
	if t.Server != w.Server { // another server would get a token that opens this one
		f := notSignedIn()
		f.JA, f.EN = fmt.Sprintf("%s にはサインインしていません", w), fmt.Sprintf("not signed in at %s", w)
		return storedToken{}, f
	}
	return t, nil
}

// writeToken keeps the token of the place that was last spoken to, and that place.
func (p *program) writeToken(t storedToken) error {
	t.place = p.place
	file, err := p.tokenFile(t.place)
	if err != nil {
		return err
	}
	if err := writePrivate(file, t); err != nil {
		return err
	}
	return p.keepPlace(t.place)
}

// writePrivate replaces a file in one step; it is never there with a looser mode.
func writePrivate(file string, v any) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return fmt.Errorf("place for the token: %w", err)
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("token: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(file), ".token") // 0600
	if err != nil {
		return fmt.Errorf("write the token: %w", err)
	}
	_, err = f.Write(append(b, '\n'))
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write the token: %w", err), os.Remove(f.Name()))
	}
	return nil
}

// dropToken removes the token of the place that was last spoken to, and forgets a server.
func (p *program) dropToken() error {
	file, err := p.tokenFile(p.place)
	if err != nil {
		return err
	}
	if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the token: %w", err)
	}
	if last, err := p.lastPlace(); err != nil || last.Server != p.place.Server {
		return err
	}
	return p.keepPlace(place{})
}
