package recordings_test

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"sekimori/recordings"
)

const childEnv = "SEKIMORI_TEST_RECORD_INTO"

// TestMain lets the test program be the recorder that gets killed.
func TestMain(m *testing.M) {
	if path := os.Getenv(childEnv); path != "" {
		if err := recordUntilKilled(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(1) // it should have been killed
	}
	os.Exit(m.Run())
}

// recordUntilKilled prints the number of each line after recording it.
func recordUntilKilled(path string) error {
	to, err := age.ParseX25519Recipient(os.Getenv(childEnv + "_TO"))
	if err != nil {
		return err
	}
	begin := time.Now()
	w, err := recordings.Create(path, header(), recordings.Options{
		OutputTo: []age.Recipient{to}, InputTo: []age.Recipient{to},
		Elapsed: func() time.Duration { return time.Since(begin) },
	})
	if err != nil {
		return err
	}
	for i := 0; ; i++ {
		if err := w.Data(0, recordings.Stdout, fmt.Appendf(nil, "%d\n%s", i, strings.Repeat("x", i*37%5000))); err != nil {
			return err
		}
		if _, err := fmt.Println(i); err != nil {
			return err
		}
	}
}

func TestKillLosesNothingThatWasAcknowledged(t *testing.T) {
	k := newKeys(t)
	for round := range 12 {
		path := filepath.Join(t.TempDir(), "a.skr")
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), childEnv+"="+path, childEnv+"_TO="+k.viewing.Recipient().String())
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		must(t, err)
		must(t, cmd.Start())
		last, lines := -1, bufio.NewScanner(out)
		for lines.Scan() {
			n, err := strconv.Atoi(lines.Text())
			if err != nil {
				break // the kill cut the last line
			}
			if last = n; last == 50+round*61 {
				must(t, cmd.Process.Kill())
			}
		}
		if err := cmd.Wait(); err == nil || last < 50 {
			t.Fatalf("it ended by itself at %d: %v", last, err)
		}
		_, err = recordings.Seal(path, nil, recordings.End{Cause: "broker-crashed", At: started})
		must(t, err)
		_, err = recordings.Verify(path)
		must(t, err)
		var got bytes.Buffer
		must(t, recordings.Raw(t.Context(), &got, open(t, path, k.viewing), 0, recordings.Stdout))
		if mark := fmt.Sprintf("%d\n", last); !strings.Contains("x"+got.String(), "x"+mark) {
			t.Fatalf("line %d was acknowledged and is not there", last)
		}
	}
}
