package pages

import (
	"html"
	"net/url"
	"regexp"
)

var (
	inputTag    = regexp.MustCompile(`<input ([^>]*)>`)
	textareaTag = regexp.MustCompile(`(?s)<textarea ([^>]*)>(.*?)</textarea>`)
	selectTag   = regexp.MustCompile(`(?s)<select ([^>]*)>(.*?)</select>`)
	optionTag   = regexp.MustCompile(`<option value="([^"]*)" selected>`)
	attribute   = regexp.MustCompile(`([a-z-]+)(?:="([^"]*)")?`)
)

// fieldsIn is what a browser would send of the forms on a page.
func fieldsIn(body string) url.Values {
	out := url.Values{}
	attrs := func(s string) map[string]string {
		m := map[string]string{}
		for _, a := range attribute.FindAllStringSubmatch(s, -1) {
			m[a[1]] = html.UnescapeString(a[2])
		}
		return m
	}
	for _, m := range inputTag.FindAllStringSubmatch(body, -1) {
		a := attrs(m[1])
		if _, checked := a["checked"]; (a["type"] == "checkbox" || a["type"] == "radio") && !checked {
			continue
		}
		if a["name"] != "" && a["value"] != "" {
			out.Add(a["name"], a["value"])
		}
	}
	for _, m := range textareaTag.FindAllStringSubmatch(body, -1) {
		if m[2] != "" {
			out.Add(attrs(m[1])["name"], html.UnescapeString(m[2]))
		}
	}
	for _, m := range selectTag.FindAllStringSubmatch(body, -1) {
		if o := optionTag.FindStringSubmatch(m[2]); o != nil && o[1] != "" {
			out.Add(attrs(m[1])["name"], html.UnescapeString(o[1]))
		}
	}
	return out
}
