package traits

import (
	"encoding/json"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"sekimori/recordings"
)

// kind says at which prompt a line was typed.
type kind int

const (
	notTyped kind = iota
	inShell
	inDatabase
)

const mostPrompt = 80 // bytes of a prompt

// typed gives the words behind a prompt, if the line begins with one.
func typed(line string) (string, kind) {
	for i := 0; i < len(line)-1 && i < mostPrompt; i++ {
		if line[i+1] != ' ' || strings.IndexByte("$#%>", line[i]) < 0 {
			continue
		}
		if k := promptOf(line[:i], line[i]); k != notTyped {
			said := strings.TrimSpace(line[i+1:])
			if said == "" {
				return "", notTyped
			}
			return said, k
		}
	}
	return "", notTyped
}

// promptOf tells whether text before a sign is a prompt: "[maint@hr ~]$", "hr=>", "mysql>", "    ->".
func promptOf(before string, sign byte) kind {
	spaces, host := strings.Count(before, " "), strings.Contains(before, "@") || strings.HasPrefix(before, "[")
	switch {
	case sign != '%' && sign != '$' && before != "" && spaces == 0 && strings.IndexByte("=-", before[len(before)-1]) >= 0,
		sign == '>' && (strings.TrimSpace(before) == "-" || slices.Contains([]string{"mysql", "SQL", "sqlite"}, before) || strings.HasPrefix(before, "MariaDB [")):
		return inDatabase
	case host && spaces <= 2 && sign != '>', sign == '$' && spaces == 0 && (before == "" || strings.HasPrefix(before, "bash-") || strings.HasPrefix(before, "sh-")):
		return inShell
	}
	return notTyped
}

// parts splits a command line into its simple commands, and each into words. Quotes keep words together; nothing is expanded.
func parts(line string) (out [][]string) {
	var words []string
	var word strings.Builder
	quote, inWord := rune(0), false
	end := func() {
		if inWord {
			words = append(words, word.String())
		}
		word.Reset()
		inWord = false
	}
	for _, c := range line {
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			} else {
				word.WriteRune(c)
			}
		case c == '\'' || c == '"':
			quote, inWord = c, true
		case c == ' ' || c == '\t':
			end()
		case strings.ContainsRune("|;&()\n`", c):
			if end(); len(words) > 0 {
				out = append(out, words)
			}
			words = nil
		default:
			word.WriteRune(c)
			inWord = true
		}
	}
	if end(); len(words) > 0 {
		out = append(out, words)
	}
	return out
}

// wrappers run the command that follows them.
var wrappers = map[string]bool{"sudo": true, "doas": true, "env": true, "nohup": true, "time": true, "nice": true, "exec": true, "command": true}

// named gives the name of a simple command, without its directory, and its further words.
func named(words []string) (string, []string) {
	for len(words) > 0 {
		w := words[0]
		words = words[1:]
		switch {
		case strings.Contains(w, "="), strings.HasPrefix(w, "-"):
			if w == "-u" || w == "-g" || w == "-n" {
				words = words[min(1, len(words)):]
			}
			continue
		case wrappers[w]:
			continue
		}
		if name := path.Base(w); isName(name) {
			return name, words
		}
		return "", nil
	}
	return "", nil
}

func isName(s string) bool {
	if s == "" || len(s) > 64 || s[0] == '.' || s[0] == '-' {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && strings.IndexByte("_.+-", c) < 0 {
			return false
		}
	}
	return true
}

// copiers bring files or tables elsewhere.
var copiers = map[string]bool{"scp": true, "sftp": true, "rsync": true, "rcp": true, "ftp": true, "curl": true, "wget": true, "nc": true, "ncat": true, "dd": true,
	"base64": true, "uuencode": true, "pg_dump": true, "pg_dumpall": true, "mysqldump": true, "exp": true, "expdp": true}

// passing are directories in which copies are left for others.
var passing = []string{"/tmp/", "/var/tmp/", "/dev/shm/", "/mnt/", "/media/", "/run/media/"}

// copies tells whether a command copies elsewhere. A copy beside its original, as before a change of settings, is none.
func copies(name string, args []string) bool {
	if copiers[name] {
		return true
	}
	if name != "cp" || len(args) == 0 {
		return false
	}
	to := args[len(args)-1] + "/"
	return slices.ContainsFunc(passing, func(dir string) bool { return strings.HasPrefix(to, dir) })
}

// databaseClients take statements as words.
var databaseClients = map[string]bool{"psql": true, "mysql": true, "mariadb": true, "sqlplus": true, "sqlcmd": true, "sqlite3": true, "db2": true}

