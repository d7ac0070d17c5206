package broker

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"filippo.io/age"
	"github.com/hashicorp/go-hclog"

	"sekimori/broker/keys"
	"sekimori/broker/session"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/recordings"
)

// Level is the severity of a finding.
type Level string

// The levels. The broker starts despite warnings, but not despite errors.
const (
	LevelOK      Level = "ok"
	LevelWarning Level = "warning"
	LevelError   Level = "error"
)

// Finding is the result of one check.
type Finding struct {
	Level Level  `json:"level"`
	Item  string `json:"item"`
	JA    string `json:"message_ja"`
	EN    string `json:"message_en"`
}

// findings collects them.
type findings []Finding

func (f *findings) add(level Level, item, ja, en string) {
	*f = append(*f, Finding{Level: level, Item: item, JA: ja, EN: en})
}

func (f *findings) failed(item string, err error) {
	var c *ConfigError
	if errors.As(err, &c) {
		ja, en := c.In("ja"), c.In("en")
		if c.HintJA != "" {
			ja, en = ja+"("+c.HintJA+")", en+" ("+c.HintEN+")"
		}
		f.add(LevelError, item, ja, en)
		return
	}
	if d := new(store.Damage); errors.As(err, &d) {
		f.add(LevelError, item, d.Text.JA, d.Error())
		return
	}
	f.add(LevelError, item, err.Error(), err.Error())
}

// Check examines everything that it can without changing anything: modes, places, keys,
// the ledger's head, space, addresses.
func (c Config) Check(clock func() time.Time) []Finding {
	var out findings
	if err := store.CheckModes(c.DataDir); err != nil {
		out.failed("data_dir", err)
	} else {
		out.add(LevelOK, "data_dir", c.DataDir, c.DataDir)
	}
	c.checkRing(&out, clock)
	c.checkRecipients(&out)
	c.checkCheckpoints(&out)
	c.checkSpace(&out, clock)
	c.checkDoors(&out)
	c.checkSignIn(&out, clock)
	c.checkNotify(&out, clock)
	c.checkWitnesses(&out, clock)
	c.checkSIEM(&out, clock)
	if c.Notice.Contact == "" {
		out.add(LevelWarning, "notice_contact", "問合せ先が空です。拒否された人が電話できません", "no telephone for questions: who is refused has nobody to call")
	}
	return out
}

func (c Config) checkRing(out *findings, clock func() time.Time) {
	key, err := keys.LoadMaster(c.MasterKeyFile)
	if err != nil {
		out.failed("master_key_file", err)
		return
	}
	switch {
	case within(c.DataDir, c.MasterKeyFile):
		out.add(LevelWarning, "master_key_file", "封じる鍵がデータの中にあります。写しを一つ取られれば秘密がすべて開きます", "the master key lies inside the data: one copy of it opens every secret")
	case within(filepath.Dir(c.DataDir), c.MasterKeyFile) && filepath.Dir(c.DataDir) != "/":
		out.add(LevelWarning, "master_key_file", "封じる鍵がデータの隣にあります。別の媒体か systemd の credential に移してください", "the master key lies beside the data: move it to another medium or a systemd credential")
	default:
		out.add(LevelOK, "master_key_file", c.MasterKeyFile, c.MasterKeyFile)
	}
	ring, err := keys.Open(c.KeysDir(), key)
	if err != nil {
		out.failed("keys", err)
		return
	}
	out.add(LevelOK, "keys", "鍵束が開きます", "the keys open")
	if !recordings.PostQuantum(ring.ViewingRecipient()) {
		out.add(LevelWarning, "keys", "閲覧用の鍵が従来のもの(age1…)です。いま写しを取られた操作記録は、将来の量子計算機で開かれ得ます。`sekimori key viewing begin` が新しい鍵を作ります",
			"the viewing key is a classic one (age1…): a future quantum computer could open recordings copied today; `sekimori key viewing begin` makes a hybrid one")
	}
	c.checkAPI(out, ring, clock())
	c.checkLedger(out, ring, clock)
}

