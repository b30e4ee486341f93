// Package page is what the HTML pages of this program share: style, script, a policy that lets nothing else act, charts with
// values at a cursor and with zoom, and how numbers are written. A page is one file that needs no network, can be read without
// scripts, in light and dark, and on paper.
package page

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
)

var (
	//go:embed style.css
	style string
	//go:embed script.js
	script string
	//go:embed chart.gohtml
	charts string
)

// Head is what a page needs in its head, and Script what it needs at its end.
type Head struct {
	Policy, Style, Script template.HTML
}

// NewHead has the common style and script; more of each, of pages that need it, may be empty.
func NewHead(moreStyle, moreScript string) Head {
	css, js := style+moreStyle, script+moreScript
	// Only this very style and script may act, whatever text a run brings along.
	policy := fmt.Sprintf(`<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src %s; script-src %s">`, source(css), source(js))
	return Head{
		Policy: template.HTML(policy),                        //nolint:gosec // our own text
		Style:  template.HTML("<style>" + css + "</style>"),  //nolint:gosec // our own text
		Script: template.HTML("<script>" + js + "</script>"), //nolint:gosec // our own text
	}
}

// Template parses a page that may use the template "chart".
func Template(name, text string) *template.Template {
	return template.Must(template.Must(template.New(name).Parse(charts)).Parse(text))
}

// source is how a content security policy names a text: by its hash.
func source(text string) string {
	h := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(h[:]) + "'"
}
