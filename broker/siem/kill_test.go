package siem

import (
	"context"
	"crypto/tls"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"sekimori/broker/internal/testbed"
	"sekimori/broker/testrun"
)

// The environment tells the two processes these things.
const (
	inDir     = "SEKIMORI_SIEM_DIR"
	atAddress = "SEKIMORI_SIEM_ADDRESS"
	plainly   = "SEKIMORI_SIEM_PLAIN" // 1: without TLS
)

// collectorProcess is a collector that writes the number of each message into a file as it has read it.
func collectorProcess() error {
	secure, err := bothSides(os.Getenv(inDir))
	if err != nil {
		return err
	}
	file, err := os.OpenFile(filepath.Join(os.Getenv(inDir), "arrived"), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", os.Getenv(atAddress))
	if err != nil {
		return err
	}
	if os.Getenv(plainly) == "" {
		l = tls.NewListener(l, secure)
	}
	(&collector{l: l, take: func(m string) error {
		n, err := indexOf(m)
		if err == nil {
			_, err = fmt.Fprintf(file, "%d\n", n)
		}
		return err
	}}).serve()
	return nil
}

// brokerProcess appends entries and sends them, as a broker does.
func brokerProcess() error {
	secure, err := bothSides(os.Getenv(inDir))
	if err != nil {
		return err
	}
	db, err := openStore(os.Getenv(inDir), testbed.NewClock().Now)
	if err != nil {
		return err
	}
	if os.Getenv(plainly) != "" {
		secure = nil
	}
	f := New(Options{DB: db, Address: os.Getenv(atAddress), TLS: secure, Format: SyslogJSON})
	f.every, f.part, f.settles = time.Millisecond, 5, 2*time.Second
	ctx := context.Background()
	go func() {
		for appended(ctx, db, 3) == nil {
		}
	}()
	for {
		f.Forward(ctx) // the collector may be dead: that is tried again
	}
}

// TestKillBothSides kills the broker and the collector with SIGKILL, each at random moments while entries are appended and sent. Each entry
// arrives, and they arrive in order.
func TestKillBothSides(t *testing.T) {
	t.Parallel()
	for _, way := range []string{"tls", "tcp"} {
		t.Run(way, func(t *testing.T) { t.Parallel(); killBothSides(t, way == "tcp") })
	}
}

func killBothSides(t *testing.T, plain bool) {
	r := newRoom(t)
	if err := r.db.Close(); err != nil {
		t.Fatal(err)
	}
	address := testrun.FreeAddress(t)
	log, err := os.Create(filepath.Join(r.dir, "said"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	start := func(what string) *exec.Cmd {
		t.Helper()
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), role+"="+what, inDir+"="+r.dir, atAddress+"="+address)
		if plain {
			cmd.Env = append(cmd.Env, plainly+"=1")
		}
		cmd.Stderr = log
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd
	}
	kill := func(cmd *exec.Cmd) {
		cmd.Process.Kill()
		cmd.Wait()
	}
	rounds := 4 // of each way
	if testbed.Whole() {
		rounds = 24
	}
	arrivals := func() int64 {
		info, err := os.Stat(filepath.Join(r.dir, "arrived"))
		if err != nil {
			return 0
		}
		return info.Size()
	}
	chance := rand.New(rand.NewPCG(uint64(os.Getpid()), 1))
	broker, coll := start("broker"), start("collector")
	defer func() { kill(broker); kill(coll) }()
	for round := range rounds {
		// Some entries arrive, so that each round has both at work; then one of the two dies within some milliseconds.
		for before, limit := arrivals(), time.Now().Add(stuck); arrivals() == before; {
			if time.Now().After(limit) {
				said, _ := os.ReadFile(log.Name())
				t.Fatalf("round %d: nothing arrives: %s", round, said)
			}
			<-time.After(2 * time.Millisecond)
		}
		<-time.After(time.Duration(chance.IntN(20_000)) * time.Microsecond)
		if round%2 == 0 {
			kill(coll)
			coll = start("collector")
		} else {
			kill(broker)
			broker = start("broker")
		}
	}
	kill(broker)
	if r.db, err = openStore(r.dir, testbed.NewClock().Now); err != nil {
		t.Fatal(err)
	}
	defer r.db.Close()
	secure, err := bothSides(r.dir)
	if err != nil {
		t.Fatal(err)
	}
	if plain {
		secure = nil
	}
	f := New(Options{DB: r.db, Address: address, TLS: secure, Format: SyslogJSON})
	defer f.Close()
	for limit := time.Now().Add(stuck); ; <-time.After(20 * time.Millisecond) { // the collector may be starting
		if err = f.Forward(t.Context()); err == nil {
			break
		}
		if time.Now().After(limit) {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(filepath.Join(r.dir, "arrived"))
	if err != nil {
		t.Fatal(err)
	}
	got := &arrived{}
	for line := range strings.Lines(string(text)) {
		n, err := strconv.ParseInt(strings.TrimSpace(line), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		got.all = append(got.all, n)
	}
	size := r.size(t)
	t.Logf("%d entries in %d messages over %d kills", size, len(got.all), rounds)
	got.holds(t, size)
}