// statements are the words with which a statement begins.
var statements = map[string]bool{"select": true, "insert": true, "update": true, "delete": true, "merge": true, "truncate": true, "create": true, "alter": true, "drop": true, "grant": true, "revoke": true,
	"copy": true, "load": true, "with": true, "call": true, "exec": true, "explain": true, "begin": true, "commit": true, "rollback": true, "vacuum": true, "analyze": true, "show": true, "describe": true, "set": true}

// verb is the first word of a statement in small letters, and whether the statement copies rows into a file.
func verb(line string) (word string, copied bool) {
	lower := strings.ToLower(line)
	fields := strings.Fields(lower)
	if len(fields) == 0 {
		return "", false
	}
	word = strings.Trim(fields[0], ";(")
	to := slices.Contains(fields, "to")
	return word, word == "copy" && to || word == `\copy` && to || word == `\o` && len(fields) > 1 || strings.Contains(lower, "into outfile") || strings.Contains(lower, "into dumpfile")
}

// before are the words of a statement behind which a table stands.
var before = map[string]bool{"from": true, "join": true, "update": true, "into": true, "table": true, "truncate": true}

// between are words that may stand before the table.
var between = map[string]bool{"only": true, "if": true, "exists": true, "not": true, "table": true, "low_priority": true, "ignore": true}

// tables gives the names of tables in a statement, in small letters, without the schema. Those of the database itself are left out.
func tables(text string) (out []string) {
	words := identifiers(strings.ToLower(text))
	for i := 0; i < len(words); i++ {
		if !before[words[i]] {
			continue
		}
		j := i + 1
		for j < len(words) && between[words[j]] {
			j++
		}
		for j < len(words) {
			if name := words[j]; isTable(name) {
				out = append(out, name[strings.LastIndexByte(name, '.')+1:])
			}
			// A list of tables goes on behind a comma, maybe with another name for each.
			switch {
			case j+1 < len(words) && words[j+1] == ",":
				j += 2
				continue
			case j+2 < len(words) && words[j+2] == ",":
				j += 3
				continue
			}
			break
		}
		i = j
	}
	return out
}

// notTables are words that stand where a table could.
var notTables = map[string]bool{"select": true, "set": true, "dual": true, "outfile": true, "dumpfile": true, "values": true, "lateral": true, "stdin": true, "stdout": true}

func isTable(name string) bool {
	last := name[strings.LastIndexByte(name, '.')+1:]
	first, _ := utf8.DecodeRuneInString(last)
	return len(last) <= 128 && (unicode.IsLetter(first) || first == '_') && !notTables[last] &&
		!strings.HasPrefix(name, "pg_") && !strings.HasPrefix(name, "information_schema.") && !strings.HasPrefix(name, "pg_catalog.")
}

// identifiers splits a statement into names and commas; other signs part words and vanish. Text in single quotes is left out.
func identifiers(text string) (out []string) {
	start, quoted := -1, false
	flush := func(end int) {
		if start >= 0 {
			out = append(out, text[start:end])
		}
		start = -1
	}
	for i, c := range text {
		switch {
		case c == '\'':
			flush(i)
			quoted = !quoted
		case quoted:
		case unicode.IsLetter(c), unicode.IsDigit(c), c == '_', c == '.', c == '$':
			if start < 0 {
				start = i
			}
		default:
			flush(i)
			switch c {
			case ',':
				out = append(out, ",")
			case '(':
				out = append(out, "(")
			}
		}
	}
	flush(len(text))
	return out
}

// mentions reports whether a text has a name as a word of its own.
func mentions(text, name string) bool {
	for at := 0; ; {
		i := strings.Index(text[at:], name)
		if i < 0 {
			return false
		}
		from, to := at+i, at+i+len(name)
		if !joins(text[:from], false) && !joins(text[to:], true) {
			return true
		}
		at = to
	}
}

// joins tells whether the sign beside a name makes it a part of a longer name: a letter, digit or underline of ASCII.
func joins(text string, first bool) bool {
	if text == "" {
		return false
	}
	c := text[len(text)-1]
	if first {
		c = text[0]
	}
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_'
}

func command(body []byte) string {
	var c recordings.Command
	if json.Unmarshal(body, &c) != nil {
		return ""
	}
	return c.Command
}

func fileOp(body []byte) string {
	var op recordings.FileOp
	if json.Unmarshal(body, &op) != nil {
		return ""
	}
	return op.Op
}
