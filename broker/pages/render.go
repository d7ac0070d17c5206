package pages

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"maps"
	"path"
	"reflect"
	"strings"
	"sync"

	"sekimori/policy/text"
)

//go:embed templates
var templateFiles embed.FS

// languages of the pages.
var languages = [2]string{"ja", "en"}

// sheets are the templates: one immutable set for each language, so that no request can change the language of another.
type sheets map[string]map[reflect.Type]*template.Template

// page is what a template shows: a struct that embeds Frame.
type page interface{ frame() *Frame }

// shown lists each page's struct with the directory of its template. Each part adds its own in its file.
func shown() map[string]page {
	all := map[string]page{}
	for _, some := range []map[string]page{
		signinPages(),
		todayPages(),
		windowPages(),
		oncePages(),
		calendarPages(),
		noticePages(),
		settingsPages(),
		mePages(),
		requestPages(),
		requestFormPages(),
		decidePages(),
		emergencyPages(),
		registryPages(), registryFilePages(), changePages(), sessionPages(), sessionPaperPages(), consolePages(), playbackPages(), summaryPages(), offlinePages(), searchPages(), actPages(),
		permitPages(),
		sealingPages(),
		reconcilePages(),
		filePages(),
		portalPages(),
		vendorPages(),
		reviewPages(), questionPages(), findingPages(), dayPages(), ledgerPages(), formPages(), latePages(), notificationPages(), alarmPages(), incidentPages(), problemPages(),
	} {
		for name, p := range some {
			all[name] = p
		}
	}
	return all
}

// readSheets gives the templates, which are parsed once in a process.
func readSheets() (sheets, error) {
	parsed, err := parsedSheets()
	if err != nil {
		return nil, err
	}
	out := sheets{}
	for lang, of := range parsed {
		out[lang] = maps.Clone(of)
	}
	return out, nil
}

var parsedSheets = sync.OnceValues(parseSheets)

// parseSheets parses each page once for each language.
func parseSheets() (sheets, error) {
	out := sheets{}
	for _, lang := range languages {
		base, err := template.New("").Funcs(words(lang)).ParseFS(templateFiles, "templates/layout/*.html", "templates/parts/*.html")
		if err != nil {
			return nil, fmt.Errorf("layout in %s: %w", lang, err)
		}
		out[lang] = map[reflect.Type]*template.Template{}
		for name, p := range shown() {
			t, err := readSheet(base, name)
			if err != nil {
				return nil, fmt.Errorf("page %s in %s: %w", name, lang, err)
			}
			out[lang][reflect.TypeOf(p)] = t
		}
	}
	return out, nil
}

func readSheet(base *template.Template, name string) (*template.Template, error) {
	t, err := base.Clone()
	if err != nil {
		return nil, fmt.Errorf("copy the layout: %w", err)
	}
	files, err := fs.Glob(templateFiles, path.Join("templates", name, "*.html"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("no template in templates/%s", name)
	}
	if t, err = t.ParseFS(templateFiles, files...); err != nil {
		return nil, fmt.Errorf("parse: %w", err)
	}
	return t.Lookup("layout"), nil
}

// render makes the whole page before a byte is sent. Characters that steer a terminal or turn the direction of writing are replaced in the
// whole of it: no stored text of an older version and no template can let one through.
func (s sheets) render(lang string, p page) ([]byte, error) {
	t := s[lang][reflect.TypeOf(p)]
	if t == nil {
		return nil, fmt.Errorf("no template for %T", p)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, p); err != nil {
		return nil, fmt.Errorf("make the page: %w", err)
	}
	return []byte(text.Printable(strings.ReplaceAll(b.String(), "\r\n", "\n"))), nil
}

// words are the functions of templates in one language.
//
//	{{t "日本語" "English"}}                  the text of the language
//	{{tf "あと{n}件" "{n} left" "n" .Left}}   with named values
//	{{say .Text}}                            of a text.Text
//	{{static "style.css"}}                   address of a static file
//	{{add 1 2}}  {{dict …}} are not there on purpose: a struct with a method is plainer.
func words(lang string) template.FuncMap {
	pick := func(ja, en string) string { return text.Of(ja, en).In(lang) }
	return template.FuncMap{
		"t":      pick,
		"lang":   func() string { return lang },
		"say":    func(t text.Text) string { return t.In(lang) },
		"tf":     func(ja, en string, named ...any) (string, error) { return filled(pick(ja, en), named) },
		"static": staticPath,
	}
}

// filled puts named values into a text: "n", 3 replaces {n}.
func filled(s string, named []any) (string, error) {
	if len(named)%2 != 0 {
		return "", fmt.Errorf("tf %q: a name without a value", s)
	}
	var pairs []string
	for i := 0; i < len(named); i += 2 {
		name := "{" + fmt.Sprint(named[i]) + "}"
		if !strings.Contains(s, name) {
			return "", fmt.Errorf("tf %q: no %s in it", s, name)
		}
		pairs = append(pairs, name, fmt.Sprint(named[i+1]))
	}
	return strings.NewReplacer(pairs...).Replace(s), nil
}