func (c Config) checkRecipients(out *findings) {
	switch list, err := c.OfflineRecipients(); {
	case err != nil:
		out.failed("input_recipients", err)
	default:
		out.add(LevelOK, "input_recipients", fmt.Sprintf("%d 件", len(list)), fmt.Sprintf("%d", len(list)))
		classicRecipients(out, "input_recipients", list)
	}
	if list, err := c.OutputRecipients(); err == nil {
		classicRecipients(out, "auditor_recipients", list)
	}
	if c.file == "" {
		return
	}
	left := filepath.Join(filepath.Dir(c.file), "offline-input-identity.txt")
	if _, err := os.Stat(left); err == nil {
		out.add(LevelWarning, "input_recipients", "入力を開く秘密鍵がこの機械にあります。別の媒体に移して消してください: "+left,
			"the identity that opens the input is on this machine; move it to another medium: "+left)
	}
}

// classicRecipients warns of recipients without post-quantum security. One of them is enough: a copy of a recording that is kept
// until quantum computers exist opens by the weakest recipient of its key.
func classicRecipients(out *findings, item string, list []age.Recipient) {
	classic := 0
	for _, r := range list {
		if !recordings.PostQuantum(r) {
			classic++
		}
	}
	if classic == 0 {
		return
	}
	out.add(LevelWarning, item,
		fmt.Sprintf("従来の鍵(age1…)が %d 件あります。いま写しを取られた操作記録は、将来の量子計算機で開かれ得ます。`age-keygen -pq` で作った鍵(age1pq1…)だけにしてください", classic),
		fmt.Sprintf("%d of %d are classic (age1…): a future quantum computer could open recordings copied today; replace them by keys of `age-keygen -pq` (age1pq1…)", classic, len(list)))
}

func (c Config) checkCheckpoints(out *findings) {
	switch {
	case c.Ledger.CheckpointDir == "":
		out.add(LevelWarning, "checkpoint_dir", "確定点を外に書き出していません。台帳の末尾を切られても気付けません", "checkpoints are written nowhere else: a ledger cut at its end goes unseen")
	case within(c.DataDir, c.Ledger.CheckpointDir):
		out.add(LevelWarning, "checkpoint_dir", "確定点の場所がデータの中にあります。データの外に置いてください", "the checkpoints lie inside the data; put them outside")
	default:
		info, err := os.Stat(c.Ledger.CheckpointDir)
		switch {
		case err != nil:
			out.add(LevelError, "checkpoint_dir", "確定点の場所がありません: "+c.Ledger.CheckpointDir, "there is no such directory: "+c.Ledger.CheckpointDir)
		case !info.IsDir():
			out.add(LevelError, "checkpoint_dir", "ディレクトリではありません: "+c.Ledger.CheckpointDir, "not a directory: "+c.Ledger.CheckpointDir)
		default:
			out.add(LevelOK, "checkpoint_dir", c.Ledger.CheckpointDir, c.Ledger.CheckpointDir)
		}
	}
}

func (c Config) checkSpace(out *findings, clock func() time.Time) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(c.DataDir, &st); err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			out.add(LevelError, "min_free_space", err.Error(), err.Error())
		}
		return
	}
	free := Size(st.Bavail * uint64(st.Bsize)) //nolint:gosec // a file system of 2^63 bytes does not exist
	if free < c.Recordings.MinFreeSpace {
		out.add(LevelError, "min_free_space", fmt.Sprintf("空き %d MiB は min_free_space %s を下回り、だれも接続できません", free>>20, c.Recordings.MinFreeSpace),
			fmt.Sprintf("%d MiB free is less than min_free_space %s: nobody would be admitted", free>>20, c.Recordings.MinFreeSpace))
		return
	}
	out.add(LevelOK, "min_free_space", fmt.Sprintf("空き %d MiB", free>>20), fmt.Sprintf("%d MiB free", free>>20))
	c.checkRoom(out, clock)
}

