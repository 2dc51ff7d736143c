package paper

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"repro/reports/render"
)

//go:embed paper.css
var style []byte

//go:embed paper.lua
var filter []byte

// pandoc makes the HTML, one file with its style, and returns its warnings.
func (b *builder) pandoc(ctx context.Context) ([]string, error) {
	for name, content := range map[string][]byte{".pandoc.tex": []byte(render.AllLetters(b.withImages(b.filled.Pandoc))), ".css": style, ".lua": filter} {
		if err := os.WriteFile(b.path(name), content, 0o644); err != nil {
			return nil, err
		}
	}
	args := []string{
		b.name + ".pandoc.tex", "--from=latex", "--to=html5", "--output=" + b.name + ".html",
		"--standalone", "--self-contained", "--mathml", "--number-sections",
		"--citeproc", "--resource-path=" + b.home, "--css=" + b.name + ".css", "--lua-filter=" + b.name + ".lua",
		"--metadata=lang:en", "--metadata=aux:" + b.name + ".aux", "--metadata=reference-section-title:References", "--metadata=link-citations:true",
	}
	if !strings.Contains(b.filled.Pandoc, `\title`) { // a page must have one
		args = append(args, "--metadata=pagetitle:"+b.name)
	}
	out, err := b.command(ctx, "pandoc", args...)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: pandoc: %w\n%s", b.filled.File, err, tail(out))
	}
	return pandocWarnings(string(out), b.filled.File), nil
}

// pandocWarnings returns what pandoc says, one text for each warning, which may
// have several lines.
func pandocWarnings(out, file string) []string {
	var warnings []string
	for line := range strings.Lines(out) {
		text, begins := strings.CutPrefix(line, "[WARNING]")
		text = strings.TrimSpace(text)
		switch n := len(warnings); {
		case begins:
			warnings = append(warnings, file+": pandoc: "+text)
		case n > 0 && text != "":
			warnings[n-1] += " " + text
		}
	}
	return warnings
}

// image finds the files of \includegraphics[OPTIONS]{FILE}.
var image = regexp.MustCompile(`(\\includegraphics\s*(?:\[[^\]]*\]\s*)?\{)([^{}]+)(\})`)

// formats are those of images, which LaTeX tries if a name has none; first
// those that browsers show best.
var formats = []string{".png", ".jpg", ".jpeg", ".pdf"}

// withImages gives images the endings that LaTeX finds by itself, and pandoc
// does not.
func (b *builder) withImages(text string) string {
	return image.ReplaceAllStringFunc(text, func(call string) string {
		parts := image.FindStringSubmatch(call)
		file := strings.TrimSpace(parts[2])
		there := func(ending string) bool {
			_, err := os.Stat(filepath.Join(b.home, file+ending))
			return err == nil
		}
		if there("") {
			return call
		}
		if i := slices.IndexFunc(formats, there); i >= 0 {
			file += formats[i]
		}
		return parts[1] + file + parts[3]
	})
}
