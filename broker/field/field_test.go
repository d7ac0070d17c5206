package field_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"sekimori/broker/field"
	"sekimori/broker/forms"
	"sekimori/broker/internal/fieldtest"
)

type size string

type cake struct {
	Name    string        `json:"name"`
	Size    size          `json:"size"`
	Layers  int           `json:"layers,omitempty"`
	Nuts    bool          `json:"nuts,omitempty"`
	Allergy string        `json:"allergy,omitempty"`
	Guests  []string      `json:"guests,omitempty"`
	Due     time.Time     `json:"due,omitzero"`
	Keeps   time.Duration `json:"keeps,omitempty"`
	Baker   string        `json:"baker,omitempty"`
}

var cakes = field.Table[cake]{
	field.Text("name", "名前", "Name", func(c *cake) *string { return &c.Name }).Must().Most(5).Need("name-required", "名前を。", "Enter the name.").Hint("名前 / name").Copied(),
	field.Choice("size", "大きさ", "Size", func(c *cake) *size { return &c.Size }, "small", field.Name[size]("small", "小", "small"), field.Name[size]("large", "大", "large")).Copied(),
	field.Int("layers", "段", "Layers", 1, 9, func(c *cake) *int { return &c.Layers }).Unguarded(),
	field.Bool("nuts", "木の実", "Nuts", func(c *cake) *bool { return &c.Nuts }),
	field.Text("allergy", "注意", "Allergy", func(c *cake) *string { return &c.Allergy }).Formerly("warning").
		NeedIf(func(c *cake) bool { return c.Nuts && c.Allergy == "" }, "allergy-required", "注意を。", "Say who must not eat it.").
		HintIf(func(c *cake) bool { return c.Nuts }, "注意 / warning"),
	field.List("guests", "客", "Guests", func(c *cake) *[]string { return &c.Guests }),
	field.Instant("due", "期限", "Due", func(c *cake) *time.Time { return &c.Due }),
	field.Length("keeps", "日持ち", "Keeps", 48*time.Hour, func(c *cake) *time.Duration { return &c.Keeps }),
	field.Text("baker", "職人", "Baker", func(c *cake) *string { return &c.Baker }).NoInput(),
}

func TestTableHoldsItsStruct(t *testing.T) { fieldtest.Holds(t, cakes) }

func read(t *testing.T, text string) (cake, *forms.Form) {
	t.Helper()
	form, top := forms.Read("cake.yaml", []byte(text))
	var c cake
	cakes.Read(top, time.UTC, &c)
	return c, form
}

func TestWhatIsWrittenIsReadAgain(t *testing.T) {
	c := cake{Name: "no", Size: "large", Layers: 3, Nuts: true, Allergy: "a: b #", Guests: []string{"sato", "true"}, Due: time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC), Keeps: 90 * time.Minute}
	var out strings.Builder
	if err := cakes.Write(&out, &c); err != nil {
		t.Fatal(err)
	}
	again, form := read(t, out.String())
	if err := form.Err(); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	for _, f := range cakes {
		if f.Value(&c) != f.Value(&again) {
			t.Errorf("%s was %q and reads %q", f.Key, f.Value(&c), f.Value(&again))
		}
	}
}

func TestEmptyFormAsks(t *testing.T) {
	var out strings.Builder
	if err := cakes.Write(&out, &cake{Nuts: true}); err != nil {
		t.Fatal(err)
	}
	if want := "name: # 名前 / name\nnuts: true\nallergy: # 注意 / warning\n"; out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}

func TestFormerNameIsReadWithAHint(t *testing.T) {
	c, form := read(t, "name: x\nwarning: none\n")
	if c.Allergy != "none" || form.Err() != nil || len(form.Hints()) != 1 {
		t.Errorf("%+v, %v, %v", c, form.Err(), form.Hints())
	}
}

func TestCheck(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*cake)
		codes  string
	}{
		"right":             {func(*cake) {}, ""},
		"blank":             {func(c *cake) { c.Name = "  " }, "name:name-required"},
		"five letters":      {func(c *cake) { c.Name = "一二三四五" }, ""},
		"six letters":       {func(c *cake) { c.Name = "一二三四五六" }, "name:too-long"},
		"escape sequence":   {func(c *cake) { c.Name = "\x1b[2J" }, "name:control-character"},
		"in a list":         {func(c *cake) { c.Guests = []string{"\x1b"} }, "guests:control-character"},
		"no such word":      {func(c *cake) { c.Size = "huge" }, "size:unknown-word"},
		"no word":           {func(c *cake) { c.Size = "" }, ""},
		"nine layers":       {func(c *cake) { c.Layers = 9 }, ""},
		"ten layers":        {func(c *cake) { c.Layers = 10 }, "layers:bad-number"},
		"keeps two days":    {func(c *cake) { c.Keeps = 48 * time.Hour }, ""},
		"keeps longer":      {func(c *cake) { c.Keeps = 48*time.Hour + 1 }, "keeps:too-long"},
		"needed by another": {func(c *cake) { c.Nuts = true }, "allergy:allergy-required"},
	} {
		one := cake{Name: "torte"}
		c.change(&one)
		var codes []string
		var bad *forms.Invalid
		if errors.As(cakes.Valid(&one), &bad) {
			for _, p := range bad.Problems {
				codes = append(codes, p.Field+":"+p.Code)
				if p.JA == "" || p.EN == "" {
					t.Errorf("%s: %+v lacks a language", name, p)
				}
			}
		}
		if got := strings.Join(codes, " "); got != c.codes {
			t.Errorf("%s: %q, want %q", name, got, c.codes)
		}
	}
}

func TestUndeclaredIsGuardedAndNotCopied(t *testing.T) {
	c := cake{Name: "torte", Size: "large", Nuts: true}
	for _, f := range cakes {
		if want := f.Key != "layers"; f.Guarded(&c) != want {
			t.Errorf("%s is guarded: %v", f.Key, !want)
		}
	}
	if again := cakes.Copy(&c); again.Name != "torte" || again.Size != "large" || again.Nuts {
		t.Errorf("%+v", again)
	}
}

func TestFlagsBecomeABody(t *testing.T) {
	var asks field.Asks = cakes
	for _, f := range asks.Flags() {
		if f.Key == "baker" {
			t.Error("a flag for what the office sets")
		}
	}
	body, err := asks.Body(map[string][]string{"name": {"null"}, "nuts": {"true"}, "allergy": {"hazel"}, "guests": {"a", "b"}, "layers": {"2"}}, time.UTC)
	if want := `{"name":"null","size":"small","layers":2,"nuts":true,"allergy":"hazel","guests":["a","b"]}`; err != nil || string(body) != want {
		t.Errorf("%s, %v", body, err)
	}
	for _, wrong := range []map[string][]string{{}, {"name": {"x"}, "layers": {"many"}}, {"name": {"x"}, "size": {"larg"}}, {"name": {"x"}, "due": {"soon"}}} {
		if _, err := asks.Body(wrong, time.UTC); !errors.As(err, new(*forms.Invalid)) {
			t.Errorf("%v: %v", wrong, err)
		}
	}
}
