package recordings

import (
	"fmt"
	"slices"
	"strings"
)

// fileEnd joins the start of an operation on a file with its end, so that a file gives one line however often it is read or
// written.
func (o *Operations) fileEnd(d *channelState, end FileEnd, say func(ja, en string)) {
	if end.ID == 0 { // later bytes are not inspected, so they are shown
		d.followed = false
		ja, en := "ほかのファイル操作"+end.moved("ja"), "other file operations"+end.moved("en")
		if end.Status != "" {
			ja, en = ja+": "+said(end.Status), en+": "+said(end.Status)
		}
		say(ja, en)
		return
	}
	var ja, en string
	if i := slices.IndexFunc(d.files, func(f heldFile) bool { return f.id == end.ID }); i >= 0 {
		f := o.removeHeld(d, i)
		ja, en = f.words(end)
	} else { // its line came before its end, or it began before the frames read here
		ja = fmt.Sprintf("前に始まったファイル操作(通信路内の番号 %d)の終わり", end.ID) + end.moved("ja")
		en = fmt.Sprintf("end of a file operation begun before (number %d of the channel)", end.ID) + end.moved("en")
	}
	switch status := said(end.Status); {
	case end.OK:
		say(ja, en)
	case status == "":
		say(ja+" 失敗", en+" failed")
	default:
		say(ja+" 失敗: "+status, en+" failed: "+status)
	}
}

// words describes the operation and its file.
func (op *heldFile) words(end FileEnd) (ja, en string) {
	both := func(j, e string) (string, string) { return j + " " + op.path, e + " " + op.path }
	if op.flags == "message" && op.path == "" {
		return "scp のメッセージ", "message of scp"
	}
	switch op.op {
	case FileOpen:
		ja, en = both("ファイル", "file")
		switch {
		case end.Read+end.Written > 0:
			return ja + end.moved("ja"), en + end.moved("en")
		case op.flags != "":
			return ja + " (" + op.flags + ") 0 バイト", en + " (" + op.flags + ") 0 bytes"
		}
		return ja, en
	case FileSCPSend:
		ja, en = both("ファイル送信(scp)", "file sent (scp)")
		return ja + op.announced("ja") + end.moved("ja"), en + op.announced("en") + end.moved("en")
	case FileSCPReceive:
		ja, en = both("ファイル受信(scp)", "file received (scp)")
		return ja + op.announced("ja") + end.moved("ja"), en + op.announced("en") + end.moved("en")
	case FileOpenDir:
		return both("一覧", "list")
	case FileRemove:
		return both("削除", "remove")
	case FileMkdir:
		return both("ディレクトリ作成", "make directory")
	case FileRmdir:
		return both("ディレクトリ削除", "remove directory")
	case FileRename:
		ja, en = both("名前変更", "rename")
	case FileSymlink:
		ja, en = both("シンボリックリンク", "symbolic link")
	case FileLink:
		ja, en = both("ハードリンク", "hard link")
	case FileCopy:
		ja, en = both("複写", "copy")
	case FileSetStat:
		ja, en = both("属性変更", "set attributes")
		if op.flags != "" {
			set := " (" + op.flags + ")"
			ja, en = ja+set, en+set
		}
		if op.mode != nil {
			mode := fmt.Sprintf(" %04o", *op.mode&0o7777)
			ja, en = ja+mode, en+mode
		}
	default:
		ja, en = both(op.op, op.op)
	}
	if op.to != "" {
		ja, en = ja+" → "+op.to, en+" → "+op.to
	}
	return ja, en
}

// announced is the size that scp announced.
func (op *heldFile) announced(lang string) string {
	switch {
	case op.size == nil:
		return ""
	case lang == "ja":
		return " " + grouped(*op.size) + " バイト"
	}
	return " " + grouped(*op.size) + " bytes"
}

// moved is the transferred amount. Bytes read from the target went to the engineer.
func (e FileEnd) moved(lang string) string {
	var out strings.Builder
	for _, part := range []struct {
		n      uint64
		ja, en string
	}{{e.Read, " 読出 %s バイト", " read %s bytes"}, {e.Written, " 書込 %s バイト", " written %s bytes"}} {
		if part.n == 0 {
			continue
		}
		format := part.en
		if lang == "ja" {
			format = part.ja
		}
		fmt.Fprintf(&out, format, grouped(part.n))
	}
	return out.String()
}
