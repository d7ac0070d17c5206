package bundle

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"sekimori/recordings/exactjson"
)

// The format and its versions, as the manifest states them. A bundle without keys files is of the first, which older programs read.
const (
	Format        = "sekimori-incident-bundle"
	Version       = 2
	versionNoKeys = 1
	keysSuffix    = ".keys" // recordings.KeysSuffix, which this layer does not import
)

// The names in a bundle. Recordings have Recordings + the session + RecordingSuffix.
const (
	ManifestName = "MANIFEST.json"
	Ledger       = "ledger.jsonl"
	LedgerKey    = "ledger-key.txt"
	Readme       = "README.txt"
	TimelineJA   = "timeline.ja.txt"
	TimelineEN   = "timeline.en.txt"

	recordingDir    = "recordings/"
	recordingSuffix = ".skr"
)

// required are the files of every bundle beside the manifest.
var required = []string{Ledger, LedgerKey, Readme, TimelineJA, TimelineEN}

// The bounds of a bundle. A writer fails beyond them, a reader refuses.
const (
	MostRecordings = 20_000
	MostKeys       = 1 << 20 // bytes of a keys file
	mostFiles      = 2*MostRecordings + 8
	mostManifest   = 16 << 20 // bytes
	mostDirectory  = 8 << 20  // bytes of the archive's directory
)

// Manifest names everything in a bundle. It is the last file of the archive. It is not signed: what is signed is the ledger, and the
// entry that Entry names says which sessions the bundle has to have.
type Manifest struct {
	Format      string      `json:"format"`
	Version     int         `json:"version"`
	Incident    string      `json:"incident"` // "I-004"
	Drill       bool        `json:"drill"`
	MadeAt      time.Time   `json:"made_at"`
	By          string      `json:"by"` // id of the person
	Purpose     string      `json:"purpose"`
	Explanation string      `json:"explanation,omitempty"`
	Entry       int64       `json:"entry"` // of incident.exported, in the bundle's ledger
	Recordings  []Recording `json:"recordings"`
	HeldFiles   []HeldFile  `json:"held_files"` // of those sessions; their contents are not in the bundle
	Files       []File      `json:"files"`      // all but the manifest, in the order of the archive
}

// File is one file of the archive.
type File struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"` // lower-case hexadecimal
}

// State is how a session's recording stood when the bundle was made.
type State string

// The states. Only whole and damaged recordings are in the archive.
const (
	Whole   State = "whole"   // as the ledger says
	Damaged State = "damaged" // it is there, and does not hold; Finding says why
	Missing State = "missing" // it should be there, and could not be read
	// Disposed: it was disposed of by rule. The receipt is the entry recording.disposed of the bundle's ledger.
	Disposed State = "disposed"
	Live     State = "live" // the session was under way: its recording has no end yet
	None     State = "none" // the ledger names none: nothing was recorded
)

// Recording is the recording of one session that the incident holds.
type Recording struct {
	Session string `json:"session"`
	State   State  `json:"state"`
	File    string `json:"file,omitempty"`    // name in the archive
	Keys    string `json:"keys,omitempty"`    // name of its keys file in the archive: its key for recipients who were added later
	Finding string `json:"finding,omitempty"` // why it does not hold
}

// HeldFile is a file that the file gate took from one of the sessions. Its contents stay with the broker.
type HeldFile struct {
	ID        string `json:"id"`
	Session   string `json:"session"`
	Direction string `json:"direction"`
	State     string `json:"state"`
	Size      int64  `json:"size"`
	SHA256    string `json:"sha256"`
	Sanitised string `json:"sha256_sanitised,omitempty"`
	Kept      bool   `json:"kept"` // the broker has its contents
}

var sessionID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{0,63}$`)

// RecordingName is the name of a session's recording in a bundle. ok: the session is one that a bundle can have.
func RecordingName(session string) (name string, ok bool) {
	return recordingDir + session + recordingSuffix, sessionID.MatchString(session)
}

// KeysName is the name of the keys file of a recording with this name in a bundle.
func KeysName(recording string) string { return recording + keysSuffix }

// known tells whether a bundle may have a file of this name.
func known(name string) bool {
	if name == ManifestName || slices.Contains(required, name) {
		return true
	}
	rest, inside := strings.CutPrefix(name, recordingDir)
	session, recording := strings.CutSuffix(strings.TrimSuffix(rest, keysSuffix), recordingSuffix)
	return inside && recording && sessionID.MatchString(session)
}

// parse reads a manifest, and checks what can be checked without the archive.
func parse(b []byte) (m Manifest, err error) {
	if err := exactjson.Decode(b, &m); err != nil {
		return m, err
	}
	if m.Format != Format {
		return m, fmt.Errorf("format is %q, not %q", m.Format, Format)
	}
	if m.Version != Version && m.Version != versionNoKeys {
		return m, fmt.Errorf("version is %d; this program knows %d and %d", m.Version, versionNoKeys, Version)
	}
	if again, err := m.encode(); err != nil || string(again) != string(b) {
		return m, fmt.Errorf("not written as the format says: members are missing, unknown or in another order")
	}
	files, sessions := map[string]bool{}, map[string]bool{}
	for _, f := range m.Files {
		if files[f.Name] {
			return m, fmt.Errorf("lists %q twice", f.Name)
		}
		files[f.Name] = true
	}
	for _, name := range required {
		if !files[name] {
			return m, fmt.Errorf("does not list %s", name)
		}
	}
	shown := 0
	for _, r := range m.Recordings {
		name, ok := RecordingName(r.Session)
		in := r.State == Whole || r.State == Damaged
		switch {
		case !ok || sessions[r.Session]:
			return m, fmt.Errorf("lists the recording of session %q wrongly or twice", r.Session)
		case r.Keys != "" && (!in || r.Keys != KeysName(name) || !files[r.Keys] || m.Version == versionNoKeys):
			return m, fmt.Errorf("lists a keys file of session %s wrongly, or not among the files", r.Session)
		case in != (r.File != "") || in && (r.File != name || !files[name]):
			return m, fmt.Errorf("lists the recording of session %s as %q, and not so among the files", r.Session, r.State)
		case !in && r.State != Missing && r.State != Disposed && r.State != Live && r.State != None:
			return m, fmt.Errorf("has the unknown state %q of the recording of session %s", r.State, r.Session)
		}
		sessions[r.Session] = true
		if in {
			shown++
		}
		if r.Keys != "" {
			shown++
		}
	}
	if len(m.Files) != len(required)+shown {
		return m, fmt.Errorf("lists files that belong to no session")
	}
	return m, nil
}

// encode is the one form of a manifest.
func (m Manifest) encode() ([]byte, error) {
	m.MadeAt = m.MadeAt.UTC()
	b, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode manifest: %w", err)
	}
	return append(b, '\n'), nil
}