// checkRoom says for how many days of recordings there is room. It reads the database as it is, also beside a running broker. A database of
// an earlier version, and one without recordings, tells nothing.
func (c Config) checkRoom(out *findings, clock func() time.Time) {
	left, wanted, dir := -1, 0, c.RecordingsDir()
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		dir = c.DataDir // the first start makes it there
	}
	o := store.Options{Clock: clock, Origin: c.Ledger.Origin, Zone: c.Location()}
	err := store.Look(context.Background(), c.DatabaseFile(), o, func(s *store.Snap, seen store.Seen) error {
		if seen.Pending > 0 {
			return nil
		}
		i, err := s.Institution()
		if err != nil {
			return err
		}
		wanted = i.SpaceDays
		left, err = session.RoomDays(s, dir, uint64(c.Recordings.MinFreeSpace)) //nolint:gosec // not negative: LoadConfig refuses that
		return err
	})
	room := policy.SayRoom(left)
	switch {
	case err != nil || left < 0: // what is wrong with the database is said of the item ledger
	case left < wanted:
		out.add(LevelWarning, "space_days", fmt.Sprintf("%s。決まりの%d日分より少なくなっています", room.JA, wanted), fmt.Sprintf("%s: the rule wants %d", room.EN, wanted))
	default:
		out.add(LevelOK, "space_days", room.JA, room.EN)
	}
}

// checkDoors checks whether the addresses are free. A running broker on them is no error.
func (c Config) checkDoors(out *findings) {
	if len(c.Socket) > 107 {
		out.add(LevelError, "socket", "ソケットのパスが長すぎます(107バイトまで)", "the socket's path is too long (107 bytes at most)")
		return
	}
	if c.serving() {
		out.add(LevelOK, "socket", "関守が動いています", "a broker is serving")
		return
	}
	out.add(LevelOK, "socket", c.Socket, c.Socket)
	checkListen(out, "ssh_listen", c.SSHListen)
	if c.ServesAPI() {
		checkListen(out, "api_listen", c.APIListen)
	}
}

func checkListen(out *findings, item string, address Address) {
	l, err := net.Listen("tcp", string(address))
	if err != nil {
		out.add(LevelError, item, fmt.Sprintf("待ち受けられません: %v", err), fmt.Sprintf("cannot listen: %v", err))
		return
	}
	if err := l.Close(); err != nil {
		out.add(LevelError, item, err.Error(), err.Error())
		return
	}
	out.add(LevelOK, item, string(address), string(address))
}

// checkLedger verifies the ledger as it is: it writes, migrates and locks nothing. Where a broker serves, `sekimori ledger
// verify` asks that broker. A missing database is no error: the first serve makes it.
func (c Config) checkLedger(out *findings, ring *keys.Ring, clock func() time.Time) {
	if _, err := os.Stat(c.DatabaseFile()); err != nil {
		out.add(LevelOK, "ledger", "台帳はまだありません", "there is no ledger yet")
		return
	}
	if c.serving() {
		out.add(LevelOK, "ledger", "関守が動いています。`sekimori ledger verify` で検証します", "a broker is serving; `sekimori ledger verify` verifies")
		return
	}
	pending, err := c.verifyLedger(ring, clock)
	if err != nil {
		out.failed("ledger", err)
		return
	}
	out.add(LevelOK, "ledger", "台帳は最後の確定点に合っています", "the ledger holds against its last checkpoint")
	if pending > 0 {
		out.add(LevelWarning, "database", fmt.Sprintf("次の serve がデータを新しい形に直します(移行 %d 件)。戻せません。先にデータの場所の写しを取ってください", pending),
			fmt.Sprintf("the next serve brings the data up to date (%d migrations); there is no way back: copy the data directory first", pending))
	}
}

func (c Config) verifyLedger(ring *keys.Ring, clock func() time.Time) (pending int, err error) {
	o := store.Options{Clock: clock, Verifier: ring.LedgerVerifier(), Origin: c.Ledger.Origin, Zone: c.Location()}
	err = store.Look(context.Background(), c.DatabaseFile(), o, func(s *store.Snap, seen store.Seen) error {
		pending = seen.Pending
		if err := s.VerifyLedger(nil, nil); err != nil {
			return err
		}
		return checkpointsOf(c, clock).against(s, c.File(), hclog.NewNullLogger())
	})
	return pending, err
}

// serving tells whether a broker answers on the socket.
func (c Config) serving() bool {
	conn, err := net.DialTimeout("unix", c.Socket, time.Second)
	if err != nil {
		return false
	}
	conn.Close()
	return true
}

// within reports whether path lies in dir, following links where possible.
func within(dir, path string) bool {
	rel, err := filepath.Rel(real(dir), real(path))
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

func real(path string) string {
	if r, err := filepath.EvalSymlinks(path); err == nil {
		return r
	}
	return filepath.Clean(path)
}
