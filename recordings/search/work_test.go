package search

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"strings"
	"time"

	"sekimori/recordings"
)

// work generates the text of an hour of maintenance: a command every twenty seconds or so, its output, and now and then a file. It is
// about 150 KiB an hour. The same seed gives the same text.
func work(seed uint64, hours int) iter.Seq2[recordings.TextLine, error] {
	return func(yield func(recordings.TextLine, error) bool) {
		r := rand.New(rand.NewPCG(seed, 7))
		at, end := time.Duration(0), time.Duration(hours)*time.Hour
		say := func(kind, ja, en string) bool {
			at += time.Duration(5+r.IntN(40)) * time.Millisecond
			return yield(recordings.TextLine{Elapsed: at, Kind: kind, JA: ja, EN: en}, nil)
		}
		for at < end {
			at += time.Duration(4+r.IntN(34)) * time.Second
			if r.IntN(40) == 0 {
				name := fmt.Sprintf("/home/hrmnt01/kyuyo_%06d.csv", r.IntN(1_000_000))
				if !say(recordings.EventFile, "ファイル取得: "+name, "file read: "+name) {
					return
				}
			}
			for line := range task(r) {
				if !say("", line, line) {
					return
				}
			}
		}
	}
}

var (
	hosts   = []string{"hr-db01", "hr-ap02", "kyuyo-web1"}
	units   = []string{"postgresql", "tomcat9", "nginx", "rsyslog", "chronyd", "kyuyo-batch"}
	tables  = []string{"meisai", "shikyu", "kojo", "shokuin", "teate", "nenkin"}
	section = []string{"人事課", "総務課", "税務課", "市民課", "福祉課", "水道局"}
	names   = []string{"佐藤", "鈴木", "高橋", "田中", "伊藤", "渡辺", "山本", "中村", "小林", "加藤"}
	said    = []string{"処理を開始しました", "集計を終了しました", "対象の職員は%d名です", "端数の丸めを確認してください", "明細を%d件更新しました", "前月との差額は%d円です", "再計算の対象: %d件", "接続を待っています", "一時表を作成しました", "警告: 締め日を過ぎています"}
	english = []string{"connection accepted from 10.1.%d.7 port 5432", "checkpoint complete: wrote %d buffers", "automatic vacuum of table took %d ms", "session opened for user hrmnt01 by uid=%d", "request completed status=200 bytes=%d", "cache miss for key emp:%d, loading", "retrying after timeout of %d ms"}
)

// task is one command with its output.
func task(r *rand.Rand) iter.Seq[string] {
	return func(yield func(string) bool) {
		pick := func(all []string) string { return all[r.IntN(len(all))] }
		filled := func(s string) string {
			if strings.Contains(s, "%d") {
				return fmt.Sprintf(s, r.IntN(100_000))
			}
			return s
		}
		prompt := "[hrmnt01@" + pick(hosts) + " ~]$ "
		rows := 6 + r.IntN(30)
		switch r.IntN(5) {
		case 0:
			yield(prompt + "systemctl status " + pick(units))
			for range rows {
				if !yield(fmt.Sprintf("11月 %02d %02d:%02d:%02d %s %s[%d]: %s", 1+r.IntN(28), r.IntN(24), r.IntN(60), r.IntN(60), pick(hosts), pick(units), r.IntN(32768), filled(pick(english)))) {
					return
				}
			}
		case 1:
			t := pick(tables)
			yield(fmt.Sprintf("%spsql kyuyo -c \"select * from %s where nengetsu = '2026%02d' limit %d\"", prompt, t, 1+r.IntN(12), rows))
			for range rows {
				if !yield(fmt.Sprintf(" %06d | %s %s | %s | %8d | %s", r.IntN(1_000_000), pick(names), pick([]string{"一郎", "花子", "健", "恵子", "翔"}), pick(section), r.IntN(500_000), pick([]string{"支給", "控除", "保留", "済"}))) {
					return
				}
			}
		case 2:
			yield(prompt + "ls -l /var/log/" + pick(units))
			for range rows {
				if !yield(fmt.Sprintf("-rw-r----- 1 root adm %9d 11月 %2d %02d:%02d %s.log.%d", r.IntN(90_000_000), 1+r.IntN(28), r.IntN(24), r.IntN(60), pick(units), r.IntN(90))) {
					return
				}
			}
		case 3:
			yield(prompt + "tail -n " + fmt.Sprint(rows) + " /var/log/kyuyo/batch.log")
			for range rows {
				if !yield(fmt.Sprintf("2026-11-%02d %02d:%02d:%02d [%s] %s %s", 1+r.IntN(28), r.IntN(24), r.IntN(60), r.IntN(60), pick(tables), pick(section), filled(pick(said)))) {
					return
				}
			}
		case 4:
			yield(prompt + "grep -rn " + pick(tables) + "_id /opt/kyuyo/src")
			for range rows {
				if !yield(fmt.Sprintf("/opt/kyuyo/src/%s/%sDao.java:%d:    return find(\"%s_id\", id, %d);", pick(tables), pick(tables), r.IntN(900), pick(tables), r.IntN(5000))) {
					return
				}
			}
		}
	}
}
